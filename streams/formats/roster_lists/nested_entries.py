"""The entries in values of JSON or YAML: which of the objects are entries, and their members as cells.

A member within a member is a cell under both names, `social twitter`. Knows Wikidata's results of queries.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from streams.formats.roster_lists.list_columns import names_account
from streams.formats.roster_lists.listed import HANDLE, NAME, CellError, Listed, cell

__all__ = ["entries_in"]

_MAX_DEPTH: Final = 6  # of members within an entry
_MAX_CELLS: Final = 500
_MAX_LISTS: Final = 4  # objects around the list of entries
# What a query of Wikidata gives for each variable.
_TERM: Final = frozenset({"type", "value"})
_POST: Final = frozenset({"full_text", "text", "retweeted_status", "referenced_tweets"})


def entries_in(value: Any, place: str, depth: int = 0) -> Iterator[Listed | CellError]:
    """The entries in one value: of a list each element, of an object the list that it wraps, or itself."""
    match value:
        case str():
            yield Listed(place, {HANDLE: value})
        case list():
            for number, element in enumerate(value, start=1):
                if isinstance(element, list) or depth >= _MAX_LISTS:
                    yield CellError("", "a list within a list", "give a list of objects or handles")
                else:
                    yield from entries_in(
                        element, f"{place}, entry {number:,}" if place else f"entry {number:,}", depth + 1
                    )
        case dict():
            yield from _in_object(value, place, depth)
        case _:
            yield CellError("", f"{cell(str(value))} is neither an object nor a handle", "give objects or handles")


def _in_object(value: Mapping[str, Any], place: str, depth: int) -> Iterator[Listed | CellError]:
    cells = _cells_of(value)
    if not any(map(names_account, cells)) and depth < _MAX_LISTS:
        if (wrapped := _wrapped(value)) is not None:
            yield from entries_in(wrapped, place, depth + 1)
            return
        if value and all(isinstance(member, dict) for member in value.values()):
            for key, member in value.items():
                yield from _in_object(
                    {NAME: key, **member}, f"{place}, {cell(key)}" if place else cell(key), _MAX_LISTS
                )
            return
    if "user" in value and not _POST.isdisjoint(value):
        yield CellError("", "a post, not an account", "give a list of accounts: of users, not of their posts")
    else:
        yield Listed(place, cells)


def _wrapped(value: Mapping[str, Any]) -> list[Any] | None:
    """The first list of objects or texts in an object, or in one within it."""
    queue: list[tuple[Mapping[str, Any], int]] = [(value, 0)]
    for around, depth in queue:
        for member in around.values():
            if isinstance(member, list) and member and isinstance(member[0], dict):
                return member
            if isinstance(member, dict) and depth < _MAX_LISTS and len(queue) < _MAX_CELLS:
                queue.append((member, depth + 1))
    lists = [member for member in value.values() if isinstance(member, list)]
    return lists[0] if len(lists) == 1 and lists[0] and all(isinstance(text, str) for text in lists[0]) else None


def _cells_of(value: Mapping[str, Any]) -> dict[str, str]:
    cells: dict[str, str] = {}
    _add(value, "", 0, cells)
    return cells


def _add(value: Mapping[str, Any], above: str, depth: int, cells: dict[str, str]) -> None:
    for key, member in value.items():
        name = f"{above} {key}" if above else key
        if isinstance(member, dict) and member.keys() >= _TERM:
            member = member["value"]
        if len(cells) >= _MAX_CELLS:
            return
        if isinstance(member, dict):
            if depth < _MAX_DEPTH:
                _add(member, name, depth + 1, cells)
        elif (text := _text(member)) is not None:
            cells[name] = text


def _text(member: Any) -> str | None:
    match member:
        case str():
            return member
        case bool() | None:
            return None
        case int() | float():
            return str(member)
        case list() if member and all(isinstance(element, str) for element in member):
            return "; ".join(member)
        case _:
            return None
