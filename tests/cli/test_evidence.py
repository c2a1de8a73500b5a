"""`antiphon evidence`: what has served its time goes, what is withheld keeps its hash, and both may be run again."""

import asyncio
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from streams.core.clock import DAY_US
from streams.core.evidence import EvidenceEntry, EvidenceKey
from streams.core.evidence_records import EvidenceRecord, event_evidence
from streams.core.subject_event import Coordinates
from streams.events import Account, Deletion, Event, Post, PostRef, Profile, Retweet, encode_event
from streams.kafka.administration import create_topics
from streams.kafka.client import started_producer
from streams.kafka.evidence_reading import kept_evidence
from streams.kafka.evidence_writing import send_evidence
from streams.kafka.raw_record import raw_record
from streams.settings import Settings
from tests.cli.conftest import Antiphon
from tools.kafka.running_broker import RunningBroker

_AT = datetime(2020, 1, 1, tzinfo=UTC)
_PERSON = Account(id="1280000000000000001", handle="person")
_OFFICIAL = Account(id="9")
_LATELY_US = 4_000_000_000_000_000  # not old at any time of this century

_EVENTS: dict[str, Event] = {
    "retweet": Retweet(platform="twitter", id="1", at=_AT, actor=_OFFICIAL, subject=_PERSON),
    "copy": Retweet(platform="twitter", id="1", at=_AT, actor=_OFFICIAL, subject=Account(id=_PERSON.id)),
    "post": Post(platform="twitter", id="2", at=_AT, actor=_PERSON, text="said"),
    "elsewhere": Post(platform="mastodon", id="2", at=_AT, actor=Account(id=_PERSON.id), text="said"),
    "profile": Profile(platform="twitter", id="3", at=_AT, actor=Account(id="8")),
}


def _record(name: str, received_us: int) -> EvidenceRecord:
    return event_evidence(_EVENTS[name], encode_event(_EVENTS[name]), Coordinates("raw", 0, 1), received_us)


class _Kept:
    """A broker with evidence on it, and the options of a command that reach it."""

    def __init__(self, broker: RunningBroker, prefix: str) -> None:
        self.settings = Settings(broker=broker.address, topic_prefix=prefix, transactions=broker.is_real_kafka)
        self.options = ("--broker", broker.address, "--topic-prefix", prefix)
        asyncio.run(create_topics(self.settings))

    def write(self, records: Sequence[EvidenceRecord]) -> None:
        async def write() -> None:
            async with started_producer(self.settings) as client:
                await send_evidence(client, self.settings, records)

        asyncio.run(write())

    def write_raw(self, event: Event) -> None:
        record = raw_record(event)

        async def write() -> None:
            async with started_producer(self.settings) as client:
                await client.send_and_wait(self.settings.topic(record.topic), record.value, key=record.key)

        asyncio.run(write())

    def now(self) -> dict[EvidenceKey, EvidenceEntry]:
        return asyncio.run(kept_evidence(self.settings))

    def names(self) -> dict[str, str]:
        """What is there of `_EVENTS`, and why its value is not."""
        by_hash = {entry.sha256: entry for entry in self.now().values()}
        found = {name: by_hash.get(_sha(name)) for name in _EVENTS}
        return {name: entry.withheld for name, entry in found.items() if entry is not None}


def _sha(name: str) -> str:
    return _record(name, 0).key.decode().rpartition("/")[2]


@pytest.fixture
def kept(broker: RunningBroker, topic_prefix: str) -> _Kept:
    found = _Kept(broker, topic_prefix)
    found.write([_record(name, _LATELY_US) for name in _EVENTS])
    return found


