"""`antiphon collect jetstream` as a process, from a local Jetstream to a real Kafka."""

import asyncio
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

from streams.core.rosters.roster import Roster, RosterEntry
from streams.events import Coverage, Event, Suspension, decode_event
from streams.jobs.workers import environment_of
from streams.kafka.child_process import ChildProcess, start_child, stop_child
from streams.kafka.loopback import free_port
from streams.kafka.reading import read_topic
from streams.kafka.roster_topic import publish_roster
from streams.settings import Settings
from tests.collectors.bluesky.jetstream_rig import EMBASSY, MINISTRY, STRANGER, SUBJECT, chatter, repost
from tests.collectors.collecting import settings_for, wait_until
from tools.kafka.running_broker import RunningBroker
from tools.servers.jetstream.log import EventLog, LogEvent, account
from tools.servers.jetstream.server import JetstreamServer

_WRITTEN = "2026-03-01T11:59:58Z"


def _now_us() -> int:
    return time.time_ns() // 1_000


class _Network:
    """A server on a loop of its own, where strangers never rest."""

    def __init__(self) -> None:
        self.log = EventLog(chatter(_now_us() - 60_000_000, _now_us() - 100_000, 100_000))
        self.server = JetstreamServer(self.log)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> "_Network":
        self._thread.start()
        self.call(lambda: None)
        asyncio.run_coroutine_threadsafe(self.server.start(), self._loop).result(10)
        self._resting = asyncio.run_coroutine_threadsafe(self._never_rest(), self._loop)
        return self

    def __exit__(self, *_: object) -> None:
        self._resting.cancel()
        asyncio.run_coroutine_threadsafe(self.server.stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def call(self, what: Callable[[], Any]) -> Any:
        """Do something on the server's loop."""

        async def do() -> Any:
            return what()

        return asyncio.run_coroutine_threadsafe(do(), self._loop).result(10)

    def happen(self, make: Callable[[int], LogEvent]) -> LogEvent:
        """One event, now."""
        event: LogEvent = self.call(lambda: self.log.append(make(_now_us())))
        return event

    async def _never_rest(self) -> None:
        while True:
            at = _now_us()
            self.log.append(account(STRANGER, time_us=at, active=True, time=_WRITTEN))
            await asyncio.sleep(0.1)


def _roster(*dids: str) -> Roster:
    return Roster(
        RosterEntry(
            platform="bluesky", account_id=did, country="FR", category="diplomat", source_url="https://example.org/"
        )
        for did in dids
    )


def _start(settings: Settings, network: _Network, log: Path) -> ChildProcess:
    environment = environment_of(settings) | {
        "ANTIPHON_COLLECT_JETSTREAM_HOSTS": network.server.url,
        "ANTIPHON_COLLECT_JETSTREAM_HISTORY": "false",  # would ask the real directory
        "ANTIPHON_COLLECT_FIRST_PAUSE_SECONDS": "0.05",
    }
    command = [sys.executable, "-m", "streams.cli.main", "collect", "jetstream"]
    with log.open("ab") as output:
        return start_child(command, output=output, env=environment)


@contextmanager
def _collecting(settings: Settings, network: _Network, log: Path) -> Iterator[ChildProcess]:
    process = _start(settings, network, log)
    try:
        yield process
    finally:
        stop_child(process, timeout_seconds=20)


def _events(settings: Settings, topic: str) -> list[Event]:
    async def read() -> list[Event]:
        return [decode_event(record.value) async for record in read_topic(settings, topic)]

    return asyncio.run(read())


def _ids(events: Iterable[Event]) -> set[str]:
    return {event.id for event in events}


def test_a_new_official_is_collected_within_five_seconds_and_a_takedown_is_told_within_one(
    kafka: RunningBroker, topic_prefix: str, tmp_path: Path
) -> None:
    settings = settings_for(kafka.address, topic_prefix, metrics_port=free_port())
    asyncio.run(publish_roster(settings, _roster(EMBASSY)))
    log = tmp_path / "collector.log"
    with _Network() as network, _collecting(settings, network, log):
        wait_until("connected", lambda: network.call(lambda: network.server.open) == 2, log=log.read_text)
        network.happen(lambda at: repost(at, 1))
        wait_until("the first repost", lambda: _events(settings, "retweets"), log=log.read_text)

        network.happen(lambda at: account(SUBJECT, time_us=at, active=False, status="takendown", time=_WRITTEN))
        began = time.monotonic()
        wait_until("the takedown", lambda: _events(settings, "suspensions"), log=log.read_text)
        assert time.monotonic() - began < 1.0 + _reading_seconds(settings)

        asyncio.run(publish_roster(settings, _roster(EMBASSY, MINISTRY)))
        began = time.monotonic()
        wait_until(
            "the new filter",
            lambda: network.call(lambda: any(MINISTRY in each.query.get("dids", ()) for each in network.server.asked)),
        )
        assert time.monotonic() - began < 5.0
        network.happen(lambda at: repost(at, 2, did=MINISTRY))
        wait_until("his repost", lambda: len(_ids(_events(settings, "retweets"))) == 2, log=log.read_text)
    suspensions = [each for each in _events(settings, "suspensions") if isinstance(each, Suspension)]
    assert {(each.id.partition(":did")[0], each.actor.id, each.status) for each in suspensions} == {
        ("account", SUBJECT, "suspended")
    }
    assert len(_ids(suspensions)) == 1
    added = [gap for gap in _events(settings, "coverage") if isinstance(gap, Coverage) and gap.reason == "added"]
    assert {gap.officials for gap in added} == {(EMBASSY,), (MINISTRY,)}


def _reading_seconds(settings: Settings) -> float:
    """How long the test itself takes to look."""
    began = time.monotonic()
    _events(settings, "suspensions")
    return 2 * (time.monotonic() - began)


def test_a_collector_that_is_killed_again_and_again_loses_nothing_and_closes_its_gaps_by_replay(
    kafka: RunningBroker, topic_prefix: str, tmp_path: Path
) -> None:
    settings = settings_for(kafka.address, topic_prefix, metrics_port=free_port())
    asyncio.run(publish_roster(settings, _roster(EMBASSY)))
    log, random = tmp_path / "collector.log", Random(11)
    happened: list[LogEvent] = []
    with _Network() as network:
        going = threading.Event()

        def act() -> None:
            number = 0
            while not going.wait(0.002):
                number += 1
                happened.append(network.happen(lambda at, number=number: repost(at, number)))  # type: ignore[misc]

        acting = threading.Thread(target=act)
        process = _start(settings, network, log)
        try:
            wait_until("connected", lambda: network.call(lambda: network.server.open) == 2, log=log.read_text)
            acting.start()
            for _ in range(4):
                time.sleep(random.uniform(0.3, 2.5))
                process.send_signal(signal.SIGKILL)
                process.wait(10)
                process = _start(settings, network, log)
            wait_until("connected again", lambda: network.call(lambda: network.server.open) == 2, log=log.read_text)
            going.set()
            acting.join(10)
            wanted = {f"at://{event.did}/{event.collection}/{event.body['rkey']}" for event in happened}
            wait_until("everything", lambda: wanted <= _ids(_events(settings, "retweets")), log=log.read_text)
        finally:
            going.set()
            stop_child(process, timeout_seconds=20)
    assert len(wanted) > 500
    assert _ids(_events(settings, "retweets")) == wanted
    gaps = [each for each in _events(settings, "coverage") if isinstance(each, Coverage) and not each.seen]
    last = {gap.id: gap for gap in gaps if gap.officials is None}
    assert {gap.closed_by for gap in last.values() if gap.reason != "stopped"} <= {"replay"}
