"""Two instances of a collector by mistake: the second shuts the first out, which says so and stays away."""

import signal
from pathlib import Path

from tests.collectors.collecting import Collection, next_line, numbers, settings_for, wait_until
from tests.collectors.lines_server import lines_server
from tools.kafka.running_broker import RunningBroker

_LINES = 30_000


def test_the_first_of_two_instances_says_who_took_over_and_ends_with_status_3(
    kafka: RunningBroker, topic_prefix: str, tmp_path: Path
) -> None:
    settings = settings_for(kafka.address, topic_prefix)
    with lines_server(_LINES, lines_per_second=8_000) as server:
        collection = Collection(settings, tmp_path, lines_port=server.port, transaction_interval_seconds=0)
        first = collection.start()
        wait_until("the first collects", lambda: next_line(settings) > 2_000, log=lambda: first.log)
        with collection.running() as second:

            def first_ended() -> bool:
                server.add(10)  # who has nothing to write does not meet the other one, and they may be through by now
                return first.process.poll() is not None

            wait_until("the first ends", first_ended, log=lambda: first.log)
            assert first.process.returncode == 3, first.log
            assert "another instance has taken over lines/lines: " in first.log
            assert f":{second.process.pid}:" in first.log, "the log names the process"
            wait_until("all is in Kafka", lambda: next_line(settings) == len(server.log), log=lambda: second.log)
            assert second.process.poll() is None, second.log
            assert numbers(settings) == dict.fromkeys(range(len(server.log)), 1)


def test_an_instance_that_slept_through_its_replacement_writes_nothing_when_it_wakes(
    kafka: RunningBroker, topic_prefix: str, tmp_path: Path
) -> None:
    """As on a machine that was suspended: it holds chunks of old, and a connection that still delivers."""
    settings = settings_for(kafka.address, topic_prefix)
    with lines_server(_LINES, lines_per_second=8_000) as server:
        collection = Collection(settings, tmp_path, lines_port=server.port)
        first = collection.start()
        wait_until("the first collects", lambda: next_line(settings) > 2_000, log=lambda: first.log)
        first.process.send_signal(signal.SIGSTOP)
        with collection.running() as second:
            wait_until("the second is through", lambda: next_line(settings) == _LINES, log=lambda: second.log)
            first.process.send_signal(signal.SIGCONT)
            assert first.process.wait(30) == 3, first.log
            server.add(500)
            wait_until("the second goes on", lambda: next_line(settings) == _LINES + 500, log=lambda: second.log)
    assert numbers(settings) == dict.fromkeys(range(_LINES + 500), 1)
