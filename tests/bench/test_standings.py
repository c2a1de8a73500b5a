"""Figures follow from trials, and RESULTS.md from figures."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.__main__ import RESULTS
from bench.implementations import chosen, implementations
from bench.machine import this_machine
from bench.picture import draw_race
from bench.race import Race
from bench.report import markdown
from bench.report_race import picture_of
from bench.results import RECORD, RaceRun, load_results
from bench.standings import TARGETS, Target, ratios, standings
from bench.trial import Trial, TrialFailed, require_steady_phase
from streams.errors import ConfigurationError
from tools.kafka.jars import Unavailable


def _trial(implementation: str, number: int, events_per_second: float, *, core_share: float = 1.0) -> Trial:
    return Trial(
        implementation=implementation,
        number=number,
        events=1_000_000,
        seconds=1_000_000 / events_per_second,
        cpu_seconds=core_share * 1_000_000 / events_per_second,
        peak_rss_bytes=number * 1_000_000,
        complaints=["lost one"] if (implementation, number) == ("faust", 2) else [],
    )


@pytest.fixture
def race() -> Race:
    """Three rounds; in the second everybody is slowed down alike, and Antiphon has its core for half the time."""
    speeds = {"slow-limit": 100_000, "fast-limit": 200_000, "antiphon": 150_000, "faust": 10_000}
    trials = []
    for number, slowed in ((1, 1.0), (2, 0.1), (3, 0.9)):
        for name, speed in speeds.items():
            trials.append(_trial(name, number, speed * slowed, core_share=0.5 if name == "antiphon" else 1.0))
    return Race(
        events=1_000_000,
        seed=1,
        rounds=3,
        mean_event_bytes=600.0,
        amplifications=5_000,
        amplified_subjects=4_000,
        descriptions={name: f"the one called {name}" for name in speeds},
        jobs={"slow-limit": False, "fast-limit": False, "antiphon": True, "faust": True},
        trials=trials,
    )


def test_a_ratio_is_taken_within_each_round_so_that_a_slow_round_does_not_count(race: Race) -> None:
    against = {ratio.against: ratio for ratio in ratios(race)}
    assert against["faust"].wall.median == pytest.approx(15)
    assert against["faust"].wall.least == pytest.approx(against["faust"].wall.most)
    assert against["faust"].cpu.median == pytest.approx(30)


def test_everybody_else_is_compared_with_the_limits_first_and_the_fastest_of_each_first(race: Race) -> None:
    assert [ratio.against for ratio in ratios(race)] == ["fast-limit", "slow-limit", "faust"]
    assert ratios(race)[0].wall.median == pytest.approx(0.75)


def test_a_target_is_decided_by_the_clock_that_it_names(race: Race, monkeypatch: pytest.MonkeyPatch) -> None:
    """15 × stock Faust by the wall's clock, 30 × by processor time."""
    reached = (Target(14, by="wall"), Target(29, by="cpu"))
    missed = (Target(16, by="wall"), Target(31, by="cpu"))
    for target, met in [(target, True) for target in reached] + [(target, False) for target in missed]:
        monkeypatch.setitem(TARGETS, "faust", target)
        [ratio] = [ratio for ratio in ratios(race) if ratio.against == "faust"]
        assert ratio.is_met is met
    monkeypatch.delitem(TARGETS, "faust")
    assert ratios(race)[-1].is_met


def test_a_trial_that_was_over_with_its_warm_up_is_refused_by_a_sentence() -> None:
    """Of few events there may be nothing left: a speed of nothing in no time."""
    trial = _trial("antiphon-all", 1, 100_000)
    require_steady_phase(trial)
    for nothing in ({"events": 0}, {"cpu_seconds": 0.0}):
        with pytest.raises(TrialFailed, match=r"antiphon-all-1: the warm-up was the whole trial.*more --events"):
            require_steady_phase(replace(trial, **nothing))


def test_every_target_is_about_somebody_who_can_enter() -> None:
    """A misspelt name would be a target that is never missed."""
    names = {implementation.name for implementation in implementations(stock_share=1, stock_seconds=0.0)}
    assert TARGETS.keys() <= names


def test_implementations_are_chosen_by_name_and_a_name_that_nobody_has_is_an_error_that_lists_them() -> None:
    everybody = implementations(stock_share=1, stock_seconds=0.0)
    assert [implementation.name for implementation in chosen(everybody, "faust, antiphon")] == ["antiphon", "faust"]
    assert chosen(everybody, None) == everybody
    with pytest.raises(ConfigurationError) as refused:
        chosen(everybody, "antiphon,fuast")
    assert "fuast" in refused.value.message
    assert all(implementation.name in refused.value.remedy for implementation in everybody)


def test_standings_are_medians_over_the_rounds_and_keep_every_complaint(race: Race) -> None:
    by_name = {standing.implementation: standing for standing in standings(race)}
    assert by_name["antiphon"].events_per_second.median == pytest.approx(135_000)
    assert by_name["antiphon"].events_per_second.least == pytest.approx(15_000)
    assert by_name["antiphon"].core_share == pytest.approx(0.5)
    assert by_name["antiphon"].peak_rss_bytes == 3_000_000
    assert by_name["faust"].complaints == ["round 2: lost one"]


def test_the_written_results_are_those_of_the_record() -> None:
    """RESULTS.md is generated from results.json: `make bench` writes both."""
    results = load_results(RECORD)
    assert results.race is not None
    assert results.memory is not None
    assert RESULTS.read_text(encoding="utf-8") == markdown(results)


def test_the_plot_beside_the_results_shows_every_implementation_with_its_figures() -> None:
    """It is committed, as it is drawn only where matplotlib is installed: what it says is the record's."""
    results = load_results(RECORD)
    shown = [run for run in (results.race, results.real_race) if run is not None]
    assert shown
    for run in shown:
        picture = RESULTS.with_name(picture_of(run.race.world)).read_text(encoding="utf-8")
        for standing in standings(run.race):
            assert f">{standing.implementation}<" in picture
            assert f">{standing.events_per_cpu_second.median / 1_000:,.0f}k<" in picture
            assert f">{standing.peak_rss_bytes / 1e6:,.0f}<" in picture


def test_a_race_is_drawn_alike_each_time(race: Race, tmp_path: Path) -> None:
    """A plot that changes with each drawing would be a change to commit each time."""
    run = RaceRun(date="2026-01-01", machine=this_machine("none"), race=race)
    paths = [tmp_path / name for name in ("first.svg", "again.svg")]
    for path in paths:
        try:
            draw_race(run, path)
        except Unavailable as reason:
            pytest.skip(f"left out: the plot: {reason}")
    first, again = (path.read_bytes() for path in paths)
    assert first == again
    assert b"antiphon" in first
