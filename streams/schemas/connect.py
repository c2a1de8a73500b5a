"""Schemas of the enriched records for Kafka Connect's JSON converter, which reads them from `schema.content`.

Two of each topic: all that Connect's types can say, and what one row of a table can hold, without lists and maps of
names that are not known. What a list of different types holds (`source`) has no type there and is left out: the
converter passes over fields that a schema does not name.
"""

from typing import Any, Final

from msgspec import Struct, inspect

from streams.core.enriched_topics import ENRICHED_TOPICS
from streams.core.flattened import named_entries
from streams.core.notifications import Notification
from streams.schemas.field_docs import field_descriptions
from streams.topic_names import NOTIFICATIONS

__all__ = ["connect_schemas"]

_Schema = dict[str, Any]
_SCALARS: Final = {
    inspect.StrType: "string",
    inspect.DateTimeType: "string",  # ISO 8601, UTC: the wire has text, and Connect's own times are numbers
    inspect.LiteralType: "string",
    inspect.EnumType: "string",
    inspect.IntType: "int64",
    inspect.FloatType: "double",
    inspect.BoolType: "boolean",
}
_FIGURES: Final = {"number": "double", "truth": "boolean"}


def connect_schemas() -> dict[str, _Schema]:
    """Each schema by the name of its file: `TOPIC.json` and, where a row can hold something, `TOPIC.table.json`."""
    found: dict[str, _Schema] = {}
    for topic in ENRICHED_TOPICS:
        for ending, is_table in (("", False), (".table", True)):
            schema = _struct(topic.record, is_table=is_table)
            found[f"{topic.name}{ending}.json"] = schema | {"name": f"antiphon.{topic.schema}", "optional": False}
    # All of it but the key is a list: a row has no room for it.
    schema = _struct(Notification, is_table=False) | {"name": "antiphon.notification", "optional": False}
    found[f"{NOTIFICATIONS}.json"] = schema
    return found


def _struct(record: type[Struct], *, is_table: bool) -> _Schema:
    words = field_descriptions(record)
    info = inspect.type_info(record)
    assert isinstance(info, inspect.StructType)  # noqa: S101  # a record type is one
    fields = []
    for field in info.fields:
        schema = _typed(field.type, field.name, is_table=is_table)
        if schema is not None:
            optional = schema.pop("optional", False) or not field.required
            said = {"doc": " ".join(words[field.name].split())} if field.name in words else {}
            fields.append({"field": field.encode_name, **schema, "optional": optional, **said})
    return {"type": "struct", "fields": fields}


def _typed(found: inspect.Type, name: str, *, is_table: bool) -> _Schema | None:
    """The schema of a value, `None` where Connect, or a table, has no type for it."""
    match found:
        case inspect.Metadata(type=inner):
            return _typed(inner, name, is_table=is_table)
        case inspect.UnionType(types=types):
            others = [each for each in types if not isinstance(each, inspect.NoneType)]
            schema = _typed(others[0], name, is_table=is_table) if len(others) == 1 else None
            return None if schema is None else schema | {"optional": True}
        case inspect.StructType(cls=cls, array_like=False):
            return _struct(cls, is_table=is_table)
        case inspect.DictType(value_type=value):
            return _map(value, name, is_table=is_table)
        case inspect.VarTupleType(item_type=item):
            schema = None if is_table else _typed(item, name, is_table=is_table)
            return None if schema is None else {"type": "array", "items": {"optional": False, **schema}}
        case _ if type(found) in _SCALARS:
            return {"type": _SCALARS[type(found)]}
        case _:
            return None


def _map(value: inspect.Type, name: str, *, is_table: bool) -> _Schema | None:
    entries = named_entries(name)
    if entries is None:
        schema = None if is_table else _typed(value, name, is_table=is_table)
        if schema is None:
            return None
        return {"type": "map", "keys": {"type": "string", "optional": False}, "values": {"optional": False, **schema}}
    fields = [
        {
            "field": entry,
            **({"type": _FIGURES[kind]} if isinstance(kind, str) else _struct(kind, is_table=is_table)),
            "optional": True,
        }
        for entry, kind in entries.items()
    ]
    return {"type": "struct", "fields": fields}
