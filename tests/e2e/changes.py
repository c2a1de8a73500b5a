"""What people change while it runs, and what is looked at then: partitions, and a roster by mistake.

As in `tests.e2e.scenes`, each returns its figure in words, or `AssertionError` says what was wrong.
"""

import asyncio
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
from aiokafka.admin import NewPartitions
from click.testing import CliRunner, Result

from streams.cases.sample import FEWEST, PLATFORM, SAMPLE_ROSTER
from streams.cli.main import cli
from streams.core.alert_state import alert_state
from streams.core.enriched import Alert, Amplification
from streams.core.rosters.roster import Roster
from streams.events import Account, Retweet
from streams.jobs.alert_records import read_alerts
from streams.kafka.client import admin, started_producer
from streams.kafka.enriched_log import open_log
from streams.kafka.raw_record import raw_record
from streams.kafka.roster_topic import published_roster
from tests.cli.asked import options_of
from tests.e2e.stage import Stage
from tests.ops.alertmanager import wait_until
from tests.ops.bustle import BUSTLING_ROSTER

__all__ = [
    "ended_once_for_people",
    "new_partition_is_read",
    "old_roster_is_back",
    "wrong_roster_is_refused",
    "wrong_roster_pages",
]

_SECONDS: Final = 60.0
_WRITTEN: Final = 60  # events in the new partition
_CANARY_SECONDS: Final = 60.0
"""Age of canaries, in seconds, at which AntiphonCanaryOld begins as it is shipped. Workers look for partitions as often
as they always do, so what they take is measured by the clock and not by the rules in a hurry.
"""
_REASON: Final = "the roster of the trial was published by mistake"
_REFUSED: Final = 2  # the exit status
_OF_THE_TRIAL: Final = {
    (receiver, rule)
    for receiver in ("analysts", "on-call")
    for rule in ("amplified-then-suspended", "new-account-burst")
}
"""Who is told of which rule, at least: both alerts are critical."""


def new_partition_is_read(stage: Stage) -> str:
    """A raw topic grows by a partition, and events are in it before any worker knows: each is counted, once, and no
    canary is late.
    """
    began = time.monotonic()
    names = {f"added-{number}" for number in range(_WRITTEN)}
    partition = asyncio.run(_grow(stage, sorted(names)))

    def is_counted() -> bool:
        return asyncio.run(_counted(stage)).keys() >= names

    wait_until("all events of the new partition are counted", is_counted, seconds=_SECONDS)
    took = time.monotonic() - began
    canaries = f"min_over_time(antiphon_canary_last_seen_timestamp_seconds[10s]) > {time.time():.0f}"
    wait_until("canaries come through all partitions", lambda: stage.prometheus.query(canaries), seconds=_SECONDS)
    counted = asyncio.run(_counted(stage))
    assert {name: counted[name] for name in names} == dict.fromkeys(names, 1)
    seconds = time.monotonic() - began
    [oldest] = stage.prometheus.query(f"max_over_time(antiphon:canary_age_seconds:max[{seconds:.0f}s])")
    age = float(oldest["value"][1])
    assert age < _CANARY_SECONDS, f"canaries were {age:.0f} s old"
    return (
        f"{_WRITTEN} events in partition {partition} counted once, after {took:.1f} s; canaries {age:.1f} s old at most"
    )


async def _grow(stage: Stage, names: list[str]) -> int:
    """Adds one, and writes to it at once. Returns its number."""
    topic = stage.settings.topic("retweets")
    async with admin(stage.settings) as client:
        [described] = await client.describe_topics([topic])
        added = len(described["partitions"])
        await client.create_partitions({topic: NewPartitions(added + 1)})
    now = datetime.now(UTC)
    official = BUSTLING_ROSTER.entries[0]
    actor = Account(id=official.account_id or "", handle=official.handle)
    subject = Account(id="8000", handle="of_old", created_at=now - timedelta(days=2_000), followers=90_000)
    async with started_producer(stage.settings) as client:
        while added not in await client.partitions_for(topic):
            await client.client.force_metadata_update()
        for name in names:
            event = Retweet(platform="twitter", id=name, at=now, actor=actor, subject=subject, post_id="8")
            record = raw_record(event)
            await client.send(topic, record.value, key=record.key, partition=added)
        await client.flush()
    return added


