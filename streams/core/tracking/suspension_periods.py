"""Suspension periods: the spans for which a subject was suspended, as the notices of it, and whoever saw the account,
tell.

A suspension period begins when the account is certainly suspended or deleted, by the first notice of it, and ends with
the next that it is reinstated, or when it is seen again; an account that its owner deactivated is not suspended.
"""

from collections.abc import Iterable, Sequence
from typing import Final, Protocol

import msgspec

from streams.core.country_event import SuspensionPeriod
from streams.core.gone import Sightings
from streams.core.subject_event import Coordinates
from streams.core.suspension_times import SLACK_US, NoticeTimes, TimedNotice, earliest_us, times_of

__all__ = ["MOST_PERIODS", "PeriodNotice", "fold_notice", "suspension_periods_of"]

MOST_PERIODS: Final = 32
"""Further ones are not told apart: one in five suspensions is reversed in real data, and twice is rare."""


class PeriodNotice(TimedNotice, Protocol):
    """What is read of a suspension notice."""

    @property
    def event_id(self) -> str: ...
    @property
    def source(self) -> Coordinates: ...


def fold_notice(periods: list[SuspensionPeriod], notice: PeriodNotice, times: NoticeTimes, seen: Sightings) -> None:
    """Take in the next notice, in place, and first that the account may have been seen again before."""
    _see(periods, seen, notice.at_us)
    under_way = bool(periods) and periods[-1].reinstated_us is None
    if notice.status in ("suspended", "deleted"):
        if not under_way and len(periods) < MOST_PERIODS:
            periods.append(
                SuspensionPeriod(
                    times.not_after_us,
                    notice.status,
                    notice.event_id,
                    notice.source,
                    not_before_us=times.not_before_us,
                    precision=notice.precision,
                )
            )
    elif notice.status == "reinstated" and under_way:
        first_us = earliest_us(notice)
        back_us = max(notice.at_us if first_us is None else first_us, periods[-1].opened_us)
        periods[-1] = msgspec.structs.replace(periods[-1], reinstated_us=back_us)


def suspension_periods_of(
    evicted: Iterable[SuspensionPeriod], notices: Sequence[PeriodNotice], seen: Sightings
) -> tuple[SuspensionPeriod, ...]:
    """All suspension periods: those of earlier notices, and what the later ones, oldest first, make of them."""
    periods = list(evicted)
    for notice, times in zip(notices, times_of(notices, seen), strict=True):
        fold_notice(periods, notice, times, seen)
    _see(periods, seen, None)
    return tuple(periods)


def _see(periods: list[SuspensionPeriod], seen: Sightings, until_us: int | None) -> None:
    """End the suspension period that is under way where the account was there before a time."""
    if not periods or periods[-1].reinstated_us is not None:
        return
    again_us = seen.first_after(periods[-1].opened_us + SLACK_US)
    if again_us is not None and (until_us is None or again_us < until_us):
        periods[-1] = msgspec.structs.replace(periods[-1], reinstated_us=again_us, seen_again=True)
