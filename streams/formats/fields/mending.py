"""Puts right payloads whose fields have other types than the platform's, without believing ids that were rounded.

Slow: for what was refused.
"""

from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

import msgspec
from msgspec import Raw, Struct
from msgspec.json import Decoder

from streams.core.rounded_ids import may_be_rounded
from streams.deadletters import Reason
from streams.formats.fields.odd_fields import OddFields
from streams.formats.reader import Reading
from streams.formats.twitter.twitter_v1_fields import Ids
from streams.refusal import DECODE_ERRORS, Refused, refused_at, refused_line, undecodable

__all__ = ["Member", "nearly_json", "read_or_mend", "with_types"]

_T = TypeVar("_T", bound=Struct)

_ID_FIELDS: Final = frozenset({"author_id", "id", "in_reply_to_status_id", "in_reply_to_user_id"})

_nothing_odd: Final = OddFields()  # makes JSON of what is nearly JSON, and changes no field


def nearly_json(line: bytes) -> bytes | None:
    """The line as JSON where it is nearly a JSON object, else `None`. Raises `RecursionError`."""
    return _nothing_odd.mended(line)


def with_types(line: bytes, odd_fields: OddFields, ids: Ids) -> bytes | None:
    """The line as a JSON object with the types of `odd_fields`, see `OddFields.mended`, and without ids that may be
    rounded; `None` where it is no JSON object, nor nearly one. Raises `RecursionError`.
    """
    payload = nearly_json(line)
    if payload is None:
        return None
    if not ids.exact_numbers:  # ids become strings, so those that were rounded have to go before
        payload = msgspec.json.encode(_without_rounded_ids(msgspec.json.decode(payload)))
    return odd_fields.mended(payload)


def read_or_mend(line: bytes, read: Callable[[bytes], Reading], mend: Callable[[bytes], bytes | None]) -> Reading:
    """What `read` says of the line; of what it becomes by `mend` where it cannot be decoded; or a rejection.

    `read` may raise `Refused` or one of `DECODE_ERRORS`, and so may `mend`, which gives `None` for what is past help.
    """
    try:
        return read(line)
    except DECODE_ERRORS as error:
        try:
            mended = mend(line)
            return undecodable(line, error) if mended is None else read(mended)
        except (*DECODE_ERRORS, Refused):
            return undecodable(line, error)
    except Refused as refused:
        return refused_line(line, refused)


def _without_rounded_ids(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_rounded_ids(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _without_rounded_ids(each)
        for name, each in value.items()
        if not (name in _ID_FIELDS and isinstance(each, int) and may_be_rounded(each))
    }


class Member(Generic[_T]):
    """Decodes a member of a line as `shape`, and puts its fields right where they have other types."""

    def __init__(self, shape: type[_T]) -> None:
        self._decoder = Decoder(shape)
        self._odd_fields = OddFields(shape)

    def decoded(self, raw: Raw, place: str, ids: Ids) -> _T:
        """The member that stands at `place`. Raises `Refused`."""
        if not raw:
            raise Refused(Reason.NOT_AN_EVENT, f"{place}: missing")
        try:
            return self._decoder.decode(raw)
        except DECODE_ERRORS as error:
            mended = self._mended(bytes(raw), ids)
            if mended is None:
                raise refused_at(place, error) from None
            return mended

    def _mended(self, raw: bytes, ids: Ids) -> _T | None:
        try:
            mended = with_types(raw, self._odd_fields, ids)
            return None if mended is None else self._decoder.decode(mended)
        except DECODE_ERRORS:
            return None
