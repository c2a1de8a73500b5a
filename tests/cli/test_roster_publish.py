"""`antiphon roster publish`, `history` and `restore`: nobody puts a roster in force without knowing what it changes."""

import asyncio
import json
import os
import pty
import subprocess
from pathlib import Path
from typing import Any

import pytest

from streams.kafka.administration import create_topics, end_offsets
from streams.kafka.roster_topic import published_roster
from streams.settings import Settings, load_settings
from tests.cli.conftest import Antiphon
from tests.cli.terminal import PROGRAM, clean_environment
from tools.kafka.running_broker import RunningBroker

_HEADER = "platform,account_id,handle,name,country,category,source_url,valid_from,valid_to"


def _roster(path: Path, *numbers: int) -> str:
    lines = [f"twitter,{n},official_{n},,IR,diplomat,https://example.org/{n},," for n in numbers]
    path.write_text("\n".join([_HEADER, *lines]) + "\n")
    return str(path)


class _Stage:
    """A broker with topics, and commands that know it."""

    def __init__(self, antiphon: Antiphon, broker: RunningBroker, prefix: str) -> None:
        self._antiphon = antiphon
        self.options = ("--broker", broker.address, "--topic-prefix", prefix)
        self.variables = {"ANTIPHON_TRANSACTIONS": str(broker.is_real_kafka).lower()}
        self.settings: Settings = load_settings({"broker": broker.address, "topic_prefix": prefix})
        asyncio.run(create_topics(self.settings))

    def __call__(self, *arguments: str) -> Any:
        return self._antiphon("roster", *arguments, *self.options, **self.variables)

    def document(self, *arguments: str) -> dict[str, Any]:
        result = self(*arguments, "--json")
        assert result.exit_code in (0, 1), result.stderr
        found: dict[str, Any] = json.loads(result.stdout)
        return found

    def digest_in_force(self) -> str | None:
        roster = asyncio.run(published_roster(self.settings)).roster
        return None if roster is None else roster.digest

    def on_a_terminal(self, answer: str, *arguments: str) -> tuple[int, str]:
        """Run a command on a terminal and type an answer; its status and what was on the screen."""
        main, terminal = pty.openpty()
        try:
            running = subprocess.Popen(
                [*PROGRAM, "roster", *arguments, *self.options],
                stdin=terminal,
                stdout=terminal,
                stderr=terminal,
                env=clean_environment(**self.variables, TERM="dumb", COLUMNS="130"),
                start_new_session=True,
            )
            os.close(terminal)
            os.write(main, answer.encode() + b"\n")
            screen = b""
            while True:
                try:
                    read = os.read(main, 65_536)
                except OSError:  # the other end is closed
                    break
                if not read:
                    break
                screen += read
            return running.wait(timeout=60), screen.decode()
        finally:
            os.close(main)


@pytest.fixture
def stage(antiphon: Antiphon, broker: RunningBroker, topic_prefix: str) -> _Stage:
    return _Stage(antiphon, broker, topic_prefix)


def test_the_history_has_each_roster_with_its_reason_and_one_of_them_can_be_restored(
    stage: _Stage, tmp_path: Path
) -> None:
    """And what is restored is the very roster; a digest names it in a comparison as well."""
    first = stage.document("publish", _roster(tmp_path / "a.csv", 1, 2, 3))["digest"]
    reason = "@official_3 left office in May"
    wrong = _roster(tmp_path / "b.csv", 1, 2)
    second = stage.document("publish", wrong, "--correction", "--reason", reason)["digest"]
    history = stage.document("history")
    assert history["in_force"] == second
    assert [(each["digest"], each["entries"], each["reason"]) for each in history["rosters"]] == [
        (second, 2, reason),
        (first, 3, ""),
    ]
    assert [each["correction"] for each in history["rosters"]] == [True, False]
    shown = stage("history").stdout
    assert "in force; correction; @official_3 left office in May" in shown
    assert "1 account differs: 1 removed" in shown

    compared = stage.document("diff", "published", first[:12])
    assert [(change["shown"], change["kinds"]) for change in compared["changes"]] == [("@official_3", ["added"])]

    restored = stage.document("restore", first[:12], "--reason", "it was right")
    assert (restored["digest"], restored["added"]) == (first, ["twitter:3"])
    assert stage.digest_in_force() == first
    history = stage.document("history")
    assert [(each["digest"], each["reason"]) for each in history["rosters"]] == [
        (first, "it was right"),
        (second, reason),
    ]


