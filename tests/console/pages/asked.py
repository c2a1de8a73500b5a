"""Asks a page as the server does, and reads its HTML back as a browser would."""

from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any, Final

import msgspec
from msgspec import Struct

from streams.console.pages.page import PageAnswer
from streams.console.store.reading import Store
from streams.console.web.addresses import Address, find_place
from streams.console.web.answers import answer_of, body_of, parts_of, query_of
from streams.console.web.rendering import Renderer
from streams.console.web.routes import ROUTES

__all__ = ["NOW", "Asked", "Dom", "Element", "ask"]

NOW: Final = datetime(2021, 2, 10, 12, tzinfo=UTC)
_RENDERER: Final = Renderer(ROUTES)
_TRUTHS: Final = frozenset({"True", "False"})
_VOID: Final = frozenset({"meta", "link", "br", "input", "img", "hr"})


class Element:
    """An element with its attributes, what is in it, and its text."""

    def __init__(self, tag: str, attributes: dict[str, str]) -> None:
        self.tag, self.attributes = tag, attributes
        self.children: list[Element | str] = []

    @property
    def text(self) -> str:
        """All text in it, with single spaces; elements stand apart."""
        return " ".join(
            "".join(child if isinstance(child, str) else f" {child.text} " for child in self.children).split()
        )

    def all(self, tag: str, css: str | None = None) -> list["Element"]:
        """Every element of that name within, and of that class where one is given, in the order of the page."""
        found = []
        for child in self.children:
            if isinstance(child, Element):
                is_meant = child.tag == tag and (css is None or css in child.attributes.get("class", "").split())
                found += [child] if is_meant else []
                found += child.all(tag, css)
        return found

    @property
    def numbers(self) -> list[float]:
        """The numbers within, as they are for machines."""
        return [float(each.attributes["value"]) for each in self.all("data") if each.attributes["value"] not in _TRUTHS]


class Dom(HTMLParser):
    """A page. Fails where an element is not closed in its place."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self._open = [self.root]
        self.feed(html)
        self.close()
        assert self._open == [self.root], f"never closed: {[each.tag for each in self._open[1:]]}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"{tag} has an attribute twice: {names}"
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].children.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open[-1].children.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open[-1].tag == tag, f"</{tag}> closes <{self._open[-1].tag}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)

    def by_id(self, name: str) -> Element:
        """The one element with that id."""
        [found] = [each for each in self.everything() if each.attributes.get("id") == name]
        return found

    def everything(self) -> list[Element]:
        """Every element of the page."""
        found: list[Element] = []
        waiting = [self.root]
        while waiting:
            found.append(waiting.pop())
            waiting += [child for child in found[-1].children if isinstance(child, Element)]
        return found

    def rows(self, caption: str) -> list[list[Element]]:
        """The cells of each row of the table with that caption."""
        [table] = [each for each in self.root.all("table") if each.all("caption")[0].text == caption]
        [body] = table.all("tbody")
        return [[cell for cell in row.children if isinstance(cell, Element)] for row in body.all("tr")]

    def texts(self, caption: str) -> list[list[str]]:
        """What is to be read in each cell of each row of the table with that caption."""
        return [[cell.text for cell in row] for row in self.rows(caption)]

    def facts(self) -> dict[str, str]:
        """Terms and what they are, of all lists of them."""
        pairs = (pair for each in self.root.all("dl", "facts") for pair in each.children if isinstance(pair, Element))
        return {pair.all("dt")[0].text: pair.all("dd")[0].text for pair in pairs}

    def links(self) -> list[str]:
        """Where its links lead, in their order."""
        return [each.attributes["href"] for each in self.root.all("a")]


class Asked(Struct, frozen=True, kw_only=True):
    """What an address gives, in every form."""

    answer: PageAnswer
    html: str
    json: dict[str, Any]
    """As somebody else reads it."""

    @property
    def dom(self) -> Dom:
        """The page, parsed."""
        return Dom(self.html)


def ask(store: Store, address: str, now: datetime = NOW) -> Asked:
    """The page of an address. Raises `Refused` where there is none."""
    path, _, query = address.partition("?")
    place = find_place(ROUTES, path)
    assert place is not None, address
    answer = answer_of(store, place, query_of(query), now)
    html = body_of(answer, place, address, _RENDERER).content.decode()
    as_json = Address(route=place.route, path=place.path, form="json")
    content = body_of(answer, as_json, address, _RENDERER).content
    assert msgspec.json.decode(content, type=place.route.model) == answer.model
    if place.route.is_list:
        assert b"".join(parts_of(answer, "csv"))
    return Asked(answer=answer, html=html, json=msgspec.json.decode(content))
