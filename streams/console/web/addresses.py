"""Addresses of pages: made from names and parts, and taken apart again. Pure; never raises for any text."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final, Literal, TypeAlias
from urllib.parse import quote, unquote, urlencode

from msgspec import Struct

from streams.console.web.routes import Route

__all__ = ["Address", "Form", "address_of", "find_place"]

Form: TypeAlias = Literal["html", "json", "csv", "ndjson", "svg"]
_FIGURE: Final = re.compile("([a-z][a-z0-9-]{0,40})[.]svg")
_SAFE: Final = "@:!$*,"  # as they are in a part of a path: browsers keep them, and people read them
_PLAIN: Final = re.compile("[A-Za-z0-9_:@-]+")
_MOST_PARTS: Final = 8


class Address(Struct, frozen=True, kw_only=True):
    """What an address names: a page, the parts of its path, and in which form it is wanted."""

    route: Route
    path: Mapping[str, str]
    form: Form
    figure: str | None = None
    """Of `svg`: which figure of the page."""


def address_of(
    routes: Sequence[Route], name: str, query: Mapping[str, object] | None = None, /, **parts: object
) -> str:
    """The address of the page of that name. Parameters without a value are left out. Raises `LookupError` for a name
    or a part that the table does not have: a slip in a template.
    """
    route = next((each for each in routes if each.name == name), None)
    if route is None:
        raise LookupError(f"no page is named {name!r}")
    words = _words(route.path)
    if set(words[1::2]) != parts.keys():
        raise LookupError(f"{route.path} has the parts {list(words[1::2])}, not {sorted(parts)}")
    path = "".join(_part(str(parts[word])) if place % 2 else word for place, word in enumerate(words))
    said = {key: value for key, value in (query or {}).items() if value is not None and value != ""}
    return f"{path}?{urlencode(said, safe=_SAFE)}" if said else path


def find_place(routes: Sequence[Route], raw_path: str) -> Address | None:
    """What stands at a path as it came, percent-encoded; `None` where nothing does."""
    given = raw_path.split("/")[1:]
    if not raw_path.startswith("/") or len(given) > _MOST_PARTS:
        return None
    try:
        parts = [unquote(part, errors="strict") for part in given]
    except UnicodeDecodeError:
        return None
    exact = _match(routes, parts, "html")
    last, dot, ending = parts[-1].rpartition(".")
    if dot and last and ending in ("json", "csv", "ndjson"):
        found = _match(routes, [*parts[:-1], last], ending)  # type: ignore[arg-type]  # one of the three
        if found is not None and (found.form == "json" or found.route.is_list):
            return found
    if (figure := _FIGURE.fullmatch(parts[-1])) is not None:
        before = _match(routes, parts[:-1] or [""], "svg")
        if before is not None:
            return Address(route=before.route, path=before.path, form="svg", figure=figure[1])
    return exact


def _match(routes: Sequence[Route], parts: Sequence[str], form: Form) -> Address | None:
    """The first row that fits: words stand before parts in braces in the table."""
    for route in routes:
        wanted = route.path.split("/")[1:]
        if len(wanted) != len(parts):
            continue
        found: dict[str, str] = {}
        for pattern, part in zip(wanted, parts, strict=True):
            fits = _pattern(pattern).fullmatch(part)
            if fits is None:
                break
            found.update(fits.groupdict())
        else:
            return Address(route=route, path=found, form=form)
    return None


@cache
def _pattern(pattern: str) -> re.Pattern[str]:
    """A part of a route as an expression: names in braces stand for anything, as short as it goes."""
    parts = (f"(?P<{word}>.+?)" if place % 2 else re.escape(word) for place, word in enumerate(_words(pattern)))
    return re.compile("".join(parts), re.DOTALL)


@cache
def _words(path: str) -> tuple[str, ...]:
    """What stands in a path around and in its braces, by turns."""
    return tuple(re.split(r"\{(\w+)\}", path))


def _part(text: str) -> str:
    # A dot alone, or two, is a step in a path and not a name: browsers take it away before they ask.
    return text if _PLAIN.fullmatch(text) else {".": "%2E", "..": "%2E%2E"}.get(text) or quote(text, safe=_SAFE)
