"""What a collector is: a name, its settings, and how to open its sources. One file and its settings make one."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from msgspec import Struct

from streams.collectors.metrics import CollectorMetrics
from streams.collectors.settings import CollectSettings
from streams.collectors.source import Source
from streams.settings import Settings

__all__ = ["Collector", "CollectorContext"]


class CollectorContext(Struct, frozen=True, kw_only=True):
    """What a collector runs in: the broker's settings, those that all collectors have, and the series of the process,
    to whose registry a collector may add its own.
    """

    settings: Settings
    collect: CollectSettings
    metrics: CollectorMetrics


class Collector(Struct, frozen=True, kw_only=True):
    """A collector that `antiphon collect NAME` runs.

    `summary` is a line for the list; `teaches` is the text of its `--help`: what it reads, what it needs, what it
    cannot see. `settings` is a frozen, keyword-only Struct that forbids unknown fields; each field becomes a setting,
    and an option unless it is a `Secret`, with the `description` of its `Meta` as its help. `open` is given an object
    of that type, and holds sessions and background tasks open for as long as the service runs; what one of these raises
    ends the service. Two sources of a collector have different names. `cursor_at` makes the cursor of a time (Unix µs)
    of the one that there is, for `antiphon sources --move`; it raises `ValueError` where that cannot be.
    """

    name: str
    platform: str
    summary: str
    teaches: str
    settings: type[Struct]
    open: Callable[[Any, CollectorContext], AbstractAsyncContextManager[Sequence[Source]]]
    cursor_at: Callable[[bytes | None, int], bytes] | None = None
