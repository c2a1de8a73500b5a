"""The format `x-v2`: pages, users, messages that are no posts, and what strangers may write."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from msgspec.structs import replace

from streams.core.rounded_ids import IdEvidence
from streams.deadletters import Reason, Rejection
from streams.events import Account, Event, Post, PostRef, Profile, Retweet, encode_event
from streams.formats.canonical import CanonicalReader
from streams.formats.inputs.files import open_lines
from streams.formats.inputs.lines import split_lines
from streams.formats.reader import Reading, Skipped
from streams.formats.tally import Tally, read_lines
from streams.formats.x.x_v2 import SKIPPED_NAMES, XV2Reader
from tests.formats.payloads import Json, mutated_lines, to_line
from tests.formats.test_hostile_lines import outcome
from tests.formats.x_v2_payloads import (
    AUTHOR,
    BOTH,
    DISCONNECT,
    EXAMPLE,
    KHAMENEI_SITE,
    NOT_FOUND,
    ORIGINAL,
    QUOTE,
    REPLY,
    RETWEET,
    SEEN_AT,
    TWARC,
    X_V2,
    line_of,
    only,
    page_of,
    read,
    refusal,
    tweet,
    without,
    x_user,
)


def test_looked_up_users_are_profiles_at_the_time_of_the_look_up() -> None:
    def profile(account: Account) -> Profile:
        return Profile(platform="twitter", id=f"user_lookup:{account.id}:1539221431", at=SEEN_AT, actor=account)

    assert read(X_V2["users"]) == (profile(EXAMPLE), profile(KHAMENEI_SITE))
    assert read(X_V2["one user"]) == (profile(EXAMPLE),)


@pytest.mark.parametrize(
    ("payload", "name"),
    [
        (X_V2["users without time"], "users_without_time"),
        ({"data": [x_user()], "__twarc": {"retrieved_at": "soon"}}, "users_without_time"),
        ({"errors": [DISCONNECT]}, "operational_disconnect"),
        ({"errors": [{"title": "OperationalDisconnect"}]}, "operational_disconnect"),
        ({"errors": [NOT_FOUND, without(DISCONNECT, "title", "type")]}, "operational_disconnect"),
        ({"title": "ConnectionException", "connection_issue": "TooManyConnections"}, "connection_refused"),
        ({"errors": [{"type": "https://api.twitter.com/2/problems/streaming-connection"}]}, "connection_refused"),
        ({"title": "Unauthorized", "type": "about:blank", "status": 401, "detail": "Unauthorized"}, "errors"),
        (X_V2["errors"], "errors"),
        ({"errors": [NOT_FOUND], "meta": {"result_count": 0}}, "errors"),
        (X_V2["empty page"], "empty_page"),
        ({"data": [], "meta": {"result_count": 0}}, "empty_page"),
    ],
)
def test_a_message_that_says_nothing_countable_is_skipped_by_name(payload: Json, name: str) -> None:
    assert read(payload) == Skipped(name)
    assert name in SKIPPED_NAMES


@pytest.mark.parametrize(
    ("payload", "place"),
    [
        ({}, "no `data`"),
        ({"data": None}, "no `data`"),
        ({"errors": []}, "no `data`"),
        ({"id": "1", "action": "delete"}, "no `data`"),
        ({"title": "An article", "text": "of a newspaper"}, "no `data`"),
        ({"meta": {"generator": "another tool"}}, "no `data`"),
        ({"data": {}}, "data.text:"),
        ({"data": {"delete": {"tweet": {"id": "1"}}}}, "data.text:"),
        ({"data": [{"start": "2021", "tweet_count": 3}], "meta": {}}, "data[0].text:"),
        ({"data": [tweet(), x_user()]}, "data[1].username:"),
        ({"data": [x_user(), tweet()], "__twarc": TWARC}, "data[1].username:"),
        (line_of(RETWEET | {"referenced_tweets": [{"type": "shared", "id": "1"}]}), "data.referenced_tweets[0].type:"),
    ],
)
def test_a_message_of_another_kind_is_an_unknown_shape_that_names_the_place(payload: Json, place: str) -> None:
    reading = refusal(payload)
    assert (reading.reason, reading.detail[: len(place)]) == (Reason.UNKNOWN_SHAPE, place)


@pytest.mark.parametrize(
    "value", [None, "", "Wed Oct 10 20:19:24 +0000 2018", "2018-10-10", "2018-13-10T20:19:24.000Z"]
)
def test_a_post_without_a_readable_time_is_refused(value: Json) -> None:
    reading = refusal(line_of(tweet(created_at=value)))
    assert (reading.reason, reading.detail[:16]) == (Reason.BAD_TIME, "data.created_at:")


@pytest.mark.parametrize("value", ["0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "10000-01-01T00:00:00Z"])
def test_a_time_that_no_year_of_utc_holds_is_refused(value: str) -> None:
    assert refusal(line_of(tweet(created_at=value))).reason is Reason.BAD_TIME


@pytest.mark.parametrize("value", ["", "abc", "-5", "0", "007", "1.5", "１２", "1" * 21, " 1", "1\n", 0, -1, 1.5])
@pytest.mark.parametrize("name", ["id", "author_id"])
def test_an_id_that_is_no_decimal_number_is_refused(name: str, value: Json) -> None:
    reading = refusal(line_of(tweet() | {name: value}))
    assert (reading.reason, reading.detail.split(":")[0]) == (Reason.NOT_AN_EVENT, f"data.{name}")


def test_what_the_request_did_not_ask_for_is_named() -> None:
    for name in ("author_id", "created_at"):
        assert refusal(line_of(without(tweet(), name))).detail.startswith(f"data.{name}: missing")
        assert "tweet.fields" in refusal(line_of(without(tweet(), name))).detail


def test_an_id_written_as_a_number_is_believed_where_it_was_not_rounded() -> None:
    exact, rounded = 1050118621198921729, 1050118621198921700
    assert only(Post, line_of(without(tweet() | {"id": exact}, "edit_history_tweet_ids"))).id == str(exact)
    in_doubt = line_of(without(tweet() | {"id": rounded}, "edit_history_tweet_ids"))
    assert refusal(in_doubt).detail.startswith(f"data.id: {rounded} may have been rounded")
    assert isinstance(XV2Reader(exact_numbers=True).read(to_line(in_doubt)), tuple)
    # Nor is it believed once another field had to be put right.
    in_doubt["data"]["lang"] = 5
    assert isinstance(read(in_doubt), Rejection)
    assert isinstance(XV2Reader(exact_numbers=True).read(to_line(in_doubt)), tuple)


def test_a_field_of_another_type_is_put_right_or_unknown() -> None:
    odd = line_of(
        tweet(lang=["en"], entities={"urls": 5}),
        users=[x_user(verified="TRUE", public_metrics={"followers_count": "7"})],
    )
    post = only(Post, odd)
    assert (post.lang, post.links, post.actor.followers, post.actor.verified) == ("en", (), 7, True)


@pytest.mark.parametrize("references", [5, [5], "retweeted", {"type": "retweeted"}, [{"type": 5, "id": "7"}], [{}]])
def test_a_retweet_never_passes_for_a_post_because_its_reference_is_broken(references: Json) -> None:
    for odd in ({}, {"lang": 5}):
        reading = refusal(line_of(RETWEET | {"referenced_tweets": references} | odd, users=BOTH, tweets=[ORIGINAL]))
        assert reading.reason in {Reason.NOT_AN_EVENT, Reason.UNKNOWN_SHAPE}
        assert odd or reading.detail.startswith("data.referenced_tweets")


def each_reading(payload: Json) -> list[Reading]:
    """What a file with this one line holds."""
    return [reading for _, reading in read_lines(split_lines([to_line(payload)]), XV2Reader(), Tally())]


def events_in(readings: list[Reading]) -> list[Event]:
    return [event for reading in readings if isinstance(reading, tuple) for event in reading]


@pytest.mark.parametrize(
    ("broken", "reason", "place"),
    [
        (tweet("2", created_at="soon"), Reason.BAD_TIME, "data.created_at"),
        (tweet("2", author_id=None), Reason.NOT_AN_EVENT, "data.author_id"),
        (tweet("9" * 10_000), Reason.NOT_AN_EVENT, "`$.data.id`"),
        (tweet("2", author_id=10**4_000), Reason.NOT_AN_EVENT, "$.data.author_id"),
        (tweet("2", author_id={"id": 5}), Reason.NOT_AN_EVENT, "$.data.author_id"),
        (tweet("2", author_id=[[[[5]]]]), Reason.NOT_AN_EVENT, "$.data.author_id"),
        (
            RETWEET | {"referenced_tweets": [{"type": "retweeted", "id": "9" * 300}]},
            Reason.NOT_AN_EVENT,
            "data.referenced_tweets: ",
        ),
        ({"id": "2"}, Reason.UNKNOWN_SHAPE, "data.text"),
        (5, Reason.NOT_AN_EVENT, "`$.data`"),
    ],
)
def test_one_bad_post_costs_only_itself(broken: Json, reason: Reason, place: str) -> None:
    good = [tweet(str(number)) for number in range(1, 100)]
    page = page_of([*good[:40], broken, *good[40:]])
    readings = each_reading(page)
    assert [event.id for event in events_in(readings)] == [str(number) for number in range(1, 100)]
    assert all(event.actor == EXAMPLE for event in events_in(readings) if isinstance(event, Post))
    (refused,) = [each for each in readings if not isinstance(each, tuple)]
    assert readings.index(refused) == 40
    assert isinstance(refused, Rejection)
    assert refused.reason is reason
    assert place in refused.detail


def test_a_post_of_a_page_with_a_bad_one_keeps_all_that_it_refers_to() -> None:
    by_handle = {"text": "long", "entities": {"mentions": [{"username": "example"}]}}
    items = [RETWEET, QUOTE, REPLY, tweet(note_tweet=by_handle)]
    users = [x_user("5", "unrelated"), *BOTH]
    whole = page_of(items, users=users, tweets=[tweet("6"), ORIGINAL], __twarc=TWARC)
    expected = read(whole)
    assert isinstance(expected, tuple)
    assert expected[0].observed_at == SEEN_AT
    with_bad = whole | {"data": [*whole["data"], {}]}
    assert events_in(each_reading(with_bad)) == list(expected)
    for part in XV2Reader().parts(to_line(with_bad)):
        assert b"unrelated" not in part
        assert b"verified_type" not in part, "nor what the reader does not read"


def test_what_nobody_reads_of_a_post_costs_it_nothing_of_what_it_refers_to() -> None:
    """A lone surrogate, which no string of UTF-8 has, in a member that is not in the table of the format."""
    said = {"mentions": [], "unread": "HERE"}
    good, bad = to_line(page_of([tweet(entities=said)])), to_line(page_of([tweet(entities=said), {"id": "bad"}]))
    [part, _] = XV2Reader().parts(bad.replace(b"HERE", b"\xed\xa0\x80"))
    assert XV2Reader().read(part) == XV2Reader().read(good)


def test_one_bad_account_costs_only_what_is_said_of_it() -> None:
    page = page_of([tweet("1"), tweet("2", author_id=AUTHOR["id"])], users=[x_user(), AUTHOR | {"verified": [1, 2]}])
    assert [event.actor for event in events_in(each_reading(page)) if isinstance(event, Post)] == [
        EXAMPLE,
        replace(KHAMENEI_SITE, verified=None),
    ]


@pytest.mark.parametrize(
    "includes", [5, [], {"users": 5}, {"users": [5, None], "tweets": {"id": "7"}}, {"users": [{"id": [1]}]}]
)
def test_broken_includes_leave_what_the_posts_say_themselves(includes: Json) -> None:
    page = page_of([tweet("1"), tweet("2")]) | {"includes": includes}
    readings = each_reading(page)
    assert [event.id for event in events_in(readings)] == ["1", "2"]


def test_many_posts_of_one_huge_account_do_not_multiply_it() -> None:
    """The parts of a page are bounded; beyond that the page is refused as a whole."""
    huge = x_user(name="x" * 300_000)
    items = [{"author_id": huge["id"], "id": str(number)} for number in range(1, 10_000)]
    line = to_line({"data": items, "includes": {"users": [huge]}})
    assert XV2Reader().parts(line) == ()
    assert isinstance(XV2Reader().read(line), Rejection)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"data": ' + b"[" * 100_000, Reason.TOO_DEEP),
        (b'{"data": {"id": "1", "x": ' + b'{"a":' * 100_000, Reason.TOO_DEEP),
        (b'{"data": {"id": "1", "text": "\xff"}}', Reason.NOT_JSON),
        (b'{"data": {"author_id": "1021159080151404544"', Reason.NOT_JSON),
    ],
)
def test_what_no_parser_follows_is_refused_for_it(line: bytes, reason: Reason) -> None:
    reading = XV2Reader().read(line)
    assert isinstance(reading, Rejection)
    assert reading.reason is reason
    assert XV2Reader().parts(line) == ()


def test_a_page_with_a_hundred_thousand_accounts_is_read() -> None:
    page = line_of(tweet(), users=[{"id": str(number)} for number in range(1, 100_000)] + [x_user()])
    assert only(Post, page).actor == EXAMPLE


def test_ids_that_went_through_floating_point_are_noticed() -> None:
    """Such a file is of no use: `read_lines` refuses it (see tests of rounded ids)."""
    numbers, texts = IdEvidence(), IdEvidence()
    for number in range(20):
        rounded = int(float(1050118621198921728 + number * 10**12)) // 1000 * 1000
        XV2Reader().ids_in(to_line(page_of([tweet(str(rounded))])), numbers, texts)
        XV2Reader().ids_in(to_line(line_of(tweet() | {"id": rounded})), numbers, texts)
    assert (numbers.verdict, texts.verdict) == ("rounded", "rounded")


@pytest.mark.slow
def test_a_payload_broken_anywhere_gives_events_that_survive_the_wire_or_a_reason() -> None:
    seen: Counter[str] = Counter()

    @given(mutated_lines(list(X_V2.values())))
    @settings(max_examples=1_200)
    def check(line: bytes) -> None:
        parts = [XV2Reader().read(part) for part in XV2Reader().parts(line)]
        whole = XV2Reader().read(line)
        if parts and isinstance(whole, tuple):
            assert events_in(parts) == list(whole), "item by item a page says the same"
        for each in (line, *XV2Reader().parts(line)):
            seen[outcome("x-v2", each)] += 1

    check()
    assert {"Post", "Retweet", "Profile", "skipped"} <= seen.keys()
    assert {"not_an_event", "bad_time", "unknown_shape"} <= seen.keys()


# What each sample file holds, counted by hand: events, skipped messages, rejections.
SAMPLES: Final[dict[str, dict[str, int]]] = {
    "x_v2_filtered_stream.jsonl": {"Post": 7, "not_json": 1},  # its last line breaks off
    "x_v2_retweet_single.jsonl": {"Retweet": 1},
    "x_v2_edited_tweet.jsonl": {"Post": 1},
    "x_v2_users_lookup.jsonl": {"Profile": 96},  # one page, with 8 errors beside it
    "x_v2_compliance_stream.jsonl": {"unknown_shape": 14},
    "x_v2_batch_compliance_users.jsonl": {"blank": 1, "unknown_shape": 2},
    "x_v2_batch_compliance_tweets.jsonl": {"blank": 1, "unknown_shape": 2},
}


def events_of(path: Path, tally: Tally) -> list[Event]:
    with open_lines(str(path)) as lines:
        return events_in([reading for _, reading in read_lines(lines, XV2Reader(), tally)])


@pytest.mark.parametrize("name", SAMPLES)
def test_each_record_of_the_samples_is_what_it_is(name: str, shared_data: Path) -> None:
    tally = Tally()
    events = events_of(shared_data.parent / "samples" / name, tally)
    kinds = Counter(type(event).__name__ for event in events)
    assert kinds | tally.skipped | tally.rejected == SAMPLES[name]
    assert tally.lines == tally.event_lines + tally.skipped.total() + tally.rejected.total()
    for event in events:
        assert CanonicalReader().read(encode_event(event)) == (event,)


def test_a_real_quote_is_read_by_value(shared_data: Path) -> None:
    (quote, reply, *_) = events_of(shared_data.parent / "samples" / "x_v2_filtered_stream.jsonl", Tally())
    assert quote == Post(
        platform="twitter",
        id="1377650090978992134",
        at=datetime(2021, 4, 1, 15, 52, 31, tzinfo=UTC),
        observed_at=datetime(2021, 4, 1, 15, 52, 42, tzinfo=UTC),
        actor=Account(
            id="4602771083",
            handle="blackheart_265",
            name="Endangered Species",
            created_at=datetime(2015, 12, 25, 18, 50, 44, tzinfo=UTC),
            created_at_source="reported",
            followers=881,
            verified=False,
        ),
        text="Fury https://t.co/YbMgHU5xRX https://t.co/tXgDG9jrKX",
        lang="en",
        links=("https://twitter.com/Manie_DS/status/1377640162566496258",),
        quotes=PostRef(
            post_id="1377640162566496258",
            account=Account(
                id="41783881",
                handle="Manie_DS",
                name="Gary the Parademon",
                created_at=datetime(2009, 5, 22, 9, 37, 50, tzinfo=UTC),
                created_at_source="reported",
                followers=2525,
                verified=False,
            ),
        ),
    )
    assert isinstance(reply, Post)
    assert reply.reply_to is not None
    assert reply.reply_to.account is not None
    assert (reply.reply_to.post_id, reply.reply_to.account.id) == ("1377266697850257410", "601852746")
    # The payload is of the time when mentions had no ids: it is the handle that joins.
    assert [account.id for account in reply.mentions] == ["601852746"]


def test_a_real_retweet_has_the_whole_text_of_its_original(shared_data: Path) -> None:
    (retweet,) = events_of(shared_data.parent / "samples" / "x_v2_retweet_single.jsonl", Tally())
    assert isinstance(retweet, Retweet)
    assert (retweet.id, retweet.post_id) == ("1589681856941002753", "1589671906718134272")
    assert (retweet.actor.id, retweet.subject.id) == ("68401342", "1221317221714157569")
    assert retweet.subject.created_at == datetime(2020, 1, 26, 6, 21, 42, tzinfo=UTC)
    assert retweet.subject.followers == 1686
    assert retweet.text is not None
    assert retweet.text.startswith("Looking for gaming mutuals")
    assert retweet.text.endswith("https://t.co/nyzCbH5jW2")


def test_a_real_edited_post_has_the_id_of_its_first_version(shared_data: Path) -> None:
    (post,) = events_of(shared_data.parent / "samples" / "x_v2_edited_tweet.jsonl", Tally())
    assert (post.id, post.at) == ("1576994746135764992", datetime(2022, 10, 3, 17, 57, 11, tzinfo=UTC))


def test_real_users_are_profiles_of_the_moment_at_which_they_were_fetched(shared_data: Path) -> None:
    profiles = events_of(shared_data.parent / "samples" / "x_v2_users_lookup.jsonl", Tally())
    at = datetime(2021, 10, 23, 19, 36, 18, tzinfo=UTC)
    assert {event.at for event in profiles} == {at}
    assert profiles[0] == Profile(
        platform="twitter",
        id="user_lookup:119369819:1635017778",
        at=at,
        actor=Account(
            id="119369819",
            handle="DoDirty78",
            name="DoDirtysHouse",
            created_at=datetime(2010, 3, 3, 12, 49, 24, tzinfo=UTC),
            created_at_source="reported",
            followers=580,
            verified=False,
        ),
    )
