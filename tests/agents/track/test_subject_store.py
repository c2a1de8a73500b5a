"""A subject store on a real broker: all of a batch or nothing, and only the newest owner writes."""

import asyncio
import gc
from typing import Any

import msgspec
import pytest
from aiokafka.errors import MessageSizeTooLargeError, ProducerFenced
from prometheus_client import CollectorRegistry

from streams.agents.track.batch import track_batch
from streams.agents.track.subject_store import SubjectStore
from streams.core.clock import DAY_US
from streams.core.officials import Official
from streams.core.subject_event import Coordinates, SubjectEvent, SubjectEventKind, encode_subject_event
from streams.core.tracking.subject import Subject, TrackPolicy, encode_subject
from streams.core.tracking.track import new_subject
from streams.core.tracking.tracker import Tracker
from streams.events import Account
from streams.faust_driver.batches import Batch
from streams.kafka.administration import create_topics
from streams.kafka.batch_writer import OutgoingRecord
from streams.kafka.checkpoints import BrokenChangelogError
from streams.kafka.client import producer
from streams.kafka.reading import read_topic
from streams.metrics import Metrics
from streams.rules_loading import bundled_rules
from streams.settings import Settings
from tests.agents.records import MadeRecord
from tools.kafka.running_broker import RunningBroker


def _store(settings: Settings) -> SubjectStore:
    return SubjectStore(0, settings, Metrics(CollectorRegistry()))


def _event(name: str, kind: SubjectEventKind) -> SubjectEvent:
    return SubjectEvent(
        kind=kind,
        platform="twitter",
        event_id=name,
        at_us=1,
        subject=Account(id=name),
        source=Coordinates("profiles", 0, 1),
    )


def _subject(number: int) -> Subject:
    return new_subject(_event(str(number), "profile"))


async def _dossiers(settings: Settings) -> list[bytes]:
    return [record.value async for record in read_topic(settings, "dossiers")]


def _output(text: bytes) -> OutgoingRecord:
    return OutgoingRecord("dossiers", b"k", text)


@pytest.fixture
def settings(kafka: RunningBroker, topic_prefix: str) -> Settings:
    made = Settings(broker=kafka.address, topic_prefix=topic_prefix)
    asyncio.run(create_topics(made))
    return made


def test_what_was_committed_is_there_when_the_subject_store_is_opened_again(settings: Settings) -> None:
    """States, position, and outputs that others can read."""

    async def run() -> None:
        store = _store(settings)
        await store.open()
        await store.commit([_output(b"one")], {"twitter:1": _subject(1)}, 5)
        await store.commit([_output(b"two")], {"twitter:2": _subject(2)}, 9)
        await store.close()
        again = _store(settings)
        await again.open()
        assert (again.position, len(again)) == (9, 2)
        for number in (1, 2):
            found = again.load(f"twitter:{number}")
            assert found is not None
            assert encode_subject(found) == encode_subject(_subject(number))
        assert again.load("twitter:3") is None
        await again.close()
        assert await _dossiers(settings) == [b"one", b"two"]

    asyncio.run(run())


def test_what_nobody_engaged_with_is_forgotten_at_its_time_by_the_then_owner_of_the_store(
    settings: Settings,
) -> None:
    """The time stands beside the state: a new owner knows it, and writes a tombstone. One that is engaged stays."""
    rules, policy = bundled_rules(), TrackPolicy()

    async def apply(store: SubjectStore, offset: int, *events: SubjectEvent) -> None:
        tracker = Tracker(rules, policy, store.load, store.unengaged)
        records = [MadeRecord(offset + n, None, encode_subject_event(event)) for n, event in enumerate(events)]
        tracked = track_batch(Batch("subject-events", 0, 1, records), store.position, tracker)
        await store.commit(tracked.outputs, tracked.changed, tracked.position, forgotten=tracked.forgotten)

    def notice(name: str) -> SubjectEvent:
        return msgspec.structs.replace(_event(name, "suspension"), status="suspended")

    async def run() -> None:
        official = Official(id="9", handle=None, country="IR", category="leader")
        amplified = msgspec.structs.replace(_event("known", "retweet"), official=official, at_us=2)
        tick = msgspec.structs.replace(_event("tick", "tick"), at_us=1 + policy.unengaged_days * DAY_US)
        one = _store(settings)
        await one.open()
        await apply(one, 0, notice("unengaged"), notice("known"), _event("nobody", "profile"))
        await apply(one, 3, amplified)
        assert (len(one), len(one.unengaged)) == (2, 1)
        await one.close()
        other = _store(settings)
        await other.open()
        assert (len(other), len(other.unengaged)) == (2, 1)
        await apply(other, 4, tick)
        assert (len(other), other.load("twitter:unengaged")) == (1, None)
        await other.close()
        last = _store(settings)
        await last.open()
        assert (len(last), len(last.unengaged), last.position) == (1, 0, 5)
        assert last.load("twitter:known") is not None
        await last.close()
        values = {record.key: record.value async for record in read_topic(settings, "subject-states")}
        assert values[b"twitter:unengaged"] is None

    asyncio.run(run())


