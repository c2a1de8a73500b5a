"""Evidence on its way to the broker: what agents and commands write to `evidence`."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from aiokafka import AIOKafkaProducer

from streams.core.enriched import Alert
from streams.core.evidence_records import EvidenceRecord, alert_evidence, rules_evidence
from streams.core.rulebook.rules import RuleSet
from streams.kafka.client import started_producer
from streams.kafka.enriched_record import enriched_record
from streams.kafka.outgoing_record import OutgoingRecord
from streams.settings import Settings
from streams.topic_names import EVIDENCE

__all__ = ["alert_records", "evidence_record", "keep_rules", "send_evidence"]

_ON_THE_WAY: Final = 1_000  # records sent before the acknowledgements are awaited


def evidence_record(record: EvidenceRecord) -> OutgoingRecord:
    """The record for the topic."""
    return OutgoingRecord(EVIDENCE, record.key, record.value, record.headers)


def alert_records(alerts: Iterable[Alert]) -> Iterator[OutgoingRecord]:
    """Each alert for `alerts`, and this version of it for `evidence`: to be written in one transaction."""
    for alert in alerts:
        record = enriched_record(alert)
        yield record
        yield evidence_record(alert_evidence(alert.id, record.value or b""))


async def send_evidence(client: AIOKafkaProducer, settings: Settings, records: Sequence[EvidenceRecord]) -> None:
    """Write the records in order; returns when the broker has acknowledged all of them. Raises aiokafka's errors."""
    topic = settings.topic(EVIDENCE)
    for begin in range(0, len(records), _ON_THE_WAY):
        await asyncio.gather(
            *[
                await client.send(topic, record.value, key=record.key, headers=record.headers)
                for record in records[begin : begin + _ON_THE_WAY]
            ]
        )


async def keep_rules(settings: Settings, rules: RuleSet, text: str) -> None:
    """Write the rules that a worker is about to judge by: the same record again where the topic has them, since to
    look for them would be to read it. Raises `BrokerError`.
    """
    async with started_producer(settings) as client:
        await send_evidence(client, settings, [rules_evidence(rules, text)])
