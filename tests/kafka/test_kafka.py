"""The real Kafka of the tests: it serves, keeps its data over a restart and a kill, and never outlives its program."""

import asyncio
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from streams.kafka.loopback import LOOPBACK, free_port, port_is_free, wait_until_answers
from tests.kafka.traffic import create_topic, read_all, send_all
from tools.kafka.node import Kafka, KafkaFailed
from tools.kafka.running_broker import RunningBroker

_ROOT = Path(__file__).parents[2]


def test_what_is_sent_comes_back_in_order(broker: RunningBroker, topic_prefix: str) -> None:
    values = [b"%d" % n for n in range(5_000)]
    create_topic(broker.address, f"{topic_prefix}t")
    send_all(broker.address, f"{topic_prefix}t", values)
    assert read_all(broker.address, f"{topic_prefix}t", len(values)) == values


def test_transactions_work(kafka: RunningBroker, topic_prefix: str) -> None:
    topic = f"{topic_prefix}t"
    create_topic(kafka.address, topic)
    send_all(kafka.address, topic, [b"1", b"2"], transaction=f"{topic_prefix}tx")
    assert read_all(kafka.address, topic, 2) == [b"1", b"2"]


def test_asking_about_an_unknown_topic_does_not_create_it(kafka: RunningBroker, topic_prefix: str) -> None:
    async def ask() -> tuple[int, list[str]]:
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka.address)
        await admin.start()
        try:
            (asked,) = await admin.describe_topics([f"{topic_prefix}none"])
            return asked["error_code"], await admin.list_topics()
        finally:
            await admin.close()

    error, topics = asyncio.run(ask())
    assert error == 3  # UNKNOWN_TOPIC_OR_PARTITION
    assert f"{topic_prefix}none" not in topics


def test_data_and_address_survive_a_restart_and_a_kill_but_not_the_end(own_kafka: Kafka) -> None:
    address, directory = own_kafka.address, own_kafka.directory
    create_topic(address, "kept")
    send_all(address, "kept", [b"before"])
    own_kafka.restart()
    assert own_kafka.address == address
    send_all(address, "kept", [b"between"], transaction="tx")
    own_kafka.kill()
    assert own_kafka.pid is None
    own_kafka.start()
    send_all(address, "kept", [b"after"])
    assert read_all(address, "kept", 3) == [b"before", b"between", b"after"]
    own_kafka.close()
    assert not directory.exists()


def test_a_paused_kafka_is_silent_until_it_is_resumed_and_can_be_stopped(own_kafka: Kafka) -> None:
    pid = own_kafka.pid
    assert pid is not None
    own_kafka.pause()
    assert not wait_until_answers(own_kafka.address, timeout_seconds=1, is_running=lambda: True)
    own_kafka.resume()
    assert wait_until_answers(own_kafka.address, timeout_seconds=20, is_running=lambda: own_kafka.pid is not None)
    own_kafka.pause()
    started = time.monotonic()
    own_kafka.stop()
    assert time.monotonic() - started < 15  # in order, not by the kill that comes after 20 s
    assert not Path(f"/proc/{pid}").exists()


@pytest.mark.kafka
def test_a_kafka_that_cannot_start_shows_its_log(kafka: RunningBroker) -> None:
    node = Kafka(properties={"log.retention.hours": "soon"})
    with pytest.raises(KafkaFailed, match=r"log\.retention\.hours"):
        node.start()
    assert node.pid is None
    node.close()


def test_a_taken_port_is_named(kafka: RunningBroker) -> None:
    node = Kafka(port=int(kafka.address.rpartition(":")[2]))
    with pytest.raises(KafkaFailed, match="is taken"):
        node.start()
    node.close()


@pytest.mark.kafka
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_in_the_foreground_it_serves_until_it_is_interrupted_and_leaves_no_process(
    kafka: RunningBroker, number: signal.Signals, tmp_path: Path
) -> None:
    port = free_port()
    command = [sys.executable, "-m", "tools.kafka.node", "--port", str(port), "--data", str(tmp_path / "data")]
    program = subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, start_new_session=True)
    with program:
        assert program.stdout is not None
        assert f"answers on {LOOPBACK}:{port}".encode() in program.stdout.readline()
        program.send_signal(number)
        try:
            assert program.wait(timeout=30) == (0 if number == signal.SIGINT else -number)
        finally:
            program.kill()
    deadline = time.monotonic() + 10
    while not port_is_free(port) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert port_is_free(port)
    assert (tmp_path / "data" / "kafka.log").exists()
