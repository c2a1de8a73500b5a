"""The format `x-activity`: posts, deletions, changed profiles and follows of subscribed accounts."""

from collections import Counter
from datetime import UTC, datetime
from typing import Final

import pytest
from hypothesis import given, settings

from streams.core.rounded_ids import IdEvidence
from streams.deadletters import Reason, Rejection
from streams.events import Account, Deletion, Follow, Post, Profile, Retweet
from streams.formats.reader import Reading, Skipped
from streams.formats.x.x_activity import SKIPPED_NAMES, XActivityReader
from tests.formats.payloads import Json, mutated_lines, to_line
from tests.formats.readings import only_event, rejected
from tests.formats.test_hostile_lines import outcome
from tests.formats.x_v2_payloads import (
    AUTHOR,
    BOTH,
    DISCONNECT,
    ENTITIES,
    EXAMPLE,
    KHAMENEI_SITE,
    ORIGINAL,
    ORIGINAL_ID,
    QUOTE,
    REPLY,
    RETWEET,
    X_V2,
    line_of,
    tweet,
    without,
    x_user,
)
from tests.formats.x_v2_payloads import (
    read as read_x_v2,
)

SEEN: Final = "2018-10-10T20:19:25.250Z"
SEEN_AT: Final = datetime(2018, 10, 10, 20, 19, 25, 250_000, tzinfo=UTC)
UUID: Final = "-2781149976877970683"


def activity(event_type: str, payload: Json, *, seen: str | None = SEEN, **more: Json) -> dict[str, Json]:
    """A line of the stream about the account of `EXAMPLE`, as somebody recorded it."""
    event = {
        "event_uuid": UUID,
        "filter": {"user_id": EXAMPLE.id},
        "event_type": event_type,
        "tag": "officials",
        "payload": payload,
    } | more
    return {"data": event} | ({} if seen is None else {"observed_at": seen})


def created(item: Json, *, users: Json = None, tweets: Json = None, seen: str | None = None) -> dict[str, Json]:
    """`post.create` with what x-v2 would have beside `data`."""
    return activity("post.create", item, seen=seen, includes=line_of(item, users=users, tweets=tweets)["includes"])


DELETED: Final = {"id": ORIGINAL_ID, "author_id": EXAMPLE.id}
WRAPPED: Final = {"users": [{"data": x_user()}]}
PAIR: Final = {"source": {"data": x_user()}, "target": {"data": AUTHOR}}
LINES: Final[dict[str, Json]] = {
    "post": created(tweet(entities=ENTITIES)),
    "retweet": created(RETWEET, users=BOTH, tweets=[ORIGINAL], seen=SEEN),
    "quote": created(QUOTE, users=BOTH, tweets=[ORIGINAL]),
    "reply": created(REPLY, users=BOTH, tweets=[ORIGINAL]),
    "delete": activity("post.delete", DELETED, includes=WRAPPED),
    "delete without time": activity("post.delete", DELETED, includes=WRAPPED, seen=None),
    "handle": activity("profile.update.handle", {"before": "example", "after": "new_example"}),
    "name": activity("profile.update.screenname", {"before": "A", "after": "B"}),
    "bio": activity("profile.update.bio", {"before": "A", "after": "B"}),
    "follow": activity("follow.follow", PAIR),
    "message": activity("dm.sent", {"direct_message_events": [{"type": "message_create", "id": "1"}]}),
    "disconnect": {"errors": [DISCONNECT]},
}


def read(payload: Json) -> Reading:
    return XActivityReader().read(to_line(payload))


@pytest.mark.parametrize(
    ("item", "same"),
    [
        (tweet(entities=ENTITIES), X_V2["post"]),
        (RETWEET, X_V2["retweet"]),
        (QUOTE, X_V2["quote"]),
        (REPLY, X_V2["reply"]),
    ],
)
def test_a_created_post_is_the_event_that_x_v2_makes_of_the_same_post(item: Json, same: Json) -> None:
    assert read(activity("post.create", item, seen=None, includes=same["includes"])) == read_x_v2(same)


