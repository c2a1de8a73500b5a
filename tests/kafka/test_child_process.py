"""A child process that cannot outlive its parent."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from streams.kafka.child_process import start_child, stop_child

_ROOT = Path(__file__).parents[2]
_SLEEPER = ["sleep", "60"]

_PARENT_OF_A_SLEEPER = """
import sys, time
from streams.kafka.child_process import start_child
print(start_child(["sleep", "60"]).pid, flush=True)
time.sleep(60)
"""


def _is_running(pid: int) -> bool:
    """Whether the process runs; a dead one that nobody has waited for yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _ends_within(pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while _is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not _is_running(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has this")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_the_child_dies_with_its_parent_however_that_ends(number: signal.Signals) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT_OF_A_SLEEPER], cwd=_ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    with parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert _is_running(child)
        parent.send_signal(number)
        parent.wait(timeout=10)
        assert _ends_within(child, seconds=10)


def test_outside_the_main_thread_nothing_is_started() -> None:
    raised: list[RuntimeError] = []

    def start() -> None:
        try:
            start_child(_SLEEPER)
        except RuntimeError as error:
            raised.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert len(raised) == 1
    assert "main thread" in str(raised[0])


def test_the_child_has_a_session_of_its_own_out_of_reach_of_ctrl_c() -> None:
    child = start_child(_SLEEPER)
    try:
        assert os.getsid(child.pid) != os.getsid(0)
    finally:
        stop_child(child, timeout_seconds=5)


def test_process_id_output_and_exit_code_are_those_of_the_command(tmp_path: Path) -> None:
    said = tmp_path / "said"
    with said.open("wb") as output:
        child = start_child(["sh", "-c", "echo $$; echo oops >&2; exit 7"], output=output)
    assert child.wait(timeout=10) == 7
    assert said.read_text(encoding="ascii").split() == [str(child.pid), "oops"]


def test_a_program_that_is_not_there_is_named_and_ends_with_126(tmp_path: Path) -> None:
    said = tmp_path / "said"
    with said.open("wb") as output:
        child = start_child([tmp_path / "no-such-program"], output=output)
    assert child.wait(timeout=10) == 126
    assert f"{tmp_path}/no-such-program: No such file" in said.read_text(encoding="utf-8")


def test_a_child_that_ends_when_asked_is_not_killed() -> None:
    child = start_child(_SLEEPER)
    assert stop_child(child, timeout_seconds=10) == -signal.SIGTERM


def test_a_child_that_ignores_the_request_to_end_is_killed(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    child = start_child(["sh", "-c", f"trap '' TERM; : > '{ready}'; while :; do sleep 0.1; done"])
    while not ready.exists():
        assert child.poll() is None
        time.sleep(0.01)
    assert stop_child(child, timeout_seconds=0.3) == -signal.SIGKILL


def test_stopping_a_child_that_has_ended_answers_its_exit_code() -> None:
    child = start_child(["sh", "-c", "exit 3"])
    child.wait(timeout=10)
    assert stop_child(child, timeout_seconds=0) == 3
