"""A comparison for people: what differs, what would have become of past alerts, and because of what."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from streams.cli.terminal import cell_lines, counted, row, table
from streams.core.clock import from_us
from streams.core.corrections.entry_changes import EntryChange
from streams.core.corrections.outcomes import OUTCOMES, Compared, Outcome, OutcomeKind
from streams.core.corrections.responsible import Responsible
from streams.core.corrections.rule_changes import RuleChange
from streams.core.rosters.roster import RosterEntry
from streams.core.subject_event import subject_key
from streams.events import Account
from streams.printable import printable

__all__ = [
    "KIND_WORDS",
    "account_name",
    "change_words",
    "paged_alerts",
    "print_changes",
    "print_outcomes",
    "print_paged",
    "print_rule_changes",
    "print_scores",
    "responsible_words",
]

_LISTED: Final = 20  # lines of a list on a screen; --all and --json have all
_FIGURES: Final = 4  # of one alert

KIND_WORDS: Final[dict[OutcomeKind, str]] = {
    "would_not_have_fired": "would not have fired",
    "would_have_fired_anew": "would also have fired",
    "severity": "severity",
    "another_state_leads": "another State leads",
    "fires_earlier": "fires earlier",
    "fires_later": "fires later",
    "figures_change": "figures change",
    "cannot_be_known": "cannot be known",
    "stands": "stands",
}
_STYLES: Final[dict[OutcomeKind, str]] = {
    "would_not_have_fired": "bold red",
    "would_have_fired_anew": "bold red",
    "severity": "yellow",
    "another_state_leads": "yellow",
    "fires_earlier": "yellow",
    "fires_later": "yellow",
    "cannot_be_known": "magenta",
}
_MARKS: Final = {"added": ("+", "green"), "removed": ("-", "red")}


def print_changes(console: Console, changes: Sequence[EntryChange], limit: int | None = _LISTED) -> None:
    """Each account that differs with its sources; those that differ in names alone apart."""
    counting = [change for change in changes if not change.only_renames]
    renamed = [change for change in changes if change.only_renames]
    for change in counting[:limit]:
        kind = change.kinds[0]
        mark, style = _MARKS.get(kind, ("~", "yellow"))
        console.print(Text.assemble((f"{mark} {printable(change.shown)}", style), f"  {change_words(change)}"))
        for line in _sources(change):
            console.print(Text(f"    {line}", style="dim"))
    if limit is not None and len(counting) > limit:
        console.print(Text(f"… and {len(counting) - limit:,} more (--all, --json)"))
    if renamed:
        names = ", ".join(printable(change.shown) for change in renamed[:_LISTED])
        more = "" if len(renamed) <= _LISTED else ", …"
        console.print(
            Text(f"{counted(len(renamed), 'account')} only named or sourced otherwise, which no figure looks at: ")
            + Text(f"{names}{more}")
        )


def change_words(change: EntryChange) -> str:
    """What differs of an account, in words."""
    if "added" in change.kinds or "removed" in change.kinds:
        return f"{change.kinds[0]}: {'; '.join(_entry_words(entry) for entry in change.entries)}"
    before, after = change.before, change.after
    said: dict[str, Callable[[], str]] = {
        "country": lambda: f"State {_each(before, _country)} → {_each(after, _country)}",
        "category": lambda: f"category {_each(before, _category)} → {_each(after, _category)}",
        "term": lambda: f"term {_each(before, _term)} → {_each(after, _term)}",
        "id_for_handle": lambda: f"by the id {after[0].account_id} in place of its handle",
        "handle_for_id": lambda: f"by its handle in place of the id {before[0].account_id}",
        "domains": lambda: f"domains {_domains(before)} → {_domains(after)}",
        "renamed": lambda: "named or sourced otherwise",
    }
    return printable("; ".join(said[kind]() for kind in change.kinds))


def _entry_words(entry: RosterEntry) -> str:
    domains = f", {' '.join(entry.domains)}" if entry.domains else ""
    return printable(f"{entry.country} {_category(entry)}, {_term(entry)}{domains}")


def _each(entries: Sequence[RosterEntry], said: Callable[[RosterEntry], str]) -> str:
    return ", ".join(dict.fromkeys(map(said, entries)))


def _country(entry: RosterEntry) -> str:
    return entry.country


def _category(entry: RosterEntry) -> str:
    return entry.category.replace("_", " ")


def _domains(entries: Sequence[RosterEntry]) -> str:
    return " ".join(dict.fromkeys(domain for entry in entries for domain in entry.domains)) or "none"


def _term(entry: RosterEntry) -> str:
    since, until = entry.valid_from_us, entry.valid_to_us
    if since is None and until is None:
        return "always"
    if until is None:
        return f"from {_day(since)}"
    return f"until {_day(until)}" if since is None else f"{_day(since)} to {_day(until)}"


def _day(at_us: int | None) -> str:
    return "" if at_us is None else f"{from_us(at_us):%Y-%m-%d}"


def _sources(change: EntryChange) -> list[str]:
    old, new = (", ".join(dict.fromkeys(each.source_url for each in side)) for side in (change.before, change.after))
    if old == new or not old or not new:
        return [printable(old or new)]
    return [printable(f"old: {old}"), printable(f"new: {new}")]


def print_rule_changes(console: Console, changes: Sequence[RuleChange]) -> None:
    """Each rule that differs, and in what."""
    for change in changes:
        kind = change.kinds[0]
        mark, style = _MARKS.get(kind, ("~", "yellow"))
        words = kind if kind in _MARKS else ", ".join(rule_kind_words(change))
        console.print(Text.assemble((f"{mark} {change.name}", style), f"  {words}"))


def rule_kind_words(change: RuleChange) -> list[str]:
    """What differs of a rule."""
    old, new = change.before, change.after
    if old is None or new is None:
        return list(change.kinds)
    words = {
        "severity": f"severity {old.severity} → {new.severity}",
        "mode": f"{old.mode} → {new.mode}",
        "quiet": f"quiet period {old.quiet_us / 86_400_000_000:.6g} d → {new.quiet_us / 86_400_000_000:.6g} d",
        "countries": "conditions of single States",
        "on": f"on {old.on} → {new.on}",
    }
    return [words.get(kind, kind) for kind in change.kinds]


def print_outcomes(
    console: Console,
    heading: str,
    outcomes: Sequence[Outcome],
    because: Callable[[Outcome], str],
    limit: int | None = _LISTED,
) -> None:
    """Counts first, then what does not stand, the worst first."""
    count = Counter(each.kind for each in outcomes)
    counts = ", ".join(f"{count[kind]:,} {_counted_words(kind, count[kind])}" for kind in OUTCOMES if count[kind])
    console.print()
    console.print(Text.assemble((f"{heading}: ", "bold"), counts or "none"))
    moving = [each for each in outcomes if each.kind != "stands"]
    if not moving:
        return
    made = table("What", "Which", "Because of")
    for number, each in enumerate(moving[:limit]):
        if number:
            row(made)
        what = Text(printable(_what(each)), _STYLES.get(each.kind, ""))
        which = cell_lines(
            each.rule or f"aftermath, {each.country}", account_name(each.subject, each.platform), _when(each)
        )
        row(made, cell_lines(what, *_moves(each)), which, because(each))
    console.print(made)
    if limit is not None and len(moving) > limit:
        console.print(Text(f"… and {len(moving) - limit:,} more (--all, --json)"))


def _counted_words(kind: OutcomeKind, count: int) -> str:
    """The kind as the predicate of so many alerts."""
    many = count != 1
    match kind:
        case "severity":
            return "with another severity"
        case "another_state_leads":
            return "led by another State"
        case "fires_earlier" | "fires_later":
            return KIND_WORDS[kind].replace("fires", "fire") if many else KIND_WORDS[kind]
        case "figures_change":
            return "with other figures"
        case "stands":
            return "stand" if many else "stands"
        case _:
            return KIND_WORDS[kind]


def _what(outcome: Outcome) -> str:
    old, new = outcome.severity
    match outcome.kind:
        case "severity":
            mode = outcome.moved.get("mode")
            return f"severity {old} → {new}" if mode is None else f"mode {mode[0]} → {mode[1]}"
        case "another_state_leads":
            return f"another State leads: {outcome.leads[0] or 'none'} → {outcome.leads[1] or 'none'}"
        case "fires_earlier" | "fires_later":
            return f"{KIND_WORDS[outcome.kind]} by {_length(abs(outcome.earlier_by_seconds))}"
        case "would_not_have_fired" | "would_have_fired_anew" if not outcome.rule:
            return KIND_WORDS[outcome.kind].replace("fired", "opened")
        case _:
            return KIND_WORDS[outcome.kind]


def _length(seconds: float) -> str:
    days = seconds / 86_400
    return f"{days:,.1f} days" if days >= 1 else f"{seconds / 3_600:.1f} h" if seconds >= 3_600 else f"{seconds:.0f} s"


def _moves(outcome: Outcome) -> list[str]:
    if outcome.why:
        return [outcome.why]
    moved = [f"{name.replace('_', ' ')} {_figure(old)} → {_figure(new)}" for name, (old, new) in outcome.moved.items()]
    more = [f"… {len(moved) - _FIGURES} more (--json)"] if len(moved) > _FIGURES else []
    return [*moved[:_FIGURES], *more]


def _figure(value: Any) -> str:
    match value:
        case None:
            return "unknown"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
        case int():
            return f"{value:,}"
        case datetime():
            return f"{value:%Y-%m-%d}"
        case _:
            return printable(str(value)) or "none"


def _when(outcome: Outcome) -> str:
    at = outcome.until
    severity = outcome.severity[0] or outcome.severity[1]
    shadow = "" if outcome.live or not outcome.rule else ", shadow"
    return "" if at is None else f"{at:%Y-%m-%d}{f' {severity}' if severity else ''}{shadow}"


def account_name(account: Account, platform: str) -> str:
    """An account as people know it: its handle, or its key."""
    return f"@{account.handle}" if account.handle else subject_key(platform, account.id)


def responsible_words(changes: Sequence[EntryChange], found: Mapping[str, Responsible]) -> Callable[[Outcome], str]:
    """What says for each outcome which entries alone bring it about."""

    def said(outcome: Outcome) -> str:
        responsible = found.get(outcome.id)
        if responsible is None or not responsible.sets:
            return ""
        names = [" and ".join(changes[number].shown for number in each) for each in responsible.sets]
        if len(names) > 1:
            shown = ", ".join(names[:_FIGURES]) + (", …" if len(names) > _FIGURES else "")
            return f"each alone: {shown}"
        several = responsible.sets[0]
        if len(several) == 1:
            return names[0]
        if len(several) > _FIGURES:
            names = [
                ", ".join(changes[number].shown for number in several[:_FIGURES])
                + f" and {len(several) - _FIGURES} more"
            ]
        return f"{names[0]}{', only together' if responsible.searched else ' (no smaller set was looked for)'}"

    return said


def print_scores(console: Console, compared: Compared, limit: int | None = _LISTED) -> None:
    """Scores that move, and who becomes an official or ceases to be one."""
    if compared.scores:
        console.print()
        console.print(Text(f"Scores that move by 5 points or more: {len(compared.scores):,}", style="bold"))
        made = table("Account", "Old", "New", right=("Old", "New"))
        for each in compared.scores[:limit]:
            row(made, account_name(each.subject, each.platform), f"{each.before:.1f}", f"{each.after:.1f}")
        console.print(made)
    for accounts, words in (
        (compared.became_officials, "Amplified accounts that become officials, and have no alerts any more"),
        (compared.ceased_to_be, "Officials that become accounts as any other, and may have alerts"),
    ):
        if accounts:
            names = ", ".join(printable(f"@{each.handle}" if each.handle else each.id) for each in accounts[:_LISTED])
            console.print(Text(f"{words}: {names}{', …' if len(accounts) > _LISTED else ''}."))


def paged_alerts(compared: Compared) -> list[Outcome]:
    """The alerts that people were told of, as far as that is known, and that do not stand as they were."""
    silent = ("stands", "would_have_fired_anew", "cannot_be_known")
    return [each for each in compared.alerts if each.live and each.kind not in silent]


def print_paged(console: Console, compared: Compared) -> None:
    """Who was paged for an alert that does not stand, and is to be informed."""
    paged = paged_alerts(compared)
    if paged:
        alerts = (f"{each.rule} on {account_name(each.subject, each.platform)}" for each in paged)
        names = ", ".join(dict.fromkeys(alerts))
        console.print()
        console.print(
            Text("To be informed: ", style="bold")
            + Text(printable(f"whoever was paged for {names}. What NOTIFY really sent is not in the events."))
        )