async def _counted(stage: Stage) -> Counter[str]:
    """How often each event stands on the topic `amplifications`."""
    async with open_log(stage.settings) as log:
        return Counter(
            [
                msgspec.json.decode(stored.value, type=Amplification).id
                async for stored in log.read("amplifications")
                if stored.value
            ]
        )


def wrong_roster_is_refused(stage: Stage, directory: Path) -> str:
    """Somebody publishes the roster of the trial where the real one is in force: nothing happens, and he reads why."""
    before = _digest_in_force(stage)
    refused = _antiphon(stage, "roster", "publish", str(_wrong_file(directory)))
    assert refused.exit_code == _REFUSED, refused.output
    for words in (" off the roster in force: ", "look at `antiphon roster diff published ", "publish it with --yes"):
        assert words in " ".join(refused.stderr.split()), refused.stderr
    assert _digest_in_force(stage) == before
    return " ".join(refused.stderr.split())


def wrong_roster_pages(stage: Stage, directory: Path) -> str:
    """He means it, he says: what its officials do is told to people, on call too."""
    began = time.monotonic()
    _done(_antiphon(stage, "roster", "publish", str(_wrong_file(directory)), "--yes"))
    _done(_antiphon(stage, "sample", "--send", "--count", str(FEWEST)))
    wait_until("the alerts are told", lambda: _notified(stage, "firing").keys() >= _OF_THE_TRIAL, seconds=_SECONDS)
    awaited = ", ".join(f"{rule} to {receiver}" for receiver, rule in sorted(_OF_THE_TRIAL))
    return f"{awaited}, {time.monotonic() - began:.1f} s after it was published"


def old_roster_is_back(stage: Stage, roster: Roster) -> str:
    """The roster before is put in force by its digest, and what the wrong one left is retracted: nothing fires."""
    _done(_antiphon(stage, "roster", "restore", roster.digest[:12], "--yes"))
    assert _digest_in_force(stage) == roster.digest
    done = _done(_antiphon(stage, "alerts", "retract", "--country", "AQ", "--reason", _REASON, "--yes"))
    assert done == "Retracted 2 alerts.\n"
    assert asyncio.run(_firing(stage)) == []
    return done.strip()


def ended_once_for_people(stage: Stage) -> str:
    """Whoever was told of one of them hears of its end: once, with the reason."""
    fired = _notified(stage, "firing").keys()
    # `group_interval` as shipped is a minute.
    wait_until("the ends are told", lambda: _notified(stage, "resolved").keys() >= fired, seconds=60.0 + _SECONDS)
    ends = _notified(stage, "resolved")
    assert ends == dict.fromkeys(fired, 1)
    for alert in stage.receiver.received("resolved", platform=PLATFORM):
        said = alert["annotations"]
        assert (said["ended"], said["ended_because"].endswith(f" UTC: {_REASON}")) == ("retracted", True), said
    return f"{len(ends)} messages to {', '.join(sorted({receiver for receiver, _rule in ends}))}, each with its reason"


def _notified(stage: Stage, status: str) -> Counter[tuple[str, str]]:
    """How many messages of that status each receiver had of each rule, about what the trial's officials did."""
    return Counter(
        (message["receiver"], message["commonLabels"]["rule"])
        for message in stage.receiver.messages
        if message["status"] == status and message["commonLabels"].get("platform") == PLATFORM
    )


def _wrong_file(directory: Path) -> Path:
    file = directory / "sample.csv"
    file.write_text(SAMPLE_ROSTER, "utf-8")
    return file


def _digest_in_force(stage: Stage) -> str:
    published = asyncio.run(published_roster(stage.settings)).roster
    assert published is not None
    return published.digest


async def _firing(stage: Stage) -> list[Alert]:
    """Alerts about what the trial's officials did."""
    async with open_log(stage.settings) as log:
        found, _unreadable = await read_alerts(log)
    now_us = time.time_ns() // 1_000
    return [each for each in found if each.platform == PLATFORM and alert_state(each, now_us) == "firing"]


def _antiphon(stage: Stage, *arguments: str) -> Result:
    """The command, in this process: a start of Python is a second of a core, and the machine is busy enough."""
    return CliRunner().invoke(cli, [*arguments, *options_of(stage.settings)], prog_name="antiphon")


def _done(result: Result) -> str:
    assert result.exit_code == 0, (result.exception, result.output)
    return result.stdout
