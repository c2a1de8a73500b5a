"""The bundled case, moved so that its last alert ends at a given moment, and what the backtest makes of it.

Its whole history is then in the past, by a month and more, and nothing in it has to be left out or shortened.
"""

import time
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from msgspec import Struct

from streams.cases import KHAMENEI_SITE
from streams.core.backtest import Backtest
from streams.core.enriched import Alert
from streams.core.rosters.roster import Roster
from streams.core.rosters.roster_file import parse_roster
from streams.core.subject_event import Coordinates
from streams.events import Event, Retweet, Suspension, decode_event
from streams.kafka.client import producer
from streams.kafka.raw_record import raw_record
from streams.ledger.memory import MemoryLedger
from streams.rules_loading import bundled_rules
from streams.settings import Settings
from tests.e2e.shifting import shifted_events, shifted_roster

__all__ = ["LAST_RULE", "MovedCase", "bundled_case", "expected_alerts", "moved_case", "replay"]

LAST_RULE: Final = "amplified-then-suspended"
"""The rule whose alert ends last: a day after the last event of the case."""


class MovedCase(Struct, frozen=True, kw_only=True):
    """Events in the order of observation, their roster, and the alerts to come. `decisive` are the places of events by
    the rule whose alert each leads to, for rules on amplifications and suspensions.
    """

    events: list[Event]
    roster: Roster
    alerts: list[Alert]
    decisive: dict[str, int]


def bundled_case() -> tuple[list[Event], Roster]:
    """The case as it is bundled."""
    events = [decode_event(line) for line in KHAMENEI_SITE.events.read_bytes().splitlines()]
    return events, parse_roster(KHAMENEI_SITE.roster.read_bytes(), KHAMENEI_SITE.roster.name)


def expected_alerts(events: Iterable[Event], roster: Roster, now: datetime) -> list[Alert]:
    """The alerts of the backtest; none of the events may be refused."""
    backtest = Backtest(roster, bundled_rules(), MemoryLedger(), now_us=int(now.timestamp() * 1e6))
    for place, event in enumerate(events):
        refused = backtest.feed(event, Coordinates("case", 0, place))
        assert refused is None, (event, refused)
    return list(backtest.finish().alerts.values())


def moved_case(ends_at: datetime, now: datetime) -> MovedCase:
    """The case, so that the alert of `LAST_RULE` ends then."""
    events, roster = bundled_case()
    [last] = [alert for alert in expected_alerts(events, roster, now) if alert.rule == LAST_RULE]
    span = ends_at - last.expires_at
    moved, moved_roster = shifted_events(events, span), shifted_roster(roster, span)
    alerts = expected_alerts(moved, moved_roster, now)
    decisive = {alert.rule: place for alert in alerts for place in _places(moved, alert)}
    return MovedCase(events=moved, roster=moved_roster, alerts=alerts, decisive=decisive)


def _places(events: list[Event], alert: Alert) -> list[int]:
    """Where the event is at which the alert began to fire; nowhere for what follows from officials' silence."""
    about = {place: event for place, event in enumerate(events) if event.at == alert.fired_at}
    return [
        place
        for place, event in about.items()
        if (isinstance(event, Retweet) and event.subject.id == alert.subject.id)
        or (isinstance(event, Suspension) and event.actor.id == alert.subject.id)
    ][:1]


async def replay(settings: Settings, case: MovedCase) -> dict[str, float]:
    """Write all events to the raw topics, as fast as the broker takes them; returns when (`time.monotonic()`) the
    decisive ones were produced, by rule, once the broker has acknowledged all.
    """
    rules = {place: rule for rule, place in case.decisive.items()}
    client = producer(settings)
    produced: dict[str, float] = {}
    await client.start()
    try:
        for place, event in enumerate(case.events):
            record = raw_record(event)
            if place in rules:
                produced[rules[place]] = time.monotonic()
            await client.send(settings.topic(record.topic), record.value, key=record.key)
        await client.flush()
    finally:
        await client.stop()
    return produced
