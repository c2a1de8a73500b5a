"""The two figures of an alert's page: who acted and when, and what that added up to."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from streams.console.charts.moments import Moment, MomentKind
from streams.console.charts.steps import Bound, StepLine, step_chart
from streams.console.charts.strip_plot import StripMark, StripRow, strip_plot
from streams.console.pages.alert_events import AlertEvents, is_on_aftermath
from streams.console.pages.alert_model import EventLine, OfficialLine
from streams.core.clock import from_us, to_us
from streams.core.enriched import Alert, Amplification, Dossier
from streams.core.rulebook.rules import Rule
from streams.events import SuspensionStatus

__all__ = ["SOURCE_NOTE", "figures_of", "moments_of"]

SOURCE_NOTE: Final = (
    "Counts of public acts, with all times in UTC. They do not say who runs an account, or why anybody did anything."
)
_NOTICES: Final[dict[SuspensionStatus, tuple[MomentKind, str]]] = {
    "suspended": ("suspended", "suspended"),
    "deleted": ("suspended", "gone"),
    "deactivated": ("suspended", "deactivated"),
    "reinstated": ("back", "back"),
}
_STRENGTH: Final[tuple[MomentKind, ...]] = ("as-of", "created", "back", "asked", "suspended", "fired")
_MINUTE_US: Final = 60_000_000


def moments_of(alert: Alert, dossier: Dossier | None, asked: datetime | None) -> list[Moment]:
    """What happened to the account and to the alert; what happened in the same minute is one moment."""
    found: list[tuple[int, MomentKind, str]] = []
    if alert.subject.created_at is not None and not is_on_aftermath(alert):  # what is drawn is some weeks of its end
        found.append((to_us(alert.subject.created_at), "created", "created"))
    found += [(to_us(alert.fired_at), "fired", "fired"), (to_us(alert.as_of), "as-of", "as of")]
    for notice in () if dossier is None else dossier.suspensions:
        if notice.at <= max(alert.expires_at, alert.as_of):
            found.append((to_us(notice.at), *_NOTICES[notice.status]))
    if asked is not None:
        found.append((to_us(asked), "asked", "asked for"))
    together: dict[int, list[tuple[int, MomentKind, str]]] = {}
    for each in sorted(found):
        together.setdefault(each[0] // _MINUTE_US, []).append(each)
    moments = []
    for several in together.values():
        kind = max((each[1] for each in several), key=_STRENGTH.index)
        names = ", ".join(dict.fromkeys(each[2] for each in several))
        moments.append(Moment(kind=kind, at_us=several[0][0], words=f"{names} {_written(several[0][0])}"))
    return moments


def figures_of(alert: Alert, events: AlertEvents, moments: Sequence[Moment], rule: Rule | None) -> dict[str, str]:
    """The strip plot, and of an alert on a subject the steps, as SVG by name. No steps where no amplification is kept:
    they would end at nought, whatever the alert counted.
    """
    name = f"@{alert.subject.handle}" if alert.subject.handle else alert.subject.id
    ats = [to_us(each.at) for each in events.events] + [to_us(each.at) for each in events.amplifications]
    ats += [moment.at_us for moment in moments]
    since_us, until_us = min(ats), max(ats)
    drawn = {
        "strip": strip_plot(
            _rows(events),
            moments,
            since_us,
            until_us,
            title=f"What officials did about {name}" if is_on_aftermath(alert) else f"Who amplified {name}, and when",
            description=f"{len(events.officials):,} rows of officials, those with most events at the top, with a mark "
            "for each event.",
            notes=[SOURCE_NOTE],
        )
    }
    lines = () if is_on_aftermath(alert) else _lines(alert, events)
    if any(line.points for line in lines):
        drawn["steps"] = step_chart(
            lines,
            [] if rule is None else list(_bounds(rule)),
            moments,
            since_us,
            until_us,
            title=f"How often {name} was amplified, and by how many officials",
            description="Two lines that rise with each amplification, and with each official that joins.",
            notes=[SOURCE_NOTE],
        )
    return drawn


def _rows(events: AlertEvents) -> list[StripRow]:
    marks: dict[str, list[StripMark]] = {}
    for each in _acts(events):
        official, mark = each
        marks.setdefault(official, []).append(mark)
    return [StripRow(name=_name(line), marks=marks.get(line.key.partition(":")[2], ())) for line in events.officials]


def _acts(events: AlertEvents) -> Iterable[tuple[str, StripMark]]:
    for each in events.amplifications:
        mark = StripMark(at_us=to_us(each.at), kind=each.kind, withdrawn=each.id in events.withdrawn)
        yield each.official.id, mark
    known = {each.id for each in events.amplifications}
    for line in events.events:
        if line.official is not None and line.id not in known:
            yield line.official.partition(":")[2], _mark(line)


def _mark(line: EventLine) -> StripMark:
    match line.kind:
        case "quote":
            return StripMark(at_us=to_us(line.at), kind="quote", withdrawn=line.withdrawn_at is not None)
        case "deletion":
            return StripMark(at_us=to_us(line.at), kind="deletion")
        case _:
            return StripMark(at_us=to_us(line.at), kind="retweet", withdrawn=line.withdrawn_at is not None)


def _name(line: OfficialLine) -> str:
    return f"@{line.handle}" if line.handle else line.key.partition(":")[2]


def _lines(alert: Alert, events: AlertEvents) -> Sequence[StepLine]:
    standing: list[Amplification] = [
        each for each in reversed(events.amplifications) if each.id not in events.withdrawn
    ]
    # What the topic has no more was before: the lines begin with what is missing of the alert's own count.
    before = max(0, int(alert.figures.get("amplifications") or 0) - len(standing))
    seen: set[str] = set()
    total: list[tuple[int, int]] = []
    officials: list[tuple[int, int]] = []
    for place, each in enumerate(standing, before + 1):
        total.append((to_us(each.at), place))
        if each.official.id not in seen:
            seen.add(each.official.id)
            officials.append((to_us(each.at), len(seen)))
    lines = [StepLine(kind="amplifications", words="amplifications", points=total)]
    if not before:
        lines.append(StepLine(kind="officials", words="officials", points=officials))
    return lines


def _bounds(rule: Rule) -> Iterable[Bound]:
    for condition in rule.when:
        if condition.at_least is None:
            continue
        if condition.figure == "amplifications":
            yield Bound(
                kind="amplifications", count=condition.at_least, words=f"rule: {condition.at_least:,.0f} or more"
            )
        elif condition.figure == "distinct_officials":
            yield Bound(kind="officials", count=condition.at_least, words=f"rule: {condition.at_least:,.0f} or more")


def _written(at_us: int) -> str:
    return from_us(at_us).strftime("%Y-%m-%d")
