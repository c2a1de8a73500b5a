"""Records of internal topics that none of our agents wrote: dead letters with their bytes, counted and told.

What comes behind them is dealt with. Not for changelogs: a state that lacks a record would give wrong figures.
"""

import logging
from collections.abc import Sequence
from typing import Final

from streams.deadletters import Rejection
from streams.faust_driver.batches import Record
from streams.faust_driver.unpacking import RefusedBatch
from streams.kafka.batch_writer import BATCH_BYTES, BatchWriter, OutgoingRecord
from streams.kafka.client import started_producer
from streams.kafka.dead_letter_record import dead_letter_record, letter_of
from streams.metrics import Metrics
from streams.refusal import undecodable
from streams.settings import Settings

__all__ = ["letter_for", "report_set_aside", "write_letters"]

_log: Final = logging.getLogger(__name__)


def letter_for(record: Record, topic: str, partition: int, error: Exception | Rejection) -> OutgoingRecord:
    """The dead letter of a record of the topic (plain name). `error` is one of `DECODE_ERRORS`, or the refusal."""
    value, offset = record.value or b"", record.offset
    refusal = error if isinstance(error, Rejection) else undecodable(value, error)
    if isinstance(record, RefusedBatch):
        refusal, offset = record.refusal, record.first_offset
    letter = letter_of(refusal, value, topic, partition, offset)
    return dead_letter_record(letter, record.key, record.headers)


async def write_letters(settings: Settings, metrics: Metrics, topic: str, letters: Sequence[OutgoingRecord]) -> None:
    """Write letters that belong to no transaction, then tell of them. Raises `BrokerError`."""
    if letters:
        async with started_producer(settings, max_batch_size=BATCH_BYTES) as client:
            await BatchWriter(client, settings.topic_prefix, metrics).deliver(letters)
        report_set_aside(metrics, topic, letters)


def report_set_aside(metrics: Metrics, topic: str, letters: Sequence[OutgoingRecord]) -> None:
    """Count and log letters that the broker has for good, all of one topic; nothing where there are none."""
    if not letters:
        return
    metrics.set_aside.labels(topic).inc(len(letters))
    first = {name: (value or b"").decode("utf-8", "replace") for name, value in letters[0].headers}
    _log.error(
        "internal records set aside",
        extra={
            "topic": topic,
            "records": len(letters),
            "first": f"{topic}/{first['partition']}@{first['offset']}",
            "reason": first["reason"],
            "detail": first["detail"],
            "remedy": "see `antiphon dead-letters list`, and the runbook AntiphonInternalRecordSetAside",
        },
    )
