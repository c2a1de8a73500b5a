"""Kafka is killed, away, or stalls while a source sends as fast as it is read: the socket stays unread, memory stays
flat, and afterwards Kafka has each line once.
"""

import time
from pathlib import Path
from random import Random

from streams.kafka.loopback import free_port
from tests.collectors.collecting import Collection, next_line, numbers, resident_bytes, settings_for, wait_until
from tests.collectors.lines_server import LinesServer, lines_server
from tests.worker.running_worker import Subject
from tools.kafka.node import Kafka

_FEW_BYTES = 1_000_000
_GROWTH_BYTES = 24_000_000
_PADDING = 2_000


def test_a_broker_that_is_killed_and_started_again_costs_no_line_and_repeats_none(
    own_kafka: Kafka, tmp_path: Path
) -> None:
    settings = settings_for(own_kafka.address, "killed-", delivery_timeout_seconds=10.0)
    random = Random(3)
    with lines_server(300_000, lines_per_second=3_000) as server:  # more than it can send meanwhile
        collection = Collection(settings, tmp_path, lines_port=server.port, transaction_interval_seconds=0)
        with collection.running() as subject:
            for _ in range(3):
                server.sent = 0
                subject.wait_until("it goes on", lambda: server.sent > 500)
                time.sleep(random.uniform(0.1, 0.6))
                own_kafka.kill()
                own_kafka.start()
            goal = next_line(settings) + 2_000
            wait_until("it goes on", lambda: next_line(settings) > goal, seconds=90, log=lambda: subject.log)
        assert subject.process.returncode == 0, subject.log
    assert numbers(settings) == dict.fromkeys(range(next_line(settings)), 1)


def test_while_kafka_is_away_the_socket_is_not_read_and_a_stop_is_in_time(own_kafka: Kafka, tmp_path: Path) -> None:
    port = free_port()
    settings = settings_for(own_kafka.address, "away-", delivery_timeout_seconds=5.0, metrics_port=port)
    with lines_server(60_000, padding=_PADDING) as server:
        collection = Collection(settings, tmp_path, lines_port=server.port, queue_bytes=_FEW_BYTES)
        subject = collection.start()
        subject.wait_until("it collects", lambda: server.sent > 2_000)
        own_kafka.kill()
        _require_unread(server, subject, seconds=8)
        assert subject.health("/healthz")[0] == 200
        subject.wait_until("not ready", lambda: subject.health("/readyz")[0] == 503)
        assert "Kafka" in subject.health("/readyz")[1]["lacking"]["lines/lines"]
        subject.process.terminate()
        assert subject.process.wait(15) == 70, subject.log  # what is left cannot be written; nothing of it is lost
        own_kafka.start()
        with collection.running() as successor:
            wait_until("all is in Kafka", lambda: next_line(settings) == 60_000, seconds=90, log=lambda: successor.log)
    assert numbers(settings) == dict.fromkeys(range(60_000), 1)


def test_a_kafka_that_stalls_holds_the_source_back_and_memory_stays_flat(own_kafka: Kafka, tmp_path: Path) -> None:
    settings = settings_for(own_kafka.address, "stalled-", metrics_port=free_port())
    with lines_server(60_000, padding=_PADDING) as server:
        collection = Collection(settings, tmp_path, lines_port=server.port, queue_bytes=_FEW_BYTES)
        with collection.running() as subject:
            subject.wait_until("it collects", lambda: server.sent > 2_000)
            own_kafka.pause()
            _require_unread(server, subject, seconds=6)
            queued = subject.value("antiphon_collector_queue_bytes", collector="lines", source="lines")
            assert queued is not None
            assert _FEW_BYTES <= queued < 2 * _FEW_BYTES
            own_kafka.resume()
            wait_until("all is in Kafka", lambda: next_line(settings) == 60_000, seconds=90, log=lambda: subject.log)
    assert numbers(settings) == dict.fromkeys(range(60_000), 1)


def _require_unread(server: LinesServer, subject: Subject, *, seconds: float) -> None:
    """The server can send no more, for so long; what the buffers of the network hold is under way by then."""
    before = -1
    deadline = time.monotonic() + 30
    while server.sent != before:
        assert time.monotonic() < deadline, f"it is read on and on\n{subject.log}"
        before = server.sent
        time.sleep(1.5)
    assert before < len(server.log), "the server had nothing left to send"
    begin = resident_bytes(subject.process)
    time.sleep(seconds)
    assert server.sent == before
    assert resident_bytes(subject.process) < begin + _GROWTH_BYTES
