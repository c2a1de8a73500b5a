"""`antiphon collect jetstream` as a process, from a local Jetstream in a thread to Kafka."""

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from streams.core.rosters.roster import Roster, RosterEntry
from streams.events import Event
from streams.jobs.workers import environment_of
from streams.kafka.child_process import ChildProcess, start_child, stop_child
from streams.settings import Settings
from tests.collectors.bluesky.jetstream_rig import STRANGER, chatter, repost
from tools.servers.jetstream.log import EventLog, LogEvent, account
from tools.servers.jetstream.server import JetstreamServer

__all__ = ["WRITTEN", "Network", "collecting", "ids_of", "roster_of_dids", "start_collector"]

_PATIENCE_SECONDS = 60.0  # the loop waits for a core like everybody else
WRITTEN = "2026-03-01T11:59:58Z"


def _now_us() -> int:
    return time.time_ns() // 1_000


class Network:
    """A server on a loop of its own, where strangers never rest."""

    def __init__(self) -> None:
        self.log = EventLog(chatter(_now_us() - 60_000_000, _now_us() - 100_000, 100_000))
        self.server = JetstreamServer(self.log)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> "Network":
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

        return asyncio.run_coroutine_threadsafe(do(), self._loop).result(_PATIENCE_SECONDS)

    def happen(self, make: Callable[[int], LogEvent]) -> LogEvent:
        """One event, now."""
        event: LogEvent = self.call(lambda: self.log.append(make(_now_us())))
        return event

    @contextmanager
    def acting(self, per_second: int) -> Iterator[list[str]]:
        """The official reposts so often while the block lasts; the ids, in the order of the log."""
        happened: list[str] = []
        acting = asyncio.run_coroutine_threadsafe(self._act(per_second, happened), self._loop)
        try:
            yield happened
        finally:
            acting.cancel()
            self.call(lambda: None)

    async def _act(self, per_second: int, happened: list[str]) -> None:
        while True:
            for number in range(per_second // 50):
                event = self.log.append(repost(_now_us(), number))
                happened.append(f"at://{event.did}/{event.collection}/{event.body['rkey']}")
            await asyncio.sleep(0.02)

    async def _never_rest(self) -> None:
        while True:
            at = _now_us()
            self.log.append(account(STRANGER, time_us=at, active=True, time=WRITTEN))
            await asyncio.sleep(0.1)


def roster_of_dids(*dids: str) -> Roster:
    """These as diplomats of France."""
    return Roster(
        RosterEntry(
            platform="bluesky", account_id=did, country="FR", category="diplomat", source_url="https://example.org/"
        )
        for did in dids
    )


def start_collector(settings: Settings, network: Network, log: Path, **own: str) -> ChildProcess:
    """One more process; `own` are further variables."""
    environment = (
        environment_of(settings)
        | {
            "ANTIPHON_COLLECT_JETSTREAM_HOSTS": network.server.url,
            "ANTIPHON_COLLECT_JETSTREAM_HISTORY": "false",  # would ask the real directory
            "ANTIPHON_COLLECT_FIRST_PAUSE_SECONDS": "0.05",
        }
        | own
    )
    command = [sys.executable, "-m", "streams.cli.main", "collect", "jetstream"]
    with log.open("ab") as output:
        return start_child(command, output=output, env=environment)


@contextmanager
def collecting(settings: Settings, network: Network, log: Path) -> Iterator[ChildProcess]:
    """One process for the block, which is asked to stop at its end."""
    process = start_collector(settings, network, log)
    try:
        yield process
    finally:
        stop_child(process, timeout_seconds=20)


def ids_of(events: Iterable[Event]) -> set[str]:
    """What is left after removal by id."""
    return {event.id for event in events}
