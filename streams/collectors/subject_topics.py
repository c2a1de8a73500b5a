"""Learns of subjects from the enriched topics: all there are by their dossiers, then each amplification as it comes."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from msgspec import Struct

from streams.events import AccountSource, SuspensionStatus, Utc
from streams.kafka.client import consumer, start_client
from streams.kafka.reading import read_topic, require_topic
from streams.settings import Settings
from streams.topic_names import AMPLIFICATIONS, DOSSIERS

__all__ = ["KnownSubject", "known_subjects", "newly_amplified"]

_FETCH_MS: Final = 200


class _Account(Struct):
    id: str
    created_at_source: AccountSource | None = None


class _Suspension(Struct):
    status: SuspensionStatus


class KnownSubject(Struct):
    """Of a dossier what an enricher needs. `amplified_at`: the last time, `None` where no official ever did."""

    platform: str
    subject: _Account
    suspension: _Suspension | None = None
    amplified_at: Utc | None = msgspec.field(default=None, name="last_amplified_at")
    followers_as_of: Utc | None = None


class _Amplification(Struct):
    platform: str
    subject: _Account


_dossier: Final = msgspec.json.Decoder(KnownSubject)
_amplification: Final = msgspec.json.Decoder(_Amplification)


async def known_subjects(settings: Settings, platform: str) -> AsyncGenerator[KnownSubject, None]:
    """The subjects of a platform that have a dossier; of several records of one the last is valid. Raises
    `BrokerError`.
    """
    async for record in read_topic(settings, DOSSIERS):
        if record.value is None or not (record.key or b"").startswith(f"{platform}:".encode()):
            continue
        try:
            yield _dossier.decode(record.value)
        except msgspec.DecodeError:
            continue  # none of ours: the pipeline's own readers say so


@asynccontextmanager
async def newly_amplified(settings: Settings, platform: str) -> AsyncIterator[AsyncGenerator[list[str], None]]:
    """The DIDs of subjects, batch by batch, from where the topic ended when the block was entered; empty batches while
    nothing comes. Raises aiokafka's errors and `BrokerError`.
    """
    partitions = await require_topic(settings, AMPLIFICATIONS)
    tps = [TopicPartition(settings.topic(AMPLIFICATIONS), number) for number in range(partitions)]
    client = consumer(settings, max_partition_fetch_bytes=4_194_304, fetch_max_wait_ms=100)
    try:
        await start_client(client)
        client.assign(tps)
        await client.seek_to_end(*tps)
        for tp in tps:
            await client.position(tp)  # or the end would be looked up with the first fetch
        yield _batches(client, platform)
    finally:
        await client.stop()


async def _batches(client: AIOKafkaConsumer, platform: str) -> AsyncGenerator[list[str], None]:
    while True:
        fetched: dict[TopicPartition, list[Any]] = await client.getmany(timeout_ms=_FETCH_MS)
        dids = (_subject_in(record.value, platform) for records in fetched.values() for record in records)
        yield [did for did in dids if did is not None]


def _subject_in(value: bytes | None, platform: str) -> str | None:
    try:
        said = _amplification.decode(value or b"")
    except msgspec.DecodeError:
        return None  # none of ours, as above
    return said.subject.id if said.platform == platform else None
