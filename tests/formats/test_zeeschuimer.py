"""The format `zeeschuimer`: captures of X's own pages, as Zeeschuimer writes and 4CAT stores them."""

from collections import Counter
from datetime import UTC, datetime
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from streams.core.rounded_ids import IdEvidence
from streams.deadletters import Reason
from streams.events import Account, Post, PostRef, Retweet
from streams.formats.reader import Reading, Skipped
from streams.formats.x.zeeschuimer import SKIPPED_NAMES, ZeeschuimerReader
from tests.formats.payloads import LINK, Json, mention, mutated_lines, to_line
from tests.formats.readings import only_event, rejected
from tests.formats.test_hostile_lines import outcome

SEEN_AT: Final = datetime(2023, 5, 1, 12, 0, 0, 500_000, tzinfo=UTC)
EXAMPLE: Final = Account(
    id="2244994945",
    handle="example",
    name="Name of example",
    created_at=datetime(2013, 12, 14, 4, 35, 55, tzinfo=UTC),
    created_at_source="reported",
    followers=513_868,
    verified=True,
)
KHAMENEI: Final = replace(EXAMPLE, id="783214000000000001", handle="Khamenei_site", name="Name of Khamenei_site")


def x_account(account: Account, **more: Json) -> dict[str, Json]:
    """An account as X's pages had it until 2025."""
    return {
        "__typename": "User",
        "rest_id": account.id,
        "is_blue_verified": True,
        "legacy": {
            "screen_name": account.handle,
            "name": account.name,
            "created_at": "Sat Dec 14 04:35:55 +0000 2013",
            "followers_count": account.followers,
            "verified": False,
        },
    } | more


def x_post(id_str: str = "1652999999999999998", account: Account = EXAMPLE, **more: Json) -> dict[str, Json]:
    """A post as X's pages have it; `legacy` of `more` is added to."""
    legacy = {
        "created_at": "Mon May 01 11:00:00 +0000 2023",
        "id_str": id_str,
        "user_id_str": account.id,
        "full_text": "of its own",
        "lang": "en",
        "entities": {"urls": [], "user_mentions": [], "hashtags": []},
        "conversation_id_str": id_str,
    }
    return (
        {
            "__typename": "Tweet",
            "rest_id": id_str,
            "core": {"user_results": {"result": x_account(account)}},
            "edit_control": {"edit_tweet_ids": [id_str], "editable_until_msecs": "1682940000000"},
            "source": "<a>not looked at</a>",
            "id": int(id_str),
        }
        | more
        | {"legacy": legacy | more.get("legacy", {})}
    )


def capture(data: Json, **more: Json) -> dict[str, Json]:
    """A line of Zeeschuimer."""
    return {
        "nav_index": "1:2:0",
        "item_id": "1652999999999999998",
        "timestamp_collected": 1682942400500,
        "source_platform": "twitter.com",
        "source_platform_url": "https://x.com/search?q=x",
        "data": data,
    } | more


def without(payload: dict[str, Json], *names: str) -> dict[str, Json]:
    return {name: value for name, value in payload.items() if name not in names}


ORIGINAL: Final = x_post("1652000000000000001", KHAMENEI, legacy={"full_text": "the original"})
RT: Final = {"full_text": "RT @Khamenei_site: the orig…"}
NAMED: Final = {"urls": [], "user_mentions": [mention(KHAMENEI.id, "Khamenei_site")]}
TOMBSTONE: Final = {"__typename": "TweetTombstone", "tombstone": {"text": {"text": "This Post is unavailable."}}}
QUOTE: Final = {
    "quoted_status_id_str": "1652000000000000001",
    "quoted_status_permalink": {"expanded": "https://twitter.com/Khamenei_site/status/1652000000000000001"},
}
ADAPTIVE: Final = {
    "id": 1652999999999999998,
    "type": "adaptive",
    "legacy": x_post()["legacy"],
    "user": x_account(EXAMPLE)["legacy"] | {"id_str": EXAMPLE.id, "verified": True},
}

