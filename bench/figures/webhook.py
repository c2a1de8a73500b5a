"""From a frame of Jetstream to the webhook behind Alertmanager: collector, Kafka, worker and Alertmanager as they ship.

Each sample is an account that two officials had reposted; the frame with a third one's repost makes
`new-account-burst` fire. Alertmanager runs with the project's own configuration, so its `group_wait` is in the figure.
"""

import asyncio
import re
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median, quantiles
from typing import Final

import msgspec
import yaml
from msgspec import Struct

from bench.cores import IMPLEMENTATION_CORES
from bench.figures.environment import Environment, FigureFailed
from bench.figures.watched import WatchedWorker
from bench.writing import write_all
from streams.core.rosters.roster import Roster, RosterEntry
from streams.events import Account, Profile
from streams.jobs.workers import environment_of
from streams.kafka.administration import create_topics
from streams.kafka.child_process import start_child, stop_child
from streams.kafka.raw_record import raw_record
from streams.kafka.reading import read_topic
from streams.kafka.roster_topic import publish_roster
from streams.settings import Secret, Settings
from tools.alertmanager import Alertmanager, Receiver, require_program, with_webhook
from tools.kafka.jars import Unavailable
from tools.servers.jetstream.log import EventLog, account, commit, tid
from tools.servers.jetstream.server import JetstreamServer

__all__ = ["Stage", "WebhookLatency", "measure_webhook"]

_SHIPPED: Final = Path(__file__).parents[2] / "ops" / "alertmanager" / "alertmanager.yml"
_OFFICIALS: Final = tuple(f"did:plc:official{name}official22222" for name in ("one", "two", "tri"))

_SAMPLE: Final = re.compile(rb"did:plc:sample\w+")
# In the order in which a frame passes them, and who writes to each.
_TOPICS: Final = {"retweets": "the collector", "subject-events": "SCREEN", "alerts": "TRACK"}
_STRANGER: Final = "did:plc:strangerstrangerstranger"
_SAMPLES: Final = 200
_QUICK_SAMPLES: Final = 3
_A_SECOND: Final = 4.0  # samples, at moments of chance
_WAIT_SECONDS: Final = 60.0
_SEED: Final = 1


class Stage(Struct, frozen=True, kw_only=True):
    """What one part of the way took, in seconds: from the record of the part before until its own was on the broker."""

    who: str
    p50: float
    p99: float


class WebhookLatency(Struct, frozen=True, kw_only=True):
    """Seconds from the frame on the server's socket to the webhook, and the `stages` in between, which add up to it
    sample by sample. `group_wait` is that of the configuration.
    """

    samples: int
    p50: float
    p99: float
    most: float
    group_wait: str
    stages: list[Stage] = []


def measure_webhook(environment: Environment) -> WebhookLatency | None:
    """`None` where there is no Alertmanager on this machine. Raises `FigureFailed` where an alert does not arrive."""
    try:
        require_program()
    except Unavailable:
        return None
    count = _QUICK_SAMPLES if environment.quick else _SAMPLES
    environment.echo(f"{count} alerts, from the frame to a webhook")
    shipped = _SHIPPED.read_text("utf-8")
    with (
        environment.topics_of_its_own() as settings,
        tempfile.TemporaryDirectory(prefix="antiphon-bench-") as scratch,
        Receiver() as receiver,
        Alertmanager(with_webhook(shipped, receiver.url)) as alertmanager,
    ):
        # All samples are of one rule and fire together: a limit of 50 would hold most of them back.
        settings = msgspec.structs.replace(
            settings, alertmanager_urls=Secret(alertmanager.url), notify_rule_limit=2 * count
        )
        asyncio.run(create_topics(settings))
        asyncio.run(publish_roster(settings, _roster()))
        with WatchedWorker(settings, IMPLEMENTATION_CORES, Path(scratch) / "worker.log") as worker:
            sent = asyncio.run(_send(settings, worker, receiver, count, Path(scratch) / "collector.log"))
        passed = asyncio.run(_passed(settings, sent))
    ways = [[at, *passed[did], *_notified_after(receiver, did)] for did, at in sent.items()]
    taken = [way[-1] - way[0] for way in ways]
    return WebhookLatency(
        samples=count,
        p50=median(taken),
        p99=_p99(taken),
        most=max(taken),
        group_wait=_group_wait(shipped),
        stages=_stages(ways),
    )


def _stages(ways: Sequence[Sequence[float]]) -> list[Stage]:
    stages = []
    for number, who in enumerate([*_TOPICS.values(), "NOTIFY", "Alertmanager"]):
        taken = [way[number + 1] - way[number] for way in ways]
        stages.append(Stage(who=who, p50=median(taken), p99=_p99(taken)))
    return stages


def _p99(seconds: Sequence[float]) -> float:
    return quantiles(seconds, n=100, method="inclusive")[-1]


