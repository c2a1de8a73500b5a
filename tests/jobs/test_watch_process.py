"""A backtest in two processes: the same bytes as in one, and no process that outlives it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import pytest

from streams.core.backtest import Backtest, Results
from streams.core.rosters.roster import Roster
from streams.core.subject_event import Coordinates
from streams.core.watching.watch_policy import WatchPolicy
from streams.core.watching.watch_queue import Watching
from streams.events import Event, decode_event
from streams.formats.registry import readers_named
from streams.jobs.backtest import BacktestRun, backtest_files
from streams.jobs.watch_process import AdaptiveWatch, SecondProcessError, WatchProcess
from streams.rules_loading import bundled_rules
from tests.jobs.rosters import csv_of
from tests.pipeline.world import World

_NOW_US: Final = 1_900_000_000_000_000
_LINES: Final = 9_000  # from about 5,000 State events on a second process is started

pytestmark = [pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc"), pytest.mark.slow]


@pytest.fixture(scope="module")
def world() -> World:
    """Officials of three States, with suspensions, deletions, texts in common and a second reading."""
    return World(seed=11, events=_LINES)


@pytest.fixture(scope="module")
def recording(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the world says, with a line that nobody can read in the middle."""
    lines = list(world.lines())
    lines.insert(len(lines) // 2, b'{"kind": "post"}')
    path = tmp_path_factory.mktemp("recording") / "world.ndjson"
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


def _run(recording: Path, roster: Roster, processes: int) -> BacktestRun:
    return backtest_files(
        [str(recording)],
        readers_named("canonical"),
        roster,
        bundled_rules(),
        now_us=lambda: _NOW_US,
        processes=processes,
    )


def _core(events: list[Event], roster: Roster, watching: Watching) -> Results:
    backtest = Backtest(roster, bundled_rules(), None, now_us=_NOW_US, watching=watching)
    for number, event in enumerate(events):
        backtest.feed(event, Coordinates("world.ndjson", 0, number))
    return backtest.finish()


def _children() -> Iterator[int]:
    """The ids of this process's children."""
    yield from map(int, Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


def test_two_processes_write_the_same_bytes_in_the_same_order_as_one(
    world: World, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Results, letters and counts; and the second process is there, and gone afterwards."""
    started: list[int] = []
    begin = WatchProcess.__init__

    def noted(self: WatchProcess, *arguments: object) -> None:
        begin(self, *arguments)  # type: ignore[arg-type]
        started.append(self.pid)

    monkeypatch.setattr(WatchProcess, "__init__", noted)
    one = _run(recording, world.roster, 1)
    assert started == []
    two = _run(recording, world.roster, 2)
    assert len(started) == 1
    assert started[0] not in _children()
    assert one.results.aftermaths
    assert sum(dossier.withdrawn for dossier in one.results.dossiers.values()) > 0
    assert sum(dossier.text_matches.posts for dossier in one.results.dossiers.values()) > 0
    whole = [
        msgspec.json.encode([run.results, run.letters, run.tally, list(run.screened.items())]) for run in (one, two)
    ]
    assert whole[0] == whole[1]


def test_standard_input_gives_what_the_file_gives(world: World, recording: Path, tmp_path: Path) -> None:
    """With two processes too, byte for byte, through the real command. Once: nobody can read a pipe again."""
    roster = tmp_path / "roster.csv"
    roster.write_bytes(csv_of(world.roster))
    outputs = []
    for processes in ("1", "2"):
        out = tmp_path / processes
        command = [*_COMMAND, "-", "--roster", str(roster), "--processes", processes, "--out", str(out), "--json"]
        with recording.open("rb") as lines:
            completed = subprocess.run(command, stdin=lines, capture_output=True, timeout=100, check=True)
        document = msgspec.json.decode(completed.stdout)
        del document["seconds"]
        outputs.append((document, {path.name: path.read_bytes() for path in out.iterdir()}))
    assert outputs[0] == outputs[1]
    assert outputs[0][0]["dead_letters"] == 1


def test_little_to_watch_is_watched_in_this_process(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Starting a process takes longer than to watch a few thousand events."""
    monkeypatch.setattr(subprocess, "Popen", None)
    events = [decode_event(line) for line in World(seed=12, events=500).lines()]
    with AdaptiveWatch(bundled_rules(), 2) as watching:
        _core(events, world.roster, watching)


def test_a_second_process_that_is_killed_is_one_clear_error(world: World) -> None:
    """And not a result without aftermaths."""
    events = [decode_event(line) for line in World(seed=12, events=500).lines()]
    process = WatchProcess(bundled_rules(), WatchPolicy())
    try:
        os.kill(process.pid, signal.SIGKILL)
        with pytest.raises(SecondProcessError, match="signal 9") as error:
            _core(events, world.roster, process)
        assert "--processes 1" in error.value.remedy
    finally:
        process.close()


def test_a_second_process_that_fails_is_a_bug_of_ours(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    """Its traceback is on standard error for whoever mends it."""
    process = WatchProcess(bundled_rules(), WatchPolicy())
    try:
        process._outgoing.put(b"no message")
        with pytest.raises(RuntimeError, match="failed"):
            process.take()
    finally:
        process.close()
    assert "DecodeError" in capfd.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_neither_ctrl_c_nor_kill_leaves_a_process_behind(
    world: World, recording: Path, tmp_path: Path, number: signal.Signals
) -> None:
    """While the events are gone through. Nothing but the usual is said of Ctrl-C."""
    roster = tmp_path / "roster.csv"
    roster.write_bytes(csv_of(world.roster))
    command = [*_COMMAND, "-", "--roster", str(roster), "--processes", "2"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, process_group=0
    ) as program:
        assert program.stdin is not None
        assert program.stderr is not None
        program.stdin.write(recording.read_bytes())
        program.stdin.close()
        children = Path(f"/proc/{program.pid}/task/{program.pid}/children")
        while not (child := children.read_text().split()):
            assert program.poll() is None
            time.sleep(0.02)
        os.killpg(program.pid, number)
        assert program.wait(60) == (130 if number is signal.SIGINT else -number)
        assert b"Traceback" not in program.stderr.read()
    deadline = time.monotonic() + 60
    while Path(f"/proc/{child[0]}/cmdline").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not Path(f"/proc/{child[0]}/cmdline").exists()


_COMMAND: Final = (sys.executable, "-m", "streams.cli.main", "backtest", "--format", "canonical")
