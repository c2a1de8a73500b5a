"""The loop that keeps what X is asked to show in step with the roster. What is asked, the two kinds of keepers know."""

import asyncio
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from streams.collectors.metrics import SourceMetrics
from streams.collectors.source import SourceError
from streams.collectors.x.officials import Notices, wanted_officials
from streams.collectors.x.pauses import Failure, Pauses
from streams.collectors.x.x_api import XApi
from streams.core.rosters.roster import Roster

__all__ = ["Reconciler", "failure_of"]

_log: Final = logging.getLogger(__name__)
# Somebody may change at X what we asked for; rosters are looked at when they change.
_AGAIN_SECONDS: Final = 900.0


def failure_of(error: SourceError) -> Failure:
    """Which of X's schedules an error has."""
    match error.kind:
        case "throttled":
            return "throttled"
        case "silent" | "closed":
            return "network"
    return "http"


class Reconciler(ABC):
    """Calls `_reconcile` when the roster has changed, and again from time to time."""

    def __init__(self, name: str, api: XApi, series: SourceMetrics) -> None:
        self.notices = Notices(name)
        self._name = name
        self._api = api
        self._series = series
        self._wanted: tuple[list[str], list[str]] | None = None
        self._asked: Sequence[str] = ()
        self._changed = asyncio.Event()
        self._reconciled = asyncio.Event()
        self._failed = asyncio.Event()
        self._failure: SourceError | None = None

    @property
    def asked(self) -> Sequence[str]:
        """See `Officials`."""
        return self._asked

    def use(self, roster: Roster) -> None:
        """See `Officials`."""
        wanted = wanted_officials(roster, time.time_ns() // 1_000)
        if wanted != self._wanted:
            self._wanted = wanted
            self._changed.set()

    async def until_reconciled(self) -> None:
        """See `Officials`."""
        waiting = [asyncio.ensure_future(each.wait()) for each in (self._reconciled, self._failed)]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waiting:
                each.cancel()
        if self._failure is not None and not self._reconciled.is_set():
            raise SourceError(self._failure.kind, self._failure.detail, self._failure.retry_after_seconds)

    async def run(self) -> None:
        """See `Officials`."""
        pauses = Pauses()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_AGAIN_SECONDS if self._wanted else None):
                    await self._changed.wait()
            self._changed.clear()
            if self._wanted is None:
                continue
            try:
                left_out = await self._reconcile(*self._wanted)
            except SourceError as error:
                pause = pauses.after(failure_of(error), 0.0, error.retry_after_seconds or 0.0)
                extra = {"source": self._name, "reason": error.kind, "detail": error.detail, "pause_s": round(pause, 1)}
                _log.warning("officials cannot be asked for", extra=extra)
                self._failure = error
                self._failed.set()
                self._changed.set()
                await asyncio.sleep(pause)
                continue
            pauses = Pauses()
            self._series.officials_left_out.set(left_out)
            extra = {"source": self._name, "officials": len(self._asked), "left_out": left_out}
            _log.info("officials asked for", extra=extra)
            self._reconciled.set()

    @abstractmethod
    async def _reconcile(self, ids: list[str], handles: list[str]) -> int:
        """Ask X for these, and for nobody else; how many have to be left out. Sets `_asked`, and tells `notices`."""
