"""The index of `evidence` of this machine, brought up to date: what a correction reads instead of the whole topic.

A file beside the ledgers, and like them a cache: thrown away and recreated where it may not fit the topic.
"""

import asyncio
import fcntl
import logging
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from streams.core.corrections.affected_subjects import engaged_by
from streams.core.evidence import EvidenceEntry, EvidenceKey, EvidenceRecordError, read_evidence_record
from streams.core.subject_event import subject_key
from streams.events import Coverage, Event, decode_event
from streams.jobs.evidence_store import EvidenceStore, ReadPosition
from streams.kafka.evidence_reading import UNPACKED_BYTES
from streams.kafka.failures import broker_errors
from streams.kafka.log_marks import mark_of, missing_marks
from streams.kafka.reading import EndsBeforeError, read_partition, read_topic, require_topic
from streams.ledger.ledger_file import require_directory
from streams.refusal import DECODE_ERRORS
from streams.settings import Settings
from streams.topic_names import DOSSIERS, EVIDENCE
from streams.topics import topic_named

__all__ = ["EvidenceIndex", "evidence_index", "index_path"]

_log: Final = logging.getLogger(__name__)
_LOOK_SECONDS: Final = 0.2
# Of what was deleted the broker keeps the word for so long, and whoever comes later does not hear of it.
_STALE_US: Final = topic_named(EVIDENCE).tombstone_ms * 1_000 // 2


class _DossierOfficials(Struct):
    """What of a dossier says whom officials engaged with."""

    class _Id(Struct):
        id: str

    platform: str
    subject: _Id
    officials: tuple[_Id, ...] = ()
    following: tuple[_Id, ...] = ()


_decode_dossier: Final = msgspec.json.Decoder(_DossierOfficials).decode


class EvidenceIndex:
    """An index that this process alone has. `catch_up` before `store` is asked."""

    def __init__(self, settings: Settings, path: Path) -> None:
        self._settings = replace(settings, unpacked_max_bytes=max(settings.unpacked_max_bytes, UNPACKED_BYTES))
        self._path = path
        self._store: EvidenceStore | None = None

    @property
    def store(self) -> EvidenceStore:
        """The events."""
        if self._store is None:
            try:
                self._store = EvidenceStore(self._path)
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError as error:
                _log.warning("evidence index unusable", extra={"path": str(self._path), "error": str(error)})
                return self._wiped()
        return self._store

    def close(self) -> None:
        """Close the file."""
        if self._store is not None:
            self._store.close()
            self._store = None

    async def catch_up(self, progress: Callable[[int], None] = lambda _count: None) -> int:
        """Take in what was committed since the last time; returns how many records that were. `progress` is told now
        and then how many so far. Raises `BrokerError`.
        """
        partitions = await require_topic(self._settings, EVIDENCE)
        with broker_errors(self._settings):
            is_new = not await self._fits(partitions)
            if is_new:
                self._wiped()
            count = 0
            for partition in range(partitions):
                try:
                    async for taken in self._read_partition(partition):
                        count += taken
                        progress(count)
                except EndsBeforeError:
                    self._still_here(partition)  # nothing came since
            if is_new:
                await self._note_what_dossiers_know()
        return count

    async def _fits(self, partitions: int) -> bool:
        """Whether the file is of the topic as it is now, and so new that it has every deletion."""
        try:
            positions = {(EVIDENCE, p): self.store.position(p) for p in range(partitions)}
        except sqlite3.DatabaseError:
            return False
        known = {place: position for place, position in positions.items() if position is not None}
        now_us = time.time_ns() // 1_000
        if not known or any(not 0 <= now_us - each.read_at_us <= _STALE_US for each in known.values()):
            return False
        return not await missing_marks(self._settings, {place: [each.mark] for place, each in known.items()})

    async def _read_partition(self, partition: int) -> AsyncIterator[int]:
        store = self.store
        before = store.position(partition)
        begin = 0 if before is None else before.next
        fetches = read_partition(self._settings, EVIDENCE, partition, begin)
        async with aclosing(fetches):
            async for fetched in fetches:
                with store.whole():
                    for record in fetched:
                        self._take(record)
                    last = fetched[-1]
                    position = ReadPosition(last.offset + 1, mark_of(last), time.time_ns() // 1_000)
                    store.move(partition, position)
                yield len(fetched)
        self._still_here(partition)

    def _still_here(self, partition: int) -> None:
        position = self.store.position(partition)
        if position is not None:
            self.store.move(partition, replace(position, read_at_us=time.time_ns() // 1_000))

    def _take(self, record: Any) -> None:
        try:
            entry = read_evidence_record(record.key, record.value, record.headers, record.timestamp)
        except EvidenceRecordError:
            return
        if entry.key.kind != "event":
            return
        key = _hash(entry.key)
        if entry.marker or entry.withheld:
            self._forget(key)
            self.store.withhold(key, for_good=entry.marker)
        elif entry.value is None:
            self._forget(key)
        else:
            self._keep(key, entry, entry.value)

    def _keep(self, key: int, entry: EvidenceEntry, payload: bytes) -> None:
        if entry.source is None:
            return
        try:
            event = decode_event(payload)
        except DECODE_ERRORS:
            return  # of another version: SCREEN had read it
        self.store.put(key, payload, event, entry.source)

    def _forget(self, key: int) -> None:
        """Delete an event, and remember who engaged with whom: a dossier may still count it."""
        event = self.store.drop(key)
        if event is not None:
            self.store.note_gone(_engagements(event))

    async def _note_what_dossiers_know(self) -> None:
        """Who engaged with whom by the dossiers, where the evidence had lost it before the index was made."""
        store = self.store
        async for record in read_topic(self._settings, DOSSIERS):
            try:
                dossier = _decode_dossier(record.value or b"")
            except DECODE_ERRORS:
                continue
            platform, subject = dossier.platform, dossier.subject.id
            officials = {each.id for each in (*dossier.officials, *dossier.following)}
            missing = officials - store.engaged(platform, subject, officials)
            pairs = [(subject_key(platform, each), subject_key(platform, subject)) for each in missing]
            store.note_gone(pairs)

    def _wiped(self) -> EvidenceStore:
        self.close()
        for suffix in ("", "-wal", "-shm"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
        self._store = EvidenceStore(self._path)
        return self._store


def index_path(settings: Settings) -> Path:
    """Where the index of that broker's evidence is."""
    name = blake2b(settings.broker.encode(), digest_size=4).hexdigest()
    return settings.state_directory / f"evidence-{name}.sqlite"


@asynccontextmanager
async def evidence_index(settings: Settings) -> AsyncIterator[EvidenceIndex]:
    """The index, once no other process has it. Raises `ConfigurationError` where no file can be made."""
    path = index_path(settings)
    require_directory(path.parent)
    descriptor = os.open(path.with_suffix(".lock"), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while not _locked(descriptor):  # noqa: ASYNC110  # another process's
            await asyncio.sleep(_LOOK_SECONDS)
        index = EvidenceIndex(settings, path)
        try:
            yield index
        finally:
            index.close()
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _hash(key: EvidenceKey) -> int:
    return int.from_bytes(blake2b(str(key).encode("utf-8", "surrogatepass"), digest_size=8).digest(), signed=True)


def _engagements(event: Event) -> Iterator[tuple[str, str]]:
    if isinstance(event, Coverage) or event.actor is None:
        return
    actor = subject_key(event.platform, event.actor.id)
    for account in engaged_by(event):
        yield actor, subject_key(event.platform, account.id)
