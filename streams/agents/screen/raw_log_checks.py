"""Raw log checks: from where each assigned partition is read, and whether its log is still the one that was read.

With each committed offset of a raw topic goes a note: the mark of the last record dealt with, and those of the last
records that SCREEN wrote. Where the logs do not have them any more, the raw partition is read again from its beginning:
what was counted counts no second time. TRACK and WATCH go on where their states do, whatever their group committed.
"""

import asyncio
import base64
import logging
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, TypeAlias

import msgspec
from aiokafka.errors import KafkaError
from msgspec import Struct

from streams.events import RAW_TOPICS
from streams.faust_driver.batches import Record
from streams.kafka.administration import topic_states
from streams.kafka.checkpoints import CHANGELOGS, last_checkpoints
from streams.kafka.client import transaction_seconds
from streams.kafka.failures import BrokerError
from streams.kafka.log_marks import LogPlace, Mark, mark_of, missing_marks, newer, open_transactions
from streams.kafka.readiness import RECOUNT, LogsDisagreeError
from streams.kafka.retrying import retry_while_away
from streams.kafka.state_reset import RESULTS, STATES
from streams.metrics import Metrics
from streams.settings import Settings
from streams.topic_names import EVIDENCE

__all__ = ["RawLogChecks"]

_log: Final = logging.getLogger(__name__)
_OURS: Final = frozenset((*STATES, *RESULTS, EVIDENCE))
_ABORT_SECONDS: Final = 15.0  # brokers look for what is over its time every 10 s
_LOOKS: Final = 3
_RAW: Final = frozenset(RAW_TOPICS.values())
# A broker keeps 4,096 bytes with an offset (offset.metadata.max.bytes): enough for some 270 partitions of outputs.
_NOTE_BYTES: Final = 4_096
_NOTED_DIGEST_BYTES: Final = 4

_Places: TypeAlias = Mapping[tuple[str, int], Any]


class _Note(Struct, frozen=True, array_like=True):
    """`written` has partition and mark of the last record in each output, by topic."""

    read: Mark
    written: dict[str, list[tuple[int, Mark]]]


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(_Note)


