"""`antiphon collect enrich` as a process on a real Kafka: what it learns reaches the raw topics."""

import asyncio
import sys
from pathlib import Path

from streams.events import Coverage, Profile
from streams.jobs.workers import environment_of
from streams.kafka.child_process import start_child, stop_child
from streams.kafka.loopback import free_port
from tests.collectors.bluesky.enriching import amplification, dossier, write
from tests.collectors.collecting import events_of, settings_for, wait_until
from tools.kafka.running_broker import RunningBroker
from tools.servers.appview import AppView
from tools.servers.bluesky_accounts import Accounts, LocalAccount, plc_did
from tools.servers.local_server import in_a_thread
from tools.servers.plc import Directory


def test_accounts_are_looked_up_once_and_their_coverage_is_nobodys(
    kafka: RunningBroker, topic_prefix: str, tmp_path: Path
) -> None:
    """A source that sees no posts says nothing of what was seen: no record on `coverage` when it starts and stops."""
    settings = settings_for(kafka.address, topic_prefix, metrics_port=free_port())
    accounts = Accounts(*(LocalAccount(did=plc_did(f"s{n}"), handle=f"s{n}.example", followers=n) for n in range(40)))
    dids = list(accounts.by_did)
    asyncio.run(write(settings, [*map(dossier, dids[:30]), *map(amplification, dids[:30])]))
    appview, directory = AppView(accounts), Directory(accounts)
    log = tmp_path / "enrich.log"
    with in_a_thread(appview, directory):
        environment = environment_of(settings) | {
            "ANTIPHON_COLLECT_ENRICH_APPVIEW": appview.url,
            "ANTIPHON_COLLECT_ENRICH_DIRECTORY": directory.url,
        }
        command = [sys.executable, "-m", "streams.cli.main", "collect", "enrich"]
        with log.open("wb") as output:
            process = start_child(command, output=output, env=environment)
        try:
            wait_until("30 are known", lambda: len(events_of(settings, "profiles")) == 60, log=log.read_text)
            asyncio.run(write(settings, map(amplification, dids)))
            wait_until("10 more are", lambda: len(events_of(settings, "profiles")) == 80, log=log.read_text)
        finally:
            stop_child(process, timeout_seconds=20)
        assert process.returncode == 0, log.read_text()
    profiles = [event for event in events_of(settings, "profiles") if isinstance(event, Profile)]
    assert sorted(each.actor.followers for each in profiles if each.actor.followers is not None) == list(range(40))
    assert sum(each.actor.created_at_source == "directory" for each in profiles) == 40
    assert not [event for event in events_of(settings, "coverage") if isinstance(event, Coverage)]
