"""Growth: what each topic holds after each month of a year, in the bytes of Kafka's own format.

The year runs through the very functions of TRACK, one event a transaction as at the rates that are stated. A topic
keeps what is younger than its retention, or the last record of each key. Retention goes by the records' timestamps: by
when they were written, since nobody here stamps them otherwise.
"""

import time
from collections.abc import Sequence
from typing import Final

from aiokafka.record.default_records import DefaultRecordBatchBuilder
from msgspec import Struct

from bench.figures.core_track import CoreTrack, stored
from bench.figures.environment import Environment
from bench.figures.year import Assumptions, DayEvent, year
from bench.world import World
from streams.core.clock import DAY_US, from_us
from streams.core.subject_event import SubjectEvent
from streams.events import Profile, Suspension, encode_event
from streams.kafka.batch_writer import OutgoingRecord
from streams.rules_loading import bundled_rules
from streams.topic_names import SUBJECT_STATES
from streams.topics import topic_named

__all__ = ["COMMIT_MARKER_BYTES", "Growth", "StatesAfter", "TopicGrowth", "batch_bytes", "measure_growth"]

_MONTHS: Final = 12
_QUICK_RATE: Final = 0.01
_DAY_MS: Final = 86_400_000
_RAW_BATCH: Final = 100
COMMIT_MARKER_BYTES: Final = 78  # a control batch in every partition that a transaction wrote to
_POSITION: Final = (b"\x00position", bytes(8))  # what a subject store writes beside the states
_RAW_SAMPLE: Final = 10_000

_Record = tuple[bytes | None, bytes | None]


class TopicGrowth(Struct, frozen=True, kw_only=True):
    """One topic: bytes written in each month, bytes kept and records kept at the end of each.

    `retention_days` is `None` where the topic is compacted; records are counted only there.
    """

    topic: str
    retention_days: int | None
    written: list[int]
    kept: list[int]
    records: list[int]


class StatesAfter(Struct, frozen=True, kw_only=True):
    """TRACK's states at the end of a month; `idle` are those of subjects that no official ever engaged with."""

    subjects: int
    bytes: int
    idle_subjects: int
    idle_bytes: int
    largest_bytes: int


class Growth(Struct, frozen=True, kw_only=True):
    """The year: its assumptions, each topic, TRACK's states by month, and what the core took."""

    assumptions: Assumptions
    topics: list[TopicGrowth]
    states: list[StatesAfter]
    subject_events: int
    cpu_seconds: float


def batch_bytes(records: Sequence[_Record], *, transactional: bool) -> int:
    """The size in a log of one record batch with these keys and values."""
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=0,
        is_transactional=int(transactional),
        producer_id=1,
        producer_epoch=0,
        base_sequence=0,
        batch_size=2**31 - 1,
    )
    for number, (key, value) in enumerate(records):
        builder.append(number, timestamp=0, key=key, value=value, headers=[])
    return int(builder.size())


class _Log:
    """One topic's bytes: by the day on which they were written, and of the last record of each key."""

    def __init__(self, topic: str, days: int) -> None:
        found = topic_named(topic)
        self.retention_days = None if found.retention_ms is None else found.retention_ms // _DAY_MS
        self.by_day = [0] * (days + 1)
        self.by_key: dict[bytes, int] = {}
        self.growth = TopicGrowth(topic=topic, retention_days=self.retention_days, written=[], kept=[], records=[])

    def add(self, day: int, written: int, key: bytes | None = None, *, is_tombstone: bool = False) -> None:
        self.by_day[day] += written
        if self.retention_days is None and key is not None:
            if is_tombstone:
                self.by_key.pop(key, None)
            else:
                self.by_key[key] = written

    def end_month(self, first_day: int, end_day: int) -> None:
        self.growth.written.append(sum(self.by_day[first_day:end_day]))
        self.growth.records.append(len(self.by_key))
        since = 0 if self.retention_days is None else max(0, end_day - self.retention_days)
        self.growth.kept.append(
            sum(self.by_key.values()) if self.retention_days is None else sum(self.by_day[since:end_day])
        )


