"""Rosters: every one that was published and is kept, with the reason; and one of them, entry by entry."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Final

from msgspec import Struct

from streams.console.pages.page import NotFound, PageAnswer, PageRequest, Rows
from streams.console.pages.roster_terms import TermLine, term_line
from streams.console.store.reading import Store
from streams.console.store.results import RosterRow
from streams.core.countries import COUNTRIES
from streams.core.officials import CATEGORIES
from streams.core.rosters.roster import Roster, RosterEntry
from streams.printable import quoted

__all__ = ["RosterLine", "RosterPage", "RostersPage", "roster_named", "roster_page", "rosters_page"]

_ROWS: Final = 100
_SHOWN: Final = 80
_SHORTEST: Final = 8  # characters of a digest that name it


class RosterLine(Struct, frozen=True, kw_only=True):
    """A published roster in the history."""

    digest: str
    """SHA-256 of its entries, in hex."""
    published_at: datetime | None
    """When it was published last; null where nobody knows."""
    reason: str
    """Why, where that was said."""
    correction: bool
    """Whether it puts another one right."""
    in_force: bool
    """Whether it is in force."""
    problem: str
    """What of it is lost; empty where it is whole."""
    before: str | None
    """The digest of the roster published before it; null for the first that is kept."""


class RostersPage(Struct, frozen=True, kw_only=True):
    """The history of the roster, the last one first."""

    rows: tuple[RosterLine, ...]
    """What is kept of it."""


class RosterPage(Struct, frozen=True, kw_only=True):
    """One roster, or a part of its entries."""

    line: RosterLine
    """Its publication."""
    entries: int
    """How many entries it has; each is one term of one account."""
    accounts: int
    """Of how many accounts."""
    countries: dict[str, int]
    """Entries by State."""
    categories: dict[str, int]
    """Entries by category."""
    country: str | None
    """The State of the entries listed; null for all."""
    category: str | None
    """Their category; null for all."""
    platform: str | None
    """Their platform; null for all."""
    q: str
    """What handle, name, id or source of them contain."""
    found: int
    """How many entries fit."""
    rows: tuple[TermLine, ...]
    """A page of them, in the roster's own order."""
    next: int | None
    """Where the next page begins, as `from`."""
    previous: int | None
    """Where the page before begins."""


def rosters_page(store: Store, request: PageRequest) -> PageAnswer:
    """`/rosters`."""
    request.only()
    rows = tuple(_history(store))
    return PageAnswer(
        title="Rosters",
        template="rosters.html",
        model=RostersPage(rows=rows),
        rows=Rows(record=RosterLine, rows=rows),
    )


def roster_page(store: Store, request: PageRequest) -> PageAnswer:
    """`/rosters/DIGEST?country=&category=&platform=&q=&from=`."""
    request.only("country", "category", "platform", "q", "from")
    published, roster = roster_named(store, request.path["digest"])
    country = request.choice("country", sorted(COUNTRIES))
    category = request.choice("category", CATEGORIES)
    platform = request.text("platform")
    asked = (request.text("q") or "").strip()
    start = request.whole("from", least=0, most=10_000_000) or 0
    fitting = [
        entry
        for entry in roster.entries
        if (country is None or entry.country == country)
        and (category is None or entry.category == category)
        and (platform is None or entry.platform == platform)
        and (not asked or _has(entry, asked.casefold()))
    ]
    before = next((each.before for each in _history(store) if each.digest == published.digest), None)
    model = RosterPage(
        line=_line(published, before),
        entries=len(roster.entries),
        accounts=len({entry.account_key for entry in roster.entries}),
        countries=_counted(entry.country for entry in roster.entries),
        categories=_counted(entry.category for entry in roster.entries),
        country=country,
        category=category,
        platform=platform,
        q=asked,
        found=len(fitting),
        rows=tuple(term_line(entry) for entry in islice(fitting, start, start + _ROWS)),
        next=start + _ROWS if start + _ROWS < len(fitting) else None,
        previous=max(0, start - _ROWS) if start else None,
    )
    return PageAnswer(
        title=f"Roster {published.digest[:12]}",
        template="roster.html",
        model=model,
        rows=Rows(record=RosterEntry, rows=fitting),
    )


def roster_named(store: Store, digest: str) -> tuple[RosterRow, Roster]:
    """A roster by its digest, or by the beginning of it. Raises `NotFound` where it is not kept, or not whole."""
    found = store.roster(digest)
    if found is None and len(digest) >= _SHORTEST:
        meant = [each.digest for each in store.rosters() if each.digest.startswith(digest)]
        found = store.roster(meant[0]) if len(meant) == 1 else None
    if found is None:
        raise NotFound(
            f"No roster {quoted(digest, _SHOWN)} is kept.",
            remedy="All that are kept are under Rosters. Evidence has those published since it is kept at all.",
        )
    if found.roster is None:
        raise NotFound(
            f"The roster {quoted(digest, _SHOWN)} is not whole: {found.problem}.",
            remedy="Publish it again from its file: the digest stays the same.",
        )
    return found, found.roster


def _history(store: Store) -> Iterator[RosterLine]:
    rosters: Sequence[RosterRow] = store.rosters()
    for place, each in enumerate(rosters):
        before = rosters[place + 1].digest if place + 1 < len(rosters) else None
        yield _line(each, before)


def _line(published: RosterRow, before: str | None) -> RosterLine:
    return RosterLine(
        digest=published.digest,
        published_at=published.published_at,
        reason=published.reason,
        correction=published.correction,
        in_force=published.in_force,
        problem=published.problem,
        before=before,
    )


def _has(entry: RosterEntry, asked: str) -> bool:
    parts = (entry.handle, entry.name, entry.account_id, entry.source_url, *entry.domains)
    return any(asked in part.casefold() for part in parts if part)


def _counted(values: Iterator[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items(), key=lambda each: (-each[1], each[0])))