def test_a_repost_says_whom_it_passes_on_and_when_it_was_recorded() -> None:
    retweet = only_event(Retweet, read(LINES["retweet"]))
    assert (retweet.actor, retweet.subject, retweet.post_id) == (EXAMPLE, KHAMENEI_SITE, ORIGINAL_ID)
    assert (retweet.at, retweet.observed_at) == (datetime(2018, 10, 10, 20, 19, 24, tzinfo=UTC), SEEN_AT)


@pytest.mark.parametrize(
    "kind", ["post.create", "post.mention.create", "post.quote.create", "post.reply.create", "post.repost.create"]
)
def test_every_kind_of_new_post_is_read(kind: str) -> None:
    assert only_event(Post, read(activity(kind, tweet(), includes=WRAPPED, seen=None))).actor == EXAMPLE


def test_a_post_without_usable_includes_is_of_an_account_of_which_nothing_else_is_known() -> None:
    for includes in (None, 5, {}, {"users": 5}):
        post = only_event(Post, read(activity("post.create", tweet(), includes=includes)))
        assert post.actor == Account(id=EXAMPLE.id)


def test_a_deletion_has_the_time_at_which_it_was_recorded() -> None:
    expected = Deletion(
        platform="twitter", id=ORIGINAL_ID, at=SEEN_AT, observed_at=SEEN_AT, post_id=ORIGINAL_ID, actor=EXAMPLE
    )
    assert read(LINES["delete"]) == (expected,)
    bare = activity("post.delete", DELETED, includes={"users": [x_user()]})
    assert read(bare) == (expected,)


def test_a_deletion_is_of_the_subscribed_account_where_it_names_nobody() -> None:
    unusable: list[Json] = [None, "x", {}]
    for author in unusable:
        deletion = only_event(Deletion, read(activity("post.delete", {"id": ORIGINAL_ID, "author_id": author})))
        assert deletion.actor == Account(id=EXAMPLE.id)
    nobody = activity("post.delete", {"id": ORIGINAL_ID}, filter=None)
    assert only_event(Deletion, read(nobody)).actor is None


@pytest.mark.parametrize(
    ("kind", "changed", "handle", "name"),
    [
        ("profile.update.handle", ("handle",), "After", None),
        ("profile.update.screenname", ("name",), None, "After"),
        ("profile.update.bio", ("description",), None, None),
        ("profile.update.geo", ("location",), None, None),
        ("profile.update.url", ("url",), None, None),
        ("profile.update.profile_picture", ("profile_picture",), None, None),
        ("profile.update.banner_picture", ("banner_picture",), None, None),
        ("profile.update.verified_badge", ("verified",), None, None),
        ("profile.update.affiliate_badge", ("affiliation",), None, None),
        ("profile.update.pet", (), None, None),
        ("ProfileBioUpdate", ("description",), None, None),
        ("ProfileScreennameUpdate", (), None, None),
    ],
)
def test_a_changed_profile_says_what_changed_and_a_new_handle_or_name(
    kind: str, changed: tuple[str, ...], handle: str | None, name: str | None
) -> None:
    profile = only_event(Profile, read(activity(kind, {"before": "Before", "after": "After"})))
    assert (profile.actor, profile.changed) == (Account(id=EXAMPLE.id, handle=handle, name=name), changed)
    assert (profile.at, profile.observed_at) == (SEEN_AT, SEEN_AT)
    assert profile.id == f"{'profile.update.other' if kind.endswith('pet') else kind}:{UUID}"


