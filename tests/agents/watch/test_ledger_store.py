"""WATCH's ledger store on a real broker: the changelog is the truth, whatever has become of the file."""

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest
from aiokafka.errors import MessageSizeTooLargeError, ProducerFenced
from prometheus_client import CollectorRegistry

from streams.agents.watch.ledger_store import LedgerError, LedgerStore
from streams.core.watching.ledger import Record, record_key
from streams.kafka.administration import create_topics, delete_topics
from streams.kafka.batch_writer import OutgoingRecord
from streams.kafka.checkpoints import BrokenChangelogError
from streams.kafka.client import producer
from streams.kafka.reading import read_topic
from streams.ledger.sqlite import SqliteLedger
from streams.metrics import Metrics
from streams.settings import Settings
from streams.topic_names import COUNTRY_LEDGER
from tests.ledger.records import an_entry
from tools.kafka.running_broker import RunningBroker

_HOUR_US = 3_600_000_000


@pytest.fixture
def settings(kafka: RunningBroker, topic_prefix: str, tmp_path: Path) -> Settings:
    made = Settings(broker=kafka.address, topic_prefix=topic_prefix, data_dir=str(tmp_path / "here"))
    asyncio.run(create_topics(made, partitions={"country-events": 1, "country-ledger": 1}))
    return made


def _elsewhere(settings: Settings, tmp_path: Path) -> Settings:
    """The same group on another machine."""
    return msgspec.structs.replace(settings, data_dir=str(tmp_path / "there"))


def _store(settings: Settings) -> LedgerStore:
    return LedgerStore(0, settings, Metrics(CollectorRegistry()))


def _output(text: bytes) -> OutgoingRecord:
    return OutgoingRecord("aftermaths", b"k", text)


async def _apply(store: LedgerStore, position: int, *put: Record, discard: tuple[Record, ...] = ()) -> None:
    """A batch: some records changed, one output, the position after it."""
    store.ledger.begin()
    for record in put:
        store.ledger.put(record)
    for record in discard:
        store.ledger.discard(record_key(record))
    await store.commit([_output(f"to {position}".encode())], position)


async def _held(settings: Settings, *numbers: int) -> tuple[int, int, list[bool]]:
    """What a ledger store opened now has: its position, its entries, and whether it has those of the numbers."""
    store = _store(settings)
    await store.open()
    try:
        keys = [f"e/twitter:{number}".encode() for number in numbers]
        return store.position, len(store.ledger), [store.ledger.get(key) is not None for key in keys]
    finally:
        await store.close()


async def _outputs(settings: Settings) -> list[bytes]:
    return [record.value async for record in read_topic(settings, "aftermaths")]


def _file(settings: Settings) -> Path:
    return settings.state_directory / "watch-0.sqlite"


def _tampered(settings: Settings, change: Callable[[SqliteLedger], None]) -> None:
    """Change a closed file behind the changelog's back."""
    ledger = SqliteLedger(_file(settings))
    change(ledger)
    ledger.close()


def _run(work: Callable[[], Awaitable[None]]) -> None:
    async def whole() -> None:
        await work()

    asyncio.run(whole())


def test_what_was_committed_is_there_when_the_ledger_store_is_opened_again_here_or_elsewhere(
    settings: Settings, tmp_path: Path
) -> None:
    """Records that are gone stay gone; the outputs are for everybody to read."""

    async def run() -> None:
        store = _store(settings)
        await store.open()
        assert (store.position, len(store.ledger)) == (0, 0)
        await _apply(store, 5, an_entry("1", 1), an_entry("2", 2))
        await _apply(store, 9, an_entry("3", 3), discard=(an_entry("2", 2),))
        await store.close()
        assert await _held(settings, 1, 2, 3) == (9, 2, [True, False, True])
        assert await _held(_elsewhere(settings, tmp_path), 1, 2, 3) == (9, 2, [True, False, True])
        assert await _outputs(settings) == [b"to 5", b"to 9"]

    _run(run)


