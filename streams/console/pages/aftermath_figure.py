"""The figure of an aftermath: before the suspension and after it, on one axis."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from streams.console.charts.before_after import Band, ChartMark, ChartSpan, Row, before_after
from streams.console.pages.aftermath_words import called
from streams.core.watching.aftermath_records import Aftermath
from streams.core.watching.watch_policy import WatchPolicy

__all__ = ["aftermath_figure"]

_BASELINE: Final = timedelta(days=WatchPolicy().baseline_days)
_ROWS: Final = 12  # accounts with a row of their own
_NOTES: Final = (
    "Areas are counts a day; marks are single posts, with the time for which they stood, as far as the record lists "
    "them. Dashed: deletions to be expected. Shaded: unseen, or not known. Counts of what was seen, never motives."
)


def aftermath_figure(record: Aftermath, heading: str, *, no_comparison: bool) -> str:
    """SVG. Without a comparison nothing is said of what was to be expected."""
    expected = None if no_comparison else record.expected_deletions
    references = Band(
        name="references", before=record.references_before, after=record.references, expected=None,
        rows=_rows(
            (called(each.handle, each.official), ChartMark(at=each.at, said=f"{each.kind}, {each.at:%Y-%m-%d %H:%M}"))
            for each in record.listed_references
        ),
    )  # fmt: skip
    deletions = Band(
        name="deletions", before=record.deletions_before, after=record.deletions, expected=expected,
        rows=_rows(
            (
                called(each.handle, each.official),
                ChartMark(
                    at=each.deleted_at, since=each.posted_at,
                    said=f"posted {each.posted_at:%Y-%m-%d}, deleted {each.deleted_at:%Y-%m-%d %H:%M}",
                ),
            )
            for each in record.listed_deletions
        ),
    )  # fmt: skip
    suspension = record.suspension
    unsure = [] if record.coverage is None else [
        ChartSpan(since=each.since, until=each.until, said=f"{each.officials:,} officials went unseen")
        for each in record.coverage.unseen
    ]  # fmt: skip
    if suspension.not_before is not None and suspension.not_before < record.opened_at:
        said = "the account may have been gone already"
        unsure.append(ChartSpan(since=suspension.not_before, until=record.opened_at, said=said))
    began = "suspended" if suspension.status == "suspended" else "gone"
    return before_after(
        "before-after",
        [references, deletions],
        begins=record.opened_at - _BASELINE,
        opened=record.opened_at,
        closed=record.closed_at or record.ends_at,
        ends=record.ends_at,
        unsure=unsure,
        title=heading,
        event=f"{began} {record.opened_at:%Y-%m-%d}",
        notes=[_NOTES, f"Antiphon, aftermath {record.id}, roster {record.roster_digest[:12]}. Times are UTC."],
    )


def _rows(marks: Iterator[tuple[str, ChartMark]]) -> tuple[Row, ...]:
    """A row for each account, those with most marks first; what is beyond them shares one."""
    by_name: dict[str, list[ChartMark]] = {}
    for name, mark in marks:
        by_name.setdefault(name, []).append(mark)
    ordered = sorted(by_name.items(), key=lambda each: (-len(each[1]), each[0]))
    rows = [Row(name=name, marks=tuple(found)) for name, found in ordered[:_ROWS]]
    if rest := ordered[_ROWS:]:
        others = tuple(mark for _, found in rest for mark in found)
        rows.append(Row(name=f"and {len(rest):,} more", marks=others))
    return tuple(rows)
