"""Every field of every schema says what it is, in the words that stand under it in the source."""

import json
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from streams.events import Account, PostRef, Retweet
from streams.schemas import PAYLOADS, generate
from streams.schemas.field_docs import field_descriptions, structs_of

_LEAST_FIELDS = 383


def _fields(schema: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    match schema:
        case dict():
            for name, field in schema.get("properties", {}).items():
                yield f"{path}.{name}", field
            for number, item in enumerate(schema.get("prefixItems", ())):
                yield f"{path}[{number}]", item
            for name, part in schema.items():
                if name != "examples":
                    yield from _fields(part, f"{path}/{name}")
        case list():
            for part in schema:
                yield from _fields(part, path)


def test_no_field_of_any_schema_is_without_a_description() -> None:
    """A failure means that a field was added: write under it, in the class, what it is."""
    files = generate()
    found = [
        (path, field)
        for payload in PAYLOADS
        for path, field in _fields(json.loads(files[f"{payload.name}.schema.json"]), payload.name)
    ]
    assert len(found) >= _LEAST_FIELDS
    assert [path for path, field in found if len(field.get("description", "")) < 8] == []


def test_a_field_of_a_base_class_is_described_by_the_words_there() -> None:
    described = field_descriptions(Retweet)
    assert described["at"].startswith("Event time")
    assert described["post_id"] == "The id of that post."


def test_words_are_those_directly_under_the_field() -> None:
    class Example(Struct):
        """Not a field."""

        bare: int
        text: str = ""
        """What it says,
        over two lines."""

    assert field_descriptions(Example) == {"text": "What it says,\nover two lines."}


def test_records_within_lists_maps_and_choices_are_found() -> None:
    assert structs_of(dict[str, tuple[PostRef | None, ...]]) == {"PostRef": PostRef, "Account": Account}
    assert "Official" in structs_of(next(p.type for p in PAYLOADS if p.name == "amplification"))
