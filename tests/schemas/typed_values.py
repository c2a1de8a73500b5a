"""Hypothesis strategies made from the types themselves: any value that a payload's type may hold, bounds included."""

from datetime import UTC, datetime
from functools import cache
from typing import Any

import msgspec
import msgspec.inspect as shape
from hypothesis import strategies as st

__all__ = ["typed_values"]

# What is no Unicode text cannot be encoded, neither by us nor by anybody who speaks JSON.
_CHARACTERS = st.characters(exclude_categories=["Cs"])


def typed_values(of: Any) -> st.SearchStrategy[Any]:
    """Values of a type, as the type's own Python values (structs, tuples, datetimes)."""
    return _made(of)


@cache
def _made(of: Any) -> st.SearchStrategy[Any]:
    return _values(shape.type_info(of))


def _values(kind: shape.Type) -> st.SearchStrategy[Any]:
    match kind:
        case shape.Metadata():
            return _values(kind.type)
        case shape.StrType(pattern=str() as pattern):
            return st.from_regex(pattern.removesuffix("$") + r"\Z", alphabet=st.characters(codec="ascii"))
        case shape.StrType():
            longest = 12 if kind.max_length is None else min(kind.max_length, 12)
            return st.text(_CHARACTERS, min_size=kind.min_length or 0, max_size=longest)
        case shape.IntType():
            return st.integers(-(2**53) if kind.ge is None else kind.ge, 2**53 if kind.le is None else kind.le)
        case shape.FloatType():
            return st.floats(kind.ge, kind.le, allow_nan=False, allow_infinity=False)
        case shape.BytesType():
            return st.binary(max_size=12)
        case shape.BoolType():
            return st.booleans()
        case shape.NoneType():
            return st.none()
        case shape.DateTimeType():
            return st.integers(0, 2**32).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)) | st.builds(
                datetime,
                st.integers(1970, 9998),
                st.just(12),
                st.just(31),
                microsecond=st.integers(0, 999_999),
                tzinfo=st.just(UTC),
            )
        case shape.LiteralType():
            return st.sampled_from(kind.values)
        case shape.EnumType():
            return st.sampled_from(list(kind.cls))
        case shape.UnionType():
            return st.one_of([_values(option) for option in kind.types])
        case shape.VarTupleType():
            return st.lists(_values(kind.item_type), min_size=kind.min_length or 0, max_size=3).map(tuple)
        case shape.DictType():
            return st.dictionaries(_values(kind.key_type), _values(kind.value_type), max_size=3)
        case shape.StructType():
            return st.builds(kind.cls, **{field.name: _field(field) for field in kind.fields})
        case _:
            raise NotImplementedError(f"no payload had a {kind} so far")


def _field(field: shape.Field) -> st.SearchStrategy[Any]:
    values = _values(field.type)
    return values if field.default is msgspec.NODEFAULT else st.just(field.default) | values
