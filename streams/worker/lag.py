"""How far the worker is behind in each of its partitions, and for how long it has stood still there.

Looks at the ends of the logs with clients of its own: whatever has stalled, the consumer may be part of it. A log has
two ends: the real one, and the last stable offset, behind which nobody may read while a transaction is open.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from streams.kafka.client import consumer, start_client
from streams.metrics import Metrics
from streams.settings import Settings

__all__ = ["Lag", "Standstill"]

_log: Final = logging.getLogger(__name__)
_LOOK_SECONDS: Final = 5.0
_LOOKS_BEFORE_STUCK: Final = 5
_LOOKS_BEFORE_IDLE: Final = 4
_OPEN_TRANSACTION_SECONDS: Final = 30.0  # a collector's own transactions last for moments
_RETRY_SECONDS: Final = 15.0

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

    def seconds(self) -> dict[_Place, float]:
        """For how long nothing was done, by place."""
        return {place: seconds for place, (_offset, seconds) in self._since.items()}

    def longest(self) -> tuple[_Place | None, float]:
        """Where nothing was done for the longest time, and for how long."""
        place = max(self._since, key=lambda each: self._since[each][1], default=None)
        return place, 0.0 if place is None else self._since[place][1]


class Lag:
    """`standing` tells of each assigned partition (topic with its prefix) from which offset on nothing is dealt with.

    `excused` says where the worker waits for something that it knows of: for a roster, say, or a state that is read.
    `stuck` is called with a sentence when a partition has stood still for longer than the settings allow. Time in which
    the broker does not say where its logs end does not count: it is away, and that is no fault of the worker's. Neither
    is a transaction that somebody leaves open: `blocked` names it. `looking` is called before the ends are asked for,
    `found` with what is left of each partition up to them.
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
        looking: Callable[[], object] = lambda: None,
        found: Callable[[Mapping[_Place, int]], object] = lambda _lags: None,
    ) -> None:
        self._settings = settings
        self._metrics = metrics
        self._topics = tuple(topics)
        self._standing = standing
        self._excused = excused
        self._stuck = stuck
        self._looking = looking
        self._found = found
        self._still = Standstill()
        self._stable = Standstill()
        self._blocked: str | None = None
        self._is_blind = False

    @property
    def blocked(self) -> str | None:
        """The partition that an open transaction has kept from being read for the longest time, as a sentence."""
        return self._blocked

    async def follow(self) -> None:
        """Look every few seconds until cancelled. No error of the broker's is raised: they are others' to tell."""
        settings = self._settings
        pause_seconds = min(
            _LOOK_SECONDS,
            settings.stuck_after_seconds / _LOOKS_BEFORE_STUCK,
            settings.idle_after_seconds / _LOOKS_BEFORE_IDLE,
        )
        looked = time.monotonic()
        while True:
            stable = consumer(settings)
            real = consumer(settings, committed_only=False)
            try:
                await start_client(stable)
                await start_client(real)
                while True:
                    await asyncio.sleep(pause_seconds)
                    self._looking()
                    async with asyncio.timeout(_RETRY_SECONDS):
                        ends, standing = await self._look(stable, real)
                    now = time.monotonic()
                    # Longer than that it was the process that had no turn.
                    elapsed, looked = min(now - looked, 2 * pause_seconds), now
                    self._judge(ends, standing, elapsed)
            except (KafkaError, TimeoutError) as error:
                if not self._is_blind:
                    _log.warning("log end offsets unavailable", extra={"error": repr(error)})
                self._is_blind = True
                self._still, self._stable = Standstill(), Standstill()
            finally:
                await stable.stop()
                await real.stop()
            await asyncio.sleep(pause_seconds)

    async def _look(
        self, stable: AIOKafkaConsumer, real: AIOKafkaConsumer
    ) -> tuple[dict[_Place, tuple[int, int]], dict[_Place, int]]:
        """Of each assigned partition the last stable offset and the real end, and up to where it is dealt with."""
        assigned = [TopicPartition(topic, partition) for topic, partition in self._standing()]
        # The stable one first: what is committed in between must not look like an open transaction that stood still.
        stable_ends = await stable.end_offsets(assigned) if assigned else {}
        real_ends = await real.end_offsets(assigned) if assigned else {}
        prefix = self._settings.topic_prefix
        # Afterwards, so that what was done meanwhile does not look like lag.
        standing = {(topic.removeprefix(prefix), part): done for (topic, part), done in self._standing().items()}
        ends = {
            place: (end, max(end, real_ends.get(tp, end)))
            for tp, end in stable_ends.items()
            if (place := (tp.topic.removeprefix(prefix), tp.partition)) in standing
        }
        return ends, standing

    def _judge(
        self, ends: Mapping[_Place, tuple[int, int]], standing: Mapping[_Place, int], elapsed_seconds: float
    ) -> None:
        self._is_blind = False
        lags = {place: max(0, real - standing[place]) for place, (_stable, real) in ends.items()}
        readable = {place: max(0, stable - standing[place]) for place, (stable, _real) in ends.items()}
        totals: Counter[str] = Counter()
        for (topic, _partition), lag in lags.items():
            totals[topic] += lag
        for topic in self._topics:
            self._metrics.lag_records.labels(topic).set(totals[topic])
        self._find_blocked(ends, elapsed_seconds)
        expected = {place: lag for place, lag in readable.items() if not self._excused(*place)}
        self._still.look(standing, expected, elapsed_seconds)
        place, seconds = self._still.longest()
        self._metrics.still_seconds.set(seconds)
        self._found(lags)
        if place is not None and seconds >= self._settings.stuck_after_seconds:
            self._stuck(f"{readable[place]} records of {place[0]}, partition {place[1]}, wait for {seconds:.0f} s")

    def _find_blocked(self, ends: Mapping[_Place, tuple[int, int]], elapsed_seconds: float) -> None:
        """Where the last stable offset stands still below the end of the log, and for how long."""
        stable = {place: offset for place, (offset, _real) in ends.items()}
        self._stable.look(stable, {place: real - offset for place, (offset, real) in ends.items()}, elapsed_seconds)
        longest = dict.fromkeys(self._topics, 0.0)
        for (topic, _partition), seconds in self._stable.seconds().items():
            longest[topic] = max(longest.get(topic, 0.0), seconds)
        for topic, seconds in longest.items():
            self._metrics.open_transaction_seconds.labels(topic).set(seconds)
        place, seconds = self._stable.longest()
        before, self._blocked = self._blocked, None
        if place is not None and seconds >= min(
            _OPEN_TRANSACTION_SECONDS, self._settings.stuck_after_seconds / _LOOKS_BEFORE_STUCK
        ):
            offset, end = ends[place]
            self._blocked = (
                f"a transaction of another producer in {place[0]}, partition {place[1]}, is open for {seconds:.0f} s: "
                f"{end - offset} records from offset {offset} on cannot be read until it ends"
            )
            if before is None:
                _log.warning(
                    "last stable offset stalled",
                    extra={"topic": place[0], "partition": place[1], "offset": offset, "waiting": end - offset},
                )
