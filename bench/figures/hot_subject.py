"""A hot subject: what one more amplification costs when there have been a thousand, and when there have been a million.

Once through the core, in batches and one at a time, and once through a real worker.
"""

import asyncio
import gc
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final

import msgspec
from msgspec import Struct

from bench.cores import IMPLEMENTATION_CORES
from bench.figures.core_track import CoreTrack, stored
from bench.figures.environment import Environment, FigureFailed
from bench.figures.watched import WatchedWorker, wait_for
from bench.world import PLATFORM, World
from bench.writing import write_all
from streams.core.clock import to_us
from streams.core.enriched import Dossier
from streams.core.screening.account_index import AccountIndex
from streams.core.screening.screen import Screening, ScreenPolicy, screen_event
from streams.core.subject_event import Coordinates, SubjectEvent
from streams.events import Account, Retweet, encode_event
from streams.kafka.administration import create_topics
from streams.kafka.batch_writer import OutgoingRecord
from streams.kafka.reading import read_topic
from streams.kafka.roster_topic import publish_roster
from streams.rules_loading import bundled_rules
from streams.settings import Settings

__all__ = ["HotMark", "HotSubject", "HotWorker", "measure_hot_subject"]

_OFFICIALS: Final = 500  # of the roster's 5,000: all that a large State has
_BATCH: Final = 100
_MARKS: Final = (1_000, 10_000, 100_000, 1_000_000)
_QUICK_MARKS: Final = (1_000, 2_500)
_WINDOW: Final = 1_000  # amplifications before a mark over which the cost is taken
_ALONE: Final = 50
_THROUGH_WORKER: Final = 100_000
_QUICK_THROUGH_WORKER: Final = 2_000
_WARM_UP_SHARE: Final = 0.1
_BEGIN: Final = datetime(2024, 3, 1, tzinfo=UTC)
_SPACING: Final = timedelta(seconds=31)  # a million in a year
_SUBJECT: Final = "3" + "0" * 18
_OBJECTS_BEFORE_COLLECTION: Final = 50_000  # as the worker has it
_TIMEOUT_SECONDS: Final = 600.0


class HotMark(Struct, frozen=True, kw_only=True):
    """At so many amplifications: processor time for one more in a batch and for one alone, and how large things are."""

    amplifications: int
    cpu_us_in_batch: float
    cpu_us_alone: float
    state_bytes: int
    dossier_bytes: int
    written_bytes_alone: int


class HotWorker(Struct, frozen=True, kw_only=True):
    """Through a real worker, from a tenth on: what it took, with everything from fetch to transaction."""

    amplifications: int
    events: int
    seconds: float
    cpu_seconds: float
    peak_rss_bytes: int


class HotSubject(Struct, frozen=True, kw_only=True):
    """One subject, amplified by `officials` officials in turns; all rules of the bundle."""

    officials: int
    batch: int
    marks: list[HotMark]
    worker: HotWorker


def measure_hot_subject(environment: Environment) -> HotSubject:
    """Through the core and through a worker. Raises `FigureFailed` where a count is wrong."""
    marks = _through_core(environment)
    with environment.topics_of_its_own() as settings:
        worker = _through_worker(environment, settings, _QUICK_THROUGH_WORKER if environment.quick else _THROUGH_WORKER)
    return HotSubject(officials=_OFFICIALS, batch=_BATCH, marks=marks, worker=worker)


def _through_core(environment: Environment) -> list[HotMark]:
    world = World(0, 1)
    events = _subject_events(world)
    track = CoreTrack(bundled_rules())
    done = 0
    marks = []
    before = gc.get_threshold()
    gc.set_threshold(_OBJECTS_BEFORE_COLLECTION)
    try:
        for mark in _QUICK_MARKS if environment.quick else _MARKS:
            environment.echo(f"{mark:,} amplifications of one subject through the core")
            in_batch = 0.0
            while done < mark:
                count = min(_BATCH, mark - done)
                took, _ = _apply(track, events, done, count)
                done += count
                in_batch += took if done > mark - _WINDOW else 0.0
            alone = 0.0
            written: list[OutgoingRecord] = []
            for _ in range(_ALONE):
                took, written = _apply(track, events, done, 1)
                done += 1
                alone += took
            marks.append(_mark(mark, in_batch / _WINDOW, alone / _ALONE, track, written))
    finally:
        gc.set_threshold(*before)
    return marks


