"""The vital signs of a worker: what it lacks to be ready, how far it is behind, and its canaries.

Owns how they hang together with the Faust app; each sign is a module of its own.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from typing import Any

from streams.metrics import Metrics
from streams.probes.health import Health
from streams.settings import Settings
from streams.worker.canary import Canary
from streams.worker.lag import Lag

__all__ = ["Monitoring"]

_Excuse = Callable[[int], bool]


class Monitoring:
    """`stuck` is called with a sentence when the worker has work and does none."""

    def __init__(
        self, app: Any, settings: Settings, metrics: Metrics, health: Health, stuck: Callable[[str], object]
    ) -> None:
        self._app = app
        self._settings = settings
        self._metrics = metrics
        self._health = health
        self._stuck = stuck
        self._is_assigned = False
        self._excuses: dict[str, _Excuse] = {}
        self._looking: Callable[[], object] = lambda: None
        self._found: Callable[[Mapping[tuple[str, int], int]], object] = lambda _lags: None
        app.on_partitions_assigned.connect(self._on_assigned)
        app.on_partitions_revoked.connect(self._on_revoked)
        health.need("partitions", lambda: None if self._is_assigned else "the group has not assigned them yet")

    def await_feed(self, name: str, ready: asyncio.Event, remedy: str, topics: Collection[str]) -> None:
        """The worker is ready only when a feed is, and takes nothing of the topics before."""
        self._health.need(name, lambda: None if ready.is_set() else f"not read yet; {remedy}")
        for topic in topics:
            self._excuses[topic] = _either(self._excuses.get(topic, _never), lambda _partition: not ready.is_set())

    def await_restart(self, name: str, stopped: Callable[[], str | None], topics: Collection[str]) -> None:
        """The worker is not ready while `stopped` says why, and takes nothing of the topics before a new start."""

        def lack() -> str | None:
            why = stopped()
            return None if why is None else f"{why}; it goes on when the worker is started again"

        self._health.need(name, lack)
        for topic in topics:
            self._excuses[topic] = _either(self._excuses.get(topic, _never), lambda _partition: stopped() is not None)

    def await_states(self, topic: str, recovering: Callable[[], Collection[int]]) -> None:
        """The worker is ready only while no state of the topic's partitions is being read."""

        def lack() -> str | None:
            waiting = recovering()
            return f"the states of {len(waiting)} partitions are being read" if waiting else None

        self._health.need(f"states of {topic}", lack)
        self._excuses[topic] = lambda partition: partition in recovering()

    def on_lags(self, looking: Callable[[], object], found: Callable[[Mapping[tuple[str, int], int]], object]) -> None:
        """`looking` is called before the ends of the logs are asked for, `found` with what is left up to them."""
        self._looking, self._found = looking, found

    async def follow(self) -> None:
        """Watch them until cancelled."""
        lag = Lag(
            self._settings,
            self._metrics,
            self._excuses,
            standing=lambda: self._app.consumer.standing() if self._is_assigned else {},
            excused=lambda topic, partition: self._excuses.get(topic, _never)(partition),
            stuck=self._stuck,
            looking=self._looking,
            found=self._found,
        )
        self._health.need("stable offsets", lambda: lag.blocked)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(lag.follow())
            if self._settings.canary_interval_seconds:
                tasks.create_task(Canary(self._settings, self._metrics).run())

    async def _on_assigned(self, _sender: Any, _partitions: Any, **_kwargs: Any) -> None:
        self._is_assigned = True

    async def _on_revoked(self, _sender: Any, _partitions: Any, **_kwargs: Any) -> None:
        self._is_assigned = False


def _either(one: _Excuse, other: _Excuse) -> _Excuse:
    return lambda partition: one(partition) or other(partition)


def _never(_partition: int) -> bool:
    return False
