"""What a batch led to for the watches of one State: the aftermaths and alerts that are new or different.

Looks only at watches that the batch may have changed, and remembers in the ledger what it said of each. What deletions
of a State lead to for all of its watches may be left to later batches.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from streams.core.clock import DAY_US
from streams.core.content_hash import content_hash
from streams.core.enriched import Alert
from streams.core.retractions import Retraction, as_retracted, strongest
from streams.core.rulebook.rules import Rule
from streams.core.tracking.recount_state import Superseded
from streams.core.watching.aftermath import aftermath_of, void_aftermath
from streams.core.watching.aftermath_alerts import aftermath_alert_id, alerts_of, retracted_alert
from streams.core.watching.aftermath_count import SharedDeletions, count, nothing, remembered
from streams.core.watching.aftermath_records import Aftermath, PossibleSuccessor
from streams.core.watching.amplified_accounts import amplified_account_of
from streams.core.watching.change_set import ChangeSet
from streams.core.watching.corrected import valid_digest
from streams.core.watching.counted import Counted
from streams.core.watching.forgetting import forgotten_before
from streams.core.watching.keys import standing_key
from streams.core.watching.ledger import Ledger, record_key
from streams.core.watching.owed import ALL_ANEW, Sweep, spans_of, swept_up_to, with_spans
from streams.core.watching.records import AmplifiedAccount, PublishedHashes, StandingRecord
from streams.core.watching.standing_marks import OPENED, REINSTATED, amplifier_mark, reference_mark
from streams.core.watching.successors import known_better, may_succeed, successor_of
from streams.core.watching.unseen import PlatformCoverage, WatchCoverage, coverage_of
from streams.core.watching.watch import Watch, watch_of, watches_of
from streams.core.watching.watch_figures import WatchFigures
from streams.core.watching.watch_policy import WatchPolicy

__all__ = ["Flush"]

_ALL: Final = 2**62
_Record = TypeVar("_Record", Aftermath, Alert)


class _Said(Struct):
    """What was said of a subject's watches, on its way to the next `PublishedHashes`."""

    hashes: dict[str, int]
    successors: dict[str, tuple[str, ...]]
    retractions: dict[str, Retraction]


