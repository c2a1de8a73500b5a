"""`antiphon alerts retract` without workers: which alerts it means, whom it asks, and what it says of the end."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from streams.core.enriched import Alert
from streams.core.identity import alert_id, dedup_key
from streams.core.retractions import decode_retraction
from streams.core.subject_event import decode_subject_event
from streams.events import Account
from streams.kafka.reading import read_topic
from streams.schemas.examples import EXAMPLES
from streams.settings import Settings
from tests.cli.asked import options_of, own_topics, write_records
from tests.cli.conftest import Antiphon
from tools.kafka.running_broker import RunningBroker

_NOW = datetime.now(UTC)


def _alert(number: int, **changes: Any) -> Alert:
    """Of account 9000 and so on, each with a handle."""
    example = EXAMPLES["alert"][1]
    assert isinstance(example, Alert)
    subject = f"{example.platform}:{9_000 + number}"
    made = replace(
        example,
        id=alert_id(example.rule, subject, number),
        dedup_key=dedup_key(example.rule, subject),
        subject=Account(id=str(9_000 + number), handle=f"voice_{number}"),
        fired_at=_NOW - timedelta(hours=number),
        as_of=_NOW,
        expires_at=_NOW + timedelta(days=1),
    )
    return replace(made, **changes)


_ALERTS = [
    _alert(1, roster_digest="a" * 64),
    _alert(2, roster_digest="a" * 64, countries=("IR",)),
    _alert(3, roster_digest="b" * 64, countries=("IR", "XK")),
    _alert(4, roster_digest="a" * 64, status="expired"),
    _alert(5, roster_digest="a" * 64, expires_at=_NOW - timedelta(hours=1)),
]


@pytest.fixture(autouse=True)
def little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """No worker runs here: nobody answers."""
    monkeypatch.setattr("streams.cli.alerts_retract.PATIENCE_SECONDS", 0.3)


@pytest.fixture(scope="module")
def topics(broker: RunningBroker) -> Iterator[Settings]:
    with own_topics(broker) as settings:
        write_records(settings, *_ALERTS)
        yield settings


def _ordered(settings: Settings) -> list[tuple[str, str]]:
    """Whom orders are about, and why."""

    async def read() -> list[tuple[str, str]]:
        orders = [
            decode_retraction(decode_subject_event(record.value or b"").retraction)
            async for record in read_topic(settings, "subject-events")
        ]
        return [(order.alert.subject.handle or "", order.reason) for order in orders]

    return asyncio.run(read())


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (("--roster", "aaaaaaaa"), {1, 2}),
        (("--roster", "A" * 64, "--country", "ir"), {2}),
        (("--country", "xk"), {1, 3}),
        (("--rule", "new-account-burst", "--country", "IR"), {2, 3}),
        ((_ALERTS[2].id,), {3}),
        ((_ALERTS[2].id[:8], _ALERTS[0].id), {1, 3}),
    ],
)
def test_those_that_fire_and_pass_all_conditions_are_meant(
    antiphon: Antiphon, topics: Settings, arguments: tuple[str, ...], meant: set[int]
) -> None:
    reason = " ".join(arguments)
    result = antiphon("alerts", "retract", *arguments, *options_of(topics), "--reason", reason, "--yes", "--json")
    document = json.loads(result.stdout)
    assert set(document["not_yet"]) == {_ALERTS[number - 1].id for number in meant}
    assert (document["retracted"], result.exit_code) == ([], 1), "no worker carries it out"
    assert {name for name, why in _ordered(topics) if why == reason} == {f"voice_{number}" for number in meant}


def test_what_is_not_done_yet_is_said_with_names_and_where_to_look(antiphon: Antiphon, topics: Settings) -> None:
    result = antiphon("alerts", "retract", "--country", "IR", *options_of(topics), "--reason", "x", "--yes")
    assert (result.exit_code, result.stdout) == (1, "Retracted 0 alerts.\n")
    said = " ".join(result.stderr.split())
    assert "2 alerts not retracted yet after 0 s: @voice_2, @voice_3. The orders stand on the topics" in said


def test_nothing_that_fires_is_no_error(antiphon: Antiphon, topics: Settings) -> None:
    for arguments in (("--rule", "other"), (_ALERTS[3].id,)):
        result = antiphon("alerts", "retract", *arguments, *options_of(topics), "--reason", "x", "--yes")
        assert (result.exit_code, result.stdout) == (
            0,
            "No alert fires that is meant. Nothing was retracted.\n",
        )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--yes",), "Say which alerts: ids, --roster, --country or --rule."),
        (("--rule", "x", "--reason", "  "), "--reason is empty"),
        (("voice_1",), "'voice_1' is not an alert's id"),
        (("--roster", "a1"), "type 8 hexadecimal digits or more"),
        (("0" * 32, "--yes"), f"there is no alert {'0' * 32}"),
        (("--country", "IR"), "it would retract 2 alerts: @voice_2, @voice_3"),
    ],
)
def test_what_cannot_be_done_as_typed_is_refused(
    antiphon: Antiphon, topics: Settings, arguments: tuple[str, ...], said: str
) -> None:
    before = sorted(_ordered(topics))
    result = antiphon("alerts", "retract", "--reason", "x", *options_of(topics), *arguments)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())
    assert sorted(_ordered(topics)) == before


def test_options_before_the_command_are_refused_since_it_would_not_see_them(antiphon: Antiphon) -> None:
    result = antiphon("alerts", "--country", "IR", "retract", "--rule", "x", "--reason", "x")
    assert result.exit_code == 2
    assert "`antiphon alerts retract --country …`" in " ".join(result.stderr.split())
