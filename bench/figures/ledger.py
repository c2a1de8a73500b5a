"""WATCH's ledger: how fast entries go in, what they take of memory and disk, how long its questions take, and how long
a partition takes to come back, with its file and without.

Runs as a process of its own (`python -m bench.figures.ledger`), so that its memory is nobody else's.
"""

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Final

import msgspec
from msgspec import Struct
from prometheus_client import CollectorRegistry

from bench.figures.environment import Environment
from streams.agents.watch.ledger_store import LedgerStore
from streams.core.subject_event import Coordinates
from streams.core.watching.ledger import record_key
from streams.core.watching.records import Entry
from streams.jobs.workers import environment_of
from streams.kafka.administration import create_topics
from streams.ledger.sqlite import SqliteLedger
from streams.metrics import Metrics
from streams.settings import Settings, load_settings

__all__ = ["MOST_BYTES", "LedgerFigure", "Question", "measure_ledger"]

MOST_BYTES: Final = 1e9
"""The target for the memory of a process that holds five million entries."""

_ENTRIES: Final = 5_000_000
_RECOVERED: Final = 1_000_000
_QUICK: Final = 5_000
_FILL: Final = 5_000  # entries a transaction, to get there
_BATCH: Final = 500  # entries a transaction, as WATCH makes them
_TIMED: Final = 50_000  # entries, of the last, that count for the rate
_ASKED: Final = 200
_BEGIN_US: Final = 1_700_000_000_000_000
_SPAN_US: Final = 90 * 86_400_000_000
_STATES: Final = ("IR", "RU", "CN", "VE", "TR", "SA", "IN", "BR")
_OFFICIALS: Final = 5_000
_FINGERPRINTS: Final = 10
_WORDS: Final = ("ministry", "foreign", "affairs", "condemns", "strongest", "terms", "statement", "yesterday", "peace")


class Question(Struct, frozen=True, kw_only=True):
    """One question to the full ledger: median and slowest of some hundred, cold pages and all; the mean of answers."""

    name: str
    median_us: float
    most_us: float
    answers: float


class LedgerFigure(Struct, frozen=True, kw_only=True):
    """What came out. Rates are of the last entries, in transactions as WATCH makes them; memory is of the process."""

    entries: int
    entries_per_second: float
    cpu_us: float
    resident_bytes: int
    peak_bytes: int
    disk_bytes: int
    questions: list[Question]
    recovered_entries: int
    reopened_seconds: float
    rebuilt_seconds: float


class _Job(Struct, frozen=True, kw_only=True):
    entries: int
    recovered: int
    directory: str


def measure_ledger(environment: Environment) -> LedgerFigure:
    """Fill one ledger, and bring back another from its changelog."""
    entries, recovered = (_QUICK, _QUICK) if environment.quick else (_ENTRIES, _RECOVERED)
    environment.echo(f"a ledger of {entries:,} entries, and the recovery of one of {recovered:,}")
    with (
        tempfile.TemporaryDirectory(prefix="antiphon-bench-") as directory,
        environment.topics_of_its_own() as settings,
    ):
        asyncio.run(create_topics(settings, partitions={"country-events": 1, "country-ledger": 1}))
        job = _Job(entries=entries, recovered=recovered, directory=directory)
        run = subprocess.run(
            [sys.executable, "-m", "bench.figures.ledger", msgspec.json.encode(job).decode()],
            cwd=Path(__file__).parents[2],
            env=environment_of(settings),
            stdout=subprocess.PIPE,
            check=True,
        )
    return msgspec.json.decode(run.stdout, type=LedgerFigure)


def _entries(count: int, *, of: int, begin: int = 0) -> Iterator[Entry]:
    """Posts of 90 days by 5,000 officials of eight States: ten fingerprints and two references each, some famous."""
    random = Random(begin)
    for number in range(begin, begin + count):
        official = random.randrange(_OFFICIALS)
        at_us = _BEGIN_US + number * _SPAN_US // of + random.randrange(3_600_000_000)
        subjects = [int(random.paretovariate(0.8)) % 10**9 for _ in range(2)]
        yield Entry(
            platform="twitter",
            post_id=str(10**18 + number * 4_000),
            country=_STATES[official % len(_STATES)],
            official=str(official),
            handle=f"official_{official}",
            category="diplomat",
            kind="post",
            at_us=at_us,
            text=" ".join(random.choices(_WORDS, k=30)),
            lang="en",
            subject=None,
            original=None,
            references=tuple(f"i:{subject}" for subject in dict.fromkeys(subjects)),
            fingerprints=tuple(sorted({random.getrandbits(52) for _ in range(_FINGERPRINTS)})),
            source=Coordinates("posts", 3, number),
            digest="5f" * 32,
            deleted_us=at_us + 3_600_000_000 if number % 200 == 0 else None,
        )


