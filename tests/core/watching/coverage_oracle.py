"""Coverage said again, naively: official by official, over the moments between all edges of all spans.

Written from the issue and the docstrings of the records.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from streams.core.country_event import CountryEvent, SourceCoverage

__all__ = ["CoverageOracle"]

_EVER: Final = 10**18


class CoverageOracle:
    """What some officials of a State were seen to do on a platform. `reported`: whether any source said anything."""

    def __init__(
        self, events: Sequence[CountryEvent], country: str, platform: str, officials: Sequence[str], *, closed: bool
    ) -> None:
        newest: dict[tuple[str, bool, str], tuple[tuple[object, ...], SourceCoverage]] = {}
        for event in events:
            reported = event.coverage
            if reported is None or (event.country, event.platform) != (country, platform):
                continue
            said = (
                event.at_us if event.observed_us is None else event.observed_us,
                reported.closed_by is not None,
                reported.until_us is not None,
                reported.until_us or 0,
                reported.since_us or 0,
                reported.closed_by or "",
                reported.officials is None,
                sorted(reported.officials or ()),
            )
            key = (reported.source, reported.seen, event.event_id)
            if key not in newest or said > newest[key][0]:
                newest[key] = (said, reported)
        self._spans = [reported for _, reported in newest.values()]
        self._officials = list(officials)
        self._closed = closed

    @property
    def reported(self) -> bool:
        """Whether there is a source."""
        return bool(self._spans)

    def since_us(self) -> int | None:
        """When the first source began to see; `None` for since ever, or never."""
        begun = [reported.since_us for reported in self._spans if reported.seen]
        return None if None in begun or not begun else min(at_us for at_us in begun if at_us is not None)

    def reported_since_us(self) -> int | None:
        """As accounts are told: 0 for since ever, `None` where no source says that it saw."""
        is_seen = any(reported.seen for reported in self._spans)
        return (self.since_us() or 0) if is_seen else None

    def share(
        self,
        from_us: int,
        to_us: int,
        officials: Sequence[str] | None = None,
        *,
        over: bool,
        back_filled: bool = True,
    ) -> float:
        """The unseen share of a time, over all of the officials; `over`: as is known when the watch is over."""
        if not self._spans or to_us <= from_us:
            return 0.0
        who = self._officials if officials is None else officials
        pieces = self._pieces(from_us, to_us)
        unseen = sum(
            (end - begin) * self._is_unseen(official, begin, over=over, back_filled=back_filled)
            for official in who
            for begin, end in pieces
        )
        return unseen / ((to_us - from_us) * len(who))

    def unseen_spans(self, from_us: int, to_us: int) -> list[tuple[int, int, int]]:
        """Where what some of them deleted was unseen: from, until, and how many at most."""
        found: list[tuple[int, int, int]] = []
        for begin, end in self._pieces(from_us, to_us) if self._spans else []:
            count = sum(self._is_unseen(each, begin, over=True, back_filled=False) for each in self._officials)
            if count and found and found[-1][1] == begin:
                found[-1] = (found[-1][0], end, max(count, found[-1][2]))
            elif count:
                found.append((begin, end, count))
        return found

    def _pieces(self, from_us: int, to_us: int) -> list[tuple[int, int]]:
        edges = {
            at_us for reported in self._spans for at_us in (reported.since_us, reported.until_us) if at_us is not None
        }
        inside = sorted({from_us, to_us, *(at_us for at_us in edges if from_us < at_us < to_us)})
        return list(pairwise(inside))

    def _is_unseen(self, official: str, at_us: int, *, over: bool, back_filled: bool) -> bool:
        """Whether no source saw what an official did at a moment."""
        unreported = False
        for source in {reported.source for reported in self._spans}:
            mine = [
                reported
                for reported in self._spans
                if reported.source == source and (reported.officials is None or official in reported.officials)
            ]
            now = [reported for reported in mine if (reported.since_us or 0) <= at_us < _end(reported)]
            gaps = [reported for reported in now if not reported.seen]
            closings = ("replay", "back_fill") if back_filled else ("replay",)
            is_gap = any(gap.closed_by not in closings for gap in gaps)
            if any(gap.closed_by in closings for gap in gaps) or (
                any(reported.seen for reported in now) and not is_gap
            ):
                return False
            ends = [_end(reported) for reported in mine if reported.seen]
            unreported = unreported or (bool(ends) and at_us >= max(ends) and not is_gap)
        return not unreported or (over and self._closed)


def _end(reported: SourceCoverage) -> int:
    return _EVER if reported.until_us is None else reported.until_us
