"""The format `jetstream`: what each kind of frame becomes, by value and on both wires."""

from datetime import UTC, datetime, timedelta

import pytest

from streams.deadletters import Rejection
from streams.events import Account, Deletion, Follow, Post, PostRef, Profile, Retweet, Suspension, encode_event
from streams.formats.bluesky.jetstream import SKIPPED_NAMES, JetstreamReader
from streams.formats.canonical import CanonicalReader
from streams.formats.reader import Reading, Skipped
from tests.formats.jetstream_frames import (
    ARRIVED,
    EMBASSY,
    FRAMES,
    KEY,
    QUOTE_WITH_CARD,
    SUBJECT,
    THIRD,
    Wires,
    account,
    commit,
    identity,
    link,
    mention,
    post,
    ref,
    tid,
    uri,
)
from tests.formats.payloads import Json, to_line
from tests.formats.readings import E, only_event, rejected


def read(wires: Wires) -> Reading:
    """What both wires say of it, which must be the same."""
    v1, v2 = (JetstreamReader().read(to_line(frame)) for frame in wires)
    assert v1 == v2
    return v2


def only(kind: type[E], wires: Wires) -> E:
    return only_event(kind, read(wires))


def refusal(wires: Wires) -> Rejection:
    return rejected(read(wires))


@pytest.mark.parametrize("name", FRAMES)
def test_both_wires_give_the_same_events_and_these_survive_the_canonical_format(name: str) -> None:
    reading = read(FRAMES[name])
    for event in reading if isinstance(reading, tuple) else ():
        assert CanonicalReader().read(encode_event(event)) == (event,)


def test_a_post_is_named_by_its_at_uri_and_has_the_time_of_its_arrival_not_the_one_its_author_gave() -> None:
    assert only(Post, FRAMES["post"]) == Post(
        platform="bluesky",
        id=f"at://{EMBASSY}/app.bsky.feed.post/{KEY}",
        at=ARRIVED,
        observed_at=ARRIVED,
        actor=Account(id=EMBASSY),
        text="plain",
        lang="fa",
    )


def test_a_later_version_of_a_post_is_the_same_post() -> None:
    edited = only(Post, FRAMES["edited post"])
    assert (edited.id, edited.text) == (only(Post, FRAMES["post"]).id, "plain, edited")


def test_mentions_and_links_are_those_of_the_facets_each_once() -> None:
    facets = [mention(SUBJECT), link("https://example.org/a"), mention(THIRD), mention(SUBJECT), mention("@handle")]
    tag = {"features": [{"$type": "app.bsky.richtext.facet#tag", "tag": "did:plc:none"}]}
    found = only(Post, post("…", facets=[*facets, link("https://example.org/a"), tag]))
    assert found.mentions == (Account(id=SUBJECT), Account(id=THIRD))
    assert found.links == ("https://example.org/a",)


def test_the_link_of_a_preview_card_comes_after_those_of_the_text() -> None:
    facets = [link("https://example.org/a")]
    assert only(Post, FRAMES["post with a card"]).links == ("https://example.org/card",)
    found = only(Post, post("…", facets=facets, embed=QUOTE_WITH_CARD))
    assert found.links == ("https://example.org/a", "https://example.org/card")


def test_more_mentions_and_links_than_a_text_can_hold_are_cut() -> None:
    facets = [link(f"https://example.org/{number}") for number in range(2_000)]
    facets += [mention(f"did:web:{number}.example.org") for number in range(2_000)]
    found = only(Post, post("…", facets=facets))
    assert (len(found.links), len(found.mentions)) == (100, 100)


def test_an_answer_names_the_answered_post_and_its_author_not_those_at_the_top_of_the_thread() -> None:
    assert only(Post, FRAMES["answer"]).reply_to == PostRef(post_id=uri(SUBJECT), account=Account(id=SUBJECT))


@pytest.mark.parametrize("name", ["quote", "quote with media"])
def test_a_quote_names_the_quoted_post_and_its_author(name: str) -> None:
    assert only(Post, FRAMES[name]).quotes == PostRef(post_id=uri(SUBJECT), account=Account(id=SUBJECT))


