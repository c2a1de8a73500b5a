"""Puts right what exporters do to fields of a payload: another type, an extended JSON wrapper, NaN, half a character.

A field that is still of no use becomes unknown; it does not cost the whole payload. Slow: for what was refused.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import orjson
from msgspec import inspect

__all__ = ["OddFields"]

_MAX_NUMBER_DIGITS: Final = 20  # 2^64 has 20
# MongoDB's extended JSON: a value inside an object with one of these keys alone.
_WRAPPERS: Final = frozenset({"$numberLong", "$numberInt", "$numberDouble", "$numberDecimal", "$oid", "$date"})
_TRUTHS: Final = {"true": True, "false": False, "1": True, "0": False, "t": True, "f": False}
_V1_TIME: Final = "%a %b %d %H:%M:%S +0000 %Y"


class OddFields:
    """Puts payloads right by the types that their readers expect. `shapes` are structs; where two name the same field,
    the first decides. `kept_whole` are fields without which a payload would be taken for something else.
    """

    def __init__(self, *shapes: type[msgspec.Struct], kept_whole: frozenset[str] = frozenset()) -> None:
        self._fields: dict[str, inspect.Type] = {}
        for shape in shapes:
            for field in _fields_of(inspect.type_info(shape)).items():
                self._fields.setdefault(*field)
        self._kept_whole = kept_whole

    def mended(self, line: bytes) -> bytes | None:
        """The same payload with every known field of its type, or missing; `None` where it is no JSON object, or a
        field that must be kept whole is of no use. Raises `RecursionError` on nesting that no parser follows.
        """
        try:
            payload = _payload(line)
        except ValueError:
            return None
        if not isinstance(payload, dict):
            return None
        mended = _object(payload, self._fields)
        if any(payload.get(name) and mended.get(name) is None for name in self._kept_whole):
            return None
        return msgspec.json.encode(mended)


def _payload(line: bytes) -> Any:
    """What the line says, of whatever types. orjson takes two fifths of the time of `json`, and refuses NaN and halves
    of characters. Raises `ValueError` and `RecursionError`.
    """
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return json.loads(line, parse_constant=lambda _: None)


def _object(payload: Mapping[str, Any], fields: Mapping[str, inspect.Type]) -> dict[str, Any]:
    mended: dict[str, Any] = {}
    for name, value in payload.items():
        wanted = fields.get(name)
        mended[_characters(name)] = _anything(value) if wanted is None else _value(value, wanted)
    for name, value in payload.items():
        # An id as a string is exact, whatever it is called.
        if f"{name}_str" in fields and isinstance(value, str) and mended.get(f"{name}_str") is None:
            mended[f"{name}_str"] = _value(value, fields[f"{name}_str"])
    return mended


def _value(value: Any, wanted: inspect.Type) -> Any:
    """The value as the type has it, `None` where it is nothing of the kind."""
    if isinstance(value, dict) and len(value) == 1 and (key := next(iter(value))) in _WRAPPERS:
        value = _unwrapped(key, value[key])
    match wanted:
        case inspect.UnionType(types=types):
            return _value_of_any(value, types)
        case inspect.StructType():
            return _object(value, _fields_of(wanted)) if isinstance(value := _alone(value), dict) else None
        case inspect.ListType(item_type=item):
            return (
                [each for part in value if (each := _value(part, item)) is not None]
                if isinstance(value, list)
                else None
            )
        case inspect.DictType() | inspect.RawType() | inspect.DateTimeType():
            return _anything(value)
    return _scalar(_alone(value), wanted)


def _value_of_any(value: Any, types: tuple[inspect.Type, ...]) -> Any:
    """As the first of the types that the value is already, else as the first that it can be made into."""
    if isinstance(value, float) and any(isinstance(wanted, inspect.FloatType) for wanted in types):
        return value  # an id that went through a double: no whole number any more
    found = (_value(value, wanted) for wanted in types if not isinstance(wanted, inspect.NoneType))
    return next((each for each in found if each is not None), None)


def _scalar(value: Any, wanted: inspect.Type) -> Any:
    match wanted:
        case inspect.StrType(max_length=longest):
            if isinstance(value, int) and not isinstance(value, bool):
                value = str(value)
            if not isinstance(value, str):
                return None
            return _characters(value) if longest is None or len(value) <= longest else None
        case inspect.BoolType():
            return value if isinstance(value, bool) else _TRUTHS.get(str(value).lower())
        case inspect.IntType(ge=least, le=most):
            number = _whole_number(value)
            fits = number is not None and (least is None or number >= least) and (most is None or number <= most)
            return number if fits else None
        case inspect.FloatType():
            return value if isinstance(value, int | float) and not isinstance(value, bool) else None
    return None


def _whole_number(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    digits = value.removesuffix(".0") if isinstance(value, str) else ""
    bare = digits.removeprefix("-")
    return int(digits) if bare.isascii() and bare.isdigit() and len(bare) <= _MAX_NUMBER_DIGITS else None


def _alone(value: Any) -> Any:
    """R writes every value as a list of one, and what is missing as an empty list or object."""
    if isinstance(value, list):
        return value[0] if len(value) == 1 else None
    return value


def _unwrapped(key: str, value: Any) -> Any:
    if key != "$date":
        return value
    if isinstance(value, dict):
        value = value.get("$numberLong")
    milliseconds = _whole_number(value)
    try:
        at = (
            datetime.fromisoformat(str(value)).astimezone(UTC)
            if milliseconds is None
            else datetime.fromtimestamp(milliseconds / 1_000, UTC)
        )
    except (ValueError, OverflowError, OSError):
        return None
    return at.strftime(_V1_TIME)


def _anything(value: Any) -> Any:
    """A value that nobody looks at, fit to be written: half characters and numbers beyond all bounds cannot be."""
    match value:
        case str():
            return _characters(value)
        case list():
            return [_anything(each) for each in value]
        case dict():
            return {_characters(name): _anything(each) for name, each in value.items()}
        case int() if not -(2**63) <= value < 2**64:
            return None
    return value


def _characters(text: str) -> str:
    """The text with U+FFFD for each half of a character that stands alone."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _fields_of(shape: inspect.Type) -> dict[str, inspect.Type]:
    assert isinstance(shape, inspect.StructType)  # noqa: S101  # the types of payloads are our own
    return {field.encode_name: field.type for field in shape.fields}
