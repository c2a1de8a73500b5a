"""Reads the topic `dead-letters`: the newest letters, and how many there are of each reason."""

from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from typing import Final

from msgspec import Struct

from streams.deadletters import DeadLetter, Reason
from streams.kafka.dead_letter_record import Headers, original_headers, read_dead_letter
from streams.kafka.reading import read_topic
from streams.settings import Settings
from streams.topic_names import DEAD_LETTERS

__all__ = ["DeadLetterList", "StoredLetter", "read_dead_letters", "stored_letters"]

_PROGRESS_EVERY: Final = 1_000


class StoredLetter(Struct, frozen=True, kw_only=True):
    """A dead letter and where it stands: partition and offset within `dead-letters`, and when it was written (ms).

    `key` and `headers` are those of the refused record, or what its letter has of them.
    """

    partition: int
    offset: int
    written_ms: int
    letter: DeadLetter
    key: bytes | None = None
    headers: Headers = ()


class DeadLetterList(Struct, frozen=True, kw_only=True):
    """The newest letters, oldest first, and the totals of the whole topic. `foreign` counts records that are none."""

    letters: list[StoredLetter]
    totals: dict[Reason, int]
    foreign: int


async def read_dead_letters(
    settings: Settings, *, limit: int, reason: Reason | None = None, progress: Callable[[int], None] | None = None
) -> DeadLetterList:
    """Read the whole topic and keep the newest `limit` letters, of one reason or of all. Raises `BrokerError`.

    `progress` is told now and then how many records have been read.
    """
    newest: deque[StoredLetter] = deque(maxlen=limit)
    totals: Counter[Reason] = Counter()
    foreign = 0
    seen = 0
    async for stored in stored_letters(settings):
        seen += 1
        if progress is not None and seen % _PROGRESS_EVERY == 0:
            progress(seen)
        if stored is None:
            foreign += 1
            continue
        totals[stored.letter.reason] += 1
        if reason is None or stored.letter.reason is reason:
            newest.append(stored)
    letters = sorted(newest, key=lambda stored: (stored.written_ms, stored.partition, stored.offset))
    return DeadLetterList(letters=letters, totals=dict(totals), foreign=foreign)


async def stored_letters(settings: Settings) -> AsyncIterator[StoredLetter | None]:
    """Every letter that the topic has now, each partition in order; `None` for a record that is none. Raises
    `BrokerError`.
    """
    async for record in read_topic(settings, DEAD_LETTERS):
        try:
            letter = read_dead_letter(record.value, record.headers)
        except ValueError:
            yield None
            continue
        yield StoredLetter(
            partition=record.partition,
            offset=record.offset,
            written_ms=record.timestamp,
            letter=letter,
            key=record.key,
            headers=original_headers(record.headers),
        )
