"""What was unseen of a watch, in words: numbers and days, never why."""

from streams.core.clock import from_us
from streams.core.watching.source_spans import ALWAYS_US
from streams.core.watching.unseen import WatchCoverage
from streams.core.watching.watch import WatchPeriod

__all__ = ["unseen_words"]


def unseen_words(watch: WatchPeriod, coverage: WatchCoverage | None, at_us: int) -> list[str]:
    """The parts of a sentence that say what was unseen up to a moment; none where everything was seen."""
    if coverage is None:
        return []
    parts = []
    posts, deletions = coverage.share(at_us), coverage.deletions_share(at_us)
    spans = coverage.spans(at_us)
    if spans:
        first_us, last_us = spans[0][0], spans[-1][1]
        count = f"{len(spans)} spans" if len(spans) > 1 else "one span"
        most = max(officials for *_, officials in spans)
        what = f"between {_minute(first_us)} and {_minute(last_us)} {count} of what {most} of them did went unseen"
        brought = f"; {_percent(posts)} of what they posted" if posts != deletions else ""
        parts.append(f"{what} ({_percent(deletions)} of the time{brought})")
    before = coverage.deletions_share_before(at_us)
    if before:
        parts.append(f"{_percent(before)} of the baseline went unseen")
    if watch.baseline_us < coverage.since_us < ALWAYS_US:
        parts.append(f"the platform is seen since {_minute(coverage.since_us)}")
    return parts


def _percent(share: float) -> str:
    return f"{share:.1%}" if share >= 0.001 else "less than 0.1%"


def _minute(at_us: int) -> str:
    return f"{from_us(at_us):%Y-%m-%d %H:%M}"
