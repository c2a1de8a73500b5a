"""SCREEN's work on one batch: every record of it, each under its own place."""

from msgspec.structs import replace

from streams.agents.screen.batch import screen_batch
from streams.core.canary import canary_retweet, is_canary
from streams.core.clock import DAY_US, from_us
from streams.core.country_event import decode_country_event
from streams.core.evidence import read_evidence_record
from streams.core.rosters.roster import Roster, RosterEntry
from streams.core.screening.account_index import AccountIndex
from streams.core.screening.handle_use import HandleUse
from streams.core.screening.screen import ScreenOutcome, ScreenPolicy
from streams.core.subject_event import Coordinates, decode_subject_event
from streams.deadletters import Reason
from streams.events import Account, Post, Retweet, encode_event
from tests.agents.records import batch_of
from tests.core.evidence_checks import is_intact
from tests.pipeline.world import World

_WORLD = World(seed=1, events=0)
_LATER_US = 4_000_000_000_000_000


def _retweet(number: int) -> bytes:
    official, subject = _WORLD.officials[0], _WORLD.subjects[0]
    assert official.created_at is not None
    return encode_event(
        Retweet(platform="twitter", id=str(number), at=official.created_at, actor=official, subject=subject)
    )


def test_every_record_of_a_batch_is_screened_under_its_own_place() -> None:
    """First, last and those between; the refused among them as dead letters, counted up to the end of the batch."""
    batch = batch_of("raw", [b"{", _retweet(1), b"[", _retweet(3), b"", b"}"], first=40)
    screened = screen_batch(batch, "retweets", AccountIndex(_WORLD.roster), _LATER_US, ScreenPolicy(), 2)
    events = [decode_subject_event(out.value or b"") for out in screened.records if out.topic == "subject-events"]
    assert [(event.event_id, event.source.topic, event.source.offset) for event in events] == [
        ("1", "retweets", 41),
        ("3", "retweets", 43),
    ]
    reports = [out for out in screened.records if out.topic == "country-events"]
    assert {out.key for out in reports} == {b"IR"}
    assert [decode_country_event(out.value or b"").event_id for out in reports] == ["1", "3"]
    letters = [dict(out.headers) for out in screened.records if out.topic == "dead-letters"]
    assert [letter["offset"] for letter in letters] == [b"40", b"42", b"44", b"45"]
    assert screened.refused == {Reason.NOT_JSON: 4}
    assert screened.trailing == 2


def test_an_event_of_nobody_ends_a_run_of_refusals_wherever_it_stands() -> None:
    """At the end too, where nothing comes after it that SCREEN looks at."""
    stranger = encode_event(Post(platform="twitter", id="5", at=from_us(DAY_US), actor=Account(id="1")))
    for values, trailing in (([b"{", stranger, b"["], 1), ([b"{", b"[", stranger], 0), ([stranger, b"{", b"["], 2)):
        batch = batch_of("raw", values)
        screened = screen_batch(batch, "posts", AccountIndex(_WORLD.roster), _LATER_US, ScreenPolicy(), 2)
        assert (screened.trailing, screened.outcomes[ScreenOutcome.NOT_OFFICIAL]) == (trailing, 1)


def test_what_passes_is_kept_as_it_was_received_and_nothing_else_is() -> None:
    """Byte for byte, with white space and fields that nobody knows; once, whatever it leads to."""
    stranger = encode_event(Post(platform="twitter", id="5", at=from_us(DAY_US), actor=Account(id="1")))
    spaced = _retweet(1).replace(b'{"kind"', b'{ "unknown" : [1],"kind"')
    canary = encode_event(canary_retweet("c-0-1", "canary-1"))
    batch = batch_of("raw", [stranger, b"{", spaced, canary, _retweet(2), _retweet(2)], first=40)
    screened = screen_batch(batch, "retweets", AccountIndex(_WORLD.roster), _LATER_US, ScreenPolicy(), 2)
    kept = [
        read_evidence_record(out.key, out.value, out.headers, 0) for out in screened.records if out.topic == "evidence"
    ]
    assert [(entry.value, entry.source) for entry in kept] == [
        (spaced, Coordinates("retweets", 0, 42)),
        (_retweet(2), Coordinates("retweets", 0, 44)),
        (_retweet(2), Coordinates("retweets", 0, 45)),
    ]
    assert all(is_intact(entry) for entry in kept)
    assert kept[1].key == kept[2].key


def test_canaries_leave_event_time_alone_and_do_not_end_a_run_of_refusals() -> None:
    """They come every few seconds, and from us: what others write is judged as if they were not there."""
    canary = encode_event(canary_retweet("c-0-1", "canary-1"))
    batch = batch_of("raw", [canary, b"{", canary, b"[", canary])
    screened = screen_batch(batch, "retweets", AccountIndex(_WORLD.roster), _LATER_US, ScreenPolicy(), 2)
    assert (screened.trailing, screened.newest_us, screened.outcomes[ScreenOutcome.CANARY]) == (2, None, 3)
    passed = [decode_subject_event(out.value or b"") for out in screened.records if out.topic == "subject-events"]
    assert [is_canary(event) for event in passed] == [True, True, True]


def test_whoever_posts_under_a_handle_of_the_roster_in_two_terms_of_it_is_noted() -> None:
    """Statuses fetched after a handover all have the successor's account under the handle of the office."""
    office = RosterEntry(
        platform="twitter", handle="Speaker_A", country="IR", category="diplomat", source_url="https://example.org"
    )
    terms = [replace(office, valid_to_us=10 * DAY_US), replace(office, valid_from_us=10 * DAY_US)]
    roster = Roster(terms)
    use = HandleUse(roster)
    speaker = Account(id="5", handle="Speaker_A")
    posts = [
        encode_event(Post(platform="twitter", id=f"{day}", at=from_us(day * DAY_US), actor=speaker)) for day in (9, 11)
    ]
    for count, post in enumerate(posts):
        screen_batch(batch_of("raw", [post]), "posts", AccountIndex(roster), _LATER_US, ScreenPolicy(), 1, use)
        assert len(use.findings()["one_id_in_several_terms"]) == count
