"""The worker's canaries: sent to the raw topic on a schedule, and looked for where TRACK lets them out.

Nothing that becomes of them is an error: a pipeline that is blind shows by their age.
"""

import asyncio
import logging
import secrets
import time
from functools import lru_cache
from itertools import count
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from streams.core.canary import CANARY_PLATFORM, canary_retweet
from streams.core.canary_flight import CanaryFlight
from streams.core.subject_event import subject_key
from streams.events import RAW_TOPICS, encode_event
from streams.kafka.client import METADATA_MAX_AGE_MS, consumer, producer, start_client
from streams.kafka.partitioning import partition_of
from streams.metrics import Metrics
from streams.settings import Settings
from streams.topic_names import CANARIES, SUBJECT_EVENTS

__all__ = ["Canary"]

_log: Final = logging.getLogger(__name__)
_POLL_SECONDS: Final = 0.5
_PAUSE_SECONDS: Final = 5.0


class Canary:
    """Sends as many canaries a round as it takes to pass every partition of `retweets` and of `subject-events`."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._settings = settings
        self._metrics = metrics
        self._flight = CanaryFlight(secrets.token_hex(8), time.time())
        self._is_grounded = False

    async def run(self) -> None:
        """Until cancelled. A broker that is away is asked again and again."""
        while True:
            self._update_metric()
            client = consumer(self._settings)
            sender = producer(self._settings, metadata_max_age_ms=METADATA_MAX_AGE_MS)
            try:
                await start_client(client)
                await start_client(sender)
                await self._fly(client, sender)
            except (KafkaError, TimeoutError) as error:
                if not self._is_grounded:
                    _log.warning("canaries unavailable", extra={"error": repr(error)})
                self._is_grounded = True
            finally:
                await _stop(client)
                await _stop(sender)
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _fly(self, client: AIOKafkaConsumer, sender: AIOKafkaProducer) -> None:
        tp = TopicPartition(self._settings.topic(CANARIES), 0)
        client.assign([tp])
        await client.seek_to_end(tp)
        due = time.monotonic()
        while True:
            if (left := due - time.monotonic()) <= 0:
                await self._send(sender)
                due = time.monotonic() + self._settings.canary_interval_seconds
                continue
            fetched = await client.getmany(tp, timeout_ms=int(1_000 * min(_POLL_SECONDS, left)) + 1)
            for record in fetched.get(tp, ()):
                self._see(record.value)

    async def _send(self, sender: AIOKafkaProducer) -> None:
        settings = self._settings
        topic = settings.topic(RAW_TOPICS["retweet"])
        raw = len(await sender.partitions_for(topic))
        tracked = len(await sender.partitions_for(settings.topic(SUBJECT_EVENTS)))
        sent: list[asyncio.Future[Any]] = []
        for batcher, canary in enumerate(self._flight.send(max(raw, tracked), time.time(), time.monotonic())):
            subject = _subject_of(batcher % tracked, tracked)
            value = encode_event(canary_retweet(canary, subject))
            key = subject_key(CANARY_PLATFORM, subject).encode()
            sent.append(await sender.send(topic, value, key, partition=batcher % raw))
        results = await asyncio.gather(*sent, return_exceptions=True)
        for error in results:
            if isinstance(error, BaseException):
                raise error
        self._is_grounded = False

    def _see(self, value: bytes | None) -> None:
        seconds = self._flight.see((value or b"").decode("utf-8", "replace"), time.monotonic())
        if seconds is not None:
            self._metrics.canary_seconds.observe(seconds)
            self._update_metric()

    def _update_metric(self) -> None:
        self._metrics.canary_last_seen.set(self._flight.last_seen_seconds)


async def _stop(client: AIOKafkaConsumer | AIOKafkaProducer) -> None:
    try:
        await client.stop()
    except KafkaError as error:
        _log.debug("canary client closed by force", extra={"error": repr(error)})


@lru_cache(maxsize=1_024)
def _subject_of(partition: int, partitions: int) -> str:
    """The id of a made-up subject whose key belongs to that partition."""
    names = (f"canary-{number}" for number in count())
    return next(n for n in names if partition_of(subject_key(CANARY_PLATFORM, n).encode(), partitions) == partition)
