"""The short chaos run: every kind of fault once, and not one difference to the oracle."""

import logging
import os
from pathlib import Path

import pytest

from tests.chaos.plan import FaultKind, plan
from tests.chaos.report import report
from tests.chaos.run import run_chaos
from tools.kafka.jars import Unavailable, kafka_install

_SEED = 1
_EVENTS = 8_000
_TIMES = {FaultKind.POWER_CUT: 2}


@pytest.mark.kafka
@pytest.mark.slow
def test_every_fault_once_and_no_difference_to_the_oracle(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """`python -m tests.chaos --seed 1 --events 8000 --faults 19 --power-cuts 2 --corrections 1` is the same run, with
    a report; a minute or two.
    """
    try:
        kafka_install()
    except Unavailable as reason:
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            pytest.fail(f"CI must not leave out a real Apache Kafka: {reason}", pytrace=False)
        pytest.skip(f"left out: a real Apache Kafka: {reason}")
    caplog.set_level(logging.CRITICAL, logger="aiokafka")  # the source's complaints about the broker: we know
    faults = len(FaultKind) - 2
    run = run_chaos(
        _SEED,
        events=_EVENTS,
        faults=faults,
        power_cuts=2,
        corrections=1,
        directory=tmp_path,
        progress=lambda _text: None,
    )
    print(report(run))  # noqa: T201  # pytest shows it with a failure
    assert run.verdict.is_clean, report(run)
    assert run.injected == {str(kind): _TIMES.get(kind, 1) for kind in FaultKind}
    assert run.cuts
    # That it compared anything at all.
    least = {"dossiers": 60, "aftermaths": 25, "alerts": 4, "amplifications": 500, "dead letters": 10}
    least |= {"events kept": 800, "alerts proved": 4}
    assert {what: run.verdict.compared[what] >= count for what, count in least.items()} == dict.fromkeys(least, True)


def test_a_seed_gives_the_same_plan_and_another_seed_another() -> None:
    """A plan is data: the same faults, in the same order, for the same time, with the same choices."""
    assert plan(7, 200) == plan(7, 200)
    assert plan(7, 200) != plan(8, 200)


@pytest.mark.parametrize("seed", range(5))
def test_a_plan_has_as_many_faults_as_asked_for_and_every_kind(seed: int) -> None:
    assert [fault.number for fault in plan(seed, 200)] == list(range(200))
    assert {fault.kind for fault in plan(seed, len(FaultKind) - 2, 1, 1)} == set(FaultKind)
    assert [fault.kind for fault in plan(seed, 20, 5)].count(FaultKind.POWER_CUT) == 5
    assert len(plan(seed, 3)) == 3
