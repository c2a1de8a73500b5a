"""`antiphon collect tail` as a process: kills while a file is written and rotated, and the coverage of what was lost.

`ANTIPHON_COLLECTOR_KILLS=50` is the long run (`make kills`).
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from random import Random

import pytest

from streams.events import Coverage
from streams.settings import Settings
from tests.collectors.collecting import events_of, kill_after_claim, numbers, settings_for, shut_out, wait_until
from tests.collectors.collector_process import CollectorProcesses
from tests.collectors.tail.writing import Writer
from tests.worker.running_worker import Subject
from tools.kafka.running_broker import RunningBroker

_KILLS = int(os.environ.get("ANTIPHON_COLLECTOR_KILLS", "3"))
_FAST = {"poll_seconds": 0.05, "quiet_seconds": 0.2}


@contextmanager
def _writing(writer: Writer, random: Random) -> Iterator[None]:
    """For the block lines are written, 2,000 a second, and the file is renamed, and compressed, at random moments."""
    ended = threading.Event()

    def write() -> None:
        while not ended.wait(0.02):
            writer.write(40)
            if random.random() < 0.02:
                rotated = writer.rename()
                if random.random() < 0.5:
                    writer.compress(rotated)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@pytest.mark.timeout(600 + 15 * _KILLS)
def test_kills_while_a_file_is_written_and_rotated_lose_nothing_and_repeat_nothing(
    kafka: RunningBroker, topic_prefix: str, tmp_path: Path
) -> None:
    """Each line is in Kafka once, whatever the file was named when the collector came back."""
    settings = settings_for(kafka.address, topic_prefix)
    random = Random(17)
    writer = Writer(tmp_path / "events.ndjson")
    writer.write(10)
    own = {"path": writer.path, **_FAST}
    processes = CollectorProcesses("tail", settings, tmp_path, own, transaction_interval_seconds=0)
    under_load = 0
    with processes.running() as subject:
        wait_until("it is read", lambda: numbers(settings), log=partial(_log, subject))
    with _writing(writer, random):
        for _ in range(_KILLS):
            kill_after_claim(processes, random.uniform(0.0, 0.7))
            shut_out(settings, "tail", "tail")
            found = numbers(settings)
            assert set(found.values()) == {1}
            assert found.keys() == set(range(len(found))), "in order"
            under_load += len(found) < writer.written
    with processes.running() as subject:
        wait_until("all is read", lambda: len(numbers(settings)) == writer.written, log=partial(_log, subject))
    assert numbers(settings) == dict.fromkeys(range(writer.written), 1)
    assert under_load > _KILLS // 2
    assert writer.written > 1_000


def test_what_was_truncated_unread_is_a_gap_of_the_platform_on_coverage(
    kafka: RunningBroker, topic_prefix: str, tmp_path: Path
) -> None:
    """And what was seen before and after it, is said to be seen."""
    settings = settings_for(kafka.address, topic_prefix)
    writer = Writer(tmp_path / "events.ndjson")
    writer.write(10)
    own = {"path": writer.path, "platform": "lines", **_FAST}
    processes = CollectorProcesses("tail", settings, tmp_path, own, coverage_interval_seconds=1)
    with processes.running() as subject:
        wait_until("it is seen", lambda: _spans(settings, seen=True), log=partial(_log, subject))
    writer.write(10)
    writer.copy_truncate(with_copy=False)
    writer.write(5)
    with processes.running() as subject:
        wait_until("the gap is told", lambda: _ended_gaps(settings), log=partial(_log, subject))
        wait_until("it goes on", lambda: len(numbers(settings)) == 15, log=partial(_log, subject))
    (gap,) = _ended_gaps(settings)
    assert gap.platform == "lines"
    assert gap.closed_by is None
    assert gap.since is not None
    assert gap.until is not None
    assert gap.until > gap.since
    assert sorted(numbers(settings)) == [*range(10), *range(20, 25)]


def _spans(settings: Settings, *, seen: bool) -> list[Coverage]:
    events = events_of(settings, "coverage")
    return [event for event in events if isinstance(event, Coverage) and event.seen is seen]


def _ended_gaps(settings: Settings) -> list[Coverage]:
    return [gap for gap in _spans(settings, seen=False) if gap.until is not None]


def _log(subject: Subject) -> str:
    return subject.log
