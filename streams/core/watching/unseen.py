"""How much of a watch its amplifying officials were not seen, and when: what the ledger's coverage says of a watch.

A time counts as unseen when the platform has a source and no source saw it. Where a source has not told yet (after its
last word) nobody knows: that counts as unseen from the end of a watch on, and not before.
"""

from collections.abc import Sequence
from typing import Final

from streams.core.watching.intervals import Interval, Measure, minus, union
from streams.core.watching.keys import coverage_sources_key, source_spans_key
from streams.core.watching.ledger import Ledger
from streams.core.watching.source_spans import ALWAYS_US, CoverageSources, SourceSpan, SourceSpans
from streams.core.watching.watch import WatchPeriod
from streams.core.watching.watch_policy import WatchPolicy

__all__ = ["PlatformCoverage", "WatchCoverage", "coverage_of"]

_BROUGHT: Final = frozenset({"replay", "back_fill"})
_BROUGHT_WHOLE: Final = frozenset({"replay"})  # a back-fill brings what is still there: what was deleted it cannot


class _Source:
    """What one source said: of everybody, and of those that it names."""

    def __init__(self, seen: Sequence[SourceSpan], gaps: Sequence[SourceSpan]) -> None:
        self.seen = [span for span in seen if span.officials is None]
        self.gaps = [gap for gap in gaps if gap.officials is None]
        self.seen_of: dict[str, list[SourceSpan]] = {}
        self.gaps_of: dict[str, list[SourceSpan]] = {}
        for spans, by_official in ((seen, self.seen_of), (gaps, self.gaps_of)):
            for span in spans:
                for official in span.officials or ():
                    by_official.setdefault(official, []).append(span)


class PlatformCoverage:
    """What each source said of a platform. `since_us` is when the first of them began to see, 0 for since ever, and
    `ALWAYS_US` where none did. `named` are the officials of which something is said by their ids.
    """

    def __init__(self, sources: Sequence[_Source], since_us: int) -> None:
        self.since_us = since_us
        self.named = frozenset(
            official for source in sources for of in (source.seen_of, source.gaps_of) for official in of
        )
        self._sources = sources

    def seen(self, official: str, closings: frozenset[str]) -> tuple[list[Interval], list[Interval]]:
        """When an official was seen by any source, where gaps closed in one of these ways count; and when that is still
        to be told by one of them.
        """
        seen: list[Interval] = []
        unpublished: list[Interval] = []
        for source in self._sources:
            spans = [*source.seen, *source.seen_of.get(official, ())]
            gaps = [*source.gaps, *source.gaps_of.get(official, ())]
            open_gaps = union((gap.since_us, gap.until_us) for gap in gaps if gap.closed_by not in closings)
            seen += minus(union((span.since_us, span.until_us) for span in spans), open_gaps)
            seen += [(gap.since_us, gap.until_us) for gap in gaps if gap.closed_by in closings]
            if spans:
                last_us = max(span.until_us for span in spans)
                unpublished += minus(union([(last_us, ALWAYS_US)]), open_gaps)
        whole = union(seen)
        return whole, minus(union(unpublished), whole)


