"""Alerts of rules on an aftermath: at which moments of a watch a rule held, in words, with figures and evidence.

At most one alert for each rule and watch. States counts and dates, never why anybody did anything.
"""

from collections.abc import Iterable, Sequence
from heapq import nsmallest

import msgspec

from streams.core.clock import day_of, from_us, to_us
from streams.core.enriched import ALERT_OFFICIALS, Alert, AlertOfficial, AlertStatus, Evidence
from streams.core.identity import alert_id, dedup_key
from streams.core.rulebook.rules import SEVERITIES, Rule
from streams.core.subject_event import subject_key
from streams.core.suspension_words import STATUS_WORDS, days_of, uncertain_part
from streams.core.watching.aftermath_judge import figures_at, may_hold, moved_by, severity_at
from streams.core.watching.records import AmplifiedAccount
from streams.core.watching.unseen_words import unseen_words
from streams.core.watching.watch import WatchPeriod
from streams.core.watching.watch_figures import Happening, WatchFigures

__all__ = ["aftermath_alert_id", "alerts_of", "retracted_alert"]


def aftermath_alert_id(rule: str, watch: WatchPeriod) -> str:
    """The id of the alert of a rule for a watch."""
    return alert_id(rule, watch.about, watch.id)


def alerts_of(
    watch_figures: WatchFigures, rules: Iterable[Rule], amplified_accounts: Sequence[AmplifiedAccount]
) -> list[Alert]:
    """The alerts of a watch, in the order of the rules. `amplified accounts` are those of its possible successors.

    A rule is judged when one of its figures may have moved. `fired_at` is the first moment at which it held, `as_of`
    the last, and its severity the highest of any.
    """
    alerts = []
    for rule in rules:
        if not may_hold(rule, watch_figures):
            continue
        happenings = moved_by(rule)
        held = [
            (at, found)
            for at in watch_figures.times(happenings)
            if (found := severity_at(rule, watch_figures, at)) is not None
        ]
        if held:
            severity = max(found for _, found in held)
            alerts.append(_alert(watch_figures, rule, severity, held[0][0], held[-1][0], "firing", amplified_accounts))
    return alerts


def retracted_alert(watch_figures: WatchFigures, rule: Rule, successor: Alert | None) -> Alert:
    """The record that takes an alert back which turned out not to hold; its figures are those at the opening, or the
    content is that of the alert as which it goes on.
    """
    if successor is not None:
        name = aftermath_alert_id(rule.name, watch_figures.watch)
        if successor.retracted_at is not None:  # it does not fire: nothing goes on
            return msgspec.structs.replace(successor, id=name)
        return msgspec.structs.replace(successor, id=name, status="retracted", superseded_by=successor.id)
    opened_us = watch_figures.watch.opened_us
    return _alert(watch_figures, rule, SEVERITIES.index(rule.severity), opened_us, opened_us, "retracted", ())


def _alert(
    watch_figures: WatchFigures,
    rule: Rule,
    severity: int,
    fired_us: int,
    as_of_us: int,
    status: AlertStatus,
    amplified_accounts: Sequence[AmplifiedAccount],
) -> Alert:
    watch = watch_figures.watch
    happenings = moved_by(rule)
    evidence, total = _evidence(watch_figures, happenings, as_of_us, amplified_accounts)
    return Alert(
        id=aftermath_alert_id(rule.name, watch),
        dedup_key=dedup_key(rule.name, watch.about),
        rule=rule.name,
        severity=SEVERITIES[severity],
        mode=rule.mode,
        status=status,
        platform=watch.platform,
        subject=watch.subject,
        countries=(watch.country,),
        fired_at=from_us(fired_us),
        as_of=from_us(as_of_us),
        expires_at=from_us(as_of_us + rule.quiet_us),
        figures=figures_at(watch_figures, as_of_us),
        fired_figures=figures_at(watch_figures, fired_us),
        evidence=evidence,
        evidence_total=total,
        summary=_summary(watch_figures, happenings, as_of_us),
        rule_digest=rule.digest,
        roster_digest=watch.digest,
        officials=_officials(watch),
        officials_total=len(watch.amplifiers),
    )


def _officials(watch: WatchPeriod) -> tuple[AlertOfficial, ...]:
    """Those of the State that had amplified the subject most; of equals the one with the smallest id."""
    most = nsmallest(ALERT_OFFICIALS, watch.amplifiers, key=lambda each: (-each.amplifications, each.id))
    return tuple(
        AlertOfficial(id=each.id, handle=each.handle, country=watch.country, amplifications=each.amplifications)
        for each in most
    )


