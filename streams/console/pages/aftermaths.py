"""Aftermaths: the list of watches, what officials did after an account they had amplified was suspended."""

from functools import partial
from typing import Final, get_args

from msgspec import Struct

from streams.console.pages.aftermath_lines import AftermathLine, aftermath_line
from streams.console.pages.page import PageAnswer, PageRequest, Rows
from streams.console.store.filters import AftermathFilter, PageOf
from streams.console.store.paging import every_row
from streams.console.store.reading import Store
from streams.core.countries import COUNTRIES
from streams.core.watching.aftermath_records import Aftermath, AftermathStatus

__all__ = ["AftermathsPage", "aftermaths_page"]

_ROWS: Final = 50
_ALL: Final = 500


class AftermathsPage(Struct, frozen=True, kw_only=True):
    """Aftermaths under a filter, the one that opened last first."""

    country: str | None
    """The State whose officials were watched; null for all."""
    status: str | None
    """Open, closed or void; null for all but void ones."""
    platform: str | None
    """The platform; null for all."""
    rows: tuple[AftermathLine, ...]
    """A page of them."""
    next: str | None
    """The cursor of the next page."""
    previous: str | None
    """The cursor of the page before."""
    countries: dict[str, int]
    """The States whose officials amplified anybody, and how many accounts."""


def aftermaths_page(store: Store, request: PageRequest) -> PageAnswer:
    """`/aftermaths?country=&status=&platform=&after=&before=`."""
    request.only("country", "status", "platform", "after", "before")
    country = request.choice("country", sorted(COUNTRIES))
    status = request.choice("status", get_args(AftermathStatus))
    platform = request.text("platform")
    wanted = AftermathFilter(
        countries=() if country is None else (country,),
        statuses=() if status is None else (status,),
        platforms=() if platform is None else (platform,),
    )
    page = PageOf(size=_ROWS, after=request.text("after") or "", before=request.text("before") or "")
    found = store.aftermaths(wanted, page)
    model = AftermathsPage(
        country=country,
        status=status,
        platform=platform,
        rows=tuple(aftermath_line(each) for each in found.rows),
        next=found.next,
        previous=found.previous,
        countries=store.countries(),
    )
    rows = Rows(record=Aftermath, rows=every_row(partial(store.aftermaths, wanted), _ALL))
    return PageAnswer(title="Aftermaths", template="aftermaths.html", model=model, rows=rows)
