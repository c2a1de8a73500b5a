"""`antiphon collect mastodon` as a process, from local servers to a real Kafka, killed at random moments.

`ANTIPHON_COLLECTOR_KILLS=50` is the long run.
"""

import asyncio
import os
import threading
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest

from streams.core.rosters.roster import Roster, RosterEntry
from streams.events import Deletion, Retweet
from streams.kafka.roster_topic import publish_roster
from tests.collectors.collecting import events_of, kill_after_claim, settings_for, shut_out, wait_until
from tests.collectors.collector_process import CollectorProcesses
from tests.worker.running_worker import Subject
from tools.kafka.running_broker import RunningBroker
from tools.servers.local_server import in_a_thread
from tools.servers.mastodon import Mastodon

_KILLS = int(os.environ.get("ANTIPHON_COLLECTOR_KILLS", "2"))
_PAUSE = 0.02  # seconds between two boosts


@pytest.mark.timeout(600 + 15 * _KILLS)
def test_kills_while_officials_boost_and_withdraw_lose_nothing_and_repeat_nothing(
    kafka: RunningBroker, topic_prefix: str, tmp_path: Path
) -> None:
    """Each boost is in Kafka once, and each un-boost of the newest forty."""
    settings = settings_for(kafka.address, topic_prefix)
    asyncio.run(publish_roster(settings, _roster()))
    random = Random(21)
    server, other = Mastodon("social.bund.example", limit=1_000_000), Mastodon("overheid.example", limit=1_000_000)
    server.add_user("embassy")
    other.add_user("minister")
    other.add_user("outlet")
    original = other.post("outlet")
    ended = threading.Event()

    boosts: list[dict[str, Any]] = []

    def act() -> None:
        """One boost every 20 ms: while the collector is away more of them than a page holds."""
        while not ended.wait(_PAUSE):
            by_server = random.random() < 0.7
            boosts.append(server.boost("embassy", original) if by_server else other.boost("minister", original))

    with in_a_thread(server, other):
        addresses = f"{server.host}={server.url},{other.host}={other.url}"
        own = {"addresses": addresses, "interval_seconds": 1, "spacing_seconds": 0.01}
        processes = CollectorProcesses("mastodon", settings, tmp_path, own, transaction_interval_seconds=0)
        acting = threading.Thread(target=act)
        with processes.running() as subject:
            wait_until("it is connected", lambda: len(server.asked) > 2 and len(other.asked) > 2)
            acting.start()
            wait_until("a boost", lambda: events_of(settings, "retweets"), log=partial(_log, subject))
        for _ in range(_KILLS):
            kill_after_claim(processes, random.uniform(0.0, 1.0))
            shut_out(settings, "mastodon", "mastodon")
        with processes.running() as subject:
            asked = len(server.asked), len(other.asked)
            wait_until("both are polled", lambda: len(server.asked) > asked[0] + 2 and len(other.asked) > asked[1] + 2)
            ended.set()
            acting.join()
            seconds = 60 + 2 * _KILLS
            wait_until("all is read", lambda: len(events_of(settings, "retweets")) >= len(boosts), seconds=seconds)
            withdrawn = boosts[-5:]
            for boost in withdrawn:
                user, owner = ("embassy", server) if server.host in boost["uri"] else ("minister", other)
                owner.delete(user, boost)
            log = partial(_log, subject)
            wait_until("the withdrawals", lambda: len(events_of(settings, "deletions")) >= 5, log=log)
    retweets, deletions = events_of(settings, "retweets"), events_of(settings, "deletions")
    assert sorted(event.id for event in retweets) == sorted(each["uri"] for each in boosts)
    assert sorted(event.post_id for event in deletions if isinstance(event, Deletion)) == sorted(
        each["uri"] for each in withdrawn
    )
    assert {event.post_id for event in retweets if isinstance(event, Retweet)} == {original["uri"]}


def _roster() -> Roster:
    common = {"platform": "mastodon", "category": "diplomat", "source_url": "https://example.org"}
    return Roster(
        [
            RosterEntry(account_id="https://social.bund.example/@embassy", country="DE", **common),  # type: ignore[arg-type]
            RosterEntry(handle="minister@overheid.example", country="NL", **common),  # type: ignore[arg-type]
        ]
    )


def _log(subject: Subject) -> str:
    return subject.log