class Flush:
    """The flush of one batch for one country. `run` fills `aftermaths` and `alerts`.

    `watermark_before_us` and `watermark_us` are how far event time had come before the batch and has by now.
    `superseded` are rosters that corrections replaced. `counted` is told each watch that is looked at, with all that it
    found.
    """

    def __init__(
        self,
        ledger: Ledger,
        rules: Sequence[Rule],
        policy: WatchPolicy,
        country: str,
        changes: ChangeSet,
        watermark_before_us: int,
        watermark_us: int,
        superseded: Sequence[Superseded] = (),
        counted: Callable[[WatchFigures], object] | None = None,
    ) -> None:
        self.aftermaths: list[Aftermath] = []
        self.alerts: list[Alert] = []
        self._ledger = ledger
        self._rules = rules
        self._policy = policy
        self._country = country
        self._changes = changes
        self._judged: set[str] = set()  # alerts that stand, by id
        self._watermark_before_us = watermark_before_us
        self._watermark_us = watermark_us
        self._superseded = superseded
        self._counted = counted
        self._final_us = forgotten_before(ledger, country)
        self._deletions = SharedDeletions(ledger, country, ())
        self._deleted: list[tuple[int, int]] = []  # times of deletions of which the watches are looked at
        self._coverage: dict[str, PlatformCoverage | None] = {}
        self._apart_us = (policy.baseline_days + policy.watch_days) * DAY_US
        self._better = [pair for pair in changes.amplified_accounts.values() if known_better(*pair)]
        # Whose texts are compared with those of all accounts taken up since its suspension.
        self._texts = {
            key
            for key, (before, after) in changes.amplified_accounts.items()
            if before is None or before.sketch != after.sketch
        }

    def run(self, sweep: Sweep | None = None, limit: int | None = None) -> Sweep | None:
        """Look at every watch that the batch may have changed. Of those that deletions of this batch, or of the sweep
        that is under way, concern, at most `limit` suspensions are looked at; returns the sweep over the others.
        """
        deleted = ((at_us, at_us) for _, at_us in self._changes.deletions)
        swept, left = self._swept(with_spans(sweep, (*deleted, *self._changes.coverage), self._apart_us), limit)
        all_anew = any(first_us == ALL_ANEW[0] for first_us, _ in self._deleted)
        standing = set()
        concerned: list[tuple[StandingRecord, list[Watch]]] = []
        for standing_record in self._concerned(swept):
            subject = (standing_record.platform, standing_record.subject.id)
            standing.add(subject)
            watches = [
                watch for watch in watches_of(standing_record, self._policy) if watch.opened_us >= self._final_us
            ]
            if subject not in self._changes.subjects:
                is_swept = record_key(standing_record) in swept
                watches = [
                    watch for watch in watches if self._may_have_changed(watch) or (is_swept and self._is_swept(watch))
                ]
            if watches or subject in self._changes.subjects:
                concerned.append((standing_record, watches))
        spans = [(watch.baseline_us, watch.until_us) for _, watches in concerned for watch in watches]
        self._deletions = SharedDeletions(self._ledger, self._country, spans)
        for standing_record, watches in concerned:
            subject = (standing_record.platform, standing_record.subject.id)
            whole = subject in self._changes.subjects or subject in self._texts
            whole = whole or (all_anew and record_key(standing_record) in swept)
            self._flush(standing_record, watches, self._changes.subjects.get(subject), whole=whole)
        for subject, before in sorted(self._changes.subjects.items()):
            if subject not in standing and before is not None:
                self._flush(before, [], before, whole=True)
        # Those of rules that are not in force, or of watches that are forgotten, and whatever is not known here.
        said = self._judged | {alert.id for alert in self.alerts}
        self.alerts += [alert for alert in self._changes.retracted if alert.id not in said]
        return left

    def _swept(self, sweep: Sweep | None, limit: int | None) -> tuple[dict[bytes, StandingRecord], Sweep | None]:
        """The standings, by key, of which watches may count deletions of a sweep, and the sweep that is left then."""
        found: dict[bytes, StandingRecord] = {}
        left = limit
        while sweep is not None and left != 0:
            first_us, last_us = span = sweep.spans[0]
            self._deleted.append(span)
            begin = sweep.at or (first_us - self._policy.watch_days * DAY_US, "")
            to_us = last_us + self._policy.baseline_days * DAY_US + 1
            opened = self._ledger.opened(self._country, begin, to_us, _ALL if left is None else left)
            found.update((record_key(standing_record), standing_record) for _, standing_record in opened)
            last = None
            if left is not None:
                left -= len(opened)
                if not left:
                    at_us, standing_record = opened[-1]
                    last = at_us, f"{standing_record.platform}:{standing_record.subject.id}"
            sweep = swept_up_to(sweep, last)
        return found, sweep

    def _is_swept(self, watch: Watch) -> bool:
        return any(watch.baseline_us <= last_us and first_us < watch.until_us for first_us, last_us in self._deleted)

    def _concerned(self, swept: Mapping[bytes, StandingRecord]) -> list[StandingRecord]:
        """The standings of which a watch may have changed, in the order of their keys; a few more than those."""
        watch_us, baseline_us = self._policy.watch_days * DAY_US, self._policy.baseline_days * DAY_US
        changes, found = self._changes, dict(swept)

        def look(marks: Sequence[str], from_us: int, to_us: int) -> None:
            for standing_record in self._ledger.standings(self._country, marks, from_us, to_us):
                found[record_key(standing_record)] = standing_record

        for platform, subject in changes.subjects.keys() | changes.texts | self._texts:
            standing_record = self._ledger.get(standing_key(self._country, platform, subject))
            if isinstance(standing_record, StandingRecord) and standing_record.standing.periods:
                found[record_key(standing_record)] = standing_record
        if self._watermark_us > self._watermark_before_us:  # watches that ran their time
            look((OPENED,), self._watermark_before_us - watch_us + 1, self._watermark_us - watch_us + 1)
        # Asked for together: a batch refers to hundreds of accounts, and nearly none of them was suspended.
        referring = changes.references()
        marks = [reference_mark(platform, key) for platform, key in referring]
        referred = ((min(times) - watch_us + 1, max(times) + baseline_us + 1) for times in referring.values())
        for first_us, last_us in spans_of(referred, 0):
            look(marks, first_us, last_us)
        # Of watches that are over how much officials posted is counted, and corrected by what comes late.
        for first_us, last_us in spans_of(((at_us, at_us) for at_us in changes.posted()), watch_us):
            look((OPENED,), first_us - watch_us + 1, min(last_us, self._watermark_us - watch_us) + 1)
            look((REINSTATED,), first_us + 1, last_us + watch_us)
        followed = [each for accounts in self._better for each in self._may_succeed(*accounts)]
        if changes.told:  # watches that were over before a source told what it saw of their last minutes
            told_us = min(changes.told.values())
            look((OPENED,), told_us - watch_us + 1, self._watermark_us - watch_us + 1)
            look((REINSTATED,), told_us + 1, _ALL)
        marks = sorted({mark for marks, *_ in followed for mark in marks})
        for first_us, last_us in spans_of(((first_us, last_us) for _, first_us, last_us in followed), 0):
            look(marks, first_us, last_us)
        return [found[key] for key in sorted(found)]

    def _may_succeed(
        self, before: AmplifiedAccount | None, after: AmplifiedAccount
    ) -> Iterator[tuple[list[str], int, int]]:
        """Whose suspensions an account may follow that was taken up or is better known now, by marks and times."""
        for amplified_account in (before, after):
            if amplified_account is not None and may_succeed(amplified_account, self._policy):
                marks = [
                    amplifier_mark(amplified_account.platform, official) for official in amplified_account.officials
                ]
                yield (
                    marks,
                    amplified_account.first_us - self._policy.successor_days * DAY_US + 1,
                    amplified_account.first_us + 1,
                )

    def _may_have_changed(self, watch: Watch) -> bool:
        if watch.changed_by(self._changes, self._watermark_before_us, self._watermark_us):
            return True
        if (watch.platform, watch.subject.id) in self._texts:
            return True
        until_us = watch.opened_us + self._policy.successor_days * DAY_US
        for before, after in self._better:
            known = after.officials if before is None else {**before.officials, **after.officials}
            if watch.amplifier_ids.isdisjoint(known):
                continue
            times = [
                amplified_account.first_us
                for amplified_account in (before, after)
                if amplified_account is not None and amplified_account.officials
            ]
            if any(watch.opened_us <= at_us < until_us for at_us in times):
                own = amplified_account_of(self._ledger, watch.country, watch.platform, watch.subject.id)
                was = None if before is None else successor_of(watch, before, own, self._policy)
                if was != successor_of(watch, after, own, self._policy):
                    return True
        return False

    def _flush(
        self, standing_record: StandingRecord, watches: Sequence[Watch], before: StandingRecord | None, *, whole: bool
    ) -> None:
        """Say what changed of these watches of a subject; `before` is its standing before the batch, if it changed."""
        published = PublishedHashes(standing_record.platform, standing_record.country, standing_record.subject.id, {})
        known = self._ledger.get(record_key(published))
        if isinstance(known, PublishedHashes):
            published = known
        said = _Said(dict(published.hashes), dict(published.successors), dict(published.retractions))
        gone: list[tuple[Watch, Watch | None]] = []
        if before is not None:
            said_of = {watch.interval for watch in watches}
            for number in range(len(before.standing.periods)):
                watch = watch_of(before, number, self._policy)
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
            self._ledger.put(new)

    def _say(self, watch: Watch, said: _Said, *, whole: bool) -> dict[str, Alert]:
        """Say what is new; returns the watch's alerts by rule."""
        closed = watch.status(self._watermark_us)[0] == "closed"
        counted = count(self._ledger, watch, self._policy, closed=closed, shared=self._deletions)
        if closed:
            kept = self._ledger.get(record_key(counted))
            counted = remembered(self._ledger, counted, kept if isinstance(kept, Counted) else None)
        found = self._successors(watch, said.successors.get(watch.interval), whole=whole)
        said.successors[watch.interval] = tuple(sorted(successor.subject.id for successor, _ in found))
        successors = [successor for successor, _ in found]
        coverage = self._coverage_of(watch, closed=closed)
        aftermath = aftermath_of(watch, counted, successors, self._watermark_us, self._policy, coverage)
        self.aftermaths += self._news(said, aftermath)
        watch_figures = WatchFigures(watch, counted, successors, self._watermark_us, self._policy, coverage)
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

    def _carry_over(self, watch: Watch, successor: Watch, said: _Said) -> None:
        """What a person retracted stays so under the name under which it goes on."""
        for rule in self._rules:
            retraction = said.retractions.get(aftermath_alert_id(rule.name, watch))
            if retraction is not None:
                name = aftermath_alert_id(rule.name, successor)
                said.retractions[name] = strongest(said.retractions.get(name), retraction)

    def _coverage_of(self, watch: Watch, *, closed: bool) -> WatchCoverage | None:
        if watch.platform not in self._coverage:
            self._coverage[watch.platform] = coverage_of(self._ledger, self._country, watch.platform)
        known = self._coverage[watch.platform]
        return None if known is None else WatchCoverage(watch, known, self._policy, closed=closed)

    def _take_back(self, watch: Watch, said: _Said, successor: Watch | None, alerts: Mapping[str, Alert]) -> None:
        """Say of a watch that is none any more that it is void, if it was ever spoken of; `alerts` are those of the
        successor."""
        said.successors.pop(watch.interval, None)
        if watch.id not in said.hashes:
            return
        aftermath = void_aftermath(watch, successor, self._policy)
        self.aftermaths += self._news(said, aftermath)
        watch_figures = WatchFigures(watch, nothing(watch), (), self._watermark_us, self._policy)
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
        self, watch: Watch, known: tuple[str, ...] | None, *, whole: bool
    ) -> list[tuple[PossibleSuccessor, AmplifiedAccount]]:
        """The possible successors of a watch's subject, those first noticed first. Looks through all accounts that the
        State took up after the suspension only where `whole` says so; else at known ones and those of the batch."""
        own = amplified_account_of(self._ledger, watch.country, watch.platform, watch.subject.id)
        found = []
        for amplified_account in self._candidates(watch, None if whole else known):
            successor = successor_of(watch, amplified_account, own, self._policy)
            if successor is not None:
                found.append((successor, amplified_account))
        found.sort(key=lambda item: (item[0].noticed_at, item[0].subject.id))
        return found[: self._policy.successors]

    def _candidates(self, watch: Watch, known: tuple[str, ...] | None) -> Iterator[AmplifiedAccount]:
        if known is None:
            until_us = watch.opened_us + self._policy.successor_days * DAY_US
            yield from self._ledger.amplified_accounts(watch.country, watch.opened_us, until_us)
            return
        ids = {subject for platform, subject in self._changes.amplified_accounts if platform == watch.platform}
        for subject in sorted(ids.union(known)):
            amplified_account = amplified_account_of(self._ledger, watch.country, watch.platform, subject)
            if amplified_account is not None:
                yield amplified_account
