"""Sending dead letters again: each refused input once, to the raw topic it came from, as it came.

Looks through the letters twice: first which inputs there are and how often each was sent again, then, with the bytes at
hand, what can be sent. Owns the refusals to do so.
"""

import asyncio
import hashlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import nullcontext
from enum import StrEnum
from typing import Any, Final, TypeAlias

from aiokafka import AIOKafkaProducer
from msgspec import Struct, field

from streams.core.clock import SECOND_US
from streams.core.screening.account_index import AccountIndex
from streams.core.screening.screen import ScreenPolicy, screen_event
from streams.core.subject_event import Coordinates
from streams.deadletters import DeadLetter, Reason, Rejection
from streams.events import RAW_TOPICS, Event, decode_event
from streams.formats.reader import FormatReader, Skipped
from streams.kafka.batch_writer import OutgoingRecord
from streams.kafka.client import started_producer
from streams.kafka.dead_letter_record import replay_headers
from streams.kafka.dead_letter_topic import StoredLetter, stored_letters
from streams.kafka.raw_record import raw_record, size_refusal
from streams.kafka.reading import require_topic
from streams.refusal import DECODE_ERRORS, undecodable
from streams.settings import Settings
from streams.topics import TOPICS

__all__ = ["LetterFilter", "Obstacle", "Replay", "SkippedLetter", "replay_letters"]

_UNACKNOWLEDGED: Final = 500  # letters on their way before their acknowledgements are awaited; one may hold a megabyte
_MOST_NAMED: Final = 200  # letters kept back that are named one by one; all are counted
_PROGRESS_EVERY: Final = 1_000

_TOPICS: Final = frozenset(RAW_TOPICS.values())
_INTERNAL: Final = frozenset(topic.name for topic in TOPICS if topic.role in ("internal", "roster"))
_NOWHERE: Final = Coordinates("replay", 0, 0)

_Place: TypeAlias = tuple[int, int]  # partition and offset of a letter
_Input: TypeAlias = bytes  # says which input it is, whoever refused it and however often


class Obstacle(StrEnum):
    """The closed list of reasons for which a letter is not sent again."""

    INTERNAL = "internal"  # a record that only agents write, or a roster's
    CUT = "cut"  # payload, key and headers were above the size limit: the letter has only the beginning of one
    DAMAGED = "damaged"  # its payload is not the one that it was written with
    BAD_BATCH = "bad_batch"  # a record batch as it stood on the broker, and not a record
    BAD_FILE = "bad_file"  # what there was of a line where a file broke off
    FROM_A_FILE = "from_a_file"  # of a foreign format, which nobody named
    NO_EVENTS = "no_events"  # the format knows the line by name, and that it says nothing to count
    STILL_REFUSED = "still_refused"  # it would become a dead letter again at once
    TOO_OFTEN = "too_often"  # it was sent again as often as is allowed, and refused each time


class LetterFilter(Struct, frozen=True, kw_only=True):
    """Which letters are wanted; a field of `None` or an empty one asks for nothing.

    `topics` are the raw topics or files that they came from. `since_ms` and `until_ms` (exclusive) bound when they were
    written, `first_offset` and `last_offset` (inclusive) where they stand in `dead-letters`.
    """

    reasons: frozenset[Reason] = frozenset()
    topics: frozenset[str] = frozenset()
    since_ms: int | None = None
    until_ms: int | None = None
    partition: int | None = None
    first_offset: int | None = None
    last_offset: int | None = None

    def takes(self, stored: StoredLetter) -> bool:
        """Whether it is one of them."""
        letter = stored.letter
        return (
            (not self.reasons or letter.reason in self.reasons)
            and (not self.topics or letter.topic in self.topics)
            and (self.since_ms is None or stored.written_ms >= self.since_ms)
            and (self.until_ms is None or stored.written_ms < self.until_ms)
            and (self.partition is None or stored.partition == self.partition)
            and (self.first_offset is None or stored.offset >= self.first_offset)
            and (self.last_offset is None or stored.offset <= self.last_offset)
        )


class SkippedLetter(Struct, frozen=True, kw_only=True):
    """A letter that was not sent again: where it stands, why not, and what exactly is wrong where more is known."""

    partition: int
    offset: int
    obstacle: Obstacle
    topic: str
    detail: str = ""