POSTS: Final[dict[str, Json]] = {
    "post": x_post(legacy={"entities": {"urls": [LINK], "user_mentions": [mention("11", "eleven")]}}),
    "retweet": x_post(legacy=RT | {"retweeted_status_result": {"result": ORIGINAL}}),
    "restricted retweet": x_post(
        legacy=RT
        | {"retweeted_status_result": {"result": {"__typename": "TweetWithVisibilityResults", "tweet": ORIGINAL}}}
    ),
    "retweet without user": x_post(legacy=RT | {"retweeted_status_result": {"result": without(ORIGINAL, "core")}}),
    "retweet of what is not shown": x_post(legacy=RT | {"retweeted_status_result": {}, "entities": NAMED}),
    "quote": x_post(quoted_status_result={"result": ORIGINAL}, legacy=QUOTE),
    "quote of what is not shown": x_post(quoted_status_result={"result": TOMBSTONE}, legacy=QUOTE),
    "reply": x_post(
        legacy={
            "in_reply_to_status_id_str": "1652000000000000001",
            "in_reply_to_user_id_str": KHAMENEI.id,
            "in_reply_to_screen_name": "Khamenei_site",
        }
    ),
    "long": x_post(
        note_tweet={
            "is_expandable": True,
            "note_tweet_results": {
                "result": {"text": "the whole text", "entity_set": {"urls": [LINK], "user_mentions": []}}
            },
        }
    ),
    "edited": x_post(
        edit_control={
            "initial_tweet_id": "1652999999999999001",
            "edit_control_initial": {"edit_tweet_ids": ["1652999999999999001", "1652999999999999998"]},
        }
    ),
    "restricted": {"__typename": "TweetWithVisibilityResults", "tweet": x_post()},
    "adaptive": ADAPTIVE,
    "tombstone": TOMBSTONE,
}


def read(payload: Json) -> Reading:
    return ZeeschuimerReader().read(to_line(payload, ensure_ascii=False))


def post(**more: Json) -> Post:
    plain = Post(
        platform="twitter",
        id="1652999999999999998",
        at=datetime(2023, 5, 1, 11, tzinfo=UTC),
        observed_at=SEEN_AT,
        actor=EXAMPLE,
        text="of its own",
        lang="en",
    )
    return replace(plain, **more)


def retweet(**more: Json) -> Retweet:
    plain = Retweet(
        platform="twitter",
        id="1652999999999999998",
        at=datetime(2023, 5, 1, 11, tzinfo=UTC),
        observed_at=SEEN_AT,
        actor=EXAMPLE,
        subject=KHAMENEI,
        post_id="1652000000000000001",
        text="the original",
    )
    return replace(plain, **more)


def test_a_post_is_read_as_zeeschuimer_writes_it_and_as_4cat_stores_it() -> None:
    expected = post(links=("https://example.org/a",), mentions=(Account(id="11", handle="eleven", name="Eleven"),))
    assert read(capture(POSTS["post"])) == (expected,)
    meta = {"timestamp_collected": 1682942400500, "source_platform": "twitter.com"}
    assert read(POSTS["post"] | {"__import_meta": meta}) == (expected,)
    assert read(POSTS["post"]) == (replace(expected, observed_at=None),)


def test_a_retweet_amplifies_the_author_of_the_original_wherever_x_has_it() -> None:
    assert read(capture(POSTS["retweet"])) == (retweet(),)
    assert read(capture(POSTS["restricted retweet"])) == (retweet(),)
    assert read(capture(POSTS["retweet without user"])) == (retweet(subject=Account(id=KHAMENEI.id)),)


def test_a_retweet_of_what_is_not_shown_names_its_author_by_the_text() -> None:
    named = Account(id=KHAMENEI.id, handle="Khamenei_site", name="Khamenei_Site")
    assert read(capture(POSTS["retweet of what is not shown"])) == (
        retweet(subject=named, post_id=None, text="RT @Khamenei_site: the orig…"),
    )
    not_shown: list[Json] = [{}, {"result": TOMBSTONE}, {"result": {}}]
    for results in not_shown:
        nobody = x_post(legacy=RT | {"retweeted_status_result": results})
        assert rejected(read(capture(nobody))).reason is Reason.NO_SUBJECT


def test_a_quote_names_what_is_left_of_the_quoted_post() -> None:
    whole = PostRef(post_id="1652000000000000001", account=KHAMENEI)
    assert read(capture(POSTS["quote"])) == (post(quotes=whole),)
    gone = PostRef(post_id="1652000000000000001", handle="Khamenei_site")
    assert read(capture(POSTS["quote of what is not shown"])) == (post(quotes=gone),)


def test_an_answer_a_long_text_and_an_edited_post_are_read() -> None:
    answered = PostRef(post_id="1652000000000000001", account=Account(id=KHAMENEI.id, handle="Khamenei_site"))
    assert read(capture(POSTS["reply"])) == (post(reply_to=answered),)
    assert read(capture(POSTS["long"])) == (post(text="the whole text", links=("https://example.org/a",)),)
    assert read(capture(POSTS["edited"])) == (post(id="1652999999999999001", versions=("1652999999999999998",)),)


@pytest.mark.parametrize("name", ["restricted", "adaptive"])
def test_other_forms_of_a_capture_are_read_alike(name: str) -> None:
    assert read(capture(POSTS[name])) == (post(),)


