"""A broker that comes back with shorter logs: what the raw topics hold is counted once, or the worker refuses."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from streams.core.backtest import Results
from streams.core.screening.account_index import AccountIndex
from streams.core.tracked import decode_tracked
from streams.formats.registry import readers_named
from streams.jobs.backtest import backtest_files
from streams.jobs.collection import collect
from streams.jobs.drain import wait_until_drained
from streams.jobs.ingestion import ingest
from streams.jobs.workers import environment_of
from streams.kafka.administration import create_topics
from streams.kafka.reading import read_topic
from streams.kafka.roster_topic import publish_roster
from streams.kafka.state_reset import RESULTS, STATES
from streams.rules_loading import bundled_rules
from streams.settings import Settings
from tests.pipeline.crew import Crew
from tests.pipeline.kept import evidence_flaws
from tests.pipeline.sameness import assert_same
from tests.pipeline.world import World
from tools.kafka.node import Kafka
from tools.kafka.power_cut import cut_back, logs_of

_READERS = readers_named("canonical")
_PARTITIONS = dict.fromkeys(
    (*STATES[:4], *RESULTS, "posts", "retweets", "deletions"),
    2,
)


class _Case:
    """A small world, half of which is counted when the broker fails."""

    def __init__(self, kafka: Kafka, directory: Path) -> None:
        self.kafka = kafka
        self.settings = Settings(
            broker=kafka.address,
            topic_prefix="cut-",
            session_timeout_seconds=2.0,
            canary_interval_seconds=0.0,
            commit_interval_seconds=0.3,
            aftermath_withhold_deleted="",  # as the backtest does
            data_dir=str(directory / "state"),
        )
        world = World(11, 1_500)
        self.whole = directory / "world.ndjson"
        world.write(self.whole)
        lines = self.whole.read_bytes().splitlines(keepends=True)
        self.half = directory / "half.ndjson"
        self.half.write_bytes(b"".join(lines[: len(lines) // 2]))
        self.roster = world.roster
        self.crew = Crew(self.settings, directory)
        asyncio.run(create_topics(self.settings, partitions=_PARTITIONS))
        asyncio.run(publish_roster(self.settings, world.roster))

    def work(self, path: Path) -> None:
        """Ingest a file and have a worker deal with it."""
        done = asyncio.run(ingest([str(path)], _READERS, self.settings))
        deadline = time.monotonic() + 100
        self.crew.add()

        def watch(remaining: int) -> None:
            self.crew.replace_dead()
            if time.monotonic() > deadline or self.crew.restarts > 2:
                pytest.fail(f"{remaining} records are stuck\n{self.crew.logs()}")

        try:
            asyncio.run(wait_until_drained(self.settings, done.written, watch, newest_us=done.newest_us))
        finally:
            self.crew.dismiss_all()

    def lose(self, share: float, wanted: Callable[[str], bool]) -> int:
        """Kill the broker and start it with so much of the newest segments of these partitions; how many were cut."""
        self.kafka.kill()
        cut = [cut_back(directory, share) for directory in logs_of(self.kafka, wanted)]
        self.kafka.start()
        return len([each for each in cut if each is not None])

    def refusal(self) -> str:
        """What a worker says that does not start."""
        command = [sys.executable, "-m", "streams.cli.main", "worker"]
        done = subprocess.run(
            command, env=environment_of(self.settings), capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 3, done.stderr
        return done.stderr

    def reset(self) -> None:
        """The command that the refusal names."""
        command = [sys.executable, "-m", "streams.cli.main", "states", "reset", "--yes"]
        done = subprocess.run(
            command, env=environment_of(self.settings), capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr

    def finish(self) -> Results:
        """Everything once more, twice, so that workers know every tracked account from the start."""
        self.work(self.whole)
        self.work(self.whole)
        results, letters = asyncio.run(collect(self.settings))
        assert letters == []
        flaws = asyncio.run(evidence_flaws(self.settings, asyncio.run(self._known()), time.time_ns() // 1_000))
        assert {what: wrong for what, (_compared, wrong) in flaws.items() if wrong} == {}
        assert min(compared for compared, _wrong in flaws.values()) > 5
        return results

    async def _known(self) -> AccountIndex:
        known = AccountIndex(self.roster)
        async for record in read_topic(self.settings, "tracked-accounts"):
            known.add(decode_tracked(record.value or b""))
        return known

    def oracle(self) -> Results:
        return backtest_files([str(self.whole)], _READERS, self.roster, bundled_rules()).results


@pytest.fixture
def case(own_kafka: Kafka, tmp_path: Path) -> Iterable[_Case]:
    made = _Case(own_kafka, tmp_path)
    made.work(made.half)
    yield made
    made.crew.dismiss_all()


def _of(*topics: str) -> Callable[[str], bool]:
    return lambda name: name.rpartition("-")[0] in {f"cut-{topic}" for topic in topics}


def test_what_lost_records_is_read_again_and_counts_once(case: _Case) -> None:
    """Raw topics at whose reused offsets new events stand, changelogs that went back, offsets that went back."""
    lost = _of("retweets", "posts", "subject-states", "country-ledger")
    assert case.lose(0.6, lambda name: lost(name) or name.startswith("__consumer_offsets")) > 4
    assert_same(case.finish(), case.oracle())


def test_a_worker_whose_results_are_lost_refuses_and_its_remedy_works(case: _Case) -> None:
    """Also what TRACK and WATCH told each other. The command that it names recounts, and all is as it should be."""
    assert case.lose(0.5, _of("subject-events", "country-events", "alerts")) > 2
    said = case.refusal()
    assert "lost records" in said
    assert "antiphon states reset" in said
    case.reset()
    assert_same(case.finish(), case.oracle())
