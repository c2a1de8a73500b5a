"""Resumption: from where a partition's events are applied, once its state is read; and whether its logs still agree.

A state, the events it was made of and the records it led to are logs of their own, and each can be cut back or
recreated by itself. Where applying events again restores agreement, that is done; else it refuses.
"""

import logging
import secrets
from collections.abc import Collection, Mapping
from typing import Final

from aiokafka import TopicPartition

from streams.kafka.batch_writer import OutgoingRecord
from streams.kafka.checkpoints import (
    CHANGELOGS,
    CHECKPOINT_KEY,
    Checkpoint,
    encode_checkpoint,
    last_checkpoints,
)
from streams.kafka.client import consumer, start_client
from streams.kafka.log_marks import LogPlace, Mark, missing_marks, newer
from streams.kafka.readiness import RECOUNT, LogsDisagreeError, require_checkpoint, require_outputs
from streams.metrics import Metrics
from streams.settings import Settings
from streams.topic_names import CANARIES, DEAD_LETTERS

__all__ = ["Resumption"]

_OPENING_BYTES: Final = 8
_log: Final = logging.getLogger(__name__)


class Resumption:
    """Of one partition of `events` (plain name). Holds what its next checkpoint says besides the position."""

    def __init__(self, events: str, partition: int, settings: Settings, metrics: Metrics) -> None:
        self._events = events
        self._changelog = CHANGELOGS[events]
        self._partition = partition
        self._settings = settings
        self._metrics = metrics
        self._written: dict[LogPlace, Mark] = {}
        self._partitions = 0
        self.opening = secrets.token_bytes(_OPENING_BYTES)
        self.since = 0

    async def begin(self, checkpoint: Checkpoint | None, partitions: int, end: int | None) -> int:
        """The offset from which events are to be applied, with `partitions` of them now and the last checkpoint of a
        changelog that ends at the offset `end`.

        Raises `LogsDisagreeError` where the state is another owner's, was made with another number of partitions, or
        says what the logs do not; and aiokafka's errors.
        """
        self._partitions = partitions
        self.since = end or 0
        self._written = {} if checkpoint is None else checkpoint.outputs()
        if not self._settings.transactions:  # a broker for trying out: it keeps nothing, and errs about its ends
            return 0 if checkpoint is None else checkpoint.position
        first = await self._first_offset()
        if checkpoint is None:
            for other in (await last_checkpoints(self._settings, self._changelog)).values():
                require_checkpoint(self._settings, self._events, partitions, other)
            self._require_events(first, 0)
            return 0
        require_checkpoint(self._settings, self._events, partitions, checkpoint)
        await require_outputs(self._settings, self._events, {self._partition: checkpoint})
        lost = await self._lost(checkpoint)
        for topic, partition in lost:
            self._written.pop((topic, partition), None)
            self._metrics.logs_cut.labels(topic).inc()
            _log.warning("log truncated, events applied again", extra={"topic": topic, "partition": partition})
        if lost:
            return 0  # whatever it holds now: what was counted counts no second time
        self._require_events(first, checkpoint.position)
        return checkpoint.position

    def checkpoint(
        self, position: int, applied: Mark | None, written: Mapping[LogPlace, Mark], identity: bytes = b""
    ) -> OutgoingRecord:
        """The record that ends a transaction in which `written` are the last records of each partition."""
        passed_over = (self._changelog, CANARIES)
        outputs = {place: mark for place, mark in written.items() if place[0] not in passed_over and mark.offset >= 0}
        newer(self._written, outputs)
        checkpoint = Checkpoint(
            position=position,
            owner=self._settings.app_id,
            partitions=self._partitions,
            identity=identity,
            opening=self.opening,
            since=self.since,
            applied=applied,
            written=[(topic, partition, mark) for (topic, partition), mark in self._written.items()],
        )
        return OutgoingRecord(self._changelog, CHECKPOINT_KEY, encode_checkpoint(checkpoint), (), self._partition)

    def require_same_partitions(self, partitions: int) -> None:
        """Raises `LogsDisagreeError` where the topic of events has got more partitions meanwhile."""
        if partitions != self._partitions:
            raise LogsDisagreeError(
                f"{self._settings.topic(self._events)} has {partitions} partitions and had {self._partitions} when "
                "this worker started",
                remedy=RECOUNT,
            )

    async def _lost(self, checkpoint: Checkpoint) -> Collection[LogPlace]:
        """Which logs have lost records that applying the events again makes good: those events, and dead letters."""
        marks = {place: [mark] for place, mark in self._written.items() if place[0] == DEAD_LETTERS}
        if checkpoint.applied is not None:
            marks[self._events, self._partition] = [checkpoint.applied]
        return await missing_marks(self._settings, marks)

    async def _first_offset(self) -> int:
        tp = TopicPartition(self._settings.topic(self._events), self._partition)
        client = consumer(self._settings)
        try:
            await start_client(client)
            client.assign([tp])
            return int((await client.beginning_offsets([tp]))[tp])
        finally:
            await client.stop()

    def _require_events(self, first: int, position: int) -> None:
        if first > position:
            raise LogsDisagreeError(
                f"{self._settings.topic(self._events)}, partition {self._partition}, begins at offset {first}, and the "
                f"state in {self._settings.topic(self._changelog)} goes up to {position}: events were removed before "
                "they were applied",
                remedy=RECOUNT,
            )
