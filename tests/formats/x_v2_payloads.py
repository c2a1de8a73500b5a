"""Hand-made payloads of X's API v2, one for each shape, and what the reader makes of them."""

from datetime import UTC, datetime
from typing import Final

from streams.deadletters import Rejection
from streams.events import Account
from streams.formats.reader import Reading
from streams.formats.x.x_v2 import XV2Reader
from tests.formats.payloads import Json, to_line
from tests.formats.readings import E, only_event, rejected

ORIGINAL_ID: Final = "1050118621198921000"
TWARC: Final = {"url": "https://api.example/2", "version": "2.14.1", "retrieved_at": "2018-10-11T03:30:31+02:00"}


def x_user(user_id: str = "2244994945", username: str = "example", **more: Json) -> dict[str, Json]:
    """An account as `includes.users` and user lookups hold it."""
    return {
        "id": user_id,
        "username": username,
        "name": f"Name of {username}",
        "created_at": "2013-12-14T04:35:55.000Z",
        "public_metrics": {"followers_count": 513868, "following_count": 1, "tweet_count": 2, "listed_count": 3},
        "verified": True,
        "verified_type": "business",
        "entities": {"url": {"urls": [{"url": "https://t.co/u"}]}, "description": {"mentions": []}},
    } | more


def x_mention(user_id: str, username: str, start: int = 0) -> dict[str, Json]:
    """A mention of an account in a text."""
    return {"start": start, "end": start + len(username) + 1, "username": username, "id": user_id}


def tweet(tweet_id: str = "1050118621198921728", text: str = "a text", **more: Json) -> dict[str, Json]:
    """A plain post, as an item of `data`."""
    return {
        "id": tweet_id,
        "edit_history_tweet_ids": [tweet_id],
        "author_id": "2244994945",
        "created_at": "2018-10-10T20:19:24.000Z",
        "text": text,
        "lang": "en",
        "public_metrics": {"retweet_count": 3, "reply_count": 0, "like_count": 0, "quote_count": 0},
        "conversation_id": tweet_id,
    } | more


def without(payload: Json, *names: str) -> Json:
    """The same object without some of its fields."""
    return {name: value for name, value in payload.items() if name not in names}


def line_of(item: Json, *, users: Json = None, tweets: Json = None, **more: Json) -> dict[str, Json]:
    """A line of a filtered stream; `users` is the author alone unless given."""
    includes = {"users": [x_user()] if users is None else users}
    if tweets is not None:
        includes["tweets"] = tweets
    return {"data": item, "includes": includes, "matching_rules": [{"id": "1", "tag": "officials"}]} | more


def page_of(items: list[Json], **more: Json) -> dict[str, Json]:
    """A page of a search."""
    payload = line_of(items, **more)
    del payload["matching_rules"]
    return payload | {"meta": {"result_count": len(items), "newest_id": "2", "oldest_id": "1", "next_token": "b26"}}


AUTHOR: Final = x_user("783214000000000001", "Khamenei_site", verified=False)
ORIGINAL: Final = tweet(ORIGINAL_ID, "the original", author_id=AUTHOR["id"])
URL: Final = {"start": 0, "end": 14, "url": "https://t.co/a", "expanded_url": "https://example.org/a"}
QUOTED_URL: Final = URL | {"expanded_url": f"https://twitter.com/Khamenei_site/status/{ORIGINAL_ID}?s=20"}
ENTITIES: Final = {"urls": [URL], "mentions": [x_mention("11", "eleven"), x_mention("12", "twelve", 8)]}

RETWEET: Final = tweet(
    text="RT @Khamenei_site: the orig…",
    referenced_tweets=[{"type": "retweeted", "id": ORIGINAL_ID}],
    entities={"mentions": [x_mention(AUTHOR["id"], "khamenei_SITE", 3)]},
)
QUOTE: Final = tweet(
    text="look https://t.co/a",
    referenced_tweets=[{"type": "quoted", "id": ORIGINAL_ID}],
    entities={"urls": [QUOTED_URL]},
)
REPLY: Final = tweet(
    text="@Khamenei_site yes",
    referenced_tweets=[{"type": "replied_to", "id": ORIGINAL_ID}],
    in_reply_to_user_id=AUTHOR["id"],
    entities={"mentions": [x_mention(AUTHOR["id"], "Khamenei_site")]},
)
BOTH: Final = [x_user(), AUTHOR]
DISCONNECT: Final = {
    "title": "operational-disconnect",
    "disconnect_type": "UpstreamOperationalDisconnect",
    "detail": "This stream has been disconnected upstream for operational reasons.",
    "type": "https://api.twitter.com/2/problems/operational-disconnect",
}
NOT_FOUND: Final = {
    "value": ORIGINAL_ID,
    "detail": "Could not find tweet.",
    "title": "Not Found Error",
    "resource_type": "tweet",
    "parameter": "referenced_tweets.id",
    "resource_id": ORIGINAL_ID,
    "type": "https://api.twitter.com/2/problems/resource-not-found",
}

X_V2: Final[dict[str, Json]] = {
    "post": line_of(tweet(entities=ENTITIES)),
    "retweet": line_of(RETWEET, users=BOTH, tweets=[ORIGINAL]),
    "retweet of a missing post": line_of(RETWEET, errors=[NOT_FOUND]),
    "quote": line_of(QUOTE, users=BOTH, tweets=[ORIGINAL]),
    "quote of a missing post": line_of(QUOTE),
    "reply": line_of(REPLY, users=BOTH, tweets=[ORIGINAL]),
    "reply to a missing post": line_of(REPLY),
    "long": line_of(tweet(text="cut…", note_tweet={"text": "the whole text", "entities": ENTITIES})),
    "page": page_of([tweet(), RETWEET, QUOTE, REPLY], users=BOTH, tweets=[ORIGINAL], errors=[NOT_FOUND]),
    "fetched by twarc": page_of([tweet()], __twarc=TWARC),
    "users": {"data": [x_user(), AUTHOR], "__twarc": TWARC},
    "one user": {"data": x_user(), "includes": {"tweets": [tweet()]}, "__twarc": TWARC},
    "users without time": {"data": [x_user()]},
    "disconnect": {"errors": [DISCONNECT]},
    "errors": {"errors": [NOT_FOUND]},
    "empty page": {"meta": {"result_count": 0}},
}


EXAMPLE = Account(
    id="2244994945",
    handle="example",
    name="Name of example",
    created_at=datetime(2013, 12, 14, 4, 35, 55, tzinfo=UTC),
    created_at_source="reported",
    followers=513868,
    verified=True,
)
KHAMENEI_SITE = Account(
    id="783214000000000001",
    handle="Khamenei_site",
    name="Name of Khamenei_site",
    created_at=datetime(2013, 12, 14, 4, 35, 55, tzinfo=UTC),
    created_at_source="reported",
    followers=513868,
    verified=False,
)
AT = datetime(2018, 10, 10, 20, 19, 24, tzinfo=UTC)
SEEN_AT = datetime(2018, 10, 11, 1, 30, 31, tzinfo=UTC)


def read(payload: Json) -> Reading:
    return XV2Reader().read(to_line(payload))


def only(kind: type[E], payload: Json) -> E:
    return only_event(kind, read(payload))


def refusal(payload: Json) -> Rejection:
    return rejected(read(payload))
