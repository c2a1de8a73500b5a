"""`kill -9` of a collector at random moments under load: Kafka has each line of the server once, after each of them.

`ANTIPHON_COLLECTOR_KILLS=200` is the long run (`make kills`).
"""

import os
from pathlib import Path
from random import Random

import pytest

from tests.collectors.collecting import (
    Collection,
    kill_after_claim,
    next_line,
    numbers,
    settings_for,
    shut_out,
    wait_until,
)
from tests.collectors.lines_server import lines_server
from tools.kafka.running_broker import RunningBroker

_KILLS = int(os.environ.get("ANTIPHON_COLLECTOR_KILLS", "8"))
_LINES_PER_SECOND = 4_000


@pytest.mark.timeout(600 + 15 * _KILLS)
def test_kills_at_random_moments_lose_nothing_and_repeat_nothing(
    kafka: RunningBroker, topic_prefix: str, tmp_path: Path
) -> None:
    """A kill comes after the source was claimed, at a moment of the next second: in the middle of transactions, and
    between them. What was open is undone by whoever opens the source next.
    """
    settings = settings_for(kafka.address, topic_prefix)
    random = Random(13)
    before, under_load = 0, 0
    with lines_server(20_000, lines_per_second=_LINES_PER_SECOND) as server:
        collection = Collection(settings, tmp_path, lines_port=server.port, transaction_interval_seconds=0)
        for _ in range(_KILLS):
            subject = kill_after_claim(collection, random.uniform(0.0, 0.7))
            if len(server.log) - server.sent < 10_000:
                server.add(20_000)
            shut_out(settings)
            after = next_line(settings)
            assert after >= before
            under_load += server.sent > after > before
            before = after
            assert numbers(settings) == dict.fromkeys(range(after), 1), f"after the kill at {after}\n{subject.log}"
        with collection.running() as subject:
            wait_until("it goes on", lambda: next_line(settings) >= before + 2_000, log=lambda: subject.log)
    end = next_line(settings)
    assert numbers(settings) == dict.fromkeys(range(end), 1)
    assert under_load > _KILLS // 4, "too few kills came under load"
