"""The format `x-v2`: pages and stream lines of X's API v2, one JSON object a line."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.json import Decoder

from streams.core.rounded_ids import IdEvidence, Verdict, note_id
from streams.deadletters import Reason
from streams.events import Post, Profile, Retweet
from streams.formats.fields.mending import nearly_json, read_or_mend, with_types
from streams.formats.fields.odd_fields import OddFields
from streams.formats.reader import Reading, Skipped
from streams.formats.twitter.twitter_v1_fields import Ids
from streams.formats.x.x_v2_includes import Joined, account_of, parse_time, required_id
from streams.formats.x.x_v2_parts import parts_of_page
from streams.formats.x.x_v2_payloads import Id, Page, Tweet, UserPage
from streams.formats.x.x_v2_posts import event_of_tweet
from streams.formats.x.x_v2_problems import PROBLEM_NAMES, skipped_problem
from streams.refusal import DECODE_ERRORS, Refused

__all__ = ["SKIPPED_NAMES", "XV2Reader"]

SKIPPED_NAMES: Final = PROBLEM_NAMES | {"blank", "empty_page", "users_without_time"}

_BLANK: Final = Skipped("blank")  # the stream's keep-alive


class _Named(Struct, gc=False):
    id: Id | None = None
    author_id: Id | None = None


class _ItemPage(Struct, gc=False):
    """Whether a line holds one item (an object) or a list of them."""

    data: Any = None


class _NamedPage(Struct, gc=False):
    """Where a line has its ids, for a look at how a file writes them."""

    data: list[_Named] | _Named | None = None


_page: Final = Decoder(Page)
_user_page: Final = Decoder(UserPage)
_named_page: Final = Decoder(_NamedPage)
_item_page: Final = Decoder(_ItemPage)
_odd_fields: Final = OddFields(Page, kept_whole=frozenset({"data"}))
_odd_user_fields: Final = OddFields(UserPage, kept_whole=frozenset({"data"}))


class XV2Reader:
    """Reads search, lookup, timeline and user pages, and lines of the filtered and sample streams.

    A page with a bad item is refused as a whole by `read`, and read item by item through `parts`.
    """

    name: Final = "x-v2"

    def __init__(self, *, exact_numbers: bool = False) -> None:
        self._ids = Ids(exact_numbers=exact_numbers)

    def read(self, line: bytes) -> Reading:
        """The events of a page, a message skipped under one of `SKIPPED_NAMES`, or a rejection. Never raises.

        Only the fields that events need are looked at. In a line with a single item a field of another type than X's
        is put right, or unknown (`streams.formats.fields.odd_fields`).
        """
        if not line or line.isspace():
            return _BLANK
        return read_or_mend(line, lambda line: _read(line, self._ids), lambda line: _mended(line, self._ids))

    def ids_in(self, line: bytes, numbers: IdEvidence, texts: IdEvidence) -> None:
        """See `FormatReader`."""
        try:
            data = _named_page.decode(line).data
        except DECODE_ERRORS:
            return
        items = data if isinstance(data, list) else () if data is None else (data,)
        for item in items:
            for each in (item.id, item.author_id):
                note_id(each, numbers, texts)

    def parts(self, line: bytes) -> Sequence[bytes]:
        """See `FormatReader`: the items of a page, each with what it needs of `includes`."""
        return parts_of_page(line)

    def of_file(self, numbers: Verdict) -> "XV2Reader":
        """See `FormatReader`."""
        return XV2Reader(exact_numbers=numbers == "exact")


def _read(line: bytes, ids: Ids) -> Reading:
    page = _page.decode(line)
    data = page.data
    if not data:
        return _read_notice(line, page)
    is_list = isinstance(data, list)
    items = data if isinstance(data, list) else [data]
    if items[0].username is not None:
        return _profiles(_user_page.decode(line), ids)
    observed_at = None if page.retrieval is None else parse_time(page.retrieval.retrieved_at)
    joined = Joined(page.includes, ids, observed_at)
    events: list[Post | Retweet] = []
    for number, tweet in enumerate(items):
        try:
            if tweet.text is None and tweet.author_id is None:
                _refuse_shape(tweet)
            events.append(event_of_tweet(tweet, joined))
        except Refused as refused:
            place = f"data[{number}]" if is_list else "data"
            raise Refused(refused.reason, f"{place}.{refused.detail}") from None
    return tuple(events)


def _refuse_shape(tweet: Tweet) -> None:
    if tweet.username is not None:
        raise Refused(Reason.UNKNOWN_SHAPE, "username: a user among posts")
    raise Refused(Reason.UNKNOWN_SHAPE, "text: missing, and `username` as well: neither a post nor a user")


def _profiles(page: UserPage, ids: Ids) -> Reading:
    """A snapshot of each user, where the page says when it was fetched: twarc adds that, X does not. It is not guessed.

    A lookup has no id of its own: account and time name it, so that a repeat is known as one.
    """
    at = None if page.retrieval is None else parse_time(page.retrieval.retrieved_at)
    if at is None:
        return Skipped("users_without_time")
    is_list = isinstance(page.data, list)
    profiles: list[Profile] = []
    for number, user in enumerate(page.data if isinstance(page.data, list) else [page.data]):
        place = f"data[{number}]" if is_list else "data"
        if user.username is None:
            raise Refused(Reason.UNKNOWN_SHAPE, f"{place}.username: missing, among users")
        account_id = required_id(user.id, ids, f"{place}.id")
        actor = account_of(user, account_id)
        event_id = f"user_lookup:{account_id}:{int(at.timestamp())}"
        profiles.append(Profile(platform="twitter", id=event_id, at=at, actor=actor))
    return tuple(profiles)


def _read_notice(line: bytes, page: Page) -> Reading:
    """What a line without items says. Raises `Refused` or one of `DECODE_ERRORS`."""
    problem = skipped_problem(line, page.errors, page.title)
    if problem is not None:
        return problem
    if page.data is not None or (page.meta is not None and page.meta.result_count == 0):
        return Skipped("empty_page")
    # Decoded whole, since what is JSON in its known fields alone is not JSON.
    keys = msgspec.json.decode(line).keys()
    raise Refused(
        Reason.UNKNOWN_SHAPE, f"no `data` and no `errors` among the keys {', '.join(list(keys)[:10]) or '(none)'}"
    )


def _mended(line: bytes, ids: Ids) -> bytes | None:
    """A line with one item, its fields of X's types; `None` if nothing can be made of it."""
    payload = nearly_json(line)
    item = None if payload is None else _item_page.decode(payload).data
    if payload is None or not isinstance(item, dict):
        return None
    return with_types(payload, _odd_user_fields if "username" in item else _odd_fields, ids)
