"""A history that is moved in time is the same history: the backtest finds the same, at moved times."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.enriched import Alert
from streams.events import Account, Event, Post, PostRef, Retweet
from tests.e2e.case import LAST_RULE, bundled_case, expected_alerts, moved_case
from tests.e2e.shifting import shifted_events, shifted_roster

_NOW = datetime(2030, 1, 1, tzinfo=UTC)
_AT = datetime(2021, 1, 1, tzinfo=UTC)
_SNOWFLAKE = "1280000000000000001"  # of 6 July 2020
_EVENTS, _ROSTER = bundled_case()


def _found(alerts: list[Alert], back: timedelta) -> dict[str, tuple[Any, ...]]:
    """What does not depend on when it all was; times moved back."""
    return {
        alert.rule: (
            alert.dedup_key,
            alert.severity,
            alert.fired_at - back,
            alert.as_of - back,
            alert.expires_at - back,
            alert.figures,
            alert.fired_figures,
            [(item.event_id, item.at - back) for item in alert.evidence],
        )
        for alert in alerts
    }


@pytest.mark.slow
@settings(max_examples=8)
@given(st.timedeltas(min_value=timedelta(days=-200), max_value=timedelta(days=2_500)))
def test_the_moved_case_has_the_alerts_of_the_case_at_moved_times(by: timedelta) -> None:
    expected = _found(expected_alerts(_EVENTS, _ROSTER, _NOW), timedelta())
    assert len(expected) == 5
    moved = expected_alerts(shifted_events(_EVENTS, by), shifted_roster(_ROSTER, by), _NOW)
    assert _found(moved, by) == expected


def test_without_the_creation_that_an_id_tells_the_moved_case_would_be_another() -> None:
    """The test above can fail: an account that seems six years old when it is first amplified is not new."""
    by = timedelta(days=2_100)
    naive = [msgspec.structs.replace(event, at=event.at + by) for event in _EVENTS]
    alerts = expected_alerts(naive, shifted_roster(_ROSTER, by), _NOW)
    assert "new-account-sustained" not in {alert.rule for alert in alerts}


def test_every_time_in_an_event_moves_and_nothing_else_does() -> None:
    by = timedelta(days=3, seconds=1)
    old = Account(id="7", created_at=datetime(2012, 1, 1, tzinfo=UTC))
    new = Account(id=_SNOWFLAKE, handle="new")
    post = Post(
        platform="twitter",
        id="1",
        at=_AT,
        observed_at=_AT,
        actor=old,
        text="2021-01-01T00:00:00Z",
        mentions=(new, Account(id="8")),
        quotes=PostRef(post_id=_SNOWFLAKE, account=new),
    )
    [moved] = shifted_events([post], by)
    assert isinstance(moved, Post)
    assert (moved.at, moved.observed_at) == (_AT + by, _AT + by)
    assert moved.actor.created_at == datetime(2012, 1, 4, 0, 0, 1, tzinfo=UTC)
    assert moved.quotes is not None
    for account in (moved.mentions[0], moved.quotes.account):
        assert account is not None
        assert account.created_at is not None
        assert (account.created_at - by).date().isoformat() == "2020-07-06"
    assert moved.mentions[1] == Account(id="8")
    assert (moved.id, moved.text, moved.quotes.post_id) == (post.id, post.text, _SNOWFLAKE)


def test_back_and_forth_leaves_the_case_as_it_was_but_for_creations_said_aloud() -> None:
    by = timedelta(days=1_000)
    there_and_back = shifted_events(shifted_events(_EVENTS, by), -by)
    assert there_and_back == shifted_events(_EVENTS, timedelta())
    assert shifted_roster(shifted_roster(_ROSTER, by), -by) == _ROSTER
    assert shifted_roster(_ROSTER, by) != _ROSTER
    assert [event.id for event in there_and_back] == [event.id for event in _EVENTS]


@pytest.mark.slow
def test_the_last_alert_ends_when_it_should_and_all_else_is_past_by_then() -> None:
    ends = datetime(2026, 5, 1, 12, tzinfo=UTC)
    case = moved_case(ends, ends - timedelta(minutes=1))
    assert max(alert.expires_at for alert in case.alerts) == ends
    assert max(event.at for event in case.events) < ends - timedelta(hours=12)
    assert {alert.rule for alert in case.alerts} > case.decisive.keys()
    assert case.decisive.keys() == {"new-account-sustained", "single-patron", LAST_RULE}
    for rule, place in case.decisive.items():
        [alert] = [alert for alert in case.alerts if alert.rule == rule]
        assert _subject(case.events[place]) == alert.subject.id
        without = [*case.events[:place], *case.events[place + 1 :]]
        later = [a for a in expected_alerts(without, case.roster, ends) if a.rule == rule]
        assert not later or later[0].fired_at > alert.fired_at, "the alert does not wait for this event"


def _subject(event: Event) -> str:
    return event.subject.id if isinstance(event, Retweet) else getattr(event, "actor").id  # noqa: B009 - a union
