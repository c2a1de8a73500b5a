"""Antiphon's worker, with every rule and transactions: the agents of the peers' job, or all. Seen from outside only."""

import asyncio
import re
import sys
import urllib.request
from collections.abc import Callable, Iterable, Sequence
from typing import IO, Final

import msgspec

from bench.implementations.implementation import WARM_UP_SHARE, Progress, RunningImplementation
from bench.tally import Figures
from bench.workload import Workload, committed
from bench.world import RAW_NAMES
from streams.core.enriched import Dossier
from streams.jobs.collection import collect
from streams.jobs.workers import environment_of
from streams.kafka.administration import create_topics, remove_topics
from streams.kafka.child_process import start_child
from streams.kafka.client import admin
from streams.kafka.loopback import free_port
from streams.settings import Settings
from streams.topics import TOPICS

__all__ = ["Antiphon", "amplified_figures"]

_RECORDS: Final = re.compile(rb'^antiphon_records_total\{topic="([a-z-]+)"\} ([0-9.e+]+)$', re.MULTILINE)
_PUBLISHED: Final = re.compile(rb'^antiphon_outputs_total\{topic="amplifications"\} ([0-9.e+]+)$', re.MULTILINE)
_NAMES: Final = "name[]=antiphon_records_total&name[]=antiphon_outputs_total"
_TIMEOUT_SECONDS: Final = 10.0
_WITH_WATCH: Final = (sys.executable, "-m", "streams.cli.main", "worker")
_WITHOUT_WATCH: Final = (sys.executable, "-m", "bench.worker_without_watch")


class Antiphon:
    """`antiphon worker`, or one without WATCH, with default settings; how far it is says its Prometheus port.

    The peers' job is that of SCREEN and TRACK. With WATCH it also keeps a ledger of all that officials post, which is
    no part of that job: shown beside, so that its cost is known.
    """

    does_the_job = True
    share: int | None = None
    seconds = 0.0

    def __init__(self, *, with_watch: bool = False) -> None:
        self._with_watch = with_watch
        self.name = "antiphon-all" if with_watch else "antiphon"
        also = ", and WATCH with its ledger" if with_watch else ""
        self.description = f"antiphon worker: SCREEN, TRACK, rules, transactions{also}"

    def prepare(self, workload: Workload, trial: str) -> None:
        """Fresh topics for everything it writes: it would go on from an earlier trial's states otherwise."""
        asyncio.run(_empty_outputs(workload.settings))

    def start(self, workload: Workload, trial: str, log: IO[bytes]) -> RunningImplementation:
        """A worker of a group of its own."""
        port = free_port()
        settings = msgspec.structs.replace(
            _of_trial(workload, trial),
            metrics_port=port,
            data_dir=str(workload.scratch),
            canary_interval_seconds=0.0,
        )
        command = _WITH_WATCH if self._with_watch else _WITHOUT_WATCH
        process = start_child(list(command), output=log, env=environment_of(settings))
        stages = ["subject-events", "country-events"] if self._with_watch else ["subject-events"]
        return RunningImplementation(
            process=process, progress=_progress(port, stages, due=len(workload.tally.amplified))
        )

    def complaints(self, workload: Workload, trial: str, progress: Progress) -> list[str]:
        """Every amplification once, the dossiers' figures, all offsets committed, nothing refused."""
        settings = _of_trial(workload, trial)
        results, letters = asyncio.run(collect(settings))
        done = asyncio.run(committed(settings, settings.group, workload.tally.ends))
        wrong = workload.tally.complaints(
            reported=[amplification.id for amplification in results.amplifications],
            figures=amplified_figures(results.dossiers.values()),
            read_up_to=done,
        )
        if done != workload.tally.ends:
            wrong.append(f"committed {sum(done.values())} events instead of {workload.tally.events}")
        if letters:
            wrong.append(f"{len(letters)} dead letters")
        return wrong


def amplified_figures(dossiers: Iterable[Dossier]) -> dict[str, Figures]:
    """Of the subjects that were amplified: one that officials only answer or mention has a dossier too."""
    counted = {
        dossier.subject.id: Figures(dossier.totals.retweet + dossier.totals.quote, dossier.distinct_officials)
        for dossier in dossiers
    }
    return {subject: figures for subject, figures in counted.items() if figures.amplifications}


def _of_trial(workload: Workload, trial: str) -> Settings:
    return msgspec.structs.replace(workload.settings, app_id=trial)


def _progress(port: int, stages: Sequence[str], due: int) -> Callable[[], Progress]:
    def read() -> Progress:
        try:
            # Two series of hundreds: whoever looks often is not to be a part of what it measures.
            address = f"http://127.0.0.1:{port}/metrics?{_NAMES}"
            with urllib.request.urlopen(address, timeout=_TIMEOUT_SECONDS) as answer:
                metrics = answer.read()
        except OSError:
            return Progress(0, is_warm=False, is_finished=False)  # not up yet, or ending
        counts = {topic.decode(): int(float(count)) for topic, count in _RECORDS.findall(metrics)}
        followed_up = min(counts.get(stage, 0) for stage in stages)
        published = sum(int(float(count)) for count in _PUBLISHED.findall(metrics))
        return Progress(
            sum(counts.get(name, 0) for name in RAW_NAMES),
            is_warm=followed_up >= due * WARM_UP_SHARE,  # before that TRACK opens its subject stores
            # Both: records of internal topics are ticks, replies and mentions, too; amplifications count when they are
            # committed, and a worker that is stopped before leaves its last transaction to the next owner.
            is_finished=followed_up >= due and published >= due,
        )

    return read


async def _empty_outputs(settings: Settings) -> None:
    """Delete what earlier trials wrote and create it again."""
    written = [settings.topic(topic.name) for topic in TOPICS if topic.role in ("internal", "enriched")]
    async with admin(settings) as client:
        existing = set(await client.list_topics())
        await remove_topics(client, [name for name in written if name in existing])
    states = await create_topics(settings)
    assert all(state.partitions for state in states), "a topic was not recreated"
