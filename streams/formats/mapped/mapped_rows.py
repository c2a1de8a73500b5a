"""The values of one row that a mapping names, by field: from the cells of a table, or along paths into JSON.

Knows columns and paths, not what the fields mean.
"""

import re
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

from streams.deadletters import Reason
from streams.formats.mapped.mapping import NEEDED, Mapping, Word
from streams.refusal import Refused

__all__ = ["JsonPaths", "Row", "TablePlan", "text_of"]

_MAX_ITEMS: Final = 100  # of a list, as a post has links and mentions
_MAX_NUMBER: Final = 10**20  # 2^64 has 20 digits
_MAX_STEPS: Final = 16
_WORDS: Final = ("platform", "kind", "status")
_SHOWN_COLUMNS: Final = 10
# `name`, `name[2]`, `name[*]`, and so on after dots.
_STEP: Final = re.compile(r"([^.\[\]]+)((?:\[(?:[0-9]{1,6}|\*)\])*)(?:\.(?=.)|\Z)")
_INDEX: Final = re.compile(r"\[([0-9]+|\*)\]")

Step: TypeAlias = str | int | None
"""A key, a place in a list, or every place of it."""


Row: TypeAlias = dict[str, Any]
"""What a row has for each field, and for `platform`, `kind` and `status`: texts without spaces around them in a table,
anything in JSON. A field without a value is not in it."""


def text_of(value: Any) -> str:
    """A value as a text; nothing for lists of several values, for objects, for numbers of more than 20 digits."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and len(value) == 1:  # R writes every value so
        return text_of(value[0]) if not isinstance(value[0], list) else ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if -_MAX_NUMBER < value < _MAX_NUMBER else ""
    return str(value) if isinstance(value, float) else ""


def _columns_of(mapping: Mapping) -> dict[str, tuple[str, ...]]:
    words: dict[str, Word] = dict(zip(_WORDS, (mapping.platform, mapping.kind, mapping.status), strict=True))
    found = {name: word.columns for name, word in words.items()}
    return found | {name: source.columns for name, source in mapping.fields.items()}


class TablePlan:
    """Where the columns of a mapping stand under one header. Raises `Refused` where one is missing that every event
    needs.
    """

    def __init__(self, mapping: Mapping, header: Sequence[str]) -> None:
        exact = {name: place for place, name in reversed(list(enumerate(header)))}
        folded = {name.casefold(): place for name, place in reversed(exact.items())}
        places = {
            field: [place for name in columns if (place := exact.get(name, folded.get(name.casefold()))) is not None]
            for field, columns in _columns_of(mapping).items()
        }
        self.width: Final = len(header)
        self._single = [(field, found[0]) for field, found in places.items() if len(found) == 1]
        self._several = [(field, found) for field, found in places.items() if len(found) > 1]
        needed = [
            set(map(mapping.stand_in, NEEDED[kind])) | set(NEEDED[kind]) for kind in NEEDED if kind in mapping.kinds
        ]
        for field in sorted(set.intersection(*needed)):
            source = mapping.fields.get(field)
            if source is not None and not places[field] and not places.get(mapping.stand_in(field)):
                shown = ", ".join(name[:20] for name in header[:_SHOWN_COLUMNS])
                named = " or ".join(f"`{name[:30]}`" for name in source.columns[:3])
                raise Refused(Reason.UNKNOWN_SHAPE, f"no column {named} (for {field}) in the header: {shown}")

    def row(self, cells: Sequence[str]) -> Row:
        """The values of a row with as many cells as the header has names."""
        row: Row = {field: cell for field, place in self._single if (cell := cells[place].strip())}
        for field, places in self._several:
            if cell := next(filter(None, (cells[place].strip() for place in places)), ""):
                row[field] = cell
        return row


class JsonPaths:
    """The paths of a mapping into JSON objects. A key that is written exactly as a path comes before the path."""

    def __init__(self, mapping: Mapping) -> None:
        self._of = [
            (field, [(each, _steps(each)) for each in columns]) for field, columns in _columns_of(mapping).items()
        ]

    def row(self, payload: dict[str, Any]) -> Row:
        """The values of an object."""
        row: Row = {}
        for field, paths in self._of:
            for key, steps in paths:
                value = payload[key] if key in payload else _along(payload, steps, 0)
                if isinstance(value, str):
                    value = value.strip()
                if value is not None and value != "" and value != []:
                    row[field] = value
                    break
        return row


def _steps(path: str) -> tuple[Step, ...]:
    """The steps of a path; none where the text is no path, but perhaps a key."""
    steps: list[Step] = []
    at = 0
    while at < len(path) and len(steps) < _MAX_STEPS:
        found = _STEP.match(path, at)
        if found is None:
            return ()
        steps.append(found[1])
        steps += [None if index == "*" else int(index) for index in _INDEX.findall(found[2])]
        at = found.end()
    return tuple(steps) if at >= len(path) else ()


def _along(value: Any, steps: tuple[Step, ...], at: int) -> Any:
    if not steps:
        return None
    for number in range(at, len(steps)):
        step = steps[number]
        if isinstance(step, str):
            value = value.get(step) if isinstance(value, dict) else None
        elif not isinstance(value, list):
            return None
        elif step is None:
            found = (_along(each, steps, number + 1) for each in value[:_MAX_ITEMS])
            return [each for each in found if each is not None]
        else:
            value = value[step] if step < len(value) else None
        if value is None:
            return None
    return value
