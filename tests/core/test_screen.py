"""SCREEN's decision: whom an event concerns, as of its time; and nothing a stranger sends goes unanswered or raises."""

import json
from collections import Counter
from typing import Any, Final

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.core.clock import DAY_US, SECOND_US, from_us
from streams.core.roster import Roster, RosterEntry
from streams.core.screen import Pass, Screening, ScreenPolicy, screen_event, screen_record
from streams.core.subject_event import Coordinates, decode_subject_event, encode_subject_event
from streams.deadletters import Reason, Rejection
from streams.events import (
    Account,
    Deletion,
    Event,
    Follow,
    Post,
    PostRef,
    Profile,
    Retweet,
    Suspension,
    decode_event,
    encode_event,
)
from tests.core.strategies import BASE_US, examples

SOURCE: Final = Coordinates("posts", 3, 77)
NOW_US: Final = BASE_US + 10 * DAY_US
POLICY: Final = ScreenPolicy(mentions=4)

# Few ids and handles, so that actors, subjects and officials are often the same.
_IDS: Final = ("1", "2", "3", "@embassy")
_HANDLES: Final = (None, "Embassy", "embassy", "@EMBASSY", "embassy_", "\N{KELVIN SIGN}ing", "king", "")
_platforms = st.sampled_from(("twitter",) * 6 + ("mastodon",))
_times = st.sampled_from([BASE_US + day * DAY_US + nudge for day in (0, 1, 2) for nudge in (-1, 0)])
_accounts = st.builds(Account, id=st.sampled_from(_IDS), handle=st.sampled_from(_HANDLES))
_refs = st.builds(PostRef, post_id=st.sampled_from(("p1", "p2")), account=_accounts | st.none())
_common: Final[dict[str, Any]] = {
    "platform": _platforms,
    "id": st.sampled_from(("e1", "e2")),
    "at": _times.map(from_us),
    "actor": _accounts,
}
_posts: Final = st.builds(
    Post,
    **_common,
    mentions=st.lists(_accounts, max_size=6).map(tuple),
    reply_to=_refs | st.none(),
    quotes=_refs | st.none(),
)
_retweets: Final = st.builds(Retweet, **_common, subject=_accounts, post_id=st.sampled_from((None, "p1")))
_follows: Final = st.builds(Follow, **_common, subject=_accounts, active=st.booleans())
_EVENTS: Final[tuple[st.SearchStrategy[Event], ...]] = (
    *(_posts, _posts, _posts, _posts, _retweets, _retweets, _follows, _follows),
    st.builds(Suspension, **_common, status=st.sampled_from(("suspended", "reinstated", "deleted", "deactivated"))),
    st.builds(Profile, **_common),
    st.builds(Deletion, **{**_common, "actor": st.none() | _accounts}, post_id=st.just("p1")),
)


# In days: always, for a day, always but for that day.
_TERMS: Final[tuple[tuple[tuple[int | None, int | None], ...], ...]] = (
    ((None, None),),
    ((0, 1),),
    ((None, 0), (1, None)),
)


@st.composite
def _rosters(draw: st.DrawFn) -> Roster:
    """Accounts by id or, some, by handle alone."""
    named: Final = [("1", "Embassy"), ("2", "KING"), ("3", None), (None, "Embassy"), (None, "\N{KELVIN SIGN}ing")]
    entries = []
    for account_id, handle in draw(st.lists(st.sampled_from(named), max_size=4, unique=True)):
        platform = draw(_platforms)
        entries += [
            RosterEntry(
                platform=platform,
                account_id=account_id,
                handle=handle,
                state="IR",
                category="diplomat",
                source_url="https://example.org",
                valid_from_us=None if start is None else BASE_US + start * DAY_US,
                valid_to_us=None if end is None else BASE_US + end * DAY_US,
            )
            for start, end in draw(st.sampled_from(_TERMS))
        ]
    return Roster(entries)


@st.composite
def _situations(draw: st.DrawFn) -> tuple[Event, Roster]:
    """An event and a roster; mostly, the actor is or was an official by id or by handle."""
    roster, event = draw(_rosters()), draw(draw(st.sampled_from(_EVENTS)))
    if roster.entries and draw(st.integers(0, 3)) > 0:
        entry = draw(st.sampled_from(roster.entries))
        handle = entry.handle or "Embassy"
        spelt = draw(st.sampled_from((handle, handle.upper(), f"@{handle.lower()}")))
        actor = Account(id=entry.account_id or "9", handle=spelt)
        event = msgspec.structs.replace(event, platform=entry.platform, actor=actor)
    return event, roster


def _on_roster(roster: Roster, platform: str, account: Account, at_us: int) -> bool:
    """Naively: some entry in force names the account's id; or one without an id names its handle, in any case."""
    for entry in roster.entries:
        starts, ends = entry.valid_from_us or -(10**18), entry.valid_to_us or 10**18
        if entry.platform != platform or not starts <= at_us < ends:
            continue
        if entry.account_id is not None:
            if entry.account_id == account.id:
                return True
        elif account.handle and entry.handle:
            ours, theirs = account.handle.removeprefix("@"), entry.handle.removeprefix("@")
            if ours == theirs or (ours.isascii() and theirs.isascii() and ours.lower() == theirs.lower()):
                return True
    return False


