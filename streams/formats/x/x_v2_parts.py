"""Cuts a page of X's API v2 into its items, each with what it needs of `includes`, so that one bad item costs itself.

Slow: for pages that were refused. Each part is a line that the reader reads by itself, with the item's own bytes, and
with those fields of accounts and referenced posts that the reader reads.
"""

from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

from msgspec import Raw, Struct, defstruct, field
from msgspec.json import Decoder, encode

from streams.formats.x.x_v2_payloads import Original, User
from streams.refusal import DECODE_ERRORS

__all__ = ["parts_of_page"]

_T = TypeVar("_T")

# Bytes of all parts together. Those of a real page are less than twice the page, or a hundred times one long post
# that all of them pass on (2.5 MB); beyond this somebody has thousands of items refer to something huge.
_MAX_BYTES: Final = 8 * 1_048_576


class _Page(Struct, gc=False):
    data: list[Raw]
    includes: Raw = Raw()
    retrieval: Raw = field(name="__twarc", default=Raw())


class _Includes(Struct, gc=False):
    users: Raw = Raw()
    tweets: Raw = Raw()


# Members are decoded one by one: what is wrong with one, or stands in one that nobody reads, costs no other.
class _Named(Struct, gc=False):
    """What an item may name an account or a post by, or be named by, of whatever type."""

    id: Raw = Raw()
    username: Raw = Raw()
    author_id: Raw = Raw()


class _Item(Struct, gc=False):
    """Where an item names accounts and posts."""

    author_id: Raw = Raw()
    in_reply_to_user_id: Raw = Raw()
    entities: Raw = Raw()
    note_tweet: Raw = Raw()
    referenced_tweets: Raw = Raw()


class _Note(Struct, gc=False):
    entities: Raw = Raw()


class _Entities(Struct, gc=False):
    mentions: Raw = Raw()


_page: Final = Decoder(_Page)
_includes: Final = Decoder(_Includes)
_list: Final = Decoder(list[Raw])
_named: Final = Decoder(_Named)
_note: Final = Decoder(_Note)
_entities: Final = Decoder(_Entities)
_name: Final = Decoder(str | int)


def _with_fields_of(shape: type[Struct]) -> Decoder[Struct]:
    """Decodes an object into those of its members, undecoded, that `shape` has as fields."""
    members = [(name, Raw, Raw()) for name in shape.__struct_fields__]
    return Decoder(defstruct(f"Raw{shape.__name__}", members, omit_defaults=True, gc=False))


_raw_user: Final = _with_fields_of(User)
_raw_original: Final = _with_fields_of(Original)
_item: Final = Decoder(_Item)


def parts_of_page(line: bytes) -> Sequence[bytes]:
    """A line for each item of a page, in their order; none of any other line. Never raises."""
    try:
        page = _page.decode(line)
    except DECODE_ERRORS:
        return ()
    included = _Included(page.includes)
    retrieval = bytes(page.retrieval)
    rest = b',"__twarc":' + retrieval if retrieval.startswith(b"{") else b""
    parts: list[bytes] = []
    size_bytes = 0
    for item in page.data:
        part = b'{"data":' + bytes(item) + included.needed_by(item) + rest + b"}"
        size_bytes += len(part)
        if size_bytes > _MAX_BYTES:
            return ()
        parts.append(part)
    return parts


class _Included:
    """Accounts and posts of `includes`, as bytes with what the reader reads, by what items name them by."""

    def __init__(self, includes: Raw) -> None:
        self._users: dict[str, bytes] = {}
        self._tweets: dict[str, tuple[bytes, Sequence[str]]] = {}
        try:
            lists = _includes.decode(includes)
        except DECODE_ERRORS:
            return
        for user in _each(lists.users):
            if (raw := _only(_raw_user, user)) and (named := _decoded(_named, user)):
                for key in _account_keys(named):
                    self._users[key] = raw
        for tweet in _each(lists.tweets):
            if (raw := _only(_raw_original, tweet)) and (named := _decoded(_named, tweet)):
                for key in _keys(named.id):
                    self._tweets[key] = (raw, _keys(named.author_id))

    def needed_by(self, item: Raw) -> bytes:
        """The member `includes` that the item needs, after a comma; nothing where it needs nothing."""
        named = _decoded(_item, item)
        if named is None:
            return b""
        # Dicts, since their order is that of the item, and the same for every run.
        referenced = [key for each in _each_named(named.referenced_tweets) for key in _keys(each.id)]
        tweets = {key: self._tweets[key] for key in referenced if key in self._tweets}
        keys = [*_keys(named.author_id), *_keys(named.in_reply_to_user_id)]
        for _, author in tweets.values():
            keys += author
        note = _decoded(_note, named.note_tweet) or _Note()
        for raw in (named.entities, note.entities):
            entities = _decoded(_entities, raw) or _Entities()
            for mention in _each_named(entities.mentions):
                keys += _account_keys(mention)
        users = {self._users[key]: None for key in keys if key in self._users}
        members = []
        if users:
            members.append(b'"users":[' + b",".join(users) + b"]")
        if tweets:
            members.append(b'"tweets":[' + b",".join(raw for raw, _ in tweets.values()) + b"]")
        return b',"includes":{' + b",".join(members) + b"}" if members else b""


def _decoded(decoder: Decoder[_T], raw: Raw) -> _T | None:
    """None for what is missing, null or something else."""
    try:
        return decoder.decode(raw)
    except DECODE_ERRORS:
        return None


def _only(decoder: Decoder[Struct], raw: Raw) -> bytes:
    """The object with only the members that `decoder` takes; no bytes for what is no object."""
    kept = _decoded(decoder, raw)
    return b"" if kept is None else encode(kept)


def _each(items: Raw) -> Sequence[Raw]:
    return _decoded(_list, items) or ()


def _each_named(items: Raw) -> Iterator[_Named]:
    """The objects of a list."""
    return (named for raw in _each(items) if (named := _decoded(_named, raw)) is not None)


def _account_keys(named: _Named) -> Sequence[str]:
    """What an account is found by: its id, and its handle after `@`, as no id begins."""
    return (*_keys(named.id), *(f"@{handle.lower()}" for handle in _keys(named.username)))


def _keys(raw: Raw) -> Sequence[str]:
    """The text or the number; nothing where there is none."""
    name = _decoded(_name, raw)
    return () if name is None else (str(name),)
