"""SCREEN's decision: whom an event concerns, as of its time; and nothing a stranger sends goes unanswered or raises."""

import json
from collections import Counter
from typing import Final

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.core.clock import SECOND_US, from_us
from streams.core.rosters.roster import Roster, RosterEntry
from streams.core.screening.account_index import AccountIndex
from streams.core.screening.screen import Screening, ScreenOutcome, ScreenPolicy, screen_event
from streams.core.subject_event import Coordinates, decode_subject_event, encode_subject_event
from streams.deadletters import Reason, Rejection
from streams.events import (
    Account,
    AccountEvent,
    Deletion,
    Post,
    PostRef,
    Profile,
    Suspension,
    decode_event,
    encode_event,
)
from tests.core.screening.one_record import screen_record
from tests.core.tracking.strategies import BASE_US, examples
from tests.core.watching.situations import NOW_US, POLICY, SOURCE, engagement_of, in_force, on_roster, situations


def _expected(event: AccountEvent, roster: Roster, at_us: int, *, tracked: bool) -> set[tuple[str, str, bool]]:
    """What the subject events of an event say: how, to whom, and whether that one was on the roster."""
    if isinstance(event, Suspension | Profile):
        kind = "suspension" if isinstance(event, Suspension) else "profile"
        return {(kind, event.actor.id, on_roster(roster, event.platform, event.actor, at_us))}
    if event.actor is None:
        return set()
    if isinstance(event, Deletion):
        return {("deletion", event.actor.id, False)} if tracked else set()
    if not on_roster(roster, event.platform, event.actor, at_us):
        owned = any(entry.domains for entry in in_force(roster, None, at_us))
        links = isinstance(event, Post) and "https://farsi.khamenei.ir/speech" in event.links
        return {("post", event.actor.id, False)} if tracked and links and owned else set()
    engaged: dict[str, tuple[str, Account]] = {}
    for kind, account in engagement_of(event):
        if account.id != event.actor.id and account.id not in engaged:
            engaged[account.id] = (kind, account)
    return {(kind, account.id, on_roster(roster, event.platform, account, at_us)) for kind, account in engaged.values()}


@pytest.mark.slow
def test_an_official_engages_with_each_account_once_in_the_strongest_way_and_never_with_itself() -> None:
    """As of the event's time, against a naive reading of the roster."""
    seen = Counter[str]()

    @examples(800)
    @given(situations())
    def check(situation: tuple[AccountEvent, AccountIndex]) -> None:
        event, known = situation
        roster = known.roster
        at_us = round(event.at.timestamp() * 10**6)
        screening = screen_event(event, SOURCE, known, NOW_US, POLICY)
        assert isinstance(screening, Screening)
        tracked = event.actor is not None and bool(known.of(event.platform, event.actor.id).countries)
        if isinstance(event, Deletion) and event.actor is not None:  # a tracked account that is an official is that
            tracked = tracked and known.author(event.platform, event.actor, at_us) is None
        said = [(each.kind, each.subject.id, each.subject_is_official) for each in screening.events]
        assert len(said) == len(set(said))
        assert set(said) == _expected(event, roster, at_us, tracked=tracked)
        for each in screening.events:
            assert (each.at_us, each.event_id, each.source) == (at_us, event.id, SOURCE)
            assert each.roster_digest == roster.digest
            assert (each.official is None) == (each.kind in ("suspension", "profile", "post", "deletion"))
            assert each.domains == (("khamenei.ir",) if each.kind == "post" else ())
            assert each.official is None or (event.actor is not None and each.official.id == event.actor.id)
            assert decode_subject_event(encode_subject_event(each)) == each
            seen[each.kind] += 1
            seen["subject on the roster"] += each.subject_is_official
        seen[screening.outcome] += 1
        seen["several"] += len(said) > 1

    check()
    covered = (
        "retweet",
        "quote",
        "reply",
        "mention",
        "follow",
        "suspension",
        "profile",
        "post",
        "several",
        *ScreenOutcome,
    )
    # A canary lives on a platform of its own, coverage is of nobody, and deletions by tracked subjects are rare here.
    others = (ScreenOutcome.CANARY, ScreenOutcome.COVERAGE, ScreenOutcome.SUBJECT_DELETION)
    covered = tuple(each for each in covered if each not in others)
    assert {what: seen[what] for what in (*covered, "subject on the roster") if not seen[what]} == {}


@pytest.mark.slow
def test_what_the_prefilter_drops_the_full_look_would_not_have_passed() -> None:
    """And all else it leaves to the full look: ids, handles in any case, unknown platforms, names of no platform."""
    seen = Counter[str]()
    names = st.sampled_from(("twitter", "twitter", "twitter", "mastodon", "threads", "Twitter", "", "x" * 33))

    @examples(200)
    @given(situations(), names, st.booleans())
    def check(situation: tuple[AccountEvent, AccountIndex], platform: str, keep: bool) -> None:
        event, known = situation
        event = event if keep else msgspec.structs.replace(event, platform=platform)
        payload = encode_event(event)
        screened = screen_record(payload, *_place(SOURCE), known, NOW_US, POLICY)
        try:
            full = screen_event(decode_event(payload), SOURCE, known, NOW_US, POLICY)
        except msgspec.ValidationError:
            seen["no event"] += 1
            assert isinstance(screened, Rejection)
            assert screened.reason is Reason.NOT_AN_EVENT
            return
        if screened is None:
            assert isinstance(full, Screening)
            assert full.outcome is ScreenOutcome.NOT_OFFICIAL
            assert not full.events
            assert not full.country_events
            seen["dropped"] += 1
        else:
            assert screened == full
            seen["passed on"] += 1
            handle = event.actor.handle if event.actor is not None else None
            seen["by handle"] += full == screened and _known_by_handle(known.roster, event.platform, handle)

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
    country="IR",
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
@pytest.mark.parametrize("kind", ["retweet", "suspension", "profile", "deletion"])
def test_a_time_before_1970_or_ahead_of_the_clock_is_refused(at: int | str, reason: Reason | None, kind: str) -> None:
    written = {
        "kind": kind,
        "platform": "twitter",
        "id": "e1",
        "at": at if isinstance(at, str) else from_us(at).isoformat(),
        "actor": {"id": "1"},
        "subject": {"id": "2"},
        "status": "suspended",
        "post_id": "p1",
    }
    screened = screen_record(json.dumps(written).encode(), *_place(SOURCE), AccountIndex(_ROSTER), NOW_US, POLICY)
    if reason is None:
        assert isinstance(screened, Screening)
        assert screened.outcome is (ScreenOutcome.OFFICIAL_DELETION if kind == "deletion" else ScreenOutcome.PASSED)
    else:
        assert isinstance(screened, Rejection)
        assert screened.reason is reason


def test_no_more_accounts_are_engaged_with_than_a_post_may_mention() -> None:
    mentions = tuple(Account(id=f"m{number}") for number in range(900))
    post = Post(platform="twitter", id="e1", at=from_us(BASE_US), actor=Account(id="1"), mentions=mentions)
    screened = screen_event(post, SOURCE, AccountIndex(_ROSTER), NOW_US, ScreenPolicy())
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

    @examples(200)
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
        screened = screen_record(payload, *_place(SOURCE), AccountIndex(roster), NOW_US, POLICY)
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