def _engagement(event: Event) -> list[tuple[str, Account]]:
    """Whom an event engages with, and how, strongest first."""
    match event:
        case Retweet():
            return [("retweet", event.subject)]
        case Follow():
            return [("follow", event.subject)]
        case Post():
            quoted = [("quote", event.quotes.account)] if event.quotes and event.quotes.account else []
            answered = [("reply", event.reply_to.account)] if event.reply_to and event.reply_to.account else []
            return [*quoted, *answered, *(("mention", account) for account in event.mentions[: POLICY.mentions])]
        case _:
            return []


def _expected(event: Event, roster: Roster, at_us: int) -> set[tuple[str, str, bool]]:
    """What the subject events of an event say: how, to whom, and whether that one was on the roster."""
    if isinstance(event, Suspension | Profile):
        kind = "suspension" if isinstance(event, Suspension) else "profile"
        return {(kind, event.actor.id, _on_roster(roster, event.platform, event.actor, at_us))}
    if event.actor is None or not _on_roster(roster, event.platform, event.actor, at_us):
        return set()
    engaged: dict[str, tuple[str, Account]] = {}
    for kind, account in _engagement(event):
        if account.id != event.actor.id and account.id not in engaged:
            engaged[account.id] = (kind, account)
    return {
        (kind, account.id, _on_roster(roster, event.platform, account, at_us)) for kind, account in engaged.values()
    }


def test_an_official_engages_with_each_account_once_in_the_strongest_way_and_never_with_itself() -> None:
    """As of the event's time, against a naive reading of the roster."""
    seen = Counter[str]()

    @examples(600)
    @given(_situations())
    def check(situation: tuple[Event, Roster]) -> None:
        event, roster = situation
        at_us = round(event.at.timestamp() * 10**6)
        screening = screen_event(event, SOURCE, roster, NOW_US, POLICY)
        assert isinstance(screening, Screening)
        said = [(each.kind, each.subject.id, each.subject_is_official) for each in screening.events]
        assert len(said) == len(set(said))
        assert set(said) == _expected(event, roster, at_us)
        for each in screening.events:
            assert (each.at_us, each.event_id, each.source) == (at_us, event.id, SOURCE)
            assert each.roster_digest == roster.digest
            assert (each.official is None) == (each.kind in ("suspension", "profile"))
            assert each.official is None or (event.actor is not None and each.official.id == event.actor.id)
            assert decode_subject_event(encode_subject_event(each)) == each
            seen[each.kind] += 1
            seen["subject on the roster"] += each.subject_is_official
        seen[screening.outcome] += 1
        seen["several"] += len(said) > 1

    check()
    covered = ("retweet", "quote", "reply", "mention", "follow", "suspension", "profile", "several", *Pass)
    assert {what: seen[what] for what in (*covered, "subject on the roster") if seen[what] < 3} == {}


def test_what_the_glance_drops_the_full_look_would_not_have_passed() -> None:
    """And all else it leaves to the full look: ids, handles in any case, unknown platforms, names of no platform."""
    seen = Counter[str]()
    names = st.sampled_from(("twitter", "twitter", "twitter", "mastodon", "threads", "Twitter", "", "x" * 33))

    @examples(400)
    @given(_situations(), names, st.booleans())
    def check(situation: tuple[Event, Roster], platform: str, keep: bool) -> None:
        event, roster = situation
        event = event if keep else msgspec.structs.replace(event, platform=platform)
        payload = encode_event(event)
        glanced = screen_record(payload, *_place(SOURCE), roster, NOW_US, POLICY)
        try:
            full = screen_event(decode_event(payload), SOURCE, roster, NOW_US, POLICY)
        except msgspec.ValidationError:
            seen["no event"] += 1
            if isinstance(event, Deletion):  # which nobody takes, so that nobody looks at it
                assert isinstance(glanced, Screening)
                assert glanced.outcome is Pass.NO_TAKER
            else:
                assert isinstance(glanced, Rejection)
                assert glanced.reason is Reason.NOT_AN_EVENT
            return
        if glanced is None:
            assert isinstance(full, Screening)
            assert full.outcome is Pass.NOT_OFFICIAL
            assert not full.events
            seen["dropped"] += 1
        else:
            assert glanced == full
            seen["passed on"] += 1
            handle = event.actor.handle if event.actor is not None else None
            seen["by handle"] += full == glanced and _known_by_handle(roster, event.platform, handle)

    check()
    assert {what: seen[what] for what in ("no event", "dropped", "passed on", "by handle") if seen[what] < 5} == {}


def _known_by_handle(roster: Roster, platform: str, handle: str | None) -> bool:
    entries = [entry for entry in roster.entries if entry.platform == platform and entry.account_id is None]
    return handle is not None and any(entry.handle and entry.handle.lower() == handle.lower() for entry in entries)


def _place(source: Coordinates) -> tuple[str, int, int]:
    return source.topic, source.partition, source.offset


