"""`antiphon demo` on a real broker, ended from outside: no topic, no folder and no process stays."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from tools.kafka.running_broker import RunningBroker

_ROOT = Path(__file__).parents[2]


async def _topics(address: str, prefix: str) -> set[str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    try:
        return {topic for topic in await admin.list_topics() if topic.startswith(prefix)}
    finally:
        await admin.close()


def _processes_with(prefix: str) -> list[int]:
    """Whose environment names the topic prefix: the demo's workers."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            environment = path.read_bytes()
        except OSError:
            continue
        if f"ANTIPHON_TOPIC_PREFIX={prefix}demo-".encode() in environment:
            found.append(int(path.parent.name))
    return found


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_demo_that_is_ended_leaves_no_topic_no_folder_and_no_process(
    kafka: RunningBroker, topic_prefix: str, tmp_path: Path, number: signal.Signals
) -> None:
    """While its worker runs. The status says which signal it was."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(_ROOT),
        "TMPDIR": str(tmp_path),
        "ANTIPHON_TOPIC_PREFIX": topic_prefix,
    }
    demo = subprocess.Popen(
        [sys.executable, "-m", "streams.cli.main", "demo", "--broker", kafka.address],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),  # tests may run under nohup, which has SIGHUP ignored
    )
    try:
        deadline = time.monotonic() + 100
        while not _processes_with(topic_prefix):
            assert demo.poll() is None, demo.communicate()[0]
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert list(tmp_path.iterdir())
        assert asyncio.run(_topics(kafka.address, topic_prefix))
        demo.send_signal(number)
        said, _ = demo.communicate(timeout=100)
    finally:
        demo.kill()
        demo.wait()
    assert demo.returncode == 128 + number, said
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []
    assert _processes_with(topic_prefix) == []
    while left := asyncio.run(_topics(kafka.address, topic_prefix)):  # a broker takes its time to forget deleted topics
        assert time.monotonic() < deadline, left
        time.sleep(0.1)
