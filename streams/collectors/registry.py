"""The collectors by name: those of this package, and those that installed packages bring by the entry point group
`antiphon.collectors`.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Final

from streams.collectors.bluesky.enrich import ENRICH
from streams.collectors.bluesky.jetstream import JETSTREAM
from streams.collectors.bluesky.tap_collector import TAP
from streams.collectors.collector import Collector
from streams.collectors.mastodon.mastodon import MASTODON_COLLECTOR
from streams.collectors.push.push import PUSH
from streams.collectors.tail.tail import TAIL
from streams.collectors.x.x_compliance import X_COMPLIANCE
from streams.collectors.x.x_streams import X_ACTIVITY, X_FILTERED
from streams.errors import InputError
from streams.printable import printable

__all__ = ["COLLECTORS", "GROUP", "all_collectors"]

GROUP: Final = "antiphon.collectors"
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,31}")

COLLECTORS: Final[tuple[Collector, ...]] = (
    ENRICH,
    JETSTREAM,
    MASTODON_COLLECTOR,
    PUSH,
    TAIL,
    TAP,
    X_ACTIVITY,
    X_COMPLIANCE,
    X_FILTERED,
)
"""Those of this package."""


@cache
def all_collectors() -> Mapping[str, Collector]:
    """All that can be run, by name. Raises `InputError` where an installed one cannot be loaded, or has a name that
    another one has.
    """
    found = {collector.name: collector for collector in COLLECTORS}
    for point in sorted(entry_points(group=GROUP), key=lambda each: each.name):
        if point.name in found:
            raise _unusable(point, "another collector has this name")
        try:
            collector = point.load()
        except Exception as error:
            raise _unusable(point, f"{type(error).__name__}: {error}") from error
        if not isinstance(collector, Collector):
            raise _unusable(point, f"it is a {type(collector).__name__}, not a Collector")
        if collector.name != point.name or not _NAME.fullmatch(collector.name):
            raise _unusable(point, f"the collector calls itself {collector.name!r}")
        found[collector.name] = collector
    return MappingProxyType(found)


def _unusable(point: EntryPoint, why: str) -> InputError:
    package = printable(point.dist.name) if point.dist is not None else "a package"
    return InputError(
        f"The collector `{printable(point.name)}` of {package} cannot be used: {printable(why)}.",
        remedy=f"Mend or uninstall {package}; see CONTRIBUTING.md",
    )
