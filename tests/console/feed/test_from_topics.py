"""A store that is fed from a broker is what the topics say, whatever happens to the feed or to the topics."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import TypeAlias

import msgspec
import pytest
from aiokafka.admin import NewTopic

from bench.console_records import alert_records, amplification_records, dossier_records, example
from streams.console.feed.process import FeedProcess
from streams.console.store.filters import AlertFilter, PageOf, SubjectFilter
from streams.console.store.reading import Store
from streams.console.store.tables import unpack
from streams.core.evidence import read_evidence_record
from streams.core.evidence_records import alert_evidence, event_evidence, roster_evidence, withheld_evidence
from streams.core.notifications import Notification, encode_notification
from streams.core.rosters.roster import Roster, RosterEntry
from streams.core.subject_event import Coordinates
from streams.errors import ConfigurationError
from streams.events import Account, Coverage, Post, encode_event
from streams.kafka.administration import create_topics, remove_topics
from streams.kafka.client import admin, started_producer
from streams.kafka.reading import read_topic
from streams.kafka.roster_topic import publish_roster
from streams.settings import Settings
from streams.topic_names import NOTIFICATIONS
from tests.console.feed.feeding import feeding, wait_until
from tools.kafka.running_broker import RunningBroker

_Written: TypeAlias = Sequence[tuple[str, bytes | None, bytes | None, Sequence[tuple[str, bytes | None]]]]


@pytest.fixture
def settings(kafka: RunningBroker, topic_prefix: str) -> Settings:
    made = Settings(broker=kafka.address, topic_prefix=topic_prefix)
    asyncio.run(create_topics(made, partitions={"dossiers": 2, "alerts": 2, "amplifications": 2, "aftermaths": 1}))
    return made


def write(settings: Settings, written: _Written, transaction: str | None = None) -> None:
    async def send() -> None:
        async with started_producer(settings, transactional_id=transaction) as client:
            if transaction is not None:
                await client.begin_transaction()
            for topic, key, value, headers in written:
                await client.send(settings.topic(topic), value, key=key, headers=list(headers))
            await client.flush()
            if transaction is not None:
                await client.commit_transaction()

    asyncio.run(send())


def of(topic: str, records: Iterator[tuple[bytes, bytes]]) -> _Written:
    return [(topic, key, value, ()) for key, value in records]


def bodies(store: Store) -> dict[str, dict[str, bytes]]:
    """What the store has of each topic: by key the bytes."""
    questions = {
        "dossiers": "SELECT key, body FROM subjects JOIN subject_bodies USING (id)",
        "alerts": "SELECT alert, body FROM alerts JOIN alert_bodies USING (id)",
        "amplifications": "SELECT subject || ' ' || event, body FROM amplifications",
    }
    return {topic: {key: unpack(body) for key, body in store.rows(asked)} for topic, asked in questions.items()}


def on_topics(settings: Settings) -> dict[str, dict[str, bytes]]:
    """The same, read from the topics, plainly."""

    async def read() -> dict[str, dict[str, bytes]]:
        found: dict[str, dict[str, bytes]] = {"dossiers": {}, "alerts": {}, "amplifications": {}}
        for topic, last in found.items():
            async for record in read_topic(settings, topic):
                key = (record.key or b"").decode()
                if topic == "amplifications":
                    key = f"{key} {json.loads(record.value)['id']}"
                last.pop(key, None)
                if record.value is not None:
                    last[key] = record.value
        return found

    return asyncio.run(read())


def test_what_is_written_is_in_the_store_and_what_is_deleted_is_gone(settings: Settings, tmp_path: Path) -> None:
    """Also: a record that nobody can read is passed over and told, unknown fields do no harm, an open transaction is
    not looked at.
    """
    dossiers, alerts = list(dossier_records(5)), list(alert_records(4, subjects=5))
    write(settings, [*of("dossiers", iter(dossiers)), *of("alerts", iter(alerts))], transaction="t")
    key, value = dossiers[0]
    newer = json.dumps({**json.loads(value), "a_field_of_tomorrow": {"x": [1]}}).encode()
    with feeding(settings, tmp_path) as store:
        wait_until(lambda: len(bodies(store)["dossiers"]) == 5)
        assert store.status().generation == 1
        write(
            settings,
            [
                ("dossiers", key, newer, ()),
                ("dossiers", dossiers[1][0], None, ()),
                ("dossiers", b"twitter:9", b"{broken", ()),
                ("dossiers", b"\xff", value, ()),
                ("dossiers", b"twitter:8", dossiers[2][1], ()),
                ("alerts", alerts[0][0], None, ()),
                ("alerts", b"", None, ()),
            ],
        )
        wait_until(lambda: len(bodies(store)["alerts"]) == 3)
        wait_until(lambda: bodies(store)["dossiers"].get(key.decode()) == newer)
        wait_until(lambda: sum(topic.broken for topic in store.status().topics) == 3)
        assert dossiers[1][0].decode() not in bodies(store)["dossiers"]
        assert store.dossier(dossiers[1][0].decode()) is None
        assert store.dossier(key.decode()) is not None
        handles = {row.account.handle for row in store.subjects(SubjectFilter(text="voice"), PageOf()).rows}
        assert handles <= {json.loads(each)["subject"]["handle"] for _key, each in dossiers}
        broken = next(topic for topic in store.status().topics if topic.topic == "dossiers")
        assert broken.broken_at.startswith("dossiers/")
        assert broken.broken_because
        wait_until(lambda: all(topic.lag == 0 for topic in store.status().topics))


def test_an_alert_is_in_the_store_within_two_seconds(settings: Settings, tmp_path: Path) -> None:
    with feeding(settings, tmp_path) as store:
        wait_until(lambda: store.newest_alert() == 0)
        write(settings, of("alerts", alert_records(3, subjects=9)))
        began = time.monotonic()
        wait_until(lambda: store.newest_alert() == 3)
        assert time.monotonic() - began < 2


def test_evidence_roster_coverage_and_notifications_are_read_and_what_is_withheld_is_gone(
    settings: Settings, tmp_path: Path
) -> None:
    post = Post(platform="twitter", id="7", at=example(Coverage).at, actor=Account(id="44"), text="نامه‌ای به جوانان")
    payload = encode_event(post)
    record = event_evidence(post, payload, Coordinates("posts", 3, 12), 5)
    entry = read_evidence_record(record.key, record.value, record.headers, 1)
    roster = Roster(
        [
            RosterEntry(
                platform="twitter", account_id="44", country="IR", category="leader", source_url="https://example.org"
            )
        ]
    )
    versions = [alert_evidence("ab", value) for _key, value in alert_records(2, subjects=1)]
    asyncio.run(publish_roster(settings, roster))
    kept = [record, *versions, *roster_evidence(roster, "why")]
    write(settings, [("evidence", each.key, each.value, each.headers) for each in kept])
    write(settings, [("coverage", b"any", encode_event(example(Coverage)), ())])
    notification = example(Notification)
    write(settings, [(NOTIFICATIONS, notification.alert_id.encode(), encode_notification(notification), ())])
    with feeding(settings, tmp_path) as store:
        wait_until(lambda: len(store.events_of_subject("twitter:44").rows) == 1)
        wait_until(lambda: store.roster_in_force() is not None)
        (found,) = store.posts_with("نامه\u200cای", PageOf()).rows
        assert found.value == payload
        assert found.source == Coordinates("posts", 3, 12)
        assert [each.sha256 for each in store.alert_versions("ab")] == [
            each.key.decode().split("/")[2] for each in versions
        ]
        in_force = store.roster_in_force()
        assert in_force is not None
        assert in_force.digest == roster.digest
        assert store.rosters()[0].in_force
        assert len(store.coverage(example(Coverage).platform)) == 1
        wait_until(lambda: store.notification(notification.alert_id) == notification)
        write(settings, [(NOTIFICATIONS, notification.alert_id.encode(), None, ())])
        wait_until(lambda: store.notification(notification.alert_id) is None)
        gone = withheld_evidence(entry, "asked to")
        write(settings, [("evidence", each.key, each.value, each.headers) for each in (*gone, record)])
        wait_until(lambda: not store.events_of_subject("twitter:44").rows)
        last = store.event_of_digest(found.sha256)
        assert last is not None
        assert (last.value, last.withheld) == (None, "asked to")
        assert store.posts_with("نامه", PageOf()).rows == ()


def test_a_topic_that_was_made_anew_is_read_anew_while_pages_are_answered(settings: Settings, tmp_path: Path) -> None:
    """The new log is longer than what was read of the old one: its end says nothing."""
    write(settings, of("alerts", alert_records(5, subjects=9)))
    with feeding(settings, tmp_path) as store:
        wait_until(lambda: store.newest_alert() == 5)
        assert store.status().generation == 1
    asyncio.run(_make_anew(settings, "alerts"))
    write(settings, of("alerts", alert_records(9, subjects=9, seed=2)))
    before = Store(tmp_path)
    assert len(before.alerts(AlertFilter(statuses=_ALL), PageOf()).rows) == 5
    with feeding(settings, tmp_path) as store:
        wait_until(lambda: store.status().generation == 2)
        wait_until(lambda: bodies(store) == on_topics(settings))
        assert len(before.alerts(AlertFilter(statuses=_ALL), PageOf()).rows) == 9
    assert [path.name for path in tmp_path.glob("store-*.sqlite")] == ["store-2.sqlite"]


_ALL = ("firing", "expired", "retracted")


async def _make_anew(settings: Settings, topic: str) -> None:
    name = settings.topic(topic)
    async with admin(settings) as client:
        await remove_topics(client, [name])
        await client.create_topics([NewTopic(name, 2, 1)])
    await create_topics(settings)


def test_a_feed_that_is_killed_at_any_moment_leaves_what_the_topics_say(settings: Settings, tmp_path: Path) -> None:
    """Killed by `kill -9` while it builds, and while it follows; what is written meanwhile replaces and deletes."""
    random = Random(7)
    kills, most = 6, int(os.environ.get("ANTIPHON_CONSOLE_RECORDS", "3000"))
    write(settings, [*of("dossiers", dossier_records(most)), *of("alerts", alert_records(most // 10, subjects=most))])
    with FeedProcess(settings, tmp_path) as feed:
        for number in range(kills):
            time.sleep(random.random() * 1.5)
            if feed.pid is not None:
                os.kill(feed.pid, signal.SIGKILL)
                wait_until(lambda: feed._process is not None and feed._process.poll() is not None)
            changed = of("dossiers", dossier_records(most // 10, seed=number + 2, first=number * 50))
            gone: _Written = [("dossiers", key, None, ()) for key, _value in dossier_records(40, first=number * 60)]
            more = of("amplifications", amplification_records(100, subjects=most, seed=number))
            write(settings, [*changed, *gone, *more])
            feed._started = 0.0
            feed.keep_running()
        store = Store(tmp_path)
        expected = on_topics(settings)
        wait_until(lambda: bodies(store) == expected)
        assert feed.restarts == kills
        found = {row.key for row in store.subjects(SubjectFilter(), PageOf(size=1_000)).rows}
        assert found <= expected["dossiers"].keys()
        assert store.status().counts["subjects"] == len(expected["dossiers"])
        assert store.rows("SELECT count(*) FROM subject_countries")[0][0] >= len(expected["dossiers"])
        store.close()
        with pytest.raises(ConfigurationError, match="another console"), FeedProcess(settings, tmp_path):
            pass
        pid = feed.pid
    assert pid is not None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_broker_that_is_not_there_is_told_and_waited_for(tmp_path: Path) -> None:
    with feeding(Settings(broker="127.0.0.1:1"), tmp_path) as store:
        wait_until(lambda: "127.0.0.1:1" in store.status().problem)
        assert store.status().kind == "empty"


def test_records_of_the_bench_are_what_the_topics_carry() -> None:
    for records in (dossier_records(3), alert_records(3, subjects=3), amplification_records(3, subjects=3)):
        for key, value in records:
            assert key
            assert msgspec.json.decode(value)
