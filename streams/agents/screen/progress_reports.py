"""What SCREEN tells WATCH of how far it has read its raw partitions, and when. No clock, no broker: times come in."""

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec
from msgspec import Struct

from streams.core.clock import SECOND_US, to_us
from streams.core.country_event import CountryEvent, RawProgress, ReadUpTo, encode_country_event
from streams.core.subject_event import Coordinates
from streams.events import RAW_TOPICS, Utc
from streams.kafka.batch_writer import OutgoingRecord
from streams.refusal import DECODE_ERRORS
from streams.topic_names import COUNTRY_EVENTS

__all__ = ["ProgressReporter", "event_time_us", "ticks"]

_STEP_US: Final = 3_600 * SECOND_US  # nothing WATCH decides needs event time finer than an hour
_REPEATS: Final = 20  # in the time after which a partition is idle: WATCH confirms a watermark with the third report
_RAW: Final = frozenset(RAW_TOPICS.values())
_COVERAGE: Final = RAW_TOPICS["coverage"]

_Place = tuple[str, int]  # plain topic name, and partition
_Read = dict[_Place, ReadUpTo]


class ProgressReporter:
    """Follows the newest event time of each raw partition (µs) and which are idle, from look to look at the ends of the
    logs. A partition is idle when all that was in it at a look is dealt with, and nothing but canaries had come for
    `idle_after_seconds` by then, nor was it newly assigned. `seconds` are of a monotonic clock.

    A partition of `coverage` is idle as soon as it is read to its end. Its records come by the clock and tell of any
    time, so they neither take event time on nor, once read, hold it back; unread ones do, like those of the others.
    """

    def __init__(self, idle_after_seconds: float) -> None:
        self._idle_after_seconds = idle_after_seconds
        self._newest_us: dict[_Place, int] = {}
        self._received_seconds: dict[_Place, float] = {}
        self._look: tuple[float, int, dict[_Place, int]] | None = None
        self._last_report: tuple[float, _Read] = (float("-inf"), {})
        self._is_under_way = False
        self._roster = ""

    def note_batch(self, topic: str, partition: int, newest_us: int | None, now_seconds: float) -> None:
        """A batch arrived, with events up to that time as far as is known."""
        place = topic, partition
        self._received_seconds[place] = now_seconds
        if newest_us is not None:
            self._newest_us[place] = max(newest_us, self._newest_us.get(place, 0))

    def assigned(self) -> None:
        """The group assigned partitions again: what others read of them in the meantime is not known here."""
        self._received_seconds.clear()
        self._look = None

    def look(self, now_seconds: float, now_us: int) -> None:
        """The ends of the logs are about to be asked for. What arrives from here on is for the next report."""
        self._look = None if self._is_under_way else (now_seconds, now_us, dict(self._newest_us))

    def found(self, lags: Mapping[_Place, int], partitions: Mapping[str, int], roster: str = "") -> RawProgress | None:
        """What to report, if anything is news: `lags` says how much of each assigned partition is left up to those
        ends, `partitions` how many each raw topic has, `roster` is the digest of the one by which everything is
        screened from here on.

        Whoever gets a report calls `reported` once the broker has it; until then there is no other.
        """
        if self._look is None or not partitions.keys() >= _RAW:
            return None
        (looked_seconds, now_us, newest_us), self._look = self._look, None
        read: _Read = {}
        for place, lag in sorted(lags.items()):
            if place[0] in _RAW:
                received_seconds = self._received_seconds.setdefault(place, looked_seconds)
                quiet = place[0] == _COVERAGE or looked_seconds - received_seconds >= self._idle_after_seconds
                idle = lag == 0 and quiet
                read[place] = ReadUpTo(place[1], min(newest_us.get(place, 0), now_us), idle)
        if not read or not (roster != self._roster or self._is_news(read, looked_seconds)):
            return None
        self._roster = roster
        self._last_report = looked_seconds, read
        self._is_under_way = True
        by_topic: dict[str, list[ReadUpTo]] = {}
        for (topic, _partition), each in read.items():
            by_topic.setdefault(topic, []).append(each)
        return RawProgress(
            as_of_us=now_us,
            partitions={topic: partitions[topic] for topic in sorted(_RAW)},
            read={topic: tuple(row) for topic, row in by_topic.items()},
            roster=roster,
        )

    def reported(self) -> None:
        """The broker has the last report."""
        self._is_under_way = False

    def _is_news(self, read: _Read, now_seconds: float) -> bool:
        reported_seconds, reported = self._last_report
        if now_seconds - reported_seconds >= self._idle_after_seconds / _REPEATS or read.keys() != reported.keys():
            return True
        return any(
            each.idle != reported[place].idle or each.at_us >= reported[place].at_us + _STEP_US
            for place, each in read.items()
        )


class _Time(Struct, gc=False):
    at: Utc


_decode: Final = msgspec.json.Decoder(_Time).decode


def event_time_us(payload: bytes | None, latest_us: int) -> int | None:
    """The time of one raw event, without a look at anything else in it; `None` for none, or one later than `latest_us`.

    Never raises, whatever the bytes.
    """
    try:
        at_us = to_us(_decode(payload or b"").at)
    except DECODE_ERRORS:
        return None
    return at_us if 0 < at_us <= latest_us else None


def ticks(progress: RawProgress, partitions: int) -> Iterator[OutgoingRecord]:
    """One tick for each partition of `country-events`."""
    event = CountryEvent(
        kind="tick",
        country="",
        platform="antiphon",
        event_id=f"tick-{progress.as_of_us}",
        at_us=progress.as_of_us,
        source=Coordinates("tick", 0, 0),
        progress=progress,
    )
    value = encode_country_event(event)
    for partition in range(partitions):
        yield OutgoingRecord(COUNTRY_EVENTS, None, value, (), partition)
