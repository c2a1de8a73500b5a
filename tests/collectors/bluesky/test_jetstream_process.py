"""`antiphon collect jetstream` as a process, from a local Jetstream to a real Kafka."""

import asyncio
import time
from pathlib import Path

from streams.events import Coverage, Suspension
from streams.kafka.loopback import free_port
from streams.kafka.roster_topic import publish_roster
from streams.settings import Settings
from tests.collectors.bluesky.jetstream_processes import (
    WRITTEN,
    Network,
    collecting,
    ids_of,
    roster_of_dids,
)
from tests.collectors.bluesky.jetstream_rig import EMBASSY, MINISTRY, SUBJECT, repost
from tests.collectors.collecting import events_of, settings_for, wait_until
from tools.kafka.running_broker import RunningBroker
from tools.servers.jetstream.log import account


def test_a_new_official_is_collected_within_five_seconds_and_a_takedown_is_told_within_one(
    kafka: RunningBroker, topic_prefix: str, tmp_path: Path
) -> None:
    settings = settings_for(kafka.address, topic_prefix, metrics_port=free_port())
    asyncio.run(publish_roster(settings, roster_of_dids(EMBASSY)))
    log = tmp_path / "collector.log"
    with Network() as network, collecting(settings, network, log):
        wait_until("connected", lambda: network.call(lambda: network.server.open) == 2, log=log.read_text)
        network.happen(lambda at: repost(at, 1))
        wait_until("the first repost", lambda: events_of(settings, "retweets"), log=log.read_text)

        network.happen(lambda at: account(SUBJECT, time_us=at, active=False, status="takendown", time=WRITTEN))
        began = time.monotonic()
        wait_until("the takedown", lambda: events_of(settings, "suspensions"), log=log.read_text)
        assert time.monotonic() - began < 1.0 + _reading_seconds(settings)

        asyncio.run(publish_roster(settings, roster_of_dids(EMBASSY, MINISTRY)))
        began = time.monotonic()
        wait_until(
            "the new filter",
            lambda: network.call(lambda: any(MINISTRY in each.query.get("dids", ()) for each in network.server.asked)),
        )
        assert time.monotonic() - began < 5.0
        network.happen(lambda at: repost(at, 2, did=MINISTRY))
        wait_until("his repost", lambda: len(ids_of(events_of(settings, "retweets"))) == 2, log=log.read_text)
    suspensions = [each for each in events_of(settings, "suspensions") if isinstance(each, Suspension)]
    assert {(each.id.partition(":did")[0], each.actor.id, each.status) for each in suspensions} == {
        ("account", SUBJECT, "suspended")
    }
    assert len(ids_of(suspensions)) == 1
    added = [gap for gap in events_of(settings, "coverage") if isinstance(gap, Coverage) and gap.reason == "added"]
    assert {gap.officials for gap in added} == {(EMBASSY,), (MINISTRY,)}


def _reading_seconds(settings: Settings) -> float:
    """How long the test itself takes to look."""
    began = time.monotonic()
    events_of(settings, "suspensions")
    return 2 * (time.monotonic() - began)
