"""A subject store: the subjects of one `subject-events` partition, kept in memory and written down in the changelog.

Outputs, states and the position they follow from are one Kafka transaction: all of a batch or nothing of it.
`streams.partitions.transactional_writer` decides who may write. Why this and not a Faust table: docs/architecture.md.
"""

import logging
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import aclosing
from time import monotonic
from typing import Final

from streams.core.tracking.subject import Subject, decode_subject, encode_subject
from streams.core.tracking.unengaged import Unengaged
from streams.kafka.batch_writer import OutgoingRecord
from streams.kafka.checkpoints import CHECKPOINT_KEY, Checkpoint, decode_checkpoint, reading_changelog
from streams.kafka.log_marks import Mark
from streams.kafka.reading import read_partition
from streams.metrics import Metrics
from streams.partitions.resumption import Resumption
from streams.partitions.transactional_writer import TransactionalWriter
from streams.printable import printable
from streams.settings import Settings
from streams.topic_names import SUBJECT_EVENTS, SUBJECT_STATES

__all__ = ["UNTIL_HEADER", "SubjectStore"]

UNTIL_HEADER: Final = "unengaged-until"
"""The header of a state that no official engaged with yet: from which event time on (µs) it may be forgotten. So that
recovery need not decode states to know."""
_LIVE_SUBJECTS: Final = 10_000

_log: Final = logging.getLogger(__name__)


class SubjectStore:
    """One open partition. `position` is the `subject-events` offset from which nothing has been applied yet; what no
    official engaged with is in `unengaged`.
    """

    def __init__(self, partition: int, settings: Settings, metrics: Metrics) -> None:
        self.partition = partition
        self.position = 0
        self._settings = settings
        self._metrics = metrics
        self.unengaged = Unengaged()
        self._states: dict[bytes, bytes] = {}
        self._live: OrderedDict[str, Subject] = OrderedDict()
        self._place = f"{settings.topic(SUBJECT_STATES)}, partition {partition}"
        self._writer = TransactionalWriter("track", partition, settings, metrics)
        self._resumption = Resumption(SUBJECT_EVENTS, partition, settings, metrics)

    def __len__(self) -> int:
        return len(self._states)

    async def open(self) -> None:
        """Shut out earlier owners, then read every state that was committed.

        Raises `ProducerFenced` when another worker opens it at the same moment, `BrokenChangelogError`, and aiokafka's
        errors.
        """
        began = monotonic()
        await self._writer.begin()
        await self._writer.undo_left_open(SUBJECT_STATES)
        checkpoint = await self._recover()
        partitions = await self._writer.partitions(SUBJECT_EVENTS)
        self.position = await self._resumption.begin(checkpoint, partitions, self._writer.next_offset)
        self._metrics.recovery_seconds.set(monotonic() - began)
        _log.info(
            "subject store open",
            extra={"partition": self.partition, "subjects": len(self), "seconds": round(monotonic() - began, 3)},
        )

    async def _recover(self) -> Checkpoint | None:
        checkpoint: bytes | None = None
        changelog = read_partition(self._settings, SUBJECT_STATES, self.partition, 0, self._writer.continue_at)
        async with aclosing(changelog) as fetches:
            async for fetched in fetches:
                for record in fetched:
                    if record.key == CHECKPOINT_KEY:
                        checkpoint = record.value or b""
                    else:
                        with reading_changelog(f"{self._place}, offset {record.offset},"):
                            self._restore(record.key, record.value, record.headers)
        if checkpoint is None:
            return None
        return decode_checkpoint(checkpoint, self._settings.topic(SUBJECT_STATES), self.partition)

    def _restore(self, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes]]) -> None:
        if key is None:
            raise ValueError("it has no key")
        if value is None:
            self._states.pop(key, None)
            self.unengaged.drop(key.decode())
        else:
            self._states[key] = value
            if headers:
                self.unengaged.keep(key.decode(), int.from_bytes(dict(headers)[UNTIL_HEADER]))
            elif len(self.unengaged):
                self.unengaged.drop(key.decode())

    def load(self, key: str) -> Subject | None:
        """The subject of a key, `None` if it is new. Raises `BrokenChangelogError`."""
        live = self._live.get(key)
        if live is not None:
            self._live.move_to_end(key)
            return live
        state = self._states.get(key.encode())
        if state is None:
            return None
        with reading_changelog(f"{self._place}, key {printable(key, 200)},"):
            return decode_subject(state)

    async def commit(
        self,
        outputs: Sequence[OutgoingRecord],
        changed: dict[str, Subject],
        position: int,
        applied: Mark | None = None,
        forgotten: Sequence[str] = (),
    ) -> None:
        """Write the outputs, the changed subjects, tombstones of the forgotten ones and the new position, up to the
        record `applied`; done when the broker has all of it for good.

        Raises what `TransactionalWriter.write` raises. After any error the subject store is of no use and must be
        closed: what it holds in memory may be ahead of what is written.
        """
        self._resumption.require_same_partitions(await self._writer.partitions(SUBJECT_EVENTS))
        states = {key.encode(): encode_subject(subject) for key, subject in changed.items()}
        records = [
            OutgoingRecord(SUBJECT_STATES, key, state, self._headers(key), self.partition)
            for key, state in states.items()
        ]
        records += [OutgoingRecord(SUBJECT_STATES, key.encode(), None, (), self.partition) for key in forgotten]
        await self._writer.write(
            outputs, records, lambda written: self._resumption.checkpoint(position, applied, written)
        )
        self.position = position
        self._states.update(states)
        for name in forgotten:
            self._states.pop(name.encode(), None)
            self._live.pop(name, None)
        for key, subject in changed.items():
            self._live[key] = subject
            self._live.move_to_end(key)
        while len(self._live) > _LIVE_SUBJECTS:
            self._live.popitem(last=False)

    def _headers(self, key: bytes) -> Sequence[tuple[str, bytes]]:
        until_us = self.unengaged.until_us(key.decode())
        return () if until_us is None else [(UNTIL_HEADER, until_us.to_bytes(8))]

    async def close(self) -> None:
        """Give it up. What it holds in memory may be ahead of what is written."""
        self._states = {}
        self._live.clear()
        self.unengaged = Unengaged()
        await self._writer.end()
