"""Whose a state is, and whether its logs still agree, on a real broker: what cannot be right is refused or mended."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import NewPartitions, RecordsToDelete
from msgspec.structs import replace
from prometheus_client import CollectorRegistry

from streams.agents.screen.raw_log_checks import RawLogChecks
from streams.agents.track.agent import Track
from streams.agents.track.subject_store import SubjectStore
from streams.agents.watch.ledger_store import LedgerStore
from streams.faust_driver.batches import Batch
from streams.kafka.administration import create_topics, remove_topics, topic_states
from streams.kafka.batch_writer import OutgoingRecord
from streams.kafka.checkpoints import CHANGELOGS, CHECKPOINT_KEY, BrokenChangelogError, last_checkpoints
from streams.kafka.client import admin, started_producer
from streams.kafka.log_marks import Mark, mark_of, missing_marks
from streams.kafka.readiness import LogsDisagreeError, require_ready, require_states
from streams.kafka.reading import read_topic
from streams.metrics import Metrics
from streams.partitions.transactional_writer import StateInDoubtError
from streams.rules_loading import bundled_rules
from streams.settings import Settings
from streams.topic_names import SUBJECT_STATES
from tests.agents.records import Finished, batch_of, retweet_of
from tools.kafka.running_broker import RunningBroker

_EVENTS = "subject-events"


@pytest.fixture
def settings(kafka: RunningBroker, topic_prefix: str) -> Settings:
    made = Settings(broker=kafka.address, topic_prefix=topic_prefix)
    asyncio.run(create_topics(made))
    return made


def _store(settings: Settings, partition: int = 0) -> SubjectStore:
    return SubjectStore(partition, settings, Metrics(CollectorRegistry()))


async def _send(settings: Settings, topic: str, *values: bytes, partition: int = 0) -> list[Any]:
    """Write values; returns the records as they are read again."""
    async with started_producer(settings) as client:
        for value in values:
            await client.send_and_wait(settings.topic(topic), value, partition=partition)
    return [record async for record in read_topic(settings, topic) if record.partition == partition]


async def _commit(settings: Settings, position: int, applied: Mark | None = None, partition: int = 0) -> None:
    store = _store(settings, partition)
    await store.open()
    await store.commit([OutgoingRecord("dossiers", b"k", b"result")], {}, position, applied)
    await store.close()


async def _position(settings: Settings, partition: int = 0) -> int:
    store = _store(settings, partition)
    try:
        await store.open()
        return store.position
    finally:
        await store.close()


async def _partitions(settings: Settings) -> dict[str, int]:
    return {state.topic.name: state.partitions for state in await topic_states(settings)}


def test_a_state_goes_on_where_it_was_while_the_log_has_what_was_applied(settings: Settings) -> None:
    async def run() -> None:
        records = await _send(settings, _EVENTS, b"one", b"two", b"three")
        await _commit(settings, 2, mark_of(records[1]))
        assert await _position(settings) == 2
        await require_ready(settings)

    asyncio.run(run())


@pytest.mark.parametrize("is_shorter", [True, False], ids=["ends before it", "has another record there"])
def test_a_state_ahead_of_its_events_applies_again_what_the_log_holds(settings: Settings, is_shorter: bool) -> None:
    """A log that was cut back, and one that has grown past the position since."""

    async def run() -> None:
        records = await _send(settings, _EVENTS, b"one", b"two")
        lost = Mark(7 if is_shorter else 1, records[1].timestamp, mark_of(records[0]).digest)
        await _commit(settings, lost.offset + 1, lost)
        assert await _position(settings) == 0

    asyncio.run(run())


def test_states_of_another_app_are_refused_before_anything_is_written(settings: Settings) -> None:
    """At the start, and in the partition; production goes on as if nothing had been."""

    async def run() -> None:
        production = _store(settings)
        await production.open()
        await production.commit([], {}, 0)
        trial = replace(settings, app_id="trial")
        with pytest.raises(LogsDisagreeError, match="belong to --app-id 'antiphon'"):
            await require_ready(trial)
        before = [record async for record in read_topic(settings, SUBJECT_STATES)]
        with pytest.raises(LogsDisagreeError, match="belong to --app-id 'antiphon'"):
            await _position(trial)
        assert [record async for record in read_topic(settings, SUBJECT_STATES)] == before
        await production.commit([], {}, 0)
        await production.close()

    asyncio.run(run())


def test_of_two_apps_that_begin_at_the_same_moment_one_writes(settings: Settings) -> None:
    """Neither finds a state, and the second to write finds that the changelog is not where it was."""

    async def run() -> None:
        one, other = _store(settings), _store(replace(settings, app_id="trial"))
        await one.open()
        await other.open()
        await one.commit([OutgoingRecord("dossiers", b"k", b"of one")], {}, 0)
        with pytest.raises(StateInDoubtError):
            await other.commit([OutgoingRecord("dossiers", b"k", b"of the other")], {}, 0)
        await other.close()
        await one.close()
        await _position(settings)
        with pytest.raises(LogsDisagreeError, match="belong to --app-id 'antiphon'"):
            await _position(replace(settings, app_id="trial"))
        assert [record.value async for record in read_topic(settings, "dossiers")] == [b"of one"]

    asyncio.run(run())


def test_more_partitions_of_a_pair_of_topics_are_refused(settings: Settings) -> None:
    """At the start, in a partition that has a state, in one that has none, and by a worker that runs."""

    async def run() -> None:
        running = _store(settings)
        await running.open()
        await running.commit([], {}, 0)
        async with admin(settings) as client:
            await client.create_partitions(
                {settings.topic(name): NewPartitions(9) for name in (_EVENTS, SUBJECT_STATES)}
            )
        while (await _partitions(settings))[_EVENTS] != 9:  # noqa: ASYNC110  # the broker tells nobody
            await asyncio.sleep(0.05)
        with pytest.raises(LogsDisagreeError, match="were made when it had 8"):
            await require_states(settings, await _partitions(settings))
        for partition in (0, 8):
            with pytest.raises(LogsDisagreeError, match="were made when it had 8"):
                await _position(settings, partition)
        client = running._writer._producer
        assert isinstance(client, AIOKafkaProducer)
        await client.client.force_metadata_update()
        with pytest.raises(LogsDisagreeError, match="has 9 partitions and had 8"):
            await running.commit([], {}, 0)
        await running.close()

    asyncio.run(run())


def test_a_state_whose_results_are_gone_is_refused(settings: Settings) -> None:
    """It says that they were written; nobody would write them again."""

    async def run() -> None:
        await _commit(settings, 0)
        await require_ready(settings)
        async with admin(settings) as client:
            await remove_topics(client, [settings.topic("dossiers")])
        await create_topics(settings)
        for refused in (require_ready(settings), _position(settings)):
            with pytest.raises(LogsDisagreeError, match="lost records"):
                await refused

    asyncio.run(run())


@pytest.mark.parametrize("has_state", [True, False])
def test_events_that_were_removed_before_they_were_applied_are_refused(settings: Settings, has_state: bool) -> None:
    """By retention, or by hand: nobody else has them."""

    async def run() -> None:
        records = await _send(settings, _EVENTS, b"one", b"two", b"three", b"four")
        if has_state:
            await _commit(settings, 1, mark_of(records[0]))
        async with admin(settings) as client:
            await client.delete_records({TopicPartition(settings.topic(_EVENTS), 0): RecordsToDelete(3)})
        with pytest.raises(LogsDisagreeError, match="removed before they were applied"):
            await _position(settings)

    asyncio.run(run())


def test_events_between_the_state_and_the_group_are_applied_first(settings: Settings) -> None:
    """A changelog that was cut back is behind what the group has committed; nothing in between is passed over."""
    finished = Finished()
    metrics = Metrics(CollectorRegistry())

    async def batches() -> AsyncIterator[Batch]:
        yield batch_of(settings.topic(_EVENTS), [retweet_of(5)], first=5)
        await finished.wait_for(1)

    async def run() -> None:
        await _send(settings, _EVENTS, *[retweet_of(number) for number in range(6)])
        await Track(settings, metrics, bundled_rules(), finished, lambda: 1).tasks.run(batches())
        amplifications = [record async for record in read_topic(settings, "amplifications")]
        assert len(amplifications) == 6
        assert (await last_checkpoints(settings, SUBJECT_STATES))[0].position == 6

    asyncio.run(run())


def test_after_a_connection_broke_a_subject_store_writes_nothing_before_it_is_opened_again(settings: Settings) -> None:
    """The broker may be one that lost what it had acknowledged."""

    async def run() -> None:
        store = _store(settings)
        await store.open()
        await store.commit([], {}, 1)
        client = store._writer._producer
        assert isinstance(client, AIOKafkaProducer)
        for connection in list(client.client._conns.values()):
            connection._reader.feed_eof()
        await asyncio.sleep(0.1)
        with pytest.raises(StateInDoubtError):
            await store.commit([], {}, 2)
        await store.close()
        assert await _position(settings) == 1

    asyncio.run(run())


def test_a_partition_task_opens_a_subject_store_again_whose_connection_broke(settings: Settings) -> None:
    """Nothing is applied twice, and nobody has to start the worker again."""
    finished = Finished()

    async def run() -> None:
        await _send(settings, _EVENTS, *[retweet_of(number) for number in range(2)])
        track = Track(settings, Metrics(CollectorRegistry()), bundled_rules(), finished, lambda: 1)

        async def batches() -> AsyncIterator[Batch]:
            yield batch_of(settings.topic(_EVENTS), [retweet_of(0)], first=0)
            await finished.wait_for(1)
            (store,) = track.tasks.held()
            assert store._writer._disconnects is not None
            store._writer._disconnects.count += 1
            yield batch_of(settings.topic(_EVENTS), [retweet_of(1)], first=1)
            await finished.wait_for(2)

        await track.tasks.run(batches())
        assert len([record async for record in read_topic(settings, "amplifications")]) == 2

    asyncio.run(run())


def _keeper(settings: Settings) -> RawLogChecks:
    return RawLogChecks(settings, Metrics(CollectorRegistry()))


def test_a_raw_partition_is_read_again_where_its_log_or_what_screen_wrote_is_gone(settings: Settings) -> None:
    """The note beside the committed offset says what must be there; without a note there is nothing to compare."""

    async def run() -> None:
        read = await _send(settings, "retweets", b"one", b"two")
        written = await _send(settings, _EVENTS, b"from one")
        place, output = (settings.topic("retweets"), 0), (_EVENTS, 0)
        there, gone = mark_of(written[0]), Mark(5, -1, b"gone")
        intact = _keeper(settings).note(read[1], {output: there})()
        shorter = _keeper(settings).note(replaced(read[1], offset=9), {output: there})()
        other = _keeper(settings).note(replaced(read[0], offset=1), {output: there})()
        unwritten = _keeper(settings).note(read[1], {output: gone})()
        for note, begin in (
            (intact, {}),
            ("", {}),
            (shorter, {place: 0}),
            (other, {place: 0}),
            (unwritten, {place: 0}),
        ):
            assert await _keeper(settings).resume({place: (2, note)}) == begin, note
        # Whoever has the partition next answers for what was written by those before.
        heir = _keeper(settings)
        await heir.resume({place: (2, intact)})
        async with admin(settings) as client:
            await remove_topics(client, [settings.topic(_EVENTS)])
        await create_topics(settings)
        assert await _keeper(settings).resume({place: (2, heir.note(read[1], {})())}) == {place: 0}

    asyncio.run(run())


class replaced:  # noqa: N801  # reads as what it does
    """A record at another offset."""

    def __init__(self, record: Any, offset: int) -> None:
        self.offset, self.timestamp, self.key, self.value = offset, record.timestamp, record.key, record.value
        self.headers: tuple[tuple[str, bytes], ...] = ()


def test_events_are_read_from_where_the_state_is(settings: Settings) -> None:
    """Also where the group has committed more: the changelog was cut back. Where there is no state, from the start."""

    async def run() -> None:
        records = await _send(settings, _EVENTS, b"one", b"two", b"three")
        place = (settings.topic(_EVENTS), 0)
        assert await _keeper(settings).resume({place: (3, "")}) == {place: 0}
        await _commit(settings, 1, mark_of(records[0]))
        assert await _keeper(settings).resume({place: (3, "")}) == {place: 1}
        assert await _keeper(settings).resume({place: (1, "")}) == {}
        await _commit(settings, 3, Mark(9, records[2].timestamp, b"gone"))
        assert await _keeper(settings).resume({place: (3, "")}) == {place: 0}

    asyncio.run(run())


def test_evidence_that_compaction_took_is_not_missing_while_its_log_goes_on_behind_it(settings: Settings) -> None:
    """An expired record or one that was written twice. As with any log: other bytes at the offset, or none any more."""

    async def run() -> None:
        for topic in ("evidence", "alerts"):
            async with started_producer(settings, transactional_id=f"{settings.group}-{topic}") as client:
                async with client.transaction():
                    await client.send(settings.topic(topic), b"one", key=b"k", partition=0)
                await client.begin_transaction()
                await client.send_and_wait(settings.topic(topic), b"two", key=b"k", partition=0)
                await client.commit_transaction()
        gone = Mark(1, -1, b"the end of a transaction is here")
        beyond, other = Mark(9, -1, b""), Mark(2, -1, b"other")
        for topic, missing in (("evidence", [other, beyond]), ("alerts", [gone, other, beyond])):
            assert await missing_marks(settings, {(topic, 0): [gone, other, beyond]}) == {(topic, 0): set(missing)}

    asyncio.run(run())


def test_a_log_that_was_cut_back_under_a_running_worker_ends_it(settings: Settings) -> None:
    async def run() -> None:
        records = await _send(settings, "retweets", b"one", b"two")
        place = (settings.topic("retweets"), 0)
        await _keeper(settings).compare({place: records[1]})
        with pytest.raises(LogsDisagreeError, match="under a worker"):
            await _keeper(settings).compare({place: replaced(records[1], offset=2)})

    asyncio.run(run())


def test_what_retention_removed_is_not_missing_and_what_was_undone_is(settings: Settings) -> None:
    async def run() -> None:
        records = await _send(settings, "dead-letters", b"one", b"two")
        async with started_producer(settings, transactional_id=f"{settings.group}-x") as client:
            await client.begin_transaction()
            await client.abort_transaction()
        place = ("dead-letters", 0)
        async with admin(settings) as client:
            removed = {TopicPartition(settings.topic("dead-letters"), 0): RecordsToDelete(1)}
            await client.delete_records(removed)
        marks = [mark_of(records[0]), mark_of(records[1]), Mark(2, -1, b"")]
        assert await missing_marks(settings, {place: marks}) == {place: frozenset(marks[2:])}
        assert await missing_marks(settings, {("dead-letters", 99): marks[:1]}) == {
            ("dead-letters", 99): frozenset(marks[:1])
        }

    asyncio.run(run())


def test_dead_letters_that_were_lost_are_written_again_and_nothing_is_refused(settings: Settings) -> None:
    """An operator made the topic again. The events are applied again, once."""

    async def run() -> None:
        records = await _send(settings, _EVENTS, b"one", b"two")
        store = _store(settings)
        await store.open()
        letter = OutgoingRecord("dead-letters", None, b"one")
        await store.commit([letter, OutgoingRecord("dossiers", b"k", b"result")], {}, 2, mark_of(records[1]))
        await store.close()
        assert await _position(settings) == 2
        async with admin(settings) as client:
            await remove_topics(client, [settings.topic("dead-letters")])
        await create_topics(settings)
        await require_ready(settings)
        store = _store(settings)
        await store.open()
        assert store.position == 0
        await store.commit([], {}, 2, mark_of(records[1]))
        await store.close()
        assert await _position(settings) == 2

    asyncio.run(run())


@pytest.mark.parametrize(
    ("key", "value", "where"),
    [(CHECKPOINT_KEY, b"\xff", "the last checkpoint in"), (b"twitter:7", b"\xff", "one of offsets 0 to 0")],
    ids=["a checkpoint", "a state"],
)
def test_a_broken_record_of_a_changelog_is_refused_with_place_and_remedy(
    settings: Settings, tmp_path: Path, key: bytes, value: bytes, where: str
) -> None:
    """Of both agents' changelogs; TRACK looks into a state when it is needed."""

    async def run() -> None:
        async with started_producer(settings) as client:
            for changelog in CHANGELOGS.values():
                await client.send_and_wait(settings.topic(changelog), value, key, partition=0)
        metrics = Metrics(CollectorRegistry())
        ledger = LedgerStore(0, replace(settings, data_dir=str(tmp_path)), metrics)
        store = SubjectStore(0, settings, metrics)
        try:
            with pytest.raises(BrokenChangelogError, match=where) as refused:
                await ledger.open()
            assert "antiphon states reset" in refused.value.remedy
            if key == CHECKPOINT_KEY:
                with pytest.raises(BrokenChangelogError, match=where):
                    await store.open()
            else:
                await store.open()
                with pytest.raises(BrokenChangelogError, match="key twitter:7"):
                    store.load("twitter:7")
        finally:
            await ledger.close()
            await store.close()

    asyncio.run(run())
