"""`antiphon collect x-compliance` as a process: subjects from dossiers, a job at a local X, events in a real Kafka.

`ANTIPHON_COLLECTOR_KILLS=50` is the long run.
"""

import asyncio
import os
from functools import partial
from pathlib import Path
from random import Random

import msgspec
import pytest

from streams.events import Suspension
from streams.kafka.batch_writer import OutgoingRecord
from streams.kafka.client import started_producer
from streams.settings import Settings
from tests.collectors.collecting import events_of, kill_after_claim, settings_for, shut_out, wait_until
from tests.collectors.collector_process import CollectorProcesses
from tools.kafka.running_broker import RunningBroker
from tools.servers.local_server import Fail, in_a_thread
from tools.servers.x import TOKEN, X

_KILLS = int(os.environ.get("ANTIPHON_COLLECTOR_KILLS", "1"))


def _dossier(subject: str, status: str | None = None, at: str = "2026-11-27T00:00:00Z") -> OutgoingRecord:
    value = {"platform": "twitter", "subject": {"id": subject}, "last_amplified_at": at}
    value |= {} if status is None else {"suspension": {"status": status}}
    return OutgoingRecord("dossiers", f"twitter:{subject}".encode(), msgspec.json.encode(value), partition=0)


async def _write(settings: Settings, *records: OutgoingRecord) -> None:
    async with started_producer(settings) as client:
        for each in records:
            await client.send_and_wait(settings.topic(each.topic), each.value, key=each.key, partition=0)


def _noticed(settings: Settings) -> list[tuple[str, str]]:
    found = events_of(settings, "suspensions")
    return [(each.actor.id, each.status) for each in found if isinstance(each, Suspension)]


def test_a_job_asks_after_the_subjects_and_tells_what_changed(
    kafka: RunningBroker, topic_prefix: str, tmp_path: Path
) -> None:
    """The token goes to X and never to its storage; a failure of X in the middle is tried again."""
    settings = settings_for(kafka.address, topic_prefix)
    long_ago = _dossier("14", at="2020-01-01T00:00:00Z")
    asyncio.run(_write(settings, _dossier("11"), _dossier("12"), _dossier("13", "suspended"), long_ago))
    server = X()
    server.unavailable = {"11": "suspended", "12": "protected", "13": "suspended"}
    server.faults = [Fail(503)]
    own = {"base_url": server.url, "token": TOKEN, "every_hours": 0.001, "poll_seconds": 0.05}
    with in_a_thread(server):
        own["base_url"] = server.url
        with CollectorProcesses("x-compliance", settings, tmp_path, own).running() as subject:
            wait_until("it is noticed", partial(_noticed, settings), log=lambda: subject.log)
            assert _noticed(settings) == [("11", "suspended")]
            del server.unavailable["13"]
            wait_until("he is back", lambda: ("13", "reinstated") in _noticed(settings), log=lambda: subject.log)
    assert next(iter(server.uploads.values())).split() == [b"11", b"12", b"13"]
    assert server.tokens_at_storage == 0
    assert {job["type"] for job in server.jobs.values()} == {"users"}
    assert server.beyond.total() == 0


@pytest.mark.timeout(600 + 15 * _KILLS)
def test_kills_between_and_in_the_middle_of_jobs_tell_of_every_account_once(
    kafka: RunningBroker, topic_prefix: str, tmp_path: Path
) -> None:
    """One more account goes before each kill. What was told is known, as TRACK would make it known, before the next."""
    settings = settings_for(kafka.address, topic_prefix)
    accounts = [str(1_000 + number) for number in range(_KILLS + 1)]
    asyncio.run(_write(settings, *map(_dossier, accounts)))
    random, server = Random(55), X(limits={"POST /2/compliance/jobs": 100_000, "GET /2/compliance/jobs/:id": 100_000})
    server.polls_until_complete = 8
    known: set[str] = set()

    def learn() -> None:
        gone = {named for named, _status in _noticed(settings)} - known
        asyncio.run(_write(settings, *[_dossier(each, "suspended") for each in gone]))
        known.update(gone)

    with in_a_thread(server):
        own = {"base_url": server.url, "token": TOKEN, "every_hours": 0.001, "poll_seconds": 0.05}
        processes = CollectorProcesses("x-compliance", settings, tmp_path, own)
        for account in accounts[:-1]:
            server.unavailable[account] = "suspended"
            kill_after_claim(processes, random.uniform(0.0, 2.0))
            shut_out(settings, "x-compliance", "x-compliance")
            learn()
        server.unavailable[accounts[-1]] = "suspended"
        with processes.running() as subject:
            wait_until("all are told", lambda: len(_noticed(settings)) >= len(accounts), log=lambda: subject.log)
    assert sorted(_noticed(settings)) == [(each, "suspended") for each in accounts]
    broken_off = [job for job in server.jobs.values() if job["status"] != "complete"]
    assert len(broken_off) >= _KILLS // 10
    assert server.tokens_at_storage == 0
