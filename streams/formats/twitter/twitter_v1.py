"""The format `twitter-v1`: Twitter v1.1 statuses and stream messages, one JSON object a line."""

from collections.abc import Sequence
from typing import Final

from msgspec.json import Decoder

from streams.core.rounded_ids import IdEvidence, Verdict
from streams.formats.fields.odd_fields import OddFields
from streams.formats.reader import Reading, Skipped
from streams.formats.twitter.twitter_v1_fields import Ids
from streams.formats.twitter.twitter_v1_notices import NOTICE_NAMES, read_notice
from streams.formats.twitter.twitter_v1_payloads import (
    AccountMessage,
    DeleteMessage,
    EventMessage,
    NamedIds,
    SnapshotMessage,
    Status,
)
from streams.formats.twitter.twitter_v1_statuses import event_of_status
from streams.formats.twitter.twitter_v1_wrappers import wrapped_messages
from streams.refusal import DECODE_ERRORS, Refused, rejection, undecodable

__all__ = ["SKIPPED_NAMES", "TwitterV1Reader"]

SKIPPED_NAMES: Final = NOTICE_NAMES | {"blank", "gone", "length"}

_BLANK: Final = Skipped("blank")  # the stream's keep-alive
_GONE: Final = Skipped("gone")  # a look-up says so of a status that is not there any more
_LENGTH: Final = Skipped("length")  # of the next line, in streams with `delimited=length`
_status: Final = Decoder(Status)
_ids: Final = Decoder(NamedIds)
# Without `retweeted_status` a retweet would pass for a post, without `user` a status for something else.
_odd_fields: Final = OddFields(
    Status,
    DeleteMessage,
    AccountMessage,
    EventMessage,
    SnapshotMessage,
    kept_whole=frozenset({"retweeted_status", "user"}),
)


class TwitterV1Reader:
    """Reads what the v1.1 REST API, the public, user and compliance streams, and archives of them hold."""

    name: Final = "twitter-v1"

    def __init__(self, *, exact_numbers: bool = False) -> None:
        self._ids = Ids(exact_numbers=exact_numbers)

    def read(self, line: bytes) -> Reading:
        """One event, a message skipped under one of `SKIPPED_NAMES`, or a rejection. Never raises.

        Only the fields that events need are looked at: a payload that is broken elsewhere is read all the same. A
        field of another type than Twitter's is put right, or unknown (`streams.formats.fields.odd_fields`).
        """
        if not line or line.isspace():
            return _BLANK
        if line == b"null":
            return _GONE
        try:
            return _read(line, self._ids)
        except DECODE_ERRORS as error:
            if line.isdigit():
                return _LENGTH
            return _read_mended(line, self._ids) or undecodable(line, error)
        except Refused as refused:
            return rejection(refused.reason, refused.detail)

    def ids_in(self, line: bytes, numbers: IdEvidence, texts: IdEvidence) -> None:
        """See `FormatReader`."""
        try:
            named = _ids.decode(line)
        except DECODE_ERRORS:
            return
        notices = (named.user_suspend, named.user_unsuspend, named.user_delete, named.user_undelete)
        deleted = None if named.delete is None else named.delete.status
        for each in (named, named.user, named.retweeted_status, deleted, *notices):
            if each is None:
                continue
            if each.id_str is None:
                if isinstance(each.id, int):
                    numbers.add(each.id)
            else:
                texts.add_text(each.id_str)
                if each.id is not None:
                    numbers.add_pair(each.id, each.id_str)

    def parts(self, line: bytes) -> Sequence[bytes]:
        """See `FormatReader`: lists, search results, look-ups, site streams and webhooks wrap messages."""
        return wrapped_messages(line)

    def of_file(self, numbers: Verdict) -> "TwitterV1Reader":
        """See `FormatReader`."""
        return TwitterV1Reader(exact_numbers=numbers == "exact")


def _read(line: bytes, ids: Ids) -> Reading:
    status = _status.decode(line)
    if status.user is None:
        return read_notice(line, ids)
    return (event_of_status(status, status.user, ids),)


def _read_mended(line: bytes, ids: Ids) -> Reading | None:
    """What a line says once its fields have Twitter's types; `None` if nothing can be made of it."""
    try:
        mended = _odd_fields.mended(line)
        return None if mended is None else _read(mended, ids)
    except (*DECODE_ERRORS, Refused):
        return None
