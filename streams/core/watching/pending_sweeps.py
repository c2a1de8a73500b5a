"""Pending sweeps: watches that a State's deletions concern, and that are still to be recounted for them.

One deletion concerns every open watch of its State, and so does a gap in what was seen of its officials. So they are
recounted in sweeps, some of them a batch, in the order in which they opened; what is taken back during a sweep is
counted by it, or by the next one. Pure bookkeeping.
"""

from collections.abc import Iterable
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

__all__ = ["RECOUNT_ALL", "PendingSweeps", "Sweep", "merged_spans", "recounts_all", "swept_up_to", "with_spans"]

RECOUNT_ALL: Final = (-1, 2**60)
"""The span of a correction: all watches, and whole, with all that may succeed their subjects. No other begins so."""


class Sweep(Struct, frozen=True, array_like=True):
    """A sweep over the watches of one State, in the ledger, so that a crash forgets none.

    `spans` are the first and last times (µs) of deletions, or of what was seen or not, still to be counted by some of
    the watches that they concern; of the first of them all are counted that opened up to `at` (opening in µs,
    `platform:id` of the subject). `more` are those that came during the sweep.
    """

    spans: tuple[tuple[int, int], ...]
    at: tuple[int, str] | None = None
    more: tuple[tuple[int, int], ...] = ()


class PendingSweeps(Struct, frozen=True, array_like=True, tag="pending_sweeps"):
    """The sweeps that are under way, by State."""

    sweeps: dict[str, Sweep]


def recounts_all(sweep: Sweep | None) -> bool:
    """Whether a sweep has still to recount all watches for a correction."""
    return sweep is not None and any(first_us == RECOUNT_ALL[0] for first_us, _ in (*sweep.spans, *sweep.more))


def merged_spans(times: Iterable[tuple[int, int]], apart_us: int) -> tuple[tuple[int, int], ...]:
    """Spans joined where they are at most so far apart, so that what lies between two groups is not asked for."""
    found: list[tuple[int, int]] = []
    for first_us, last_us in sorted(times):
        if found and first_us - found[-1][1] <= apart_us:
            found[-1] = found[-1][0], max(found[-1][1], last_us)
        else:
            found.append((first_us, last_us))
    return tuple(found)


def with_spans(sweep: Sweep | None, spans: Iterable[tuple[int, int]], apart_us: int) -> Sweep | None:
    """The sweep with more spans to be recounted; a new one where there is none."""
    more = merged_spans((*(() if sweep is None else sweep.more), *spans), apart_us)
    if sweep is None:
        return Sweep(more) if more else None
    return replace(sweep, more=more)


def swept_up_to(sweep: Sweep, at: tuple[int, str] | None) -> Sweep | None:
    """The sweep when all are recounted up to `at`, or, with `None`, to the end of its first span."""
    if at is not None:
        return replace(sweep, at=at)
    spans, more = sweep.spans[1:], sweep.more
    if not spans:
        spans, more = more, ()
    return Sweep(spans, None, more) if spans else None
