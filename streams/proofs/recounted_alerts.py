"""The versions of alerts that a recount goes through: each content that they have after one event or another.

The end of a recount is one version of an alert; the earlier ones follow from the events up to then.
"""

from collections.abc import Callable, Iterable, Sequence, Set
from datetime import datetime
from typing import Final

import msgspec

from streams.core.backtest import Backtest
from streams.core.clock import to_us
from streams.core.enriched import Alert
from streams.core.rosters.roster import Roster
from streams.core.rulebook.rules import RuleSet
from streams.ledger.memory import MemoryLedger
from streams.proofs.recount import SourcedEvent

__all__ = ["RecountedAlerts", "recounted_alerts"]

_MOST_EACH: Final = 1_000  # events after each of which the alerts are looked at, some 3 ms each
_MOST_STOPS: Final = 1_000


class RecountedAlerts:
    """Each content that the alerts of one recount had."""

    def __init__(self) -> None:
        self._encoded: dict[str, dict[bytes, Alert]] = {}

    def add(self, alert: Alert) -> None:
        """One more, unless it is known."""
        self._encoded.setdefault(alert.id, {}).setdefault(msgspec.json.encode(alert), alert)

    def has(self, alert_id: str, value: bytes) -> bool:
        """Whether the alert had this very content."""
        return value in self._encoded.get(alert_id, {})

    def as_of(self, alert_id: str, at: datetime) -> list[Alert]:
        """What the alert was as of that event."""
        return [alert for alert in self._encoded.get(alert_id, {}).values() if alert.as_of == at]

    def by(self, alert_id: str, at: datetime) -> Alert | None:
        """What the alert was by that time; `None` where it had not fired."""
        earlier = (alert for alert in self._encoded.get(alert_id, {}).values() if alert.as_of <= at)
        return max(earlier, key=lambda alert: alert.as_of, default=None)


def recounted_alerts(
    roster: Roster,
    rules: RuleSet,
    events: Callable[[], Iterable[SourcedEvent]],
    versions: Sequence[Alert],
    read_up_to_us: int,
) -> RecountedAlerts:
    """What these alerts were, event by event in the order of their times; of very many events, as of the versions'
    own, and where these had expired.
    """
    ids = {version.id for version in versions}
    backtest = Backtest(roster, rules, MemoryLedger(), now_us=read_up_to_us)
    found = RecountedAlerts()
    stops = _stops(versions)
    each = sum(1 for _ in events()) <= _MOST_EACH
    for event, source in events():
        if not each and _crosses(stops, to_us(event.at)):
            _look(backtest, ids, found)
        backtest.feed(event, source)
        if each:
            _look(backtest, ids, found)
    backtest.read_up_to(read_up_to_us)
    _look(backtest, ids, found)
    return found


def _stops(versions: Iterable[Alert]) -> list[int]:
    moments = {to_us(moment) for each in versions for moment in (each.as_of, each.expires_at)}
    return sorted(moments)[:_MOST_STOPS]


def _crosses(stops: list[int], at_us: int) -> bool:
    """Whether events go on after a stop: so all events at that very time are counted."""
    crossed = False
    while stops and stops[0] < at_us:
        stops.pop(0)
        crossed = True
    return crossed


def _look(backtest: Backtest, ids: Set[str], found: RecountedAlerts) -> None:
    for alert_id, alert in backtest.alerts_so_far().items():
        if alert_id in ids:
            found.add(alert)
