"""The format `twitter-archive`: posts of an account's own archive, whose author stands beside them or nowhere."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings

from streams.core.rounded_ids import IdEvidence
from streams.deadletters import Reason, Rejection
from streams.events import Account, Deletion, Post, PostRef, Retweet
from streams.formats.inputs.files import open_lines
from streams.formats.reader import Reading, Skipped
from streams.formats.tally import Tally, read_lines
from streams.formats.twitter.twitter_archive import SKIPPED_NAMES, TwitterArchiveReader
from streams.formats.twitter.twitter_v1 import TwitterV1Reader
from tests.formats.payloads import ORIGINAL, Json, mutated_lines, status, to_line
from tests.formats.readings import only_event, rejected
from tests.formats.test_hostile_lines import outcome

POST_ID: Final = "1626922779105759235"
AT: Final = datetime(2023, 2, 18, 12, 33, 11, tzinfo=UTC)
ACCOUNT: Final = {
    "accountId": "2000000001",
    "username": "Mfa_Alpha",
    "accountDisplayName": "Alpha",
    "createdAt": "2011-06-23T13:04:14.000Z",
    "email": "not looked at",
}
AUTHOR: Final = Account(
    id="2000000001",
    handle="Mfa_Alpha",
    name="Alpha",
    created_at=datetime(2011, 6, 23, 13, 4, 14, tzinfo=UTC),
    created_at_source="reported",
)
NOVA: Final = {"screen_name": "Nova_Relay", "name": "Nova", "id_str": "17", "id": "17", "indices": ["3", "14"]}


def post(text: str = "a text", **more: Json) -> dict[str, Json]:
    """A post as archives of 2019 and later have it."""
    return {
        "edit_info": {"initial": {"editTweetIds": [POST_ID], "editsRemaining": "5", "isEditEligible": False}},
        "retweeted": False,
        "entities": {"hashtags": [], "symbols": [], "user_mentions": [], "urls": []},
        "display_text_range": ["0", "6"],
        "favorite_count": "1",
        "id_str": POST_ID,
        "id": POST_ID,
        "created_at": "Sat Feb 18 12:33:11 +0000 2023",
        "full_text": text,
        "lang": "en",
    } | more


def record(text: str = "a text", **more: Json) -> dict[str, Json]:
    """A record of tweets.js with the account of account.js beside it."""
    return {"tweet": post(text, **more), "account": ACCOUNT}


def mentions(*mentioned: Json) -> dict[str, Json]:
    return {"urls": [], "user_mentions": list(mentioned)}


HEADER: Final = {"tweet_id": POST_ID, "user_id": "2000000001", "created_at": "Sat Feb 18 12:33:11 +0000 2023"}
DELETED_AT: Final = "Sat Feb 18 13:33:11 +0000 2023"
OLD: Final = status(
    "610000000000000000",
    "RT @Khamenei_site: the original",
    created_at="2015-06-14 11:20:05 +0000",
    retweeted_status=ORIGINAL,
)
RECORDS: Final[dict[str, Json]] = {
    "post": record(),
    "retweet": record("RT @Nova_Relay: original", entities=mentions(NOVA)),
    "bare": post() | {"account": ACCOUNT},
    "without an author": {"tweet": post()},
    "of 2015": OLD,
    "deleted": record(deleted_at=DELETED_AT),
    "header": {"tweet": HEADER},
    "header of a deleted one": {"tweet": HEADER | {"deleted_at": DELETED_AT}},
    "like": {"like": {"tweetId": "1", "fullText": "…"}},
    "messages": {"dmConversation": {"messages": [{"messageCreate": {"text": "…"}}]}},
    "manifest": {"userInfo": {}, "archiveInfo": {}, "dataTypes": {}},
}


def read(payload: Json) -> Reading:
    return TwitterArchiveReader().read(to_line(payload))


def test_a_post_is_of_the_account_that_stands_beside_it() -> None:
    expected = Post(platform="twitter", id=POST_ID, at=AT, actor=AUTHOR, text="a text", lang="en")
    assert read(record()) == (expected,)
    assert read(RECORDS["bare"]) == (expected,), "as archives of 2018 have it, without `tweet`"


@pytest.mark.parametrize("payload", [{"tweet": post()}, post(), {"tweet": post(), "account": None}])
def test_a_post_that_does_not_say_whose_it_is_is_refused_with_what_to_do(payload: Json) -> None:
    refused = rejected(read(payload))
    assert (refused.reason, refused.detail[:17]) == (Reason.NOT_AN_EVENT, "account: missing.")
    assert refused.detail.endswith("give the folder with its account.js, or put `account` beside it")


@pytest.mark.parametrize("account_id", [None, "", "-7", "007", "x", "9" * 21])
def test_an_account_without_a_usable_id_is_nobody(account_id: Json) -> None:
    """Neither the handle nor whom the post answers says who wrote it."""
    said = post(in_reply_to_user_id_str="5", in_reply_to_status_id_str="6")
    refused = rejected(read({"tweet": said, "account": {"accountId": account_id, "username": "Mfa_Alpha"}}))
    assert (refused.reason, refused.detail) == (Reason.NOT_AN_EVENT, "account.accountId: no id")


def test_a_post_is_of_the_account_that_a_file_beside_its_own_names() -> None:
    archive = TwitterArchiveReader().beside(to_line({"account": ACCOUNT}))
    assert archive is not None
    for reader in (archive, archive.of_file("exact")):
        assert reader.read(to_line({"tweet": post()})) == read(record())
    own = {"tweet": post(), "account": {"accountId": "5"}}
    assert only_event(Post, archive.read(to_line(own))).actor == Account(id="5")
    assert archive.beside(to_line({"account": ACCOUNT})) is None, "nothing new"


def test_of_two_accounts_neither_is_the_author() -> None:
    reader = TwitterArchiveReader()
    for account_id in ("5", "6", "5", "7"):
        reader = reader.beside(to_line({"account": {"accountId": account_id}})) or reader
        refusals = isinstance(reader.read(to_line({"tweet": post()})), Rejection)
        assert refusals == (reader.beside(to_line({"account": {"accountId": "8"}})) is None)


@pytest.mark.parametrize(
    "payload",
    [
        RECORDS["like"],
        {"account": {"accountId": "x"}},
        {"account": 5},
        {"account": ACCOUNT, "like": {}},
        {"profile": {"accountId": "5"}},
        [],
        "…",
    ],
)
def test_nothing_but_a_usable_account_says_whose_the_files_are(payload: Json) -> None:
    assert TwitterArchiveReader().beside(to_line(payload)) is None
    assert TwitterArchiveReader().beside(b"\xff") is None


def test_what_else_of_an_account_is_of_no_use_is_unknown() -> None:
    odd = {"accountId": "2000000001", "username": ["a", "b"], "createdAt": "soon", "accountDisplayName": ""}
    assert only_event(Post, read({"tweet": post(), "account": odd})).actor == Account(id="2000000001")


def test_a_retweet_passes_on_whom_its_text_names_and_keeps_no_id_of_the_original() -> None:
    """An archive has no more of it: a retweet that was typed by hand looks the same."""
    for handle in ("Nova_Relay", "nova_relay"):
        said = record(f"RT @{handle}: original", entities=mentions(NOVA, NOVA | {"id_str": "18"}))
        assert read(said) == (
            Retweet(
                platform="twitter",
                id=POST_ID,
                at=AT,
                actor=AUTHOR,
                subject=Account(id="17", handle="Nova_Relay", name="Nova"),
                text=f"RT @{handle}: original",
            ),
        )


@pytest.mark.parametrize(
    "entities",
    [None, mentions(), mentions(NOVA | {"screen_name": "Other"}), mentions(NOVA | {"id_str": "-1", "id": "-1"})],
)
def test_a_retweet_of_an_account_that_is_gone_has_no_subject(entities: Json) -> None:
    refused = rejected(read(record("RT @Nova_Relay: original", entities=entities)))
    assert (refused.reason, refused.detail[:23]) == (Reason.NO_SUBJECT, "tweet.retweeted_status:")


@pytest.mark.parametrize("text", ["RT please", "RT @Nova_Relay original", "look: RT @Nova_Relay: original", "RT @: x"])
def test_a_text_that_only_looks_like_a_retweet_is_a_post(text: str) -> None:
    assert only_event(Post, read(record(text, entities=mentions(NOVA)))).text == text


def test_a_reply_names_the_answered_post_and_account_and_a_post_its_mentions_and_links() -> None:
    link = {"url": "https://t.co/a", "expanded_url": "https://example.org/a", "indices": ["0", "14"]}
    said = record(
        "@Nova_Relay yes",
        in_reply_to_status_id_str="16",
        in_reply_to_status_id="16",
        in_reply_to_user_id_str="17",
        in_reply_to_screen_name="Nova_Relay",
        entities={"urls": [link], "user_mentions": [NOVA, NOVA | {"id_str": "-1"}]},
    )
    reply = only_event(Post, read(said))
    assert reply.reply_to == PostRef(post_id="16", account=Account(id="17", handle="Nova_Relay"))
    assert reply.mentions == (Account(id="17", handle="Nova_Relay", name="Nova"),)
    assert reply.links == ("https://example.org/a",)


@pytest.mark.parametrize(
    "edit_info",
    [
        {"initial": {"editTweetIds": ["1626922779105750000", POST_ID]}},
        {"edit": {"initialTweetId": "1626922779105750000", "editControlInitial": {"editTweetIds": [POST_ID]}}},
    ],
)
def test_a_later_version_has_the_id_of_the_first(edit_info: Json) -> None:
    post = only_event(Post, read(record(edit_info=edit_info)))
    assert (post.id, post.versions) == ("1626922779105750000", (POST_ID,))


def test_a_record_of_before_2019_is_the_status_that_it_is_to_v1() -> None:
    retweet = only_event(Retweet, read(OLD))
    assert (retweet.at, retweet.post_id) == (datetime(2015, 6, 14, 11, 20, 5, tzinfo=UTC), ORIGINAL["id_str"])
    assert read(OLD) == read({"tweet": OLD}) == TwitterV1Reader().read(to_line(OLD))


def test_a_user_that_somebody_put_into_a_post_is_its_author() -> None:
    said = post("RT @Nova_Relay: original", entities=mentions(NOVA), user={"id_str": "5", "screen_name": "five"})
    assert only_event(Retweet, read({"tweet": said})).actor == Account(id="5", handle="five")


def test_a_deleted_post_was_written_and_is_gone() -> None:
    gone_at = datetime(2023, 2, 18, 13, 33, 11, tzinfo=UTC)
    for written in (DELETED_AT, "2023-02-18T13:33:11.000Z"):
        reading = read(record(deleted_at=written))
        assert isinstance(reading, tuple)
        written_post, deletion = reading
        assert isinstance(written_post, Post)
        assert deletion == Deletion(platform="twitter", id=POST_ID, at=gone_at, post_id=POST_ID, actor=AUTHOR)


def test_the_header_of_a_deleted_post_says_whose_it_was_and_when_it_was_deleted() -> None:
    gone_at = datetime(2023, 2, 18, 13, 33, 11, tzinfo=UTC)
    deletion = only_event(Deletion, read(RECORDS["header of a deleted one"]))
    assert (deletion.post_id, deletion.at, deletion.actor) == (POST_ID, gone_at, Account(id="2000000001"))
    nobody = {"tweet": HEADER | {"deleted_at": DELETED_AT, "user_id": None}}
    assert only_event(Deletion, read(nobody)).actor is None


@pytest.mark.parametrize(
    ("payload", "name"),
    [
        (RECORDS["header"], "tweet_header"),
        (RECORDS["like"], "like"),
        (RECORDS["messages"], "direct_messages"),
        (RECORDS["manifest"], "manifest"),
        ({"account": ACCOUNT}, "account"),
        ({"ad": {"adsUserData": {}}}, "ad"),
        ({"following": {"accountId": "1"}}, "following"),
        ({"follower": 5}, "follower"),
        ({"noteTweet": {"core": {"text": "…"}}}, "note_tweet"),
        ({"accountSuspension": {"action": "Suspend"}}, "account_suspension"),
        ({"file_name": "2015_01.js", "var_name": "tweets_2015_01", "tweet_count": 3}, "tweet_index"),
        ({"screen_name": "a", "full_name": "A", "id": "1"}, "user_details"),
        ({"tweets": 5, "created_at": "2015-06-14 11:20:05 +0000", "lang": "en"}, "payload_details"),
    ],
)
def test_what_is_no_post_is_skipped_by_name(payload: Json, name: str) -> None:
    assert read(payload) == Skipped(name)
    assert name in SKIPPED_NAMES


def test_of_what_is_skipped_nothing_but_its_key_is_read() -> None:
    for private in (b'"\xff"', b'{"text": "\xed\xa0\x80", "id": ' + b"9" * 5_000 + b"}"):
        assert TwitterArchiveReader().read(b'{"dmConversation": ' + private + b"}") == Skipped("direct_messages")


@pytest.mark.parametrize(
    ("payload", "reason", "place"),
    [
        ({}, Reason.UNKNOWN_SHAPE, "no record of an archive has the keys (none)"),
        ({"user_suspend": {"id": 5}}, Reason.UNKNOWN_SHAPE, "no record of an archive has the keys user_suspend"),
        ({"verified": True, "id": 5}, Reason.UNKNOWN_SHAPE, "no record of an archive has the keys verified, id"),
        ({"tweet": 5, "account": ACCOUNT}, Reason.NOT_AN_EVENT, "Expected `object`, got `int` - at `tweet`"),
        ({"tweet": None}, Reason.NOT_AN_EVENT, "Expected `object`, got `null` - at `tweet`"),
        (record(created_at=None), Reason.BAD_TIME, "tweet.created_at: no time"),
        (record(created_at="2015-06-14"), Reason.BAD_TIME, "tweet.created_at: '2015-06-14' is no time"),
        (record(id_str="007", edit_info=None), Reason.NOT_AN_EVENT, "tweet.id_str: no id"),
        (record(deleted_at="soon"), Reason.BAD_TIME, "tweet.deleted_at: 'soon' is no time"),
        ({"tweet": post(), "account": [1, 2]}, Reason.NOT_AN_EVENT, "Expected `object`, got `array` - at `account`"),
        ({"tweet": HEADER | {"tweet_id": "x", "deleted_at": DELETED_AT}}, Reason.NOT_AN_EVENT, "tweet.tweet_id: no id"),
    ],
)
def test_what_is_of_no_use_is_refused_with_its_place(payload: Json, reason: Reason, place: str) -> None:
    refused = rejected(read(payload))
    assert (refused.reason, refused.detail[: len(place)]) == (reason, place)


def test_a_field_of_another_type_is_put_right_or_unknown() -> None:
    odd = record(lang=5, entities={"urls": 5, "user_mentions": [NOVA | {"name": {}}]}, edit_info=[])
    said = only_event(Post, read(odd))
    assert (said.lang, said.links, said.mentions) == ("5", (), (Account(id="17", handle="Nova_Relay"),))


def test_an_id_written_as_a_number_is_believed_where_it_was_not_rounded() -> None:
    exact, rounded = 1050118621198921729, 1050118621198921700
    said = record(id_str=None, edit_info=None)
    assert only_event(Post, read({**said, "tweet": said["tweet"] | {"id": exact}})).id == str(exact)
    in_doubt = {**said, "tweet": said["tweet"] | {"id": rounded, "in_reply_to_status_id": rounded}}
    odd_fields: list[Json] = [{}, {"lang": {}}]
    for odd in odd_fields:
        assert isinstance(read({**in_doubt, "tweet": in_doubt["tweet"] | odd}), Rejection)
    known = {**in_doubt, "tweet": in_doubt["tweet"] | {"id_str": POST_ID, "lang": {}}}
    assert only_event(Post, read(known)).reply_to is None
    assert isinstance(TwitterArchiveReader(exact_numbers=True).read(to_line(in_doubt)), tuple)


def test_ids_that_went_through_floating_point_are_noticed() -> None:
    numbers, texts = IdEvidence(), IdEvidence()
    for number in range(20):
        rounded = int(float(1050118621198921728 + number * 10**12)) // 1000 * 1000
        said = post(id_str=str(rounded), id=str(rounded))
        TwitterArchiveReader().ids_in(to_line({"tweet": said} if number % 2 else said), numbers, texts)
        TwitterArchiveReader().ids_in(to_line({"tweet": {"id": rounded}}), numbers, texts)
    assert (numbers.verdict, texts.verdict) == ("rounded", "rounded")


@pytest.mark.slow
def test_a_record_broken_anywhere_gives_events_that_survive_the_wire_a_known_name_or_a_reason() -> None:
    seen: Counter[str] = Counter()

    @given(mutated_lines(list(RECORDS.values())))
    @settings(max_examples=1_200)
    def check(line: bytes) -> None:
        seen[outcome("twitter-archive", line)] += 1

    check()
    assert {"Post", "Retweet", "Deletion", "skipped"} <= seen.keys()
    assert {"not_an_event", "bad_time", "unknown_shape"} <= seen.keys()


def write_archive(path: Path, name: str, records: list[Json]) -> Path:
    path.write_bytes(b"window.YTD." + name.encode() + b".part0 = " + to_line(records))
    return path


def test_the_scripts_of_an_archive_are_read_record_by_record(tmp_path: Path) -> None:
    scripts = {
        "tweets": [RECORDS["post"], RECORDS["retweet"]],
        "like": [RECORDS["like"]],
        "deleted_tweet_headers": [RECORDS["header of a deleted one"]],
    }
    tally = Tally()
    for name, records in scripts.items():
        with open_lines(str(write_archive(tmp_path / f"{name}.js", name, records))) as lines:
            list(read_lines(lines, TwitterArchiveReader(), tally))
    assert (tally.lines, tally.events, tally.skipped) == (4, 3, {"like": 1})


def test_an_export_without_its_account_gives_nothing_but_the_reason(shared_data: Path) -> None:
    tally = Tally()
    with open_lines(str(shared_data.parent / "field" / "twitter_archive_export" / "tweets.js")) as lines:
        readings = [reading for _, reading in read_lines(lines, TwitterArchiveReader(), tally)]
    assert (tally.lines, tally.rejected) == (9, {Reason.NOT_AN_EVENT: 9})
    assert {reading.detail[:17] for reading in readings if isinstance(reading, Rejection)} == {"account: missing."}