def _evidence(
    watch_figures: WatchFigures,
    happenings: frozenset[Happening],
    as_of_us: int,
    amplified_accounts: Sequence[AmplifiedAccount],
) -> tuple[tuple[Evidence, ...], int]:
    """The suspension, the newest deletions and the first amplifications of possible successors, in order of time; and
    how many there are, with those that are not listed.
    """
    watch = watch_figures.watch
    items: list[Evidence] = []
    unlisted = 0
    if "deletion" in happenings:
        items += [
            Evidence(
                event_id=deleted.post_id,
                kind="deletion",
                at=from_us(deleted.at_us),
                official=deleted.official,
                source=deleted.source,
            )
            for deleted in watch_figures.counted.deletion_marks
            if deleted.at_us <= as_of_us
        ]
        unlisted = max(0, watch_figures.deletions(as_of_us) - len(items))
    if "successor" in happenings:
        items += [
            Evidence(
                event_id=each.post_id,
                kind="quote" if each.kind == "quote" else "retweet",
                at=from_us(each.at_us),
                official=each.official,
                source=each.source,
            )
            for amplified_account in amplified_accounts
            for each in amplified_account.first
            if each.at_us <= as_of_us and each.official in watch.amplifier_ids
        ]
    items.sort(key=lambda item: (item.at, item.event_id, item.kind))
    suspension = Evidence(
        event_id=watch.period.event_id,
        kind="suspension",
        at=from_us(watch.opened_us),
        official=None,
        source=watch.period.source,
    )
    room = watch_figures.policy.evidence - 1
    return (suspension, *items[max(0, len(items) - room) :]), 1 + len(items) + unlisted


def _summary(watch_figures: WatchFigures, happenings: frozenset[Happening], as_of_us: int) -> str:
    """One sentence of counts and dates."""
    watch, counted = watch_figures.watch, watch_figures.counted
    account = watch.subject
    name = f"@{account.handle}" if account.handle else subject_key(watch.platform, account.id)
    officials = len(watch.amplifiers)
    by = f"{officials} official{'' if officials == 1 else 's'} of {watch.country}"
    period = watch.period
    not_before = None if period.not_before_us is None else from_us(period.not_before_us)
    days = days_of(period.precision, not_before, from_us(watch.opened_us))
    parts = [f"{name}, amplified by {by}, was noted as {STATUS_WORDS[period.status]} on {days}"]
    until = f"by {day_of(as_of_us)}"
    if "deletion" in happenings:
        before = f"{counted.deletions_before} in the {watch_figures.policy.baseline_days} days before"
        before += uncertain_part(counted.deletions_uncertain)
        parts.append(
            f"{until} officials of {watch.country} had deleted {_posts(watch_figures.deletions(as_of_us))} ({before})"
        )
    if "reference" in happenings or "end" in happenings:
        said = f"{until} they had referred to it in {_posts(watch_figures.references(as_of_us))}"
        if counted.references_uncertain:
            said += f" ({counted.references_before} in the {watch_figures.policy.baseline_days} days before"
            said += f"{uncertain_part(counted.references_uncertain)})"
        parts.append(said)
    silent = watch_figures.silent_officials(as_of_us)
    if "end" in happenings and silent is not None:
        parts.append(f"{silent} of the {officials} had not referred to it")
    if not happenings.isdisjoint(("deletion", "reference", "end")):
        parts += unseen_words(watch, watch_figures.coverage, as_of_us)
    if "successor" in happenings:
        handles = [
            f"@{each.subject.handle}" if each.subject.handle else subject_key(watch.platform, each.subject.id)
            for each in watch_figures.successors
            if to_us(each.noticed_at) <= as_of_us
        ]
        if handles:
            accounts = f"possible successor{'' if len(handles) == 1 else 's'}: {', '.join(handles[:5])}"
            more = f" and {len(handles) - 5} more" if len(handles) > 5 else ""
            parts.append(f"{until} some of them had taken up {len(handles)} {accounts}{more}")
    back_us = period.reinstated_us
    if back_us is not None:  # whatever the alert is as of, people must know
        back = "was seen again on" if period.seen_again else "is back since"
        parts.append(f"the account {back} {day_of(back_us)}")
    return "; ".join(parts) + "."


def _posts(count: int) -> str:
    return f"{count} post{'' if count == 1 else 's'}"
