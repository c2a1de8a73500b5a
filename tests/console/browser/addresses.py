"""One address of each kind of page, found as people find them: by the links of the pages before."""

from collections import deque
from html.parser import HTMLParser
from typing import Final

from streams.console.web.addresses import find_place
from streams.console.web.routes import ROUTES
from tests.console.web.running import Running

__all__ = ["addresses_of", "links_of"]

_MOST_PAGES: Final = 400


def addresses_of(running: Running) -> dict[str, str]:
    """The first address of each page, by the page's name, beginning at `/`. Raises `AssertionError` where an address
    that a page links to does not answer, or no page links to a kind of page.
    """
    found: dict[str, str] = {}
    waiting, known = deque(["/"]), {"/"}
    while waiting and len(found) < len(ROUTES) and len(known) < _MOST_PAGES:
        address = waiting.popleft()
        asked = running.ask(address)
        assert asked.status == 200, address
        place = find_place(ROUTES, address.partition("?")[0])
        if place is not None:
            found.setdefault(place.route.name, address)
        for link in links_of(asked.body.decode()):
            path = link.partition("?")[0]
            leads_to = find_place(ROUTES, path)
            if path not in known and leads_to is not None and leads_to.form == "html":
                known.add(path)
                # Kinds that were not seen yet come first.
                (waiting.append if leads_to.route.name in found else waiting.appendleft)(link)
    missing = {route.name for route in ROUTES} - found.keys()
    assert missing <= {"roster-difference"}, missing  # the case has one roster
    return found


def links_of(page: str) -> list[str]:
    """The addresses of the console that a page links to, without what follows a `#`."""
    reader = _Links()
    reader.feed(page)
    return reader.found


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Links alone: forms and figures are no pages."""
        href = dict(attrs).get("href") if tag == "a" else None
        if href is not None and href.startswith("/"):
            self.found.append(href.partition("#")[0])
