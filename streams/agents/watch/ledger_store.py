"""WATCH's ledger store: the ledger of one `country-events` partition, in a file, and written down in the changelog.

The changelog is the truth and the file a cache of it: it is committed after Kafka, knows how far it goes, and is
rebuilt whenever that is in doubt. The file is read and written in a thread of the ledger store's own.
`streams.partitions.transactional_writer` decides who may write.
"""

import asyncio
import logging
import secrets
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import aclosing
from typing import Final, TypeVar

from streams.errors import AntiphonError
from streams.kafka.batch_writer import OutgoingRecord
from streams.kafka.checkpoints import CHECKPOINT_KEY, Checkpoint, decode_checkpoint, reading_changelog
from streams.kafka.log_marks import Mark
from streams.kafka.reading import EndsBeforeError, read_partition
from streams.ledger.ledger_file import LedgerFile, claim_ledger_file
from streams.ledger.sqlite import SqliteLedger
from streams.metrics import Metrics
from streams.partitions.resumption import Resumption
from streams.partitions.transactional_writer import TransactionalWriter
from streams.partitions.work_thread import WorkThread
from streams.settings import Settings
from streams.topic import TOMBSTONE_MS
from streams.topic_names import COUNTRY_EVENTS, COUNTRY_LEDGER

__all__ = ["LedgerError", "LedgerStore"]

_log: Final = logging.getLogger(__name__)
_T = TypeVar("_T")

_IDENTITY_BYTES: Final = 16
# A file that has missed the news that a record is gone may hold what nobody holds any more. A worker's start checks how
# long the topic keeps that news (delete.retention.ms); half of it leaves time to read.
_STALE_US: Final = TOMBSTONE_MS * 1_000 // 2
# A worker that loses a partition closes its file within moments, unless it is asleep or has died.
_RETRY_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 0.05
_RESTORED_AT_ONCE: Final = 1_000  # records, so that an error tells where they stand
_RESTORED_TOGETHER: Final = 20_000  # records in one commit of the file


class LedgerError(AntiphonError):
    """The ledger file cannot be written: no room, or every file of the partition is held."""


