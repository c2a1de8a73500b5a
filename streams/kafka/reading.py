"""Reads a topic outside any group: from its beginning to where it ends now, or on and on."""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.kafka.administration import topic_states
from streams.kafka.client import consumer, start_client
from streams.kafka.failures import BrokerError, broker_errors
from streams.settings import Settings

__all__ = [
    "EndsBeforeError",
    "Followed",
    "follow_topic",
    "missing_topic",
    "read_assigned",
    "read_partition",
    "read_topic",
    "require_topic",
]

_POLL_MS: Final = 300
_FOLLOW_MS: Final = 500  # a change of the roster takes effect within this, far below the promised 5 s
_SILENCE_SECONDS: Final = 30.0


async def require_topic(settings: Settings, name: str) -> int:
    """The number of partitions of a topic (plain name). Raises `BrokerError` where the broker does not have it."""
    for state in await topic_states(settings):
        if state.topic.name == name and state.partitions:
            return state.partitions
    raise missing_topic(settings, name)


def missing_topic(settings: Settings, name: str) -> BrokerError:
    """What to say where the broker does not have a topic (plain name)."""
    return BrokerError(
        f"the broker at {settings.broker} has no topic {settings.topic(name)}",
        remedy="run `antiphon topics create` first, or name another --broker or --topic-prefix",
    )


async def read_topic(settings: Settings, name: str) -> AsyncIterator[Any]:
    """Every committed aiokafka record of a topic (plain name), each partition in order.

    What belongs to a transaction that is still open is not committed, and the reading does not wait for it. Raises
    `BrokerError`, also after 30 s in which the broker sends nothing although there is something to read.
    """
    partitions = await require_topic(settings, name)
    tps = [TopicPartition(settings.topic(name), partition) for partition in range(partitions)]
    with broker_errors(settings):
        client = consumer(settings, max_partition_fetch_bytes=16_777_216, fetch_max_wait_ms=100)
        try:
            await start_client(client)
            client.assign(tps)
            await client.seek_to_beginning(*tps)
            async for records in read_assigned(client, tps, settings):
                for record in records:
                    yield record
        finally:
            await client.stop()


async def read_assigned(
    client: AIOKafkaConsumer, tps: Sequence[TopicPartition], settings: Settings
) -> AsyncGenerator[Sequence[Any], None]:
    """What a started consumer that has these partitions assigned fetches from where it stands to where they end now,
    each partition in order. Raises `BrokerError` after 30 s in which nothing comes, and aiokafka's errors.
    """
    ends = await client.end_offsets(tps)
    received = time.monotonic()
    while pending := [tp for tp in tps if not await _is_read(client, tp, ends)]:
        fetched = await client.getmany(*pending, timeout_ms=_POLL_MS)
        if fetched:
            received = time.monotonic()
        elif time.monotonic() - received > _SILENCE_SECONDS:
            raise BrokerError(
                f"the broker at {settings.broker} stopped in the middle of {pending[0].topic}",
                remedy="see the broker's log, and try again",
            )
        for records in fetched.values():
            yield records


class EndsBeforeError(LookupError):
    """A partition ends before the offset from which it was to be read: it is not the log that somebody remembers."""


async def read_partition(
    settings: Settings, name: str, partition: int, begin: int, at_end: Callable[[int], object] = lambda _offset: None
) -> AsyncGenerator[Sequence[Any], None]:
    """The committed aiokafka records of one partition (plain name) from offset `begin` to its end, as they are fetched.
    `at_end` is told that end, behind what transactions leave in the log.

    What was written before is all there; what is written meanwhile may be missing. Raises `EndsBeforeError` where there
    is nothing from `begin` on unless that is 0, `BrokerError` after 30 s of silence, and aiokafka's errors.
    """
    tp = TopicPartition(settings.topic(name), partition)
    # Stopping a consumer waits for the fetch under way: at the end of a log that is the whole of its waiting time.
    client = consumer(settings, max_partition_fetch_bytes=16_777_216, fetch_max_wait_ms=20)
    try:
        await start_client(client)
        client.assign([tp])
        ends = await client.end_offsets([tp])
        first = (await client.beginning_offsets([tp]))[tp]
        if begin and begin >= ends[tp]:
            raise EndsBeforeError(f"partition {partition} of {tp.topic} ends at {ends[tp]}, before {begin}")
        client.seek(tp, max(begin, first))
        received = time.monotonic()
        while first < ends[tp] and not await _is_read(client, tp, ends):
            records = (await client.getmany(tp, timeout_ms=1_000)).get(tp, ())
            if records:
                received = time.monotonic()
                yield records
            elif time.monotonic() - received > _SILENCE_SECONDS:
                raise BrokerError(
                    f"the broker at {settings.broker} stopped in the middle of {tp.topic}",
                    remedy="see the broker's log, and try again",
                )
        at_end(await client.position(tp))
    finally:
        await client.stop()


class Followed(NamedTuple):
    """What one fetch brought of a topic that is followed: `whole` once all that was there at the start has been read;
    `empty` where nothing was.
    """

    records: Sequence[Any]
    whole: bool
    empty: bool


async def follow_topic(settings: Settings, name: str) -> AsyncGenerator[Followed, None]:
    """The committed aiokafka records of a topic with one partition (plain name), from its beginning and without end, as
    they are fetched; without records at least every half second. Raises aiokafka's errors.
    """
    tp = TopicPartition(settings.topic(name), 0)
    client = consumer(settings, max_partition_fetch_bytes=4_194_304)
    try:
        await start_client(client)
        client.assign([tp])
        await client.seek_to_beginning(tp)
        end = (await client.end_offsets([tp]))[tp]
        while True:
            records = (await client.getmany(tp, timeout_ms=_FOLLOW_MS)).get(tp, ())
            yield Followed(records, await client.position(tp) >= end, end == 0)
    finally:
        await client.stop()


async def _is_read(client: AIOKafkaConsumer, tp: TopicPartition, ends: Mapping[TopicPartition, int]) -> bool:
    # The end is what the broker answers when asked, or what its fetches say if that is later: the embedded broker's
    # answer is right only for an empty partition, else too low.
    if ends[tp] == 0:
        return True
    stable = client.last_stable_offset(tp)
    return stable is not None and await client.position(tp) >= max(ends[tp], stable)