def _put(ledger: SqliteLedger, entries: Iterator[Entry], count: int, at_once: int) -> None:
    for _ in range(0, count, at_once):
        ledger.begin()
        for _ in range(at_once):
            entry = next(entries, None)
            if entry is not None:
                ledger.get(record_key(entry))  # as WATCH does, to know duplicates
                ledger.put(entry)
        ledger.flush()
        ledger.commit()


def _fill(ledger: SqliteLedger, count: int) -> tuple[float, float]:
    """Entries a second and processor microseconds each, of the last."""
    timed = min(_TIMED, count // 2)
    _put(ledger, _entries(count - timed, of=count), count - timed, _FILL)
    last = iter(list(_entries(timed, of=count, begin=count - timed)))
    began, cpu = time.monotonic(), time.process_time()
    _put(ledger, last, timed, _BATCH)
    return timed / (time.monotonic() - began), (time.process_time() - cpu) / timed * 1e6


def _questions(ledger: SqliteLedger, count: int) -> list[Question]:
    random = Random(7)
    watch_us = 44 * 86_400_000_000

    def span() -> tuple[int, int]:
        from_us = _BEGIN_US + random.randrange(_SPAN_US - watch_us)
        return from_us, from_us + watch_us

    def state() -> str:
        return random.choice(_STATES)

    def sharing() -> dict[str, int]:
        entry = ledger.get(f"e/twitter:{10**18 + random.randrange(count) * 4_000}".encode())
        assert isinstance(entry, Entry)
        return ledger.entries_sharing(entry.country, entry.fingerprints)

    asked: dict[str, Callable[[], int]] = {
        "a post by its id": lambda: (
            ledger.get(f"e/twitter:{10**18 + random.randrange(count) * 4_000}".encode()) is not None
        ),
        "references to an account, 44 days": lambda: len(
            ledger.references(state(), [f"i:{random.randrange(20, 500)}", "h:nobody"], *span())
        ),
        "deletions, 44 days": lambda: len(ledger.deletions(state(), *span())),
        "posts of 20 officials, 44 days": lambda: len(
            ledger.posts_of(state(), [str(random.randrange(_OFFICIALS)) for _ in range(20)], *span())
        ),
        "posts that share fingerprints with one, and that one": lambda: len(sharing()),
    }
    questions = []
    for name, ask in asked.items():
        seconds, answers = [], []
        for _ in range(_ASKED):
            began = time.perf_counter()
            answers.append(ask())
            seconds.append(time.perf_counter() - began)
        questions.append(
            Question(
                name=name,
                median_us=statistics.median(seconds) * 1e6,
                most_us=max(seconds) * 1e6,
                answers=statistics.mean(answers),
            )
        )
    return questions


async def _recovery(settings: Settings, directory: Path, count: int) -> tuple[float, float]:
    """Seconds to open a partition of so many entries with its file, and without."""
    here, elsewhere = (msgspec.structs.replace(settings, data_dir=str(directory / name)) for name in ("one", "two"))
    store = LedgerStore(0, here, Metrics(CollectorRegistry()))
    await store.open()
    entries = _entries(count, of=count)
    for position in range(_FILL, count + _FILL, _FILL):
        store.ledger.begin()
        for entry in (entry for _, entry in zip(range(_FILL), entries, strict=False)):
            store.ledger.put(entry)
        await store.commit([], position)
    await store.close()
    return await _opened(here, count), await _opened(elsewhere, count)


async def _opened(settings: Settings, count: int) -> float:
    store = LedgerStore(0, settings, Metrics(CollectorRegistry()))
    began = time.monotonic()
    await store.open()
    seconds = time.monotonic() - began
    assert len(store.ledger) == count, f"{len(store.ledger)} of {count} entries came back"
    await store.close()
    return seconds


def _memory() -> tuple[int, int]:
    """Resident bytes, now and at most."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines["VmRSS"].split()[0]) * 1_024, int(lines["VmHWM"].split()[0]) * 1_024


def _run(job: _Job, settings: Settings) -> LedgerFigure:
    directory = Path(job.directory)
    ledger = SqliteLedger(directory / "full.sqlite")
    rate, cpu_us = _fill(ledger, job.entries)
    questions = _questions(ledger, job.entries)
    resident, peak = _memory()
    disk = ledger.size_bytes
    assert len(ledger) == job.entries
    ledger.close()
    (directory / "full.sqlite").unlink()
    reopened, rebuilt = asyncio.run(_recovery(settings, directory, job.recovered))
    return LedgerFigure(
        entries=job.entries,
        entries_per_second=rate,
        cpu_us=cpu_us,
        resident_bytes=resident,
        peak_bytes=peak,
        disk_bytes=disk,
        questions=questions,
        recovered_entries=job.recovered,
        reopened_seconds=reopened,
        rebuilt_seconds=rebuilt,
    )


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(_run(msgspec.json.decode(sys.argv[1], type=_Job), load_settings())))