def test_a_post_that_is_named_by_a_handle_keeps_the_handle_and_no_account() -> None:
    quoted = only(Post, post("…", embed={"$type": "app.bsky.embed.record", "record": ref("old.example.org")})).quotes
    assert quoted == PostRef(post_id=uri("old.example.org"), handle="old.example.org")


@pytest.mark.parametrize(
    "embed",
    [
        {"$type": "app.bsky.embed.record", "record": ref(SUBJECT, "aaa", "app.bsky.feed.generator")},
        {"$type": "app.bsky.embed.images", "images": []},
        {"$type": "org.example.embed", "record": 5, "external": []},
        None,
    ],
)
def test_an_embedded_feed_picture_or_foreign_thing_is_no_quote(embed: Json) -> None:
    found = only(Post, post("…", embed=embed))
    assert (found.quotes, found.links) == (None, ())


@pytest.mark.parametrize("name", ["repost", "repost by way of another"])
def test_a_repost_passes_on_a_post_of_the_account_in_its_at_uri(name: str) -> None:
    assert only(Retweet, FRAMES[name]) == Retweet(
        platform="bluesky",
        id=uri(EMBASSY, KEY, "app.bsky.feed.repost"),
        at=ARRIVED,
        observed_at=ARRIVED,
        actor=Account(id=EMBASSY),
        subject=Account(id=SUBJECT),
        post_id=uri(SUBJECT),
    )


def test_a_follow_names_the_followed_account() -> None:
    follow = only(Follow, FRAMES["follow"])
    assert (follow.id, follow.actor.id, follow.subject.id, follow.active) == (
        uri(EMBASSY, KEY, "app.bsky.graph.follow"),
        EMBASSY,
        SUBJECT,
        True,
    )


@pytest.mark.parametrize(("created", "deleted"), [("post", "post deleted"), ("repost", "repost deleted")])
def test_a_deletion_names_what_is_gone_as_its_creation_did(created: str, deleted: str) -> None:
    (event,) = read(FRAMES[created])  # type: ignore[misc]  # a tuple, or the test fails
    deletion = only(Deletion, FRAMES[deleted])
    assert deletion.post_id == event.id
    assert (deletion.actor, deletion.at) == (Account(id=EMBASSY), ARRIVED)


def test_a_deletion_has_the_time_of_its_arrival_however_old_the_post() -> None:
    old = commit("app.bsky.feed.post", operation="delete", key=tid(ARRIVED - timedelta(days=900)))
    assert only(Deletion, old).at == ARRIVED


@pytest.mark.parametrize(
    ("age", "kept"),
    [
        (timedelta(seconds=2), False),
        (timedelta(days=1), False),
        (timedelta(days=1, microseconds=1), True),
        (timedelta(days=900), True),
        (-timedelta(days=900), False),  # its maker's clock was wrong
    ],
)
def test_a_record_that_arrives_a_day_after_its_key_was_made_is_back_fill_with_the_time_of_the_key(
    age: timedelta, kept: bool
) -> None:
    made_at = ARRIVED - age
    found = only(Post, post("…", key=tid(made_at)))
    assert (found.at, found.observed_at) == (made_at if kept else ARRIVED, ARRIVED)


def test_a_key_of_the_protocols_own_documentation_gives_its_time() -> None:
    found = only(Post, post("…", key="3jzfcijpj2z2a"))
    assert found.at == datetime(2023, 6, 30, 15, 3, 1, 887_007, tzinfo=UTC)


@pytest.mark.parametrize("key", ["self", "2222222222222", "zzzzzzzzzzzzz", "3jzfcijpj2z21", "3jzfcijpj2z2A"])
def test_a_key_that_holds_no_time_leaves_the_time_of_arrival(key: str) -> None:
    assert only(Post, post("…", key=key)).at == ARRIVED


