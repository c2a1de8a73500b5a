"""A case file as text for people: an account as a subject, and as an official."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from rich.console import Console
from rich.text import Text

from streams.cli.report_aftermath import print_aftermath
from streams.cli.report_dossier import day, dossier_table
from streams.cli.terminal import counted, row, table
from streams.core.alert_state import alert_state
from streams.core.case_file import CaseFile, OfficialFile, Unseen, Version, acceptances_of, linked_evidence
from streams.core.clock import from_us
from streams.core.enriched import Alert
from streams.core.notifications import Acceptance
from streams.core.platforms import post_link
from streams.core.rosters.roster import RosterEntry
from streams.events import Coverage
from streams.printable import printable

__all__ = ["SEVERITY_STYLES", "minute", "print_case", "print_official", "title_of"]

SEVERITY_STYLES: Final = {"critical": "bold red", "warning": "yellow", "info": "cyan"}
_MOST_EVIDENCE: Final = 10
_MOST_AMPLIFICATIONS: Final = 10
_MOST_SUBJECTS: Final = 20
_MOST_GAPS: Final = 5
_MOST_VERSIONS: Final = 5
_KEY_FIGURES: Final = (
    ("amplifications", "distinct_officials", "age_days"),
    ("amplifying_officials", "silent_officials", "references", "deletions"),  # of rules on an aftermath
)


def print_case(console: Console, case: CaseFile, now_us: int, *, alert_id: str | None = None) -> None:
    """All of it. `alert_id` is the alert that was asked for: its evidence is listed in place of the newest one's."""
    _say(console, title_of(case.key, case.account.handle, case.account.name), "bold")
    alerts = [versions[-1].record for versions in case.alerts]
    standing = [alert for alert in alerts if alert.status != "retracted"]
    if standing:
        _say(console, max(standing, key=lambda alert: (alert.as_of, alert.id)).summary)
    if case.is_empty:
        _say(console, "No official of the roster is known to have engaged with it.")
    if case.dossier is not None:
        console.print()
        console.print(dossier_table(case.key, case.dossier))
        if case.dossier.dropped:
            dropped = counted(case.dossier.dropped, "report")
            _say(console, f"{dropped} came too late to be counted: figures are lower bounds.")
    _print_alerts(console, case, now_us, alert_id)
    _print_amplifications(console, case)
    about_aftermaths = [alert for alert in alerts if "silent_officials" in alert.figures]
    for aftermath in case.aftermaths:
        console.print()
        print_aftermath(console, aftermath, [a for a in about_aftermaths if a.countries[:1] == (aftermath.country,)])
    for aftermath in case.successor_of:
        name = title_of(f"{aftermath.platform}:{aftermath.subject.id}", aftermath.subject.handle, None)
        _say(console, f"Listed as a possible successor of {name}, aftermath {aftermath.id}.")
    console.print()
    _say(console, _unseen_words(case.unseen, case.key.partition(":")[0]))


def print_official(console: Console, official: OfficialFile) -> None:
    """Its terms on the roster, and whom it amplified."""
    _say(console, title_of(official.key, official.account.handle, official.account.name), "bold")
    if not official.roster:
        _say(console, "It amplified others as an official, and stands on no roster that can be read here.")
    for entry in official.roster:
        _say(console, _term(entry))
    console.print()
    if not official.amplified:
        _say(console, "It is not known to have amplified an account.")
    else:
        made = table("Amplified", "Times", "First", "Last", "Alerts", right=("Times",))
        for each in official.amplified[:_MOST_SUBJECTS]:
            figures = each.figures
            row(
                made, _name(each.subject.handle, each.key), figures.retweets + figures.quotes, day(figures.first_at),
                day(figures.last_at), ", ".join(each.rules),
            )  # fmt: skip
        console.print(made)
        total = sum(each.figures.retweets + each.figures.quotes for each in official.amplified)
        more = max(0, len(official.amplified) - _MOST_SUBJECTS)
        shown = f"; {more:,} more are in --json" if more else ""
        _say(console, f"{counted(len(official.amplified), 'account')}, {total:,} times in all{shown}.")
    own = official.key.partition(":")[2].removeprefix("@").casefold()
    for aftermath in official.aftermaths:
        name = _name(aftermath.subject.handle, f"{aftermath.platform}:{aftermath.subject.id}")
        part = next(each for each in aftermath.officials if own in (each.id.casefold(), (each.handle or "").casefold()))
        silent = ", silent" if part.silent else ""
        counts = f"{counted(part.references, 'reference')}, {counted(part.deletions, 'deletion')}{silent}"
        _say(console, f"In the aftermath of {name} from {day(aftermath.opened_at)}, {aftermath.status}: {counts}.")