def _json(antiphon: Antiphon, *arguments: str) -> dict[str, Any]:
    result = antiphon("evidence", *arguments, "--json")
    assert result.exit_code == 0, result.stderr
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def test_what_has_served_its_time_is_deleted_once(antiphon: Antiphon, kept: _Kept) -> None:
    kept.write([_record(name, 1) for name in ("retweet", "post")])
    would = _json(antiphon, "expire", *kept.options, "--dry-run")
    assert (would["expired"], would["deleted"]) == (2, False)
    assert len(kept.names()) == len(_EVENTS)
    assert _json(antiphon, "expire", *kept.options) == {**would, "deleted": True}
    assert set(kept.names()) == {"copy", "elsewhere", "profile"}
    assert _json(antiphon, "expire", *kept.options)["expired"] == 0


def test_of_a_person_every_event_that_names_it_is_withheld_for_good(antiphon: Antiphon, kept: _Kept) -> None:
    arguments = ("withhold", *kept.options, "--account", f"twitter:{_PERSON.id}", "--reason", "asked for")
    would = _json(antiphon, *arguments, "--dry-run")
    assert {event["sha256"] for event in would["events"]} == {_sha("retweet"), _sha("copy"), _sha("post")}
    assert set(kept.names().values()) == {""}
    assert _json(antiphon, *arguments, "--yes")["events"] == would["events"]
    hidden = {"retweet": "asked for", "copy": "asked for", "post": "asked for", "elsewhere": "", "profile": ""}
    assert kept.names() == hidden
    # SCREEN reads a raw partition again, say.
    kept.write([_record("post", _LATELY_US)])
    assert kept.names() == hidden
    assert _json(antiphon, "expire", *kept.options)["withheld_again"] == 1
    assert kept.names() == hidden
    assert _json(antiphon, "expire", *kept.options)["withheld_again"] == 0
    assert antiphon("evidence", *arguments, "--yes").exit_code == 1


def test_of_an_event_all_copies_are_withheld(antiphon: Antiphon, kept: _Kept) -> None:
    arguments = ("withhold", *kept.options, "--event", "1", "--reason", "deleted by its author", "--yes")
    result = antiphon("evidence", *arguments)
    assert result.exit_code == 0, result.stderr
    assert "2 raw events withheld" in result.stdout
    assert {name for name, why in kept.names().items() if why} == {"retweet", "copy"}
    again = antiphon("evidence", *arguments)
    assert (again.exit_code, "2 withheld before" in again.stdout) == (1, True)


