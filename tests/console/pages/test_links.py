"""Every page of the case, reached by its links: each leads somewhere, and each page is whole."""

from random import Random
from typing import Final

import pytest

from streams.console.store.reading import Store
from streams.console.web.addresses import find_place
from streams.console.web.routes import ROUTES
from tests.console.pages.asked import ask

_FIRST: Final = (
    "/",
    "/alerts",
    "/accounts",
    "/aftermaths",
    "/countries",
    "/rosters",
    "/rules",
    "/corrections",
    "/status",
)
_MOST_PAGES: Final = 70
_OUTSIDE: Final = ("https://", "http://")


@pytest.mark.slow
def test_every_link_leads_to_a_page(case_store: Store) -> None:
    """Those of all kinds of pages are followed, of each kind as many as there is time for."""
    chance = Random(15)
    waiting, seen = list(_FIRST), set(_FIRST)
    asked: dict[str, int] = {}
    while waiting and sum(asked.values()) < _MOST_PAGES:
        # Of the kind of page that was asked least, so that each comes up.
        chance.shuffle(waiting)
        waiting.sort(key=lambda address: asked.get(_kind(address), 0), reverse=True)
        address = waiting.pop()
        asked[_kind(address)] = asked.get(_kind(address), 0) + 1
        dom = ask(case_store, address).dom
        ids = [each.attributes["id"] for each in dom.everything() if "id" in each.attributes]
        assert len(ids) == len(set(ids)), f"{address} has an id twice"
        for link in dom.root.all("a"):
            target = link.attributes["href"]
            assert link.text, f"{address} has a link without words to {target}"
            if target.startswith(_OUTSIDE):
                assert link.attributes["rel"] == "noopener noreferrer nofollow"
            elif target.startswith("#"):
                assert target[1:] in ids, f"{address} has no {target}"
            elif "download" not in link.attributes:
                path = target.partition("#")[0]
                assert find_place(ROUTES, path.partition("?")[0]) is not None or path == "/", f"{address}: {path}"
                if path not in seen and path != "/":
                    seen.add(path)
                    waiting.append(path)
        for link in dom.root.all("a"):
            if "download" in link.attributes:
                path = link.attributes["href"].partition("?")[0]
                assert find_place(ROUTES, path.removesuffix("/proof.zip")) is not None, path
        assert not dom.root.all("style")
        assert not any("style" in each.attributes for each in dom.everything())
    kinds = {route.name for route in ROUTES} - {"roster-difference"}  # the case has one roster
    assert kinds <= asked.keys(), "some page is reached by no link"


def _kind(address: str) -> str:
    place = find_place(ROUTES, address.partition("?")[0])
    assert place is not None, address
    return place.route.name
