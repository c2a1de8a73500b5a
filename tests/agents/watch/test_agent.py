"""WATCH, the agent, on a real broker: what it says, it says once, whoever has its partition."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from streams.agents.watch.agent import Watch, watch_policy
from streams.agents.watch.ledger_store import LedgerStore
from streams.core.country_event import CountryEvent, encode_country_event
from streams.core.officials import Official
from streams.core.subject_event import Coordinates, decode_subject_event
from streams.core.watching.aftermath_records import Aftermath
from streams.core.watching.watch_policy import WatchPolicy
from streams.events import Account
from streams.faust_driver.batches import Batch
from streams.kafka.administration import create_topics
from streams.kafka.reading import read_topic
from streams.ledger import store
from streams.ledger.ledger_file import claim_ledger_file
from streams.ledger.sqlite import SqliteLedger
from streams.metrics import Metrics
from streams.rules_loading import bundled_rules
from streams.settings import Settings
from tests.agents.records import Finished, batch_of
from tests.core.watching.watch_events import deletion, post, standing, tick
from tools.kafka.running_broker import RunningBroker

_BEGIN_US = 1_640_995_200_000_000
_OFFICIAL = Official(id="9", handle="official", country="IR", category="diplomat")


def _retweet(number: int) -> bytes:
    event = CountryEvent(
        kind="post",
        country="IR",
        platform="twitter",
        event_id=str(number),
        at_us=_BEGIN_US + number,
        source=Coordinates("retweets", 0, number),
        official=_OFFICIAL,
        post_kind="retweet",
        text="a text that says something",
        subject=Account(id="7"),
        post_id="1",
    )
    return encode_country_event(event)


def _deletion(number: int) -> bytes:
    event = CountryEvent(
        kind="deletion",
        country="IR",
        platform="twitter",
        event_id=f"deletion of {number}",
        at_us=_BEGIN_US + 1_000_000 + number,
        source=Coordinates("deletions", 0, number),
        official=_OFFICIAL,
        post_id=str(number),
    )
    return encode_country_event(event)


@pytest.fixture
def settings(kafka: RunningBroker, topic_prefix: str, tmp_path: Path) -> Settings:
    made = Settings(
        broker=kafka.address, topic_prefix=topic_prefix, data_dir=str(tmp_path), session_timeout_seconds=0.4
    )
    asyncio.run(create_topics(made))
    return made


def test_texts_of_posts_that_are_deleted_on_x_are_withheld_unless_the_operator_says_otherwise() -> None:
    assert watch_policy(Settings()).withheld == {"twitter"}
    assert watch_policy(Settings(aftermath_withhold_deleted=" mastodon, bluesky,")).withheld == {"mastodon", "bluesky"}
    assert watch_policy(Settings(aftermath_withhold_deleted="")).withheld == frozenset()


async def _withdrawn(settings: Settings) -> list[str]:
    events = [decode_subject_event(record.value or b"") async for record in read_topic(settings, "subject-events")]
    assert {event.kind for event in events} <= {"withdrawal"}
    return [event.event_id for event in events]


def test_an_owner_that_was_shut_out_applies_the_batch_again_and_says_it_once(settings: Settings) -> None:
    """Somebody opened the ledger store in between. Nothing of the refused batch may stay in the file."""
    metrics = Metrics(CollectorRegistry())
    finished = Finished()

    async def batches() -> AsyncIterator[Batch]:
        for number in range(4):
            yield batch_of("country-events", [_retweet(number), _deletion(number)], first=2 * number)
            await finished.wait_for(number + 1)
            intruder = LedgerStore(0, settings, metrics)
            await intruder.open()
            await intruder.close()

    async def run() -> list[str]:
        await Watch(settings, metrics, bundled_rules(), finished, lambda: 1).tasks.run(batches())
        return await _withdrawn(settings)

    assert asyncio.run(run()) == ["0", "1", "2", "3"]
    assert [batch.next_offset for batch in finished.batches] == [2, 4, 6, 8]
    assert metrics.fenced._value.get() == 3
    assert metrics.watched.labels("applied")._value.get() == 8


def test_what_was_applied_in_an_earlier_life_is_skipped_by_its_offset(settings: Settings) -> None:
    """The worker died after the transaction and before the group heard of it. The ledger has the retweets, still."""
    metrics = Metrics(CollectorRegistry())
    retweets = batch_of("country-events", [_retweet(number) for number in range(3)])
    more = batch_of("country-events", [*(_retweet(number) for number in range(3)), _deletion(1)])

    async def life(batch: Batch) -> None:
        finished = Finished()

        async def batches() -> AsyncIterator[Batch]:
            yield batch
            await finished.wait_for(1)

        await Watch(settings, metrics, bundled_rules(), finished, lambda: 1).tasks.run(batches())

    async def run() -> list[str]:
        await life(retweets)
        await life(retweets)
        await life(more)
        return await _withdrawn(settings)

    assert asyncio.run(run()) == ["1"]
    assert metrics.watched.labels("applied")._value.get() == 4
    assert metrics.ledger_entries._value.get() == 3


def test_a_long_batch_is_written_in_parts_and_each_is_whole(settings: Settings) -> None:
    """More than fits into one transaction of ours: all of it is there afterwards, in order."""
    finished = Finished()
    values = [_retweet(number) for number in range(1_200)] + [_deletion(number) for number in range(0, 1_200, 100)]

    async def batches() -> AsyncIterator[Batch]:
        yield batch_of("country-events", values)
        await finished.wait_for(3)

    async def run() -> list[str]:
        await Watch(settings, Metrics(CollectorRegistry()), bundled_rules(), finished, lambda: 1).tasks.run(batches())
        return await _withdrawn(settings)

    assert asyncio.run(run()) == [str(number) for number in range(0, 1_200, 100)]
    assert [batch.next_offset for batch in finished.batches] == [500, 1_000, 1_212], "each is done when it is written"


def test_a_record_that_no_agent_of_ours_wrote_is_a_dead_letter_and_the_others_of_its_batch_count(
    settings: Settings,
) -> None:
    finished = Finished()

    async def batches() -> AsyncIterator[Batch]:
        yield batch_of("country-events", [_retweet(1), b"{}", _deletion(1)])
        await finished.wait_for(1)

    async def run() -> tuple[list[str], list[bytes | None]]:
        await Watch(settings, Metrics(CollectorRegistry()), bundled_rules(), finished, lambda: 1).tasks.run(batches())
        letters = [record.value async for record in read_topic(settings, "dead-letters")]
        return await _withdrawn(settings), letters

    assert asyncio.run(run()) == (["1"], [b"{}"])


def test_many_suspensions_that_come_together_are_all_published(settings: Settings) -> None:
    """In several transactions, one batch."""
    finished = Finished()
    accounts = [Account(id=str(10**6 + number)) for number in range(150)]
    values = [encode_country_event(standing(subject=account)) for account in accounts]

    async def batches() -> AsyncIterator[Batch]:
        yield batch_of("country-events", values)
        await finished.wait_for(3)

    async def run() -> int:
        await Watch(settings, Metrics(CollectorRegistry()), bundled_rules(), finished, lambda: 1).tasks.run(batches())
        return len([record.key async for record in read_topic(settings, "aftermaths")])

    assert asyncio.run(run()) == len(accounts)
    assert [batch.next_offset for batch in finished.batches] == [64, 128, 150]


def test_what_is_forgotten_is_forgotten_in_the_changelog_too_and_never_published_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the file is lost and rebuilt from the changelog. The clock's days of grace are over at once."""
    monkeypatch.setattr(store, "GRACE_US", 0)
    monkeypatch.setattr(store, "_DAY_US", 0)
    metrics = Metrics(CollectorRegistry())
    over = WatchPolicy().remembered_days + 1.0
    events = [post("p", 0), standing(), tick(20)]
    late = [standing(version=2, by=7), deletion("p", 3), tick(over + 1)]

    async def life(first: int, events: Sequence[CountryEvent]) -> list[str]:
        finished = Finished()

        async def batches() -> AsyncIterator[Batch]:
            for number, event in enumerate(events):
                yield batch_of("country-events", [encode_country_event(event)], first=first + number)
                await finished.wait_for(number + 1)

        await Watch(settings, metrics, bundled_rules(), finished, lambda: 1).tasks.run(batches())
        aftermaths = [record async for record in read_topic(settings, "aftermaths")]
        return [msgspec.json.decode(record.value or b"", type=Aftermath).status for record in aftermaths]

    async def held() -> set[bytes]:
        kept = {record.key: record.value async for record in read_topic(settings, "country-ledger")}
        return {key[:2] for key, value in kept.items() if key is not None and value is not None}

    async def run() -> None:
        assert await life(0, events) == ["open", "closed"]
        assert {b"s/", b"c/"} <= await held()
        assert await life(3, [tick(over)]) == ["open", "closed"]
        assert not {b"s/", b"c/"} & await held()
        for path in settings.state_directory.iterdir():
            path.unlink()
        assert await life(4, late) == ["open", "closed"]

    asyncio.run(run())
    assert metrics.watched.labels("too_late")._value.get() == 2
    assert metrics.ledger_forgotten._value.get() >= 3


