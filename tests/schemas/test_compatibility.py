"""Which changes of a schema break whom: every rule is shown on the real schemas, at every place it applies to."""

import copy
import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from streams.schemas import PAYLOADS, Direction, compatibility, generate
from tests.schemas.typed_values import typed_values

pytestmark = pytest.mark.slow

Schema = dict[str, Any]
Change = Callable[[Schema], bool]
"""Changes one node of a schema in place; `False` where the change does not apply to the node."""

_FILES = generate()
_REAL: dict[str, Schema] = {payload.name: json.loads(_FILES[f"{payload.name}.schema.json"]) for payload in PAYLOADS}
_NEITHER: frozenset[Direction] = frozenset()
_BOTH: frozenset[Direction] = frozenset({"input", "output"})
_INPUT: frozenset[Direction] = frozenset({"input"})
_OUTPUT: frozenset[Direction] = frozenset({"output"})


def _optional(node: Schema) -> list[str]:
    return [name for name in node.get("properties", {}) if name not in node.get("required", ())]


def _put(node: Schema, **keywords: object) -> bool:
    node.update(keywords)
    return True


def _become(node: Schema, **keywords: object) -> bool:
    node.clear()
    return _put(node, **keywords)


def _if(condition: object, change: Callable[[], object]) -> bool:
    """Makes the change where it applies."""
    if condition:
        change()
    return bool(condition)


def _renamed(node: Schema) -> None:
    name = next(iter(node["properties"]))
    node["properties"]["other"] = node["properties"].pop(name)
    node["required"] = ["other" if field == name else field for field in node.get("required", ())]


def _without_last_item(node: Schema) -> None:
    node["prefixItems"].pop()
    node["minItems"] -= 1


def _with_another_item(node: Schema, *, required: bool) -> None:
    node["prefixItems"].append({"type": "string"})
    node["minItems"] += required


def _has_null(node: Schema) -> bool:
    return {"type": "null"} in node.get("anyOf", ())


# Each change, and whom it breaks: those who write what we read (input), those who read what we write (output).
_CHANGES: dict[str, tuple[Change, frozenset[Direction]]] = {
    "a description changes": (lambda n: _if("description" in n, lambda: _put(n, description="other")), _NEITHER),
    "an example goes": (lambda n: _if("examples" in n, lambda: n.pop("examples")), _NEITHER),
    "an optional field comes": (
        lambda n: _if(n.get("properties"), lambda: n["properties"].update(another={"type": "string"})),
        _NEITHER,
    ),
    "a required field comes": (
        lambda n: _if(
            "properties" in n,
            lambda: (n["properties"].update(another={}), n.setdefault("required", []).append("another")),
        ),
        _INPUT,
    ),
    "an optional field becomes required": (
        lambda n: _if(_optional(n), lambda: n.setdefault("required", []).append(_optional(n)[-1])),
        _INPUT,
    ),
    "a required field becomes optional": (lambda n: _if(n.get("required"), lambda: n["required"].pop()), _OUTPUT),
    "a required field goes": (
        lambda n: _if(n.get("required"), lambda: n["properties"].pop(n["required"].pop())),
        _BOTH,
    ),
    "an optional field goes": (lambda n: _if(_optional(n), lambda: n["properties"].pop(_optional(n)[0])), _BOTH),
    "a field is renamed": (lambda n: _if(n.get("properties"), lambda: _renamed(n)), _BOTH),
    "a default changes": (lambda n: _if("default" in n, lambda: _put(n, default="other")), _BOTH),
    "a value of a list goes": (lambda n: _if(n.get("enum"), lambda: n["enum"].pop()), _INPUT),
    "a value of a list comes": (lambda n: _if(n.get("enum"), lambda: n["enum"].append("other")), _OUTPUT),
    "a list of values becomes any text": (
        lambda n: _if(n.get("enum"), lambda: _become(n, type="string")),
        _OUTPUT,
    ),
    "any text becomes a list of values": (
        lambda n: _if(n == {"type": "string"}, lambda: _become(n, enum=["a", "b"])),
        _INPUT,
    ),
    "null is no longer allowed": (lambda n: _if(_has_null(n), lambda: n["anyOf"].remove({"type": "null"})), _INPUT),
    "null becomes allowed": (
        lambda n: _if(n.get("type") == "array", lambda: _become(n, anyOf=[dict(n), {"type": "null"}])),
        _OUTPUT,
    ),
    "text becomes a number": (
        lambda n: _if(n.get("type") == "string", lambda: _become(n, type="integer")),
        _BOTH,
    ),
    "whole numbers become any numbers": (
        lambda n: _if(n.get("type") == "integer" and "minimum" in n, lambda: _put(n, type="number")),
        _OUTPUT,
    ),
    "anything goes": (lambda n: _if(n.get("type") == "boolean", n.clear), _OUTPUT),
    "text gets shorter": (lambda n: _if("maxLength" in n, lambda: _put(n, maxLength=n["maxLength"] - 1)), _INPUT),
    "text gets longer": (lambda n: _if("maxLength" in n, lambda: _put(n, maxLength=n["maxLength"] + 1)), _OUTPUT),
    "text gets a least length": (
        lambda n: _if(n.get("type") == "string", lambda: _put(n, minLength=n.get("minLength", 0) + 1)),
        _INPUT,
    ),
    "text may be empty": (lambda n: _if("minLength" in n, lambda: _put(n, minLength=n["minLength"] - 1)), _OUTPUT),
    "text gets a pattern": (
        lambda n: _if(n.get("type") == "string" and "pattern" not in n, lambda: _put(n, pattern="^a")),
        _INPUT,
    ),
    "a pattern changes": (lambda n: _if("pattern" in n, lambda: _put(n, pattern="^a")), _BOTH),
    "a pattern goes": (lambda n: _if("pattern" in n, lambda: n.pop("pattern")), _OUTPUT),
    "a time becomes any text": (lambda n: _if("format" in n, lambda: n.pop("format")), _OUTPUT),
    "a lower bound rises": (lambda n: _if("minimum" in n, lambda: _put(n, minimum=n["minimum"] + 1)), _INPUT),
    "a lower bound falls": (lambda n: _if("minimum" in n, lambda: _put(n, minimum=n["minimum"] - 1)), _OUTPUT),
    "a bound is itself excluded": (
        lambda n: _if("minimum" in n, lambda: _put(n, exclusiveMinimum=n.pop("minimum"))),
        _INPUT,
    ),
    "a number gets an upper bound": (lambda n: _if("minimum" in n, lambda: _put(n, maximum=10**9)), _INPUT),
    "a list gets shorter": (lambda n: _if("items" in n, lambda: _put(n, maxItems=n.get("maxItems", 9) - 1)), _INPUT),
    "a list may be longer": (lambda n: _if("maxItems" in n, lambda: n.pop("maxItems")), _OUTPUT),
    "an item of a row goes": (lambda n: _if(n.get("prefixItems"), lambda: _without_last_item(n)), _BOTH),
    "an item of a row comes": (
        lambda n: _if(n.get("prefixItems"), lambda: _with_another_item(n, required=False)),
        _NEITHER,
    ),
    "a required item of a row comes": (
        lambda n: _if(n.get("prefixItems"), lambda: _with_another_item(n, required=True)),
        _INPUT,
    ),
    "other fields are forbidden": (
        lambda n: _if(n.get("properties"), lambda: _put(n, additionalProperties=False)),
        _INPUT,
    ),
    "other fields must be text": (
        lambda n: _if(n.get("properties"), lambda: _put(n, additionalProperties={"type": "string"})),
        _INPUT,
    ),
    "any other fields are allowed": (
        lambda n: _if(isinstance(n.get("additionalProperties"), dict), lambda: n.pop("additionalProperties")),
        _OUTPUT,
    ),
}


