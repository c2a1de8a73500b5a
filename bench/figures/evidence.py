"""What SCREEN pays for keeping evidence: the race's traffic through its own function and into record batches.

No broker: fetching, which costs more than all of this, is outside. So is the request, of which evidence makes one batch
more.
"""

import gc
import time
from collections.abc import Callable, Sequence

from aiokafka.record.default_records import DefaultRecordBatchBuilder
from msgspec import Struct

from bench.figures.core_track import StoredRecord
from bench.figures.environment import Environment
from bench.world import World
from streams.agents.screen.batch import screen_batch
from streams.core.evidence_records import event_evidence
from streams.core.screening.account_index import AccountIndex
from streams.core.screening.screen import ScreenPolicy
from streams.core.subject_event import Coordinates
from streams.events import Event, decode_event
from streams.faust_driver.batches import Batch
from streams.kafka.batch_writer import BATCH_BYTES, OutgoingRecord
from streams.kafka.evidence_writing import evidence_record

__all__ = ["LEAST_RATIO", "EvidenceCost", "measure_evidence"]

LEAST_RATIO = 0.97
_EVENTS = 100_000
_QUICK_EVENTS = 4_000
_BATCH = 4_000
_ROUNDS = 30
_NOW_US = 1_900_000_000_000_000
_COUNTRY_PARTITIONS = 8

_Kept = tuple[Event, bytes, Coordinates]


class EvidenceCost(Struct, frozen=True, kw_only=True):
    """Processor nanoseconds an event of all traffic: with evidence, and what of it evidence is. The best of the rounds
    for each batch.
    """

    events: int
    passed: int
    cpu_ns: float
    evidence_ns: float

    @property
    def ratio(self) -> float:
        """How fast SCREEN's own part is, compared with one that keeps nothing."""
        return (self.cpu_ns - self.evidence_ns) / self.cpu_ns


def measure_evidence(environment: Environment) -> EvidenceCost:
    """Both by turns, batch by batch: whatever else the machine does, it does to both."""
    world = World(_QUICK_EVENTS if environment.quick else _EVENTS, 1)
    known = AccountIndex(world.roster)
    by_topic: dict[str, list[StoredRecord]] = {}
    for number, placed in enumerate(world.events()):
        by_topic.setdefault(placed.topic, []).append(StoredRecord(number, placed.key, placed.value))
    whole = kept_alone = 0
    passed = 0
    for topic, records in by_topic.items():
        environment.echo(f"{len(records):,} {topic}")
        for begin in range(0, len(records), _BATCH):
            batch = Batch(topic, 0, 1, records[begin : begin + _BATCH])
            kept = _kept(batch, topic, known)
            passed += len(kept)
            best_whole = best_kept = 2**62
            for _ in range(_ROUNDS):
                best_whole = min(best_whole, _cpu_ns(lambda: _screen(batch, topic, known)))  # noqa: B023 - at once
                best_kept = min(best_kept, _cpu_ns(lambda: _keep(kept)))  # noqa: B023
            whole += best_whole
            kept_alone += best_kept
    events = sum(map(len, by_topic.values()))
    return EvidenceCost(events=events, passed=passed, cpu_ns=whole / events, evidence_ns=kept_alone / events)


def _screen(batch: Batch, topic: str, known: AccountIndex) -> Sequence[OutgoingRecord]:
    screened = screen_batch(batch, topic, known, _NOW_US, ScreenPolicy(), _COUNTRY_PARTITIONS)
    _pack(screened.records)
    return screened.records


def _kept(batch: Batch, topic: str, known: AccountIndex) -> list[_Kept]:
    """What passes of a batch."""
    written = [record for record in _screen(batch, topic, known) if record.topic == "evidence"]
    return [
        (decode_event(record.value or b""), record.value or b"", Coordinates(topic, 0, number))
        for number, record in enumerate(written)
    ]


def _keep(kept: list[_Kept]) -> None:
    _pack([evidence_record(event_evidence(event, value, source, _NOW_US)) for event, value, source in kept])


def _pack(records: Sequence[OutgoingRecord]) -> None:
    """As the batch writer does, with a partition for each topic."""
    builders: dict[str, list[DefaultRecordBatchBuilder]] = {}
    for record in records:
        waiting = builders.setdefault(record.topic, [])
        if not waiting or not _append(waiting[-1], record):
            waiting.append(DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, BATCH_BYTES))
            _append(waiting[-1], record)
    for waiting in builders.values():
        for builder in waiting:
            builder.build()


def _append(builder: DefaultRecordBatchBuilder, record: OutgoingRecord) -> bool:
    headers = list(record.headers)
    return builder.append(0, timestamp=0, key=record.key, value=record.value, headers=headers) is not None


def _cpu_ns(work: Callable[[], object]) -> int:
    gc.disable()  # the worker collects so seldom that it does not show here
    try:
        began = time.process_time_ns()
        work()
        return time.process_time_ns() - began
    finally:
        gc.enable()
