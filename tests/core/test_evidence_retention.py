"""What is old goes, unless a living alert rests on it: whoever is named, and what is taken back of it."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.clock import DAY_US, to_us
from streams.core.enriched import Alert, AlertStatus
from streams.core.evidence import EvidenceEntry, EvidenceKey, event_key
from streams.core.evidence_retention import Held, Retention, accounts_of, held_by
from streams.core.watching.watch_policy import WatchPolicy
from streams.events import (
    Account,
    Coverage,
    Deletion,
    Event,
    Follow,
    Post,
    PostRef,
    Profile,
    Retweet,
    Suspension,
    encode_event,
)
from streams.schemas.examples import EXAMPLES

_AT = datetime(2024, 1, 1, tzinfo=UTC)
_NOW_US = to_us(_AT) + 1_000 * DAY_US
_DAYS = 400
_SUBJECT = Account(id="7")
_OFFICIAL = Account(id="9")
_HELD = Held(alerts=frozenset({"aa"}), subjects=frozenset({"twitter:7"}))


def _entry(event: Event, age_days: float = 500) -> EvidenceEntry:
    value = encode_event(event)
    digest = sha256(value).hexdigest()
    return EvidenceEntry(
        key=event_key(event, digest),
        value=value,
        sha256=digest,
        received_at=_NOW_US - int(age_days * DAY_US),
    )


def _due(entries: list[EvidenceEntry], held: Held = _HELD) -> set[EvidenceKey]:
    retention = Retention(held, _NOW_US, _DAYS)
    for entry in entries:
        retention.meet(entry)
    for entry in entries:
        retention.consider(entry)
    return set(retention.due())


def test_raw_events_of_a_platform_are_kept_for_the_days_of_that_platform() -> None:
    """All else, and what a living alert rests on, as before."""
    stranger = Account(id="5")
    post = Post(platform="twitter", id="1", at=_AT, actor=stranger, text="x")
    elsewhere = msgspec.structs.replace(post, platform="mastodon", id="2")
    about = Retweet(platform="twitter", id="3", at=_AT, actor=_OFFICIAL, subject=_SUBJECT)
    roster = EvidenceEntry(key=EvidenceKey("roster", "ab"), value=b"x", sha256="ab", received_at=0)
    entries = [*(_entry(each, 40) for each in (post, elsewhere, about)), _entry(post, 20), roster]
    retention = Retention(_HELD, _NOW_US, _DAYS, {"twitter": 30})
    for step in (retention.meet, retention.consider):
        for entry in entries[:3]:
            step(entry)
        step(roster)
    assert set(retention.due()) == {entries[0].key}
    assert _due(entries[:3]) == set()
    assert _due([_entry(elsewhere, 500)]) == {entries[1].key}


def _events(subject: Account) -> dict[str, Event]:
    """An event of each kind that is about an account."""
    common: Any = {"platform": "twitter", "at": _AT}
    named = subject.id
    return {
        "retweet": Retweet(**common, id=f"r{named}", actor=_OFFICIAL, subject=subject),
        "quote": Post(**common, id=f"q{named}", actor=_OFFICIAL, quotes=PostRef(post_id="1", account=subject)),
        "answer": Post(**common, id=f"a{named}", actor=_OFFICIAL, reply_to=PostRef(post_id="1", account=subject)),
        "mention": Post(**common, id=f"m{named}", actor=_OFFICIAL, mentions=(subject,)),
        "follow": Follow(**common, id=f"f{named}", actor=_OFFICIAL, subject=subject),
        "suspension": Suspension(**common, id=f"s{named}", actor=subject, status="suspended"),
        "profile": Profile(**common, id=f"p{named}", actor=subject),
        "post": Post(**common, id=f"o{named}", actor=subject, text="x"),
        "own deletion": Deletion(**common, id=f"d{named}", post_id="1", actor=subject),
        "withdrawal": Deletion(**common, id=f"w{named}", post_id=f"r{named}", actor=_OFFICIAL),
        "nobody's deletion": Deletion(**common, id=f"n{named}", post_id=f"q{named}"),
        "coverage": Coverage(**common, id=f"c{named}", source="s", seen=True, officials=(subject.id,)),
    }


@pytest.mark.parametrize("kind", _events(_SUBJECT))
def test_what_a_living_alert_rests_on_stays_however_old_and_what_is_about_somebody_else_goes(kind: str) -> None:
    held, others = _events(_SUBJECT), _events(Account(id="8"))
    entries = [_entry(event) for event in [*held.values(), *others.values()]]
    due = _due(entries)
    assert _entry(held[kind]).key not in due
    assert _entry(others[kind]).key in due


def test_a_deletion_is_kept_for_the_post_that_it_takes_back_whichever_is_read_first() -> None:
    events = _events(_SUBJECT)
    entries = [_entry(events["withdrawal"]), _entry(events["retweet"])]
    assert _due(entries) == _due(entries[::-1]) == set()


@given(st.floats(0, 1_000))
def test_nothing_goes_before_its_time_and_without_an_alert_everything_goes_then(age_days: float) -> None:
    entry = _entry(_events(_SUBJECT)["retweet"], age_days)
    assert (entry.key in _due([entry], Held())) == (age_days > _DAYS)


def test_a_copy_that_came_again_lately_stays() -> None:
    event = _events(Account(id="8"))["retweet"]
    assert _due([_entry(event), _entry(event, age_days=3)]) == set()


def test_what_is_deleted_already_is_not_deleted_again_and_a_withheld_hash_stays() -> None:
    entry = _entry(_events(Account(id="8"))["retweet"])
    gone = msgspec.structs.replace(entry, value=None, received_at=None, sha256="")
    hidden = msgspec.structs.replace(entry, value=None, withheld="why")
    assert _due([entry, gone]) == _due([entry, hidden]) == set()


def test_rosters_and_rules_are_kept_and_versions_of_an_alert_as_long_as_it_lives() -> None:
    keys = [
        EvidenceKey("roster", "0" * 64),
        EvidenceKey("rules", "0" * 64),
        EvidenceKey("alert", "1" * 64, id="aa"),
        EvidenceKey("alert", "1" * 64, id="bb"),
    ]
    assert _due([EvidenceEntry(key=key, value=b"x", sha256="", written_ms=1) for key in keys]) == {keys[3]}


def test_bytes_that_are_no_event_go_when_they_are_old() -> None:
    entry = msgspec.structs.replace(_entry(_events(_SUBJECT)["retweet"]), value=b"{")
    assert _due([entry]) == {entry.key}


def test_what_is_withheld_and_was_written_again_is_told_with_its_reason() -> None:
    entry = _entry(_events(_SUBJECT)["retweet"], age_days=1)
    marker = msgspec.structs.replace(entry, value=None, withheld="why", marker=True)
    for entries, back in (([marker, entry], [(entry, "why")]), ([entry, marker], [(entry, "why")]), ([marker], [])):
        retention = Retention(_HELD, _NOW_US, _DAYS)
        for each in entries:
            retention.meet(each)
        for each in entries:
            retention.consider(each)
        assert retention.come_back() == back


def _alert(status: AlertStatus, expired_days_ago: float) -> Alert:
    _schema, alert = EXAMPLES["alert"]
    assert isinstance(alert, Alert)
    now = _AT + timedelta(days=1_000)
    return msgspec.structs.replace(alert, status=status, expires_at=now - timedelta(days=expired_days_ago))


@pytest.mark.parametrize(
    ("status", "expired_days_ago", "written_days_ago", "lives"),
    [
        ("firing", -5, 900, True),
        ("firing", 399, 900, True),
        ("firing", 401, 900, False),
        ("expired", 399, 900, True),
        ("expired", 401, 399, True),
        ("retracted", -5, 401, False),
        ("retracted", -5, 399, True),
    ],
)
def test_an_alert_lives_until_so_long_after_it_expired_or_was_written_last(
    status: AlertStatus, expired_days_ago: float, written_days_ago: int, lives: bool
) -> None:
    alert = _alert(status, expired_days_ago)
    held = held_by([(alert, _NOW_US - written_days_ago * DAY_US)], _NOW_US, _DAYS, WatchPolicy())
    assert (alert.id in held.alerts) == (f"twitter:{alert.subject.id}" in held.subjects) == lives
    assert held.spans == ()


def test_of_the_time_around_a_living_aftermath_everything_counts_on_its_platform() -> None:
    """Its figures rest on all posts and deletions of a State's officials, and on what of them was seen."""
    alert = _alert("firing", -5)
    alert = msgspec.structs.replace(alert, fired_at=_AT, figures={"reinstated": False, "deletions": 3})
    held = held_by([(alert, _NOW_US)], _NOW_US, _DAYS, WatchPolicy())
    within, before = _AT - timedelta(days=44), _AT - timedelta(days=46)
    posts: list[Event] = [Post(platform="twitter", id=f"{at}", at=at, actor=_OFFICIAL) for at in (within, before)]
    spans: list[Event] = [
        Coverage(platform="twitter", id="1", at=before, source="s", seen=True, until=within),
        Coverage(platform="twitter", id="2", at=before, source="s", seen=True, until=before),
        Coverage(platform="mastodon", id="3", at=within, source="s", seen=True, until=within),
    ]
    entries = [_entry(event) for event in [*posts, *spans]]
    assert _due(entries, held) == {entries[1].key, entries[3].key, entries[4].key}


def test_every_account_that_an_event_names_is_found() -> None:
    for kind, event in _events(_SUBJECT).items():
        assert ("twitter:7" in accounts_of(event)) == (kind not in ("withdrawal", "nobody's deletion")), kind
