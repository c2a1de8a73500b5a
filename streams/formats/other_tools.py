"""What a file that no reader takes looks like, where it is known from other tools, and what to do with it.

Told by keys of JSON or columns of a table. Only said where nothing could be read: it decides nothing.
"""

import csv
from collections.abc import Iterable
from typing import Final

import msgspec
from msgspec import Struct

from streams.refusal import DECODE_ERRORS

__all__ = ["advice_on"]

_MAPPED: Final = "read it with a mapping, --format mapped:FILE.toml; docs/formats.md has one under Other tools"
_MAPPABLE: Final = (
    "write a mapping of its columns for --format mapped:FILE.toml; docs/formats.md says how, under Other tools"
)
_PAGES: Final = "give the whole answers of the API, one page a line, as twarc2 and other clients store them (`x-v2`)"
_EXPAND: Final = (
    "ask again with expansions=author_id,referenced_tweets.id,referenced_tweets.id.author_id, which puts authors and "
    "originals into `includes`, and give the answers whole (`x-v2`)"
)
_MOST_BYTES: Final = 1_000_000  # of a line
_MOST_DIGITS: Final = 20


class _Layout(Struct, frozen=True):
    """One layout: names of which all are there, beside one another, and what to do."""

    names: frozenset[str]
    what: str
    remedy: str


def _layout(names: str, what: str, remedy: str) -> _Layout:
    return _Layout(frozenset(names.split("|")), what, remedy)


# The first that fits is said. In JSON `a.b` is `b` within the object, or the first object of the list, `a`.
_OBJECTS: Final = (
    _layout("_realData", "what the library twitter-api-v2 prints", "give what is under `_realData`: jq -c ._realData"),
    _layout("__twarc|data", "a page of twarc2 without authors or originals", _EXPAND),
    _layout("__twarc", "lines of `twarc2 flatten`", f"give the file from before: it needs no flatten; {_PAGES}"),
    _layout("author_id|author.username", "posts of X's API v2 taken out of their pages", _PAGES),
    _layout("data.author_id", "a page of X's API v2 without authors or originals", _EXPAND),
    _layout("data.referenced_tweets", "a page of X's API v2 without authors or originals", _EXPAND),
    _layout("data.edit_history_tweet_ids", "a page of X's API v2 without authors or times", _EXPAND),
    _layout("author_id|text|id", "posts of X's API v2 taken out of their pages", _PAGES),
    _layout("edit_history_tweet_ids|text|id", "posts of X's API v2 taken out of their pages", _PAGES),
    _layout("_type|url|date|user.username", "posts of snscrape", _MAPPED),
    _layout("twitterUrl|author.userName", "posts of a scraper of Apify", _MAPPABLE),
    _layout("isRetweet|createdAt|author.userName", "posts of a scraper of Apify", _MAPPABLE),
    _layout("conversation_id|tweet|username", "posts of twint", _MAPPED),
    _layout("platformId|postUrl|account.subscriberCount", "posts of CrowdTangle", _MAPPABLE),
    _layout("errors", "an answer of an API that tells of errors alone", "ask the API again: it holds no data"),
    _layout("title|status|detail", "an answer of an API that tells of an error", "ask the API again: it holds no data"),
    _layout("error", "an answer of an API that tells of an error", "ask the API again: it holds no data"),
)
_TABLES: Final = (
    _layout("tweetid|userid|tweet_text|tweet_time", "a table of Twitter's information operations archive", _MAPPED),
    _layout("tweetid|userid|tweet_time", "a table of Twitter's information operations archive", _MAPPED),
    _layout("conversation_id|tweet|username|date|time", "a table of twint", _MAPPED),
    _layout("__twarc.version", "a table of twarc-csv", f"give the JSON that it was made of; {_PAGES}"),
    _layout("author.username|author_id", "a table of twarc-csv", f"give the JSON that it was made of; {_PAGES}"),
    _layout("page name|post created", "a table of CrowdTangle", _MAPPABLE),
    _layout("user name|post created|followers at posting", "a table of CrowdTangle", _MAPPABLE),
    _layout("user_screen_name|timestamp_utc|retweeted_user_id", "a table of minet or gazouilloire", _MAPPABLE),
    _layout("from_user|id_str|text|created_at", "a sheet of TAGS", _MAPPABLE),
    _layout("renderedcontent|date", "a table of snscrape", _MAPPED),
    _layout("rawcontent|date", "a table of snscrape", _MAPPED),
    _layout("twitterurl|createdat", "a table of a scraper of Apify", _MAPPABLE),
)


def advice_on(lines: Iterable[bytes]) -> str | None:
    """What to do with an input of which these are the first lines; `None` where it looks like nothing known."""
    for line in lines:
        if line.strip():
            found = _of_line(line[:_MOST_BYTES])
            return None if found is None else f"it looks like {found.what}: {found.remedy}"
    return None


def _of_line(line: bytes) -> _Layout | None:
    plain = line.strip(b' \t\r\n",;')
    if plain.isdigit() and len(plain) <= _MOST_DIGITS:
        remedy = "fetch what they stand for first (`hydrate`), with twarc or another client, and give that"
        return _layout("", "ids alone, without what they stand for", remedy)
    try:
        return _first_of(_OBJECTS, _names_in(msgspec.json.decode(line)))
    except DECODE_ERRORS:
        return _first_of(_TABLES, _columns(line))


def _first_of(layouts: tuple[_Layout, ...], names: frozenset[str]) -> _Layout | None:
    return next((layout for layout in layouts if layout.names <= names), None)


def _names_in(value: object) -> frozenset[str]:
    if isinstance(value, list) and value:
        value = value[0]
    if not isinstance(value, dict):
        return frozenset()
    names = set(value)
    for name, inner in value.items():
        first = inner[0] if isinstance(inner, list) and inner else inner
        if isinstance(first, dict):
            names |= {f"{name}.{each}" for each in first}
    return frozenset(names)


def _columns(line: bytes) -> frozenset[str]:
    text = line.decode(errors="replace").removeprefix("\ufeff")
    mark = max(",;\t|", key=text.count)
    try:
        return frozenset(name.strip().lower() for row in csv.reader([text.strip()], delimiter=mark) for name in row)
    except csv.Error:
        return frozenset()
