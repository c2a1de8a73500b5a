"""What a page is: the request that it gets, the answer that it gives, and the two ways to refuse an address.

A page is a function of the store and the request. It runs in a thread, reads nothing but the store, and knows nothing
of HTTP, of HTML or of what else is served.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Final, TypeAlias

from msgspec import Struct, field

from streams.console.store.reading import Store
from streams.formats.fields.written_times import parse_iso
from streams.printable import quoted

__all__ = ["BadRequest", "NotFound", "PageAnswer", "PageFunction", "PageRequest", "Rows"]

_LONGEST: Final = 500  # characters of a parameter
_SHOWN: Final = 60  # characters of a wrong value that the refusal shows


class NotFound(Exception):  # noqa: N818  # an answer, not a failure
    """There is no such thing: status 404. A sentence that says what is not there, and what to do instead."""

    def __init__(self, sentence: str, *, remedy: str) -> None:
        super().__init__(sentence)
        self.sentence, self.remedy = sentence, remedy


class BadRequest(Exception):  # noqa: N818  # an answer, not a failure
    """The address cannot be answered: status 400. The sentence names the parameter and what is wrong with it."""

    def __init__(self, sentence: str, *, remedy: str) -> None:
        super().__init__(sentence)
        self.sentence, self.remedy = sentence, remedy


class Rows(Struct, frozen=True, kw_only=True):
    """All rows of a list under its filter, not those of one page alone: what `.csv` and `.ndjson` give.

    `record` is the type of each row: CSV has the columns that `streams.core.flattened` makes of it. `rows` is read once
    and only if somebody asks for them: give a generator.
    """

    record: type[Struct]
    rows: Iterable[Struct]


class PageAnswer(Struct, frozen=True, kw_only=True):
    """What a page says. Its `.json` is the model and nothing else, so what the page shows has to be in it."""

    title: str
    """Of the window and of links to it: may be hostile text, is escaped like everything."""
    template: str
    """The name of a file in `templates/`. It gets the model as `page`, the figures as `figures`."""
    model: Struct
    figures: Mapping[str, str] = field(default_factory=dict)
    """SVG by name, `[a-z-]+`. The page embeds them, and `ADDRESS/NAME.svg` gives each alone."""
    rows: Rows | None = None


class PageRequest(Struct, frozen=True, kw_only=True):
    """What an address asks for. The methods read one parameter each and raise `BadRequest`; call `only` first."""

    path: Mapping[str, str] = field(default_factory=dict)
    """The parts of the path that the route names, decoded."""
    query: Mapping[str, str] = field(default_factory=dict)
    """Each parameter once. An empty one is absent: a form sends its empty fields too."""
    now: datetime
    """The clock, UTC."""

    def only(self, *names: str) -> None:
        """Refuse parameters that the page does not have: a filter with a slip of the pen must not show everything."""
        for name in self.query:
            if name not in names:
                known = ", ".join(names)
                raise BadRequest(
                    f"This page has no parameter {quoted(name, _SHOWN)}.",
                    remedy=f"Its parameters are {known}." if known else "It has none.",
                )

    def text(self, name: str, *, most: int = _LONGEST) -> str | None:
        """A text of at most `most` characters."""
        value = self.query.get(name) or None
        if value is not None and len(value) > most:
            raise BadRequest(f"{name} is longer than {most} characters.", remedy="Shorten it.")
        return value

    def choice(self, name: str, choices: Iterable[str]) -> str | None:
        """One of several words."""
        value = self.text(name)
        known = tuple(choices)
        if value is not None and value not in known:
            raise BadRequest(f"{name} cannot be {quoted(value, _SHOWN)}.", remedy=f"It is one of {', '.join(known)}.")
        return value

    def whole(self, name: str, *, least: int, most: int) -> int | None:
        """A whole number."""
        value = self.text(name)
        if value is None:
            return None
        if not (value.isascii() and value.isdecimal() and len(value) <= 18 and least <= int(value) <= most):
            raise BadRequest(
                f"{name} cannot be {quoted(value, _SHOWN)}.", remedy=f"It is a whole number from {least:,} to {most:,}."
            )
        return int(value)

    def moment(self, name: str) -> datetime | None:
        """A moment: `2021-01-18T12:00:00Z`; a day is its beginning, in UTC."""
        value = self.text(name)
        if value is None:
            return None
        try:
            return parse_iso(value, UTC)[0]
        except ValueError:
            raise BadRequest(
                f"{name} cannot be {quoted(value, _SHOWN)}.",
                remedy="It is a moment such as 2021-01-18T12:00:00Z, or a day such as 2021-01-18.",
            ) from None


PageFunction: TypeAlias = Callable[[Store, PageRequest], PageAnswer]
"""Raises `NotFound` and `BadRequest`, and what the store raises."""
