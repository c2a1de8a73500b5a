"""The topic `evidence` is read as it is: whatever strangers wrote there."""

import asyncio

from streams.core.evidence import EvidenceKey, read_evidence_record
from streams.core.evidence_records import alert_evidence, withheld_evidence
from streams.kafka.administration import create_topics
from streams.kafka.client import started_producer
from streams.kafka.evidence_reading import kept_evidence, read_evidence
from streams.settings import Settings
from tools.kafka.running_broker import RunningBroker


def test_what_was_kept_is_read_and_what_is_none_of_ours_is_passed_over(
    broker: RunningBroker, topic_prefix: str
) -> None:
    settings = Settings(broker=broker.address, topic_prefix=topic_prefix, transactions=False)
    one, other = (alert_evidence("ab" * 16, value) for value in (b"{}", b"[]"))
    withheld, marker = withheld_evidence(read_evidence_record(other.key, other.value, other.headers, 0), "why")
    records = [one, other, withheld, marker, other]

    async def written_and_read() -> tuple[list[EvidenceKey], dict[EvidenceKey, tuple[bytes | None, str]]]:
        await create_topics(settings)
        async with started_producer(settings) as client:
            topic = settings.topic("evidence")
            await client.send_and_wait(topic, b"hello", key=b"stranger", partition=0)
            for record in records:
                await client.send_and_wait(topic, record.value, key=record.key, headers=record.headers, partition=0)
        seen = [entry.key async for entry in read_evidence(settings)]
        kept = await kept_evidence(settings)
        return seen, {key: (entry.value, entry.withheld) for key, entry in kept.items()}

    seen, kept = asyncio.run(written_and_read())
    keys = [read_evidence_record(r.key, r.value, r.headers, 0).key for r in records]
    assert seen == keys
    assert kept == {keys[0]: (b"{}", ""), keys[1]: (None, "why")}
