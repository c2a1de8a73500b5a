"""A broker that comes back with shorter logs: the events of a source are read again, from where all are there."""

import asyncio
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from streams.collectors.cursor_moving import move_cursor
from streams.kafka.child_process import stop_child
from tests.collectors.collecting import Collection, next_line, numbers, settings_for, wait_until
from tests.collectors.lines_server import LinesServer, lines_server
from tools.kafka.node import Kafka
from tools.kafka.power_cut import cut_back, logs_of

_LINES = 2_000
_POSTS = "cut-posts"
_CURSORS = "cut-collector-cursors"


class _Case:
    """Lines that a collector reads, a thousand at a time in some twenty transactions."""

    def __init__(self, kafka: Kafka, server: LinesServer, directory: Path) -> None:
        self.kafka = kafka
        self.server = server
        self.settings = settings_for(kafka.address, "cut-", delivery_timeout_seconds=10.0)
        self.collection = Collection(
            self.settings, directory, lines_port=server.port, transaction_interval_seconds=0.02
        )

    def collect(self) -> str:
        """Read what is new; the log of the process, which has ended."""
        self.server.add(_LINES)
        with self.collection.running() as subject:
            self.wait_until_all_is_read(lambda: subject.log)
        return subject.log

    def wait_until_all_is_read(self, log: Callable[[], str]) -> None:
        wait_until("all is read", lambda: next_line(self.settings) == len(self.server.log), log=log)

    def cut(self, shares: dict[str, float]) -> None:
        """Kill the broker, and start it with so much of the newest segments of these topics."""
        self.kafka.kill()
        for topic, share in shares.items():
            for directory in logs_of(self.kafka, re.compile(rf"{topic}-\d+").fullmatch):
                assert cut_back(directory, share) is not None
        self.kafka.start()

    def require_all(self) -> None:
        assert numbers(self.settings).keys() == set(range(len(self.server.log)))


@pytest.fixture
def case(own_kafka: Kafka, tmp_path: Path) -> Iterator[_Case]:
    with lines_server(0, lines_per_second=2_000) as server:
        yield _Case(own_kafka, server, tmp_path)


def test_events_that_a_power_cut_took_are_read_again(case: _Case) -> None:
    """Whether the cursor outlived them or went with them; what was read since is not taken for them."""
    case.collect()
    for shares in ({_POSTS: 0.6}, {_POSTS: 0.5, _CURSORS: 0.8}):
        case.cut(shares)
        assert "going back" in case.collect()
        case.require_all()


def test_a_collector_that_runs_ends_and_where_no_cursor_will_do_it_refuses_and_names_what_does(case: _Case) -> None:
    case.server.add(_LINES)
    subject = case.collection.start()
    try:
        case.wait_until_all_is_read(lambda: subject.log)
        case.cut({_POSTS: 0.0})
        case.server.add(_LINES)
        assert subject.process.wait(60) == 3, subject.log
        assert "start the collector again" in subject.log
        subject = case.collection.start()
        assert subject.process.wait(60) == 3, subject.log
        assert "antiphon sources --move lines/lines" in subject.log
    finally:
        stop_child(subject.process, timeout_seconds=20)
    asyncio.run(move_cursor(case.settings, "lines/lines", b'{"next":0}', None))
    case.collect()
    case.require_all()
