"""How far the worker is behind in each of its partitions, and for how long it has stood still there.

Looks at the ends of the logs with a client of its own: whatever has stalled, the consumer may be part of it. Knows
nothing of what follows.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from streams.brokers.client import consumer, start_client
from streams.metrics import Metrics
from streams.settings import Settings

__all__ = ["Lag", "Standstill"]

_log: Final = logging.getLogger(__name__)
_LOOK_SECONDS: Final = 5.0
_LOOKS_BEFORE_STUCK: Final = 5
_PATIENCE_SECONDS: Final = 15.0

_Place = tuple[str, int]  # topic without its prefix, and partition


class Standstill:
    """For how long each partition has had something to do in which nothing was done. Times come in."""

    def __init__(self) -> None:
        self._since: dict[_Place, tuple[int, float]] = {}  # up to where it is done, and the seconds since

    def look(self, standing: Mapping[_Place, int], lags: Mapping[_Place, int], elapsed_seconds: float) -> None:
        """`standing` says up to where each place is done, `lags` how much is left; `elapsed_seconds` since the last."""
        since: dict[_Place, tuple[int, float]] = {}
        for place, offset in standing.items():
            before, seconds = self._since.get(place, (None, 0.0))
            stands = before == offset and lags.get(place, 0) > 0
            since[place] = (offset, seconds + elapsed_seconds if stands else 0.0)
        self._since = since

    def longest(self) -> tuple[_Place | None, float]:
        """Where nothing was done for the longest time, and for how long."""
        place = max(self._since, key=lambda each: self._since[each][1], default=None)
        return place, 0.0 if place is None else self._since[place][1]


class Lag:
    """`standing` tells of each assigned partition (topic with its prefix) from which offset on nothing is dealt with.

    `excused` says where the worker waits for something that it knows of: for a roster, say, or a state that is read.
    `stuck` is called with a sentence when a partition has stood still for longer than the settings allow. Time in which
    the broker does not say where its logs end does not count: it is away, and that is no fault of the worker's.
    """

    def __init__(
        self,
        settings: Settings,
        metrics: Metrics,
        topics: Iterable[str],
        *,
        standing: Callable[[], Mapping[_Place, int]],
        excused: Callable[[str, int], bool],
        stuck: Callable[[str], object],
    ) -> None:
        self._settings = settings
        self._metrics = metrics
        self._topics = tuple(topics)
        self._standing = standing
        self._excused = excused
        self._stuck = stuck
        self._still = Standstill()
        self._is_blind = False

    async def follow(self) -> None:
        """Look every few seconds until cancelled. No error of the broker's is raised: they are others' to tell."""
        pause_seconds = min(_LOOK_SECONDS, self._settings.stuck_after_seconds / _LOOKS_BEFORE_STUCK)
        looked = time.monotonic()
        while True:
            client = consumer(self._settings)
            try:
                await start_client(client)
                while True:
                    await asyncio.sleep(pause_seconds)
                    async with asyncio.timeout(_PATIENCE_SECONDS):
                        lags, standing = await self._look(client)
                    now = time.monotonic()
                    # Longer than that it was the process that had no turn.
                    elapsed, looked = min(now - looked, 2 * pause_seconds), now
                    self._judge(lags, standing, elapsed)
            except (KafkaError, TimeoutError) as error:
                if not self._is_blind:
                    _log.warning("the broker does not tell where its logs end", extra={"error": repr(error)})
                self._is_blind = True
                self._still = Standstill()
            finally:
                await client.stop()
            await asyncio.sleep(pause_seconds)

    async def _look(self, client: AIOKafkaConsumer) -> tuple[dict[_Place, int], dict[_Place, int]]:
        assigned = [TopicPartition(topic, partition) for topic, partition in self._standing()]
        ends = await client.end_offsets(assigned) if assigned else {}
        prefix = self._settings.topic_prefix
        # Afterwards, so that what was done meanwhile does not look like lag.
        standing = {(topic.removeprefix(prefix), part): done for (topic, part), done in self._standing().items()}
        lags = {
            place: max(0, end - standing[place])
            for tp, end in ends.items()
            if (place := (tp.topic.removeprefix(prefix), tp.partition)) in standing
        }
        return lags, standing

    def _judge(self, lags: Mapping[_Place, int], standing: Mapping[_Place, int], elapsed_seconds: float) -> None:
        self._is_blind = False
        totals: Counter[str] = Counter()
        for (topic, _partition), lag in lags.items():
            totals[topic] += lag
        for topic in self._topics:
            self._metrics.lag_records.labels(topic).set(totals[topic])
        expected = {place: lag for place, lag in lags.items() if not self._excused(*place)}
        self._still.look(standing, expected, elapsed_seconds)
        place, seconds = self._still.longest()
        self._metrics.still_seconds.set(seconds)
        if place is not None and seconds >= self._settings.stuck_after_seconds:
            self._stuck(f"{lags[place]} records of {place[0]}, partition {place[1]}, wait for {seconds:.0f} s")
