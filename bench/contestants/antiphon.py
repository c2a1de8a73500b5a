"""Antiphon's worker as anybody starts it: SCREEN and TRACK, every rule, transactions. Seen from outside only."""

import asyncio
import re
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import IO, Final

import msgspec

from bench.contestants.contestant import WARM_UP_SHARE, Entrant, Progress
from bench.course import Course, committed
from bench.tally import Figures
from bench.world import RAW_NAMES
from streams.brokers.administration import create_topics
from streams.brokers.client import admin
from streams.brokers.leash import start_leashed
from streams.brokers.loopback import free_port
from streams.runs.collection import collect
from streams.runs.workers import environment_of
from streams.settings import Settings
from streams.topics import TOPICS

__all__ = ["Antiphon"]

_RECORDS: Final = re.compile(rb'^antiphon_records_total\{topic="([a-z-]+)"\} ([0-9.e+]+)$', re.MULTILINE)
_TIMEOUT_SECONDS: Final = 10.0


class Antiphon:
    """`antiphon worker` with its default settings; how far it is says its Prometheus port."""

    name = "antiphon"
    description = "antiphon worker: SCREEN, TRACK, rules, transactions"
    does_the_job = True
    share: int | None = None
    seconds = 0.0

    def prepare(self, course: Course, lap: str) -> None:
        """Fresh topics for everything it writes: it would go on from an earlier lap's states otherwise."""
        asyncio.run(_empty_outputs(course.settings))

    def start(self, course: Course, lap: str, log: IO[bytes]) -> Entrant:
        """A worker of a group of its own."""
        port = free_port()
        settings = msgspec.structs.replace(_of_lap(course, lap), metrics_port=port)
        command = [sys.executable, "-m", "streams.cli.main", "worker"]
        process = start_leashed(command, output=log, env=environment_of(settings))
        return Entrant(process=process, progress=_progress(port, due=len(course.tally.amplified)))

    def complaints(self, course: Course, lap: str, progress: Progress) -> list[str]:
        """Every amplification once, the dossiers' figures, all offsets committed, nothing refused."""
        settings = _of_lap(course, lap)
        results, letters = asyncio.run(collect(settings))
        done = asyncio.run(committed(settings, settings.group, course.tally.ends))
        wrong = course.tally.complaints(
            told=[amplification.id for amplification in results.amplifications],
            figures={
                dossier.subject.id: Figures(dossier.totals.retweet + dossier.totals.quote, dossier.distinct_officials)
                for dossier in results.dossiers.values()
            },
            read_up_to=done,
        )
        if done != course.tally.ends:
            wrong.append(f"committed {sum(done.values())} events instead of {course.tally.events}")
        if letters:
            wrong.append(f"{len(letters)} dead letters")
        return wrong


def _of_lap(course: Course, lap: str) -> Settings:
    return msgspec.structs.replace(course.settings, app_id=lap)


def _progress(port: int, due: int) -> Callable[[], Progress]:
    def read() -> Progress:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=_TIMEOUT_SECONDS) as answer:
                counts = {topic.decode(): int(float(count)) for topic, count in _RECORDS.findall(answer.read())}
        except urllib.error.URLError:
            return Progress(0, is_warm=False, is_settled=False)  # not up yet
        tracked = counts.get("subject-events", 0)
        return Progress(
            sum(counts.get(name, 0) for name in RAW_NAMES),
            is_warm=tracked >= due * WARM_UP_SHARE,  # before that TRACK opens its shards
            is_settled=tracked >= due,
        )

    return read


async def _empty_outputs(settings: Settings) -> None:
    """Delete what earlier laps wrote and create it anew."""
    written = [settings.topic(topic.name) for topic in TOPICS if topic.role in ("internal", "enriched")]
    async with admin(settings) as client:
        existing = set(await client.list_topics())
        await client.delete_topics([name for name in written if name in existing])
    states = await create_topics(settings)
    assert all(state.partitions for state in states), "a topic was not created anew"