def test_a_roster_that_is_published_again_keeps_what_was_said_of_it(stage: _Stage, tmp_path: Path) -> None:
    file = _roster(tmp_path / "a.csv", 1)
    stage.document("publish", file, "--reason", "the first")
    assert stage.document("publish", file)["unchanged"] is True
    assert [each["reason"] for each in stage.document("history")["rosters"]] == ["the first"]


def test_much_that_leaves_the_roster_is_refused_by_name_where_nobody_can_be_asked(
    stage: _Stage, tmp_path: Path
) -> None:
    """A fifth of it may go, and a few of a small roster."""
    whole = _roster(tmp_path / "whole.csv", *range(1, 41))
    stage.document("publish", whole)
    before = asyncio.run(end_offsets(stage.settings, "officials"))
    half = _roster(tmp_path / "half.csv", *range(1, 21))
    result = stage("publish", half)
    assert result.exit_code == 2
    assert "half.csv would take 20 of 40 accounts off the roster in force" in result.stderr
    assert "@official_21, @official_22, @official_23, @official_24, @official_25 and 15 more" in result.stderr
    assert "--yes" in result.stderr
    assert asyncio.run(end_offsets(stage.settings, "officials")) == before
    assert stage("publish", half, "--yes").exit_code == 0
    assert stage("publish", _roster(tmp_path / "less.csv", *range(1, 17))).exit_code == 0
    assert stage("publish", _roster(tmp_path / "few.csv", *range(1, 13))).exit_code == 0


def test_on_a_terminal_it_shows_what_differs_and_asks(stage: _Stage, tmp_path: Path) -> None:
    first = stage.document("publish", _roster(tmp_path / "a.csv", 1, 2))["digest"]
    other = _roster(tmp_path / "b.csv", 1, 3)
    status, screen = stage.on_a_terminal("n", "publish", other)
    assert status == 1
    assert "Against the roster in force, 2 accounts differ: 1 removed, 1 added." in screen
    assert "- @official_2  removed: IR diplomat, always" in screen
    assert "https://example.org/3" in screen
    assert "Nothing was written." in screen
    assert stage.digest_in_force() == first
    status, screen = stage.on_a_terminal("y", "publish", other)
    assert (status, "The roster is in force" in screen) == (0, True)
    assert stage.digest_in_force() != first


def test_a_correction_without_a_reason_is_wrong_use(stage: _Stage, tmp_path: Path) -> None:
    result = stage("publish", _roster(tmp_path / "a.csv", 1), "--correction")
    assert (result.exit_code, stage.digest_in_force()) == (2, None)
    assert "--reason" in result.stderr


def test_a_digest_that_no_roster_has_is_an_error_with_a_remedy(stage: _Stage) -> None:
    for digest in ("0123456789ab", "no-digest", "0123"):
        result = stage("restore", digest)
        assert result.exit_code == 2
        assert "`antiphon roster history` lists those that are kept" in result.stderr


def test_a_roster_can_be_kept_without_being_in_force(stage: _Stage, tmp_path: Path) -> None:
    in_force = stage.document("publish", _roster(tmp_path / "a.csv", 1, 2))["digest"]
    found = stage.document("keep", _roster(tmp_path / "b.csv", 1, 3), "--reason", "of May")
    assert (stage.digest_in_force(), found["entries"]) == (in_force, 2)
    kept = {each["digest"]: each for each in stage.document("history")["rosters"]}
    assert kept.keys() == {in_force, found["digest"]}
    assert (kept[found["digest"]]["reason"], kept[found["digest"]]["in_force"]) == ("of May", False)
    assert "The roster in force is unchanged." in stage("keep", str(tmp_path / "b.csv")).stdout
    assert stage("keep", str(tmp_path / "none.csv")).exit_code == 2
