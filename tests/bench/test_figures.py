"""Every figure is measured for real, small. Each checks what came out before it says how long that took."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from bench.figures.command import main
from tests.brokers.running import RunningBroker

_ROOT: Final = Path(__file__).parents[2]
_NAMES: Final = ("latency", "scaling", "recovery", "hot-subject", "growth", "ledger")
_TIMEOUT_SECONDS: Final = 280.0  # 30 s on an idle machine


@pytest.fixture(scope="module")
def figures(kafka: RunningBroker) -> Any:
    """Those below, from one run of the command."""
    command = [sys.executable, "-m", "bench", "figures", *_NAMES, "--quick", "--json", "--broker", kafka.address]
    run = subprocess.run(command, cwd=_ROOT, capture_output=True, timeout=_TIMEOUT_SECONDS, check=False)
    assert run.returncode == 0, run.stderr.decode()
    return {name: found["figure"] for name, found in json.loads(run.stdout).items() if found is not None}


@pytest.mark.slow
def test_each_sample_of_latency_has_its_alert_and_the_stages_make_up_the_whole(figures: Any) -> None:
    [at] = figures["latency"]["at"]
    assert at["samples"] == 20
    assert 0 < at["p50"] <= at["p90"] <= at["p99"] <= at["most"] < 30
    # Medians of parts do not quite add up to the median of the whole.
    assert at["until_screened"] + at["until_tracked"] + at["until_read"] == pytest.approx(at["p50"], abs=0.5)
    assert min(at["until_screened"], at["until_tracked"]) >= 0
    assert at["handled_rate"] > 0


@pytest.mark.slow
def test_two_workers_share_the_events(figures: Any) -> None:
    """That what they write is right is checked by the figure itself, as in the race."""
    [lap] = figures["scaling"]["laps"]
    assert lap["events"] > 0, "how many are left for the timed part depends on what else the machine does"
    assert len(lap["worker_cpu_seconds"]) == 2
    assert min(lap["worker_cpu_seconds"]) > 0, "one of two workers had nothing to do"


@pytest.mark.slow
def test_a_worker_is_ready_when_it_has_every_state(figures: Any) -> None:
    [of] = figures["recovery"]["of"]
    assert of["written"]["subjects"] == 2_000
    assert 0 < of["started_seconds"] < of["ready_seconds"]
    assert of["peak_bytes"] >= of["resident_bytes"] > 10_000_000


@pytest.mark.slow
def test_a_hot_subject_does_not_grow_with_its_amplifications(figures: Any) -> None:
    early, late = figures["hot_subject"]["marks"]
    assert late["amplifications"] > 2 * early["amplifications"] > 1_000
    assert late["state_bytes"] < 1.5 * early["state_bytes"]
    assert late["dossier_bytes"] < 1.2 * early["dossier_bytes"]
    assert figures["hot_subject"]["worker"]["events"] > 500


@pytest.mark.slow
def test_after_a_year_topics_hold_what_is_young_or_the_last_of_each_key(figures: Any) -> None:
    growth = figures["growth"]
    topics = {topic["topic"]: topic for topic in growth["topics"]}
    assert {"posts", "retweets", "subject-events", "subject-states", "amplifications", "dossiers"} <= topics.keys()
    for topic in topics.values():
        assert len(topic["written"]) == len(topic["kept"]) == 12
        if topic["retention_days"] is None:
            assert topic["records"] == sorted(topic["records"])
            assert topic["kept"][-1] < sum(topic["written"])
        else:
            assert topic["kept"][-1] < 2 * sum(topic["written"]) * topic["retention_days"] / 365
    last = growth["states"][-1]
    assert topics["subject-states"]["records"][-1] == last["subjects"]
    assert topics["dossiers"]["records"][-1] == last["subjects"] - last["idle_subjects"]


@pytest.mark.slow
def test_a_ledger_finds_what_was_put_into_it(figures: Any) -> None:
    ledger = figures["ledger"]
    assert ledger["entries"] == ledger["recovered_entries"] == 5_000
    answers = {question["name"]: question["answers"] for question in ledger["questions"]}
    assert answers["a post by its id"] == 1
    assert answers["posts that share fingerprints with one, and that one"] >= 1
    assert answers["deletions, 44 days"] > 0


def test_an_unknown_figure_is_refused_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["latencies"])
    assert "'latencies'" in capsys.readouterr().err
