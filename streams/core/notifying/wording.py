"""What a notice says, in annotations that people read: what happened, since when, who, why, how sure, what next.

Observed facts, never who runs an account. Whatever an alert holds, each annotation is bounded text.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal, TypeAlias

from streams.core.clock import from_us, to_us
from streams.core.enriched import AlertOfficial
from streams.core.notifying.notices import (
    MAX_LABEL,
    AlertHead,
    NotifyPolicy,
    clean,
    countries_of,
    evidence_link,
    runbook_link,
)
from streams.core.rule_files.figure_names import FIGURES, figure_named
from streams.core.rule_files.rule_words import condition_words, duration_words, value_words
from streams.core.rulebook.figures import FigureValue
from streams.core.rulebook.rules import SEVERITIES, Condition, Rule, Severity
from streams.core.subject_event import subject_key

__all__ = ["Ended", "annotations_of", "time_words"]

Ended: TypeAlias = Literal["quiet", "reinstated", "retracted", "superseded", "shadow"]

_MAX_TEXT: Final = 1_000
_MAX_FIGURES: Final = 50
_MAX_CONDITIONS: Final = 20
_MAX_OFFICIALS: Final = 5
_KNOWN: Final = frozenset(name for figures in FIGURES.values() for name in figures)
_WHENCE: Final = {
    None: "the day of its creation is as given",
    "snowflake": "the day of its creation is worked out from its id",
    "directory": "the day of its creation is what its directory says",
    "reported": "the day of its creation is what the platform says",
}
_NEXT: Final = (
    "Look at the evidence: who amplified what, and when. An alert is a reason to look, not a finding. "
    "If somebody listed here is no official, correct the roster."
)


def annotations_of(
    alert: AlertHead, policy: NotifyPolicy, severity: Severity, began_at: datetime, *, is_over: bool
) -> dict[str, str]:
    """What is said of an incident, and `ended` with its reason where it is over. `severity` is the highest that it had,
    `began_at` when the first of its alerts fired.
    """
    rule = next((each for each in policy.rules if each.digest == alert.rule_digest), None)
    handle = clean(alert.subject.handle or alert.subject.id, MAX_LABEL)
    link = evidence_link(alert, policy)
    said = {
        "title": clean(f"{_what(alert, rule)}: {_name(alert)}", _MAX_TEXT),
        "summary": clean(alert.summary, _MAX_TEXT),
        "severity": severity,
        "since": time_words(began_at),
        "last": time_words(alert.as_of),
        "who": _who(alert),
        "why": _why(alert, rule, severity),
        "certainty": _certainty(alert, rule),
        "next": _NEXT,
        "evidence": link or f"antiphon show {clean(alert.id, MAX_LABEL)}",
        "ends": f"It ends on {time_words(alert.expires_at)}, unless more is seen by then.",
        "figures": _figures(alert),
        "account": clean(subject_key(alert.platform, alert.subject.id), MAX_LABEL),
        "handle": handle,
        "alert_id": clean(alert.id, MAX_LABEL),
        "countries": clean(",".join(countries_of(alert)), MAX_LABEL),
        "fired_at": alert.fired_at.isoformat(),
        "as_of": alert.as_of.isoformat(),
        "evidence_total": str(alert.evidence_total),
    }
    if is_over:
        said["ended"], said["ended_because"] = _ended(alert)
        del said["ends"]
    if link:
        said["evidence_url"] = link
    return said | runbook_link(alert.rule, policy)


def time_words(at: datetime) -> str:
    """`21 January 2021, 11:59 UTC`."""
    at = from_us(to_us(at))  # in UTC, and at either end of the calendar the nearest time that there is
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}, {at.hour:02}:{at.minute:02} UTC"


_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


def _what(alert: AlertHead, rule: Rule | None) -> str:
    """The rule's own sentence; of another worker's rule the name is known alone."""
    return f"The rule {alert.rule} holds" if rule is None else rule.description.rstrip(". ")


def _name(alert: AlertHead) -> str:
    key = subject_key(alert.platform, alert.subject.id)
    return f"@{alert.subject.handle} ({alert.platform})" if alert.subject.handle else key


def _who(alert: AlertHead) -> str:
    if not alert.officials:
        states = clean(", ".join(countries_of(alert)), MAX_LABEL)
        return f"Officials of {states}; the record of this alert names none, the evidence does."
    named = ", ".join(_official(each) for each in alert.officials[:_MAX_OFFICIALS])
    more = alert.officials_total - min(len(alert.officials), _MAX_OFFICIALS)
    return clean(named + (f" and {more:,} more" if more > 0 else ""), _MAX_TEXT)


def _official(official: AlertOfficial) -> str:
    name = f"@{official.handle}" if official.handle else f"account {official.id}"
    times = "once" if official.amplifications == 1 else f"{official.amplifications:,} times"
    return f"{clean(name, 110)} ({clean(official.country, 20)}, {times})"


def _why(alert: AlertHead, rule: Rule | None, severity: Severity) -> str:
    """The sentence of the rule, then a line for each of its conditions with what the figure came to."""
    if rule is None:
        return clean(f"The rule {alert.rule} held; its conditions are not those of the rules in force here.", _MAX_TEXT)
    lines = [clean(rule.description, _MAX_TEXT)]
    lines += [_condition(each, alert) for each in _conditions(alert, rule)[:_MAX_CONDITIONS]]
    for escalation in rule.escalations:
        if SEVERITIES.index(escalation.severity) <= SEVERITIES.index(severity):
            conditions = "; ".join(_condition(each, alert) for each in escalation.when[:_MAX_CONDITIONS])
            lines.append(clean(f"{escalation.severity}, since {conditions}", _MAX_TEXT))
    return "\n".join(lines)


def _conditions(alert: AlertHead, rule: Rule) -> Sequence[Condition]:
    """Those by which it fired. Which State led is not said in the alert: with several, the first list that held."""
    lists = [rule.countries[country] for country in alert.countries if country in rule.countries]
    if len(alert.countries) == 1 and lists:
        return lists[0]
    held = [each for each in (*lists, rule.when) if all(_holds(one, alert.fired_figures) for one in each)]
    return held[0] if held else rule.when


def _holds(condition: Condition, figures: dict[str, FigureValue]) -> bool:
    value = figures.get(condition.figure)
    if value is None:
        return False
    if condition.equals is not None:
        return value is condition.equals
    return (condition.at_least is None or value >= condition.at_least) and (
        condition.at_most is None or value <= condition.at_most
    )


def _condition(condition: Condition, alert: AlertHead) -> str:
    """`officials that amplified the account in the 7d up to then: at least 3 officials; it was 3, and is 5`."""
    name = condition.figure
    fired, now = (
        value_words(name, figures[name]) if name in figures else None
        for figures in (alert.fired_figures, alert.figures)
    )
    words = condition_words(condition)
    match fired, now:
        case (None, None):
            return clean(words, _MAX_TEXT)
        case (None, value) | (value, None):
            return clean(f"{words}; it is {value}", _MAX_TEXT)
        case _:
            came_to = f"it was {fired}" + ("" if now == fired else f", and is {now}")
            return clean(f"{words}; {came_to}", _MAX_TEXT)


def _certainty(alert: AlertHead, rule: Rule | None) -> str:
    """What the counts rest on, and what makes them less than certain."""
    events = "1 event" if alert.evidence_total == 1 else f"{alert.evidence_total:,} events"
    said = [f"Counted from {events}"]
    dropped = alert.dropped_amplifications
    if dropped:
        reports = "1 report was" if dropped == 1 else f"{dropped:,} reports were"
        said.append(f"counts are lower bounds, since {reports} too late or too many to be counted")
    if rule is not None and any(each.figure.startswith("age_") for each in rule.when):
        known = alert.subject.created_at is not None
        said.append(_WHENCE[alert.subject.created_at_source] if known else "no source said when it was created")
    unseen = alert.figures.get("unseen_share", 0.0)
    if unseen is None:
        said.append("what nobody saw of the officials' posts is not known, since no source says what it saw")
    elif unseen:
        said.append(f"{value_words('unseen_share', unseen)} of the time of the watch was seen by no source")
    return clean("; ".join(said) + ".", _MAX_TEXT)


def _figures(alert: AlertHead) -> str:
    lines = [_figure(name, value) for name, value in list(alert.figures.items())[:_MAX_FIGURES]]
    return "\n".join(lines) or "none"


def _figure(name: str, value: FigureValue) -> str:
    if name not in _KNOWN:  # of a rule of another version
        return clean(f"{clean(name, 60)}: {'not known' if value is None else str(value)[:30]}", _MAX_TEXT)
    meaning = figure_named(name).meaning.partition(";")[0]
    return clean(f"{meaning}: {value_words(name, value)}", _MAX_TEXT)


def _ended(alert: AlertHead) -> tuple[Ended, str]:
    """Why it is over, by the record that says so."""
    if alert.status == "retracted" and alert.superseded_by is not None:
        return "superseded", f"Late events made it part of another alert: {clean(alert.superseded_by, MAX_LABEL)}."
    if alert.retracted_at is not None:
        reason = clean(alert.retracted_because or "", _MAX_TEXT - 100)
        return "retracted", f"Retracted by hand on {time_words(alert.retracted_at)}: {reason}"
    if alert.status == "retracted":
        return "retracted", "Taken back: by what is known now the rule did not hold."
    if alert.mode == "shadow":
        return "shadow", f"The rule {clean(alert.rule, MAX_LABEL)} is on trial now, and tells nobody."
    if alert.status == "expired" and alert.expires_at == alert.as_of:
        return "reinstated", f"The account is back; that was noted on {time_words(alert.as_of)}."
    quiet_us = to_us(alert.expires_at) - to_us(alert.as_of)
    quiet = f" for {duration_words(quiet_us)}" if quiet_us > 0 else ""
    return "quiet", f"Nothing more was seen{quiet}, since {time_words(alert.as_of)}."
