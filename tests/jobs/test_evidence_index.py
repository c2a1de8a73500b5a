"""The index of evidence follows the topic: what came since is read, what was deleted goes, no other log is mixed in."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import zstandard
from msgspec.structs import replace

from streams.core.corrections.terms import account_term, handle_term
from streams.core.evidence import read_evidence_record
from streams.core.evidence_records import EvidenceRecord, event_evidence, tombstone, withheld_evidence
from streams.core.subject_event import Coordinates
from streams.events import Account, Retweet, encode_event
from streams.jobs.evidence_index import EvidenceIndex, evidence_index, index_path
from streams.kafka.administration import create_topics
from streams.kafka.client import started_producer
from streams.kafka.evidence_writing import send_evidence
from streams.settings import Settings
from tools.kafka.running_broker import RunningBroker

_AT = datetime(2022, 1, 1, tzinfo=UTC)
_OFFICIAL = Account(id="9", handle="Official")


def _event(number: int) -> Retweet:
    return Retweet(platform="twitter", id=str(number), at=_AT, actor=_OFFICIAL, subject=Account(id=f"7{number}"))


def _record(number: int) -> EvidenceRecord:
    event = _event(number)
    return event_evidence(event, encode_event(event), Coordinates("retweets", 0, number), 1)


class _Topic:
    """Evidence on a broker, and its index."""

    def __init__(self, broker: RunningBroker, prefix: str, directory: Path) -> None:
        self.settings = Settings(
            broker=broker.address,
            topic_prefix=prefix,
            transactions=broker.is_real_kafka,
            data_dir=str(directory),
        )
        asyncio.run(create_topics(self.settings, partitions={"dossiers": 1}))

    def write(self, *records: EvidenceRecord) -> None:
        async def write() -> None:
            async with started_producer(self.settings) as client:
                await send_evidence(client, self.settings, records)

        asyncio.run(write())

    def ask(self, question: Callable[[EvidenceIndex], Any]) -> tuple[int, Any]:
        """Brought up to date: how many records that took, and the answer."""

        async def ask() -> tuple[int, Any]:
            async with evidence_index(self.settings) as index:
                return await index.catch_up(), question(index)

        return asyncio.run(ask())


@pytest.fixture
def topic(broker: RunningBroker, topic_prefix: str, tmp_path: Path) -> _Topic:
    return _Topic(broker, topic_prefix, tmp_path)


def _ids(index: EvidenceIndex) -> Sequence[str]:
    store = index.store
    return sorted(event.id for _, event in store.events(store.found_by([account_term("twitter", "9")])))


def _entry(number: int) -> Any:
    record = _record(number)
    return read_evidence_record(record.key, record.value, record.headers, 0)


def test_only_what_came_since_is_read_and_what_is_there_again_counts_once(topic: _Topic) -> None:
    topic.write(_record(1), _record(2))
    assert topic.ask(_ids) == (2, ["1", "2"])
    assert topic.ask(_ids) == (0, ["1", "2"])
    topic.write(_record(2), _record(3))
    assert topic.ask(_ids) == (2, ["1", "2", "3"])


def test_what_expired_is_gone_but_for_who_engaged_with_whom(topic: _Topic) -> None:
    topic.write(_record(1), _record(2))
    topic.ask(_ids)
    topic.write(tombstone(_entry(1).key))
    assert topic.ask(_ids) == (1, ["2"])
    assert topic.ask(lambda index: index.store.gone_of(["twitter:9"]))[1] == {"twitter:71": {"twitter:9"}}
    called = topic.ask(lambda index: index.store.called([handle_term("twitter", "official")]))[1]
    assert called[0] == {account_term("twitter", "9")}


def test_what_is_withheld_does_not_come_back_and_no_byte_of_it_stays_in_the_file(topic: _Topic) -> None:
    topic.write(_record(1), _record(2))
    topic.ask(_ids)
    path = index_path(topic.settings)
    packed = [zstandard.ZstdCompressor(level=1).compress(encode_event(_event(number))) for number in (1, 2)]
    assert all(each in path.read_bytes() for each in packed)
    topic.write(*withheld_evidence(_entry(1), "erasure request"), _record(1))
    assert topic.ask(lambda index: (_ids(index), index.store.withheld))[1] == (["2"], 1)
    assert [each in path.read_bytes() for each in packed] == [False, True]
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("spoil", ["other log", "old", "broken"])
def test_a_file_that_may_not_fit_is_made_anew(topic: _Topic, broker: RunningBroker, tmp_path: Path, spoil: str) -> None:
    topic.write(_record(1), _record(2))
    topic.ask(_ids)
    path = index_path(topic.settings)
    if spoil == "old":  # the broker has forgotten by then what was deleted
        with sqlite3.connect(path) as db:
            db.execute("UPDATE positions SET read_at_us = read_at_us - 20 * 86400 * 1000000")
        db.close()
        assert topic.ask(_ids) == (2, ["1", "2"])
    elif spoil == "broken":
        path.write_bytes(b"no database at all" * 1_000)
        assert topic.ask(_ids) == (2, ["1", "2"])
    else:
        other = _Topic(broker, f"{topic.settings.topic_prefix}o-", tmp_path)
        other.write(_record(3), _record(4), _record(5))
        index = EvidenceIndex(replace(other.settings), path)
        try:
            assert asyncio.run(index.catch_up()) == 3
            assert _ids(index) == ["3", "4", "5"]
        finally:
            index.close()
