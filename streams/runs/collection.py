"""Collecting what a run wrote to the enriched topics: each amplification once, the last of everything else."""

from collections.abc import AsyncIterator, Mapping

from aiokafka import AIOKafkaConsumer, TopicPartition
from msgspec import json

from streams.brokers.administration import topic_states
from streams.brokers.client import consumer
from streams.brokers.dead_letter_record import read_dead_letter
from streams.core.backtest import Results
from streams.core.enriched import Alert, Amplification, Dossier
from streams.deadletters import DeadLetter
from streams.settings import Settings
from streams.transport.batches import Record

__all__ = ["collect", "read_topic"]


async def collect(settings: Settings) -> tuple[Results, list[DeadLetter]]:
    """Everything on the enriched topics now. Repeats are dropped by id, retracted alerts left out."""
    amplifications: dict[tuple[str, bytes | None, str], Amplification] = {}
    decode_amplification = json.Decoder(Amplification).decode
    async for record in read_topic(settings, "amplifications"):
        amplification = decode_amplification(record.value or b"")
        amplifications[(amplification.kind, record.key, amplification.id)] = amplification
    dossiers: dict[str, Dossier] = {}
    decode_dossier = json.Decoder(Dossier).decode
    async for record in read_topic(settings, "dossiers"):
        dossiers[(record.key or b"").decode()] = decode_dossier(record.value or b"")
    alerts: dict[str, Alert] = {}
    decode_alert = json.Decoder(Alert).decode
    async for record in read_topic(settings, "alerts"):
        alert = decode_alert(record.value or b"")
        alerts[alert.id] = alert
    letters = [read_dead_letter(r.value, r.headers) async for r in read_topic(settings, "dead-letters")]
    return (
        Results(
            amplifications=list(amplifications.values()),
            dossiers=dossiers,
            alerts={alert.id: alert for alert in alerts.values() if alert.status != "retracted"},
        ),
        letters,
    )


async def read_topic(settings: Settings, name: str) -> AsyncIterator[Record]:
    """Every committed record of a topic (plain name), from its beginning to where it ends now.

    The end is the later of what the broker says when asked and what its fetches say: the embedded broker's answer to
    the first question is too low.
    """
    state = next(state for state in await topic_states(settings) if state.topic.name == name)
    tps = [TopicPartition(state.name, partition) for partition in range(state.partitions)]
    client = consumer(settings, max_partition_fetch_bytes=16_777_216, fetch_max_wait_ms=100)
    await client.start()
    try:
        client.assign(tps)
        await client.seek_to_beginning(*tps)
        ends = await client.end_offsets(tps)
        while True:
            fetched = await client.getmany(timeout_ms=300)
            for records in fetched.values():
                for record in records:
                    yield record
            if not fetched and not [tp for tp in tps if await client.position(tp) < _end(client, tp, ends)]:
                return
    finally:
        await client.stop()


def _end(client: AIOKafkaConsumer, tp: TopicPartition, ends: Mapping[TopicPartition, int]) -> int:
    return max(ends[tp], client.highwater(tp) or 0)
