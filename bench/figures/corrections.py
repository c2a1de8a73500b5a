"""A correction of the roster beside the stream: how long it takes, and how much slower the stream is meanwhile.

A worker holds the states of all subjects, and the topic has their evidence; WATCH's ledger has the posts about the
subjects that are to be touched. Raw events come as fast as the worker takes them, so whatever it does besides shows in
its rate.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from bench.changelog import Layout, amplifications_of, evidence_of, write_changelog
from bench.cores import BROKER_CORES, IMPLEMENTATION_CORES, confined_to
from bench.figures.environment import Environment, FigureFailed
from bench.figures.watched import WatchedWorker, wait_for
from bench.world import PlacedEvent, World, officials_roster
from bench.writing import BulkWriter, write_all
from streams.core.clock import to_us
from streams.core.country_event import encode_country_event
from streams.core.rosters.roster import Roster
from streams.core.screening.account_index import AccountIndex
from streams.core.screening.screen import ScreenPolicy, screen_event
from streams.deadletters import Rejection
from streams.events import RAW_TOPICS, decode_event
from streams.jobs.workers import environment_of
from streams.kafka.administration import create_topics
from streams.kafka.partitioning import partition_of
from streams.kafka.roster_topic import publish_roster
from streams.settings import Settings
from streams.topic_names import COUNTRY_EVENTS
from streams.topics import topic_named

__all__ = ["LEAST_RATE", "MOST_SECONDS", "Corrections", "measure_corrections"]

MOST_SECONDS: Final = 60.0
LEAST_RATE: Final = 0.9

_STATES: Final = topic_named("subject-states").partitions
_COUNTRIES: Final = topic_named(COUNTRY_EVENTS).partitions
_LOOK_SECONDS: Final = 0.2
_WORLD: Final = 2_000  # officials of the evidence


class _Size(Struct, frozen=True):
    subjects: int
    officials: int
    changed: int
    stream_events: int  # again and again: hardly one of them concerns an official
    ahead: int  # of them wait for the worker: what a correction waits for as well
    quiet_seconds: float


_WHOLE: Final = _Size(1_000_000, _WORLD, 10, 100_000, 20_000, 20.0)
_QUICK: Final = _Size(2_000, 40, 2, 20_000, 2_000, 0.5)
_TIMEOUT_SECONDS: Final = 1_800.0


class Corrections(Struct, frozen=True, kw_only=True):
    """One correction that took `changed` officials off a roster; they had touched `touched` of the subjects.

    `index_seconds` is how long the index of evidence took to make, once, and `index_bytes` its size. `seconds` is the
    correction with an index that is up to date, `events` how many it looked at, `peak_bytes` the most memory of its
    process. Rates are raw events a second: of the time before and after, and of the time of the correction. Of
    processor time the command took `cpu_seconds`, and the correction took `worker_cpu_seconds` of the worker: what it
    took meanwhile without what so many raw events take.
    """

    subjects: int
    evidence: int
    changed: int
    touched: int
    events: int
    index_seconds: float
    index_bytes: int
    seconds: float
    peak_bytes: int
    quiet_rate: float
    rate: float
    cpu_seconds: float
    worker_cpu_seconds: float

    @property
    def ratio(self) -> float:
        """The stream's rate during the correction, of that without one."""
        return self.rate / self.quiet_rate


def measure_corrections(environment: Environment) -> Corrections:
    """Raises `FigureFailed` also where not every subject that was touched was recounted, or another was."""
    size = _QUICK if environment.quick else _WHOLE
    with environment.topics_of_its_own() as settings, tempfile.TemporaryDirectory(prefix="antiphon-bench-") as scratch:
        return _measure(environment, replace(settings, data_dir=f"{scratch}/data"), size, Path(scratch))


