"""`antiphon collect jetstream` under load: killed again and again, started twice, with a Kafka that dies or stalls, a
slow server, and a reader that stalls. What Kafka has, after removal by id, is the server's log, in its order.

`ANTIPHON_COLLECTOR_KILLS=200` and `ANTIPHON_COLLECTOR_AWAY_SECONDS=60` are the long run (`make kills`).
"""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random

import pytest
from aiokafka.errors import KafkaError

from streams.events import Coverage, decode_event
from streams.kafka.child_process import stop_child
from streams.kafka.failures import BrokerError
from streams.kafka.reading import follow_topic
from streams.kafka.roster_topic import publish_roster
from streams.settings import Settings
from tests.collectors.bluesky.jetstream_processes import Network, roster_of_dids, start_collector
from tests.collectors.bluesky.jetstream_rig import EMBASSY
from tests.collectors.collecting import events_of, resident_bytes, settings_for, wait_until
from tools.kafka.node import Kafka
from tools.kafka.running_broker import RunningBroker

_KILLS = int(os.environ.get("ANTIPHON_COLLECTOR_KILLS", "4"))
_AWAY_SECONDS = float(os.environ.get("ANTIPHON_COLLECTOR_AWAY_SECONDS", "1"))
_GROWTH_BYTES = 24_000_000


class _Committed:
    """The ids of reposts that Kafka has, each once, in the order in which they came first."""

    def __init__(self, settings: Settings) -> None:
        self.ids: list[str] = []
        self.repeated = 0
        self._known: set[str] = set()
        self._settings = settings
        self._ended = False

    def require_no_hole(self, happened: Sequence[str]) -> int:
        """All up to somewhere, as the server has it, and nothing else; how many that is."""
        count = len(self.ids)
        assert self.ids[:count] == happened[:count]
        return count

    def read(self) -> None:
        """Until the end of the test; from the beginning where the broker was away."""
        while not self._ended:
            with suppress(BrokerError, KafkaError, OSError):
                asyncio.run(self._follow())

    async def _follow(self) -> None:
        async for fetched in follow_topic(self._settings, "retweets"):
            for record in fetched.records:
                name = decode_event(record.value).id
                self.repeated += name in self._known
                if name not in self._known:
                    self._known.add(name)
                    self.ids.append(name)
            if self._ended:
                return

    def end(self) -> None:
        self._ended = True


@contextmanager
def _committed(settings: Settings) -> Iterator[_Committed]:
    committed = _Committed(settings)
    thread = threading.Thread(target=committed.read, daemon=True)
    thread.start()
    try:
        yield committed
    finally:
        committed.end()
        thread.join(10)


def _is_connected(network: Network) -> bool:
    return bool(network.call(lambda: network.server.open) == 2)  # commits, and accounts


@pytest.mark.timeout(600 + 15 * _KILLS)
def test_a_collector_that_is_killed_at_random_moments_loses_nothing_and_closes_its_gaps_by_replay(
    kafka: RunningBroker, topic_prefix: str, tmp_path: Path
) -> None:
    """A kill comes within a second after the collector went on: in transactions, between them, and while it replays."""
    settings = settings_for(kafka.address, topic_prefix)
    asyncio.run(publish_roster(settings, roster_of_dids(EMBASSY)))
    log, random = tmp_path / "collector.log", Random(11)
    under_load = 0
    with Network() as network, _committed(settings) as committed:
        process = start_collector(settings, network, log)
        try:
            wait_until("connected", lambda: _is_connected(network), log=log.read_text)
            with network.acting(300) as happened:
                wait_until("a first cursor", lambda: committed.ids, log=log.read_text)
                for _ in range(_KILLS):
                    before = len(committed.ids)
                    time.sleep(random.uniform(0.0, 1.0))
                    process.send_signal(signal.SIGKILL)
                    process.wait(10)
                    process = start_collector(settings, network, log)
                    wait_until("connected again", lambda: _is_connected(network), log=log.read_text)
                    under_load += len(happened) > committed.require_no_hole(happened) > before
            wait_until("everything", lambda: len(committed.ids) >= len(happened), log=log.read_text)
        finally:
            stop_child(process, timeout_seconds=20)
        assert committed.ids == happened
        assert under_load > _KILLS // 4, "too few kills came under load"
        assert committed.repeated > 0, "a replay begins before what Kafka has"
    gaps = [each for each in events_of(settings, "coverage") if isinstance(each, Coverage) and not each.seen]
    last = {gap.id: gap for gap in gaps if gap.officials is None}
    assert {gap.closed_by for gap in last.values() if gap.reason != "stopped"} <= {"replay"}


@pytest.mark.timeout(400 + 5 * _AWAY_SECONDS)
def test_two_collectors_a_killed_and_a_stalling_kafka_a_slow_server_and_a_stalled_reader_lose_nothing(
    own_kafka: Kafka, tmp_path: Path
) -> None:
    """One after the other, under load, and the memory of the collector stays flat."""
    settings = settings_for(own_kafka.address, "faults-", delivery_timeout_seconds=10.0)
    asyncio.run(publish_roster(settings, roster_of_dids(EMBASSY)))
    log = tmp_path / "collector.log"
    with Network() as network, _committed(settings) as committed:
        first = start_collector(settings, network, tmp_path / "first.log")
        process = first
        try:
            wait_until("connected", lambda: _is_connected(network), log=(tmp_path / "first.log").read_text)
            with network.acting(500) as happened:

                def goes_on() -> None:
                    goal = len(happened)
                    wait_until("it goes on", lambda: committed.require_no_hole(happened) >= goal, log=log.read_text)

                wait_until("the first collects", lambda: len(committed.ids) > 100)
                process = start_collector(settings, network, log)
                assert first.wait(30) == 3
                goes_on()
                begin = resident_bytes(process)
                own_kafka.kill()
                own_kafka.start()
                goes_on()
                own_kafka.pause()
                time.sleep(_AWAY_SECONDS)
                own_kafka.resume()
                goes_on()
                process.send_signal(signal.SIGSTOP)
                time.sleep(_AWAY_SECONDS)
                process.send_signal(signal.SIGCONT)
                goes_on()
                network.call(lambda: setattr(network.server.faults, "event_seconds", 0.004))
                time.sleep(_AWAY_SECONDS)
                network.call(lambda: setattr(network.server.faults, "event_seconds", 0.0))
                goes_on()
                assert resident_bytes(process) < begin + _GROWTH_BYTES
            wait_until("everything", lambda: len(committed.ids) >= len(happened), log=log.read_text)
        finally:
            stop_child(first, timeout_seconds=20)
            stop_child(process, timeout_seconds=20)
    assert committed.ids == happened
    assert "another instance has taken over jetstream/jetstream" in (tmp_path / "first.log").read_text()