def title_of(key: str, handle: str | None, name: str | None) -> str:
    """What an account is called, and its key."""
    said = f"{_name(handle, key)}" if handle else printable(key)
    called = f" ({printable(name, 60)})" if name else ""
    return f"{said}{called}  {printable(key)}" if handle else f"{said}{called}"


def minute(at: datetime | None) -> str:
    """The minute, UTC, or that it is not known."""
    return "unknown" if at is None else f"{at:%Y-%m-%d %H:%M}"


def _print_alerts(console: Console, case: CaseFile, now_us: int, alert_id: str | None) -> None:
    console.print()
    if not case.alerts:
        _say(console, "No rule held for it.")
        return
    made = table("Alert", "Severity", "State", "Fired, UTC", "Until")
    for versions in case.alerts:
        alert = versions[-1].record
        row(
            made, alert.rule + (" (shadow)" if alert.mode == "shadow" else ""),
            Text(alert.severity, SEVERITY_STYLES[alert.severity]), alert_state(alert, now_us), minute(alert.fired_at),
            day(alert.expires_at),
        )  # fmt: skip
    console.print(made)
    for versions in case.alerts:
        _print_versions(console, versions)
        if case.notifications is not None:
            _say(console, f"  {_acceptance_words(acceptances_of(case, versions[-1].record.id))}")
    alerts = [versions[-1].record for versions in case.alerts]
    _print_evidence(console, case, max(alerts, key=lambda a: (a.id == alert_id, a.evidence_total, a.as_of, a.id)))


def _print_versions(console: Console, versions: Sequence[Version[Alert]]) -> None:
    alert = versions[-1].record
    said = f"{alert.rule} {alert.id}: {_figures(alert.fired_figures)} when it fired"
    if (now := _figures(alert.figures)) != _figures(alert.fired_figures):
        said += f"; {now} on {day(alert.as_of)}"
    if alert.retracted_at is not None:
        said += f"; retracted by hand on {minute(alert.retracted_at)}: {alert.retracted_because}"
    if alert.superseded_by is not None:
        said += f"; it goes on as {alert.superseded_by}"
    _say(console, said)
    if len(versions) > 1:
        kept = "; ".join(
            f"{minute(version.written_at)} {version.record.severity} {version.record.status}, "
            f"{_figures(version.record.figures)}"
            for version in versions[-_MOST_VERSIONS:]
        )
        _say(console, f"  {len(versions)} versions are kept: {kept}")


def _acceptance_words(acceptances: Sequence[Acceptance] | None) -> str:
    if not acceptances:
        return "when it was told: not known"
    states = (f"{minute(each.accepted_at)} {each.severity} {each.state} ({each.receiver})" for each in acceptances)
    return f"first accepted by Alertmanager: {'; '.join(states)}"


def _figures(figures: dict[str, float | int | bool | None]) -> str:
    names = next(names for names in _KEY_FIGURES if names[0] in figures or names is _KEY_FIGURES[-1])
    words = []
    for name in names:
        value = figures.get(name)
        if value is None:
            words.append(f"{name.removesuffix('_days').replace('_', ' ')} unknown")
            continue
        shown = f"{value:,.0f}" if isinstance(value, float) else f"{value:,}"
        words.append(f"{shown} {name.replace('_', ' ')}" if name != "age_days" else f"age {shown} days")
    return ", ".join(words)


