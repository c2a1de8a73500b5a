"""What is read a second time: what says more once it is known whose an id is."""

from datetime import UTC, datetime, timedelta

import pytest

from streams.core.rosters.roster import Roster, RosterEntry
from streams.core.screening.account_index import AccountIndex
from streams.core.screening.skipped_events import SkippedEvents, is_worth_reading_again
from streams.core.tracked import TrackedAccount
from streams.events import Account, Coverage, Deletion, Event, Follow, Post, Retweet, Suspension

_AT = datetime(2022, 3, 1, tzinfo=UTC)
_NAMED = Account(id="90", handle="embassy")  # by handle alone on the roster
_TRIMMED = Account(id="90")
_SUBJECT = Account(id="70")


def _known() -> AccountIndex:
    url = "https://example.org/roster"
    entries = [
        RosterEntry(
            platform="twitter", account_id=None, handle="embassy", country="IR", category="diplomat", source_url=url
        ),
        RosterEntry(
            platform="twitter", account_id="91", handle=None, country="IR", category="diplomat", source_url=url
        ),
    ]
    return AccountIndex(Roster(entries))


def _gap(*officials: str) -> Coverage:
    until = _AT + timedelta(days=1)
    return Coverage(
        platform="twitter", id="gap", at=until, source="one", seen=False, since=_AT, until=until, officials=officials
    )


_OF_AN_ID: list[Event] = [
    Post(platform="twitter", id="1", at=_AT, actor=_TRIMMED, text="a statement"),
    Retweet(platform="twitter", id="2", at=_AT, actor=_TRIMMED, subject=_SUBJECT),
    Follow(platform="twitter", id="3", at=_AT, actor=_TRIMMED, subject=_SUBJECT, active=True),
    Deletion(platform="twitter", id="4", at=_AT, actor=_TRIMMED, post_id="1"),
    Suspension(platform="twitter", id="5", at=_AT, actor=_TRIMMED, status="suspended"),
    _gap("91", "90"),
]


@pytest.mark.parametrize("event", _OF_AN_ID, ids=lambda each: type(each).__name__)
def test_what_names_an_id_is_read_again_once_it_is_known_as_an_officials(event: Event) -> None:
    known, skipped = _known(), SkippedEvents()
    skipped.meet(event, known)
    assert not skipped.include_tracked(known)
    assert not is_worth_reading_again(event, known)
    known.add(TrackedAccount(platform="twitter", id="90", handle="embassy"))
    assert skipped.include_tracked(known)
    assert is_worth_reading_again(event, known)


@pytest.mark.parametrize(
    "event",
    [
        Post(platform="twitter", id="1", at=_AT, actor=_NAMED, text="a statement"),
        Suspension(platform="twitter", id="5", at=_AT, actor=_NAMED, status="suspended"),
        Retweet(platform="twitter", id="2", at=_AT, actor=Account(id="91"), subject=_SUBJECT),
        Suspension(platform="twitter", id="6", at=_AT, actor=_SUBJECT, status="suspended"),
        _gap("91"),
    ],
)
def test_what_said_all_the_first_time_is_not_read_again(event: Event) -> None:
    """That a subject is followed changes nothing about its suspension."""
    known, skipped = _known(), SkippedEvents()
    skipped.meet(event, known)
    known.add(TrackedAccount(platform="twitter", id="90", handle="embassy"))
    known.add(TrackedAccount(platform="twitter", id="70", countries=("IR",)))
    assert not is_worth_reading_again(event, known)
