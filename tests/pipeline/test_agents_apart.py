"""Each agent in a worker of its own: what they find together is what one worker with all of them finds."""

import asyncio
import time
from pathlib import Path

import msgspec

from streams.formats.registry import readers_named
from streams.jobs.backtest import backtest_files
from streams.jobs.collection import collect
from streams.jobs.drain import wait_until_drained
from streams.jobs.ingestion import ingest
from streams.kafka.administration import create_topics
from streams.kafka.roster_topic import publish_roster
from streams.rules_loading import bundled_rules
from streams.settings import AGENTS, Settings
from tests.pipeline.crew import Crew, Place
from tests.pipeline.sameness import assert_same
from tests.pipeline.world import World
from tools.kafka.running_broker import RunningBroker

_DRAIN_SECONDS = 100.0
_READERS = readers_named("canonical")


def test_workers_that_run_one_agent_each_find_the_same(kafka: RunningBroker, topic_prefix: str, tmp_path: Path) -> None:
    """They are one group, though no two of them read the same topics."""
    settings = Settings(
        broker=kafka.address,
        topic_prefix=topic_prefix,
        session_timeout_seconds=6.0,
        unengaged_days=3_650,  # the world has no order of time
        unengaged_profile_days=3_650,
        commit_interval_seconds=0.3,
        aftermath_withhold_deleted="",  # as the backtest does
        data_dir=str(tmp_path / "state"),
    )
    world = World(seed=21, events=3_000)
    path = tmp_path / "world.ndjson"
    world.write(path)
    oracle = backtest_files([str(path)], _READERS, world.roster, bundled_rules()).results
    assert len(oracle.aftermaths) > 5
    crew = Crew(
        settings, tmp_path, places=[Place(settings=msgspec.structs.replace(settings, agents=name)) for name in AGENTS]
    )
    asyncio.run(create_topics(settings))
    asyncio.run(publish_roster(settings, world.roster))

    def read_all() -> None:
        for _ in AGENTS:
            crew.add()
        done = asyncio.run(ingest([str(path)], _READERS, settings))
        deadline = time.monotonic() + _DRAIN_SECONDS

        def watch(remaining: int) -> None:
            assert all(member.poll() is None for member in crew.members), crew.logs()
            assert time.monotonic() < deadline, f"{remaining} records are stuck\n{crew.logs()}"

        asyncio.run(wait_until_drained(settings, done.written, watch, newest_us=done.newest_us))
        crew.dismiss_all()

    try:
        read_all()
        read_all()  # workers that start know every tracked account
    finally:
        crew.dismiss_all()
    results, letters = asyncio.run(collect(settings))
    assert letters == []
    assert_same(results, oracle)
    assert {path.name.partition("-")[0] for path in (tmp_path / "state" / settings.group).glob("*.sqlite")} == {"watch"}
