"""Figures follow from laps, and RESULTS.md from figures."""

import pytest

from bench.__main__ import RESULTS
from bench.lap import Lap
from bench.race import Race
from bench.report import markdown
from bench.results import RECORD, load_results
from bench.standings import limit_of, ratios, standings


def _lap(contestant: str, number: int, events_per_second: float, *, core_share: float = 1.0) -> Lap:
    return Lap(
        contestant=contestant,
        lap=number,
        events=1_000_000,
        seconds=1_000_000 / events_per_second,
        cpu_seconds=core_share * 1_000_000 / events_per_second,
        peak_rss_bytes=number * 1_000_000,
        complaints=["lost one"] if (contestant, number) == ("faust", 2) else [],
    )


@pytest.fixture
def race() -> Race:
    """Three rounds; in the second everybody is slowed down alike, and Antiphon has its core for half the time."""
    speeds = {"slow-limit": 100_000, "fast-limit": 200_000, "antiphon": 150_000, "faust": 10_000}
    laps = []
    for number, slowed in ((1, 1.0), (2, 0.1), (3, 0.9)):
        for name, speed in speeds.items():
            laps.append(_lap(name, number, speed * slowed, core_share=0.5 if name == "antiphon" else 1.0))
    return Race(
        events=1_000_000,
        seed=1,
        rounds=3,
        mean_event_bytes=600.0,
        amplifications=5_000,
        amplified_subjects=4_000,
        descriptions={name: f"the one called {name}" for name in speeds},
        jobs={"slow-limit": False, "fast-limit": False, "antiphon": True, "faust": True},
        laps=laps,
    )


def test_a_ratio_is_taken_within_each_round_so_that_a_slow_round_does_not_count(race: Race) -> None:
    against = {ratio.against: ratio for ratio in ratios(race)}
    assert against["faust"].wall.median == pytest.approx(15)
    assert against["faust"].wall.least == pytest.approx(against["faust"].wall.most)
    assert against["faust"].cpu.median == pytest.approx(30)


def test_the_limit_is_the_faster_of_those_that_only_decode(race: Race) -> None:
    assert limit_of(race) == "fast-limit"
    assert [ratio.against for ratio in ratios(race)] == ["fast-limit", "faust"]
    assert ratios(race)[0].wall.median == pytest.approx(0.75)


def test_standings_are_medians_over_the_rounds_and_keep_every_complaint(race: Race) -> None:
    by_name = {standing.contestant: standing for standing in standings(race)}
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
