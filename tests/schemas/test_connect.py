"""Schemas for Kafka Connect's JSON converter: typed as Connect can, and every record that is written fits."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.enriched_topics import ENRICHED_TOPICS, EnrichedTopic
from streams.core.rule_files.figure_names import FIGURES
from streams.schemas.connect import connect_schemas
from streams.schemas.examples import EXAMPLES
from tests.schemas.typed_values import typed_values

_JSON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,), "int64": (int,), "double": (int, float), "boolean": (bool,), "array": (list,), "map": (dict,),
}  # fmt: skip
_each_topic = pytest.mark.parametrize("topic", ENRICHED_TOPICS, ids=lambda topic: topic.name)


def _misfits(schema: dict[str, Any], value: Any, path: str) -> list[str]:
    """Where Connect's converter would refuse the value, or make another one of it. It passes over fields that the
    schema does not name, and takes what is missing for null.
    """
    if value is None:
        return [] if schema["optional"] else [f"{path}: null"]
    kind = schema["type"]
    if kind == "struct":
        return [each for f in schema["fields"] for each in _misfits(f, value.get(f["field"]), f"{path}.{f['field']}")]
    if not _is_a(value, kind):
        return [f"{path}: {value!r} is no {kind}"]
    inner, items = schema.get("items") or schema.get("values"), value.values() if kind == "map" else value
    return [] if inner is None else [each for item in items for each in _misfits(inner, item, f"{path}[]")]


def _is_a(value: Any, kind: str) -> bool:
    return isinstance(value, _JSON_TYPES[kind]) and isinstance(value, bool) == (kind == "boolean")


def _kinds(schema: dict[str, Any]) -> set[str]:
    return {schema["type"]}.union(*[_kinds(field) for field in schema.get("fields", ())])


@_each_topic
def test_the_examples_fit_and_little_is_left_out(topic: EnrichedTopic) -> None:
    """Left out of the whole are lists of different types alone; of a table all lists and open maps."""
    schemas = connect_schemas()
    for schema, value in EXAMPLES.values():
        if schema == topic.schema:
            plain = json.loads(msgspec.json.encode(value))
            for ending in ("", ".table"):
                assert _misfits(schemas[f"{topic.name}{ending}.json"], plain, topic.name) == []
    whole = schemas[f"{topic.name}.json"]
    left_out = set(topic.record.__struct_fields__) - {field["field"] for field in whole["fields"]}
    assert left_out == ({"source"} if topic.name == "amplifications" else set())
    assert _kinds(schemas[f"{topic.name}.table.json"]) <= {"struct", "string", "int64", "double", "boolean"}


def test_every_figure_is_typed_by_its_name() -> None:
    [figures] = [field for field in connect_schemas()["alerts.table.json"]["fields"] if field["field"] == "figures"]
    assert {field["field"]: field["type"] for field in figures["fields"]} == {
        name: "boolean" if figure.type == "truth" else "double"
        for known in FIGURES.values()
        for name, figure in known.items()
    }
    assert all(field["optional"] for field in figures["fields"])


def test_every_field_says_what_it_is() -> None:
    assert [field["field"] for s in connect_schemas().values() for field in s["fields"] if not field.get("doc")] == []


@pytest.mark.slow
@_each_topic
@settings(max_examples=6)
@given(data=st.data())
def test_any_record_fits(topic: EnrichedTopic, data: st.DataObject) -> None:
    """But for maps of figures, whose values the rules decide: they are as the figure's type says."""
    plain = json.loads(msgspec.json.encode(data.draw(typed_values(topic.record))))
    for name in ("figures", "fired_figures", "windows"):
        plain.pop(name, None)
    for ending in ("", ".table"):
        schema = connect_schemas()[f"{topic.name}{ending}.json"]
        fields = [field for field in schema["fields"] if field["field"] not in ("figures", "fired_figures", "windows")]
        assert _misfits(schema | {"fields": fields}, plain, topic.name) == []