def test_an_earlier_owner_can_write_nothing_once_the_subject_store_is_opened_elsewhere(settings: Settings) -> None:
    """Neither states nor outputs: the newer ones stay the last."""

    async def run() -> None:
        old = _store(settings)
        await old.open()
        await old.commit([_output(b"first")], {"twitter:1": _subject(1)}, 1)
        new = _store(settings)
        await new.open()
        await new.commit([_output(b"newer")], {"twitter:2": _subject(2)}, 7)
        with pytest.raises(ProducerFenced):
            await old.commit([_output(b"stale")], {"twitter:2": _subject(3)}, 3)
        await old.close()
        await new.close()
        reader = _store(settings)
        await reader.open()
        assert reader.position == 7
        found = reader.load("twitter:2")
        assert found is not None
        assert found.state.subject_id == "2"
        await reader.close()
        assert await _dossiers(settings) == [b"first", b"newer"]

    asyncio.run(run())


def test_a_worker_fenced_while_it_hands_over_its_records_gets_an_error_that_says_so(settings: Settings) -> None:
    """Whatever it was about to write, and once: asyncio has nothing to complain about afterwards."""
    unseen: list[dict[str, Any]] = []

    async def run() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: unseen.append(context))
        topics = ("dossiers", "alerts", "amplifications", "dead-letters")
        for has_written in (False, True, False, True):
            old, new = _store(settings), _store(settings)
            await old.open()
            if has_written:  # then its producer knows the topics
                await old.commit([OutgoingRecord(topic, b"k", b"first") for topic in topics], {}, 1)
            await new.open()
            with pytest.raises(ProducerFenced):
                await old.commit([OutgoingRecord(topic, b"k", b"stale") for topic in topics], {}, 3)
            await old.close()
            await new.close()
        del old, new
        gc.collect()
        await asyncio.sleep(0)
        assert await _dossiers(settings) == [b"first", b"first"]

    asyncio.run(run())
    assert unseen == []


def test_a_transaction_left_open_is_undone_by_the_next_owner(settings: Settings) -> None:
    """Records that were written but not committed when a worker died are nobody's business."""

    async def run() -> None:
        dying = _store(settings)
        await dying.open()
        client = dying._writer._producer
        assert client is not None
        await client.begin_transaction()
        await client.send_and_wait(settings.topic("dossiers"), b"half done", key=b"k", partition=0)
        await client.send_and_wait(settings.topic("subject-states"), b"half done", key=b"twitter:9", partition=0)
        heir = _store(settings)
        await heir.open()
        assert (heir.position, len(heir)) == (0, 0)
        assert await _dossiers(settings) == []
        await heir.close()
        await dying.close()

    asyncio.run(run())


def test_with_an_output_that_the_broker_refuses_nothing_of_the_batch_is_written(settings: Settings) -> None:
    """Neither state nor position: the next owner applies it all again."""

    async def run() -> None:
        store = _store(settings)
        await store.open()
        await store.commit([_output(b"one")], {"twitter:1": _subject(1)}, 5)
        with pytest.raises(MessageSizeTooLargeError):
            await store.commit([_output(b"two"), _output(b"x" * 4_000_000)], {"twitter:2": _subject(2)}, 9)
        await store.close()
        again = _store(settings)
        await again.open()
        assert (again.position, len(again)) == (5, 1)
        await again.close()
        assert await _dossiers(settings) == [b"one"]

    asyncio.run(run())


def test_a_record_that_no_store_writes_stops_the_opening(settings: Settings) -> None:
    """Broken internal state is our own fault and must be seen."""

    async def run() -> None:
        other_application = producer(settings)
        await other_application.start()
        await other_application.send_and_wait(settings.topic("subject-states"), None, key=b"\x00position", partition=0)
        await other_application.stop()
        store = _store(settings)
        with pytest.raises(
            BrokenChangelogError, match="subject-states, partition 0, is no record that a worker writes"
        ):
            await store.open()
        await store.close()

    asyncio.run(run())
