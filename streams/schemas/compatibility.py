"""Whether a changed schema breaks anybody: is every value that one schema allows allowed by the other?

Judges the JSON Schema keywords that `msgspec` writes. Of any other keyword it only sees that it changed, and says so:
where it cannot judge, it objects. Fields that a schema does not name are ignored by readers, as everywhere in Antiphon.
"""

import re
from typing import Any, Final, TypeAlias

from streams.schemas.payloads import Direction

__all__ = ["compatibility"]

_Schema: TypeAlias = dict[str, Any]
_Bound: TypeAlias = tuple[float, bool]  # the bound, and whether it is itself outside

_ANNOTATIONS: Final = frozenset({"title", "description", "examples", "default", "$schema", "$id", "$defs", "$comment"})
_JUDGED: Final = frozenset(
    {"type", "const", "properties", "required", "additionalProperties", "items", "prefixItems", "minItems", "maxItems"}
    | {"minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
)
_INFINITY: Final = float("inf")


def compatibility(old: _Schema, new: _Schema, direction: Direction) -> list[str]:
    """What breaks when `old` becomes `new`, one sentence each; empty where nothing does.

    For an `input`, the new schema must allow all that the old one allows; for an `output`, the old one all that the new
    one allows. Either way a field that disappears and a default that changes are breaks: data keeps its form then and
    loses its meaning.
    """
    comparison = _Comparison(old, new, direction)
    return list(dict.fromkeys(comparison.compare(comparison.narrow, comparison.wide, "")))


class _Comparison:
    """Looks in `narrow` for what `wide` does not allow."""

    def __init__(self, old: _Schema, new: _Schema, direction: Direction) -> None:
        self.narrow, self.wide = (old, new) if direction == "input" else (new, old)
        self._names = ("old", "new") if direction == "input" else ("new", "old")
        self._under_way: set[tuple[int, int]] = set()

    def compare(self, narrow: object, wide: object, path: str) -> list[str]:
        """The breaks between two schemas that stand at the same place."""
        pair = (id(narrow), id(wide))
        if pair in self._under_way:
            return []  # a type that contains itself
        self._under_way.add(pair)
        try:
            problems: list[str] = []
            allowed = _alternatives(wide, self.wide)
            for alternative in _alternatives(narrow, self.narrow):
                attempts = [self._fit(alternative, other, path) for other in allowed]
                if all(attempts):
                    problems += self._closest(alternative, allowed, attempts, path)
            return problems
        finally:
            self._under_way.remove(pair)

    def _closest(self, narrow: _Schema, allowed: list[_Schema], attempts: list[list[str]], path: str) -> list[str]:
        """Of the objections of all alternatives those that say most: of the one alternative of the same type."""
        same = [attempt for other, attempt in zip(allowed, attempts, strict=True) if _kind(other) == _kind(narrow)]
        if len(attempts) == 1 or (len(same) == 1 and "const" not in narrow):
            return (same or attempts)[0]
        return [self._allows(path, _described(narrow))]

    def _allows(self, path: str, what: str) -> str:
        return f"{path or 'the value'}: the {self._names[0]} schema allows {what}, the {self._names[1]} one does not"

    def _fit(self, narrow: _Schema, wide: _Schema, path: str) -> list[str]:
        if "const" in narrow:
            return [] if _accepts(wide, narrow["const"]) else [self._allows(path, _described(narrow))]
        if "const" in wide:
            return [self._allows(path, f"other values than {wide['const']!r}")]
        problems: list[str] = []
        kind, other = narrow.get("type"), wide.get("type")
        if other is not None and kind != other and (kind, other) != ("integer", "number"):
            return [self._allows(path, _described(narrow))]
        problems += self._bounds(narrow, wide, path)
        problems += self._array(narrow, wide, path)
        problems += self._object(narrow, wide, path)
        for keyword in sorted((narrow.keys() | wide.keys()) - _ANNOTATIONS - _JUDGED):
            if keyword in wide and narrow.get(keyword) != wide[keyword]:
                problems.append(self._allows(path, f"what `{keyword}` {wide[keyword]!r} excludes"))
            elif keyword not in wide and keyword not in _ONLY_NARROWING:
                problems.append(f"{path or 'the value'}: `{keyword}` changed; judge that by hand")
        return problems

    def _bounds(self, narrow: _Schema, wide: _Schema, path: str) -> list[str]:
        problems = []
        if _lowest(narrow) < _lowest(wide):
            problems.append(self._allows(path, f"numbers below {_lowest(wide)[0]:g}"))
        if _highest(narrow) > _highest(wide):
            problems.append(self._allows(path, f"numbers above {_highest(wide)[0]:g}"))
        for at_least, at_most, what in (("minLength", "maxLength", "strings"), ("minItems", "maxItems", "lists")):
            if narrow.get(at_least, 0) < wide.get(at_least, 0):
                problems.append(self._allows(path, f"{what} shorter than {wide[at_least]}"))
            if narrow.get(at_most, _INFINITY) > wide.get(at_most, _INFINITY):
                problems.append(self._allows(path, f"{what} longer than {wide[at_most]}"))
        return problems

    def _array(self, narrow: _Schema, wide: _Schema, path: str) -> list[str]:
        problems: list[str] = []
        some: list[object] = narrow.get("prefixItems", [])
        others: list[object] = wide.get("prefixItems", [])
        for index in range(max(len(some), len(others))):
            item = some[index] if index < len(some) else narrow.get("items")
            other = others[index] if index < len(others) else wide.get("items")
            if item is not None and other is not None:  # items that a schema does not speak of are ignored
                problems += self.compare(item, other, f"{path}[{index}]")
                problems += self._defaults(item, other, f"{path}[{index}]")
        old, new = (some, others) if self._names[0] == "old" else (others, some)
        problems += [f"{path}[{index}]: the new schema no longer has the item" for index in range(len(new), len(old))]
        if "items" in wide:
            problems += self.compare(narrow.get("items", {}), wide["items"], f"{path}[]")
        return problems

    def _object(self, narrow: _Schema, wide: _Schema, path: str) -> list[str]:
        some: dict[str, object] = narrow.get("properties", {})
        others: dict[str, object] = wide.get("properties", {})
        gone = some.keys() - others.keys() if self._names[0] == "old" else others.keys() - some.keys()
        required = set(wide.get("required", ())) - set(narrow.get("required", ())) - gone
        problems = [self._allows(_at(path, name), "its absence") for name in sorted(required)]
        for name in sorted(some.keys() | others.keys()):
            here = _at(path, name)
            if name in some and name in others:
                problems += self.compare(some[name], others[name], here)
                problems += self._defaults(some[name], others[name], here)
            elif name in gone:
                problems.append(f"{here}: the new schema no longer has the field")
            else:
                # Fields a schema does not name are ignored, unless it says what they must be.
                further = (wide if name in some else narrow).get("additionalProperties")
                if further is not None and name in some:
                    problems += self.compare(some[name], further, here)
                elif further is not None:
                    problems += self.compare(further, others[name], here)
        if "additionalProperties" in wide:
            problems += self.compare(
                narrow.get("additionalProperties", {}), wide["additionalProperties"], _at(path, "*")
            )
        return problems

    def _defaults(self, narrow: object, wide: object, path: str) -> list[str]:
        if isinstance(narrow, dict) and isinstance(wide, dict) and "default" in narrow and "default" in wide:
            one, other = narrow["default"], wide["default"]
            if not _same(one, other):
                return [f"{path}: the default changed: data without the field would mean something else"]
        return []


# Where only the narrower schema has one of these, it allows less: no break.
_ONLY_NARROWING: Final = frozenset(
    {"pattern", "format", "multipleOf", "uniqueItems", "propertyNames", "contentEncoding"}
)


def _alternatives(schema: object, root: _Schema) -> list[_Schema]:
    """The schema as a list of schemas without choices: values match if they match one of them."""
    if schema is True:
        return [{}]
    if not isinstance(schema, dict):
        return []  # `false` allows nothing
    own = {key: value for key, value in schema.items() if key not in _ANNOTATIONS}
    for choice in ("$ref", "anyOf", "oneOf", "enum"):
        if choice in own:
            options = own.pop(choice)
            break
    else:
        kinds = own.get("type")
        return [own | {"type": kind} for kind in kinds] if isinstance(kinds, list) else [own]
    if choice == "enum":
        return [own | {"const": value} for value in options]
    if choice == "$ref":
        options = [_resolved(options, root)]
    return [_both(found, own) for option in options for found in _alternatives(option, root)]


def _both(one: _Schema, other: _Schema) -> _Schema:
    """What both schemas allow. Where they share a keyword nothing here can say what that is: an `allOf` stays."""
    return one | other | ({"allOf": [one, other]} if one.keys() & other.keys() else {})


def _resolved(reference: str, root: _Schema) -> object:
    found: Any = root
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


def _accepts(schema: _Schema, value: object) -> bool:
    """Whether a single value of an enumeration is allowed; `False` where that cannot be told."""
    if "const" in schema and not _same(schema["const"], value):
        return False
    if schema.keys() == {"const"}:
        return True
    if schema.keys() - _JUDGED - {"pattern"}:
        return False
    kind = _kind({"const": value})
    if schema.get("type", kind) != kind and (kind, schema["type"]) != ("integer", "number"):
        return False
    if isinstance(value, str):
        long_enough = schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", _INFINITY)
        return long_enough and re.search(schema.get("pattern", ""), value) is not None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _lowest(schema) <= (value, False) and (value, True) <= _highest(schema)
    return value is None or isinstance(value, bool)


def _kind(schema: _Schema) -> object:
    if "const" not in schema:
        return schema.get("type")
    match schema["const"]:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


def _lowest(schema: _Schema) -> _Bound:
    return max((schema.get("minimum", -_INFINITY), False), (schema.get("exclusiveMinimum", -_INFINITY), True))


def _highest(schema: _Schema) -> _Bound:
    # Of equal bounds the exclusive one is the lower: the flag says whether the bound itself is inside.
    return min((schema.get("maximum", _INFINITY), True), (schema.get("exclusiveMaximum", _INFINITY), False))


def _same(one: object, other: object) -> bool:
    return type(one) is type(other) and one == other  # True == 1 in Python, not in JSON


def _described(schema: _Schema) -> str:
    if "const" in schema:
        return f"the value {schema['const']!r}" if schema["const"] is not None else "null"
    kind = schema.get("type")
    return "null" if kind == "null" else f"any {kind}" if kind else "anything"


def _at(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
