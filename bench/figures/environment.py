"""Where figures are measured: a broker, its process if it is ours, topics under a prefix of the figure's own."""

import asyncio
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from msgspec import Struct

from bench.cores import BROKER_CORES, confined_to
from bench.workload import delete_topics_of
from streams.settings import Settings
from tools.kafka.node import Kafka

__all__ = ["Environment", "FigureFailed", "environment_at"]

_HEAP_MB: Final = 1_024
# As in the race: Kafka's own default, for a machine that is kept busy.
_PATIENT: Final = {"broker.session.timeout.ms": "9000"}


class FigureFailed(Exception):  # noqa: N818 - reads as what happened
    """A figure could not be measured; says why."""


class Environment(Struct, frozen=True, kw_only=True):
    """`broker_pid` is the broker's process, `None` for a broker that was running already. `echo` gets, in a line,
    what happens. `quick`: small, to see that it works; the figures mean nothing then. `minutes`: how long the soak
    takes."""

    address: str
    kind: str
    broker_pid: int | None
    quick: bool
    echo: Callable[[str], None]
    minutes: float = 60.0

    @contextmanager
    def topics_of_its_own(self) -> Iterator[Settings]:
        """Default settings, without canaries, with a fresh prefix; its topics are deleted at the end."""
        prefix = f"bench-{secrets.token_hex(4)}-"
        settings = Settings(broker=self.address, topic_prefix=prefix, canary_interval_seconds=0.0)
        try:
            yield settings
        finally:
            asyncio.run(delete_topics_of(settings))

    @contextmanager
    def broker_on(self, cores: frozenset[int]) -> Iterator[None]:
        """The broker's threads run on these cores inside the block; nothing happens where it is not ours."""
        _confine_threads(self.broker_pid, cores)
        try:
            yield
        finally:
            _confine_threads(self.broker_pid, BROKER_CORES)


@contextmanager
def environment_at(
    address: str | None, *, quick: bool, echo: Callable[[str], None], minutes: float = 60.0
) -> Iterator[Environment]:
    """The broker at an address, or a Kafka started for this run on the cores that are the broker's."""
    if address is not None:
        yield Environment(
            address=address,
            kind="a broker that was running",
            broker_pid=None,
            quick=quick,
            echo=echo,
            minutes=minutes,
        )
        return
    kafka = Kafka(heap_mb=_HEAP_MB, jvm=(), properties=_PATIENT)
    with confined_to(BROKER_CORES):
        kafka.start()
    try:
        yield Environment(
            address=kafka.address,
            kind=f"Apache Kafka {kafka.version}, heap {_HEAP_MB} MB",
            broker_pid=kafka.pid,
            quick=quick,
            echo=echo,
            minutes=minutes,
        )
    finally:
        kafka.close()


def _confine_threads(pid: int | None, cores: frozenset[int]) -> None:
    if pid is None:
        return
    for thread in Path(f"/proc/{pid}/task").iterdir():
        try:
            os.sched_setaffinity(int(thread.name), cores)
        except ProcessLookupError:
            continue  # it has just ended
