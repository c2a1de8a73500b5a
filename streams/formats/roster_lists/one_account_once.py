"""Of rows about one account at one time a roster has one: which are kept, which repeat one, which contradict it."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final, Literal

from msgspec import Struct

from streams.core.rosters.roster import MAX_DOMAINS, account_key, handle_key
from streams.core.rosters.roster_row import Row, bound_us
from streams.formats.roster_lists.listed import Untaken

__all__ = ["Deduplicated", "Placed", "deduplicate"]


class Placed(Struct, frozen=True):
    """A row with nothing wrong in it, and where it comes from."""

    place: str
    row: Row


class Deduplicated(Struct, frozen=True):
    """The rows of a roster in their order, how many repeated one of them, and those that contradict one."""

    kept: list[Placed]
    repeated: int
    contrary: list[Untaken]


class _Span(Struct, frozen=True, order=True):
    from_us: float
    to_us: float
    index: int


_FACTS: Final = ("country", "category", "valid_from", "valid_to")


def deduplicate(placed: Sequence[Placed]) -> Deduplicated:
    """Of rows whose times overlap the first is kept, and one with an id before one without. Domains are joined."""
    kept: dict[int, Placed] = {}
    repeated = 0
    contrary: dict[int, Untaken] = {}
    by_account: dict[str, list[_Span]] = {}
    by_handle: dict[tuple[str, str], list[_Span]] = {}
    # Rows with an id first: a bare handle yields to them.
    for index in sorted(range(len(placed)), key=lambda index: (not placed[index].row["account_id"], index)):
        row = placed[index].row
        span = _span(row, index)
        spans = by_account.setdefault(_account_of(row), [])
        handle = (row["platform"], handle_key(row["handle"])) if row["handle"] else None
        rival = _overlapping(spans, span)
        if rival is None and not row["account_id"] and handle is not None:
            rival = _overlapping(by_handle.get(handle, []), span)
        if rival is not None:
            first = kept[rival.index]
            if _agree(first.row, row):
                repeated += 1
                kept[rival.index] = Placed(first.place, _joined(first.row, row))
            else:
                contrary[index] = _contrary(placed[index].place, first, row)
            continue
        kept[index] = placed[index]
        _insert(spans, span)
        if row["account_id"] and handle is not None:
            _insert_joined(by_handle.setdefault(handle, []), span)
    return Deduplicated(
        [kept[index] for index in sorted(kept)], repeated, [contrary[index] for index in sorted(contrary)]
    )


def _span(row: Row, index: int) -> _Span:
    from_us, to_us = bound_us(row, "valid_from"), bound_us(row, "valid_to")
    return _Span(float("-inf") if from_us is None else from_us, float("inf") if to_us is None else to_us, index)


def _account_of(row: Row) -> str:
    return account_key(row["platform"], row["account_id"] or None, row["handle"] or None)


def _overlapping(spans: list[_Span], span: _Span) -> _Span | None:
    """One of the spans, sorted and apart from each other, that overlaps the given one."""
    at = bisect_left(spans, span)
    for near in spans[max(0, at - 1) : at + 1]:
        if near.from_us < span.to_us and span.from_us < near.to_us:
            return near
    return None


def _insert(spans: list[_Span], span: _Span) -> None:
    spans.insert(bisect_left(spans, span), span)


def _insert_joined(spans: list[_Span], span: _Span) -> None:
    # Several ids may have had one handle at one time: those spans become one.
    while (near := _overlapping(spans, span)) is not None:
        spans.remove(near)
        span = _Span(min(near.from_us, span.from_us), max(near.to_us, span.to_us), near.index)
    _insert(spans, span)


def _agree(first: Row, row: Row) -> bool:
    return all(first[fact] == row[fact] for fact in _FACTS)


def _joined(first: Row, row: Row) -> Row:
    domains = list(dict.fromkeys([*first["domains"].split(), *row["domains"].split()]))[:MAX_DOMAINS]
    return {**first, "name": first["name"] or row["name"], "domains": " ".join(domains)}


def _contrary(place: str, first: Placed, row: Row) -> Untaken:
    fact: Literal["country", "category", "valid_from"] = "valid_from"
    if first.row["country"] != row["country"]:
        fact = "country"
    elif first.row["category"] != row["category"]:
        fact = "category"
    what = f"the account is at {first.place} for the same time with another {'term' if fact == 'valid_from' else fact}"
    return Untaken(place, fact, what, "keep one of the two, or end the one term before the other begins")
