"""JSON Schema 2020-12 documents of the public payloads, made from their types."""

import inspect
from collections.abc import Iterable
from typing import Any, Final, TypeAlias

import msgspec
from msgspec import Struct

from streams.core.clock import STORED_MOST
from streams.schemas.field_docs import field_descriptions, structs_of
from streams.schemas.payloads import Payload

__all__ = ["SchemaDocument", "schema_document", "schema_id"]

SchemaDocument: TypeAlias = dict[str, Any]

_STORED_BOUNDS: Final = (("minimum", -STORED_MOST), ("maximum", STORED_MOST))
_TAG: Final = "What kind of event this is."
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def schema_id(name: str) -> str:
    """The `$id` of a schema: a name, not an address, so that it stays true wherever the file is served."""
    return f"urn:antiphon:schema:{name}"


def schema_document(payload: Payload, examples: Iterable[object]) -> SchemaDocument:
    """The schema of one payload. Properties it does not name are allowed: readers ignore fields they do not know."""
    (top,), components = msgspec.json.schema_components([payload.type], ref_template="#/$defs/{name}")
    structs = structs_of(payload.type)
    definitions = {
        name: _plain(_described(component, structs[name]) if name in structs else component)
        for name, component in sorted(components.items())
    }
    body = _plain(top)
    if "$ref" in body:
        body = definitions.pop(body["$ref"].removeprefix("#/$defs/"))
    elif "anyOf" in body:
        body["oneOf"] = body.pop("anyOf")  # an object or a list: never both
    document: SchemaDocument = {
        "$schema": _DIALECT,
        "$id": schema_id(payload.name),
        "title": body.pop("title", payload.name),
        "description": body.pop("description", "") or payload.description,
        **body,
        "examples": [msgspec.to_builtins(example) for example in examples],
    }
    if definitions:
        document["$defs"] = definitions
    return document


def _described(component: SchemaDocument, record: type[Struct]) -> SchemaDocument:
    """The schema of a record type with what each field is, in the source's words."""
    words = field_descriptions(record)
    if "prefixItems" in component:  # a record that is written as a list: its fields have places and no names
        named = zip(record.__struct_fields__, component["prefixItems"], strict=True)
        items = [{"title": name, "description": words[name], **item} for name, item in named if name in words]
        return component | {"prefixItems": items} if len(items) == len(component["prefixItems"]) else component
    properties = {
        name: {"description": words.get(name, _TAG if name == record.__struct_config__.tag_field else ""), **schema}
        for name, schema in component["properties"].items()
    }
    return component | {"properties": properties}


def _plain(schema: Any) -> Any:  # any JSON value in, the same kind out
    """The same with descriptions as they read in the source, without the indentation of docstrings; and without the
    bounds of what we can store at all, which no record of ours comes near.
    """
    match schema:
        case dict():
            return {
                key: inspect.cleandoc(value) if key == "description" and isinstance(value, str) else _plain(value)
                for key, value in schema.items()
                if (key, value) not in _STORED_BOUNDS
            }
        case list():
            return [_plain(item) for item in schema]
        case _:
            return schema
