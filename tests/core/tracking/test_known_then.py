"""A follower count counts for the time at which it was observed: what is observed later says nothing of the event's."""

from typing import Final

import msgspec
import pytest

from streams.core.clock import DAY_US, from_us
from streams.core.rosters.roster import Roster
from streams.core.screening.account_index import AccountIndex
from streams.core.screening.screen import screen_event
from streams.core.screening.screen_policy import ScreenPolicy
from streams.core.subject_event import Coordinates, SubjectEvent
from streams.core.tracking.subject import TrackPolicy
from streams.events import Account, Profile
from streams.rules_loading import bundled_rules
from tests.core.tracking.strategies import BASE_US, OFFICIALS, placed, retweet
from tests.core.tracking.track_run import TrackRun

KEY: Final = "twitter:12"
YEARS_US: Final = 1_200 * DAY_US


def _seen(events: list[SubjectEvent], followers: int, after_us: int | None) -> list[SubjectEvent]:
    return [
        msgspec.structs.replace(
            event,
            subject=Account(id="12", followers=followers),
            observed_us=None if after_us is None else event.at_us + after_us,
        )
        for event in events
    ]


def _amplified() -> list[SubjectEvent]:
    return [retweet(number, official=OFFICIALS[number % 6]) for number in range(12)]


@pytest.mark.parametrize("after_us", [None, 0, DAY_US])
def test_a_count_seen_within_a_day_is_that_of_the_time(after_us: int | None) -> None:
    run = TrackRun(bundled_rules(), TrackPolicy()).run([placed(_seen(_amplified(), 150, after_us))])
    assert "low-profile" in {alert.rule for alert in run.standing.values()}


@pytest.mark.parametrize("after_us", [DAY_US + 1, YEARS_US])
def test_a_count_seen_later_is_unknown_to_rules_and_shown_with_its_time(after_us: int) -> None:
    events = _seen(_amplified(), 150, after_us)
    run = TrackRun(bundled_rules(), TrackPolicy()).run([placed(events)])
    assert "low-profile" not in {alert.rule for alert in run.standing.values()}
    assert all(alert.figures["followers"] is None for alert in run.standing.values())
    dossier = run.dossiers[KEY]
    assert dossier.subject.followers == 150
    assert dossier.followers_as_of == from_us(events[-1].at_us + after_us)


@pytest.mark.parametrize("newest_first", [False, True])
def test_what_was_known_then_stands_beside_a_copy_fetched_years_later(newest_first: bool) -> None:
    events = [*_seen(_amplified(), 150, None), *_seen(_amplified(), 1_000_000, YEARS_US)]
    run = TrackRun(bundled_rules(), TrackPolicy()).run([placed(events[::-1] if newest_first else events)])
    (low,) = [alert for alert in run.standing.values() if alert.rule == "low-profile"]
    assert low.figures["followers"] == 150
    assert run.dossiers[KEY].subject.followers == 1_000_000


def test_screening_passes_on_when_an_event_was_observed() -> None:
    profile = Profile(
        platform="twitter",
        id="p",
        at=from_us(BASE_US),
        observed_at=from_us(BASE_US + YEARS_US),
        actor=Account(id="12", followers=3),
    )
    known = AccountIndex(Roster(()))
    screening = screen_event(profile, Coordinates("profiles", 0, 0), known, BASE_US + 2 * YEARS_US, ScreenPolicy())
    (event,) = screening.events  # type: ignore[union-attr]
    assert event.observed_us == BASE_US + YEARS_US
