"""The format `tap`: what each kind of message becomes, by value."""

from datetime import UTC, datetime, timedelta

import pytest

from streams.deadletters import Reason
from streams.events import Account, Deletion, Follow, Post, Profile, Retweet, Suspension
from streams.formats.bluesky.tap import TapReader, read_message
from streams.formats.reader import Reading, Skipped
from tests.formats.jetstream_frames import ARRIVED, EMBASSY, KEY, SUBJECT, ref, tid, uri
from tests.formats.payloads import Json, to_line
from tests.formats.readings import only_event, rejected
from tests.formats.tap_messages import OLD_KEY, SEEN, TAP, record


def _read(name: str) -> Reading:
    return TapReader().read(to_line(TAP[name]))


def test_a_live_record_has_the_time_of_its_commit_and_not_the_one_its_author_gave() -> None:
    assert only_event(Post, _read("post")) == Post(
        platform="bluesky",
        id=f"at://{EMBASSY}/app.bsky.feed.post/{KEY}",
        at=ARRIVED,
        observed_at=ARRIVED,
        actor=Account(id=EMBASSY),
        text="plain",
        lang="fa",
    )
    repost = only_event(Retweet, _read("repost"))
    assert (repost.subject, repost.post_id, repost.at) == (Account(id=SUBJECT), uri(SUBJECT), ARRIVED)
    assert only_event(Follow, _read("follow")).subject == Account(id=SUBJECT)
    assert _read("like") == Skipped("like")


def test_an_un_repost_names_the_repost() -> None:
    gone = only_event(Deletion, _read("un-repost"))
    assert gone.post_id == gone.id == only_event(Retweet, _read("repost")).id


def test_a_record_of_the_past_has_the_time_of_its_key_however_new_its_commit_is() -> None:
    """Whatever a Tap reads of a repository that it begins to follow is no news."""
    old = only_event(Retweet, _read("old repost"))
    assert (old.at, old.observed_at) == (ARRIVED - timedelta(days=400), ARRIVED)
    assert old.id == f"at://{EMBASSY}/app.bsky.feed.repost/{OLD_KEY}"
    recent = record("app.bsky.feed.repost", {"subject": ref(SUBJECT)}, live=False)
    assert only_event(Retweet, TapReader().read(to_line(recent))).at == ARRIVED - timedelta(seconds=2)


@pytest.mark.parametrize("key", ["self", tid(ARRIVED + timedelta(hours=1))])
def test_a_record_of_the_past_without_a_time_of_its_own_is_skipped(key: str) -> None:
    """It might be of any time, and must not pass for one of now."""
    undated = record("app.bsky.feed.post", {"text": "x"}, live=False, key=key)
    assert TapReader().read(to_line(undated)) == Skipped("record_without_time")


def test_an_account_has_its_handle_and_its_status_as_of_when_the_message_came() -> None:
    """A message of an identity says no time itself."""
    seen = datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC)
    profile, back = _events("active")
    assert isinstance(profile, Profile)
    assert isinstance(back, Suspension)
    assert (profile.actor, profile.at) == (Account(id=SUBJECT, handle="nova.example.org"), seen)
    assert (back.status, back.at, back.precision) == ("reinstated", seen, "noticed")
    (gone,) = _events("takedown")
    assert isinstance(gone, Suspension)
    assert (gone.status, gone.reason) == ("suspended", "takendown")
    assert _read("throttled") == Skipped("account_throttled")
    _, left = _events("as documented")
    assert isinstance(left, Suspension)
    assert left.status == "deactivated"
    without: Json = {key: value for key, value in TAP["active"].items() if key != "observed_at"}
    assert TapReader().read(to_line(without)) == Skipped("identity_without_time")
    assert read_message(to_line(without), seen) == ((profile, back), 12_346)
    assert seen.isoformat().replace("+00:00", "Z") == SEEN


def _events(name: str) -> tuple[object, ...]:
    reading = _read(name)
    assert isinstance(reading, tuple)
    return reading


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"rev": None}, Reason.BAD_TIME),
        ({"rev": "self"}, Reason.BAD_TIME),
        ({"live": None}, Reason.NOT_AN_EVENT),
        ({"did": "embassy"}, Reason.NOT_AN_EVENT),
        ({"record": None}, Reason.NOT_AN_EVENT),
        ({"action": "upsert"}, Reason.UNKNOWN_SHAPE),
    ],
)
def test_a_message_that_lacks_what_it_needs_is_refused_with_its_place(change: Json, reason: Reason) -> None:
    for live in (True, False):
        message = record("app.bsky.feed.post", {"text": "x"}, live=live)
        message["record"] |= change
        refused = rejected(TapReader().read(to_line(message)))
        assert refused.reason is reason or (reason is Reason.NOT_AN_EVENT and "record" in refused.detail)


def test_the_number_of_a_message_is_known_also_where_it_is_refused() -> None:
    """It is acknowledged all the same: its bytes are kept."""
    reading, number = read_message(b'{"id":7,"type":"weather"}', None)
    assert rejected(reading).reason is Reason.UNKNOWN_SHAPE
    assert number == 7
