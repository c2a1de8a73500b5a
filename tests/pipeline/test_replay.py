"""Dead letters sent again through real workers: counted once when what refused them is mended, never in a circle."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from streams.cli.main import cli
from streams.deadletters import Reason
from streams.events import Account, Retweet, encode_event
from streams.formats.registry import readers_named
from streams.jobs.collection import collect
from streams.jobs.drain import wait_until_drained
from streams.jobs.ingestion import ingest
from streams.jobs.workers import Workers, environment_of
from streams.kafka.administration import create_topics, end_offsets
from streams.kafka.client import producer
from streams.kafka.roster_topic import publish_roster
from streams.settings import Settings
from streams.topics import TOPICS
from tests.pipeline.world import World
from tools.kafka.running_broker import RunningBroker

_WORLD = World(seed=3, events=0)
_SUBJECT = Account(id="7654321", handle="replayed", created_at=datetime(2021, 1, 1, tzinfo=UTC))


def _retweet(number: int, at: datetime) -> bytes:
    official = _WORLD.officials[number % 40]
    return encode_event(Retweet(platform="twitter", id=str(number), at=at, actor=official, subject=_SUBJECT))


async def _write(settings: Settings, values: list[bytes]) -> None:
    client = producer(settings)
    await client.start()
    try:
        for value in values:
            await client.send_and_wait(settings.topic("retweets"), value, key=b"twitter:7654321")
    finally:
        await client.stop()


def _drain(settings: Settings, crew: Workers) -> None:
    """Wait until everything on the raw topic is through."""

    async def drain() -> None:
        written = {("retweets", p): end for p, end in (await end_offsets(settings, "retweets")).items() if end}
        await wait_until_drained(settings, written, lambda _remaining: crew.check())

    asyncio.run(drain())


def _replay(settings: Settings, *arguments: str) -> dict[str, Any]:
    own = {name: value for name, value in environment_of(settings).items() if name.startswith("ANTIPHON_")}
    result = CliRunner().invoke(cli, ("dead-letters", "replay", *arguments, "--json"), env=own)
    assert result.exit_code == 0, result.stderr
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def _retweets_counted(settings: Settings) -> int:
    results, _letters = asyncio.run(collect(settings))
    dossier = results.dossiers.get("twitter:7654321")
    return 0 if dossier is None else dossier.totals.retweet


@pytest.mark.slow
def test_what_is_replayed_after_the_fix_is_counted_once_and_what_stays_wrong_is_never_sent_in_a_circle(
    broker: RunningBroker, topic_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clock that was wrong, a file read in the wrong format, and a record that no fix will ever make an event."""
    monkeypatch.setenv("COLUMNS", "200")
    strict = Settings(
        broker=broker.address,
        topic_prefix=topic_prefix,
        transactions=broker.is_real_kafka,
        canary_interval_seconds=0,
        session_timeout_seconds=4.0,
        commit_interval_seconds=0.3,
    )
    mended = replace(strict, future_skew_seconds=7_200.0)
    past = datetime(2022, 1, 2, tzinfo=UTC)
    soon = datetime.now(UTC) + timedelta(hours=1)
    garbage = b'{"kind":"retweet"}'
    lines = tmp_path / "retweets"
    lines.write_bytes(b"\n".join(_retweet(number, past + timedelta(hours=number)) for number in (11, 12)))
    monkeypatch.chdir(tmp_path)

    asyncio.run(create_topics(strict, partitions={topic.name: 1 for topic in TOPICS}))
    asyncio.run(publish_roster(strict, _WORLD.roster))
    asyncio.run(_write(strict, [_retweet(1, past), _retweet(2, soon), garbage]))
    asyncio.run(ingest(["retweets"], readers_named("twitter-v1"), strict))  # they are canonical: the wrong format
    with Workers(strict, 1) as crew:
        _drain(strict, crew)
    assert _retweets_counted(strict) == 1
    _results, letters = asyncio.run(collect(strict))
    assert sorted((letter.topic, letter.reason) for letter in letters) == [
        ("./retweets", Reason.NOT_AN_EVENT),  # a file called as a topic is does not pass for it
        ("./retweets", Reason.NOT_AN_EVENT),
        ("retweets", Reason.FUTURE_TIME),
        ("retweets", Reason.NOT_AN_EVENT),
    ]

    # Before the fix nothing can be sent, and a dry run says why.
    before = _replay(strict, "--dry-run")
    assert before["sent"] == {"letters": 0, "records": {}}
    assert before["kept_back"]["totals"] == {"from_a_file": 2, "still_refused": 2}

    with Workers(mended, 1) as crew:
        first = _replay(mended, "--format", "canonical")
        assert first["sent"] == {"letters": 3, "records": {"retweets": 3}}
        assert first["kept_back"]["totals"] == {"still_refused": 1}
        _drain(mended, crew)
        assert _retweets_counted(mended) == 4

        again = _replay(mended, "--format", "canonical")
        assert again["sent"]["letters"] == 3
        _drain(mended, crew)
        assert _retweets_counted(mended) == 4, "sent twice, counted once"

        # What is sent although it is wrong comes back, and each time it is one input, not one more.
        for time in (1, 2, 3):
            sent = _replay(mended, "--reason", "not_an_event", "--topic", "retweets", "--anyway")
            assert (sent["selected"], sent["repeats"]) == (time, time - 1)
            assert sent["sent"]["letters"] == 1
            _drain(mended, crew)
        refused = _replay(mended, "--reason", "not_an_event", "--topic", "retweets", "--anyway")
        assert refused["sent"]["letters"] == 0
        assert refused["kept_back"]["totals"] == {"too_often": 1}
        # Also where the first letter alone is asked for, which does not know of the others.
        place = refused["kept_back"]["letters"][0]["offset"]
        assert _replay(mended, "--offsets", str(place), "--anyway")["kept_back"]["totals"] == {"too_often": 1}

    _results, letters = asyncio.run(collect(mended))
    returned = [letter for letter in letters if letter.payload == garbage]
    assert sorted(letter.replays for letter in returned) == [0, 1, 2, 3]
    assert len(letters) == 7, "nothing else was refused"
