"""`antiphon collect x-activity` and `x-filtered` as processes, from a local X to a real Kafka: killed, without money.

`ANTIPHON_COLLECTOR_KILLS=50` is the long run.
"""

import asyncio
import json
import os
import threading
import time
from collections import Counter
from contextlib import closing
from functools import partial
from pathlib import Path
from random import Random
from typing import Any
from urllib.request import urlopen

import pytest
from click.testing import CliRunner

from streams.cli.main import cli
from streams.collectors.budget import spending_in
from streams.events import Coverage
from streams.kafka.loopback import free_port
from streams.kafka.roster_topic import publish_roster
from streams.settings import Settings
from tests.collectors.collecting import cursor_of, events_of, kill_after_claim, settings_for, shut_out, wait_until
from tests.collectors.collector_process import CollectorProcesses
from tests.collectors.x.x_rig import roster_of
from tests.e2e.hurry import hurrying_prometheus
from tests.ops.alertmanager import require_alertmanager
from tests.ops.prometheus import require_prometheus
from tests.ops.shipped import shipped_config
from tests.worker.running_worker import Subject
from tools.alertmanager import Alertmanager, Receiver
from tools.kafka.running_broker import RunningBroker
from tools.servers.local_server import in_a_thread
from tools.servers.x import TOKEN, X

_KILLS = int(os.environ.get("ANTIPHON_COLLECTOR_KILLS", "2"))
_IN_LONG_RUNS = ["x-filtered"] if _KILLS >= 10 else []  # of one code but for its rules
_PRICE = 5_000
_ALERT = "AntiphonCollectorBudget"


def _x() -> X:
    server = X(limits={"GET /2/tweets/search/stream": 10_000})  # of 50 in 15 minutes, as often as it is started here
    server.keep_alive = 0.2
    server.posts.add_user("111", "embassy")
    server.posts.add_user("222", "minister")
    server.posts.add_user("999", "outlet")
    return server


def _log(subject: Subject) -> str:
    return subject.log


def _processes(
    server: X, settings: Settings, directory: Path, name: str = "x-activity", **own: object
) -> CollectorProcesses:
    given = {"base_url": server.url, "token": TOKEN} | own
    return CollectorProcesses(name, settings, directory, given, transaction_interval_seconds=0)


@pytest.mark.timeout(600 + 15 * _KILLS)
@pytest.mark.parametrize("name", ["x-activity", *_IN_LONG_RUNS])
def test_kills_while_officials_post_lose_nothing_and_count_every_post_that_kafka_has(
    kafka: RunningBroker, topic_prefix: str, tmp_path: Path, name: str
) -> None:
    """Each post is there, those that a timeline told again have the same id, and all of them are paid for."""
    settings = settings_for(kafka.address, topic_prefix)
    asyncio.run(publish_roster(settings, roster_of("111", "222")))
    random, server, ended = Random(34), _x(), threading.Event()
    posts: list[dict[str, Any]] = []

    def act() -> None:
        """A post or a repost five times a second: X shows 3,200 of an official, also after 50 kills."""
        original = server.posts.post("999", "new voice")
        while not ended.wait(0.2):
            author = random.choice(["111", "222"])
            made = server.posts.post(author) if random.random() < 0.5 else server.posts.repost(author, original)
            posts.append(server.publish(made))

    with in_a_thread(server):
        money = {"day_usd": 10_000, "month_usd": 10_000, "back_fill_share": 1}
        processes = _processes(server, settings, tmp_path, name, **money)
        acting = threading.Thread(target=act)
        with processes.running() as subject:
            wait_until("X is asked", lambda: len(server.subscriptions) == 4 or server.rules, log=partial(_log, subject))
            wait_until("it holds the stream", lambda: server.streams == 1, log=partial(_log, subject))
            acting.start()
            wait_until("a post", lambda: events_of(settings, "posts"), log=partial(_log, subject))
        for _ in range(_KILLS):
            kill_after_claim(processes, random.uniform(0.0, 1.2))
            shut_out(settings, name, name)
        with processes.running() as subject:
            time.sleep(0.5)
            ended.set()
            acting.join()
            wanted = {each["id"] for each in posts}
            wait_until(
                "all is there",
                lambda: {each.id for each in events_of(settings, "posts", "retweets")} >= wanted,
                log=partial(_log, subject),
            )
    found = Counter(each.id for each in events_of(settings, "posts", "retweets"))
    assert set(found) == wanted
    assert len(set(server.posts.users)) == 3
    record = cursor_of(settings, f"{name}/{name}".encode())
    spending = spending_in(None if record is None else record.cursor_bytes)
    assert spending is not None
    assert spending.spent_month == found.total() * _PRICE
    assert server.beyond.total() == 0
    gaps = [each for each in events_of(settings, "coverage") if isinstance(each, Coverage) and each.officials is None]
    assert {each.closed_by for each in gaps if not each.seen and each.until} == {"back_fill"}