_OFFICIAL: Final = RosterEntry(
    platform="twitter",
    account_id="1",
    handle="Embassy",
    state="IR",
    category="diplomat",
    source_url="https://example.org",
)
_ROSTER: Final = Roster([_OFFICIAL])


@pytest.mark.parametrize(
    ("at", "reason"),
    [
        (NOW_US + POLICY.future_skew_us + 1, Reason.FUTURE_TIME),
        (NOW_US + POLICY.future_skew_us, None),
        (1, None),
        (0, Reason.BAD_TIME),
        (-SECOND_US, Reason.BAD_TIME),
        ("9999-12-31T23:59:59.999999-23:59", Reason.FUTURE_TIME),
        ("0001-01-01T00:00:00+23:59", Reason.BAD_TIME),
        ("2020-09-05T20:00:00", Reason.NOT_AN_EVENT),
    ],
)
@pytest.mark.parametrize("kind", ["retweet", "suspension", "profile"])
def test_a_time_before_1970_or_ahead_of_the_clock_is_refused(at: int | str, reason: Reason | None, kind: str) -> None:
    written = {
        "kind": kind,
        "platform": "twitter",
        "id": "e1",
        "at": at if isinstance(at, str) else from_us(at).isoformat(),
        "actor": {"id": "1"},
        "subject": {"id": "2"},
        "status": "suspended",
    }
    screened = screen_record(json.dumps(written).encode(), *_place(SOURCE), _ROSTER, NOW_US, POLICY)
    if reason is None:
        assert isinstance(screened, Screening)
        assert screened.outcome is Pass.PASSED
    else:
        assert isinstance(screened, Rejection)
        assert screened.reason is reason


def test_no_more_accounts_are_engaged_with_than_a_post_may_mention() -> None:
    mentions = tuple(Account(id=f"m{number}") for number in range(900))
    post = Post(platform="twitter", id="e1", at=from_us(BASE_US), actor=Account(id="1"), mentions=mentions)
    screened = screen_event(post, SOURCE, _ROSTER, NOW_US, ScreenPolicy())
    assert isinstance(screened, Screening)
    assert [event.subject.id for event in screened.events] == [f"m{number}" for number in range(50)]


_VALID: Final = encode_event(
    Post(
        platform="twitter",
        id="e1",
        at=from_us(BASE_US),
        actor=Account(id="1", handle="Embassy"),
        text="text",
        mentions=(Account(id="2"), Account(id="3")),
        quotes=PostRef(post_id="p1", account=Account(id="4")),
    )
)
_keys = st.sampled_from(
    ("kind", "platform", "id", "at", "actor", "subject", "status", "mentions", "quotes", "handle", "created_at", "x")
)
_scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
_json = st.recursive(_scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=4))


@st.composite
def _damaged(draw: st.DrawFn) -> bytes:
    """A valid event with some bytes replaced, or cut off, or with something of another type in one of its fields."""
    if draw(st.booleans()):
        fields = json.loads(_VALID)
        fields[draw(st.sampled_from(sorted(fields)))] = draw(_json)
        return json.dumps(fields).encode()
    payload = bytearray(_VALID)
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(payload)))
        payload[start : start + draw(st.integers(0, 3))] = draw(st.binary(max_size=3))
    return bytes(payload[: draw(st.integers(0, len(payload)))] if draw(st.booleans()) else payload)


def test_no_bytes_raise_and_a_refusal_says_why_in_printable_words() -> None:
    seen = Counter[str]()
    rosters = st.sampled_from((_ROSTER, Roster()))

    @examples(400)
    @given(st.one_of(st.binary(max_size=60), _json.map(lambda value: json.dumps(value).encode()), _damaged()), rosters)
    @example(b"", _ROSTER)
    @example(b"[" * 100_000, _ROSTER)
    @example(b'{"kind":' * 10_000, _ROSTER)
    @example(_VALID.replace(b'"text"', b'"\\ud800"'), _ROSTER)
    @example(_VALID.replace(b'"text"', b'"\xff"'), _ROSTER)
    @example(_VALID.replace(b'"post"', b'"\\u001b[31mred"'), _ROSTER)
    @example(_VALID.replace(b'"twitter"', b'"\\u001b]0;title\\u0007"'), Roster())
    @example(_VALID.replace(b'"twitter"', b'"' + b"x" * 100_000 + b'"'), Roster())
    @example(_VALID.replace(b'"1"', b"1" * 5_000), _ROSTER)
    @example(_VALID.replace(b'"at"', b'"At"'), _ROSTER)
    def check(payload: bytes, roster: Roster) -> None:
        screened = screen_record(payload, *_place(SOURCE), roster, NOW_US, POLICY)
        if isinstance(screened, Rejection):
            assert screened.detail.isprintable()
            assert 0 < len(screened.detail) <= 300
            seen[screened.reason] += 1
        else:
            assert screened is None or isinstance(screened, Screening)
            seen["no refusal"] += 1

    check()
    covered = ("no refusal", Reason.NOT_JSON, Reason.NOT_AN_EVENT)
    assert {what: seen[what] for what in covered if seen[what] < 5} == {}
    assert seen[Reason.TOO_DEEP] > 0