def test_posts_that_are_deleted_are_withheld_where_the_platform_asks_for_it(
    antiphon: Antiphon, kept: _Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a deletion that is evidence itself or, of a stranger's post, by what the raw topic still says; not a quote of
    the post, and not the same id elsewhere."""
    stranger, quoted = Account(id="6"), PostRef(post_id="50", account=Account(id="6"))
    passed_on = Retweet(
        platform="twitter", id="4", at=_AT, actor=_OFFICIAL, subject=stranger, post_id="50", text="said"
    )
    quote = Post(platform="twitter", id="5", at=_AT, actor=_OFFICIAL, text="look", quotes=quoted)
    gone = Deletion(platform="twitter", id="d2", at=_AT, post_id="2", actor=_PERSON)
    events = {"passed on": passed_on, "quote": quote, "gone": gone}
    monkeypatch.setattr(f"{__name__}._EVENTS", _EVENTS | events)
    kept.write([_record(name, _LATELY_US) for name in events])
    kept.write_raw(Deletion(platform="twitter", id="d50", at=_AT, post_id="50", actor=stranger))

    monkeypatch.setenv("ANTIPHON_EVIDENCE_WITHHOLD_DELETED", "mastodon")
    assert _json(antiphon, "expire", *kept.options)["deleted_posts"] == 0
    monkeypatch.delenv("ANTIPHON_EVIDENCE_WITHHOLD_DELETED")
    assert _json(antiphon, "expire", *kept.options, "--dry-run")["deleted_posts"] == 2
    assert set(kept.names().values()) == {""}
    assert _json(antiphon, "expire", *kept.options)["deleted_posts"] == 2
    why = {name: reason for name, reason in kept.names().items() if reason}
    assert why == {"post": "deleted on twitter", "passed on": "deleted on twitter"}
    assert _json(antiphon, "expire", *kept.options)["deleted_posts"] == 0
    kept.write([_record("passed on", _LATELY_US)])
    assert _json(antiphon, "expire", *kept.options)["withheld_again"] == 1


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("EVIDENCE_WITHHOLD_DELETED", "twitter,Blue Sky", "'Blue Sky' is no platform"),
        ("AFTERMATH_WITHHOLD_DELETED", "twitter,Blue Sky", "'Blue Sky' is no platform"),
        ("EVIDENCE_PLATFORM_DAYS", "twitter=30,mastodon", "'mastodon' is no PLATFORM=DAYS"),
        ("EVIDENCE_PLATFORM_DAYS", "Blue Sky=30", "'Blue Sky=30' is no PLATFORM=DAYS"),
        ("EVIDENCE_PLATFORM_DAYS", "twitter=soon", "'twitter=soon' is no PLATFORM=DAYS"),
        ("EVIDENCE_PLATFORM_DAYS", "twitter=0", "1 to 36,500 days"),
        ("EVIDENCE_PLATFORM_DAYS", "twitter=99999", "1 to 36,500 days"),
        ("EVIDENCE_PLATFORM_DAYS", "twitter=30,twitter=40", "each platform once"),
    ],
)
def test_what_is_no_platform_or_no_number_of_days_is_refused_by_name(
    antiphon: Antiphon, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(f"ANTIPHON_{name}", value)
    for command in (("evidence", "expire"), ("worker",)):
        result = antiphon(*command)
        assert result.exit_code == 2
        assert f"{name.lower()}:" in result.stderr
        assert said in result.stderr


def test_events_of_a_platform_with_days_of_its_own_expire_by_them(
    antiphon: Antiphon, kept: _Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    month_ago_us = time.time_ns() // 1_000 - 30 * DAY_US
    kept.write([_record(name, month_ago_us) for name in ("retweet", "post")])
    monkeypatch.setenv("ANTIPHON_EVIDENCE_PLATFORM_DAYS", "mastodon=1")
    assert _json(antiphon, "expire", *kept.options, "--dry-run")["expired"] == 0
    monkeypatch.setenv("ANTIPHON_EVIDENCE_PLATFORM_DAYS", "mastodon=1, twitter=1")
    assert _json(antiphon, "expire", *kept.options, "--dry-run")["expired"] == 2
    result = antiphon("evidence", "expire", *kept.options, "--dry-run")
    assert "mastodon after 1 day, twitter after 1 day" in result.stdout


def test_the_index_is_made_once_and_then_reads_what_came_since(
    antiphon: Antiphon, kept: _Kept, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ANTIPHON_DATA_DIR", str(tmp_path))
    first = _json(antiphon, "index", *kept.options)
    assert (first["records_read"], first["events"]) == (len(_EVENTS), len(_EVENTS))
    assert Path(first["file"]).is_relative_to(tmp_path)
    assert _json(antiphon, "index", *kept.options)["records_read"] == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "--reason"),
        (("--reason", "x"), "either --event ID or --account"),
        (("--reason", "x", "--event", "1", "--account", "twitter:1"), "either --event ID or --account"),
        (("--reason", "x", "--account", "1280"), "PLATFORM:ID"),
        (("--reason", "  ", "--event", "1"), "reason"),
        (("--reason", "x" * 501, "--event", "1"), "reason"),
    ],
)
def test_a_request_that_says_too_little_is_refused(antiphon: Antiphon, arguments: tuple[str, ...], said: str) -> None:
    result = antiphon("evidence", "withhold", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr


@pytest.mark.parametrize("days", ["0", "-1", "40000", "soon", "1.5"])
def test_a_retention_that_makes_no_sense_is_refused_by_name(
    antiphon: Antiphon, monkeypatch: pytest.MonkeyPatch, days: str
) -> None:
    monkeypatch.setenv("ANTIPHON_EVIDENCE_DAYS", days)
    result = antiphon("evidence", "expire")
    assert result.exit_code == 2
    assert "ANTIPHON_EVIDENCE_DAYS" in result.stderr
