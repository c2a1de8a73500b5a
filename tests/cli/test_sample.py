"""`antiphon sample`: the same bytes for the same seed, and alerts within a minute in a deployment that has nothing."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from streams.cases.sample import FEWEST, PLATFORM, SAMPLE_ROSTER, sample_events
from streams.core.rosters.roster_file import parse_roster
from streams.events import decode_event
from streams.jobs.alert_records import read_alerts
from streams.kafka.enriched_log import open_log
from streams.kafka.roster_topic import publish_roster
from streams.settings import Settings
from tests.cli.asked import options_of, own_topics
from tests.cli.conftest import Antiphon
from tests.ops.alertmanager import wait_until
from tests.pipeline.crew import Crew
from tools.kafka.running_broker import RunningBroker

_AT = "2026-11-28T18:00:00Z"


@pytest.fixture
def topics(broker: RunningBroker) -> Iterator[Settings]:
    with own_topics(broker) as settings:
        yield settings


def test_the_same_seed_and_time_make_the_same_bytes_and_another_seed_others(antiphon: Antiphon) -> None:
    one, again, other = (antiphon("sample", "--at", _AT, "--seed", seed).stdout_bytes for seed in ("1", "1", "2"))
    assert one == again
    assert one != other
    events = [decode_event(line) for line in one.splitlines()]
    assert len(events) == 1_000
    assert (events[-1].at, events[0].at) == (
        datetime(2026, 11, 28, 18, tzinfo=UTC),
        datetime(2026, 11, 28, 17, 50, tzinfo=UTC),
    )
    assert {event.platform for event in events} == {PLATFORM}
    assert len({event.id for event in events}) == 1_000


def test_without_a_time_it_ends_now(antiphon: Antiphon) -> None:
    before = datetime.now(UTC)
    last = decode_event(antiphon("sample").stdout_bytes.splitlines()[-1])
    assert before - timedelta(seconds=1) <= last.at <= datetime.now(UTC)


def test_with_a_rate_each_event_is_written_at_its_time(antiphon: Antiphon) -> None:
    before = datetime.now(UTC)
    result = antiphon("sample", "--count", "60", "--rate", "100")
    lines = result.stdout_bytes.splitlines()
    assert len(lines) == 60
    assert decode_event(lines[-1]).at - decode_event(lines[0]).at == timedelta(seconds=0.59)
    assert datetime.now(UTC) >= decode_event(lines[-1]).at >= before + timedelta(seconds=0.59)


def test_the_roster_passes_the_check_and_a_backtest_finds_the_alerts(antiphon: Antiphon, tmp_path: Path) -> None:
    roster, events, out = tmp_path / "sample.csv", tmp_path / "events.ndjson", tmp_path / "out"
    roster.write_text(antiphon("sample", "--roster").stdout)
    assert antiphon("roster", "check", str(roster)).exit_code == 0
    for count in (FEWEST, 1_000):
        events.write_bytes(antiphon("sample", "--count", str(count)).stdout_bytes)
        result = antiphon("backtest", str(events), "--roster", str(roster), "--out", str(out / str(count)))
        assert result.exit_code == 0, result.stderr
        alerts = [json.loads(line) for line in (out / str(count) / "alerts.ndjson").read_text().splitlines()]
        assert sorted((alert["rule"], alert["severity"]) for alert in alerts) == [
            ("amplified-then-suspended", "critical"),
            ("new-account-burst", "critical"),
        ]


def test_too_few_events_are_refused() -> None:
    now = datetime.now(UTC)
    with pytest.raises(ValueError, match=f"at least {FEWEST}"):
        next(sample_events(1, FEWEST - 1, now, now))


def test_sending_refuses_where_the_roster_would_count_nothing_of_it(antiphon: Antiphon, topics: Settings) -> None:
    result = antiphon("sample", "--send", *options_of(topics))
    assert result.exit_code == 2
    assert "antiphon sample --roster > sample.csv && antiphon roster publish sample.csv" in result.stderr


def test_a_deployment_that_has_nothing_has_alerts_within_a_minute(
    antiphon: Antiphon, topics: Settings, tmp_path: Path
) -> None:
    asyncio.run(publish_roster(topics, parse_roster(SAMPLE_ROSTER.encode(), "sample.csv")))
    crew = Crew(topics, tmp_path)
    try:
        crew.add()
        result = antiphon("sample", "--send", *options_of(topics))
        assert (result.exit_code, result.stdout) == (0, ""), result.stderr
        assert "1,000 events sent" in result.stderr
        wait_until("both alerts stand", lambda: len(_firing(topics)) == 2, seconds=60)
    finally:
        crew.dismiss_all()
    assert _firing(topics) == {"amplified-then-suspended", "new-account-burst"}


def _firing(settings: Settings) -> set[str]:
    async def read() -> set[str]:
        async with open_log(settings) as log:
            alerts, _unreadable = await read_alerts(log)
        return {alert.rule for alert in alerts if alert.severity == "critical" and alert.expires_at > datetime.now(UTC)}

    return asyncio.run(read())
