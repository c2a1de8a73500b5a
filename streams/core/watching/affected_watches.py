"""Which watches of a State a batch may have changed: found in the ledger by marks and times, a few more than those.

What deletions of a State lead to for all of its watches may be left to later batches.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from streams.core.clock import DAY_US
from streams.core.watching.amplified_accounts import amplified_account_of
from streams.core.watching.change_set import CountryBatch
from streams.core.watching.keys import standing_key
from streams.core.watching.ledger import record_key
from streams.core.watching.pending_sweeps import RECOUNT_ALL, Sweep, merged_spans, swept_up_to, with_spans
from streams.core.watching.records import AmplifiedAccount, StandingRecord
from streams.core.watching.standing_marks import OPENED, REINSTATED, amplifier_mark, reference_mark
from streams.core.watching.successors import known_better, may_succeed, successor_of
from streams.core.watching.watch import WatchPeriod, watches_of

__all__ = ["Affected", "AffectedSubject", "AffectedWatches"]

_ALL: Final = 2**62


class AffectedSubject(NamedTuple):
    """The watches of one subject to look at. `whole`: with all accounts that may be its successors."""

    standing: StandingRecord
    watches: list[WatchPeriod]
    whole: bool


class Affected(NamedTuple):
    """The subjects in the order of their keys; `standing` are those found in the ledger, by platform and id, and `left`
    is the sweep over what is left for later.
    """

    subjects: list[AffectedSubject]
    standing: set[tuple[str, str]]
    left: Sweep | None


class AffectedWatches:
    """Of one batch of one country. Watches that opened before `final_us` are final."""

    def __init__(self, batch: CountryBatch, final_us: int) -> None:
        self._batch = batch
        self._final_us = final_us
        self._deleted: list[tuple[int, int]] = []  # times of deletions of which the watches are looked at
        self._apart_us = (batch.policy.baseline_days + batch.policy.watch_days) * DAY_US
        self._better = [pair for pair in batch.changes.amplified_accounts.values() if known_better(*pair)]
        # Whose texts are compared with those of all accounts taken up since its suspension.
        self._texts = {
            key
            for key, (before, after) in batch.changes.amplified_accounts.items()
            if before is None or before.sketch != after.sketch
        }

    def select(self, sweep: Sweep | None, limit: int | None) -> Affected:
        """What the batch may have changed. Of what deletions of this batch, or of the sweep that is under way, concern,
        at most `limit` suspensions are among it.
        """
        deleted = ((at_us, at_us) for _, at_us in self._batch.changes.deletions)
        swept, left = self._swept(with_spans(sweep, (*deleted, *self._batch.changes.coverage), self._apart_us), limit)
        recounts_all = any(first_us == RECOUNT_ALL[0] for first_us, _ in self._deleted)
        standing = set()
        subjects = []
        for standing_record in self._concerned(swept):
            subject = (standing_record.platform, standing_record.subject.id)
            standing.add(subject)
            watches = [
                watch for watch in watches_of(standing_record, self._batch.policy) if watch.opened_us >= self._final_us
            ]
            has_changed, is_swept = subject in self._batch.changes.subjects, record_key(standing_record) in swept
            if not has_changed:
                watches = [
                    watch for watch in watches if self._may_have_changed(watch) or (is_swept and self._is_swept(watch))
                ]
            if watches or has_changed:
                whole = has_changed or subject in self._texts or (recounts_all and is_swept)
                subjects.append(AffectedSubject(standing_record, watches, whole))
        return Affected(subjects, standing, left)

    def _swept(self, sweep: Sweep | None, limit: int | None) -> tuple[dict[bytes, StandingRecord], Sweep | None]:
        """The standings, by key, of which watches may count deletions of a sweep, and the sweep that is left then."""
        found: dict[bytes, StandingRecord] = {}
        left = limit
        while sweep is not None and left != 0:
            first_us, last_us = span = sweep.spans[0]
            self._deleted.append(span)
            begin = sweep.at or (first_us - self._batch.policy.watch_days * DAY_US, "")
            to_us = last_us + self._batch.policy.baseline_days * DAY_US + 1
            opened = self._batch.ledger.opened(self._batch.country, begin, to_us, _ALL if left is None else left)
            found.update((record_key(standing_record), standing_record) for _, standing_record in opened)
            last = None
            if left is not None:
                left -= len(opened)
                if not left:
                    at_us, standing_record = opened[-1]
                    last = at_us, f"{standing_record.platform}:{standing_record.subject.id}"
            sweep = swept_up_to(sweep, last)
        return found, sweep

    def _is_swept(self, watch: WatchPeriod) -> bool:
        return any(watch.baseline_us <= last_us and first_us < watch.until_us for first_us, last_us in self._deleted)

    def _concerned(self, swept: Mapping[bytes, StandingRecord]) -> list[StandingRecord]:
        """The standings of which a watch may have changed, in the order of their keys; a few more than those."""
        watch_us, baseline_us = self._batch.policy.watch_days * DAY_US, self._batch.policy.baseline_days * DAY_US
        changes, found = self._batch.changes, dict(swept)

        def look(marks: Sequence[str], from_us: int, to_us: int) -> None:
            for standing_record in self._batch.ledger.standings(self._batch.country, marks, from_us, to_us):
                found[record_key(standing_record)] = standing_record

        for platform, subject in changes.subjects.keys() | changes.texts | self._texts:
            standing_record = self._batch.ledger.get(standing_key(self._batch.country, platform, subject))
            if isinstance(standing_record, StandingRecord) and standing_record.standing.periods:
                found[record_key(standing_record)] = standing_record
        # Every mark of a watch stands beside its opening: most States have none, and most batches refer to hundreds.
        if not self._batch.ledger.opened(self._batch.country, (-_ALL, ""), _ALL, 1):
            return [found[key] for key in sorted(found)]
        if self._batch.watermark_us > self._batch.watermark_before_us:  # watches that ran their time
            look((OPENED,), self._batch.watermark_before_us - watch_us + 1, self._batch.watermark_us - watch_us + 1)
        # Asked for together: a batch refers to hundreds of accounts, and nearly none of them was suspended.
        referring = changes.references()
        marks = [reference_mark(platform, key) for platform, key in referring]
        referred = ((min(times) - watch_us + 1, max(times) + baseline_us + 1) for times in referring.values())
        for first_us, last_us in merged_spans(referred, 0):
            look(marks, first_us, last_us)
        # Of watches that are over how much officials posted is counted, and corrected by what comes late.
        for first_us, last_us in merged_spans(((at_us, at_us) for at_us in changes.posted()), watch_us):
            look((OPENED,), first_us - watch_us + 1, min(last_us, self._batch.watermark_us - watch_us) + 1)
            look((REINSTATED,), first_us + 1, last_us + watch_us)
        followed = [each for accounts in self._better for each in self._may_succeed(*accounts)]
        if changes.extensions:  # watches that were over before a source reported what it saw of their last minutes
            from_us = min(changes.extensions.values())
            look((OPENED,), from_us - watch_us + 1, self._batch.watermark_us - watch_us + 1)
            look((REINSTATED,), from_us + 1, _ALL)
        marks = sorted({mark for marks, *_ in followed for mark in marks})
        for first_us, last_us in merged_spans(((first_us, last_us) for _, first_us, last_us in followed), 0):
            look(marks, first_us, last_us)
        return [found[key] for key in sorted(found)]

    def _may_succeed(
        self, before: AmplifiedAccount | None, after: AmplifiedAccount
    ) -> Iterator[tuple[list[str], int, int]]:
        """Whose suspensions an account may follow that was taken up or is better known now, by marks and times."""
        for amplified_account in (before, after):
            if amplified_account is not None and may_succeed(amplified_account, self._batch.policy):
                marks = [
                    amplifier_mark(amplified_account.platform, official) for official in amplified_account.officials
                ]
                yield (
                    marks,
                    amplified_account.first_us - self._batch.policy.successor_days * DAY_US + 1,
                    amplified_account.first_us + 1,
                )

    def _may_have_changed(self, watch: WatchPeriod) -> bool:
        if watch.changed_by(self._batch.changes, self._batch.watermark_before_us, self._batch.watermark_us):
            return True
        if (watch.platform, watch.subject.id) in self._texts:
            return True
        until_us = watch.opened_us + self._batch.policy.successor_days * DAY_US
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
                own = amplified_account_of(self._batch.ledger, watch.country, watch.platform, watch.subject.id)
                was = None if before is None else successor_of(watch, before, own, self._batch.policy)
                if was != successor_of(watch, after, own, self._batch.policy):
                    return True
        return False
