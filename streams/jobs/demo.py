"""A whole run of the real pipeline: topics, roster, workers, ingestion, and at the end everything it wrote.

Works under a topic prefix of its own and removes its topics afterwards, so it can run beside others on one broker.
"""

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

import msgspec
from msgspec import Struct

from streams.core.backtest import Results
from streams.core.rosters.roster import Roster
from streams.core.screening.account_index import AccountIndex
from streams.core.screening.gone_quotes import GoneQuotes
from streams.core.screening.roster_use import RosterFinding, RosterUse
from streams.core.screening.skipped_events import SkippedEvents, is_worth_reading_again
from streams.core.tracked import decode_tracked
from streams.deadletters import DeadLetter, Reason
from streams.errors import ConfigurationError
from streams.events import RAW_TOPICS
from streams.formats.reader import FormatReader
from streams.formats.tally import Tally
from streams.jobs.collection import collect_results, sample_letters
from streams.jobs.drain import StalledError, wait_until_drained
from streams.jobs.event_spool import EventSpool
from streams.jobs.ingestion import Ingestion, ingest_again, ingest_in_order
from streams.jobs.reading import FileAccount
from streams.jobs.scratch import scratch_folder
from streams.jobs.workers import Workers
from streams.kafka.administration import create_topics, delete_topics
from streams.kafka.embedded import EMBEDDED_SESSION_TIMEOUT_SECONDS, EmbeddedBroker
from streams.kafka.reading import read_topic
from streams.kafka.roster_topic import publish_roster
from streams.settings import Secret, Settings
from streams.topic_names import TRACKED_ACCOUNTS

__all__ = ["DemoRun", "Stages", "demo_broker", "run_demo"]

_COMMIT_SECONDS = 0.3  # the run waits for commits, so they had better be frequent


class Stages(Protocol):
    """Is told how the run comes along."""

    def stage(self, text: str) -> None:
        """Something begins."""

    def ingesting(self, path: str, consumed_bytes: int, total_bytes: int | None, lines: int) -> None:
        """So much of a file has been read."""

    def draining(self, remaining: int) -> None:
        """So many records are still to be dealt with."""


class DemoRun(Struct, frozen=True, kw_only=True):
    """What the pipeline found, the account of the lines of all files and of each, and how long ingestion and the whole
    took. `roster` is what the run shows of the roster, `unknown_quotes` how many quotes by officials count for
    no account.

    `refused` counts all dead letters by reason; `letters` are the first of each (see `LetterSample`).
    """

    results: Results
    tally: Tally
    files: list[FileAccount]
    roster: list[RosterFinding]
    unknown_quotes: int
    letters: list[DeadLetter]
    refused: Counter[Reason]
    seconds: float
    ingest_seconds: float


@contextmanager
def demo_broker(broker: str, settings: Settings, workers: int) -> Iterator[Settings]:
    """Settings for a run: under a fresh prefix, on the embedded broker (`embedded`) or the one at HOST:PORT."""
    with scratch_folder() as data_dir:
        yield from _demo_settings(broker, settings, workers, str(data_dir))


def _demo_settings(broker: str, settings: Settings, workers: int, data_dir: str) -> Iterator[Settings]:
    fresh = msgspec.structs.replace(
        settings,
        data_dir=data_dir,
        topic_prefix=f"{settings.topic_prefix}demo-{secrets.token_hex(4)}-",
        commit_interval_seconds=_COMMIT_SECONDS,
        metrics_port=0,
        canary_interval_seconds=0.0,  # its figures are those of the files
        unengaged_days=3_650,  # which it judges whole
        unengaged_profile_days=3_650,
        dead_letter_run=2**31,  # it reads to the end, as the backtest does
        dead_letter_share=1.0,
        aftermath_withhold_deleted="",  # it shows what is in the files
        alertmanager_urls=Secret(""),  # a demonstration is no reason to call anybody
    )
    if broker != "embedded":
        yield msgspec.structs.replace(fresh, broker=broker, session_timeout_seconds=10.0)
        return
    if workers != 1:
        raise ConfigurationError(
            f"--workers {workers}: the embedded broker serves one worker",
            remedy="leave out --workers, or name a real Kafka with --broker HOST:PORT",
        )
    with EmbeddedBroker() as embedded:
        yield msgspec.structs.replace(
            fresh,
            broker=embedded.address,
            transactions=False,
            session_timeout_seconds=EMBEDDED_SESSION_TIMEOUT_SECONDS,
            security_protocol="PLAINTEXT",
        )