def _measure(environment: Environment, settings: Settings, size: _Size, scratch: Path) -> Corrections:
    stream = World(size.stream_events, 1)
    ids = [str(10**18 + number) for number in range(size.officials)]
    old = officials_roster(dict.fromkeys([*ids, *stream.official_ids]))
    gone = set(ids[: size.changed])
    asyncio.run(create_topics(settings))
    asyncio.run(publish_roster(settings, old))
    environment.echo(f"making states and evidence of {size.subjects:,} subjects")
    layout = Layout(partitions=_STATES, officials=size.officials, evidence=True)
    written = write_changelog(settings, size.subjects, lambda done: environment.echo(f"  {done:,}"), layout)
    watched = list(_watched(old, gone, size))
    asyncio.run(write_all(settings, watched))
    new = scratch / "new.csv"
    new.write_bytes(_csv(Roster(entry for entry in old.entries if entry.account_id not in gone)))
    environment.echo("starting a worker, and making the index meanwhile")
    with WatchedWorker(settings, IMPLEMENTATION_CORES, scratch / "worker.log") as worker:
        began = time.monotonic()
        index = _command(settings, "evidence", "index", "--json").document
        index_seconds = time.monotonic() - began

        def holds_all() -> bool:
            return worker.figures().get(("subjects", ""), 0) >= size.subjects

        with _stream(settings, stream, worker, size.ahead):
            wait_for("all states", holds_all, timeout_seconds=_TIMEOUT_SECONDS, pause_seconds=1.0)
            wait_for(
                "WATCH's ledger",
                lambda: worker.records(COUNTRY_EVENTS) >= len(watched),
                timeout_seconds=_TIMEOUT_SECONDS,
                pause_seconds=1.0,
            )
            before, during, after, said = _correct(environment, settings, worker, size, new)
    recounted = said.document["recounted"]
    touched = sum(
        any(
            each.official is not None and each.official.id in gone for each in amplifications_of(number, size.officials)
        )
        for number in range(size.subjects)
    )
    # Besides, the stream has some subjects of its own that are touched: by the one official that both have.
    if not recounted["finished"] or recounted["outcomes"].get("recounted", 0) < touched or recounted["not_recounted"]:
        raise FigureFailed(f"{touched:,} subjects were touched, and this became of them: {recounted['outcomes']}")
    return Corrections(
        subjects=size.subjects,
        evidence=written.amplifications,
        changed=size.changed,
        touched=recounted["subjects"],
        events=recounted["events"],
        index_seconds=index_seconds,
        index_bytes=index["bytes"],
        seconds=recounted["seconds"],
        peak_bytes=said.peak_bytes,
        quiet_rate=(before.events + after.events) / (before.seconds + after.seconds),
        rate=during.rate,
        cpu_seconds=said.cpu_seconds,
        worker_cpu_seconds=during.cpu_seconds
        - during.events * (before.cpu_seconds + after.cpu_seconds) / (before.events + after.events),
    )


def _watched(roster: Roster, gone: Set[str], size: _Size) -> Iterator[tuple[str, int, bytes, bytes]]:
    """What SCREEN told WATCH about the subjects that somebody who is `gone` touched: records of `country-events`."""
    known = AccountIndex(roster)
    for number in range(size.subjects):
        amplifications = list(amplifications_of(number, size.officials))
        if not any(each.official is not None and each.official.id in gone for each in amplifications):
            continue
        for each in amplifications:
            event = decode_event(evidence_of(each).value or b"")
            screening = screen_event(event, each.source, known, to_us(event.at), ScreenPolicy())
            if isinstance(screening, Rejection):
                raise FigureFailed(f"SCREEN refuses an event of the figure: {screening.detail}")
            for report in screening.country_events:
                key = report.country.encode()
                yield COUNTRY_EVENTS, partition_of(key, _COUNTRIES), key, encode_country_event(report)


class _Trial(Struct, frozen=True):
    """Some time of the stream: raw events that the worker took, seconds of the clock and of its processor."""

    events: int
    seconds: float
    cpu_seconds: float

    @property
    def rate(self) -> float:
        return self.events / self.seconds


