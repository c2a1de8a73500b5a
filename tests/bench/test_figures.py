"""Every figure is measured for real, small. Each checks what came out before it says how long that took."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from bench.figures.command import main
from bench.figures.soak import Soak, SoakSample, levels
from bench.figures.soak_traffic import PAIRS_PER_SECOND, UNENGAGED_SHARE, SoakJob, second_of_traffic
from bench.world import World
from streams.events import Deletion, Post, Profile, Retweet, Suspension
from tests.ops.alertmanager import require_alertmanager
from tools.kafka.running_broker import RunningBroker

_ROOT: Final = Path(__file__).parents[2]
_NAMES: Final = (
    "latency",
    "scaling",
    "recovery",
    "hot-subject",
    "growth",
    "evidence",
    "corrections",
    "ledger",
    "suspended",
    "soak",
    "live",
    "console",
    "readers",
)
_TIMEOUT_SECONDS: Final = 800.0  # a minute or two on an idle machine


@pytest.fixture(scope="module")
def figures(kafka: RunningBroker) -> Any:
    """Those below, from one run of the command."""
    command = [sys.executable, "-m", "bench", "figures", *_NAMES, "--quick", "--json", "--broker", kafka.address]
    run = subprocess.run(command, cwd=_ROOT, capture_output=True, timeout=_TIMEOUT_SECONDS, check=False)
    assert run.returncode == 0, run.stderr.decode()
    return {name: found["figure"] for name, found in json.loads(run.stdout).items() if found is not None}


@pytest.mark.slow
def test_what_evidence_costs_is_a_part_of_screening_and_something_passed(figures: Any) -> None:
    cost = figures["evidence"]
    assert cost["events"] == 4_000
    assert 5 < cost["passed"] < 100
    assert 0 < cost["evidence_ns"] < cost["cpu_ns"]


@pytest.mark.slow
def test_a_correction_counts_whom_it_touched_anew_while_the_stream_goes_on(figures: Any) -> None:
    """That all were recounted who were touched is checked by the figure itself."""
    corrections = figures["corrections"]
    assert 100 < corrections["touched"] < corrections["subjects"] / 2
    assert 0 < corrections["events"] < corrections["evidence"]
    assert min(corrections["rate"], corrections["quiet_rate"]) > 0


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
    [trial] = figures["scaling"]["trials"]
    assert trial["events"] > 0, "how many are left for the timed part depends on what else the machine does"
    assert len(trial["worker_cpu_seconds"]) == 2
    assert min(trial["worker_cpu_seconds"]) > 0, "one of two workers had nothing to do"


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
            # Of evidence each record is the only one of its key.
            assert topic["kept"][-1] < sum(topic["written"]) or topic["topic"] == "evidence"
        else:
            assert topic["kept"][-1] < 2 * sum(topic["written"]) * topic["retention_days"] / 365
    last = growth["states"][-1]
    assert topics["subject-states"]["records"][-1] == last["subjects"]
    assert topics["dossiers"]["records"][-1] == last["subjects"] - last["idle_subjects"]


@pytest.mark.slow
def test_a_console_has_what_was_written_and_answers_every_page(figures: Any) -> None:
    """Each answer was looked at by the figure: another status than 200 is a failure."""
    console = figures["console"]
    assert (console["subjects"], console["alerts"]) == (2_000, 100)
    assert console["records"] == 2_100
    assert 0 < console["rebuild_seconds"] < 120
    assert {"first page", "deepest page"} < {page["name"] for page in console["pages"]}
    assert all(0 < page["p50_ms"] <= page["p95_ms"] <= page["most_ms"] for page in console["pages"])
    assert console["feed_peak_bytes"] > 10e6
    assert console["start_seconds"] > 0
    [beside] = console["beside"]["trials"]
    assert beside["with_console"]
    assert min(beside["p50"], beside["p90"]) > 0
    assert beside["events_per_second"] >= 0  # so few events may all be through between two looks
    assert beside["builds"] >= 1
    assert beside["console_share"] > 0


@pytest.mark.slow
def test_a_ledger_finds_what_was_put_into_it(figures: Any) -> None:
    ledger = figures["ledger"]
    assert ledger["entries"] == ledger["recovered_entries"] == 5_000
    answers = {question["name"]: question["answers"] for question in ledger["questions"]}
    assert answers["a post by its id"] == 1
    assert answers["posts that share fingerprints with one, and that one"] >= 1
    assert answers["deletions, 44 days"] > 0


@pytest.mark.slow
def test_jetstream_is_read_on_both_wires_packed_and_into_kafka(figures: Any) -> None:
    rows = {row["who"]: row for row in figures["live"]["rows"]}
    assert {"v1", "v2", "v2, compressed", "v2, until Kafka has acknowledged it"} <= rows.keys()
    assert all(row["frames"] > 5_000 and row["per_cpu_second"] > 1_000 for row in rows.values())
    assert figures["live"]["hour_frames"] > 5_000
    assert figures["live"]["hour_seconds"] > 0
    assert figures["live"]["hour_in_kafka_seconds"] > 0


@pytest.mark.slow
def test_frames_become_alerts_at_a_webhook(figures: Any) -> None:
    """Through the collector, a worker and the project's Alertmanager configuration."""
    require_alertmanager()
    webhook = figures["live"]["webhook"]
    assert webhook["samples"] == 3
    assert 0 < webhook["p50"] <= webhook["p99"] <= webhook["most"] < 60
    assert [stage["who"] for stage in webhook["stages"]] == [
        "the collector",
        "SCREEN",
        "TRACK",
        "NOTIFY",
        "Alertmanager",
    ]
    assert webhook["stages"][-1]["p50"] > 0.4, "its group_wait"
    assert webhook["group_wait"] == "500ms"