def run_demo(
    settings: Settings,
    paths: Sequence[str],
    readers: Sequence[FormatReader],
    roster: Roster,
    stages: Stages,
    *,
    workers: int = 1,
    raw_partitions: int | None = None,
    afterwards: Callable[[Settings], None] | None = None,
) -> DemoRun:
    """Run the pipeline over the files and return what it wrote. Nothing it started or created is left behind.

    `raw_partitions` overrides the partition count of every raw topic. `afterwards` is called while all topics are
    still there. Raises `InputError`, `BrokerError`, `WorkerDiedError`.
    """
    began = time.monotonic()
    partitions = {} if raw_partitions is None else dict.fromkeys(RAW_TOPICS.values(), raw_partitions)
    stages.stage("creating topics and publishing the roster")
    known, skipped, use = AccountIndex(roster), SkippedEvents(), RosterUse(roster)
    quotes = GoneQuotes(known)

    asyncio.run(create_topics(settings, partitions=partitions))
    spool = EventSpool()
    try:
        asyncio.run(publish_roster(settings, roster))
        with Workers(settings, workers) as crew:
            stages.stage(f"ingesting, with {workers} worker{'' if workers == 1 else 's'} behind")
            ingest_began = time.monotonic()
            done = asyncio.run(ingest_in_order(paths, readers, settings, spool, stages.ingesting))
            ingest_seconds = time.monotonic() - ingest_began
            _drain(settings, done, done.newest_us, crew, stages)
        for event in (spooled.event for spooled in spool):
            use.see(event)
            quotes.see(event)
            skipped.meet(event, known)
        asyncio.run(_meet_tracked(settings, known))
        if skipped.include_tracked(known):
            # Workers that start know every tracked account before they screen; those that ran learned of them too late.
            with Workers(settings, workers) as crew:
                stages.stage("reading once more what tracked accounts posted and deleted")
                missed = (each.event for each in spool if is_worth_reading_again(each.event, known))
                again = asyncio.run(ingest_again(missed, settings))
                _drain(settings, again, done.newest_us, crew, stages)
        stages.stage("collecting the enriched topics")
        results = asyncio.run(collect_results(settings))
        letters = asyncio.run(sample_letters(settings))
        if afterwards is not None:
            afterwards(settings)
    finally:
        spool.close()
        asyncio.run(delete_topics(settings))
    return DemoRun(
        results=results,
        tally=done.tally,
        files=done.files,
        roster=use.findings(),
        unknown_quotes=quotes.untied(results.amplifications),
        letters=letters.kept,
        refused=letters.counts,
        seconds=time.monotonic() - began,
        ingest_seconds=ingest_seconds,
    )


def _drain(settings: Settings, done: Ingestion, newest_us: int, crew: Workers, stages: Stages) -> None:
    stages.stage("waiting until everything is through")

    def watch(remaining: int) -> None:
        crew.check()
        stages.draining(remaining)

    try:
        asyncio.run(wait_until_drained(settings, done.written, watch, newest_us=newest_us))
    except StalledError as error:
        raise StalledError(f"{error.message}. {crew.last_words()}", remedy=error.remedy) from error


async def _meet_tracked(settings: Settings, known: AccountIndex) -> None:
    async for record in read_topic(settings, TRACKED_ACCOUNTS):
        known.add(decode_tracked(record.value or b""))
