"""`antiphon worker`: says what is missing before it starts, works, and ends as it was asked to."""

import asyncio
import json
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from streams.events import Account
from streams.kafka.administration import create_topics
from streams.kafka.client import producer
from streams.kafka.dead_letter_topic import read_dead_letters
from streams.kafka.embedded import EMBEDDED_SESSION_TIMEOUT_SECONDS
from streams.kafka.loopback import free_port
from streams.kafka.roster_topic import publish_roster
from streams.settings import Settings
from streams.topics import TOPICS
from tests.cli.terminal import PROGRAM, clean_environment, obeyed, run
from tests.core.stories import roster_of
from tests.kafka.traffic import create_topic
from tools.kafka.running_broker import RunningBroker

_READY_SECONDS = 40.0
_NOISE = ("Traceback", "Unclosed", "never retrieved", "was destroyed", "never awaited")
_ROSTER = roster_of([Account(id="1", handle="one")])


class _Worker:
    """A worker process whose log lines are JSON, kept in a file."""

    def __init__(self, log: Path, *arguments: str, **variables: str) -> None:
        self._log = log
        with log.open("wb") as file:
            self.process = subprocess.Popen(
                [*PROGRAM, "worker", "--log-format", "json", *arguments],
                stdout=subprocess.DEVNULL,
                stderr=file,
                env=clean_environment(**variables),
            )

    @property
    def lines(self) -> list[dict[str, Any]]:
        """What it has logged so far: every line is one JSON object."""
        text = self._log.read_text(encoding="utf-8")
        assert obeyed(text) == []
        return [json.loads(line) for line in text.splitlines()]

    @property
    def messages(self) -> list[str]:
        return [line["message"] for line in self.lines]

    def wait_for(self, message: str) -> None:
        """Wait until it has logged that; fails if it ends before."""
        deadline = time.monotonic() + _READY_SECONDS
        while message not in self._log.read_text(encoding="utf-8"):
            assert self.process.poll() is None, self._log.read_text(encoding="utf-8")
            assert time.monotonic() < deadline, self._log.read_text(encoding="utf-8")
            time.sleep(0.05)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Signal it and wait; its status."""
        self.process.send_signal(number)
        return self.process.wait(30)


@contextmanager
def _working(log: Path, *arguments: str, **variables: str) -> Iterator[_Worker]:
    worker = _Worker(log, *arguments, **variables)
    try:
        yield worker
    finally:
        worker.process.kill()
        worker.process.wait()


def _settings(broker: RunningBroker, prefix: str) -> Settings:
    return Settings(broker=broker.address, topic_prefix=prefix, transactions=broker.is_real_kafka)


def _variables(settings: Settings) -> dict[str, str]:
    # Without canaries: they open a subject store whenever it suits them, and say so.
    variables = {"ANTIPHON_BROKER": settings.broker, "ANTIPHON_TOPIC_PREFIX": settings.topic_prefix}
    variables["ANTIPHON_CANARY_INTERVAL_SECONDS"] = "0"
    if not settings.transactions:
        variables["ANTIPHON_TRANSACTIONS"] = "false"
        variables["ANTIPHON_SESSION_TIMEOUT_SECONDS"] = str(EMBEDDED_SESSION_TIMEOUT_SECONDS)
    return variables


def _send(settings: Settings, topic: str, values: list[bytes]) -> None:
    async def send() -> None:
        client = producer(settings)
        await client.start()
        try:
            await asyncio.gather(*[await client.send(settings.topic(topic), value) for value in values])
        finally:
            await client.stop()

    asyncio.run(send())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "arguments", "variables", "said"),
    [
        ("worker", ["--log-format", "json", "--broker", "127.0.0.1:1"], {}, "127.0.0.1:1"),
        ("worker", ["--app-id", "a b"], {"ANTIPHON_LOG_FORMAT": "json"}, "app_id"),
        ("worker", ["--log-format=json", "--no-such-option"], {}, "No such option"),
        ("worker", ["--rules", "/nowhere/rules.toml"], {"ANTIPHON_LOG_FORMAT": "json"}, "There is no rule file"),
        ("collect", ["nothing"], {"ANTIPHON_LOG_FORMAT": "json"}, "nothing"),
    ],
    ids=["no broker", "wrong setting", "wrong option", "no rules", "no collector"],
)
def test_what_keeps_a_service_from_starting_is_json_too(
    command: str, arguments: list[str], variables: dict[str, str], said: str
) -> None:
    """Who collects logs reads every line as one object, the first and the only ones, too."""
    done = subprocess.run(
        [*PROGRAM, command, *arguments],
        capture_output=True,
        text=True,
        env=clean_environment(**variables),
        timeout=60,
        check=False,
    )
    assert done.returncode not in (0, 70), done.stderr
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert lines
    assert lines[-1]["level"] == "critical"
    assert any(said in line.get("error", "") for line in lines), lines


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_starts_works_and_stops_without_noise(
    number: signal.Signals, broker: RunningBroker, topic_prefix: str, tmp_path: Path
) -> None:
    settings = _settings(broker, topic_prefix)
    asyncio.run(create_topics(settings))
    asyncio.run(publish_roster(settings, _ROSTER))
    port = free_port()
    with _working(tmp_path / "log", "--metrics-port", str(port), **_variables(settings)) as worker:
        worker.wait_for("worker ready")
        worker.wait_for("roster in force")
        _send(settings, "posts", [b"no event \x1b[31m"] * 7)
        deadline = time.monotonic() + 20
        while sum(asyncio.run(read_dead_letters(settings, limit=1)).totals.values()) < 7:
            assert time.monotonic() < deadline, worker.messages
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            assert b'antiphon_dead_letters_total{reason="not_json"} 7.0' in answer.read()
        began = time.monotonic()
        assert worker.stop(number) == 0
        assert time.monotonic() - began < 8
    text = (tmp_path / "log").read_text(encoding="utf-8")
    assert [noise for noise in _NOISE if noise in text] == []
    assert worker.messages[0] == "worker starting"
    assert worker.messages[-2:] == ["stopping", "worker stopped"]
    # On a new cluster aiokafka calls it an error that the coordinator of groups is not there at once.
    complaints = [line for line in worker.lines if line["level"] in ("error", "critical")]
    assert [line for line in complaints if line["logger"] != "aiokafka.consumer.group_coordinator"] == []


def test_two_signals_at_once_are_one(broker: RunningBroker, topic_prefix: str, tmp_path: Path) -> None:
    """`timeout`, shells and supervisors signal a process and its group."""
    settings = _settings(broker, topic_prefix)
    asyncio.run(create_topics(settings))
    with _working(tmp_path / "log", **_variables(settings)) as worker:
        worker.wait_for("worker ready")
        worker.process.send_signal(signal.SIGTERM)
        assert worker.stop() == 0
    assert worker.messages[-1] == "worker stopped"


def test_a_stop_before_the_start_is_over_is_a_stop(broker: RunningBroker, topic_prefix: str, tmp_path: Path) -> None:
    settings = _settings(broker, topic_prefix)
    asyncio.run(create_topics(settings))
    for pause in (0.0, 0.1, 0.3, 0.6):
        with _working(tmp_path / "log", **_variables(settings)) as worker:
            worker.wait_for("worker starting")
            time.sleep(pause)
            assert worker.stop() == 0
        text = (tmp_path / "log").read_text(encoding="utf-8")
        assert [noise for noise in _NOISE if noise in text] == []


def test_a_stop_before_python_has_come_to_our_own_code_is_the_systems(
    broker: RunningBroker, topic_prefix: str, tmp_path: Path
) -> None:
    settings = _settings(broker, topic_prefix)
    asyncio.run(create_topics(settings))
    for pause in (0.2, 0.3, 0.4, 0.5, 0.7):
        with _working(tmp_path / "log", **_variables(settings)) as worker:
            time.sleep(pause)
            assert worker.stop() in {0, -signal.SIGTERM}
        text = (tmp_path / "log").read_text(encoding="utf-8")
        assert [noise for noise in _NOISE if noise in text] == []


def test_text_logs_are_lines_for_people(broker: RunningBroker, topic_prefix: str, tmp_path: Path) -> None:
    settings = _settings(broker, topic_prefix)
    asyncio.run(create_topics(settings))
    with _working(tmp_path / "log", "--log-format", "text", "--app-id", "other", **_variables(settings)) as worker:
        worker.wait_for("worker ready")
        assert worker.stop() == 0
    text = (tmp_path / "log").read_text(encoding="utf-8")
    assert f" info     worker starting  broker={settings.broker} group={topic_prefix}other rules=8 digest=" in text
    assert "\x1b" not in text


def test_too_many_refusals_stop_the_screening_with_a_sentence(
    broker: RunningBroker, topic_prefix: str, tmp_path: Path
) -> None:
    settings = _settings(broker, topic_prefix)
    asyncio.run(create_topics(settings))
    asyncio.run(publish_roster(settings, _ROSTER))
    _send(settings, "posts", [b"garbage"] * 300)
    variables = _variables(settings) | {"ANTIPHON_DEAD_LETTER_RUN": "20"}
    with _working(tmp_path / "log", **variables) as worker:
        worker.wait_for("screening stopped by the dead-letter limit")
        assert worker.process.poll() is None, "it stays up until somebody stops it"
    [line] = [line for line in worker.lines if line["message"] == "screening stopped by the dead-letter limit"]
    assert "raw records in a row were refused" in line["reason"]
    assert "with a higher limit" in line["remedy"]


def test_a_group_that_refuses_the_worker_ends_it(kafka: RunningBroker, topic_prefix: str, tmp_path: Path) -> None:
    """Faust alone would wait for ever for the partitions that it is never given."""
    settings = _settings(kafka, topic_prefix)
    asyncio.run(create_topics(settings))
    variables = _variables(settings) | {"ANTIPHON_SESSION_TIMEOUT_SECONDS": "7200"}  # Kafka allows half an hour
    with _working(tmp_path / "log", **variables) as worker:
        assert worker.process.wait(_READY_SECONDS) == 70
    last = worker.lines[-1]
    assert last["message"] == "worker failed"
    assert last["error"].startswith("the broker refuses: invalid session timeout")
    assert "session_timeout_seconds" in last["remedy"]
    assert "traceback" not in last


def test_missing_topics_are_named(broker: RunningBroker, topic_prefix: str) -> None:
    where = ("--broker", broker.address, "--topic-prefix", topic_prefix)
    result = run("worker", *where)
    assert result.status == 3
    assert f"lacks every one of Antiphon's topics ({topic_prefix}posts … {topic_prefix}dead-letters)" in result.err
    assert "run `antiphon topics create`" in result.err
    for topic in TOPICS:
        if topic.name not in ("alerts", "follows"):
            create_topic(broker.address, topic_prefix + topic.name)
    result = run("worker", *where)
    assert result.status == 3
    assert f"lacks the topics {topic_prefix}follows, {topic_prefix}alerts\n" in result.err


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({"subject-events": 4}, "subject-states"),
        ({"country-ledger": 2}, "country-events"),
        ({"officials": 3}, "officials has 3 partitions and must have exactly one"),
        ({"tracked-accounts": 2}, "tracked-accounts has 2 partitions and must have exactly one"),
    ],
)
def test_partition_counts_that_do_not_fit_are_said(
    counts: dict[str, int], said: str, broker: RunningBroker, topic_prefix: str
) -> None:
    """Topics that somebody else made: `antiphon topics create` refuses such numbers."""
    for topic in TOPICS:
        create_topic(broker.address, topic_prefix + topic.name, partitions=counts.get(topic.name, topic.partitions))
    result = run("worker", "--broker", broker.address, "--topic-prefix", topic_prefix)
    assert result.status == 3
    assert topic_prefix + said in result.err


@pytest.mark.slow
def test_a_broker_without_transactions_is_recognised(embedded: str) -> None:
    asyncio.run(create_topics(Settings(broker=embedded)))
    result = run("worker", "--broker", embedded)
    assert result.status == 3
    assert f"the broker at {embedded} has no transactions" in result.err
    assert "ANTIPHON_TRANSACTIONS=false" in result.err
    assert len(result.err.splitlines()) == 2


def test_a_metrics_port_in_use_is_said(broker: RunningBroker, topic_prefix: str) -> None:
    settings = _settings(broker, topic_prefix)
    asyncio.run(create_topics(settings))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("worker", "--metrics-port", str(port), env=_variables(settings))
    assert done.status == 2
    assert f"metrics_port: cannot listen on 127.0.0.1:{port}: Address already in use" in done.err
    assert "choose a free port" in done.err
    assert "Traceback" not in done.err


def test_wrong_rules_are_reported_before_the_broker_is_asked(tmp_path: Path) -> None:
    wrong = tmp_path / "rules.toml"
    wrong.write_text('[rules.x]\ndescription = "d"\nseverity = "info"\nquiet = "7d"\nwhen.age_dayz.at_most = 3\n')
    result = run("worker", "--broker", "127.0.0.1:1", "--rules", str(wrong))
    assert result.status == 2
    assert "line 5: rules.x.when.age_dayz: 'age_dayz' is not a figure; did you mean age_days?" in result.err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--metrics-port", "99999"], "--metrics-port"),
        (["--metrics-port", "http"], "--metrics-port"),
        (["--log-format", "xml"], "--log-format"),
        (["--app-id", "a b"], "app_id"),
        (["--data-dir", "/dev/null/x"], "data_dir: /dev/null/x/antiphon cannot be written to: Not a directory"),
        (["--rules", "."], "cannot be read: Is a directory"),
        (["--rules", "missing.toml"], "There is no rule file missing.toml"),
        (["more"], "unexpected extra argument"),
    ],
)
def test_a_wrong_option_is_named(arguments: list[str], said: str) -> None:
    result = run("worker", *arguments, "--broker", "127.0.0.1:1")
    assert result.status == 2
    assert said in result.err
