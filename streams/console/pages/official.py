"""An official: its terms on the roster in force with their sources, and whom it amplified."""

from collections.abc import Iterator
from functools import partial
from typing import Final

from msgspec import Struct

from streams.console.pages.account_keys import account_key_of
from streams.console.pages.aftermath_lines import AftermathLine, aftermath_line
from streams.console.pages.amplification_lines import AmplificationLine, amplification_lines
from streams.console.pages.page import NotFound, PageAnswer, PageRequest, Rows
from streams.console.pages.roster_terms import TermLine, term_line
from streams.console.store.filters import AftermathFilter, PageOf
from streams.console.store.paging import every_row
from streams.console.store.reading import Store
from streams.console.store.results import AmplifiedAccountRow
from streams.core.country_names import country_name
from streams.core.subject_event import subject_key
from streams.core.watching.aftermath_records import Aftermath

__all__ = ["OfficialAftermath", "OfficialPage", "official_page"]

_ROWS: Final = 50
_LATEST: Final = 25
_AFTERMATHS: Final = 100
"""Aftermaths of its State in which its part is looked for: the newest."""


class OfficialAftermath(Struct, frozen=True, kw_only=True):
    """Its part in an aftermath of its State."""

    line: AftermathLine
    """The aftermath."""
    amplifications: int
    """Its amplifications of the account before."""
    references: int
    """Its posts in the watch that refer to the account."""
    deletions: int
    """Its posts that it deleted in the watch."""
    posts: int | None
    """Its posts in the watch; null while the watch is open."""
    silent: bool
    """It had amplified the account and did not refer to it."""


class OfficialPage(Struct, frozen=True, kw_only=True):
    """An official, as the roster in force and the records name it."""

    key: str
    """The account, as `platform:id` or `platform:@handle`."""
    handle: str | None
    """Its handle, without @."""
    name: str | None
    """Its name on the roster; null where it is on none that can be read here."""
    country: str
    """The State's code."""
    country_name: str
    """The State's name."""
    category: str
    """What kind of official."""
    terms: tuple[TermLine, ...]
    """Its terms on the roster in force, the first first."""
    roster_digest: str | None
    """The roster in force; null where none can be read here."""
    is_subject: bool
    """Whether other officials engaged with it: it has a page as an account then."""
    amplified: tuple[AmplifiedAccountRow, ...]
    """A page of the accounts that it amplified, those with most of its amplifications first."""
    next: str | None
    """The cursor of the next page."""
    previous: str | None
    """The cursor of the page before."""
    latest: tuple[AmplificationLine, ...]
    """A page of its amplifications, the newest first, as far as the topic still has them."""
    older: str | None
    """The cursor of the older ones."""
    newer: str | None
    """The cursor of the newer ones."""
    aftermaths: tuple[OfficialAftermath, ...]
    """Its part in the newest aftermaths of its State."""


def official_page(store: Store, request: PageRequest) -> PageAnswer:
    """`/officials/PLATFORM:ID?after=&before=`: whom it amplified; `older=` and `newer=`: its amplifications."""
    request.only("after", "before", "older", "newer")
    wanted = account_key_of(request)
    official = store.official(wanted.key)
    if official is None:
        raise NotFound(
            f"{wanted.key} is no official that is known here.",
            remedy="It is on no roster that can be read, and in no record. Look for it under Rosters, or Accounts.",
        )
    page = PageOf(size=_ROWS, after=request.text("after") or "", before=request.text("before") or "")
    found = store.amplified_by(wanted.key, page)
    place = PageOf(size=_LATEST, after=request.text("older") or "", before=request.text("newer") or "")
    latest = store.amplifications_by(wanted.key, place)
    roster = store.roster_in_force()
    of_state = store.aftermaths(AftermathFilter(countries=(official.country,)), PageOf(size=_AFTERMATHS)).rows
    model = OfficialPage(
        key=wanted.key,
        handle=official.handle,
        name=next((entry.name for entry in reversed(official.terms) if entry.name), None),
        country=official.country,
        country_name=country_name(official.country),
        category=official.category,
        terms=tuple(term_line(entry) for entry in official.terms),
        roster_digest=None if roster is None else roster.digest,
        is_subject=store.subject(wanted.key) is not None,
        amplified=found.rows,
        next=found.next,
        previous=found.previous,
        latest=amplification_lines(store, latest.rows),
        older=latest.next,
        newer=latest.previous,
        aftermaths=tuple(_parts(wanted.key, of_state)),
    )
    called = f"@{official.handle}" if official.handle else wanted.key
    return PageAnswer(
        title=f"{called} · official of {country_name(official.country)}",
        template="official.html",
        model=model,
        rows=Rows(record=AmplifiedAccountRow, rows=every_row(partial(store.amplified_by, wanted.key))),
    )


def _parts(key: str, aftermaths: tuple[Aftermath, ...]) -> Iterator[OfficialAftermath]:
    for aftermath in aftermaths:
        for each in aftermath.officials:
            if subject_key(aftermath.platform, each.id) == key:
                yield OfficialAftermath(
                    line=aftermath_line(aftermath), amplifications=each.amplifications, references=each.references,
                    deletions=each.deletions, posts=each.posts, silent=each.silent,
                )  # fmt: skip
