"""`antiphon collect NAME` as a process on a real Kafka: what it writes, how it stops, and what it says of itself."""

import signal
from pathlib import Path

from streams.kafka.loopback import free_port
from tests.collectors.collecting import Collection, next_line, numbers, settings_for, wait_until
from tests.collectors.lines_server import lines_server
from tools.kafka.running_broker import RunningBroker


def test_every_line_of_the_server_is_committed_once_with_the_cursor_after_it(
    kafka: RunningBroker, topic_prefix: str, tmp_path: Path
) -> None:
    settings = settings_for(kafka.address, topic_prefix, metrics_port=free_port())
    with lines_server(3_000) as server, Collection(settings, tmp_path, lines_port=server.port).running() as subject:
        subject.wait_until("ready", lambda: subject.health("/readyz")[0] == 200)
        wait_until("all is in Kafka", lambda: next_line(settings) == 3_000, log=lambda: subject.log)
        assert numbers(settings) == dict.fromkeys(range(3_000), 1)
        subject.process.send_signal(signal.SIGTERM)
        assert subject.process.wait(20) == 0
    assert next_line(settings) == 3_000


def test_a_collector_whose_event_loop_stands_still_ends_and_logs_where_it_stands(
    kafka: RunningBroker, topic_prefix: str, tmp_path: Path
) -> None:
    settings = settings_for(kafka.address, topic_prefix, stuck_after_seconds=3.0)
    with lines_server(0) as server:
        server.log.append(b'{"n": 0, "keep": 3600}\n')
        subject = Collection(settings, tmp_path, lines_port=server.port).start()
        assert subject.process.wait(60) == 70, subject.log
    assert "the event loop did nothing for" in subject.log
    assert "lines_collector.py" in subject.log
