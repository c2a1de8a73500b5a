"""What a batch led to for the watches of one State: the aftermaths and alerts that are new or different.

Looks only at the watches that the batch may have changed (`affected_watches`), and keeps in the ledger what was
published of each.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

import msgspec
from msgspec import Struct

from streams.core.clock import DAY_US
from streams.core.content_hash import content_hash
from streams.core.enriched import Alert
from streams.core.retractions import Retraction, as_retracted, strongest
from streams.core.rulebook.rules import Rule
from streams.core.tracking.recount_state import Superseded
from streams.core.watching.affected_watches import AffectedWatches
from streams.core.watching.aftermath import aftermath_of, void_aftermath
from streams.core.watching.aftermath_alerts import aftermath_alert_id, alerts_of, retracted_alert
from streams.core.watching.aftermath_count import SharedDeletions, count_watch, no_counts, retained_counts
from streams.core.watching.aftermath_records import Aftermath, PossibleSuccessor
from streams.core.watching.amplified_accounts import amplified_account_of
from streams.core.watching.change_set import CountryBatch
from streams.core.watching.country_recount_state import valid_digest
from streams.core.watching.forgetting import forgotten_before
from streams.core.watching.ledger import record_key
from streams.core.watching.pending_sweeps import Sweep
from streams.core.watching.records import AmplifiedAccount, PublishedHashes, StandingRecord
from streams.core.watching.successors import successor_of
from streams.core.watching.unseen import PlatformCoverage, WatchCoverage, coverage_of
from streams.core.watching.watch import WatchPeriod, watch_of
from streams.core.watching.watch_counts import WatchCounts
from streams.core.watching.watch_figures import WatchFigures

__all__ = ["Flush"]

_Record = TypeVar("_Record", Aftermath, Alert)


class _Said(Struct):
    """What was said of a subject's watches, on its way to the next `PublishedHashes`."""

    hashes: dict[str, int]
    successors: dict[str, tuple[str, ...]]
    retractions: dict[str, Retraction]