def test_a_file_that_is_up_to_date_is_not_built_anew(settings: Settings) -> None:
    """Only what came after it is read: a trace in it that no changelog has is still there."""

    async def run() -> None:
        store = _store(settings)
        await store.open()
        for number in range(40):
            await _apply(store, number + 1, an_entry(str(number), number))
        await store.close()
        _tampered(settings, lambda ledger: ledger.note("trace", 1))
        again = _store(settings)
        await again.open()
        assert again.ledger.fact("trace") == 1
        assert (again.position, len(again.ledger)) == (40, 40)
        await again.close()

    _run(run)


def test_an_earlier_owner_can_write_nothing_and_its_file_is_no_obstacle(settings: Settings) -> None:
    """Two workers on one machine, one of them asleep with its file open; afterwards its file catches up."""

    async def run() -> None:
        old = _store(settings)
        await old.open()
        await _apply(old, 1, an_entry("1", 1))
        new = _store(settings)
        await new.open()
        assert (new.position, len(new.ledger)) == (1, 1)
        await _apply(new, 7, an_entry("2", 2))
        with pytest.raises(ProducerFenced):
            await _apply(old, 3, an_entry("9", 9))
        await old.close()
        await new.close()
        assert sorted(path.name for path in settings.state_directory.glob("*.sqlite")) == [
            "watch-0.1.sqlite",
            "watch-0.sqlite",
        ]
        assert await _held(settings, 1, 2, 9) == (7, 2, [True, True, False])
        assert await _outputs(settings) == [b"to 1", b"to 7"]

    _run(run)