class LedgerStore:
    """One open partition. `position` is the `country-events` offset from which nothing has been applied yet; `entries`
    and `size_bytes` are those of the ledger, as of the last commit.
    """

    def __init__(self, partition: int, settings: Settings, metrics: Metrics) -> None:
        self.partition = partition
        self.position = 0
        self.entries = 0
        self.size_bytes = 0
        self._settings = settings
        self._metrics = metrics
        self._place = f"{settings.topic(COUNTRY_LEDGER)}, partition {partition}"
        self._directory = settings.state_directory
        self._writer = TransactionalWriter("watch", partition, settings, metrics)
        self._resumption = Resumption(COUNTRY_EVENTS, partition, settings, metrics)
        self._thread = WorkThread(f"ledger-{partition}")
        self._file: LedgerFile | None = None
        self._ledger: SqliteLedger | None = None
        self._identity = b""
        self._opening = b""
        self._checkpoint: Checkpoint | None = None
        self._spoilt = False
        self._is_open = False

    @property
    def ledger(self) -> SqliteLedger:
        """The open ledger, for work in `run`. Raises `RuntimeError` before `open`."""
        if self._ledger is None:
            raise RuntimeError("the store is not open")
        return self._ledger

    @property
    def is_open(self) -> bool:
        """Whether `open` is over and `close` has not begun."""
        return self._is_open

    async def open(self) -> None:
        """Shut out earlier owners, then bring the file up to what was committed.

        Raises `ProducerFenced` when another worker opens it at the same moment, `ConfigurationError` for a directory
        that cannot be used, `LedgerError`, `BrokenChangelogError`, and aiokafka's errors.
        """
        began = time.monotonic()
        file = await self._claim()
        await self._writer.begin()
        await self._writer.undo_left_open(COUNTRY_LEDGER)
        try:
            self._ledger = await self._thread.run(file.ledger)
            replayed = await self._catch_up()
            if replayed is None:
                self._identity, self._checkpoint = b"", None
                self._ledger = await self._thread.run(file.wipe)
                replayed = await self._replay(0)
        except sqlite3.DatabaseError as error:
            raise self._failed(error) from error
        if not self._identity:
            self._identity = secrets.token_bytes(_IDENTITY_BYTES)
        partitions = await self._writer.partitions(COUNTRY_EVENTS)
        self.position = await self._resumption.begin(self._checkpoint, partitions, self._writer.next_offset)
        self._is_open = True
        self._metrics.recovery_seconds.set(time.monotonic() - began)
        _log.info(
            "ledger open",
            extra={
                "partition": self.partition,
                "entries": self.entries,
                "replayed": replayed,
                "seconds": round(time.monotonic() - began, 3),
            },
        )

    async def run(self, work: Callable[[SqliteLedger], _T]) -> _T:
        """Do work on the ledger in this store's thread; nothing else touches it meanwhile. Raises `LedgerError`."""
        try:
            return await self._thread.run(work, self.ledger)
        except sqlite3.DatabaseError as error:
            raise self._failed(error) from error

    async def commit(self, outputs: Sequence[OutgoingRecord], position: int, applied: Mark | None = None) -> None:
        """Write the outputs, what changed in the ledger since `ledger.begin()`, and the new position, up to the record
        `applied`; then keep it.

        Raises `LedgerError` and what `TransactionalWriter.write` raises. After any error the ledger store is of no use
        and must be closed: what the ledger has of the batch is undone by that.
        """
        self._resumption.require_same_partitions(await self._writer.partitions(COUNTRY_EVENTS))
        changes = self.ledger.flush()
        changelog = [OutgoingRecord(COUNTRY_LEDGER, key, value, (), self.partition) for key, value in changes.items()]
        offset = await self._writer.write(
            outputs,
            changelog,
            lambda written: self._resumption.checkpoint(position, applied, written, self._identity),
        )
        self.position = position
        await self.run(lambda ledger: self._keep(ledger, offset, self._resumption.opening))

    async def partitions(self, topic: str) -> int:
        """How many partitions a topic (plain name) has, as far as the producer knows."""
        return await self._writer.partitions(topic)

    async def close(self) -> None:
        """Close the file, undoing what was not committed, and let others have it."""
        self._ledger, self._is_open = None, False
        file, self._file = self._file, None
        try:
            if file is not None:
                await self._thread.run(file.release, spoilt=self._spoilt)
        finally:
            self._thread.end()
            await self._writer.end()

    def _failed(self, error: sqlite3.DatabaseError) -> AntiphonError:
        """What to raise where the ledger failed: a broken file is not used again, since it can be rebuilt."""
        self._spoilt = not isinstance(error, sqlite3.OperationalError)
        where = self._directory if self._file is None else self._file.path
        return LedgerError(
            f"the ledger {where} failed: {error}",
            remedy="make room on its disk and start the worker again"
            if not self._spoilt
            else "start the worker again: it builds the ledger again from the topic country-ledger",
        )

    async def _claim(self) -> LedgerFile:
        name = f"watch-{self.partition}"

        def claim(**options: int) -> LedgerFile | None:
            self._file = claim_ledger_file(
                self._directory, name, **options
            )  # kept at once: the caller may be cancelled
            return self._file

        until = time.monotonic() + _RETRY_SECONDS
        while (file := await self._thread.run(claim, most=1)) is None and time.monotonic() < until:  # noqa: ASYNC110  # another process's
            await asyncio.sleep(_LOOK_SECONDS)
        file = file or await self._thread.run(claim)
        if file is None:
            raise LedgerError(
                f"every ledger file of partition {self.partition} in {self._directory} is held by another process",
                remedy="end workers that hang, or give each worker a data_dir of its own",
            )
        return file

    async def _catch_up(self) -> int | None:
        """How many records were replayed; `None` if the file is broken, too old, or no state of this changelog."""
        try:
            return await self._catch_up_from_facts()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            _log.warning("ledger file broken", extra={"partition": self.partition, "error": str(error)})
        except (EndsBeforeError, _AnotherChangelog):
            _log.warning("ledger file belongs to another changelog", extra={"partition": self.partition})
        return None

    async def _catch_up_from_facts(self) -> int | None:
        offset, identity, synced_us, opening = await self._thread.run(self._facts)
        if not isinstance(offset, int) or not isinstance(identity, bytes) or not isinstance(synced_us, int):
            return None
        if not 0 <= _now_us() - synced_us <= _STALE_US:
            return None
        self._identity, self._opening = identity, opening if isinstance(opening, bytes) else b""
        # From the last position that was applied, which must still be there, or a later one of the same changelog.
        return await self._replay(offset)

    async def _replay(self, begin: int) -> int:
        """Apply the changelog from an offset on; returns how many records that were. Raises `EndsBeforeError`, and
        `_AnotherChangelog` where nothing from there on was written by those who wrote the file.
        """
        count = uncommitted = 0
        offset = -1
        ledger, run = self.ledger, self._thread.run
        await run(ledger.begin)
        changelog = read_partition(self._settings, COUNTRY_LEDGER, self.partition, begin, self._writer.continue_at)
        async with aclosing(changelog) as fetches:
            async for fetched in fetches:
                for start in range(0, len(fetched), _RESTORED_AT_ONCE):
                    part = fetched[start : start + _RESTORED_AT_ONCE]
                    for record in part:
                        if record.key == CHECKPOINT_KEY:
                            offset = record.offset
                            self._learn(
                                decode_checkpoint(record.value, self._settings.topic(COUNTRY_LEDGER), self.partition),
                                begin,
                            )
                    records = [(record.key, record.value) for record in part if record.key != CHECKPOINT_KEY]
                    with reading_changelog(f"{self._place}, one of offsets {part[0].offset} to {part[-1].offset},"):
                        await run(ledger.restore, records)
                    count += len(part)
                    uncommitted += len(part)
                if uncommitted >= _RESTORED_TOGETHER:
                    await run(ledger.commit)
                    await run(ledger.begin)
                    uncommitted = 0
        if self._checkpoint is None or offset < 0:
            if begin:
                raise _AnotherChangelog
            await run(ledger.commit)
        else:
            await run(self._keep, ledger, offset, self._checkpoint.opening)
        return count

    def _learn(self, checkpoint: Checkpoint, begin: int) -> None:
        """Of a changelog that is read on from `begin`, where the file ends. It was cut back before that where somebody
        else's stay began earlier: then the file has what the changelog has not."""
        is_cut = checkpoint.opening != self._opening and checkpoint.since <= begin
        if begin and (checkpoint.identity != self._identity or is_cut):
            raise _AnotherChangelog
        self._identity = checkpoint.identity
        self._checkpoint = checkpoint

    def _facts(self) -> tuple[int | str | bytes | None, ...]:
        return tuple(self.ledger.fact(name) for name in ("offset", "identity", "synced_us", "opening"))

    def _keep(self, ledger: SqliteLedger, offset: int, opening: bytes) -> None:
        """Commit with a note of how far the file goes: up to the checkpoint of that stay which stands at this offset of
        the changelog."""
        if offset >= 0:  # else more is read again than needed, and that changes nothing
            ledger.note("offset", offset)
        ledger.note("identity", self._identity)
        ledger.note("opening", opening)
        ledger.note("synced_us", _now_us())
        ledger.commit()
        self.entries, self.size_bytes = len(ledger), ledger.size_bytes


class _AnotherChangelog(Exception):  # noqa: N818  # says what it is
    """The topic was deleted and recreated, or it is another broker's."""


def _now_us() -> int:
    return time.time_ns() // 1_000