@pytest.mark.parametrize(
    ("kind", "after", "handle", "name"),
    [
        ("handle", "@example", "example", None),
        ("handle", "two words", None, None),
        ("handle", "", None, None),
        ("handle", {"url": "x"}, None, None),
        ("screenname", "x" * 2_000, None, None),
        ("screenname", None, None, None),
    ],
)
def test_a_value_that_is_no_handle_and_no_name_is_unknown(
    kind: str, after: Json, handle: str | None, name: str | None
) -> None:
    profile = only_event(Profile, read(activity(f"profile.update.{kind}", {"after": after})))
    assert (profile.actor.handle, profile.actor.name) == (handle, name)


@pytest.mark.parametrize("kind", ["follow.follow", "follow.unfollow"])
def test_a_follow_says_who_follows_whom_or_no_longer_does(kind: str) -> None:
    expected = Follow(
        platform="twitter",
        id=f"{kind}:{UUID}",
        at=SEEN_AT,
        observed_at=SEEN_AT,
        actor=EXAMPLE,
        subject=KHAMENEI_SITE,
        active=kind == "follow.follow",
    )
    assert read(activity(kind, PAIR)) == (expected,)
    assert read(activity(kind, {"source": x_user(), "target": AUTHOR})) == (expected,)


@pytest.mark.parametrize(
    ("payload", "name"),
    [
        (LINES["delete without time"], "post_delete_without_time"),
        (activity("follow.unfollow", PAIR, seen=None), "follow_without_time"),
        (activity("profile.update.bio", {"after": "B"}, seen=None), "profile_update_without_time"),
        (activity("ProfileGeoUpdate", {"after": "B"}, seen=None), "profile_update_without_time"),
        (activity("like.create", {"liked_tweet_id": "1"}), "like"),
        (activity("chat.conversation.member_added", {"encoded_event": "…"}), "chat"),
        (activity("dm.received", 5), "dm"),
        (activity("mute.mute", PAIR), "mute"),
        (activity("block.unblock", PAIR), "block"),
        (activity("spaces.start", {"broadcast_id": "1"}), "spaces"),
        (activity("broadcast.chat", {}), "broadcast"),
        (activity("news.new", {"name": "…"}, filter={"keyword": "…"}), "news"),
        (activity("oauth.revoke", {"user_id": "1"}, filter={}, seen="yesterday"), "oauth"),
        (LINES["disconnect"], "operational_disconnect"),
        ({"title": "ConnectionException", "connection_issue": "TooManyConnections"}, "connection_refused"),
        ({"errors": [{"title": "Unauthorized"}]}, "errors"),
    ],
)
def test_a_line_that_says_nothing_countable_is_skipped_by_name(payload: Json, name: str) -> None:
    assert read(payload) == Skipped(name)
    assert name in SKIPPED_NAMES


@pytest.mark.parametrize(
    ("payload", "reason", "place"),
    [
        ({}, Reason.UNKNOWN_SHAPE, "data.event_type: missing"),
        (X_V2["post"], Reason.UNKNOWN_SHAPE, "data.event_type: missing"),
        (activity("post.archive", {}), Reason.UNKNOWN_SHAPE, "data.event_type: 'post.archive'"),
        (activity("post.deleted", DELETED), Reason.UNKNOWN_SHAPE, "data.event_type: 'post.deleted'"),
        (without(created(tweet()), "data") | {"data": {"event_type": "post.create"}}, Reason.NOT_AN_EVENT, "data.p"),
        (created(tweet(created_at="soon")), Reason.BAD_TIME, "data.payload.created_at:"),
        (created(tweet(id="007")), Reason.NOT_AN_EVENT, "data.payload.id:"),
        (created(RETWEET | {"entities": None}), Reason.NO_SUBJECT, "data.payload.referenced_tweets:"),
        (activity("post.create", [tweet()]), Reason.NOT_AN_EVENT, "Expected `object`, got `array` - at `data.payload`"),
        (activity("post.delete", {"author_id": "1"}), Reason.NOT_AN_EVENT, "data.payload.id: missing"),
        (activity("post.delete", DELETED, seen="yesterday"), Reason.BAD_TIME, "observed_at: 'yesterday'"),
        (activity("profile.update.bio", {}, filter={}), Reason.NOT_AN_EVENT, "data.filter.user_id: missing"),
        (activity("profile.update.bio", {}, event_uuid=None), Reason.NOT_AN_EVENT, "data.event_uuid: missing"),
        (activity("profile.update.bio", {}, event_uuid="7" * 201), Reason.NOT_AN_EVENT, "data.event_uuid: too long"),
        (activity("follow.follow", {"target": x_user()}), Reason.NOT_AN_EVENT, "data.payload.source.id: missing"),
        (activity("follow.follow", PAIR | {"target": 5}), Reason.NOT_AN_EVENT, "data.payload.target.id: missing"),
    ],
)
def test_what_is_of_no_use_is_refused_with_its_place(payload: Json, reason: Reason, place: str) -> None:
    refused = rejected(read(payload))
    assert (refused.reason, refused.detail[: len(place)]) == (reason, place)


