"""`antiphon collect jetstream` as a process: who comes onto the roster gets his history, and his gap closes."""

import asyncio
import sys
import time
from pathlib import Path

import pytest
from aiohttp import web

from streams.core.rosters.roster import Roster, RosterEntry
from streams.events import Coverage, Retweet
from streams.jobs.workers import environment_of
from streams.kafka.child_process import start_child, stop_child
from streams.kafka.loopback import free_port
from streams.kafka.roster_topic import publish_roster
from streams.settings import Settings
from tests.collectors.bluesky.jetstream_rig import chatter
from tests.collectors.collecting import events_of, settings_for, wait_until
from tools.kafka.running_broker import RunningBroker
from tools.servers.bluesky_accounts import Accounts, LocalAccount, plc_did
from tools.servers.jetstream.log import EventLog
from tools.servers.jetstream.server import JetstreamServer
from tools.servers.local_server import in_a_thread
from tools.servers.pds import PersonalDataServer
from tools.servers.plc import Directory

_DAY_US = 86_400_000_000


def _closed(settings: Settings) -> set[str]:
    gaps = [event for event in events_of(settings, "coverage") if isinstance(event, Coverage)]
    return {did for each in gaps if each.closed_by == "back_fill" for did in each.officials or ()}


@pytest.mark.slow
def test_officials_who_come_onto_the_roster_get_their_history_and_their_gaps_close(
    kafka: RunningBroker, topic_prefix: str, tmp_path: Path
) -> None:
    """Also one who comes later; nobody's history is read twice, not even by the next process."""
    settings = settings_for(kafka.address, topic_prefix, metrics_port=free_port())
    now_us = time.time_ns() // 1_000
    officials = [LocalAccount(did=plc_did(f"o{n}"), handle=f"o{n}.example") for n in range(3)]
    for official in officials:
        for day in range(120):
            official.repost(now_us - (day + 2) * _DAY_US, f"at://{plc_did('subject')}/app.bsky.feed.post/3k{day}")
    accounts = Accounts(*officials)
    # One host is the directory and everybody's server: the collector asks no other one on the loopback address.
    records = PersonalDataServer(accounts)
    host = Directory(accounts, web.get("/xrpc/com.atproto.repo.listRecords", records.records))
    jetstream = JetstreamServer(EventLog(chatter(now_us - 60_000_000, now_us, 100_000)))
    log = tmp_path / "collector.log"
    with in_a_thread(host, jetstream):
        for official in officials:
            official.pds = host.url
        environment = environment_of(settings) | {
            "ANTIPHON_COLLECT_JETSTREAM_HOSTS": jetstream.url,
            "ANTIPHON_COLLECT_JETSTREAM_DIRECTORY": host.url,
        }
        for count in (2, 3):
            asyncio.run(publish_roster(settings, _roster(*officials[:count])))
            with log.open("ab") as output:
                command = [sys.executable, "-m", "streams.cli.main", "collect", "jetstream"]
                process = start_child(command, output=output, env=environment)
            try:
                wait_until("closed", lambda: len(_closed(settings)) == count, log=log.read_text)  # noqa: B023
            finally:
                stop_child(process, timeout_seconds=20)
        asked = [path for path in host.asked if "feed.repost" in path]
    reposts = [event.id for event in events_of(settings, "retweets") if isinstance(event, Retweet)]
    assert len(reposts) == len(set(reposts)) == 3 * 120
    assert len(asked) <= 3 * 3
    assert "error" not in log.read_text().lower()


def _roster(*officials: LocalAccount) -> Roster:
    return Roster(
        RosterEntry(
            platform="bluesky",
            account_id=each.did,
            country="FR",
            category="diplomat",
            source_url="https://example.org/",
        )
        for each in officials
    )
