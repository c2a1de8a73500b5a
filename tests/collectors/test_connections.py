"""Connections that break, fall silent or begin later than asked: what Kafka has then, and what it says of gaps."""

import time
from datetime import datetime
from pathlib import Path
from random import Random

from streams.events import Coverage
from streams.kafka.loopback import free_port
from streams.settings import Settings
from tests.collectors.collecting import Collection, events_of, next_line, numbers, settings_for, wait_until
from tests.collectors.lines_server import lines_server
from tools.kafka.running_broker import RunningBroker

_LINES = 20_000


def _coverage(settings: Settings) -> dict[str, Coverage]:
    """The last record of each id."""
    return {event.id: event for event in events_of(settings, "coverage") if isinstance(event, Coverage)}


def _at(time: datetime | None) -> datetime:
    assert time is not None
    return time


def test_connections_cut_in_the_middle_lose_nothing_and_each_gap_is_closed_by_replay(
    kafka: RunningBroker, topic_prefix: str, tmp_path: Path
) -> None:
    settings = settings_for(kafka.address, topic_prefix)
    random = Random(5)
    with lines_server(_LINES, lines_per_second=4_000) as server:
        collection = Collection(settings, tmp_path, lines_port=server.port, first_pause_seconds=0.05)
        with collection.running() as subject:
            for _ in range(8):
                subject.wait_until("connected", lambda: server.connections)
                time.sleep(random.uniform(0.05, 0.4))
                server.connections = 0
                server.cut()
            wait_until("all is in Kafka", lambda: next_line(settings) == _LINES, log=lambda: subject.log)
    assert numbers(settings) == dict.fromkeys(range(_LINES), 1)
    records = _coverage(settings)
    (span,) = [each for each in records.values() if each.seen]
    gaps = [each for each in records.values() if not each.seen and each.reason == "reconnected"]
    assert len(gaps) >= 4  # several cuts at one place of the stream are one gap
    assert {gap.closed_by for gap in gaps} == {"replay"}
    assert all(_at(span.since) <= _at(gap.since) <= _at(gap.until) for gap in gaps)


def test_a_stop_opens_a_gap_and_a_start_that_goes_on_there_closes_it(
    kafka: RunningBroker, topic_prefix: str, tmp_path: Path
) -> None:
    settings = settings_for(kafka.address, topic_prefix)
    with lines_server(1_000) as server:
        collection = Collection(settings, tmp_path, lines_port=server.port)
        with collection.running() as subject:
            wait_until("all is in Kafka", lambda: next_line(settings) == 1_000, log=lambda: subject.log)
        stopped = _coverage(settings)
        (gap,) = [each for each in stopped.values() if not each.seen]
        (span,) = [each for each in stopped.values() if each.seen]
        assert (gap.reason, gap.since, gap.until) == ("stopped", span.until, None)
        server.add(1_000)
        with collection.running() as subject:
            wait_until("all is in Kafka", lambda: next_line(settings) == 2_000, log=lambda: subject.log)
    assert server.asked == [0, 1_000]
    records = _coverage(settings)
    assert records[gap.id].closed_by == "replay"
    assert records[span.id].since == span.since
    assert _at(records[span.id].until) > _at(span.until)
    assert [each.reason for each in records.values() if each.until is None] == ["stopped"]


def test_a_server_that_begins_later_than_asked_leaves_a_gap_that_is_over_and_open_to_nobody(
    kafka: RunningBroker, topic_prefix: str, tmp_path: Path
) -> None:
    settings = settings_for(kafka.address, topic_prefix)
    with lines_server(1_000) as server:
        collection = Collection(settings, tmp_path, lines_port=server.port)
        with collection.running() as subject:
            wait_until("all is in Kafka", lambda: next_line(settings) == 1_000, log=lambda: subject.log)
        time.sleep(0.1)
        server.add(2_000)
        server.forgotten_before = 1_500
        with collection.running() as subject:
            wait_until("all is in Kafka", lambda: next_line(settings) == 3_000, log=lambda: subject.log)
            assert numbers(settings) == dict.fromkeys([*range(1_000), *range(1_500, 3_000)], 1)
            records = _coverage(settings).values()
    first, second = sorted((each for each in records if each.seen), key=lambda each: _at(each.since))
    (gap,) = [each for each in records if not each.seen]
    assert (gap.reason, gap.since, gap.closed_by) == ("stopped", first.until, None)
    assert gap.until == second.since


def test_a_silent_server_is_called_again_and_a_slow_one_is_waited_for(
    kafka: RunningBroker, topic_prefix: str, tmp_path: Path
) -> None:
    port = free_port()
    settings = settings_for(kafka.address, topic_prefix, metrics_port=port)
    with lines_server(0, lines_per_second=50) as server:
        server.is_silent = True
        collection = Collection(settings, tmp_path, lines_port=server.port, silent_seconds=1, first_pause_seconds=0.05)
        with collection.running() as subject:
            subject.wait_until("called again", lambda: server.connections >= 3)
            labels = {"collector": "lines", "source": "lines", "reason": "silent"}
            assert (subject.value("antiphon_collector_reconnects_total", **labels) or 0) >= 2
            assert "silent" in subject.health("/readyz")[1]["lacking"]["lines/lines"]
            server.is_silent = False
            server.add(100)  # two seconds of a slow server
            wait_until("all is in Kafka", lambda: next_line(settings) == 100, log=lambda: subject.log)
            calls = server.connections
            time.sleep(2)
            assert server.connections == calls, "who has nothing to say but is there is not called again"
            assert subject.health("/readyz")[0] == 200
    assert numbers(settings) == dict.fromkeys(range(100), 1)
