"""Layouts of other tools: the run says what a file is and what to do, and the mappings in the documentation read it."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from streams.events import Account, Post, PostRef, Retweet
from streams.formats.other_tools import advice_on
from streams.formats.reader import Skipped
from tests.formats.mappings import mapped, read_text
from tests.formats.payloads import Json
from tests.formats.readings import only_event

_DOCUMENT: Final = (Path(__file__).parents[2] / "docs/formats.md").read_text(encoding="utf-8")
_AUTHOR: Final = {"id": "7", "username": "one"}
_TWEET: Final = {
    "id": "20",
    "text": "RT @two: x",
    "author_id": "7",
    "referenced_tweets": [{"type": "retweeted", "id": "9"}],
}
_SNSCRAPE: Final[Json] = {
    "_type": "snscrape.modules.twitter.Tweet",
    "url": "https://twitter.com/one/status/1364882022961512449",
    "date": "2021-02-25T10:00:00+00:00",
    "rawContent": "RT @two: x",
    "id": 1364882022961512449,
    "user": {"username": "one", "id": 7, "created": "2012-05-01T00:00:00+00:00"},
    "retweetedTweet": None,
    "quotedTweet": None,
}
_ARCHIVE: Final = (
    "tweetid,userid,user_display_name,user_screen_name,follower_count,account_creation_date,tweet_language,tweet_text,"
    "tweet_time,in_reply_to_userid,in_reply_to_tweetid,quoted_tweet_tweetid,is_retweet,retweet_userid,retweet_tweetid"
)
_TWINT: Final = "id,conversation_id,created_at,date,time,timezone,user_id,username,name,tweet,language,retweet"


@pytest.mark.parametrize(
    ("first_line", "what", "remedy"),
    [
        ({**_TWEET, "author": _AUTHOR, "__twarc": {"version": "2"}}, "twarc2 flatten", "`x-v2`"),
        ({**_TWEET, "author": _AUTHOR}, "taken out of their pages", "`x-v2`"),
        (_TWEET, "taken out of their pages", "`x-v2`"),
        ({"id": "20", "text": "x", "edit_history_tweet_ids": ["20"]}, "taken out of their pages", "`x-v2`"),
        ({"data": [_TWEET], "includes": {"users": [_AUTHOR]}}, "without authors or originals", "expansions="),
        ({"_realData": {"data": [_TWEET]}}, "twitter-api-v2", "jq"),
        (_SNSCRAPE, "snscrape", "mapped:FILE.toml"),
        ({"twitterUrl": "x", "createdAt": "x", "author": {"userName": "one"}}, "Apify", "mapped:FILE.toml"),
        ({"platformId": "1", "postUrl": "x", "account": {"subscriberCount": 5}}, "CrowdTangle", "mapped:FILE.toml"),
        ({"errors": [{"code": 89, "message": "Invalid or expired token."}]}, "errors", "again"),
        ({"title": "Unauthorized", "status": 401, "detail": "Unauthorized"}, "error", "again"),
        (_ARCHIVE, "information operations archive", "mapped:FILE.toml"),
        (_TWINT, "twint", "mapped:FILE.toml"),
        (_TWINT.replace(",", ";").upper(), "twint", "mapped:FILE.toml"),
        ("\ufeffPage Name,User Name,Facebook Id,Likes at Posting,Post Created,Type", "CrowdTangle", "mapped:FILE.toml"),
        ("id,author_id,author.username,text,__twarc.version", "twarc-csv", "JSON"),
        (
            "id,timestamp_utc,local_time,user_screen_name,text,retweeted_id,retweeted_user_id",
            "minet",
            "mapped:FILE.toml",
        ),
        ("id_str,from_user,text,created_at,time", "TAGS", "mapped:FILE.toml"),
        ("1364882022961512449", "ids alone", "hydrate"),
        ('"1364882022961512449",', "ids alone", "hydrate"),
    ],
)
def test_a_layout_of_another_tool_is_named_with_what_to_do(first_line: str | Json, what: str, remedy: str) -> None:
    line = first_line if isinstance(first_line, str) else json.dumps(first_line)
    advice = advice_on([b"", line.encode()])
    assert advice is not None
    assert what in advice
    assert remedy in advice


@pytest.mark.parametrize(
    "line", ["Dear colleague,", "", "{}", "[]", "[1]", "null", '{"a": [{}]}', '"', "\x00", "{" * 5_000]
)
def test_of_anything_else_nothing_is_said(line: str) -> None:
    assert advice_on([line.encode(), b'{"errors": []}'] if line else []) is None


def _documented(first_words: str) -> str:
    found = re.search(re.escape(first_words) + r".*?```toml\n(.*?)```", _DOCUMENT, re.DOTALL)
    assert found, first_words
    return found[1]


def test_the_mapping_for_the_information_operations_archive_reads_it() -> None:
    rows = (
        "900,7,One,one,5100,2012-05-01,en,RT @two: x,2021-02-25 10:00,,,,True,8,899\n"
        "901,7,One,one,5100,2012-05-01,en,yes,2021-02-25 10:01,8,899,,False,,\n"
    )
    _, (_, *readings) = read_text(
        f"{_ARCHIVE}\n{rows}", mapped(_documented("information operations archive, its tweets"))
    )
    retweet, post = only_event(Retweet, readings[0]), only_event(Post, readings[1])
    assert (retweet.id, retweet.at, retweet.post_id) == ("900", datetime(2021, 2, 25, 10, tzinfo=UTC), "899")
    assert (retweet.actor, retweet.subject) == (Account(id="7", handle="one", followers=5100), Account(id="8"))
    assert (post.text, post.lang, post.reply_to) == ("yes", "en", PostRef(post_id="899", account=Account(id="8")))


def test_the_mapping_for_snscrape_reads_it() -> None:
    two = {"id": 8, "username": "two", "created": "2021-02-10T08:00:00+00:00"}
    lines = [
        _SNSCRAPE,
        _SNSCRAPE | {"id": 1364882022961512450, "retweetedTweet": {"id": 1364882022961512447, "user": two}},
    ]
    reader = mapped(_documented("snscrape, one JSON object a line"))
    _, readings = read_text("".join(json.dumps(line) + "\n" for line in lines), reader)
    post, retweet = only_event(Post, readings[0]), only_event(Retweet, readings[1])
    assert (post.id, post.at, post.text) == ("1364882022961512449", datetime(2021, 2, 25, 10, tzinfo=UTC), "RT @two: x")
    assert post.actor.handle == "one"
    assert (retweet.post_id, retweet.subject.id, retweet.subject.handle) == ("1364882022961512447", "8", "two")
    assert retweet.subject.created_at == datetime(2021, 2, 10, 8, tzinfo=UTC)


def test_the_mapping_for_twint_reads_it() -> None:
    rows = (
        "900,900,2021-02-25 10:00:00 UTC,2021-02-25,10:00:00,+0000,7,one,One,hello,en,False\n"
        "901,901,2021-02-25 10:00:00 UTC,2021-02-25,10:00:00,+0000,7,one,One,RT @two: x,en,True\n"
    )
    _, (_, *readings) = read_text(f"{_TWINT}\n{rows}", mapped(_documented("twint (CSV or JSON)")))
    post = only_event(Post, readings[0])
    assert (post.id, post.at, post.text) == ("900", datetime(2021, 2, 25, 10, tzinfo=UTC), "hello")
    assert (post.actor, post.lang) == (Account(id="7", handle="one"), "en")
    assert isinstance(readings[1], Skipped)
