"""A worker where no file can be written says that it must, and ends in order."""

import asyncio
import subprocess
import sys
from pathlib import Path
from threading import Timer

import pytest

from streams.formats.registry import readers_named
from streams.jobs.backtest import backtest_files
from streams.jobs.collection import collect
from streams.jobs.drain import wait_until_drained
from streams.jobs.ingestion import ingest
from streams.jobs.workers import environment_of
from streams.kafka.administration import create_topics
from streams.kafka.roster_topic import publish_roster
from streams.rules_loading import bundled_rules
from streams.settings import Settings
from tests.pipeline.crew import Crew
from tests.pipeline.world import World
from tools.kafka.running_broker import RunningBroker

_LIMITED = (
    "import os, resource, sys\n"
    "resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))\n"
    "os.execv(sys.executable, [sys.executable, '-m', 'streams.cli.main', 'worker'])\n"
)


_ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the limit's signal is ignored by Python on Linux")


def _worked(settings: Settings, directory: Path, until: str) -> tuple[int, str]:
    """Its exit status, and what a worker said that was stopped when it had said a thing, or ended by itself."""
    environment = environment_of(settings) | {"TMPDIR": str(directory)}
    with subprocess.Popen(
        [sys.executable, "-c", _LIMITED],
        cwd=directory,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as worker:
        assert worker.stdout is not None
        deadline = Timer(40, worker.kill)
        deadline.start()
        said = ""
        while until not in said and (line := worker.stdout.readline()):
            said += line
        worker.terminate()
        said += worker.stdout.read()
        status = worker.wait()
        deadline.cancel()
    return status, said


@_ON_LINUX
def test_a_worker_whose_ledger_finds_no_room_says_so_and_ends(
    kafka: RunningBroker, topic_prefix: str, tmp_path: Path
) -> None:
    """What it could not write down is not committed: the next one, with room, has all of it."""
    directory = tmp_path / "state"
    settings = Settings(
        broker=kafka.address, topic_prefix=topic_prefix, session_timeout_seconds=2.0, data_dir=str(directory)
    )
    asyncio.run(create_topics(settings))
    world = World(seed=1, events=300)
    asyncio.run(publish_roster(settings, world.roster))
    path = tmp_path / "world.ndjson"
    world.write(path)
    done = asyncio.run(ingest([str(path)], readers_named("canonical"), settings))
    status, said = _worked(settings, tmp_path, "never said")
    assert status == 70, said
    assert "WATCH failed" in said
    assert "watch-" in said
    assert "make room on its disk" in said, said
    crew = Crew(settings, tmp_path)
    crew.add()
    try:
        asyncio.run(wait_until_drained(settings, done.written, lambda _left: None, newest_us=done.newest_us))
    finally:
        crew.dismiss_all()
    results, _letters = asyncio.run(collect(settings))
    oracle = backtest_files([str(path)], readers_named("canonical"), world.roster, bundled_rules()).results
    assert results.aftermaths.keys() == oracle.aftermaths.keys()
    assert len(results.dossiers) == len(oracle.dossiers)
