"""Puts right payloads of X's API v2 whose fields have other types, without believing ids that were rounded.

Slow: for what was refused.
"""

from typing import Any, Final

import msgspec

from streams.core.rounded_ids import may_be_rounded
from streams.formats.odd_fields import OddFields

__all__ = ["nearly_json", "with_types"]

_ID_FIELDS: Final = frozenset({"author_id", "id", "in_reply_to_user_id"})

_nothing_odd: Final = OddFields()  # makes JSON of what is nearly JSON, and changes no field


def nearly_json(line: bytes) -> bytes | None:
    """The line as JSON where it is nearly a JSON object, else `None`. Raises `RecursionError`."""
    return _nothing_odd.mended(line)


def with_types(payload: bytes, odd_fields: OddFields, *, exact_numbers: bool) -> bytes | None:
    """The JSON object with the types of `odd_fields`, see `OddFields.mended`. Ids that may be rounded are left out."""
    if not exact_numbers:  # ids become strings, so those that were rounded have to go before
        payload = msgspec.json.encode(_without_rounded_ids(msgspec.json.decode(payload)))
    return odd_fields.mended(payload)


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