@pytest.mark.slow
def test_a_reader_is_measured_by_lines_and_events(figures: Any) -> None:
    [row] = figures["readers"]["rows"]
    assert row["format"] == "canonical"
    assert row["lines_per_cpu_second"] == row["events_per_cpu_second"] > 1_000
    assert row["line_bytes"] > 100


@pytest.mark.slow
def test_other_accounts_have_their_alerts_as_fast_with_many_suspended_ones_of_a_state_as_with_few(figures: Any) -> None:
    """Medians, with room for what else the machine does: the long form has 20,000 of them, and the 99th percentile."""
    few, again, many = figures["suspended"]["at"]
    assert (few["suspended"], again["suspended"], many["suspended"]) == (20, 20, 400)
    assert many["p50"] < 3 * max(few["p50"], again["p50"])
    assert min(at["deletions"] for at in (few, again, many)) > 0


@pytest.mark.slow
def test_the_soak_samples_a_worker_that_keeps_up(figures: Any) -> None:
    samples = figures["soak"]["samples"]
    assert len(samples) > 5
    assert figures["soak"]["written"] > 400 * 5
    assert samples[-1]["states"] > 0
    assert samples[-1]["ledger_entries"] > 0
    assert samples[-1]["ledger_bytes"] > 0
    assert all(sample["resident_bytes"] > 10_000_000 for sample in samples)


def test_a_second_of_soak_traffic_has_the_events_that_are_stated() -> None:
    """So do all seconds after the first ten; what is deleted was posted, what is suspended was amplified."""
    job = SoakJob(rate=400, begin=datetime(2024, 1, 1, tzinfo=UTC), speed=100.0, seed=1, counter="")
    officials = World(0, 1).official_ids
    seconds = [list(second_of_traffic(job, number, officials)) for number in range(30)]
    assert {len(events) for events in seconds} == {400}
    amplified = {event.subject.id for events in seconds for event in events if isinstance(event, Retweet)}
    posted = {event.id: event.actor.id for events in seconds for event in events if isinstance(event, Post)}
    for events in seconds[10:]:
        suspended = [event.actor.id for event in events if isinstance(event, Suspension)]
        assert len(amplified.intersection(suspended)) == PAIRS_PER_SECOND
        unengaged = len(suspended) - PAIRS_PER_SECOND + sum(isinstance(event, Profile) for event in events)
        assert unengaged == 400 * UNENGAGED_SHARE
        deleted = [event for event in events if isinstance(event, Deletion)]
        assert len(deleted) == PAIRS_PER_SECOND
        assert all(event.actor is not None and posted[event.post_id] == event.actor.id for event in deleted)
    times = [event.at for events in seconds for event in events]
    assert times == sorted(times)


def _grown(power: int) -> Soak:
    return _soak([100 + number**power for number in range(40)])


def test_a_soak_levels_off_where_its_last_quarter_is_as_the_one_before() -> None:
    assert {verdict for *_, verdict in levels(_grown(0)).values()} == {"level"}
    assert {levels(_grown(2))[name][2] for name in ("resident_bytes", "states", "core_share")} == {"grows"}


def test_a_ledger_may_grow_by_what_comes_in_and_no_faster() -> None:
    """Nothing leaves it in the first seven days."""
    assert {levels(_grown(1))[name][2] for name in ("ledger_entries", "ledger_bytes")} == {"steady"}
    assert {levels(_grown(3))[name][2] for name in ("ledger_entries", "ledger_bytes")} == {"grows"}


def _soak(values: list[int]) -> Soak:
    samples = [
        SoakSample(
            seconds=number,
            resident_bytes=value,
            core_share=value,
            behind=value,
            ledger_entries=value,
            ledger_bytes=value,
            states=value,
            alerts=value,
        )
        for number, value in enumerate(values)
    ]
    return Soak(rate=400, minutes=1, event_days=1, written=1, samples=samples)


def test_an_unknown_figure_is_refused_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["latencies"])
    assert "'latencies'" in capsys.readouterr().err
