"""Cuts a page of X's API v2 into its items, each with what it needs of `includes`, so that one bad item costs itself.

Slow: for pages that were refused. Each part is a line that the reader reads by itself, with the item's own bytes, and
with those fields of accounts and referenced posts that the reader reads.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from msgspec import Raw, Struct, defstruct, field
from msgspec.json import Decoder, encode

from streams.formats.x_v2_payloads import Original, User
from streams.refusal import DECODE_ERRORS

__all__ = ["parts_of_page"]

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


class _Named(Struct, gc=False):
    """What another item may name an account or a post by, of whatever type."""

    id: Any = None
    username: Any = None
    author_id: Any = None


class _Item(Struct, gc=False):
    """Where an item names accounts and posts, of whatever type."""

    author_id: Any = None
    in_reply_to_user_id: Any = None
    entities: Any = None
    note_tweet: Any = None
    referenced_tweets: Any = None


_page: Final = Decoder(_Page)
_includes: Final = Decoder(_Includes)
_list: Final = Decoder(list[Raw])
_named: Final = Decoder(_Named)


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
        self._tweets: dict[str, tuple[bytes, Any]] = {}
        try:
            lists = _includes.decode(includes)
        except DECODE_ERRORS:
            return
        for raw, named in _each(lists.users, _raw_user):
            for key in (named.id, _handle_key(named.username)):
                if key is not None:
                    self._users[str(key)] = raw
        for raw, named in _each(lists.tweets, _raw_original):
            if named.id is not None:
                self._tweets[str(named.id)] = (raw, named.author_id)

    def needed_by(self, item: Raw) -> bytes:
        """The member `includes` that the item needs, after a comma; nothing where it needs nothing."""
        try:
            named = _item.decode(item)
        except DECODE_ERRORS:
            return b""
        # Dicts, since their order is that of the item, and the same for every run.
        tweets = {key: self._tweets[key] for key in _ids_in(named.referenced_tweets) if key in self._tweets}
        keys = [str(named.author_id), str(named.in_reply_to_user_id)]
        keys += [str(author_id) for _, author_id in tweets.values()]
        note = named.note_tweet
        for entities in (named.entities, note.get("entities") if isinstance(note, dict) else None):
            mentions = entities.get("mentions") if isinstance(entities, dict) else None
            keys += _ids_in(mentions)
            keys += _handles_in(mentions)
        users = {self._users[key]: None for key in keys if key in self._users}
        members = []
        if users:
            members.append(b'"users":[' + b",".join(users) + b"]")
        if tweets:
            members.append(b'"tweets":[' + b",".join(raw for raw, _ in tweets.values()) + b"]")
        return b',"includes":{' + b",".join(members) + b"}" if members else b""


def _each(items: Raw, decoder: Decoder[Struct]) -> Iterator[tuple[bytes, _Named]]:
    """The items of a list with their names; what cannot be named can be needed by nothing."""
    try:
        raws = _list.decode(items)
    except DECODE_ERRORS:
        return
    for raw in raws:
        try:
            yield encode(decoder.decode(raw)), _named.decode(raw)
        except DECODE_ERRORS:
            continue


def _handle_key(handle: Any) -> str | None:
    """No id begins so."""
    return f"@{handle.lower()}" if isinstance(handle, str) else None


def _ids_in(items: Any) -> list[str]:
    return [str(each["id"]) for each in _objects_in(items) if each.get("id") is not None]


def _handles_in(items: Any) -> list[str]:
    return [key for each in _objects_in(items) if (key := _handle_key(each.get("username"))) is not None]


def _objects_in(items: Any) -> list[dict[str, Any]]:
    return [each for each in items if isinstance(each, dict)] if isinstance(items, list) else []