def test_a_field_of_another_type_is_put_right_or_unknown() -> None:
    odd = created(
        tweet(lang=["en"], entities={"urls": 5}),
        users=[x_user(verified="TRUE", public_metrics={"followers_count": "7"})],
    )
    odd["data"] |= {"tag": 5, "event_uuid": 17, "filter": "x"}
    post = only_event(Post, read(odd))
    assert (post.lang, post.links, post.actor.followers, post.actor.verified) == ("en", (), 7, True)


@pytest.mark.parametrize("references", [5, [5], "retweeted", [{"type": 5, "id": "7"}], [{}]])
def test_a_repost_never_passes_for_a_post_because_its_reference_is_broken(references: Json) -> None:
    for odd in ({}, {"lang": 5}):
        broken = RETWEET | {"referenced_tweets": references} | odd
        assert isinstance(read(created(broken, users=BOTH, tweets=[ORIGINAL])), Rejection)


def test_an_id_written_as_a_number_is_believed_where_it_was_not_rounded() -> None:
    exact, rounded = 1050118621198921729, 1050118621198921700
    assert only_event(Deletion, read(activity("post.delete", {"id": exact}))).post_id == str(exact)
    in_doubt = activity("post.delete", {"id": rounded})
    assert rejected(read(in_doubt)).detail.startswith(f"data.payload.id: {rounded} may have been rounded")
    in_doubt["data"]["payload"]["author_id"] = {}
    assert isinstance(read(in_doubt), Rejection), "nor once another field had to be put right"
    assert isinstance(XActivityReader(exact_numbers=True).read(to_line(in_doubt)), tuple)


def test_ids_that_went_through_floating_point_are_noticed_and_those_of_messages_are_not_looked_at() -> None:
    numbers, texts, none = IdEvidence(), IdEvidence(), IdEvidence()
    for number in range(20):
        rounded = int(float(1050118621198921728 + number * 10**12)) // 1000 * 1000
        for each in (str(rounded), rounded):
            XActivityReader().ids_in(to_line(created(tweet() | {"id": each})), numbers, texts)
            XActivityReader().ids_in(to_line(activity("dm.sent", {"id": each})), none, none)
    assert (numbers.verdict, texts.verdict) == ("rounded", "rounded")
    assert not none.has_any


@pytest.mark.slow
def test_a_line_broken_anywhere_gives_events_that_survive_the_wire_a_known_name_or_a_reason() -> None:
    seen: Counter[str] = Counter()

    @given(mutated_lines(list(LINES.values())))
    @settings(max_examples=1_200)
    def check(line: bytes) -> None:
        seen[outcome("x-activity", line)] += 1

    check()
    assert {"Post", "Retweet", "Deletion", "Follow", "Profile", "skipped"} <= seen.keys()
    assert {"not_an_event", "bad_time", "unknown_shape"} <= seen.keys()
