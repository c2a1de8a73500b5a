"""The figures of an alert's account at any moment, recounted by the pipeline's own core from the kept events.

Nothing here counts: it collects what is kept and asks `streams.proofs.recount`.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial
from typing import Final

from msgspec import Struct

from streams.console.pages.alert_events import is_on_aftermath
from streams.console.pages.alert_model import RecountLine
from streams.console.pages.amplification_lines import all_amplifications
from streams.console.store.paging import every_row
from streams.console.store.reading import Store
from streams.console.store.results import EventRow
from streams.core.clock import to_us
from streams.core.enriched import Alert, Amplification, Dossier
from streams.core.rosters.roster import Roster
from streams.core.rulebook.rules import Rule, RuleSet
from streams.core.subject_event import Coordinates, subject_key
from streams.core.tracking.judge import condition_holds
from streams.core.tracking.subject_figures import SUBJECT_FIGURES, figure_value
from streams.core.watching.aftermath_alerts import aftermath_alert_id
from streams.core.watching.aftermath_judge import figures_at, severity_at
from streams.events import Account, Deletion, Event, Post, PostRef, Retweet, Suspension
from streams.proofs.recount import SourcedEvent, recount

__all__ = ["recount_at"]

_MOST_EVENTS: Final = 20_000
_FROM_RECORDS: Final = Coordinates("records", 0, 0)
# What the records of amplifications and notices say nothing of: unknown where no bytes are kept.
_OF_OTHER_EVENTS: Final = frozenset({"replies", "mentions", "follows"})
_NO_ROSTER: Final = "The roster by which the alert was judged is not kept here, so nothing can be recounted."
_NO_RULES: Final = "The rules by which the alert was judged are not kept here, so nothing can be recounted."
_TOO_MANY: Final = (
    f"More than {_MOST_EVENTS:,} events are to be counted: `antiphon backtest` counts them, not this page."
)
_NO_POSTS: Final = (
    "Figures of an aftermath rest on everything that the officials of the State posted and deleted, and bytes of some "
    "of it are not kept here: nothing can be recounted."
)


class _Material(Struct, frozen=True, kw_only=True):
    """Events up to a moment; `taken` of them are from records, as the bytes are not kept."""

    events: list[SourcedEvent]
    kept: int
    taken: int


def recount_at(
    store: Store,
    alert: Alert,
    dossier: Dossier | None,
    at: datetime,
    roster: Roster | None,
    rules: RuleSet | None,
    rule: Rule | None,
) -> RecountLine:
    """The figures as of that moment: those that a backtest over the events up to then would come to."""
    if roster is None:
        return _nothing(at, _NO_ROSTER)
    if rules is None or rule is None:
        return _nothing(at, _NO_RULES)
    if is_on_aftermath(alert):
        return _of_aftermath(store, alert, at, roster, rules, rule)
    material = _material(store, alert, dossier, to_us(at))
    if material is None:
        return _nothing(at, _TOO_MANY)
    found = recount(roster, rules, lambda: material.events, to_us(at))
    as_of = found.as_of(subject_key(alert.platform, alert.subject.id), to_us(at))
    if as_of is None:
        return _nothing(at, "No event about the account is kept from before that moment.")
    unknown = frozenset() if material.kept else _OF_OTHER_EVENTS
    figures = {
        name: None if name in unknown else figure_value(as_of, name)
        for name in alert.figures
        if name in SUBJECT_FIGURES
    }
    conditions = rule.countries.get(as_of.leading_country or "", rule.when)
    verdicts = [condition_holds(condition, figures.get(condition.figure)) for condition in conditions]
    return RecountLine(
        at=at,
        figures=figures,
        holds=False if False in verdicts else None if None in verdicts else True,
        events=material.kept,
        taken_as_counted=material.taken,
        words=_words(material),
    )


def _of_aftermath(store: Store, alert: Alert, at: datetime, roster: Roster, rules: RuleSet, rule: Rule) -> RecountLine:
    """Counted from everything that is kept of the platform: what officials post and delete is in no other record."""
    at_us = to_us(at)
    events: list[SourcedEvent] = []
    withheld = 0
    for place, each in enumerate(store.every_event(alert.platform)):
        if place >= _MOST_EVENTS:
            return _nothing(at, _TOO_MANY)
        event = each.readable
        if event is None:
            withheld += 1
        elif to_us(event.at) <= at_us:
            events.append((event, each.source or _FROM_RECORDS))
    kept = {event.id for event, _ in events}
    key = subject_key(alert.platform, alert.subject.id)
    if any(to_us(each.at) <= at_us and each.id not in kept for each in all_amplifications(store, key)):
        return _nothing(at, _NO_POSTS)
    _sort(events)
    watches = recount(roster, rules, lambda: events, at_us).watches
    watch = next((each for each in watches.values() if aftermath_alert_id(alert.rule, each.watch) == alert.id), None)
    if watch is None or watch.watch.opened_us > at_us:
        return _nothing(at, "The aftermath had not begun at that moment, as far as was known then.")
    found = figures_at(watch, at_us)
    figures = {name: found[name] for name in alert.figures if name in found}
    conditions = rule.countries.get(watch.watch.country, rule.when)
    verdicts = [condition_holds(condition, found.get(condition.figure)) for condition in conditions]
    holds = severity_at(rule, watch, at_us) is not None
    words = f"Recounted from all {len(events):,} kept events of the platform up to that moment."
    if withheld:
        words += f" {withheld:,} more {'is' if withheld == 1 else 'are'} withheld, and not counted."
    return RecountLine(
        at=at,
        figures=figures,
        holds=True if holds else False if False in verdicts else None,
        events=len(events),
        taken_as_counted=0,
        words=words,
    )


def _words(material: _Material) -> str:
    kept, taken = material.kept, material.taken
    words = f"Recounted from {kept:,} kept event{'' if kept == 1 else 's'} up to that moment."
    if taken:
        words += (
            f" {taken:,} more {'is' if taken == 1 else 'are'} taken as counted: the records name "
            f"{'it' if taken == 1 else 'them'}, and the bytes are not kept here."
        )
    if not kept:
        words += " Replies, mentions, follows and what was taken back are in no record: they are not known."
    return words


def _nothing(at: datetime, words: str) -> RecountLine:
    return RecountLine(at=at, figures={}, holds=None, events=0, taken_as_counted=0, words=words)


def _material(store: Store, alert: Alert, dossier: Dossier | None, at_us: int) -> _Material | None:
    """Everything that is kept of the account up to a moment, and what the records say of the rest; `None`: too much."""
    key = subject_key(alert.platform, alert.subject.id)
    kept: dict[tuple[str, str, str], EventRow] = {}
    for place, each in enumerate(every_row(partial(store.events_of_subject, key))):
        if place >= _MOST_EVENTS:
            return None
        _keep(kept, [each])
    amplified: list[Amplification] = []
    for place, record in enumerate(all_amplifications(store, key)):
        if place >= _MOST_EVENTS:
            return None
        amplified.append(record)
    ids = {record.id for record in amplified} | {each.key.id for each in kept.values()}
    gone_by: set[str] = set()
    for deletions in store.deletions_of(alert.platform, sorted(ids)).values():
        _keep(kept, deletions)
        gone_by |= {each.event.actor.id for each in deletions if isinstance(each.event, Deletion) and each.event.actor}
    for official in sorted(gone_by):  # whether it was gone itself decides whether it took anything back
        own = every_row(partial(store.events_of_subject, subject_key(alert.platform, official)))
        _keep(kept, (each for each in own if each.key.event_kind == "suspension"))
    events = [
        (each.event, each.source or _FROM_RECORDS)
        for each in kept.values()
        if each.event is not None and to_us(each.event.at) <= at_us
    ]
    known = {each.key.id for each in kept.values() if each.event is not None}
    taken = [event for event in _from_records(amplified, dossier) if event.id not in known and to_us(event.at) <= at_us]
    sourced: list[SourcedEvent] = [*events, *((event, _FROM_RECORDS) for event in taken)]
    _sort(sourced)
    return _Material(events=sourced, kept=len(events), taken=len(taken))


def _sort(events: list[SourcedEvent]) -> None:
    """By time; those of the same one always in the same order."""
    events.sort(key=lambda each: (to_us(each[0].at), each[0].id, each[1].topic, each[1].partition, each[1].offset))


def _keep(kept: dict[tuple[str, str, str], EventRow], events: Iterable[EventRow]) -> None:
    for each in events:
        kept[each.key.event_kind, each.key.id, each.sha256] = each


def _from_records(amplified: Iterable[Amplification], dossier: Dossier | None) -> Iterator[Event]:
    """Events as the records have them."""
    for each in amplified:
        actor = Account(id=each.official.id, handle=each.official.handle, name=each.official.name)
        if each.kind == "retweet":
            yield Retweet(
                platform=each.platform, id=each.id, at=each.at, actor=actor, subject=each.subject, post_id=each.post_id
            )
        else:
            quoted = PostRef(post_id=each.post_id or "unknown", account=each.subject)
            yield Post(platform=each.platform, id=each.id, at=each.at, actor=actor, quotes=quoted)
    if dossier is None:
        return
    for notice in dossier.suspensions:
        yield Suspension(
            platform=dossier.platform,
            id=notice.event_id,
            at=notice.at,
            actor=Account(id=dossier.subject.id),
            status=notice.status,
            precision=notice.precision,
        )