class Flush:
    """The flush of one batch for one country. `run` fills `aftermaths` and `alerts`.

    `superseded` are rosters that corrections replaced. `counted` is told each watch that is looked at, with all that it
    found.
    """

    def __init__(
        self,
        batch: CountryBatch,
        rules: Sequence[Rule],
        superseded: Sequence[Superseded] = (),
        counted: Callable[[WatchFigures], object] | None = None,
    ) -> None:
        self.aftermaths: list[Aftermath] = []
        self.alerts: list[Alert] = []
        self._batch = batch
        self._rules = rules
        self._judged: set[str] = set()  # alerts that stand, by id
        self._superseded = superseded
        self._counted = counted
        self._final_us = forgotten_before(batch.ledger, batch.country)
        self._deletions = SharedDeletions(batch.ledger, batch.country, ())
        self._coverage: dict[str, PlatformCoverage | None] = {}
        self._affected = AffectedWatches(batch, self._final_us)

    def run(self, sweep: Sweep | None = None, limit: int | None = None) -> Sweep | None:
        """Look at every watch that the batch may have changed. Of those that deletions of this batch, or of the sweep
        that is under way, concern, at most `limit` suspensions are looked at; returns the sweep over the others.
        """
        affected = self._affected.select(sweep, limit)
        spans = [(watch.baseline_us, watch.until_us) for each in affected.subjects for watch in each.watches]
        self._deletions = SharedDeletions(self._batch.ledger, self._batch.country, spans)
        for each in affected.subjects:
            subject = (each.standing.platform, each.standing.subject.id)
            self._flush(each.standing, each.watches, self._batch.changes.subjects.get(subject), whole=each.whole)
        for subject, before in sorted(self._batch.changes.subjects.items()):
            if subject not in affected.standing and before is not None:
                self._flush(before, [], before, whole=True)
        # Those of rules that are not in force, or of watches that are forgotten, and whatever is not known here.
        said = self._judged | {alert.id for alert in self.alerts}
        self.alerts += [alert for alert in self._batch.changes.retracted if alert.id not in said]
        return affected.left

    def _flush(
        self,
        standing_record: StandingRecord,
        watches: Sequence[WatchPeriod],
        before: StandingRecord | None,
        *,
        whole: bool,
    ) -> None:
        """Say what changed of these watches of a subject; `before` is its standing before the batch, if it changed."""
        published = PublishedHashes(standing_record.platform, standing_record.country, standing_record.subject.id, {})
        known = self._batch.ledger.get(record_key(published))
        if isinstance(known, PublishedHashes):
            published = known
        said = _Said(dict(published.hashes), dict(published.successors), dict(published.retractions))
        gone: list[tuple[WatchPeriod, WatchPeriod | None]] = []
        if before is not None:
            said_of = {watch.interval for watch in watches}
            for number in range(len(before.standing.periods)):
                watch = watch_of(before, number, self._batch.policy)
                if watch.interval not in said_of and watch.opened_us >= self._final_us:
                    successor = next((each for each in reversed(watches) if watch.goes_on_as(each)), None)
                    gone.append((watch, successor))
                    if successor is not None:
                        self._carry_over(watch, successor, said)
        alerts = {watch.interval: self._say(watch, said, whole=whole) for watch in watches}
        for watch, successor in gone:
            self._take_back(watch, said, successor, {} if successor is None else alerts[successor.interval])
        new = msgspec.structs.replace(
            published, hashes=said.hashes, successors=said.successors, retractions=said.retractions
        )
        if new != published:
            self._batch.ledger.put(new)

    def _say(self, watch: WatchPeriod, said: _Said, *, whole: bool) -> dict[str, Alert]:
        """Say what is new; returns the watch's alerts by rule."""
        closed = watch.status(self._batch.watermark_us)[0] == "closed"
        counted = count_watch(self._batch.ledger, watch, self._batch.policy, closed=closed, shared=self._deletions)
        if closed:
            kept = self._batch.ledger.get(record_key(counted))
            counted = retained_counts(self._batch.ledger, counted, kept if isinstance(kept, WatchCounts) else None)
        found = self._successors(watch, said.successors.get(watch.interval), whole=whole)
        said.successors[watch.interval] = tuple(sorted(successor.subject.id for successor, _ in found))
        successors = [successor for successor, _ in found]
        coverage = self._coverage_of(watch, closed=closed)
        aftermath = aftermath_of(watch, counted, successors, self._batch.watermark_us, self._batch.policy, coverage)
        self.aftermaths += self._news(said, aftermath)
        watch_figures = WatchFigures(watch, counted, successors, self._batch.watermark_us, self._batch.policy, coverage)
        if self._counted is not None:
            self._counted(watch_figures)
        alerts = {}
        for alert in alerts_of(watch_figures, self._rules, [amplified_account for _, amplified_account in found]):
            retraction = said.retractions.get(alert.id)
            holds = retraction is not None and retraction.holds(alert)
            alerts[alert.rule] = as_retracted(alert, retraction) if retraction is not None and holds else alert
            self._judged.add(alert.id)
        for rule in self._rules:
            if rule.name not in alerts:
                self._retract(watch_figures, rule, said)
            else:
                self.alerts += self._news(said, alerts[rule.name])
        return alerts

    def _carry_over(self, watch: WatchPeriod, successor: WatchPeriod, said: _Said) -> None:
        """What a person retracted stays so under the name under which it goes on."""
        for rule in self._rules:
            retraction = said.retractions.get(aftermath_alert_id(rule.name, watch))
            if retraction is not None:
                name = aftermath_alert_id(rule.name, successor)
                said.retractions[name] = strongest(said.retractions.get(name), retraction)

    def _coverage_of(self, watch: WatchPeriod, *, closed: bool) -> WatchCoverage | None:
        if watch.platform not in self._coverage:
            self._coverage[watch.platform] = coverage_of(self._batch.ledger, self._batch.country, watch.platform)
        known = self._coverage[watch.platform]
        return None if known is None else WatchCoverage(watch, known, self._batch.policy, closed=closed)

    def _take_back(
        self, watch: WatchPeriod, said: _Said, successor: WatchPeriod | None, alerts: Mapping[str, Alert]
    ) -> None:
        """Say of a watch that is none any more that it is void, if it was ever spoken of; `alerts` are those of the
        successor."""
        said.successors.pop(watch.interval, None)
        if watch.id not in said.hashes:
            return
        aftermath = void_aftermath(watch, successor, self._batch.policy)
        self.aftermaths += self._news(said, aftermath)
        watch_figures = WatchFigures(watch, no_counts(watch), (), self._batch.watermark_us, self._batch.policy)
        for rule in self._rules:
            self._retract(watch_figures, rule, said, alerts.get(rule.name))

    def _retract(self, watch_figures: WatchFigures, rule: Rule, said: _Said, successor: Alert | None = None) -> None:
        if said.hashes.pop(aftermath_alert_id(rule.name, watch_figures.watch), None) is not None:
            self.alerts.append(self._under_roster_of_now(retracted_alert(watch_figures, rule, successor)))

    def _news(self, said: _Said, record: _Record) -> Iterator[_Record]:
        """The record, if it is not what was last said under its name; from now on it is.

        What stands after a correction was told under the roster before, and is not told again.
        """
        if said.hashes.get(record.id) == content_hash(record):
            return
        record = self._under_roster_of_now(record)
        digest = content_hash(record)
        if said.hashes.get(record.id) != digest:
            said.hashes[record.id] = digest
            yield record

    def _under_roster_of_now(self, record: _Record) -> _Record:
        digest = valid_digest(self._superseded, record.roster_digest)
        return record if digest == record.roster_digest else msgspec.structs.replace(record, roster_digest=digest)

    def _successors(
        self, watch: WatchPeriod, known: tuple[str, ...] | None, *, whole: bool
    ) -> list[tuple[PossibleSuccessor, AmplifiedAccount]]:
        """The possible successors of a watch's subject, those first noticed first. Looks through all accounts that the
        State took up after the suspension only where `whole` says so; else at known ones and those of the batch."""
        own = amplified_account_of(self._batch.ledger, watch.country, watch.platform, watch.subject.id)
        found = []
        for amplified_account in self._candidates(watch, None if whole else known):
            successor = successor_of(watch, amplified_account, own, self._batch.policy)
            if successor is not None:
                found.append((successor, amplified_account))
        found.sort(key=lambda item: (item[0].noticed_at, item[0].subject.id))
        return found[: self._batch.policy.successors]

    def _candidates(self, watch: WatchPeriod, known: tuple[str, ...] | None) -> Iterator[AmplifiedAccount]:
        if known is None:
            until_us = watch.opened_us + self._batch.policy.successor_days * DAY_US
            yield from self._batch.ledger.amplified_accounts(watch.country, watch.opened_us, until_us)
            return
        ids = {subject for platform, subject in self._batch.changes.amplified_accounts if platform == watch.platform}
        for subject in sorted(ids.union(known)):
            amplified_account = amplified_account_of(self._batch.ledger, watch.country, watch.platform, subject)
            if amplified_account is not None:
                yield amplified_account
