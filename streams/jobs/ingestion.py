"""Ingestion: the lines of files become canonical events on the raw topics, and what cannot be read a dead letter."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from msgspec import Struct, field

from streams.core.clock import SECOND_US, to_us
from streams.deadletters import DeadLetter, LetterSample, Rejection
from streams.events import Event
from streams.formats.inputs.lines import Line
from streams.formats.reader import FormatReader
from streams.formats.tally import Tally
from streams.jobs.event_spool import EventSpool
from streams.jobs.reading import FileAccount, Progress, read_events, total_tally
from streams.jobs.refused_lines import is_large, letter_of_line
from streams.kafka.batch_writer import OutgoingRecord
from streams.kafka.client import BrokerError, producer
from streams.kafka.dead_letter_record import dead_letter_record
from streams.kafka.raw_record import raw_record, size_refusal
from streams.settings import Settings

__all__ = [
    "Ingestion",
    "ingest",
    "ingest_again",
    "ingest_in_order",
]

# How many records may be on their way before the next are read: bounds memory, and keeps the broker busy.
_UNACKNOWLEDGED: Final = 10_000
_YIELD_LINES: Final = 500  # then others on the loop get their turn


class Ingestion(Struct, kw_only=True):
    """What an ingestion did: the account of each file, the next offset after it of each (topic, partition), and the
    time of the newest event (µs) that was not ahead of the clock. `letters` are some of the dead letters.
    """

    files: list[FileAccount] = field(default_factory=list)
    letters: LetterSample = field(default_factory=LetterSample)
    written: dict[tuple[str, int], int] = field(default_factory=dict)
    newest_us: int = 0

    @property
    def tally(self) -> Tally:
        """The account of the lines of all files."""
        return total_tally(self.files)

    def note(self, topic: str, partition: int, offset: int) -> None:
        """A record of a topic (plain name) was acknowledged at an offset."""
        self.written[(topic, partition)] = max(offset + 1, self.written.get((topic, partition), 0))

    def note_event(self, at_us: int, now_us: int) -> None:
        """An event of that time was written; one that is ahead of the clock `now_us` says nothing about time."""
        if self.newest_us < at_us <= now_us:
            self.newest_us = at_us


async def ingest(
    paths: Sequence[str], readers: Sequence[FormatReader], settings: Settings, progress: Progress | None = None
) -> Ingestion:
    """Read the files and write their events as they come; returns once the broker has acknowledged every one.

    Raises `InputError` for a file that cannot be opened (files before it are ingested by then) and `BrokerError`.
    """
    done = Ingestion()
    async with _writing(settings, done) as writer:
        await _read(paths, readers, done, writer, writer.write_event, progress)
    return done


async def ingest_in_order(
    paths: Sequence[str],
    readers: Sequence[FormatReader],
    settings: Settings,
    spool: EventSpool,
    progress: Progress | None = None,
) -> Ingestion:
    """As `ingest`, but writes the events in the order of their times; `spool` keeps them for a second reading."""
    done = Ingestion()

    async def keep(event: Event, path: str, line: Line) -> None:
        spool.add(event, path, line.number)

    async with _writing(settings, done) as writer:
        await _read(paths, readers, done, writer, keep, progress)
        for spooled in spool:
            await writer.write(raw_record(spooled.event))
            writer.note_event(spooled.event)
    return done


async def ingest_again(events: Iterable[Event], settings: Settings) -> Ingestion:
    """Write events once more."""
    done = Ingestion()
    async with _writing(settings, done) as writer:
        for event in events:
            await writer.write(raw_record(event))
    return done


async def _read(
    paths: Sequence[str],
    readers: Sequence[FormatReader],
    done: Ingestion,
    writer: "_Writer",
    take: Callable[[Event, str, Line], Awaitable[None]],
    progress: Progress | None,
) -> None:
    refused: list[DeadLetter] = []

    def refuse(line: Line, rejection: Rejection, path: str) -> None:
        letter = letter_of_line(line, rejection, path)
        refused.append(letter)
        done.letters.add_letter(letter)

    for event, path, line in read_events(paths, readers, done.files, refuse, progress):
        if is_large(line) and (rejection := size_refusal(raw_record(event))) is not None:
            refuse(line, rejection, path)
        else:
            await take(event, path, line)
        while refused:
            await writer.write(dead_letter_record(refused.pop(0)))
        if line.number % _YIELD_LINES == 0:
            await asyncio.sleep(0)
    while refused:
        await writer.write(dead_letter_record(refused.pop(0)))


@asynccontextmanager
async def _writing(settings: Settings, done: Ingestion) -> AsyncIterator["_Writer"]:
    """A writer; everything that was written is acknowledged when the block is left."""
    now_us = time.time_ns() // 1_000 + int(settings.future_skew_seconds * SECOND_US)
    client = producer(settings, linger_ms=5, max_batch_size=131_072)
    try:
        await client.start()
        writer = _Writer(client, settings.topic_prefix, done, now_us)
        yield writer
        await writer.flush()
    except (KafkaError, OSError) as error:
        raise BrokerError(
            f"the broker at {settings.broker} did not take what was written: {error or type(error).__name__}",
            remedy="see `antiphon topics list`; to ingest again counts nothing twice",
        ) from error
    finally:
        await client.stop()


class _Writer:
    """Sends records and looks at the acknowledgements in bulk."""

    def __init__(self, client: AIOKafkaProducer, prefix: str, done: Ingestion, now_us: int) -> None:
        self._client = client
        self._prefix = prefix
        self._done = done
        self._now_us = now_us
        self._pending: list[tuple[str, Awaitable[Any]]] = []

    async def write(self, record: OutgoingRecord) -> None:
        sent = await self._client.send(
            self._prefix + record.topic, record.value, key=record.key, headers=list(record.headers) or None
        )
        self._pending.append((record.topic, sent))
        if len(self._pending) >= _UNACKNOWLEDGED:
            await self.flush()

    async def write_event(self, event: Event, path: str, line: Line) -> None:
        await self.write(raw_record(event))
        self.note_event(event)

    def note_event(self, event: Event) -> None:
        self._done.note_event(to_us(event.at), self._now_us)

    async def flush(self) -> None:
        pending, self._pending = self._pending, []
        for (topic, _), metadata in zip(pending, await asyncio.gather(*(sent for _, sent in pending)), strict=True):
            self._done.note(topic, metadata.partition, metadata.offset)