def _print_evidence(console: Console, case: CaseFile, alert: Alert) -> None:
    console.print()
    events = linked_evidence(alert, case.dossier, case.amplifications)
    listed = events[:_MOST_EVIDENCE]
    heading = f"What {alert.rule} ({alert.id}) rests on: {counted(alert.evidence_total, 'event')}, the newest first"
    _say(console, heading, "bold")
    lines = []
    for each in listed:
        taken = "" if each.withdrawn_at is None else f" (taken back {day(each.withdrawn_at)})"
        where = each.link or f"{each.event_id}, {each.source.topic}/{each.source.partition}@{each.source.offset}"
        who = "" if each.official is None else _name(each.handle, each.official)
        lines.append((minute(each.at), each.kind, who, printable(where) + taken))
    _print_lines(console, lines)
    if alert.evidence_total > len(listed):
        kept = f"; the record lists {len(alert.evidence):,} (--json)" if len(alert.evidence) > len(listed) else ""
        _say(console, f"… and {alert.evidence_total - len(listed):,} more{kept}")


def _print_amplifications(console: Console, case: CaseFile) -> None:
    console.print()
    if not case.amplifications:
        _say(console, "No amplification of it is kept: none was made, or retention has removed them.")
        return
    _say(console, f"Amplifications that are kept: {len(case.amplifications):,}, the newest first", "bold")
    lines = []
    for each in case.amplifications[:_MOST_AMPLIFICATIONS]:
        official = each.official
        link = post_link(each.platform, official.id, official.handle, each.id) or (
            post_link(each.platform, each.subject.id, each.subject.handle, each.post_id or "") or each.id
        )
        lines.append((minute(each.at), each.kind, _name(official.handle, official.id), printable(link)))
    _print_lines(console, lines)
    more = len(case.amplifications) - _MOST_AMPLIFICATIONS
    if more > 0:
        _say(console, f"… and {more:,} more (--json has all)")


def _print_lines(console: Console, lines: Sequence[tuple[str, str, str, str]]) -> None:
    """Columns without a table: an address stays whole, however narrow the page is, so that it can be opened."""
    kinds, names = (max((len(line[n]) for line in lines), default=0) for n in (1, 2))
    for at, kind, who, where in lines:
        console.print(Text(f"{at}  {kind:<{kinds}}  {who:<{names}}  {where}"), soft_wrap=True)


def _unseen_words(unseen: Unseen | None, platform: str) -> str:
    platform = printable(platform)
    if unseen is None:
        return "What went unseen is not in these files, except what an aftermath says of its watch."
    if not unseen.reported:
        return f"No source says what it saw of {platform}: what went unseen is not known."
    since = "" if unseen.seen_since is None else f"{platform} is seen since {minute(unseen.seen_since)}. "
    if not unseen.gaps:
        return f"{since}No source says that anything went unseen since this account was amplified first."
    newest = unseen.gaps[-_MOST_GAPS:]
    spans = "; ".join(
        f"{minute(gap.since)} to {'now' if gap.until is None else minute(gap.until)} ({_of_gap(gap)})" for gap in newest
    )
    more = len(unseen.gaps) - len(newest)
    return (
        f"{since}Unseen since it was amplified first: {counted(len(unseen.gaps), 'span')}"
        f"{f', the newest {len(newest)}' if more else ''}: {spans}. Figures of such spans are lower bounds."
    )


def _of_gap(gap: Coverage) -> str:
    who = "all officials" if gap.officials is None else counted(len(gap.officials), "official")
    return f"{printable(gap.source)}, {who}{f', {gap.reason}' if gap.reason else ''}"


def _term(entry: RosterEntry) -> str:
    since = "ever" if entry.valid_from_us is None else day(from_us(entry.valid_from_us))
    until = "" if entry.valid_to_us is None else f" to {day(from_us(entry.valid_to_us))}"
    said = f"{entry.country}, {entry.category}, on the roster since {since}{until}: {printable(entry.source_url)}"
    return said + (f"; own domains: {', '.join(entry.domains)}" if entry.domains else "")


def _say(console: Console, text: str, style: str = "") -> None:
    """A line in which nothing is obeyed by a terminal: all of it may come from outside."""
    console.print(Text(printable(text), style=style))


def _name(handle: str | None, other: str) -> str:
    return f"@{printable(handle)}" if handle else printable(other)