@pytest.mark.parametrize("name", ["post", "repost", "follow", "post deleted", "account active", "identity"])
def test_a_time_that_the_operator_of_the_host_put_right_is_the_time_of_the_event(name: str) -> None:
    _, frame = FRAMES[name]
    seen_at = ARRIVED + timedelta(days=3)
    line = to_line({**frame, "payload": {**frame["payload"], "witnessedAt": seen_at.isoformat()}})
    (event,) = JetstreamReader().read(line)  # type: ignore[misc]  # a tuple, or the test fails
    assert (event.at, event.observed_at) == (ARRIVED, seen_at)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("takendown", "suspended"),
        ("suspended", "suspended"),
        ("deleted", "deleted"),  # by its host or by its owner: nobody says
        ("deactivated", "deactivated"),
    ],
)
def test_an_account_that_is_gone_is_so_by_whom_its_status_says(word: str, status: str) -> None:
    notice = only(Suspension, account(active=False, status=word))
    assert (notice.status, notice.reason, notice.at, notice.actor) == (status, word, ARRIVED, Account(id=SUBJECT))
    assert notice.id == f"account:{SUBJECT}:{word}:1772366398500000"


def test_an_active_account_is_back() -> None:
    notice = only(Suspension, FRAMES["account active"])
    assert (notice.status, notice.reason) == ("reinstated", None)
    assert only(Suspension, account(active=True, status="throttled")).status == "reinstated"


@pytest.mark.parametrize(
    ("time", "precision"),
    [
        ("2026-03-01T11:59:58.5Z", "exact"),
        ("2026-03-01T11:59:00.25Z", "exact"),
        ("2026-03-01T11:59:00.2Z", "noticed"),
        ("2024-01-01T00:00:00Z", "noticed"),
        (None, "noticed"),
    ],
)
def test_a_notice_is_exact_where_its_host_wrote_it_within_a_minute_of_its_arrival(
    time: str | None, precision: str
) -> None:
    assert only(Suspension, account(active=False, status="takendown", time=time)).precision == precision


def test_one_notice_that_two_hosts_saw_at_different_times_has_one_id() -> None:
    first, second = (
        only(Suspension, account(active=False, status="takendown", at=ARRIVED + timedelta(seconds=delay)))
        for delay in (0, 3)
    )
    assert first.at != second.at
    assert first.id == second.id


def test_an_identity_is_a_profile_with_the_handle_of_now() -> None:
    profile = only(Profile, FRAMES["identity"])
    assert (profile.actor, profile.changed) == (Account(id=SUBJECT, handle="new.example.org"), ())
    assert profile.id == f"identity:{SUBJECT}:1772366398500000"


@pytest.mark.parametrize(
    ("wires", "name"),
    [
        (FRAMES["like"], "like"),
        (commit("app.bsky.feed.like", operation="delete"), "like"),
        (commit("app.bsky.actor.profile", {"displayName": 5}, key="self"), "profile"),
        (commit("app.bsky.graph.block", {"subject": SUBJECT}), "block"),
        (FRAMES["record of another application"], "other_collection"),
        (FRAMES["follow deleted"], "follow_deleted"),
        (
            commit("app.bsky.feed.repost", {"subject": ref(SUBJECT, "aaa", "app.bsky.feed.generator")}),
            "repost_of_other_record",
        ),
        (account(active=False, status="throttled"), "account_throttled"),
        (account(active=False, status="desynchronized"), "account_desynchronized"),
        (account(active=False, status="a word of next year"), "account_other_status"),
        (account(active=False), "account_without_status"),
        (identity(), "identity_without_handle"),
        (identity(handle="handle.invalid"), "identity_without_handle"),
    ],
)
def test_what_says_nothing_that_is_counted_is_skipped_by_name(wires: Wires, name: str) -> None:
    assert read(wires) == Skipped(name)
    assert name in SKIPPED_NAMES


@pytest.mark.parametrize(
    ("frame", "name"),
    [
        ({"$type": "error", "error": "ConsumerTooSlow", "message": "…"}, "error"),
        ({"$type": "message", "payload": {"$type": "network.bsky.jetstream.subscribeEvents#info"}}, "info"),
        ({"$type": "message", "payload": {"$type": "network.bsky.jetstream.subscribeEvents#sync"}}, "sync"),
    ],
)
def test_what_a_server_says_of_the_stream_is_skipped_by_name(frame: Json, name: str) -> None:
    assert JetstreamReader().read(to_line(frame)) == Skipped(name)
