"""What of a source was seen: one span that goes on, and at most one open gap behind it.

Pure: the clock comes in as an argument. Times are Unix µs of the source's own clock as far as it tells, so that a
source that is catching up has been seen only up to where it is.
"""

from typing import Final, Literal, TypeAlias

from msgspec import Struct

from streams.collectors.source import Chunk, SourceErrorKind
from streams.core.clock import from_us
from streams.events import Coverage

__all__ = ["ClosedBy", "CoverageLog", "CoverageSpan", "GapReason", "OpenGap", "SourceSeen", "coverage_event"]

GapReason: TypeAlias = Literal["started", "stopped", "reconnected", "silent", "refused", "throttled", "budget"]
ClosedBy: TypeAlias = Literal["replay", "back_fill"]

_REASONS: Final[dict[SourceErrorKind, GapReason]] = {
    "silent": "silent",
    "closed": "reconnected",
    "refused": "refused",
    "throttled": "throttled",
    "key_refused": "refused",
    "protocol": "reconnected",
    "budget": "budget",
}


class OpenGap(Struct, frozen=True):
    """From this time on nothing is seen."""

    since_us: int
    reason: GapReason


class SourceSeen(Struct, frozen=True, kw_only=True):
    """What must be known of a source when its collector starts again. `since_us` 0: nothing was ever seen."""

    since_us: int = 0
    until_us: int = 0
    gap: OpenGap | None = None


class CoverageSpan(Struct, frozen=True, kw_only=True):
    """A record to publish: of the time that was `seen`, or of a gap. `until_us` `None`: it goes on."""

    seen: bool
    since_us: int
    until_us: int | None
    reason: GapReason | None = None
    closed_by: ClosedBy | None = None


class CoverageLog:
    """The coverage of one source. Each method returns the records to publish with what it was told of.

    `interval_us` is how often what was seen is told again.
    """

    def __init__(self, seen: SourceSeen, interval_us: int) -> None:
        self._since_us = seen.since_us
        self._until_us = seen.until_us
        self._gap = seen.gap
        self._interval_us = interval_us
        self._is_with_cursor = False
        self._is_judged = False
        self._began_us = 0
        self._published_at_us = 0
        self._published_until_us = 0

    @property
    def seen(self) -> SourceSeen:
        """To be kept with the cursor."""
        return SourceSeen(since_us=self._since_us, until_us=self._until_us, gap=self._gap)

    def began(self, *, with_cursor: bool, now_us: int) -> None:
        """A connection is being made; it is judged by its first chunks."""
        self._is_with_cursor = with_cursor
        self._is_judged = False
        self._began_us = now_us

    def saw(self, chunk: Chunk, now_us: int) -> list[CoverageSpan]:
        """A chunk came. One that is ahead of the clock says nothing of time."""
        newest_us = min(chunk.newest_us, now_us)
        spans: list[CoverageSpan] = []
        if not self._is_judged:
            resumed = chunk.resumed if self._is_with_cursor else False
            if not self._since_us:
                if not newest_us:
                    return []  # up to when is unknown; of a source that never says so nothing is covered
                self._begin(newest_us)
            elif resumed is None:
                return []  # whether something is missing will be known by a later chunk
            elif resumed:
                spans += self._close_gap(chunk.resumed_by, max(self._began_us, self._until_us))
            else:
                begin_us = max(newest_us or now_us, self._until_us)
                self._gap = self._gap or OpenGap(self._until_us, "started")
                spans += self._close_gap(None, begin_us)
                self._begin(begin_us)
            self._is_judged = True
        self._until_us = max(self._until_us, newest_us)
        if self._published_at_us == 0 or now_us - self._published_at_us >= self._interval_us or spans:
            spans += self._tell(now_us)
        return spans

    def ended(self, kind: SourceErrorKind, now_us: int) -> list[CoverageSpan]:
        """A connection is over: from here on nothing is seen."""
        return self._open_gap(_REASONS[kind], now_us)

    def stopped(self, now_us: int) -> list[CoverageSpan]:
        """The collector stops in order."""
        return self._open_gap("stopped", now_us)

    def _begin(self, at_us: int) -> None:
        self._since_us = self._until_us = at_us
        self._published_at_us = 0

    def _tell(self, now_us: int) -> list[CoverageSpan]:
        if not self._since_us or self._published_until_us == self._until_us:
            return []
        self._published_at_us, self._published_until_us = now_us, self._until_us
        return [CoverageSpan(seen=True, since_us=self._since_us, until_us=self._until_us)]

    def _open_gap(self, reason: GapReason, now_us: int) -> list[CoverageSpan]:
        if not self._since_us or self._gap is not None:
            return self._tell(now_us)
        self._gap = OpenGap(self._until_us, reason)
        return [*self._tell(now_us), CoverageSpan(seen=False, since_us=self._until_us, until_us=None, reason=reason)]

    def _close_gap(self, closed_by: ClosedBy | None, until_us: int) -> list[CoverageSpan]:
        gap, self._gap = self._gap, None
        if gap is None:
            return []
        return [
            CoverageSpan(seen=False, since_us=gap.since_us, until_us=until_us, reason=gap.reason, closed_by=closed_by)
        ]


def coverage_event(span: CoverageSpan, platform: str, source: str, now_us: int) -> Coverage:
    """The span as an event of all officials of the platform on the roster. A later record of the same span has the same
    id, and replaces this one: the one of the later `now_us`, for a gap that was closed may be opened again.
    """
    since, until = from_us(span.since_us), None if span.until_us is None else from_us(span.until_us)
    parts = [source, str(span.since_us), *([] if span.reason is None else [span.reason])]
    return Coverage(
        platform=platform,
        id=":".join(parts),
        at=until or since,
        observed_at=from_us(now_us),
        source=source,
        seen=span.seen,
        since=since,
        until=until,
        reason=span.reason,
        closed_by=span.closed_by,
    )
