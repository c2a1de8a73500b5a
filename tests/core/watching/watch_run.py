"""WATCH run as its agent runs it: batches of State events against a ledger, a new watcher for each batch.

Owns what would be durable: the ledger and the last record published of each id. Knows no broker.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import msgspec

from streams.core.country_event import CountryEvent, decode_country_event, encode_country_event
from streams.core.enriched import Alert
from streams.core.rulebook.rules import RuleSet
from streams.core.subject_event import SubjectEvent
from streams.core.tracked import TrackedAccount
from streams.core.watching.aftermath_records import Aftermath
from streams.core.watching.keys import pending_sweeps_key
from streams.core.watching.ledger import Ledger
from streams.core.watching.watch_policy import WatchPolicy
from streams.core.watching.watch_step import WatchOutcome
from streams.core.watching.watcher import Watcher
from tests.core.watching.plain_ledger import PlainLedger

if TYPE_CHECKING:
    from streams.core.watching.country_recount_state import CountryRecounted

__all__ = ["WatchRun"]


class WatchRun:
    """What is durable after each batch. `said` are the last subject events sent, by kind, platform, id and State;
    `published` counts everything that was sent or published.
    """

    def __init__(self, rules: RuleSet, policy: WatchPolicy | None = None, ledger: Ledger | None = None) -> None:
        self.rules = rules
        self.policy = policy or WatchPolicy()
        self.ledger: Ledger = PlainLedger() if ledger is None else ledger
        self.aftermaths: dict[str, Aftermath] = {}
        self.alerts: dict[str, Alert] = {}
        self.tracked = dict[tuple[str, str], TrackedAccount]()
        self.said = dict[tuple[str, str, str, str], SubjectEvent]()
        self.seen_since = dict[tuple[str, str, str], int | None]()  # what accounts were told last, by State
        self.outcomes = Counter[WatchOutcome]()
        self.answers: list[CountryRecounted] = []
        self.published = 0
        self.seen = Counter[str]()  # what became of records over time

    @property
    def standing(self) -> dict[str, Aftermath]:
        """The aftermaths that stand: the last record of each id, unless that says it is void."""
        return {name: aftermath for name, aftermath in self.aftermaths.items() if aftermath.status != "void"}

    @property
    def standing_alerts(self) -> dict[str, Alert]:
        """The alerts that stand: the last record of each id, unless that says it was retracted."""
        return {name: alert for name, alert in self.alerts.items() if alert.status != "retracted"}

    @property
    def owes(self) -> bool:
        """Whether some watches are still to be recounted for deletions of their State."""
        return self.ledger.get(pending_sweeps_key()) is not None

    def batch(self, events: Iterable[CountryEvent], recounts: int | None = None) -> None:
        """Apply one batch; all that follows from it becomes durable at its end, or, of what deletions of a State lead
        to, for so many suspensions as `recounts` says."""
        watcher = Watcher(self.rules, self.policy, self.ledger)
        for event in events:
            for output in watcher.apply(decode_country_event(encode_country_event(event))):
                self.published += 1
                if output.kind == "seen_since":
                    self.seen["told since when"] += 1
                    self.seen_since[output.platform, output.subject.id, output.country or ""] = output.since_us
                    continue
                self.said[
                    output.kind, output.platform, output.event_id, output.official.country if output.official else ""
                ] = output
        changes = watcher.flush(recounts)
        self.answers += changes.answers
        self.published += len(changes.aftermaths) + len(changes.alerts) + len(changes.tracked)
        for aftermath in changes.aftermaths:
            # As a consumer has it: from the bytes of the topic.
            record = msgspec.json.decode(msgspec.json.encode(aftermath), type=Aftermath)
            before = self.aftermaths.get(record.id)
            assert record != before, "what did not change is not published again"
            self.seen["void"] += record.status == "void"
            self.seen["corrected"] += before is not None and before.status == "closed"
            self.aftermaths[record.id] = record
        for alert in changes.alerts:
            record_of_alert = msgspec.json.decode(msgspec.json.encode(alert), type=Alert)
            assert record_of_alert != self.alerts.get(alert.id), "what did not change is not published again"
            self.seen["retracted"] += alert.status == "retracted"
            self.alerts[alert.id] = record_of_alert
        for account in changes.tracked:
            self.tracked[account.platform, account.id] = account
        self.outcomes.update(watcher.outcomes)

    def run(self, batches: Iterable[Sequence[CountryEvent]]) -> "WatchRun":
        """Apply batch after batch; returns itself."""
        for events in batches:
            self.batch(events)
        return self