async def _send(
    settings: Settings, worker: WatchedWorker, receiver: Receiver, count: int, log: Path
) -> Mapping[str, float]:
    """Bring every account to the brink, then send the frames; returns when (Unix seconds) each was sent, once the
    webhook has all alerts.
    """
    sent: dict[str, float] = {}
    dids = [f"did:plc:sample{tid(number)}aaaaa" for number in range(count)]
    async with _collecting(settings, log) as frames:
        for did in dids:
            for official in _OFFICIALS[:2]:
                _repost(frames, official, did)
        await _until("the first reposts", lambda: worker.records("subject-events") >= 2 * count)
        await write_all(settings, [_profile(did) for did in dids])
        await _until("their ages", lambda: worker.records("subject-events") >= 3 * count)
        chance = Random(_SEED)
        for did in dids:
            await asyncio.sleep(chance.expovariate(_A_SECOND))
            sent[did] = time.time()
            _repost(frames, _OFFICIALS[2], did)
        await _until("every alert at the webhook", lambda: all(_has(receiver, did) for did in dids))
    return sent


@asynccontextmanager
async def _collecting(settings: Settings, log: Path) -> AsyncIterator[EventLog]:
    """The log of a server that `antiphon collect jetstream` reads."""
    frames = EventLog()
    async with JetstreamServer(frames) as server:
        environment = environment_of(settings) | {
            "ANTIPHON_COLLECT_JETSTREAM_HOSTS": server.url,
            "ANTIPHON_COLLECT_JETSTREAM_HISTORY": "false",  # would ask the real directory
        }
        command = [sys.executable, "-m", "streams.cli.main", "collect", "jetstream"]
        with log.open("wb") as output:
            collector = start_child(command, output=output, env=environment)
        resting = asyncio.create_task(_never_rest(frames))
        try:
            await _until("the collector", lambda: server.open == 2)
            yield frames
        finally:
            resting.cancel()
            with suppress(asyncio.CancelledError):
                await resting
            await asyncio.to_thread(stop_child, collector, timeout_seconds=20)


async def _never_rest(frames: EventLog) -> None:
    while True:
        frames.append(account(_STRANGER, time_us=_now_us(), active=True, time="2026-03-01T12:00:00Z"))
        await asyncio.sleep(0.1)


def _repost(frames: EventLog, official: str, did: str) -> None:
    at_us = _now_us()
    subject = {"cid": "bafyrei" + "a" * 52, "uri": f"at://{did}/app.bsky.feed.post/3k"}
    record = {"createdAt": "2026-03-01T12:00:00Z", "subject": subject}
    frames.append(commit(official, "app.bsky.feed.repost", tid(at_us), record, time_us=at_us))


def _profile(did: str) -> tuple[str, int, bytes, bytes]:
    """What the enricher says of a young account."""
    now = datetime.now(UTC)
    actor = Account(id=did, created_at=now - timedelta(days=10), created_at_source="directory")
    record = raw_record(Profile(platform="bluesky", id=f"age:{did}", at=now, observed_at=now, actor=actor))
    return record.topic, 0, record.key or b"", record.value or b""


def _roster() -> Roster:
    return Roster(
        RosterEntry(
            platform="bluesky", account_id=did, country="FR", category="diplomat", source_url="https://example.org/"
        )
        for did in _OFFICIALS
    )


async def _passed(settings: Settings, sent: Mapping[str, float]) -> dict[str, list[float]]:
    """When (Unix seconds) the broker had each sample on each topic, since its last frame was sent."""
    passed: dict[str, list[float]] = {did: [] for did in sent}
    for topic in _TOPICS:
        first: dict[str, float] = {}
        async for record in read_topic(settings, topic):
            found = _SAMPLE.search(record.value)
            did = "" if found is None else found[0].decode()
            if did in sent and record.timestamp >= int(sent[did] * 1_000):
                at = record.timestamp / 1_000
                first[did] = min(at, first.get(did, at))
        for did, times in passed.items():
            times.append(first[did])
    return passed


def _has(receiver: Receiver, did: str) -> bool:
    return receiver.first_received_at("firing", subject=did) is not None


def _notified_after(receiver: Receiver, did: str) -> tuple[float, float]:
    """When NOTIFY first sent the alert, which is when it starts to Alertmanager, and when the webhook was called."""
    at = receiver.first_received_at("firing", subject=did)
    if at is None:
        raise FigureFailed(f"no alert about {did} reached the webhook")
    starts = [datetime.fromisoformat(each["startsAt"]) for each in receiver.received("firing", subject=did)]
    return min(starts).timestamp(), at - time.monotonic() + time.time()


async def _until(what: str, is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _WAIT_SECONDS
    while not await asyncio.to_thread(is_so):
        if time.monotonic() > deadline:
            raise FigureFailed(f"waited {_WAIT_SECONDS:.0f} s in vain for {what}")
        await asyncio.sleep(0.1)


def _group_wait(config: str) -> str:
    """That of accounts' alerts, in words."""
    routes: Sequence[Mapping[str, str]] = yaml.safe_load(config)["route"]["routes"]
    return next(route["group_wait"] for route in routes if "antiphon_id" in route["matchers"][0])


def _now_us() -> int:
    return time.time_ns() // 1_000