class _SlowDisk:
    """Holds up the commits of one ledger file until it is released; says when the first one has begun."""

    def __init__(self, patch: pytest.MonkeyPatch, path: Path) -> None:
        self.began = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._release = threading.Event()
        commit = SqliteLedger.commit

        def held(ledger: SqliteLedger) -> None:
            is_slow = ledger._db.execute("PRAGMA database_list").fetchone()[2] == str(path)
            if is_slow and len(ledger):  # an empty one is being opened
                self._loop.call_soon_threadsafe(self.began.set)
                assert self._release.wait(20), "the event loop stood still meanwhile"
            commit(ledger)

        patch.setattr(SqliteLedger, "commit", held)

    def release(self) -> None:
        self._release.set()


def test_a_slow_disk_keeps_neither_the_event_loop_nor_another_partition_waiting(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SCREEN, TRACK and the health beat run on that loop."""
    finished = Finished()
    slow, other = (msgspec.structs.replace(batch_of("country-events", [_retweet(1)]), partition=n) for n in (0, 1))

    async def run() -> list[int]:
        disk = _SlowDisk(monkeypatch, settings.state_directory / "watch-0.sqlite")

        async def batches() -> AsyncIterator[Batch]:
            yield slow
            await disk.began.wait()
            yield other
            await finished.wait_for(1)
            disk.release()
            await finished.wait_for(2)

        await Watch(settings, Metrics(CollectorRegistry()), bundled_rules(), finished, lambda: 1).tasks.run(batches())
        return [batch.partition for batch in finished.batches]

    assert asyncio.run(run()) == [1, 0]


def test_a_worker_that_is_stopped_closes_no_ledger_that_a_thread_is_writing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file stays locked until its commit is done, and has what the broker has."""
    path = settings.state_directory / "watch-0.sqlite"

    async def run() -> None:
        disk = _SlowDisk(monkeypatch, path)

        async def batches() -> AsyncIterator[Batch]:
            yield batch_of("country-events", [_retweet(1)])
            await asyncio.Event().wait()

        watch = Watch(settings, Metrics(CollectorRegistry()), bundled_rules(), Finished(), lambda: 1)
        watching = asyncio.ensure_future(watch.tasks.run(batches()))
        await disk.began.wait()
        watching.cancel()
        for _ in range(100):
            await asyncio.sleep(0)
        assert not watching.done()
        assert claim_ledger_file(settings.state_directory, "watch-0", most=1) is None
        disk.release()
        with pytest.raises(asyncio.CancelledError):
            await watching

    asyncio.run(run())
    ledger_file = claim_ledger_file(settings.state_directory, "watch-0", most=1)
    assert ledger_file is not None
    assert len(ledger_file.ledger()) == 1
    ledger_file.release()
