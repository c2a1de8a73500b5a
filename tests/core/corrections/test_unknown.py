"""What cannot be known does not stand: what an account did that was on no roster before raw events were kept."""

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from msgspec.structs import replace

from streams.core.clock import to_us
from streams.core.corrections.entry_changes import entry_changes
from streams.core.corrections.outcomes import compare
from streams.core.corrections.unknown import unknown_terms, with_unknown
from streams.core.rosters.roster import Roster, RosterEntry
from streams.core.subject_event import subject_key
from streams.events import Account, Event, Retweet
from tests.core.corrections.entries import entry
from tests.core.stories import roster_of, run_story

_BEGIN: Final = datetime(2022, 1, 1, tzinfo=UTC)
_NOW_US: Final = 1_900_000_000_000_000
_OFFICIAL: Final = Account(id="9", handle="official")
_SUBJECT: Final = Account(id="7", handle="subject", created_at=_BEGIN)
_RETWEETS: Final[list[Event]] = [
    Retweet(platform="twitter", id=f"r{n}", at=_BEGIN + timedelta(days=n), actor=_OFFICIAL, subject=_SUBJECT)
    for n in range(25)
]


@pytest.mark.parametrize(
    ("before", "after", "spans"),
    [
        ([], [entry()], [(-(2**62), 50)]),
        ([], [entry(valid_from_us=20)], [(20, 50)]),
        ([], [entry(valid_from_us=60)], []),
        ([entry()], [], []),
        ([entry(valid_from_us=40)], [entry(valid_from_us=10)], [(10, 40)]),
        ([entry(valid_to_us=20)], [entry()], [(20, 50)]),
        ([entry(valid_from_us=10, valid_to_us=20)], [entry()], [(-(2**62), 10), (20, 50)]),
        ([entry()], [entry(country="RU", category="leader")], []),
        ([entry(account_id=None)], [entry()], []),
    ],
)
def test_the_time_before_the_kept_raw_events_is_unknown_where_the_account_was_not_on_the_roster(
    before: list[RosterEntry], after: list[RosterEntry], spans: list[tuple[int, int]]
) -> None:
    changes = entry_changes(Roster(before), Roster(after))
    assert [(term.from_us, term.until_us) for term in unknown_terms(changes, 50)] == spans
    assert unknown_terms(changes, None) == ()


def test_an_alert_that_would_stand_is_unknown_where_an_added_account_may_have_done_anything_before() -> None:
    results = run_story(roster_of([_OFFICIAL]), _RETWEETS, now_us=_NOW_US)
    assert {alert.rule for alert in results.alerts.values()} == {"single-patron"}
    compared = compare(results, results)
    kept_since_us = to_us(_BEGIN + timedelta(days=100))
    for platform, kinds in (("twitter", ["cannot_be_known"]), ("bluesky", ["stands"])):
        changes = entry_changes(Roster(), Roster([entry(platform=platform)]))
        found = with_unknown(compared, unknown_terms(changes, kept_since_us), (), set())
        assert [each.kind for each in found.alerts] == kinds
    late = entry_changes(Roster(), Roster([entry(valid_from_us=to_us(_BEGIN + timedelta(days=90)))]))
    assert [each.kind for each in with_unknown(compared, unknown_terms(late, kept_since_us), (), set()).alerts] == [
        "stands"
    ]
    [outcome] = with_unknown(compared, unknown_terms(changes[:0], kept_since_us), (), set()).alerts
    assert outcome.why == ""


def test_an_alert_that_was_told_and_cannot_be_counted_any_more_is_named() -> None:
    """Its events are not kept: whether it stands is not known, if the changed entries touched its account."""
    results = run_story(roster_of([_OFFICIAL]), _RETWEETS, now_us=_NOW_US)
    [alert] = results.alerts.values()
    nothing = compare(replace(results, alerts={}), replace(results, alerts={}))
    touched = {subject_key("twitter", _SUBJECT.id)}
    [outcome] = with_unknown(nothing, (), [alert], touched).alerts
    assert (outcome.id, outcome.kind) == (alert.id, "cannot_be_known")
    assert "kept" in outcome.why
    assert with_unknown(nothing, (), [alert], set()).alerts == ()
    assert with_unknown(nothing, (), [replace(alert, status="retracted")], touched).alerts == ()
