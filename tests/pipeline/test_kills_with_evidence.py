"""`kill -9` of the worker and of the broker while the case flows and rosters are published: no alert without evidence.

`ANTIPHON_EVIDENCE_KILLS=50` is the long run (`make kills`).
"""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
from msgspec.structs import replace

from streams.cases import KHAMENEI_SITE
from streams.core.clock import to_us
from streams.core.rosters.roster import Roster
from streams.core.rosters.roster_file import parse_roster
from streams.core.screening.account_index import AccountIndex
from streams.core.tracked import decode_tracked
from streams.events import decode_event
from streams.kafka.administration import create_topics
from streams.kafka.batch_writer import OutgoingRecord
from streams.kafka.evidence_reading import kept_evidence
from streams.kafka.failures import BrokerError
from streams.kafka.raw_record import raw_record
from streams.kafka.reading import read_topic
from streams.kafka.roster_topic import publish_roster
from streams.settings import Settings
from streams.topics import TOPICS
from tests.chaos.backstage import Backstage
from tests.chaos.source import Source
from tests.pipeline.crew import Crew
from tests.pipeline.kept import evidence_flaws
from tools.kafka.node import Kafka

_KILLS = int(os.environ.get("ANTIPHON_EVIDENCE_KILLS", "4"))
_VICTIMS = ("worker", "broker", "both")
_SPREAD_SECONDS = 1.5  # over which a part of the case is written, and within which a kill comes
_STILL_SECONDS = 120.0
_BACK_SECONDS = 60.0
_PATRON = "twitter:90000001009"


def _events() -> list[OutgoingRecord]:
    lines = KHAMENEI_SITE.events.read_bytes().splitlines()
    return [raw_record(decode_event(line)) for line in lines if line]


def _rosters() -> tuple[Roster, Roster, Roster]:
    """That of the case, one without the leader's Persian account, and that of the case with another name on it."""
    whole = parse_roster(KHAMENEI_SITE.roster.read_bytes(), "roster.csv")
    without = Roster(entry for entry in whole.entries if entry.account_key != _PATRON)
    first, *others = whole.entries
    return whole, without, Roster([replace(first, name="Somebody"), *others])


class _Replay:
    """The case on its way through a pipeline whose worker and broker are killed."""

    def __init__(self, kafka: Kafka, directory: Path, backstage: Backstage) -> None:
        self.killed: Counter[str] = Counter()
        self.settings = Settings(
            broker=kafka.address,
            topic_prefix="kills-",
            session_timeout_seconds=2.0,
            delivery_timeout_seconds=5.0,
            commit_interval_seconds=0.2,
            fetch_max_records=20,
            canary_interval_seconds=0.0,
            unengaged_days=3_650,
            unengaged_profile_days=3_650,
            data_dir=str(directory / "state"),
        )
        self.crew = Crew(self.settings, directory)
        self._source = Source(self.settings)
        self._kafka, self._backstage = kafka, backstage
        self._random = Random(_KILLS)
        asyncio.run(create_topics(self.settings, partitions={topic.name: 1 for topic in TOPICS}))

    def start(self) -> None:
        self._backstage.start(self._source.run())
        self.crew.add()

    def write(self, records: list[OutgoingRecord], seconds: float) -> None:
        self._backstage.call(self._source.feed(records, seconds))

    def kill(self, victim: str) -> None:
        """At a random moment, and again as soon as it is back."""
        time.sleep(self._random.uniform(0.0, _SPREAD_SECONDS))
        if victim in ("broker", "both"):
            self._kafka.kill()
        if victim in ("worker", "both"):
            self.crew.kill_one(self._random)
        if victim in ("broker", "both"):
            time.sleep(self._random.uniform(0.0, 0.5))
            self._kafka.start()
        self.killed[victim] += 1
        self.crew.replace_dead()

    def publish(self, roster: Roster, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Until it is in force: whoever publishes repeats it."""
        publication = self._backstage.start(publish_roster(self.settings, roster))
        meanwhile()
        deadline = time.monotonic() + _BACK_SECONDS
        while True:
            try:
                publication.result(_BACK_SECONDS)
            except BrokerError:
                assert time.monotonic() < deadline
                publication = self._backstage.start(publish_roster(self.settings, roster))
            else:
                return

    def drain(self, newest_us: int) -> None:
        """Until everything written is through."""
        self._wait_until_written()
        self.crew.wait_until_drained(self.settings, self._source.written, newest_us, _STILL_SECONDS)

    def _wait_until_written(self) -> None:
        deadline = time.monotonic() + _STILL_SECONDS
        while self._source.backlog:
            assert time.monotonic() < deadline, f"the source cannot write\n{self.crew.logs()}"
            self.crew.replace_dead()
            time.sleep(0.1)


@pytest.fixture
def replay(own_kafka: Kafka, tmp_path: Path) -> Iterator[_Replay]:
    backstage = Backstage()
    replay = _Replay(own_kafka, tmp_path, backstage)
    try:
        yield replay
    finally:
        replay.crew.dismiss_all()
        backstage.close()


async def _known_in_the_end(settings: Settings, roster: Roster) -> AccountIndex:
    known = AccountIndex(roster)
    async for record in read_topic(settings, "tracked-accounts"):
        if record.value is not None:
            known.add(decode_tracked(record.value))
    return known


@pytest.mark.timeout(600 + 40 * _KILLS)
def test_no_alert_stands_without_its_evidence_whenever_worker_and_broker_are_killed(replay: _Replay) -> None:
    """Events, versions of alerts, rules, and the three rosters that were in force: all of it is there in the end."""
    events = _events()
    newest_us = max(to_us(decode_event(record.value or b"").at) for record in events)
    whole, without, renamed = _rosters()
    replay.publish(whole)
    replay.start()
    publications = {_KILLS // 3: without, 2 * _KILLS // 3: renamed}
    for number in range(_KILLS):
        victim = _VICTIMS[number % len(_VICTIMS)]
        part = events[number * len(events) // _KILLS : (number + 1) * len(events) // _KILLS]
        replay.write(part, _SPREAD_SECONDS)
        if number in publications:
            replay.publish(publications[number], lambda: replay.kill(victim))  # noqa: B023 - at once
        else:
            replay.kill(victim)
    replay.drain(newest_us)
    # What officials did while one of them was not on the roster, and what accounts posted before they were followed.
    replay.write(events, 0.0)
    replay.drain(newest_us)

    known = asyncio.run(_known_in_the_end(replay.settings, renamed))
    flaws = asyncio.run(evidence_flaws(replay.settings, known, 2**60))
    assert {what: wrong for what, (_, wrong) in flaws.items() if wrong} == {}
    compared = {what: count for what, (count, _) in flaws.items()}
    print(f"{replay.killed}, compared: {compared}")  # noqa: T201  # pytest -s shows what the long run met
    assert compared["alerts proved"] >= 4
    assert compared["events kept"] > 100
    kept = asyncio.run(kept_evidence(replay.settings, lambda key: key.kind == "roster"))
    assert {key.digest for key in kept} == {whole.digest, without.digest, renamed.digest}
    assert sum(replay.killed.values()) == _KILLS
