"""SCREEN's work on one batch: raw records in, the records to write out. Synchronous: nothing here awaits.

The agent around it is `streams.agents.screen.agent`.
"""

from collections import Counter

from msgspec import Struct

from streams.core.country_event import encode_country_event
from streams.core.evidence_records import event_evidence
from streams.core.screening.account_index import AccountIndex
from streams.core.screening.handle_use import HandleUse
from streams.core.screening.screen import ScreenOutcome, ScreenPolicy, prefiltered, screen_event
from streams.core.subject_event import Coordinates, encode_subject_event, subject_key
from streams.deadletters import Reason, Rejection
from streams.faust_driver.batches import Batch
from streams.faust_driver.unpacking import RefusedBatch
from streams.kafka.batch_writer import OutgoingRecord
from streams.kafka.dead_letter_record import dead_letter_record, letter_of, replays_of
from streams.kafka.evidence_writing import evidence_record
from streams.topic_names import COUNTRY_EVENTS, SUBJECT_EVENTS

__all__ = ["ScreenedBatch", "screen_batch"]


class ScreenedBatch(Struct, frozen=True):
    """What a batch led to. `trailing` counts the refused records at its end, `newest_us` is the newest event passed."""

    records: list[OutgoingRecord]
    outcomes: dict[ScreenOutcome, int]
    refused: dict[Reason, int]
    trailing: int
    newest_us: int | None


def screen_batch(
    batch: Batch,
    topic: str,
    known: AccountIndex,
    now_us: int,
    policy: ScreenPolicy,
    country_partitions: int,
    handles: HandleUse | None = None,
) -> ScreenedBatch:
    """Screen every record of a batch. `topic` is the raw topic's plain name, as it stands in coordinates.

    What passes goes to `evidence` as well, as it was received. What may concern any State goes to each of the
    `country_partitions` partitions of `country-events`. `handles` sees which official posted.
    """
    records: list[OutgoingRecord] = []
    outcomes: Counter[ScreenOutcome] = Counter()
    refused: Counter[Reason] = Counter()
    trailing = passed = looked_up_to = 0
    newest_us: int | None = None
    partition = batch.partition
    values = [record.value or b"" for record in batch.records]
    for place, found in prefiltered(values, known):
        if place > looked_up_to:  # those between were let go
            trailing = 0
        looked_up_to = place + 1
        passed += 1
        record, value = batch.records[place], values[place]
        source = Coordinates(topic, partition, record.offset)
        screening = found if isinstance(found, Rejection) else screen_event(found, source, known, now_us, policy)
        if isinstance(screening, Rejection):
            offset = record.offset
            if isinstance(record, RefusedBatch):
                screening, offset = record.refusal, record.first_offset
            refused[screening.reason] += 1
            trailing += 1
            replays = replays_of(record.headers)
            letter = letter_of(screening, value, topic, partition, offset, replays=replays)
            records.append(dead_letter_record(letter, record.key, record.headers))
            continue
        outcomes[screening.outcome] += 1
        # A canary says nothing about event time, nor whether what collectors write is any good.
        is_said = screening.outcome is not ScreenOutcome.CANARY
        if is_said:
            trailing = 0
            if screening.event is not None:
                kept = event_evidence(screening.event, value, source, record.timestamp * 1_000)
                records.append(evidence_record(kept))
        for event in screening.events:
            if is_said:
                newest_us = event.at_us if newest_us is None else max(newest_us, event.at_us)
            key = subject_key(event.platform, event.subject.id).encode()
            records.append(OutgoingRecord(SUBJECT_EVENTS, key, encode_subject_event(event)))
        for report in screening.country_events:
            if handles is not None:
                handles.see(report)
            newest_us = report.at_us if newest_us is None else max(newest_us, report.at_us)
            value_out = encode_country_event(report)
            if report.country:
                records.append(OutgoingRecord(COUNTRY_EVENTS, report.country.encode(), value_out))
            else:
                everywhere = range(country_partitions)
                records += [OutgoingRecord(COUNTRY_EVENTS, None, value_out, (), number) for number in everywhere]
    outcomes[ScreenOutcome.NOT_OFFICIAL] += len(values) - passed
    if looked_up_to < len(values):
        trailing = 0
    return ScreenedBatch(records, outcomes, refused, trailing, newest_us)
