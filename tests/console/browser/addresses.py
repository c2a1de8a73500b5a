"""One address of each kind of page, found as people find them: by the links of the pages before."""

from collections import deque
from html.parser import HTMLParser

from streams.console.web.addresses import find_place
from streams.console.web.routes import ROUTES
from tests.console.web.running import Running

__all__ = ["addresses_of", "links_of"]


def addresses_of(running: Running) -> dict[str, str]:
    """The first address of each page, by its name, beginning at the inbox. Raises `AssertionError` where one does
    not answer, or no page links to a kind of page.
    """
    found: dict[str, str] = {}
    waiting = deque(["/alerts"])
    while waiting:
        address = waiting.popleft()
        place = find_place(ROUTES, address.partition("?")[0])
        if place is None or place.form != "html" or place.route.name in found:
            continue
        asked = running.ask(address)
        assert asked.status == 200, address
        found[place.route.name] = address
        waiting += links_of(asked.body.decode())
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
