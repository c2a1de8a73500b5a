"""A worker where no file can be written: it keeps none, and must neither refuse to start nor fail to end."""

import asyncio
import subprocess
import sys
from pathlib import Path
from threading import Timer

import pytest

from streams.brokers.administration import create_topics
from streams.brokers.roster_topic import publish_roster
from streams.runs.workers import environment_of
from streams.settings import Settings
from tests.brokers.running import RunningBroker
from tests.pipeline.world import World

_LIMITED = (
    "import os, resource, sys\n"
    "resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))\n"
    "os.execv(sys.executable, [sys.executable, '-m', 'streams.cli.main', 'worker'])\n"
)


@pytest.mark.skipif(sys.platform != "linux", reason="the limit's signal is ignored by Python on Linux")
def test_a_worker_starts_works_and_stops_without_writing_a_file(
    kafka: RunningBroker, topic_prefix: str, tmp_path: Path
) -> None:
    """Nothing is left behind in the directory it runs in either."""
    settings = Settings(broker=kafka.address, topic_prefix=topic_prefix, session_timeout_seconds=2.0)
    asyncio.run(create_topics(settings))
    asyncio.run(publish_roster(settings, World(seed=1, events=0).roster))
    environment = environment_of(settings) | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", _LIMITED],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as worker:
        assert worker.stdout is not None
        deadline = Timer(40, worker.kill)
        deadline.start()
        said = ""
        while "worker ready" not in said and (line := worker.stdout.readline()):
            said += line
        worker.terminate()
        said += worker.stdout.read()
        status = worker.wait()
        deadline.cancel()
    assert "worker ready" in said, said
    assert status == 0, said
    assert list(tmp_path.iterdir()) == []
