"""The table of pages: the only place that says at which address which page is.

Each row gives the page at its path, its model at `PATH.json`, of a list all rows at `PATH.csv` and `PATH.ndjson`, each
figure at `PATH/NAME.svg`. The static export walks the same table.
"""

from typing import Final

from msgspec import Struct

from streams.console.pages.page import PageFunction
from streams.console.pages.status import StatusPage, status_page

__all__ = ["ROUTES", "Route"]


class Route(Struct, frozen=True, kw_only=True):
    """One page. A part of the path in braces, as in `/alerts/{id}`, is one part of an address, whatever is in it."""

    path: str
    page: PageFunction
    name: str
    """By which templates make links: `address("alert", id=…)`."""
    model: type[Struct]
    """The type of the answers' model: its schema is `schemas/console-NAME.schema.json`."""
    is_list: bool = False
    """Whether it answers with rows, and so has `.csv` and `.ndjson`."""


ROUTES: Final[tuple[Route, ...]] = (Route(path="/status", page=status_page, name="status", model=StatusPage),)
