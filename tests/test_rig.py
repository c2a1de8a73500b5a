"""The rig itself: what happens on a machine without Java, in CI, and with a broker of the user's own.

Each test runs pytest in a process of its own on the smallest real test that shows it.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from streams.kafka.loopback import LOOPBACK, free_port
from tools.kafka.running_broker import RunningBroker

pytestmark = pytest.mark.slow

_ROOT = Path(__file__).parents[1]
_NEEDS_KAFKA = "tests/kafka/test_kafka.py::test_transactions_work"
_NEEDS_A_BROKER = "tests/kafka/test_kafka.py::test_what_is_sent_comes_back_in_order"
_STARTS_ONE = "tests/kafka/test_kafka.py::test_a_paused_kafka_is_silent_until_it_is_resumed_and_can_be_stopped"


def _run(*tests: str, without_java: bool = False, **env: str) -> tuple[int, str]:
    """The exit code and the output of a run with only these variables set, besides what finds home and programs."""
    kept = {name: os.environ[name] for name in ("HOME", "JAVA_HOME", "CALF_TANSU_BIN") if name in os.environ}
    kept["PATH"] = os.environ["PATH"]
    if without_java:
        kept.pop("JAVA_HOME", None)
        kept["PATH"] = ""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--color=no", *tests]
    done = subprocess.run(
        command,
        cwd=_ROOT,
        env=kept | env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    return done.returncode, done.stdout + done.stderr


def test_without_java_the_kafka_tests_are_left_out_and_the_end_of_the_run_says_why() -> None:
    code, said = _run(_NEEDS_KAFKA, _STARTS_ONE, without_java=True)
    assert code == 0, said
    summary = said.partition("left out of this run")[2]
    assert "2 tests need a real Apache Kafka: there is no Java here: install Java 17" in summary
    assert "2 skipped" in summary


@pytest.mark.skipif(sys.platform != "linux", reason="the embedded broker runs on Linux only")
@pytest.mark.parametrize("processes", ["0", "2"])
def test_without_java_the_broker_tests_run_on_the_embedded_broker_and_the_run_says_so(processes: str) -> None:
    code, said = _run(_NEEDS_A_BROKER, "--numprocesses", processes, without_java=True)
    assert code == 0, said
    summary = said.partition("left out of this run")[2]
    assert "ran on the embedded broker instead of a real Apache Kafka: there is no Java here" in summary
    assert "1 passed" in summary


@pytest.mark.parametrize("test", [_NEEDS_KAFKA, _NEEDS_A_BROKER, _STARTS_ONE])
def test_in_ci_a_missing_kafka_is_a_failure(test: str) -> None:
    code, said = _run(test, without_java=True, CI="true")
    assert code == 1, said
    assert "CI must not leave out a real Apache Kafka: there is no Java here" in said
    assert "1 error" in said


def test_a_broker_of_the_users_own_is_used_and_needs_no_java(kafka: RunningBroker) -> None:
    code, said = _run(_NEEDS_KAFKA, _NEEDS_A_BROKER, without_java=True, ANTIPHON_TEST_BROKER=kafka.address, CI="true")
    assert code == 0, said
    assert "2 passed" in said


@pytest.mark.parametrize("address", [f"{LOOPBACK}:PORT", LOOPBACK, "kafka:port"])
def test_a_broker_of_the_users_own_that_does_not_answer_fails_the_run_with_its_address(address: str) -> None:
    address = address.replace("PORT", str(free_port()))
    code, said = _run(_NEEDS_A_BROKER, ANTIPHON_TEST_BROKER=address)
    assert code == 1, said
    assert f"no Kafka broker answers at {address}" in said


def test_a_run_that_leaves_nothing_out_says_nothing_about_it(kafka: RunningBroker) -> None:
    code, said = _run(_NEEDS_KAFKA, ANTIPHON_TEST_BROKER=kafka.address)
    assert code == 0, said
    assert "left out" not in said


def test_tests_are_marked_by_the_fixtures_that_they_take() -> None:
    code, said = _run("tests/kafka/test_kafka.py", "--collect-only", "-q", "-m", "not kafka and not broker")
    assert code == 5, said  # pytest's own code for an empty selection
    assert "no tests collected" in said
    assert "deselected" in said