def test_a_dollar_ends_the_stream_pages_once_and_the_token_shows_nowhere(
    kafka: RunningBroker, topic_prefix: str, tmp_path: Path
) -> None:
    """200 posts are in Kafka, the gap is on coverage, and a restart neither gives the dollar back nor pages again:
    with the shipped rules, twelve times as fast, and the shipped routes.
    """
    require_alertmanager()
    require_prometheus()
    port = free_port()
    settings = settings_for(kafka.address, topic_prefix, metrics_port=port, log_level="debug")
    asyncio.run(publish_roster(settings, roster_of("111", "222")))
    server, token_file = _x(), tmp_path / "token"
    token_file.write_text(TOKEN + "\n", encoding="utf-8")
    shown: list[str] = []

    def gap() -> list[Coverage]:
        found = [each for each in events_of(settings, "coverage") if isinstance(each, Coverage)]
        return [each for each in found if each.reason == "budget"]

    with (
        in_a_thread(server),
        Receiver() as on_call,
        Alertmanager(shipped_config({"on-call": on_call.url})) as alertmanager,
        hurrying_prometheus(tmp_path, [alertmanager.url], collectors=[f"127.0.0.1:{port}"]) as prometheus,
    ):

        def pages() -> list[dict[str, Any]]:
            return [each for each in on_call.messages if each["commonLabels"]["alertname"] == _ALERT]

        def judged() -> float:
            """How often the rule fired."""
            found = prometheus.query(f'count_over_time(ALERTS{{alertname="{_ALERT}",alertstate="firing"}}[5m])')
            return float(found[0]["value"][1]) if found else 0.0

        processes = _processes(server, settings, tmp_path, token="", token_file=token_file, day_usd=1)
        with processes.running() as subject:
            wait_until("it holds the stream", lambda: server.streams == 1, log=partial(_log, subject))
            wait_until("it is subscribed", lambda: len(server.subscriptions) == 4, log=partial(_log, subject))
            for _ in range(230):
                server.publish(server.posts.post("111"))
            wait_until("the gap is told", gap, log=partial(_log, subject))
            wait_until("the page", pages)
            shown += [_get(port, "/metrics"), Path(f"/proc/{subject.process.pid}/cmdline").read_text(encoding="utf-8")]
        with processes.running() as subject:
            wait_until(
                "it says so",
                lambda: (
                    'collector_budget_spent{collector="x-activity",source="x-activity"} 1.0' in _get(port, "/metrics")
                ),
            )
            before = judged()
            wait_until("the rule is judged again and again", lambda: judged() >= before + 2)
            shown.append(_get(port, "/metrics"))
            assert 'spent_usd{collector="x-activity",period="day",source="x-activity"} 1.0' in shown[-1]
            assert len(server.opened_at) == 1, "it asks for nothing more"
    [page] = pages()
    assert (page["status"], page["receiver"]) == ("firing", "on-call")
    assert "budget of the source x-activity" in page["commonAnnotations"]["summary"]
    assert len(events_of(settings, "posts")) == 200
    assert [(each.seen, each.until) for each in gap()] == [(False, None)]
    listed = CliRunner().invoke(
        cli, ["sources", "--json", "--broker", kafka.address], env={"ANTIPHON_TOPIC_PREFIX": topic_prefix}
    )
    assert listed.exit_code == 0, listed.output
    assert json.loads(listed.stdout)["sources"][0]["budget"] == {
        "day_spent_usd": 1.0,
        "day_usd": 1.0,
        "month_spent_usd": 1.0,
        "month_usd": 100.0,
    }
    shown += [path.read_text(encoding="utf-8") for path in tmp_path.glob("*.log")]
    assert len(shown) == 5
    for text in shown:
        assert TOKEN not in text
        assert TOKEN[:30] not in text


def test_a_refused_token_is_in_no_log_and_no_traceback(kafka: RunningBroker, topic_prefix: str, tmp_path: Path) -> None:
    settings = settings_for(kafka.address, topic_prefix, log_level="debug")
    asyncio.run(publish_roster(settings, roster_of("111")))
    server, token = _x(), "not-the-token-that-x-knows-7e7e7e"
    with in_a_thread(server), _processes(server, settings, tmp_path, token=token).running() as subject:
        wait_until("it is refused", lambda: "reason=key_refused" in subject.log and "app's bearer token" in subject.log)
        subject.process.terminate()
        subject.process.wait(20)
        assert token not in subject.log


def _get(port: int, path: str) -> str:
    try:
        with closing(urlopen(f"http://127.0.0.1:{port}{path}", timeout=5)) as answer:
            text: str = answer.read().decode()
            return text
    except OSError:
        return ""
