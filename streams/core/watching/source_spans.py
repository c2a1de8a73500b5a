"""What sources said they saw of the officials of a State on a platform, as the ledger keeps it: spans and gaps.

Owns the records, which of two words on one span is the later one, and the bounds. What follows for a watch is `unseen`.
"""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

__all__ = [
    "ALWAYS_US",
    "CoverageSources",
    "PendingSeenSince",
    "SeenSince",
    "SourceSpan",
    "SourceSpans",
    "is_later",
    "with_span",
    "without_old",
]

ALWAYS_US: Final = 2**60
"""The end of a span that goes on: beyond every event time."""


class SourceSpan(Struct, frozen=True, array_like=True):
    """One span in the words of its source, [`since_us`, `until_us`): 0 for since ever, `ALWAYS_US` where it goes on.

    `reported_us` is when it was said. `officials` are those that it concerns, `None` for all. `closed_by` says how what
    happened in a gap was brought afterwards, `""` where it was not.
    """

    id: str
    reported_us: int
    since_us: int
    until_us: int
    officials: tuple[str, ...] | None = None
    closed_by: str = ""


class SourceSpans(Struct, frozen=True, array_like=True, tag="source_spans"):
    """The spans of one source, by beginning and id: those in which it saw, or with `seen` off those in which it did
    not. `gone_us` is the earliest beginning of those that are kept no more, `ALWAYS_US` for none.
    """

    platform: str
    country: str
    source: str
    seen: bool
    spans: tuple[SourceSpan, ...] = ()
    gone_us: int = ALWAYS_US

    @property
    def first_us(self) -> int:
        """When the first of them began, `ALWAYS_US` for none."""
        return min((self.gone_us, *(span.since_us for span in self.spans)))


class CoverageSources(Struct, frozen=True, array_like=True, tag="coverage_sources"):
    """The sources that ever said what they saw of a platform."""

    platform: str
    country: str
    sources: tuple[str, ...]


class SeenSince(Struct, frozen=True, array_like=True, tag="seen_since"):
    """From when on any source saw a platform (`SourceSpans.first_us`), as the accounts on it are told; 0 for since
    ever.
    """

    platform: str
    country: str
    since_us: int


class PendingSeenSince(Struct, frozen=True, array_like=True, tag="pending_seen_since"):
    """By State and platform, the first amplification from which on accounts are still to be told since when officials
    have been seen (µs).
    """

    from_us: dict[str, dict[str, int]]


def is_later(one: SourceSpan, other: SourceSpan) -> bool:
    """Whether one word on a span is later than another: said later, or at the same time and says more. Total: of two
    that differ exactly one is later than the other."""
    return _rank(one) > _rank(other)


def with_span(known: SourceSpans, span: SourceSpan, most_spans: int, most_officials: int) -> tuple[SourceSpans, bool]:
    """The spans with a new word on one of them, and whether some had to go. At most so many are of everybody, and the
    others name at most so many officials. What goes counts as not seen: the seen span that ended first is forgotten,
    the two gaps that ended first become one, for everybody, that nothing closes.
    """
    spans = [each for each in known.spans if each.id != span.id]
    spans.append(span)
    gone_us = known.gone_us
    is_cut = False
    while len(spans) > 1 and (_of_everybody(spans) > most_spans or _named(spans) > most_officials):
        is_cut = True
        spans.sort(key=lambda each: (each.until_us, each.since_us, each.id))
        one = spans.pop(0)
        if known.seen:
            gone_us = min(gone_us, one.since_us)
            continue
        other = spans.pop(0)
        since_us, reported_us = min(one.since_us, other.since_us), max(one.reported_us, other.reported_us)
        spans.append(SourceSpan(one.id, reported_us, since_us, other.until_us))
    spans.sort(key=lambda each: (each.since_us, each.id))
    return replace(known, spans=tuple(spans), gone_us=gone_us), is_cut


def without_old(known: SourceSpans, before_us: int) -> SourceSpans:
    """The spans without those that ended before a time that no watch looks at any more."""
    old = [each for each in known.spans if each.until_us < before_us]
    if not old:
        return known
    spans = tuple(each for each in known.spans if each.until_us >= before_us)
    return replace(known, spans=spans, gone_us=min(known.gone_us, *(each.since_us for each in old)))


def _of_everybody(spans: Sequence[SourceSpan]) -> int:
    return sum(each.officials is None for each in spans)


def _named(spans: Sequence[SourceSpan]) -> int:
    return sum(len(each.officials or ()) for each in spans)


def _rank(span: SourceSpan) -> tuple[int, bool, bool, int, int, str, bool, int, tuple[str, ...]]:
    return (
        span.reported_us,
        span.closed_by != "",
        span.until_us < ALWAYS_US,
        span.until_us,
        span.since_us,
        span.closed_by,
        span.officials is None,
        len(span.officials or ()),  # a word says more once a correction has put an official of it into the State
        span.officials or (),
    )
