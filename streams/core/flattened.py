"""Enriched records as rows of a table: which columns a record type has, and what stands in them. Pure.

The rule, the same for CSV and Parquet: a field is a column; the fields of a record within it are columns
`parent.child`, and so are the entries of a map whose names are known (`figures`, `fired_figures`: every figure;
`windows`: every window). What is left, lists and maps with names of their own, is JSON in one column. The unknown is
empty.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

import msgspec
from msgspec import Struct, inspect

from streams.core.dossier_parts import WindowFigures
from streams.core.rule_files.figure_names import FIGURES
from streams.core.rulebook.figures import WINDOWS

__all__ = ["Cell", "Column", "ColumnKind", "columns_of", "named_entries", "row_of"]

ColumnKind: TypeAlias = Literal["text", "integer", "number", "truth", "time", "json"]
Cell: TypeAlias = str | int | float | bool | datetime | None

_SCALARS: Final[dict[type, ColumnKind]] = {
    inspect.StrType: "text",
    inspect.IntType: "integer",
    inspect.FloatType: "number",
    inspect.BoolType: "truth",
    inspect.DateTimeType: "time",
    inspect.LiteralType: "text",
    inspect.EnumType: "text",
}
_FIGURES: Final[dict[str, ColumnKind]] = {
    name: "truth" if figure.type == "truth" else "number"
    for known in FIGURES.values()
    for name, figure in known.items()
}


class Column(Struct, frozen=True, kw_only=True):
    """One column: the path of names that leads to it, and what is in it. `name` is the path, with dots."""

    path: tuple[str, ...]
    kind: ColumnKind

    @property
    def name(self) -> str:
        """As it stands in the first line of a table."""
        return ".".join(self.path)


def named_entries(field: str) -> Mapping[str, ColumnKind | type[Struct]] | None:
    """The entries of a map whose names are known: of what kind each is. `None` for a map with names of its own."""
    if field in ("figures", "fired_figures"):
        return _FIGURES
    return dict.fromkeys(WINDOWS, WindowFigures) if field == "windows" else None


def columns_of(record: type[Struct]) -> tuple[Column, ...]:
    """The columns of a record type, in the order of its fields. They depend on the type alone, never on the data."""
    return tuple(_columns(inspect.type_info(record), ()))


def row_of(columns: Iterable[Column], record: Struct) -> list[Cell]:
    """The cells of one record. JSON is compact."""
    return [_cell(column, record) for column in columns]


def _columns(found: inspect.Type, path: tuple[str, ...]) -> Iterator[Column]:
    found = _known(found)
    if isinstance(found, inspect.StructType):
        for field in found.fields:
            yield from _columns(field.type, (*path, field.name))
        return
    entries = named_entries(path[-1]) if isinstance(found, inspect.DictType) else None
    if entries is not None:
        for name, kind in entries.items():
            if isinstance(kind, str):
                yield Column(path=(*path, name), kind=kind)
            else:
                yield from _columns(inspect.type_info(kind), (*path, name))
        return
    yield Column(path=path, kind=_kind(found))


def _known(found: inspect.Type) -> inspect.Type:
    """The type of a value that is there: without `null`, and a number for what is a whole number or a fraction."""
    if isinstance(found, inspect.Metadata):
        return _known(found.type)
    if isinstance(found, inspect.UnionType):
        others = [_known(each) for each in found.types if not isinstance(each, inspect.NoneType)]
        return others[0] if len(others) == 1 else found
    return found


def _kind(found: inspect.Type) -> ColumnKind:
    return _SCALARS.get(type(found), "json")


def _cell(column: Column, record: Struct) -> Cell:
    value: Any = record
    for name in column.path:
        if value is None:
            return None
        value = value.get(name) if isinstance(value, dict) else getattr(value, name)
    if column.kind == "json":
        return None if value is None else _encode(value).decode()
    return value  # type: ignore[no-any-return]  # as the column's kind says


_encode: Final[Callable[[object], bytes]] = msgspec.json.Encoder().encode
