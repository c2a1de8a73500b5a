"""`antiphon console`: what it says, what it refuses, and that nothing of it is left when it ends."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from streams.cli.main import cli
from streams.kafka.administration import create_topics
from streams.settings import Settings
from tests.cli.terminal import PROGRAM, clean_environment
from tools.kafka.running_broker import RunningBroker


class _Running:
    """The program, and where it listens."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.url = ""
        for line in process.stderr or ():
            if found := re.search(r"open at (http://\S+)", line):
                self.url = found[1]
                return
        pytest.fail("it ended without an address")

    def status(self) -> Any:
        with urllib.request.urlopen(f"{self.url}status.json", timeout=10) as answer:  # noqa: S310  # our own
            return json.load(answer)["store"]

    def children(self) -> list[int]:
        found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in found.split()]


@contextmanager
def running(*arguments: str) -> Iterator[_Running]:
    command = [*PROGRAM, "console", *arguments, "--listen", "127.0.0.1:0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=clean_environment())
    try:
        yield _Running(process)
    finally:
        process.kill()
        process.wait()


def wait_until_gone(pid: int) -> None:
    until = time.monotonic() + 20
    while Path(f"/proc/{pid}/stat").exists() and " Z " not in Path(f"/proc/{pid}/stat").read_text():
        assert time.monotonic() < until, f"process {pid} is still there"
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_folder_is_open_until_the_signal(case_folder: Path, number: signal.Signals) -> None:
    with running(str(case_folder)) as console:
        status = console.status()
        assert status["kind"] == "folder"
        assert status["counts"]["alerts"] == 5
        assert console.children() == []
        console.process.send_signal(number)
        assert console.process.wait(20) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked at in /proc")
def test_topics_are_open_and_the_feed_ends_with_the_console(
    broker: RunningBroker, topic_prefix: str, tmp_path: Path
) -> None:
    """By Ctrl-C, which ends it in order, and by `kill -9`, which nothing can answer."""
    settings = Settings(broker=broker.address, topic_prefix=topic_prefix)
    asyncio.run(create_topics(settings))
    where = ("--broker", broker.address, "--topic-prefix", topic_prefix, "--store", str(tmp_path / "store"))
    with running(*where) as console:
        (feed,) = console.children()
        until = time.monotonic() + 60
        while console.status()["kind"] != "topics":
            assert time.monotonic() < until
            time.sleep(0.1)
        priorities = [os.getpriority(os.PRIO_PROCESS, pid) for pid in (console.process.pid, feed)]
        assert priorities[1] > priorities[0], "whoever feeds gives way"
        console.process.send_signal(signal.SIGINT)
        assert console.process.wait(20) == 0
        wait_until_gone(feed)
    with running(*where) as console:
        assert console.status()["kind"] == "topics"
        (feed,) = console.children()
        os.kill(console.process.pid, signal.SIGKILL)
        console.process.wait(20)
        wait_until_gone(feed)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere",), "nowhere is no folder"),
        ((".",), "has no file of an enriched topic"),
        ((".", "--broker", "a:1"), "DIR and --broker exclude each other"),
        (("--listen", "0.0.0.0:1"), "0.0.0.0:1 can be reached from elsewhere"),
        (("--store", "/dev/null/x", "--listen", "127.0.0.1:0"), "store: /dev/null/x cannot be written to"),
        (("--listen", "nothing"), "listen"),
    ],
)
def test_what_cannot_be_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [each for each in os.environ if each.startswith("ANTIPHON_")]:
        monkeypatch.delenv(name)
    ended = CliRunner().invoke(cli, ["console", *arguments])
    assert ended.exit_code == 2
    assert said in ended.stderr


def _help(*arguments: str) -> str:
    return CliRunner().invoke(cli, ["console", *arguments]).stdout


def test_help_teaches_how_to_begin() -> None:
    assert "antiphon demo --out results && antiphon console results" in _help("--help")
    assert "may be deleted at any time" in " ".join(_help("serve", "--help").split())