class _Said(Struct, frozen=True):
    """What a command said, the most memory it took, and its processor time."""

    document: dict[str, Any]
    peak_bytes: int
    cpu_seconds: float


def _correct(
    environment: Environment, settings: Settings, worker: WatchedWorker, size: _Size, new: Path
) -> tuple[_Trial, _Trial, _Trial, _Said]:
    """The stream before, during and after the correction, and what that says."""
    found: list[_Said] = []
    time.sleep(size.quiet_seconds / 4)  # until it is at its pace
    before = _trial(worker, lambda: time.sleep(size.quiet_seconds))
    environment.echo(f"{before.rate:,.0f} events/s; correcting")
    arguments = ("--yes", "--correction", "--reason", "bench", "--json")
    during = _trial(worker, lambda: found.append(_command(settings, "roster", "publish", str(new), *arguments)))
    after = _trial(worker, lambda: time.sleep(size.quiet_seconds))
    environment.echo(f"{during.rate:,.0f} events/s meanwhile, {after.rate:,.0f} after it")
    return before, during, after, found[0]


def _command(settings: Settings, *arguments: str) -> _Said:
    """What a command says, run on the broker's cores, where it gives way to the broker as docs/roster.md advises."""
    with confined_to(BROKER_CORES), tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as complained:
        command = ["nice", sys.executable, "-m", "streams.cli.main", *arguments]
        process = subprocess.Popen(command, env=environment_of(settings), stdout=said, stderr=complained)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            complained.seek(0)
            raise FigureFailed(f"antiphon {' '.join(arguments)}: {complained.read().decode()[-2_000:]}")
        said.seek(0)
        return _Said(json.loads(said.read()), usage.ru_maxrss * 1_024, usage.ru_utime + usage.ru_stime)


def _trial(worker: WatchedWorker, work: Callable[[], object]) -> _Trial:
    began, records, cpu = time.monotonic(), worker.records(*RAW_TOPICS.values()), worker.cpu_seconds()
    work()
    seconds, taken = time.monotonic() - began, worker.records(*RAW_TOPICS.values()) - records
    return _Trial(taken, seconds, worker.cpu_seconds() - cpu)


@contextmanager
def _stream(settings: Settings, world: World, worker: WatchedWorker, ahead: int) -> Iterator[None]:
    """Raw events, always `ahead` of them before the worker, until the block ends."""
    events = list(world.events())
    stopped = threading.Event()
    failed: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(_feed(settings, events, worker, ahead, stopped))
        except BaseException as error:  # noqa: BLE001  # told when the block ends
            failed.append(error)

    thread = threading.Thread(target=run, name="stream")
    with confined_to(BROKER_CORES):
        thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()
    if failed:
        raise failed[0]


async def _feed(
    settings: Settings, events: Sequence[PlacedEvent], worker: WatchedWorker, ahead: int, stopped: threading.Event
) -> None:
    """The same record batches again and again, made once: writing them takes next to nothing."""
    written = 0
    async with BulkWriter(replace(settings, transactions=False)) as writer:  # else each has its number
        for event in events:
            writer.keep(event.topic, event.partition, event.key, event.value)
        number = 0
        while not stopped.is_set():
            written += await writer.send_kept(number % writer.kept)
            number += 1
            while written - worker.records(*RAW_TOPICS.values()) > ahead and not stopped.is_set():  # noqa: ASYNC110
                await asyncio.sleep(_LOOK_SECONDS)


def _csv(roster: Roster) -> bytes:
    lines = ["platform,account_id,handle,name,country,category,source_url,valid_from,valid_to"]
    lines += [
        f"{each.platform},{each.account_id},{each.handle},,{each.country},{each.category},{each.source_url},,"
        for each in roster.entries
    ]
    return "\n".join(lines).encode()
