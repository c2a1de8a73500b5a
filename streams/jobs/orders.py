"""Orders to TRACK and WATCH on their way: written to the partition of each subject or State."""

import asyncio
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from aiokafka import AIOKafkaProducer

from streams.core.country_event import CountryEvent, encode_country_event
from streams.core.subject_event import SubjectEvent, encode_subject_event, subject_key
from streams.kafka.partitioning import partition_of
from streams.settings import Settings
from streams.topic_names import COUNTRY_EVENTS, SUBJECT_EVENTS

__all__ = ["send_orders"]

_ON_THE_WAY: Final = 500  # sent before the acknowledgements are awaited


async def send_orders(
    client: AIOKafkaProducer, settings: Settings, orders: Iterable[SubjectEvent | CountryEvent]
) -> dict[tuple[str, int], int]:
    """Write the orders; returns the offsets behind the last of them, by plain topic name and partition."""
    ends: dict[tuple[str, int], int] = {}
    left: Iterator[SubjectEvent | CountryEvent] = iter(orders)
    while some := list(islice(left, _ON_THE_WAY)):
        topics, futures = [], []
        for order in some:
            if isinstance(order, SubjectEvent):
                topic, key = SUBJECT_EVENTS, subject_key(order.platform, order.subject.id).encode()
                value = encode_subject_event(order)
            else:
                topic, key, value = COUNTRY_EVENTS, order.country.encode(), encode_country_event(order)
            name = settings.topic(topic)
            partition = partition_of(key, len(await client.partitions_for(name)))
            topics.append(topic)
            futures.append(await client.send(name, value, key=key, partition=partition))
        for topic, written in zip(topics, await asyncio.gather(*futures), strict=True):
            place = topic, written.partition
            ends[place] = max(ends.get(place, 0), written.offset + 1)
    return ends
