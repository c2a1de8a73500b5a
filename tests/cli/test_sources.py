"""`antiphon sources`: how far each live source was read, and one that begins again."""

import asyncio
import json
import time

import msgspec
from prometheus_client import CollectorRegistry

from streams.collectors.coverage import OpenGap, SourceSeen
from streams.collectors.metrics import CollectorMetrics
from streams.collectors.publisher import Publisher
from streams.settings import Settings
from tests.cli.conftest import Antiphon
from tests.collectors.collecting import cursor_of, settings_for
from tools.kafka.running_broker import RunningBroker


def test_each_source_is_listed_with_what_was_seen_and_its_cursor_and_can_be_forgotten(
    kafka: RunningBroker, topic_prefix: str, antiphon: Antiphon
) -> None:
    """A forgotten one begins without a cursor, the others go on."""
    settings = settings_for(kafka.address, topic_prefix)
    where = ("--broker", kafka.address, "--topic-prefix", topic_prefix)
    assert "Nothing was collected yet. `antiphon collect` lists" in antiphon("sources", *where).stdout
    now_us = time.time_ns() // 1_000
    _publish(settings, "tail", {"n": 7}, SourceSeen(since_us=now_us - 9_000_000, until_us=now_us - 5_000_000))
    keys = [f"key-{number}" for number in range(20)]
    _publish(settings, "push", keys, SourceSeen(since_us=1, until_us=2, gap=OpenGap(2, "refused")))

    listed = json.loads(antiphon("sources", "--json", *where).stdout)["sources"]
    assert [each["source"] for each in listed] == ["push/push", "tail/tail"]
    assert [json.loads(each["cursor"]) for each in listed] == [keys, {"n": 7}]  # whole: `--cursor` takes it back
    assert (listed[0]["gap_reason"], listed[1]["gap_reason"]) == ("refused", None)
    assert 5 <= listed[1]["behind_seconds"] < 300
    assert "tail/tail" in antiphon("sources", *where).stdout

    refused = antiphon("sources", "--forget", "tial/tail", *where)
    assert refused.exit_code == 2
    assert "There are: push/push, tail/tail" in refused.stderr
    assert antiphon("sources", "--forget", "tail/tail", *where).exit_code == 0
    assert cursor_of(settings, b"tail/tail") is None
    assert cursor_of(settings, b"push/push") is not None
    assert [each["source"] for each in json.loads(antiphon("sources", "--json", *where).stdout)["sources"]] == [
        "push/push"
    ]


def test_a_broker_that_is_away_is_status_3(antiphon: Antiphon) -> None:
    result = antiphon("sources", "--broker", "127.0.0.1:1")
    assert result.exit_code == 3, result.stderr


def _publish(settings: Settings, name: str, cursor: object, seen: SourceSeen) -> None:
    async def publish() -> None:
        metrics = CollectorMetrics(CollectorRegistry())
        publisher = Publisher(name, name, settings, metrics, instance="test")
        await publisher.begin()
        await publisher.publish((), msgspec.json.encode(cursor), seen)
        await publisher.end()

    asyncio.run(publish())
