"""An aftermath as tables for people: counts, the deleted posts with their texts, references, possible successors."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from streams.cli.terminal import counted
from streams.core.enriched import Alert
from streams.core.suspension_words import STATUS_WORDS, days_of, event_words, gone_in_words
from streams.core.watching.aftermath_records import (
    Aftermath,
    AftermathCoverage,
    AftermathDeletion,
    AftermathReference,
    PossibleSuccessor,
)
from streams.printable import printable

__all__ = ["print_aftermath"]

_MOST_DELETIONS: Final = 12
_MOST_OTHERS: Final = 5
_TEXT: Final = 60  # characters of a post on one line


def print_aftermath(console: Console, aftermath: Aftermath, alerts: Sequence[Alert]) -> None:
    """The figures of one watch, what was deleted, who might come after, and the alerts on it."""
    console.print(_figures(aftermath, alerts))
    if aftermath.listed_deletions:
        console.print(_deletions(aftermath))
    for successor in aftermath.possible_successors[:_MOST_OTHERS]:
        console.print(Text(_successor(successor, aftermath)))
    more = len(aftermath.possible_successors) - _MOST_OTHERS
    if more > 0:
        console.print(Text(f"… and {more} more possible successors"))


def _figures(aftermath: Aftermath, alerts: Sequence[Alert]) -> Table:
    title = f"aftermath in {aftermath.country} of {event_words(aftermath.suspension.status)} of {_name(aftermath)}"
    table = Table(title=Text(title, "bold"), title_justify="left")
    table.add_column("figure")
    table.add_column("value", overflow="fold")
    for name, value in _rows(aftermath, alerts):
        table.add_row(Text(name), Text(printable(value)))
    return table


def _rows(aftermath: Aftermath, alerts: Sequence[Alert]) -> Iterable[tuple[str, str]]:
    country = "open" if aftermath.status == "open" else f"closed, {aftermath.closed_because}"
    yield "watch", f"{_day(aftermath.opened_at)} to {_day(aftermath.closed_at or aftermath.ends_at)}, {country}"
    period = aftermath.suspension
    yield STATUS_WORDS[period.status], days_of(period.precision, period.not_before, period.not_after or period.at)
    yield "references", f"{aftermath.references:,} ({aftermath.references_before:,} in the 30 days before)"
    for reference in aftermath.listed_references[:_MOST_OTHERS]:
        yield "", f"{_day(reference.at)} {_who(reference.handle, reference.official)}: {_said(reference)}"
    coverage = aftermath.coverage
    expected = f"to be expected from the 30 days before: {aftermath.expected_deletions:.1f}"
    if coverage is not None and coverage.says_nothing_of_deletions:
        expected = "too much went unseen to say how many were to be expected"
    yield "deletions", f"{aftermath.deletions:,} ({expected})"
    if aftermath.deletions:
        yield "deletions by account", _shares(aftermath.deletions_by_account, handles=True)
        yield "deletions by language", _shares(aftermath.deletions_by_language)
    gone = gone_in_words(aftermath.gone_with_original, aftermath.gone_with_official, aftermath.gone_unknown)
    if gone:
        yield "gone otherwise", gone
    if aftermath.deletions_unknown:
        yield "deletions of posts not known", f"{aftermath.deletions_unknown:,}"
    uncertain = counted(aftermath.references_uncertain, "reference"), counted(aftermath.deletions_uncertain, "deletion")
    if aftermath.references_uncertain or aftermath.deletions_uncertain:
        yield "uncertain", f"{uncertain[0]} and {uncertain[1]} before, when it may have been gone already"
    if coverage is not None and coverage.says_nothing_of_silence:
        yield "silent", "not said: too much went unseen"
    else:
        amplifiers = f"{aftermath.amplifying_officials:,} officials that amplified it"
        yield "silent", f"{aftermath.silent_officials:,} of {amplifiers}"
    if coverage is not None:
        yield "unseen", _unseen(coverage)
    for alert in alerts:
        yield f"alert {alert.rule}", f"{alert.severity}, since {_day(alert.fired_at)}: {alert.summary}"


def _unseen(coverage: AftermathCoverage) -> str:
    since = "" if coverage.seen_since is None else f"; the platform is seen since {coverage.seen_since:%Y-%m-%d %H:%M}"
    if not coverage.unseen_spans:
        return f"nothing{since}"
    spans = (
        f"{span.since:%Y-%m-%d %H:%M} to {span.until:%Y-%m-%d %H:%M} ({counted(span.officials, 'official')})"
        for span in coverage.unseen[:_MOST_OTHERS]
    )
    more = coverage.unseen_spans - min(_MOST_OTHERS, len(coverage.unseen))
    listed = ", ".join(spans) + (f" and {more:,} more spans" if more else "")
    return (
        f"{coverage.unseen_share:.1%} of what the officials that amplified it posted, "
        f"{coverage.deletions_unseen_share:.1%} of what they deleted: {listed}{since}"
    )


def _deletions(aftermath: Aftermath) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for column in ("deleted", "by", "posted", "lang"):
        table.add_column(column, no_wrap=True)
    table.add_column("text", overflow="fold")
    for deletion in aftermath.listed_deletions[:_MOST_DELETIONS]:
        table.add_row(*(Text(cell) for cell in _deletion(deletion)))
    more = aftermath.deletions - min(_MOST_DELETIONS, len(aftermath.listed_deletions))
    if more > 0:
        table.add_row("…", Text(f"and {more:,} more"))
    return table


def _deletion(deletion: AftermathDeletion) -> tuple[str, ...]:
    concern = "concerns the subject: " if deletion.concerns_subject else ""
    return (
        _day(deletion.deleted_at),
        _who(deletion.handle, deletion.official),
        _day(deletion.posted_at),
        printable(deletion.lang or "?"),
        concern + _said(deletion),
    )


def _successor(successor: PossibleSuccessor, aftermath: Aftermath) -> str:
    name = _who(successor.subject.handle, successor.subject.id)
    return f"Possible successor of {_name(aftermath)}: {name}. Reasons: {printable('; '.join(successor.reasons))}."


def _shares(counts: dict[str, int], *, handles: bool = False) -> str:
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    shown = [f"{'@' if handles and not name.isdigit() else ''}{name} {count:,}" for name, count in ranked[:10]]
    return ", ".join(shown) + (f" and {len(ranked) - 10} more" if len(ranked) > 10 else "")


def _name(aftermath: Aftermath) -> str:
    return _who(aftermath.subject.handle, f"{aftermath.platform}:{aftermath.subject.id}")


def _who(handle: str | None, account_id: str) -> str:
    return f"@{printable(handle)}" if handle else printable(account_id)


def _said(post: AftermathReference | AftermathDeletion) -> str:
    return "(text withheld, since the post is deleted)" if post.text_withheld else _line(post.text)


def _line(text: str) -> str:
    flat = printable(" ".join(text.split()))
    return flat if len(flat) <= _TEXT else flat[: _TEXT - 1] + "…"


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"
