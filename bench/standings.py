"""From trials to figures: medians, spans and ratios within rounds. No I/O."""

from collections.abc import Sequence
from statistics import median
from typing import Final, Literal

from msgspec import Struct

from bench.race import Race
from bench.trial import Trial

__all__ = ["OURS", "TARGETS", "Ratio", "Span", "Standing", "Target", "ratios", "standings"]

OURS: Final = "antiphon"


class Target(Struct, frozen=True):
    """How many times as fast as somebody Antiphon is to be at least, and by which of the two ratios that is decided."""

    times: float
    by: Literal["wall", "cpu"] = "wall"


TARGETS: Final = {
    "aiokafka-orjson": Target(0.8),
    "bytewax": Target(1.2),
    "quix-streams": Target(5.0),
    "faust": Target(20.0),
    "kafka-streams": Target(0.5, by="cpu"),  # "per core": a JVM has further threads, and they are its own
}
"""Everybody has one core, so the wall's clock decides, but for a target that is given per core: that is CPU time."""


class Span(Struct, frozen=True):
    """The middle of several rounds, and the least and the most of them."""

    median: float
    least: float
    most: float


class Standing(Struct, frozen=True, kw_only=True):
    """One implementation over all rounds. `core_share` is how much of the time its process had its core."""

    implementation: str
    description: str
    does_the_job: bool
    events_per_second: Span
    events_per_cpu_second: Span
    cpu_seconds_per_million: float
    core_share: float
    peak_rss_bytes: int
    complaints: list[str]


class Ratio(Struct, frozen=True, kw_only=True):
    """Antiphon's speed by somebody's, round by round: by the wall's clock, and by the time each really had a core."""

    against: str
    target: Target | None
    wall: Span
    cpu: Span

    @property
    def is_met(self) -> bool:
        """Whether the median of the ratio that decides reaches the target; without a target it does."""
        if self.target is None:
            return True
        return (self.wall if self.target.by == "wall" else self.cpu).median >= self.target.times


def standings(race: Race) -> list[Standing]:
    """All implementations, the fastest first."""
    found = (_standing(race, name) for name in race.jobs)
    return sorted(found, key=lambda standing: standing.events_per_second.median, reverse=True)


def ratios(race: Race) -> list[Ratio]:
    """Antiphon against everybody else, the limits first, the fastest of each first; none where it did not run."""
    if OURS not in race.jobs:
        return []
    others = sorted(
        (each for each in standings(race) if each.implementation != OURS), key=lambda each: each.does_the_job
    )
    ours = _trials(race, OURS)
    found = []
    for name in (other.implementation for other in others):
        pairs = list(zip(ours, _trials(race, name), strict=True))
        found.append(
            Ratio(
                against=name,
                target=TARGETS.get(name),
                wall=_span([a.events_per_second / b.events_per_second for a, b in pairs]),
                cpu=_span([a.events_per_cpu_second / b.events_per_cpu_second for a, b in pairs]),
            )
        )
    return found


def _trials(race: Race, name: str) -> list[Trial]:
    return [trial for trial in race.trials if trial.implementation == name]


def _standing(race: Race, name: str) -> Standing:
    trials = _trials(race, name)
    per_cpu_second = _span([trial.events_per_cpu_second for trial in trials])
    return Standing(
        implementation=name,
        description=race.descriptions[name],
        does_the_job=race.jobs[name],
        events_per_second=_span([trial.events_per_second for trial in trials]),
        events_per_cpu_second=per_cpu_second,
        cpu_seconds_per_million=1e6 / per_cpu_second.median,
        core_share=median(trial.cpu_seconds / trial.seconds for trial in trials),
        peak_rss_bytes=max(trial.peak_rss_bytes for trial in trials),
        complaints=[f"round {trial.number}: {complaint}" for trial in trials for complaint in trial.complaints],
    )


def _span(values: Sequence[float]) -> Span:
    return Span(median(values), min(values), max(values))
