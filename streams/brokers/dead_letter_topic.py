"""Reads the topic `dead-letters`: the newest letters, and how many there are of each reason."""

from collections import Counter, deque
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from streams.brokers.dead_letter_record import read_dead_letter
from streams.brokers.reading import read_topic
from streams.deadletters import DeadLetter, Reason
from streams.settings import Settings

__all__ = ["DeadLetterList", "StoredLetter", "read_dead_letters"]

_TOPIC: Final = "dead-letters"
_TOLD_EVERY: Final = 1_000


class StoredLetter(Struct, frozen=True, kw_only=True):
    """A dead letter and where it stands: partition and offset within `dead-letters`, and when it was written (ms)."""

    partition: int
    offset: int
    written_ms: int
    letter: DeadLetter


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
    async for record in read_topic(settings, _TOPIC):
        seen += 1
        if progress is not None and seen % _TOLD_EVERY == 0:
            progress(seen)
        try:
            letter = read_dead_letter(record.value, record.headers)
        except ValueError:
            foreign += 1
            continue
        totals[letter.reason] += 1
        if reason is None or letter.reason is reason:
            stored = StoredLetter(
                partition=record.partition, offset=record.offset, written_ms=record.timestamp, letter=letter
            )
            newest.append(stored)
    letters = sorted(newest, key=lambda stored: (stored.written_ms, stored.partition, stored.offset))
    return DeadLetterList(letters=letters, totals=dict(totals), foreign=foreign)
