"""Faults while events flow: the final figures and alerts are those of an undisturbed run."""

import asyncio
import signal
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from streams.core.backtest import Results
from streams.formats.registry import readers_named
from streams.jobs.backtest import backtest_files
from streams.jobs.collection import collect
from streams.jobs.ingestion import ingest
from streams.kafka.administration import create_topics
from streams.kafka.roster_topic import publish_roster
from streams.rules_loading import bundled_rules
from streams.settings import Settings
from tests.pipeline.crew import Crew
from tests.pipeline.sameness import assert_same
from tests.pipeline.world import World
from tools.kafka.node import Kafka
from tools.kafka.running_broker import RunningBroker

_SLICES = 24
_STILL_SECONDS = 120.0
_READERS = readers_named("canonical")


def _settings(address: str, prefix: str) -> Settings:
    """Short sessions and small batches, so that faults hit many batches and are soon noticed."""
    return Settings(
        broker=address,
        topic_prefix=prefix,
        session_timeout_seconds=2.0,
        canary_interval_seconds=0.0,
        unengaged_days=3_650,  # the world has no order of time
        unengaged_profile_days=3_650,
        commit_interval_seconds=0.3,
        fetch_max_records=100,
        aftermath_withhold_deleted="",  # as the backtest does
    )


class _Run:
    """A world, cut into slices, on its way through a pipeline whose workers a test mistreats."""

    def __init__(self, settings: Settings, directory: Path, *, seed: int, events: int) -> None:
        world = World(seed, events)
        self.settings = settings
        self.random = Random(seed)
        self.crew = Crew(settings, directory)
        self.whole = directory / "world.ndjson"
        world.write(self.whole)
        lines = self.whole.read_bytes().splitlines(keepends=True)
        self.slices = []
        for number in range(_SLICES):
            path = directory / f"slice-{number}.ndjson"
            path.write_bytes(b"".join(lines[number * len(lines) // _SLICES : (number + 1) * len(lines) // _SLICES]))
            self.slices.append(path)
        self.oracle = backtest_files([str(self.whole)], _READERS, world.roster, bundled_rules()).results
        assert len(self.oracle.aftermaths) > 10
        self.written: dict[tuple[str, int], int] = {}
        self.newest_us = 0
        partitions = {"subject-events": 4, "subject-states": 4, "country-events": 4, "country-ledger": 4}
        asyncio.run(create_topics(settings, partitions=partitions))
        asyncio.run(publish_roster(settings, world.roster))

    def ingest(self, path: Path) -> None:
        done = asyncio.run(ingest([str(path)], _READERS, self.settings))
        self.written |= done.written
        self.newest_us = max(self.newest_us, done.newest_us)

    def flow(self, disturb: Callable[[int], None]) -> None:
        """Ingest slice by slice, with a disturbance after each."""
        for number, path in enumerate(self.slices):
            self.ingest(path)
            disturb(number)

    def results(self) -> Results:
        """Wait until everything is through, replacing workers that died, and collect.

        Workers that start then know every tracked account, and read everything a second time.
        """
        self._wait()
        self.crew.dismiss_all()
        for _ in range(2):
            self.crew.add()
        self.ingest(self.whole)
        self._wait()
        results, letters = asyncio.run(collect(self.settings))
        assert letters == []
        return results

    def _wait(self) -> None:
        self.crew.wait_until_drained(self.settings, self.written, self.newest_us, _STILL_SECONDS)


def test_kills_and_a_changing_crew_change_nothing(kafka: RunningBroker, topic_prefix: str, tmp_path: Path) -> None:
    """`kill -9` at random moments, workers that join and leave, and the whole file a second time."""
    run = _Run(_settings(kafka.address, topic_prefix), tmp_path, seed=5, events=3_600)
    kills = 0

    def disturb(number: int) -> None:
        nonlocal kills
        time.sleep(run.random.uniform(0.2, 1.5))
        if number % 4 == 1:
            run.crew.kill_one(run.random)
            kills += 1
        elif number == 8:
            run.crew.add()
        elif number == 16:
            # One that has only just been started ends by the signal itself.
            assert run.crew.dismiss_one(run.random) in (0, -signal.SIGTERM)

    try:
        for _ in range(2):
            run.crew.add()
        run.flow(disturb)
        run.ingest(run.whole)
        assert_same(run.results(), run.oracle)
        assert kills == _SLICES // 4
    finally:
        run.crew.dismiss_all()


def test_a_worker_that_was_asleep_for_longer_than_its_session_overwrites_nothing(
    kafka: RunningBroker, topic_prefix: str, tmp_path: Path
) -> None:
    """SIGSTOP, others take over and go on, SIGCONT: the zombie's half-done transaction is refused by the broker."""
    run = _Run(_settings(kafka.address, topic_prefix), tmp_path, seed=6, events=3_600)

    def disturb(number: int) -> None:
        if number in (6, 12, 18):
            sleeper = run.crew.members[0]
            run.crew.freeze(sleeper)
            time.sleep(3.5)
            run.ingest(run.slices[number])  # somebody else has the partitions by now, and works on them
            run.crew.thaw(sleeper)

    try:
        for _ in range(2):
            run.crew.add()
        run.flow(disturb)
        assert_same(run.results(), run.oracle)
    finally:
        run.crew.dismiss_all()


def test_a_broker_that_is_killed_and_comes_back_loses_nothing(own_kafka: Kafka, tmp_path: Path) -> None:
    """`kill -9` of the broker in the middle of the flow."""
    run = _Run(_settings(own_kafka.address, "case-"), tmp_path, seed=8, events=3_600)

    def disturb(number: int) -> None:
        if number in (8, 16):
            own_kafka.kill()
            time.sleep(1)
            own_kafka.start()

    try:
        for _ in range(2):
            run.crew.add()
        run.flow(disturb)
        assert_same(run.results(), run.oracle)
    finally:
        run.crew.dismiss_all()