class Replay(Struct, kw_only=True):
    """What a replay did, or would do.

    `read` letters stand in the topic and `selected` of them were asked for; `repeats` of these hold an input that
    another one holds, too, and that goes only once. `letters` were sent, as `records` by raw topic; `kept_back` counts
    the others by obstacle, of which `named` has the first 200. `left` were not looked at, because of the limit, and
    `left_from` is the offset of the first of them, by partition. `next` is the first offset, by partition, that was not
    there yet.
    """

    read: int = 0
    selected: int = 0
    repeats: int = 0
    letters: int = 0
    records: Counter[str] = field(default_factory=Counter)
    kept_back: Counter[Obstacle] = field(default_factory=Counter)
    named: list[SkippedLetter] = field(default_factory=list)
    left: int = 0
    left_from: dict[int, int] = field(default_factory=dict)
    next: dict[int, int] = field(default_factory=dict)


async def replay_letters(
    settings: Settings,
    selection: LetterFilter,
    *,
    limit: int,
    most_replays: int,
    reader: FormatReader | None = None,
    anyway: bool = False,
    dry_run: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Replay:
    """Send at most `limit` letters again, oldest first; returns once the broker has acknowledged every record.

    Each distinct input goes once, however many letters hold it, and carries in a header how often that has happened
    to it; one with `most_replays` behind it stays where it is. `reader` reads letters that came from files. What SCREEN
    would refuse again is kept back, unless `anyway`. A `dry_run` writes nothing. Keeps some 200 bytes in memory for
    each distinct input. Raises `BrokerError`.
    """
    done = Replay()
    inputs = await _survey(settings, selection, done, progress)
    judge = _Judge(settings, reader, most_replays=most_replays, anyway=anyway)
    async with nullcontext() if dry_run else started_producer(settings) as client:
        sender = None if client is None else _Sender(settings, client)
        async for stored, replays in _chosen(settings, inputs, done):
            if done.letters == limit:
                done.left += 1
                done.left_from.setdefault(stored.partition, stored.offset)
                continue
            judged = judge.judge(stored, replays)
            if isinstance(judged, SkippedLetter):
                done.kept_back[judged.obstacle] += 1
                if len(done.named) < _MOST_NAMED:
                    done.named.append(judged)
                continue
            done.letters += 1
            done.records.update(record.topic for record in judged)
            if sender is not None:
                await sender.send(judged)
        if sender is not None:
            await sender.flush()
    return done


class _Known(Struct):
    """What is known of an input: how often it was sent again, and the oldest letter selected that holds it."""

    replays: int
    place: _Place | None = None
    written_ms: int = 0


async def _survey(
    settings: Settings, selection: LetterFilter, done: Replay, progress: Callable[[int], None] | None
) -> dict[_Input, _Known]:
    """Which inputs there are, of selected letters and of others: a letter that was not selected may know of a later
    refusal of the same input.
    """
    inputs: dict[_Input, _Known] = {}
    async for stored in stored_letters(settings):
        if stored is None:
            continue
        done.read += 1
        done.next[stored.partition] = stored.offset + 1
        if progress is not None and done.read % _PROGRESS_EVERY == 0:
            progress(done.read)
        known = inputs.setdefault(_input_of(stored), _Known(replays=0))
        known.replays = max(known.replays, stored.letter.replays)
        if not selection.takes(stored):
            continue
        done.selected += 1
        done.repeats += known.place is not None
        if known.place is None or stored.written_ms < known.written_ms:
            known.place, known.written_ms = (stored.partition, stored.offset), stored.written_ms
    return {which: known for which, known in inputs.items() if known.place is not None}


async def _chosen(
    settings: Settings, inputs: dict[_Input, _Known], done: Replay
) -> AsyncIterator[tuple[StoredLetter, int]]:
    """The one letter of each selected input, and how often the input was sent again.

    What was written after the survey is not looked at: letters that this very replay leads to are for the next one.
    """
    places = {known.place: known.replays for known in inputs.values()}
    async for stored in stored_letters(settings):
        if stored is None or stored.offset >= done.next.get(stored.partition, 0):
            continue
        replays = places.get((stored.partition, stored.offset))
        if replays is not None:
            yield stored, replays


def _input_of(stored: StoredLetter) -> _Input:
    """The same for all letters of the same bytes from the same place of origin."""
    letter = stored.letter
    # Two lines of a file are two inputs only if they differ; so it is with two records of a topic.
    return hashlib.blake2b(f"{letter.topic}\0{letter.size}\0{letter.sha256}".encode(), digest_size=16).digest()


class _Judge:
    """Decides what is sent for a letter, or why nothing is."""

    def __init__(self, settings: Settings, reader: FormatReader | None, *, most_replays: int, anyway: bool) -> None:
        self._reader = reader
        self._most_replays = most_replays
        self._anyway = anyway
        self._policy = ScreenPolicy(future_skew_us=int(settings.future_skew_seconds * SECOND_US))
        self._nobody = AccountIndex()

    def judge(self, stored: StoredLetter, replays: int) -> list[OutgoingRecord] | SkippedLetter:
        """The records to send, with their headers, or the obstacle."""
        judged = self._judge(stored, replays)
        if isinstance(judged, list):
            headers = replay_headers(replays + 1, stored.headers)
            return [OutgoingRecord(record.topic, record.key, record.value, headers) for record in judged]
        obstacle, detail = judged
        return SkippedLetter(
            partition=stored.partition,
            offset=stored.offset,
            obstacle=obstacle,
            topic=stored.letter.topic,
            detail=detail,
        )

    def _judge(self, stored: StoredLetter, replays: int) -> list[OutgoingRecord] | tuple[Obstacle, str]:
        letter = stored.letter
        if letter.topic in _INTERNAL:
            return Obstacle.INTERNAL, f"{letter.reason}: {letter.detail}"
        if letter.reason is Reason.BAD_BATCH:
            return Obstacle.BAD_BATCH, letter.detail
        if letter.reason is Reason.BAD_FILE:
            return Obstacle.BAD_FILE, letter.detail
        if cuts := letter.cuts():
            return Obstacle.CUT, "; ".join(cuts)
        if hashlib.sha256(letter.payload).hexdigest() != letter.sha256:
            return Obstacle.DAMAGED, "the bytes do not have the SHA-256 that the letter names"
        if replays >= self._most_replays:
            return Obstacle.TOO_OFTEN, f"sent again {replays} times"
        if letter.topic in _TOPICS:
            refusal = None if self._anyway else self._refusal(letter.payload)
            if refusal is not None:
                return Obstacle.STILL_REFUSED, f"{refusal.reason}: {refusal.detail}"
            return [OutgoingRecord(letter.topic, stored.key, letter.payload)]
        return self._read_again(letter)

    def _read_again(self, letter: DeadLetter) -> list[OutgoingRecord] | tuple[Obstacle, str]:
        """The events of a line of a file, which no raw topic takes as it is."""
        if self._reader is None:
            return Obstacle.FROM_A_FILE, ""
        reading = self._reader.read(letter.payload)
        match reading:
            case Rejection():
                return Obstacle.STILL_REFUSED, f"{reading.reason}: {reading.detail}"
            case Skipped():
                return Obstacle.NO_EVENTS, reading.name
        for event in reading:
            refusal = size_refusal(raw_record(event)) or (None if self._anyway else self._refusal_of(event))
            if refusal is not None:
                return Obstacle.STILL_REFUSED, f"{refusal.reason}: {refusal.detail}"
        return [raw_record(event) for event in reading]

    def _refusal(self, payload: bytes) -> Rejection | None:
        """Why SCREEN would refuse a raw record once more; `None` where it would not."""
        try:
            event = decode_event(payload)
        except DECODE_ERRORS as error:
            return undecodable(payload, error)
        return self._refusal_of(event)

    def _refusal_of(self, event: Event) -> Rejection | None:
        # Whoever acted, the look at an event's time is the same.
        screened = screen_event(event, _NOWHERE, self._nobody, time.time_ns() // 1_000, self._policy)
        return screened if isinstance(screened, Rejection) else None


class _Sender:
    """Sends records and looks at the acknowledgements in bulk."""

    def __init__(self, settings: Settings, client: AIOKafkaProducer) -> None:
        self._settings = settings
        self._client = client
        self._present: set[str] = set()
        self._pending: list[Any] = []

    async def send(self, records: Iterable[OutgoingRecord]) -> None:
        for record in records:
            if record.topic not in self._present:
                await require_topic(self._settings, record.topic)
                self._present.add(record.topic)
            self._pending.append(
                await self._client.send(
                    self._settings.topic(record.topic), record.value, key=record.key, headers=list(record.headers)
                )
            )
        if len(self._pending) >= _UNACKNOWLEDGED:
            await self.flush()

    async def flush(self) -> None:
        pending, self._pending = self._pending, []
        await asyncio.gather(*pending)
