"""What a broker lost of what a source had written. Events and cursor are one transaction, but they stand in several
logs, and a power cut takes the newest records of each log by itself: a cursor may outlive its events.

So each cursor names the last records written to each partition (`CursorRecord.marks`), and a source goes on after the
newest cursor whose records are all there.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from aiokafka import AIOKafkaProducer

from streams.collectors.cursors import CursorRecord, read_past_cursors
from streams.errors import AntiphonError
from streams.kafka.log_marks import LogPlace, Mark, missing_marks, open_transactions
from streams.settings import Settings
from streams.topic_names import COLLECTOR_CURSORS

__all__ = ["CURSOR_LOG", "LostRecordsError", "is_complete", "newest_complete", "places_of", "undo_left_open"]

CURSOR_LOG: Final[LogPlace] = (COLLECTOR_CURSORS, 0)


class LostRecordsError(AntiphonError):
    """The broker does not have any more what it had acknowledged."""

    exit_code = 3


def places_of(record: CursorRecord) -> dict[LogPlace, Mark]:
    """The marks of a record by topic (plain name) and partition."""
    found: dict[LogPlace, Mark] = {}
    for name, mark in record.marks.items():
        topic, _, partition = name.rpartition("/")
        found[topic, int(partition)] = mark
    return found


async def is_complete(settings: Settings, record: CursorRecord) -> bool:
    """Whether the logs have the records that a cursor names. Raises aiokafka's errors and `BrokerError`."""
    return not await missing_marks(settings, {place: [mark] for place, mark in places_of(record).items()})


async def newest_complete(settings: Settings, key: bytes) -> CursorRecord | None:
    """The newest cursor under a key whose records are all there, as far back as compaction left any; `None` where no
    such cursor is left. Raises aiokafka's errors and `BrokerError`.
    """
    past = [(record, places_of(record)) for record in await read_past_cursors(settings, key)]
    wanted = _by_place(marks for _record, marks in past)
    missing = await missing_marks(settings, wanted)
    for record, marks in past:
        if record.marks and not any(mark in missing.get(place, ()) for place, mark in marks.items()):
            return record
    return None


def _by_place(all_marks: Iterable[Mapping[LogPlace, Mark]]) -> dict[LogPlace, set[Mark]]:
    wanted: dict[LogPlace, set[Mark]] = {}
    for marks in all_marks:
        for place, mark in marks.items():
            wanted.setdefault(place, set()).add(mark)
    return wanted


async def undo_left_open(settings: Settings, client: AIOKafkaProducer, places: Collection[LogPlace]) -> None:
    """Undo what stands in a log as a transaction of this producer that never ends, and hides everything behind it: a
    broker that lost its newest records may have lost the mark of its end alone. Of what others have open nothing
    changes. Raises aiokafka's errors.
    """
    for topic, partition in await open_transactions(settings, places):
        await client.begin_transaction()
        await client.send_and_wait(settings.topic(topic), b"", key=b"", partition=partition)
        await client.abort_transaction()
