"""From laps to figures: medians, spans and ratios within rounds. No I/O."""

from collections.abc import Sequence
from statistics import median
from typing import Final

from msgspec import Struct

from bench.lap import Lap
from bench.race import Race

__all__ = ["TARGETS", "Ratio", "Span", "Standing", "limit_of", "ratios", "standings"]

OURS: Final = "antiphon"
TARGETS: Final = {"limit": 0.6, "faust": 15.0}
"""How many times as fast as the fastest limit, and as each peer, Antiphon is to be at least."""


class Span(Struct, frozen=True):
    """The middle of several rounds, and the least and the most of them."""

    median: float
    least: float
    most: float


class Standing(Struct, frozen=True, kw_only=True):
    """One contestant over all rounds. `core_share` is how much of the time its process had its core."""

    contestant: str
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
    target: float | None
    wall: Span
    cpu: Span

    @property
    def is_met(self) -> bool:
        """Whether the median by the wall's clock reaches the target; without one it does."""
        return self.target is None or self.wall.median >= self.target


def standings(race: Race) -> list[Standing]:
    """All contestants, the fastest first."""
    found = (_standing(race, name) for name in race.jobs)
    return sorted(found, key=lambda standing: standing.events_per_second.median, reverse=True)


def limit_of(race: Race) -> str | None:
    """The fastest of those that only decode, `None` where none ran."""
    limits = [standing for standing in standings(race) if not standing.does_the_job]
    return limits[0].contestant if limits else None


def ratios(race: Race) -> list[Ratio]:
    """Antiphon against the fastest limit and against each peer; none where it did not run."""
    if OURS not in race.jobs:
        return []
    limit = limit_of(race)
    peers = [name for name, does_the_job in race.jobs.items() if does_the_job and name != OURS]
    against = ([(limit, TARGETS["limit"])] if limit else []) + [(name, TARGETS.get(name)) for name in peers]
    ours = _laps(race, OURS)
    found = []
    for name, target in against:
        pairs = list(zip(ours, _laps(race, name), strict=True))
        found.append(
            Ratio(
                against=name,
                target=target,
                wall=_span([a.events_per_second / b.events_per_second for a, b in pairs]),
                cpu=_span([a.events_per_cpu_second / b.events_per_cpu_second for a, b in pairs]),
            )
        )
    return found


def _laps(race: Race, name: str) -> list[Lap]:
    return [lap for lap in race.laps if lap.contestant == name]


def _standing(race: Race, name: str) -> Standing:
    laps = _laps(race, name)
    per_cpu_second = _span([lap.events_per_cpu_second for lap in laps])
    return Standing(
        contestant=name,
        description=race.descriptions[name],
        does_the_job=race.jobs[name],
        events_per_second=_span([lap.events_per_second for lap in laps]),
        events_per_cpu_second=per_cpu_second,
        cpu_seconds_per_million=1e6 / per_cpu_second.median,
        core_share=median(lap.cpu_seconds / lap.seconds for lap in laps),
        peak_rss_bytes=max(lap.peak_rss_bytes for lap in laps),
        complaints=[f"round {lap.lap}: {complaint}" for lap in laps for complaint in lap.complaints],
    )


def _span(values: Sequence[float]) -> Span:
    return Span(median(values), min(values), max(values))