def _mark(mark: int, in_batch: float, alone: float, track: CoreTrack, written: list[OutgoingRecord]) -> HotMark:
    dossier = next(record.value for record in written if record.topic == "dossiers")
    last = msgspec.json.decode(dossier or b"", type=Dossier)
    if last.totals.retweet != mark + _ALONE:
        raise FigureFailed(f"the dossier counts {last.totals.retweet} of {mark + _ALONE} retweets")
    return HotMark(
        amplifications=mark,
        cpu_us_in_batch=in_batch * 1e6,
        cpu_us_alone=alone * 1e6,
        state_bytes=len(track.states[f"{PLATFORM}:{_SUBJECT}"]),
        dossier_bytes=len(dossier or b""),
        written_bytes_alone=sum(len(record.key or b"") + len(record.value or b"") for record in written),
    )


def _apply(
    track: CoreTrack, events: Iterator[SubjectEvent], offset: int, count: int
) -> tuple[float, list[OutgoingRecord]]:
    records = [stored(offset + number, next(events)) for number in range(count)]
    began = time.process_time()
    written = track.batch(records)
    return time.process_time() - began, written


def _retweets(world: World) -> Iterator[Retweet]:
    random = Random(world.seed)
    subject = Account(
        id=_SUBJECT,
        handle="hot_voice",
        name="a hot voice",
        created_at=_BEGIN - timedelta(days=10),
        created_at_source="reported",
        followers=1_000,
    )
    number = 0
    while True:
        official = number % _OFFICIALS
        yield Retweet(
            platform=PLATFORM,
            id=str(4 * 10**18 + number),
            at=_BEGIN + _SPACING * number,
            actor=Account(id=world.official_ids[official], handle=f"official_{official}"),
            subject=subject,
            post_id=str(4 * 10**18 - random.randrange(10**9)),
        )
        number += 1


def _subject_events(world: World) -> Iterator[SubjectEvent]:
    """As SCREEN makes them."""
    known = AccountIndex(world.roster)
    for number, retweet in enumerate(_retweets(world)):
        yield _screened(retweet, Coordinates("retweets", 0, number), known)


def _screened(retweet: Retweet, source: Coordinates, known: AccountIndex) -> SubjectEvent:
    screening = screen_event(retweet, source, known, to_us(retweet.at), ScreenPolicy())
    assert isinstance(screening, Screening)
    return screening.events[0]


def _through_worker(environment: Environment, settings: Settings, amplifications: int) -> HotWorker:
    world = World(0, 1)
    environment.echo(f"{amplifications:,} amplifications of one subject through a worker")
    asyncio.run(create_topics(settings))
    asyncio.run(publish_roster(settings, world.roster))
    key = f"{PLATFORM}:{_SUBJECT}".encode()
    retweets = _retweets(world)
    asyncio.run(
        write_all(settings, (("retweets", 0, key, encode_event(next(retweets))) for _ in range(amplifications)))
    )
    with (
        tempfile.TemporaryDirectory(prefix="antiphon-bench-") as scratch,
        WatchedWorker(settings, IMPLEMENTATION_CORES, Path(scratch) / "worker.log") as worker,
    ):

        def has_tracked(count: int) -> bool:
            return worker.records("subject-events") >= count

        wait_for("the hot subject", lambda: has_tracked(int(amplifications * _WARM_UP_SHARE)), timeout_seconds=60)
        events, began, cpu_before = worker.records("subject-events"), time.monotonic(), worker.cpu_seconds()
        wait_for("the hot subject", lambda: has_tracked(amplifications), timeout_seconds=_TIMEOUT_SECONDS)
        measured = HotWorker(
            amplifications=amplifications,
            events=amplifications - events,
            seconds=time.monotonic() - began,
            cpu_seconds=worker.cpu_seconds() - cpu_before,
            peak_rss_bytes=worker.memory()[1],
        )
    last = asyncio.run(_last_dossier(settings))
    counted = (last.totals.retweet, last.distinct_officials) if last is not None else None
    if counted != (amplifications, _OFFICIALS):
        raise FigureFailed(f"the dossier says {counted} after {amplifications} retweets by {_OFFICIALS} officials")
    return measured


async def _last_dossier(settings: Settings) -> Dossier | None:
    last = None
    async for record in read_topic(settings, "dossiers"):
        last = record.value
    return None if last is None else msgspec.json.decode(last, type=Dossier)