class WatchCoverage:
    """What was unseen of a watch. Shares are of 1, over all of its amplifiers; `at_us` is a moment of event time, and
    `closed` says whether the watch is over.

    `unseen_officials` are the amplifiers of which each alone was unseen for more than the policy's share of the watch.
    """

    def __init__(self, watch: WatchPeriod, platform: PlatformCoverage, policy: WatchPolicy, *, closed: bool) -> None:
        self.since_us = platform.since_us
        self._watch = watch
        self._limit = policy.unseen_share
        self._closed = closed
        named = platform.named & watch.amplifier_ids
        others = watch.amplifier_ids - named
        groups = [frozenset((official,)) for official in sorted(named)]
        groups += [others] if others else []
        self._posts = _Unseen(watch, platform, groups, _BROUGHT)
        self._deletions = _Unseen(watch, platform, groups, _BROUGHT_WHOLE)
        self.unseen_officials = frozenset(
            official
            for group, intervals in (self._posts.at_last if closed else self._posts.by_now)
            if self._exceeds(intervals)
            for official in group
        )

    def share(self, at_us: int) -> float:
        """The share of the watch up to a moment in which what the amplifiers posted was not seen."""
        return self._share(self._posts, at_us)

    def deletions_share(self, at_us: int) -> float:
        """As `share`, of what they deleted."""
        return self._share(self._deletions, at_us)

    def deletions_share_before(self, at_us: int) -> float:
        """The share of the baseline in which it was not seen what they deleted, as is known at a moment."""
        return self._of_span(self._measure(self._deletions, at_us), self._watch.baseline_us, self._watch.opened_us)

    def hides_posts(self, at_us: int) -> bool:
        """Whether too much was unseen to say what the amplifiers did not post."""
        return self.share(at_us) > self._limit

    def hides_deletions(self, at_us: int) -> bool:
        """Whether too much was unseen, in the watch or before, to compare deletions with those before."""
        return self.deletions_share(at_us) > self._limit or self.deletions_share_before(at_us) > self._limit

    def spans(self, at_us: int) -> list[tuple[int, int, int]]:
        """When what amplifiers deleted was unseen up to a moment, and with it all that they posted and nothing brought:
        from, until, and how many of them at most.
        """
        until_us = min(at_us, self._watch.until_us)
        return self._measure(self._deletions, at_us).spans(self._watch.opened_us, until_us)

    def _measure(self, unseen: "_Unseen", at_us: int) -> Measure:
        return unseen.measure_at_last if self._closed and at_us >= self._watch.until_us else unseen.measure_by_now

    def _share(self, unseen: "_Unseen", at_us: int) -> float:
        until_us = min(at_us, self._watch.until_us)
        return self._of_span(self._measure(unseen, at_us), self._watch.opened_us, until_us)

    def _of_span(self, measure: Measure, from_us: int, to_us: int) -> float:
        whole = (to_us - from_us) * len(self._watch.amplifier_ids)
        return (measure.before(to_us) - measure.before(from_us)) / whole if whole > 0 else 0.0

    def _exceeds(self, unseen: Sequence[Interval]) -> bool:
        from_us, to_us = self._watch.opened_us, self._watch.until_us
        part_us = sum(max(0, min(end, to_us) - max(begin, from_us)) for begin, end in unseen)
        return to_us > from_us and part_us / (to_us - from_us) > self._limit


class _Unseen:
    """The unseen times of groups of officials that are alike, where gaps closed in some ways count as seen: `by_now`
    without what is still to be told, `at_last` with it.
    """

    def __init__(
        self, watch: WatchPeriod, platform: PlatformCoverage, groups: Sequence[frozenset[str]], closings: frozenset[str]
    ) -> None:
        looked_at = [(watch.baseline_us, watch.ends_us)]
        self.by_now: list[tuple[frozenset[str], list[Interval]]] = []
        self.at_last: list[tuple[frozenset[str], list[Interval]]] = []
        for group in groups:
            seen, unpublished = platform.seen(next(iter(group)), closings)
            self.by_now.append((group, minus(looked_at, union([*seen, *unpublished]))))
            self.at_last.append((group, minus(looked_at, seen)))
        self.measure_by_now = Measure((intervals, len(group)) for group, intervals in self.by_now)
        self.measure_at_last = Measure((intervals, len(group)) for group, intervals in self.at_last)


def coverage_of(ledger: Ledger, country: str, platform: str) -> PlatformCoverage | None:
    """What sources said of a platform to a State; `None` where there is none: then nothing is said of it."""
    known = ledger.get(coverage_sources_key(country, platform))
    if not isinstance(known, CoverageSources):
        return None
    sources: list[_Source] = []
    since_us = ALWAYS_US
    for source in known.sources:
        seen, gaps = (
            ledger.get(source_spans_key(country, platform, source, seen=is_seen)) for is_seen in (True, False)
        )
        if isinstance(seen, SourceSpans):
            since_us = min(since_us, seen.first_us)
        parts = [record.spans if isinstance(record, SourceSpans) else () for record in (seen, gaps)]
        sources.append(_Source(*parts))
    return PlatformCoverage(sources, since_us)