def test_accounts_are_read_where_x_has_put_their_fields_since() -> None:
    moved = x_account(
        EXAMPLE,
        legacy={"followers_count": EXAMPLE.followers},
        core={
            "screen_name": EXAMPLE.handle,
            "name": EXAMPLE.name,
            "created_at": "Sat Dec 14 04:35:55 +0000 2013",
        },
        verification={"verified": False},
        is_blue_verified=True,
    )
    assert read(capture(x_post(core={"user_results": {"result": moved}}))) == (post(),)
    unmarked = moved | {"is_blue_verified": False}
    assert read(capture(x_post(core={"user_results": {"result": unmarked}}))) == (
        post(actor=replace(EXAMPLE, verified=False)),
    )


@pytest.mark.parametrize(
    "core", [None, {}, {"user_results": {}}, {"user_results": {"result": {"reason": "Suspended"}}}]
)
def test_of_an_author_that_is_not_shown_the_id_is_left(core: Json) -> None:
    assert read(capture(x_post(core=core))) == (post(actor=Account(id=EXAMPLE.id)),)


@pytest.mark.parametrize(
    ("payload", "name"),
    [
        (capture(TOMBSTONE), "unavailable_post"),
        (capture({"__typename": "TweetUnavailable"}), "unavailable_post"),
        (capture({"id": "7", "desc": "a video"}, source_platform="tiktok.com"), "other_platform"),
        (x_post(__import_meta={"source_platform": "truth.social"}), "other_platform"),
    ],
)
def test_what_is_no_post_of_x_is_skipped_by_name(payload: Json, name: str) -> None:
    assert read(payload) == Skipped(name)
    assert name in SKIPPED_NAMES


@pytest.mark.parametrize(
    ("payload", "reason", "place"),
    [
        ({}, Reason.UNKNOWN_SHAPE, "no `data`"),
        ({"data": x_post()}, Reason.UNKNOWN_SHAPE, "no `data`"),
        (capture({}), Reason.UNKNOWN_SHAPE, "data.legacy: missing"),
        (capture({"__typename": "Tweet", "legacy": None}), Reason.UNKNOWN_SHAPE, "data.legacy: missing"),
        (capture(5), Reason.NOT_AN_EVENT, "Expected `object`, got `int` - at `data`"),
        (capture(x_post(rest_id=None, legacy={"id_str": None})), Reason.NOT_AN_EVENT, "data.rest_id: missing"),
        (capture(x_post(rest_id="x" * 10)), Reason.NOT_AN_EVENT, "data.rest_id: 'xxxxxxxxxx' is no id"),
        (
            capture(x_post(core=None, legacy={"user_id_str": None})),
            Reason.NOT_AN_EVENT,
            "data.core.user_results.result.rest_id: missing",
        ),
        (capture(x_post(legacy={"created_at": None})), Reason.BAD_TIME, "data.legacy.created_at: no time"),
        (capture(x_post(legacy={"created_at": "2023-05-01"})), Reason.BAD_TIME, "data.legacy.created_at:"),
        (x_post(legacy={"created_at": "soon"}), Reason.BAD_TIME, "post.legacy.created_at:"),
        (
            capture(x_post(legacy={"retweeted_status_result": 5})),
            Reason.NOT_AN_EVENT,
            "Expected `object`, got `int` - at `data.legacy.retweeted_status_result`",
        ),
    ],
)
def test_what_an_event_cannot_do_without_is_named(payload: Json, reason: Reason, place: str) -> None:
    refused = rejected(read(payload))
    assert (refused.reason, refused.detail[: len(place)]) == (reason, place)


def test_a_field_of_another_type_is_put_right_or_unknown() -> None:
    odd = x_post(quoted_status_result=[], note_tweet="x", edit_control=5, legacy={"lang": 5, "entities": "none"})
    assert read(capture(odd)) == (post(lang="5"),)


@pytest.mark.parametrize("collected", [None, "soon", -1, 10**30, {}, 1.5, "1682942400500x"])
def test_an_unreadable_time_of_capture_is_unknown(collected: Json) -> None:
    assert only_event(Post, read(capture(x_post(), timestamp_collected=collected))).observed_at is None


def test_the_rounded_numbers_that_zeeschuimer_adds_are_no_evidence() -> None:
    numbers, texts = IdEvidence(), IdEvidence()
    ZeeschuimerReader().ids_in(to_line(capture(x_post() | {"id": 1653000000000000000})), numbers, texts)
    assert (numbers.has_any, texts.has_any) == (False, True)


@pytest.mark.slow
def test_a_capture_broken_anywhere_gives_events_that_survive_the_wire_a_known_name_or_a_reason() -> None:
    seen: Counter[str] = Counter()
    payloads = [capture(each) for each in POSTS.values()] + list(POSTS.values())

    @given(st.sampled_from([[each] for each in payloads]).flatmap(mutated_lines))
    @settings(max_examples=1_200, deadline=None)
    def check(line: bytes) -> None:
        seen[outcome("zeeschuimer", line)] += 1

    check()
    assert {"Post", "Retweet", "skipped"} <= seen.keys()
    assert {"not_an_event", "bad_time", "unknown_shape", "no_subject"} <= seen.keys()