def test_a_crash_between_the_broker_s_commit_and_the_file_s_loses_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is behind then, and says so."""

    async def run() -> None:
        store = _store(settings)
        await store.open()
        await _apply(store, 1, an_entry("1", 1))

        def fail(_ledger: SqliteLedger) -> None:
            raise sqlite3.OperationalError("database or disk is full")

        with monkeypatch.context() as patch:
            patch.setattr(SqliteLedger, "commit", fail)
            with pytest.raises(LedgerError, match="disk is full") as raised:
                await _apply(store, 2, an_entry("2", 2))
        assert "make room" in raised.value.remedy
        await store.close()
        assert await _held(settings, 1, 2) == (2, 2, [True, True])

    _run(run)


def test_with_an_output_that_the_broker_refuses_nothing_of_the_batch_stays(settings: Settings, tmp_path: Path) -> None:
    """Neither in the changelog nor in the file."""

    async def run() -> None:
        store = _store(settings)
        await store.open()
        await _apply(store, 5, an_entry("1", 1))
        store.ledger.begin()
        store.ledger.put(an_entry("2", 2))
        with pytest.raises(MessageSizeTooLargeError):
            await store.commit([_output(b"x" * 9_000_000)], 9)
        await store.close()
        assert await _held(settings, 1, 2) == (5, 1, [True, False])
        assert await _held(_elsewhere(settings, tmp_path), 1, 2) == (5, 1, [True, False])

    _run(run)


def test_without_transactions_outputs_come_before_the_changelog(settings: Settings, tmp_path: Path) -> None:
    """So that a crash in between repeats an output, and never loses one."""
    plain = msgspec.structs.replace(settings, transactions=False)

    async def run() -> None:
        store = _store(plain)
        await store.open()
        await _apply(store, 5, an_entry("1", 1))
        store.ledger.begin()
        store.ledger.put(an_entry("2", 2))
        with pytest.raises(MessageSizeTooLargeError):
            await store.commit([_output(b"first"), _output(b"x" * 9_000_000)], 9)
        await store.close()
        assert await _held(plain, 1, 2) == (5, 1, [True, False])
        assert await _held(_elsewhere(plain, tmp_path), 1, 2) == (5, 1, [True, False])

    _run(run)


def _broken(settings: Settings) -> None:
    content = bytearray(_file(settings).read_bytes())
    for page in range(1, len(content) // 4_096):
        content[page * 4_096 : page * 4_096 + 64] = b"\xff" * 64
    _file(settings).write_bytes(content)


def _rubbish(settings: Settings) -> None:
    _file(settings).write_bytes(b"rubbish" * 1_000)


def _stale(settings: Settings) -> None:
    """Kafka may have forgotten by now that a record is gone which this file still holds."""

    def change(ledger: SqliteLedger) -> None:
        ledger.put(an_entry("8", 8))
        ledger.note("synced_us", time.time_ns() // 1_000 - 13 * _HOUR_US)

    _tampered(settings, change)


def _from_the_future(settings: Settings) -> None:
    def change(ledger: SqliteLedger) -> None:
        ledger.put(an_entry("8", 8))
        ledger.note("synced_us", time.time_ns() // 1_000 + _HOUR_US)

    _tampered(settings, change)


def _of_another_changelog(settings: Settings) -> None:
    def change(ledger: SqliteLedger) -> None:
        ledger.put(an_entry("8", 8))
        ledger.note("identity", bytes(16))

    _tampered(settings, change)


def _ahead(settings: Settings) -> None:
    def change(ledger: SqliteLedger) -> None:
        ledger.put(an_entry("8", 8))
        ledger.note("offset", 1_000)

    _tampered(settings, change)


def _never_finished(settings: Settings) -> None:
    """A worker died in the middle of its first replay."""
    db = sqlite3.connect(_file(settings))
    db.execute("DELETE FROM facts")
    db.commit()
    db.close()


@pytest.mark.parametrize(
    "harm", [_broken, _rubbish, _stale, _from_the_future, _of_another_changelog, _ahead, _never_finished]
)
def test_a_file_in_doubt_is_built_anew(settings: Settings, harm: Callable[[Settings], None]) -> None:
    """However it came about, the ledger store has what the changelog has; also for those who open it next."""

    async def run() -> None:
        store = _store(settings)
        await store.open()
        for number in range(1, 4):
            await _apply(store, number, an_entry(str(number), number, text="x" * 5_000))
        await store.close()
        harm(settings)
        expected = (3, 3, [True, True, True, False])
        assert await _held(settings, 1, 2, 3, 8) == expected
        assert await _held(settings, 1, 2, 3, 8) == expected

    _run(run)


def test_a_topic_that_was_made_anew_is_not_taken_for_the_one_before(settings: Settings) -> None:
    """Even where it has grown beyond the offset that the file goes up to."""

    async def run() -> None:
        store = _store(settings)
        await store.open()
        for number in range(1, 4):
            await _apply(store, number, an_entry(str(number), number))
        await store.close()
        await delete_topics(settings)
        kept = _file(settings).read_bytes()
        _file(settings).unlink()
        await create_topics(settings, partitions={"country-events": 1, "country-ledger": 1})
        store = _store(settings)
        await store.open()
        for number in range(11, 31):
            await _apply(store, number, an_entry(str(number), number))
        await store.close()
        _file(settings).write_bytes(kept)
        assert await _held(settings, 1, 11, 30) == (30, 20, [False, True, True])

    _run(run)


@pytest.mark.parametrize(
    ("key", "value"), [(b"\x00position", None), (b"\x00position", b"short"), (b"e/twitter:1", b"\xc1")]
)
def test_a_record_that_no_store_writes_stops_the_opening(settings: Settings, key: bytes, value: bytes | None) -> None:
    """Broken internal state is our own fault and must be seen."""

    async def run() -> None:
        other_application = producer(settings)
        await other_application.start()
        await other_application.send_and_wait(settings.topic(COUNTRY_LEDGER), value, key=key, partition=0)
        await other_application.stop()
        store = _store(settings)
        with pytest.raises(BrokenChangelogError):
            await store.open()
        await store.close()

    _run(run)


def test_a_file_that_has_what_its_changelog_lost_is_built_anew(settings: Settings) -> None:
    """The changelog was cut back below the end of the file, and has grown past it since, by somebody else's hand."""

    async def run() -> None:
        store = _store(settings)
        await store.open()
        await _apply(store, 1, an_entry("1", 1))
        await _apply(store, 2, an_entry("2", 2))
        await store.close()
        heir = _store(settings)
        await heir.open()
        await _apply(heir, 3, an_entry("3", 3))
        offset = heir.ledger.fact("offset")
        await heir.close()

        def be_of_before_the_cut(ledger: SqliteLedger) -> None:
            ledger.begin()
            ledger.put(an_entry("9", 9))
            ledger.note("opening", b"another")
            assert offset is not None
            ledger.note("offset", offset)
            ledger.commit()

        _tampered(settings, be_of_before_the_cut)
        assert await _held(settings, 1, 2, 3, 9) == (3, 3, [True, True, True, False])

    asyncio.run(run())