class RawLogChecks:
    """Of one worker. Its methods are called on the consumer's thread and on the main one; none holds a lock."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._settings = settings
        self._metrics = metrics
        self._carried: dict[LogPlace, Mark] = {}  # written by whoever had the partitions before, replaced as a whole

    def note(self, last: Record, written: Mapping[LogPlace, Mark]) -> Callable[[], str]:
        """What to commit with the offset behind the raw record `last`, when asked for: `written` are the last records
        that the broker has acknowledged up to now.
        """
        merged = dict(self._carried)
        newer(merged, written)
        return partial(_encoded, last, merged)

    async def resume(self, committed: Mapping[tuple[str, int], tuple[int, str]]) -> dict[tuple[str, int], int]:
        """From where to read the assigned partitions (topics with their prefix) that are not to be read from the offset
        committed; 0 is the beginning. Raises aiokafka's errors.
        """
        if not self._settings.transactions:
            return {}
        prefix = self._settings.topic_prefix
        plain = {(topic.removeprefix(prefix), partition): kept for (topic, partition), kept in committed.items()}
        begin = await self._resume_raw(plain) | await self._resume_events(plain)
        return {(self._settings.topic(topic), partition): offset for (topic, partition), offset in begin.items()}

    async def compare(self, last: Mapping[tuple[str, int], Record]) -> None:
        """Raise `LogsDisagreeError` where a log does not have the record that was last read of it any more."""
        prefix = self._settings.topic_prefix
        wanted = {
            (topic.removeprefix(prefix), partition): [mark_of(record)] for (topic, partition), record in last.items()
        }
        await self.require(wanted)

    async def require(self, wanted: Mapping[LogPlace, list[Mark]]) -> None:
        """Raise `LogsDisagreeError` where a log does not have a mark. Waits for a broker that is away."""
        missing = await retry_while_away(lambda: missing_marks(self._settings, wanted))
        for topic, _partition in missing:
            self._metrics.logs_cut.labels(topic).inc()
        if missing:
            topic, partition = min(missing)
            raise LogsDisagreeError(
                f"{self._settings.topic(topic)}, partition {partition}, was cut back or recreated under a worker",
                remedy="start the worker again: it compares all logs, reads again what it must, or says what to do",
            )

    async def watch(self) -> None:
        """Until cancelled, look whether a transaction of ours stays open for longer than the broker lets it: one whose
        end a broker lost holds up every reader for ever. Raises `LogsDisagreeError`.
        """
        retry_seconds = transaction_seconds(self._settings) + _ABORT_SECONDS
        since: dict[LogPlace, tuple[int, float]] = {}
        while self._settings.transactions:
            await asyncio.sleep(retry_seconds / _LOOKS)
            try:
                places = [
                    (state.topic.name, partition)
                    for state in await topic_states(self._settings)
                    if state.topic.name in _OURS
                    for partition in range(state.partitions)
                ]
                left_open = await open_transactions(self._settings, places)
            except (KafkaError, BrokerError, TimeoutError) as error:
                _log.info("open transactions unavailable", extra={"error": repr(error)})
                since = {}
                continue
            now = time.monotonic()
            since = {
                place: known if (known := since.get(place, (-1, now)))[0] == first else (first, now)
                for place, (first, _end) in left_open.items()
            }
            for (topic, partition), (first, began) in since.items():
                if now - began > retry_seconds:
                    self._metrics.logs_cut.labels(topic).inc()
                    raise LogsDisagreeError(
                        f"{self._settings.topic(topic)}, partition {partition}, has a transaction at offset {first} "
                        "that nobody ends: the broker lost its end, and no reader gets past it",
                        remedy=RECOUNT,
                    )

    async def _resume_raw(self, committed: Mapping[LogPlace, tuple[int, str]]) -> dict[LogPlace, int]:
        notes = {
            place: note
            for place, (offset, text) in committed.items()
            if place[0] in _RAW and offset > 0 and (note := _decoded(text)) is not None
        }
        wanted: dict[LogPlace, set[Mark]] = {}
        for place, note in notes.items():
            wanted.setdefault(place, set()).add(note.read)
            for output, mark in _outputs(note).items():
                wanted.setdefault(output, set()).add(mark)
        missing = await missing_marks(self._settings, wanted)
        begin: dict[LogPlace, int] = {}
        carried: dict[LogPlace, Mark] = {}
        for place, note in notes.items():
            outputs = _outputs(note)
            lost = [each for each, mark in ({place: note.read} | outputs).items() if mark in missing.get(each, ())]
            if lost:
                begin[place] = 0
                self._report_cut(place, committed[place][0], lost[0])
            else:
                newer(carried, outputs)
        self._carried = carried
        return begin

    async def _resume_events(self, committed: Mapping[LogPlace, tuple[int, str]]) -> dict[LogPlace, int]:
        begin: dict[LogPlace, int] = {}
        for events, changelog in CHANGELOGS.items():
            ours = {place[1]: offset for place, (offset, _note) in committed.items() if place[0] == events}
            if not any(offset > 0 for offset in ours.values()):
                continue
            checkpoints = await last_checkpoints(self._settings, changelog)
            marks = {
                (events, number): [checkpoint.applied]
                for number, checkpoint in checkpoints.items()
                if number in ours and checkpoint.applied is not None
            }
            missing = await missing_marks(self._settings, marks)
            for number, offset in ours.items():
                place = (events, number)
                checkpoint = checkpoints.get(number)
                position = 0 if checkpoint is None or place in missing else checkpoint.position
                if position < offset:
                    begin[place] = position
                    self._report_cut(place, offset, place if place in missing else (changelog, number))
        return begin

    def _report_cut(self, place: LogPlace, offset: int, lost: LogPlace) -> None:
        self._metrics.logs_cut.labels(lost[0]).inc()
        _log.warning(
            "log cut back: partition is read again",
            extra={
                "topic": place[0],
                "partition": place[1],
                "committed": offset,
                "cut_topic": lost[0],
                "cut_partition": lost[1],
            },
        )


def _outputs(note: _Note) -> dict[LogPlace, Mark]:
    return {(topic, partition): mark for topic, marks in note.written.items() for partition, mark in marks}


def _encoded(last: Record, written: Mapping[LogPlace, Mark]) -> str:
    by_topic: dict[str, list[tuple[int, Mark]]] = {}
    for (topic, partition), mark in written.items():
        by_topic.setdefault(topic, []).append((partition, _short(mark)))
    text = base64.b85encode(_encoder.encode(_Note(_short(mark_of(last)), by_topic))).decode()
    if len(text) > _NOTE_BYTES:
        _log.warning("offset metadata too long", extra={"bytes": len(text), "most": _NOTE_BYTES})
        return base64.b85encode(_encoder.encode(_Note(_short(mark_of(last)), {}))).decode()
    return text


def _short(mark: Mark) -> Mark:
    return Mark(mark.offset, mark.timestamp, mark.digest[:_NOTED_DIGEST_BYTES])


def _decoded(text: str) -> _Note | None:
    """`None` for what no worker has noted: tools that set offsets leave it empty."""
    try:
        return _decoder.decode(base64.b85decode(text))
    except (ValueError, msgspec.DecodeError):
        return None
