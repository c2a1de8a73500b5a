"""Subjects that no official engaged with: profiles leave nothing, suspensions are kept for a time, then forgotten."""

from collections.abc import Sequence
from typing import Final

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from streams.core.clock import DAY_US, from_us
from streams.core.subject_event import SubjectEvent, SubjectEventKind
from streams.core.tracking.outcome import TrackOutcome
from streams.core.tracking.subject import TrackPolicy
from streams.core.tracking.unengaged import Unengaged
from streams.events import Account
from streams.rules_loading import bundled_rules
from tests.core.tracking.oracle import without_sources
from tests.core.tracking.strategies import BASE_US, retweet
from tests.core.tracking.test_track_oracle import differences
from tests.core.tracking.track_run import TrackRun

_DAYS: Final = TrackPolicy().unengaged_days
_RULES: Final = bundled_rules()


def _about(kind: SubjectEventKind, number: int, day: float, subject: str = "12") -> SubjectEvent:
    return structs.replace(
        retweet(number),
        kind=kind,
        event_id=f"{kind}-{number}",
        at_us=BASE_US + int(day * DAY_US),
        subject=Account(id=subject, handle="somebody", followers=number),
        official=None,
        status="suspended" if kind == "suspension" else None,
    )


def _tick(day: float) -> SubjectEvent:
    return structs.replace(_about("tick", 0, day), platform="antiphon", subject=Account(id="tick"))


def _retweets(day: float) -> list[SubjectEvent]:
    return [
        structs.replace(retweet(number), at_us=BASE_US + int(day * DAY_US) + number, subject=Account(id="12"))
        for number in range(12)
    ]


def test_profiles_of_accounts_that_no_official_engaged_with_leave_nothing() -> None:
    """Whether or not a suspension of the account is known; from the first engagement on they count."""
    run = TrackRun(_RULES)
    run.batch([_about("profile", number, 0, subject=f"unengaged-{number}") for number in range(100)])
    assert run.states == {}
    assert run.outcomes == {TrackOutcome.UNENGAGED: 100}
    run.batch([_about("suspension", 1, 1), _about("profile", 2, 2)])
    before = dict(run.states)
    run.batch([_about("profile", 3, 3)])
    assert run.states == before
    run.batch([*_retweets(4), _about("profile", 77, 5)])
    assert run.dossiers["twitter:12"].subject.followers == 77


@given(profiled=st.floats(-400, 400))
def test_a_profile_that_comes_first_gives_the_same_where_profiles_are_kept(profiled: float) -> None:
    """As in a demo, whose raw topics are read side by side; and a profile that leads to nothing is forgotten."""
    policy = TrackPolicy(unengaged_profile_days=2)
    profile, retweets = _about("profile", 99, profiled), _retweets(0)
    runs = [TrackRun(_RULES, policy).run(order) for order in ([[profile], retweets], [retweets, [profile]])]
    assert differences(runs[0].dossiers, runs[1].dossiers) == []
    assert runs[0].dossiers["twitter:12"].followers_as_of is not None
    unengaged = TrackRun(_RULES, policy)
    unengaged.batch([_about("profile", 1, 0, "unengaged")])
    assert unengaged.states.keys() == {"twitter:unengaged"}
    unengaged.batch([_tick(2)])
    assert unengaged.states == {}


def test_a_suspension_of_an_unengaged_account_is_forgotten_when_its_days_are_over_and_one_of_a_subject_is_not() -> None:
    run = TrackRun(_RULES)
    run.batch([_about("suspension", 1, 0, "unengaged"), _about("suspension", 2, 0), *_retweets(1)])
    run.batch([_tick(_DAYS - 0.01)])
    assert run.states.keys() == {"twitter:unengaged", "twitter:12"}
    run.batch([_tick(_DAYS)])
    assert run.states.keys() == {"twitter:12"}
    run.batch([_tick(10_000)])
    assert run.states.keys() == {"twitter:12"}


def test_a_suspension_that_is_reported_late_is_kept_for_as_long() -> None:
    """From when it is told: what it concerns may be told late, too."""
    run = TrackRun(_RULES)
    run.batch([_tick(100)])
    run.batch([_about("suspension", 1, 0)])
    run.batch([_tick(100 + _DAYS - 0.01)])
    assert len(run.states) == 1
    run.batch([_tick(100 + _DAYS)])
    assert run.states == {}


@given(
    amplified=st.floats(-400, 400),
    ticks=st.lists(st.floats(-400, 400), max_size=4),
    late=st.floats(0, _DAYS - 0.001),  # a float has no room for a microsecond beside a year
)
def test_a_suspension_that_comes_first_gives_the_same_within_its_days(
    amplified: float, ticks: Sequence[float], late: float
) -> None:
    """Dossier, alerts and standings are those of the other order, whatever event time did before and does meanwhile."""
    suspension = _about("suspension", 1, 0)
    arrived = max([0.0, *ticks])
    first = TrackRun(_RULES).run(
        [[_tick(day) for day in ticks], [suspension], [_tick(arrived + late)], _retweets(amplified)]
    )
    last = TrackRun(_RULES).run([_retweets(amplified), [suspension]])
    assert differences(first.dossiers, last.dossiers) == []
    alerts = [{key: without_sources(alert) for key, alert in run.standing.items()} for run in (first, last)]
    assert differences(*alerts) == []
    standings = [{key: said.standing for key, said in run.standings.items()} for run in (first, last)]
    assert standings[0].keys() == standings[1].keys()
    assert [said and (said.periods, said.amplifiers) for said in standings[0].values()] == [
        said and (said.periods, said.amplifiers) for said in standings[1].values()
    ]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9) | st.none(), st.integers(0, 9)), max_size=30))
def test_what_is_due_is_what_a_walk_over_all_would_find(steps: list[tuple[str, int | None, int]]) -> None:
    """However often a subject is kept anew, engaged with and kept again."""
    index, all_of_them = Unengaged(), dict[str, int]()
    for key, until, watermark_us in steps:
        if until is None:
            index.drop(key)
            all_of_them.pop(key, None)
        else:
            index.keep(key, until)
            all_of_them[key] = until
        index.watermark_us = max(index.watermark_us, watermark_us)
        due = {name for name, at in all_of_them.items() if at <= index.watermark_us}
        assert set(index.take_due()) == due
        for name in due:
            del all_of_them[name]
        assert len(index) == len(all_of_them)


def test_many_that_are_due_at_once_are_taken_in_parts() -> None:
    """So that one batch does not write a million tombstones."""
    index = Unengaged()
    for number in range(10_000):
        index.keep(str(number), 1)
    assert index.take_due() == []
    index.watermark_us = 1
    parts = list(iter(lambda: len(index.take_due()), 0))
    assert sum(parts) == 10_000
    assert max(parts) <= 1_000


def test_a_word_of_watch_that_comes_before_the_amplification_that_it_answers_is_not_forgotten() -> None:
    word = structs.replace(_about("seen_since", 1, 0), country="IR", since_us=BASE_US)
    run = TrackRun(_RULES).run([[_tick(0)], [word], [_tick(1)], _retweets(1)])
    assert run.dossiers["twitter:12"].seen_since == {"IR": from_us(BASE_US)}
