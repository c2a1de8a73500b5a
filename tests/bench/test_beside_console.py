"""What is said of a pipeline beside a console: compared within each round, and against the noise of the machine."""

import pytest
from msgspec.structs import replace

from bench.figures.beside_console import BesideConsole, BesideTrial
from bench.report_console import beside_parts


def _trials(speeds: list[tuple[float, float]], latency: float = 0.1, with_it: float = 0.1) -> BesideConsole:
    """Of each round the speed without and with the console."""
    trial = BesideTrial(
        number=1, with_console=False, events_per_second=1, events_per_cpu_second=1, p50=latency, p90=latency
    )
    trials = [
        replace(trial, number=number, with_console=kind, events_per_second=speed, p50=with_it if kind else latency)
        for number, pair in enumerate(speeds)
        for kind, speed in zip((False, True), pair, strict=True)
    ]
    return BesideConsole(events=1, rate=1, trials=trials)


@pytest.mark.parametrize(
    ("beside", "is_met"),
    [
        (_trials([(100, 99), (100, 96), (100, 50)]), True),
        (_trials([(100, 90), (100, 94), (100, 99)]), False),
        (_trials([(100, 90), (110, 100), (100, 91)]), True),
        (_trials([(100, 100), (100, 100)], latency=0.1, with_it=0.12), False),
        (_trials([(100, 100), (100, 100)], latency=0.1, with_it=0.104), True),
    ],
)
def test_the_middle_round_decides_and_noise_excuses(beside: BesideConsole, is_met: bool) -> None:
    assert beside.is_met == is_met
    *_, words = beside_parts(beside)
    assert ("met." in words) == is_met


def test_without_both_kinds_nothing_is_compared() -> None:
    beside = _trials([(1, 1)])
    assert beside.can_compare
    assert not replace(beside, trials=beside.trials[1:]).can_compare


@pytest.mark.parametrize(
    "beside",
    [
        _trials([(0, 5)]),
        _trials([(0, 5), (100, 100)]),
        _trials([(100, 100)], latency=0.0, with_it=0.0),
        BesideConsole(events=1, rate=1, trials=[]),
    ],
)
def test_what_was_too_short_to_measure_is_neither_met_nor_missed(beside: BesideConsole) -> None:
    assert beside.is_met is None
    *_, words = beside_parts(beside)
    assert "an unknown share" in words
    assert words.endswith("cannot be said.")
