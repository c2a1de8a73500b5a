"""Ingestion: the lines of files become canonical events on the raw topics, and what cannot be read a dead letter."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, assert_never

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from msgspec import Struct, field

from streams.brokers.client import BrokerError, producer
from streams.brokers.dead_letter_record import dead_letter_record, letter_of
from streams.brokers.outbox import LARGEST_BATCH_BYTES, OutgoingRecord, encoded_bytes
from streams.core.clock import SECOND_US, to_us
from streams.core.subject_event import subject_key
from streams.deadletters import DeadLetter, Reason, Rejection
from streams.events import (
    RAW_TOPICS,
    Account,
    Deletion,
    Event,
    EventKind,
    Follow,
    Post,
    Profile,
    Retweet,
    Suspension,
    encode_event,
)
from streams.formats.files import open_lines
from streams.formats.lines import Line
from streams.formats.reader import FormatReader
from streams.formats.tally import Tally, read_lines
from streams.refusal import rejection
from streams.settings import Settings

__all__ = ["Ingestion", "Progress", "ingest", "is_large", "letter_of_line", "raw_record", "size_refusal"]

# How many records may be on their way before the next are read: bounds memory, and keeps the broker busy.
_UNACKNOWLEDGED: Final = 10_000
# Keys have at most 1,060 bytes: whoever has fewer bytes than this need not be measured.
_SURELY_SMALL_BYTES: Final = 1_000_000

Progress = Callable[[str, int, int | None, int], None]
"""Called now and then with the path, its bytes read, its size in bytes (or `None`), and the lines so far."""


class Ingestion(Struct, kw_only=True):
    """What an ingestion did: the account of the lines, the next offset after it of each (topic, partition), and the
    time of the newest event (µs) that was not ahead of the clock.
    """

    tally: Tally = field(default_factory=Tally)
    written: dict[tuple[str, int], int] = field(default_factory=dict)
    newest_us: int = 0

    def note(self, topic: str, partition: int, offset: int) -> None:
        """A record of a topic (plain name) was acknowledged at an offset."""
        self.written[(topic, partition)] = max(offset + 1, self.written.get((topic, partition), 0))

    def hear(self, at_us: int, now_us: int) -> None:
        """An event of that time was written; one that is ahead of the clock `now_us` says nothing about time."""
        if self.newest_us < at_us <= now_us:
            self.newest_us = at_us


async def ingest(
    paths: Sequence[str],
    reader: FormatReader,
    settings: Settings,
    progress: Progress | None = None,
    *,
    only: Callable[[Event], bool] | None = None,
    met: Callable[[Event], None] | None = None,
) -> Ingestion:
    """Read the files and write their events; returns once the broker has acknowledged every one.

    With `only` it is a second reading: just the events for which it is true are written, and no dead letters. `met` is
    told each event that is written.
    Raises `InputError` for a file that cannot be opened (files before it are ingested by then) and `BrokerError`.
    """
    done = Ingestion()
    now_us = time.time_ns() // 1_000 + int(settings.future_skew_seconds * SECOND_US)
    client = producer(settings, linger_ms=5, max_batch_size=131_072)
    try:
        await client.start()
        writer = _Writer(client, settings.topic_prefix, done)
        for path in paths:
            with open_lines(path) as lines:
                for line, reading in read_lines(lines, reader, done.tally):
                    match reading:
                        case Rejection() if only is None:
                            await writer.write(dead_letter_record(letter_of_line(line, reading, path)))
                        case tuple():
                            for event in reading:
                                if only is not None and not only(event):
                                    continue
                                record = raw_record(event)
                                if (refused := size_refusal(record)) is not None:
                                    if only is None:
                                        letter = letter_of_line(line, refused, path)
                                        await writer.write(dead_letter_record(letter))
                                    continue
                                await writer.write(record)
                                done.hear(to_us(event.at), now_us)
                                if met is not None:
                                    met(event)
                        case _:
                            pass  # skipped by name, or refused the first time: the tally has it
                    if progress is not None and line.number % 500 == 0:
                        progress(path, lines.consumed_bytes, lines.total_bytes, done.tally.lines)
                        await asyncio.sleep(0)
                if progress is not None:
                    progress(path, lines.consumed_bytes, lines.total_bytes, done.tally.lines)
        await writer.settle()
    except (KafkaError, OSError) as error:
        raise BrokerError(
            f"the broker at {settings.broker} did not take what was written: {error or type(error).__name__}",
            remedy="see `antiphon topics list`; to ingest again counts nothing twice",
        ) from error
    finally:
        await client.stop()
    return done


def letter_of_line(line: Line, rejection: Rejection, path: str, *, payload: bytes | None = None) -> DeadLetter:
    """The dead letter for a line: the file stands for the topic, the line number for the offset.

    `payload` replaces the line where a later stage refused the event it held.
    """
    # A file that is called as a raw topic is must not pass for it: what came from a topic can be sent there again.
    source = f"./{path}" if path in RAW_TOPICS.values() else path[-200:]
    if payload is not None:
        return letter_of(rejection, payload, source, 0, line.number)
    whole = None if line.size is None or line.sha256 is None else (line.size, line.sha256)
    return letter_of(rejection, line.data, source, 0, line.number, whole=whole)


def raw_record(event: Event) -> OutgoingRecord:
    """The record of an event for its raw topic, under the key that the topic catalogue names."""
    account: Account | None
    kind: EventKind
    match event:
        case Post():
            kind, account = "post", event.actor
        case Retweet():
            kind, account = "retweet", event.subject
        case Suspension():
            kind, account = "suspension", event.actor
        case Deletion():
            kind, account = "deletion", event.actor
        case Follow():
            kind, account = "follow", event.subject
        case Profile():
            kind, account = "profile", event.actor
        case _:
            assert_never(event)
    key = None if account is None else subject_key(event.platform, account.id).encode()
    return OutgoingRecord(RAW_TOPICS[kind], key, encode_event(event))


def is_large(line: Line) -> bool:
    """Whether an event of this line may be too large for its topic: no event is twice as long as its line."""
    return len(line.data) >= _SURELY_SMALL_BYTES // 2


def size_refusal(record: OutgoingRecord) -> Rejection | None:
    """Why a raw record would not reach its topic; `None` where a broker with Kafka's defaults takes it."""
    if len(record.value or b"") < _SURELY_SMALL_BYTES or (size := encoded_bytes(record)) <= LARGEST_BATCH_BYTES:
        return None
    detail = f"a record of {size:,} bytes for {record.topic}; Kafka takes {LARGEST_BATCH_BYTES:,} by default"
    return rejection(Reason.TOO_LARGE, detail)


class _Writer:
    """Sends records and looks at the acknowledgements in bulk."""

    def __init__(self, client: AIOKafkaProducer, prefix: str, done: Ingestion) -> None:
        self._client = client
        self._prefix = prefix
        self._done = done
        self._pending: list[tuple[str, Awaitable[Any]]] = []

    async def write(self, record: OutgoingRecord) -> None:
        sent = await self._client.send(
            self._prefix + record.topic, record.value, key=record.key, headers=list(record.headers) or None
        )
        self._pending.append((record.topic, sent))
        if len(self._pending) >= _UNACKNOWLEDGED:
            await self.settle()

    async def settle(self) -> None:
        pending, self._pending = self._pending, []
        for (topic, _), metadata in zip(pending, await asyncio.gather(*(sent for _, sent in pending)), strict=True):
            self._done.note(topic, metadata.partition, metadata.offset)