def _nodes(node: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The paths of all schemas within a schema document, itself included."""
    yield path
    for keyword in ("properties", "$defs"):
        for name, child in node.get(keyword, {}).items():
            yield from _nodes(child, (*path, keyword, name))
    for keyword in ("anyOf", "oneOf", "prefixItems"):
        for index, child in enumerate(node.get(keyword, ())):
            yield from _nodes(child, (*path, keyword, index))
    for keyword in ("items", "additionalProperties"):
        if isinstance(node.get(keyword), dict):
            yield from _nodes(node[keyword], (*path, keyword))


def _changed(schema: Schema, path: tuple[str | int, ...], change: Change) -> Schema | None:
    """The schema with the change made at one place; `None` where it does not apply. What is unchanged is shared."""
    node: Any = schema
    for step in path:
        node = node[step]
    new = {keyword: copy.copy(value) for keyword, value in node.items()}  # no change goes deeper
    return _with(schema, path, new) if change(new) else None


def _with(within: Any, path: tuple[str | int, ...], node: Schema) -> Any:
    if not path:
        return node
    new = copy.copy(within)
    new[path[0]] = _with(within[path[0]], path[1:], node)
    return new


@pytest.fixture(autouse=True, scope="module")
def _unchanged() -> Iterator[None]:
    """Changes are made to copies: otherwise later ones would be compared with something else."""
    yield
    assert all(json.loads(_FILES[f"{name}.schema.json"]) == schema for name, schema in _REAL.items())


@pytest.mark.parametrize("name", _CHANGES)
def test_a_change_breaks_exactly_those_it_breaks(name: str) -> None:
    """At every place of every real schema, in both directions: no break unpublished, and no false alarm."""
    change, breaks = _CHANGES[name]
    places = 0
    for schema_name, old in _REAL.items():
        for path in _nodes(old):
            new = _changed(old, path, change)
            if new is None or (name == "null becomes allowed" and "anyOf" in path[-2:]):  # is allowed beside it
                continue
            places += 1
            found = {direction for direction in _BOTH if compatibility(old, new, direction)}
            assert found == breaks, (schema_name, path)
    assert places > 0, "no real schema has anything like it"


def test_no_change_breaks_nobody() -> None:
    for schema in _REAL.values():
        assert compatibility(schema, copy.deepcopy(schema), "input") == []
        assert compatibility(schema, copy.deepcopy(schema), "output") == []


@settings(max_examples=150)
@given(
    st.sampled_from(PAYLOADS).flatmap(lambda payload: st.tuples(st.just(payload), typed_values(payload.type))),
    st.data(),
)
def test_what_is_said_to_break_nothing_refuses_no_record(drawn: tuple[Any, Any], data: st.DataObject) -> None:
    """Several changes at once, a record of the unchanged type: the oracle is a JSON Schema validator."""
    payload, value = drawn
    old = new = _REAL[payload.name]
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(list(_nodes(new))))
        applicable = [other for change, _ in _CHANGES.values() if (other := _changed(new, path, change)) is not None]
        if applicable:
            new = data.draw(st.sampled_from(applicable))
    record = json.loads(msgspec.json.encode(value))
    refused = not Draft202012Validator(new).is_valid(record)
    # A writer of the old schema and a reader of the new; a writer of this schema and a reader who knows the other one.
    if refused:
        assert compatibility(old, new, "input")
        assert compatibility(new, old, "output")


def test_records_that_a_change_refuses_are_found() -> None:
    """The oracle above is not idle: the changes that break inputs do make real records invalid."""
    refused: Counter[str] = Counter()
    for name, (change, breaks) in _CHANGES.items():
        for schema in _REAL.values():
            for path in _nodes(schema):
                new = _changed(schema, path, change)
                if new is not None and not all(map(Draft202012Validator(new).is_valid, schema["examples"])):
                    assert "input" in breaks
                    refused[name] += 1
    assert len(refused) >= 10


@pytest.mark.parametrize(
    ("old", "new", "direction", "found"),
    [
        (
            {"properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"properties": {"b": {"type": "string"}}}}},
            {"properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"properties": {"b": {"type": "integer"}}}}},
            "input",
            "a.b: the old schema allows any string, the new one does not",
        ),
        (
            {"properties": {"a": {"type": "string"}}},
            {"properties": {"a": {"anyOf": [{"type": "string"}, {"type": "null"}]}}},
            "output",
            "a: the new schema allows null, the old one does not",
        ),
        (
            {"enum": ["a", "b"]},
            {"enum": ["a"]},
            "input",
            "the value: the old schema allows the value 'b', the new one does not",
        ),
        (
            {"type": "object", "properties": {"a": {}}, "required": ["a"]},
            {"type": "object", "properties": {"a": {}}},
            "output",
            "a: the new schema allows its absence, the old one does not",
        ),
        (
            {"type": "array", "items": {"type": "string", "maxLength": 5}},
            {"type": "array", "items": {"type": "string", "maxLength": 4}},
            "input",
            "[]: the old schema allows strings longer than 4, the new one does not",
        ),
    ],
)
def test_a_break_is_reported_in_words_that_name_the_place(
    old: Schema, new: Schema, direction: Direction, found: str
) -> None:
    assert compatibility(old, new, direction) == [found]


def test_what_cannot_be_judged_is_an_objection() -> None:
    """A keyword that `msgspec` does not write, two schemas at one place, a schema that is `false`."""
    assert compatibility({"type": "string"}, {"type": "string", "not": {"const": "a"}}, "input")
    assert compatibility({"type": "string", "not": {"const": "a"}}, {"type": "string"}, "input")
    refined = {"$defs": {"A": {"type": "string", "maxLength": 9}}, "$ref": "#/$defs/A", "maxLength": 5}
    assert compatibility({"type": "string", "maxLength": 5}, refined, "input")
    assert compatibility({"enum": ["2020-01-01"]}, {"type": "string", "format": "date"}, "input")
    assert compatibility({"enum": [[1]]}, {"type": "array", "items": {"type": "string"}}, "input")
    forbidden: Schema = {"properties": {"a": False}}
    assert compatibility({"properties": {"a": {}}}, forbidden, "input")
    assert not compatibility(forbidden, {"properties": {"a": {}}}, "input")


def test_one_and_true_are_two_values() -> None:
    """They are equal in Python and are not in JSON."""
    assert compatibility({"enum": [1]}, {"enum": [True]}, "input")
    zero, false = ({"properties": {"a": {"default": value}}} for value in (0, False))
    assert compatibility(zero, false, "input")


def test_a_type_that_contains_itself_is_judged() -> None:
    def tree(leaf: str) -> Schema:
        node = {
            "properties": {"leaf": {"type": leaf}, "children": {"type": "array", "items": {"$ref": "#/$defs/Node"}}}
        }
        return {"$ref": "#/$defs/Node", "$defs": {"Node": node}}

    assert compatibility(tree("string"), tree("string"), "input") == []
    found = compatibility(tree("string"), tree("integer"), "input")
    assert "leaf: the old schema allows any string, the new one does not" in found
