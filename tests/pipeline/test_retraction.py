"""Alerts retracted through a real Kafka, worker and Alertmanager: one end is told, with the reason, and it holds."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from streams.core.enriched import Alert
from streams.core.rosters.roster import Roster
from streams.core.rosters.roster_file import parse_roster
from streams.events import Account, Retweet
from streams.jobs.alert_records import read_alerts
from streams.kafka.administration import create_topics
from streams.kafka.client import started_producer
from streams.kafka.enriched_log import open_log
from streams.kafka.raw_record import raw_record
from streams.kafka.roster_topic import publish_roster
from streams.settings import Secret, Settings
from tests.cli.asked import options_of
from tests.cli.terminal import run
from tests.ops.alertmanager import require_alertmanager, wait_until
from tests.ops.shipped import shipped_config
from tests.pipeline.crew import Crew
from tools.alertmanager import Alertmanager, Receiver
from tools.kafka.running_broker import RunningBroker

_NOW: Final = datetime.now(UTC)
_HEADER: Final = "platform,account_id,handle,name,country,category,source_url,valid_from,valid_to\n"
_ROSTER: Final = _HEADER + "".join(
    f"twitter,{n},office_{n},Office {n},XK,diplomat,https://example.org/roster,2020-01-01,\n" for n in range(100, 104)
)
_SUBJECT: Final = Account(id="5000", handle="new_voice", created_at=_NOW - timedelta(days=5))


@pytest.fixture
def analysts() -> Iterator[Receiver]:
    require_alertmanager()
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def settings(kafka: RunningBroker, topic_prefix: str, analysts: Receiver) -> Iterator[Settings]:
    with Alertmanager(shipped_config({"analysts": analysts.url})) as alertmanager:
        made = Settings(
            broker=kafka.address,
            topic_prefix=topic_prefix,
            session_timeout_seconds=2.0,
            commit_interval_seconds=0.2,
            canary_interval_seconds=0.0,
            alertmanager_urls=Secret(alertmanager.url),
            notify_resend_seconds=0.5,
        )
        asyncio.run(create_topics(made))
        yield made


@pytest.fixture
def crew(settings: Settings, tmp_path: Path) -> Iterator[Crew]:
    with Crew(settings, tmp_path) as crew:
        yield crew


def _roster() -> Roster:
    return parse_roster(_ROSTER.encode(), "roster.csv")


def _amplify(settings: Settings, *officials: int, minutes: int) -> None:
    """Each of these officials passes on a post of the subject."""

    async def write() -> None:
        async with started_producer(settings) as client:
            for number in officials:
                event = Retweet(
                    platform="twitter",
                    id=f"{number}{minutes}",
                    at=_NOW - timedelta(minutes=minutes),
                    actor=Account(id=str(number), handle=f"office_{number}"),
                    subject=_SUBJECT,
                    post_id="1",
                )
                record = raw_record(event)
                await client.send_and_wait(settings.topic(record.topic), record.value, key=record.key)

    asyncio.run(write())


def _alerts(settings: Settings) -> list[Alert]:
    async def read() -> list[Alert]:
        async with open_log(settings) as log:
            return (await read_alerts(log))[0]

    return asyncio.run(read())


def _statuses(settings: Settings) -> list[tuple[str, int]]:
    """Of each alert what it says, and how many events it counts."""
    return [(alert.status, alert.evidence_total) for alert in _alerts(settings)]


def test_a_retracted_alert_ends_once_with_its_reason_and_no_kill_or_event_brings_it_back(
    settings: Settings, crew: Crew, analysts: Receiver
) -> None:
    asyncio.run(publish_roster(settings, _roster()))
    member = crew.add()
    _amplify(settings, 100, 101, 102, minutes=60)
    wait_until("the alert is told", lambda: analysts.received("firing"), seconds=60)
    arguments = ("--roster", _roster().digest[:12], "--reason", "no embassy of Kosovo", "--yes")
    first = run("alerts", "retract", *arguments, *options_of(settings))
    assert (first.status, first.out) == (0, "Retracted 1 alert.\n"), first.err
    wait_until("the end is told", lambda: analysts.received("resolved"), seconds=60)
    over = analysts.messages[-1]["commonAnnotations"]
    assert over["ended"] == "retracted"
    assert over["ended_because"].endswith(" UTC: no embassy of Kosovo")
    member.kill()
    member.wait()
    crew.replace_dead()
    _amplify(settings, 100, 101, minutes=30)
    wait_until("more is counted", lambda: _statuses(settings) == [("retracted", 5)], seconds=60)
    again = run("alerts", "retract", *arguments, *options_of(settings))
    assert (again.status, again.out) == (0, "No alert fires that is meant. Nothing was retracted.\n"), again.err
    assert [message["status"] for message in analysts.messages] == ["firing", "resolved"], "people heard it once"
