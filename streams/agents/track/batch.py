"""TRACK's work on one batch: subject events in, changed subjects and the records to write out. Synchronous, no I/O."""

from collections import Counter

from msgspec import Struct

from streams.core.canary import is_canary
from streams.core.corrections.correction import corrections_of
from streams.core.country_event import encode_country_event
from streams.core.enriched import Alert
from streams.core.recounts import decode_recount
from streams.core.retractions import decode_retraction
from streams.core.subject_event import decode_subject_event, subject_key
from streams.core.tracked import encode_tracked, tracked_subject_key
from streams.core.tracking.subject import Subject
from streams.core.tracking.tracker import Tracker
from streams.faust_driver.batches import Batch
from streams.kafka.batch_writer import OutgoingRecord
from streams.kafka.enriched_record import correction_record, enriched_record
from streams.kafka.evidence_writing import alert_records
from streams.partitions.set_aside import letter_for
from streams.refusal import DECODE_ERRORS
from streams.topic_names import CANARIES, COUNTRY_EVENTS, SUBJECT_EVENTS, TRACKED_ACCOUNTS

__all__ = ["TrackedBatch", "track_batch"]


class TrackedBatch(Struct, frozen=True):
    """What a batch led to. `changed` are the subjects to write down, by key, `forgotten` the keys of those to
    remove; `position` is the offset after it.

    `amplified` counts amplifications by State and category of the official, `new_subjects` the accounts among their
    subjects that were never amplified before. `set_aside` are the dead letters of records that SCREEN and WATCH did not
    write; they stand among the outputs, too.
    """

    outputs: list[OutgoingRecord]
    changed: dict[str, Subject]
    forgotten: list[str]
    alerts: list[Alert]
    position: int
    newest_us: int | None
    amplified: dict[tuple[str, str], int]
    new_subjects: int
    set_aside: list[OutgoingRecord]


def track_batch(batch: Batch, position: int, tracker: Tracker) -> TrackedBatch:
    """Apply the records of a batch from `position` on; those before it were applied in an earlier life."""
    set_aside: list[OutgoingRecord] = []
    outputs: list[OutgoingRecord] = []
    changed: dict[str, Subject] = {}
    alerts: list[Alert] = []
    newest_us: int | None = None
    amplified: Counter[tuple[str, str]] = Counter()
    by_subject: Counter[str] = Counter()
    new_subjects = 0
    for record in batch.records:
        if record.offset < position:
            continue
        try:
            event = decode_subject_event(record.value or b"")
            if event.kind == "recount":
                decode_recount(event.recount or b"")
            if event.kind == "retraction":
                decode_retraction(event.retraction)
        except DECODE_ERRORS as error:
            set_aside.append(letter_for(record, SUBJECT_EVENTS, batch.partition, error))
            continue
        if is_canary(event):
            outputs.append(OutgoingRecord(CANARIES, None, event.event_id.encode(), (), 0))
            continue
        if event.kind not in ("tick", "recount_open", "recount", "retraction"):
            newest_us = event.at_us if newest_us is None else max(newest_us, event.at_us)
        amplification = tracker.apply(event)
        if amplification is not None:
            key = subject_key(event.platform, event.subject.id)
            outputs.append(enriched_record(amplification))
            amplified[amplification.official.country, amplification.official.category] += 1
            by_subject[key] += 1
    position = max(position, batch.next_offset)
    for changes in tracker.flush(position):
        changed[changes.key] = changes.subject
        state = changes.subject.state
        # All that is known of it came with this batch: nothing was known before.
        if not state.evicted_amplifications and 0 < len(state.amplifications) <= by_subject[changes.key]:
            new_subjects += 1
        outputs += map(enriched_record, changes.records())
        alerts += changes.alerts
        outputs += alert_records(changes.alerts)
        outputs += [
            OutgoingRecord(COUNTRY_EVENTS, standing.country.encode(), encode_country_event(standing))
            for standing in changes.standings
        ]
        outputs += [
            correction_record(correction) for recounted in changes.recounted for correction in corrections_of(recounted)
        ]
        if (tracked := changes.tracked) is not None:
            tracked_key = tracked_subject_key(tracked.platform, tracked.id)
            outputs.append(OutgoingRecord(TRACKED_ACCOUNTS, tracked_key, encode_tracked(tracked)))
    forgotten = tracker.forget()
    return TrackedBatch(
        outputs + set_aside,
        changed,
        forgotten,
        alerts,
        position,
        newest_us,
        amplified,
        new_subjects,
        set_aside,
    )
