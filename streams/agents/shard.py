"""A shard: the subjects of one `subject-events` partition, kept in memory and written down in the changelog.

Outputs, states and the position they follow from are one Kafka transaction: all of a batch or nothing of it. Who may
write is `streams.agents.tenure`'s business. Why this and not a Faust table: docs/architecture.md.
"""

import logging
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import aclosing
from time import monotonic
from typing import Final

from streams.agents.tenure import Tenure
from streams.brokers.outbox import OutgoingRecord
from streams.brokers.reading import read_partition
from streams.core.tracking.subject import Subject, decode_subject, encode_subject
from streams.metrics import Metrics
from streams.settings import Settings

__all__ = ["CHANGELOG", "Shard"]

CHANGELOG: Final = "subject-states"
_POSITION_KEY: Final = b"\x00position"  # no subject's key begins with NUL
_LIVE_SUBJECTS: Final = 10_000

_log: Final = logging.getLogger(__name__)


class Shard:
    """One open partition. `position` is the `subject-events` offset from which nothing has been applied yet."""

    def __init__(self, partition: int, settings: Settings, metrics: Metrics) -> None:
        self.partition = partition
        self.position = 0
        self._settings = settings
        self._metrics = metrics
        self._states: dict[bytes, bytes] = {}
        self._live: OrderedDict[str, Subject] = OrderedDict()
        self._tenure = Tenure("track", partition, settings, metrics)

    def __len__(self) -> int:
        return len(self._states)

    async def open(self) -> None:
        """Shut out earlier owners, then read every state that was committed.

        Raises `ProducerFenced` when another worker opens it at the same moment, and aiokafka's errors.
        """
        began = monotonic()
        await self._tenure.begin()
        await self._recover()
        self._metrics.recovery_seconds.set(monotonic() - began)
        _log.info(
            "shard open",
            extra={"partition": self.partition, "subjects": len(self), "seconds": round(monotonic() - began, 3)},
        )

    async def _recover(self) -> None:
        async with aclosing(read_partition(self._settings, CHANGELOG, self.partition, 0)) as fetches:
            async for fetched in fetches:
                for record in fetched:
                    self._restore(record.key, record.value)

    def _restore(self, key: bytes | None, value: bytes | None) -> None:
        if key is None or (value is None and key == _POSITION_KEY):
            raise ValueError(f"changelog partition {self.partition} holds a record that no shard writes")
        if key == _POSITION_KEY and value is not None:
            self.position = int.from_bytes(value)
        elif value is None:
            self._states.pop(key, None)
        else:
            self._states[key] = value

    def load(self, key: str) -> Subject | None:
        """The subject of a key, `None` if it is new."""
        live = self._live.get(key)
        if live is not None:
            self._live.move_to_end(key)
            return live
        state = self._states.get(key.encode())
        return None if state is None else decode_subject(state)

    async def commit(self, outputs: Sequence[OutgoingRecord], changed: dict[str, Subject], position: int) -> None:
        """Write the outputs, the changed subjects and the new position; done when the broker has all of it for good.

        Raises `ProducerFenced` when another worker has opened the shard, and aiokafka's errors. After any error the
        shard is of no use and must be closed: what it holds in memory may be ahead of what is written.
        """
        states = {key.encode(): encode_subject(subject) for key, subject in changed.items()}
        records = [OutgoingRecord(CHANGELOG, key, state, (), self.partition) for key, state in states.items()]
        records.append(OutgoingRecord(CHANGELOG, _POSITION_KEY, position.to_bytes(8), (), self.partition))
        await self._tenure.write(outputs, records)
        self.position = position
        self._states.update(states)
        for key, subject in changed.items():
            self._live[key] = subject
            self._live.move_to_end(key)
        while len(self._live) > _LIVE_SUBJECTS:
            self._live.popitem(last=False)

    async def close(self) -> None:
        """Give it up. What it holds in memory may be ahead of what is written."""
        self._states = {}
        self._live.clear()
        await self._tenure.end()