class _Year:
    """The logs and the states as the days go by."""

    def __init__(self, world: Assumptions) -> None:
        self.world = world
        self.track = CoreTrack(bundled_rules())
        self.logs: dict[str, _Log] = {}
        self.engaged: set[str] = set()
        self.states: list[StatesAfter] = []
        self._raw_bytes = _mean_raw_bytes()

    def live_through(self, offset: int, come: DayEvent) -> None:
        event = come.event
        # As WATCH tells TRACK of each new day.
        self.track.unengaged.watermark_us = max(self.track.unengaged.watermark_us, event.at_us // DAY_US * DAY_US)
        record = stored(offset, event)
        self._log("subject-events").add(come.day, batch_bytes([(record.key, record.value)], transactional=False))
        if event.kind in ("profile", "suspension"):
            written = batch_bytes([(record.key, encode_event(_raw_notice(event)))], transactional=False)
            self._log(f"{event.kind}s").add(come.day, written)
        else:
            self.engaged.add(f"{event.platform}:{event.subject.id}")
        for output in self.track.batch([record]):
            self._write(come.day, output)

    def end_month(self, number: int) -> None:
        first_day, end_day = (self.world.days * n // _MONTHS for n in (number, number + 1))
        for topic, mean_bytes in self._raw_bytes.items():
            for day in range(first_day, end_day):
                self._log(topic).add(day, round(mean_bytes * self.world.raw_rate * 86_400))
        for log in self.logs.values():
            while len(log.growth.kept) < number:  # a topic that came late
                log.end_month(0, 0)
            log.end_month(first_day, end_day)
        sizes = {key: len(state) for key, state in self.track.states.items()}
        idle = [size for key, size in sizes.items() if key not in self.engaged]
        self.states.append(
            StatesAfter(
                subjects=len(sizes),
                bytes=sum(sizes.values()),
                idle_subjects=len(idle),
                idle_bytes=sum(idle),
                largest_bytes=max(sizes.values(), default=0),
            )
        )

    def _write(self, day: int, output: OutgoingRecord) -> None:
        records: list[_Record] = [(output.key, output.value)]
        if output.topic == SUBJECT_STATES:
            records.append(_POSITION)
        written = batch_bytes(records, transactional=True) + COMMIT_MARKER_BYTES
        self._log(output.topic).add(day, written, output.key, is_tombstone=output.value is None)

    def _log(self, topic: str) -> _Log:
        log = self.logs.get(topic)
        if log is None:
            log = self.logs[topic] = _Log(topic, self.world.days)
        return log


def measure_growth(environment: Environment) -> Growth:
    """Live through the year. No broker takes part."""
    world = Assumptions(raw_rate=_QUICK_RATE) if environment.quick else Assumptions()
    environment.echo(f"a year at {world.raw_rate:g} raw events/s, {world.official_share:.1%} of them by officials")
    lived = _Year(world)
    began = time.process_time()
    count = 0
    for come in year(world):
        while come.day >= world.days * (len(lived.states) + 1) // _MONTHS:
            lived.end_month(len(lived.states))
            environment.echo(f"  month {len(lived.states)}: {lived.states[-1].subjects:,} subjects")
        lived.live_through(count, come)
        count += 1
    while len(lived.states) < _MONTHS:
        lived.end_month(len(lived.states))
    return Growth(
        assumptions=world,
        topics=[log.growth for log in lived.logs.values()],
        states=lived.states,
        subject_events=count,
        cpu_seconds=time.process_time() - began,
    )


def _raw_notice(event: SubjectEvent) -> Profile | Suspension:
    """What a collector wrote that led to this event."""
    at = from_us(event.at_us)
    if event.kind == "profile":
        return Profile(platform=event.platform, id=event.event_id, at=at, actor=event.subject, changed=("followers",))
    return Suspension(platform=event.platform, id=event.event_id, at=at, actor=event.subject, status="suspended")


def _mean_raw_bytes() -> dict[str, float]:
    """Bytes in each topic for one raw event of the generated traffic, written in batches of a hundred."""
    records: dict[str, list[_Record]] = {}
    for placed in World(_RAW_SAMPLE, 1).events():
        records.setdefault(placed.topic, []).append((placed.key, placed.value))
    return {
        topic: sum(
            batch_bytes(of_topic[first : first + _RAW_BATCH], transactional=False)
            for first in range(0, len(of_topic), _RAW_BATCH)
        )
        / _RAW_SAMPLE
        for topic, of_topic in records.items()
    }
