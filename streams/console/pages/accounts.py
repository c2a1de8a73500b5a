"""Accounts: the list of all that officials amplified, and the search through names and texts."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Final, Literal, get_args

from msgspec import Struct

from streams.console.pages.page import PageAnswer, PageRequest, Rows
from streams.console.store.filters import PageOf, SubjectFilter, SubjectSort
from streams.console.store.paging import every_row
from streams.console.store.reading import Store
from streams.console.store.results import EventRow, SubjectRow
from streams.core.account_query import AccountQuery, account_query
from streams.core.countries import COUNTRIES
from streams.core.platforms import PLATFORM_NAME
from streams.core.subject_event import subject_key
from streams.events import Post, Retweet

__all__ = ["AccountsPage", "FoundOfficial", "FoundText", "accounts_page"]

_ROWS: Final = 50
_TEXTS: Final = 20
_SHOWN: Final = 300  # characters of a text that was found
_MOST_ASKED: Final = 200

Sort = Literal["score", "amplifications", "newest"]
_SORTS: Final[dict[str, SubjectSort]] = {"score": "score", "amplifications": "amplifications", "newest": "last"}


class FoundText(Struct, frozen=True, kw_only=True):
    """A kept post or retweet in whose text the words were found."""

    sha256: str
    """The hash of the kept event, which names its page."""
    kind: str
    """Post or retweet."""
    at: datetime
    """When it was posted."""
    key: str
    """Who wrote it, as `platform:id`; of a retweet the author of what was passed on."""
    handle: str | None
    """That account's handle, without @."""
    text: str
    """The beginning of the text."""
    lang: str | None
    """Its language, as the platform tells it."""


class FoundOfficial(Struct, frozen=True, kw_only=True):
    """An official of the roster in force whose handle, name or id was asked for."""

    key: str
    """The account, as `platform:id` or `platform:@handle`."""
    handle: str | None
    """Its handle, without @."""
    name: str | None
    """Its name on the roster."""
    country: str
    """The State."""
    category: str
    """What kind of official."""


class AccountsPage(Struct, frozen=True, kw_only=True):
    """Accounts that officials engaged with, under a filter."""

    q: str
    """What was looked for in handle, name and id, and in texts; empty for all."""
    country: str | None
    """The State whose officials amplified them; null for all."""
    platform: str | None
    """The platform; null for all."""
    min: int | None
    """The least score; null for all."""
    suspended: str | None
    """`yes`: those that the newest notice says are suspended or gone; `no`: the others; null for all."""
    sort: Sort
    """In which order: the highest score, the most amplifications or the newest amplification first."""
    rows: tuple[SubjectRow, ...]
    """A page of them."""
    next: str | None
    """The cursor of the next page."""
    previous: str | None
    """The cursor of the page before."""
    cut: bool
    """Whether more than two thousand names fit, and only the first of them were looked at."""
    officials: tuple[FoundOfficial, ...]
    """Officials of the roster in force whose names fit, at most 20."""
    texts: tuple[FoundText, ...]
    """The newest kept posts with these words."""
    more_texts: bool
    """Whether there are more of them."""
    remedy: str
    """What to do where nothing was found; empty where something was."""
    countries: dict[str, int]
    """The States whose officials amplified anybody, and how many accounts."""


def accounts_page(store: Store, request: PageRequest) -> PageAnswer:
    """`/accounts?q=&country=&platform=&min=&suspended=&sort=&after=&before=`."""
    request.only("q", "country", "platform", "min", "suspended", "sort", "after", "before")
    asked = (request.text("q", most=_MOST_ASKED) or "").strip()
    country = request.choice("country", sorted(COUNTRIES))
    platform = request.text("platform")
    least = request.whole("min", least=0, most=100)
    suspended = request.choice("suspended", ("yes", "no"))
    sort: Sort = request.choice("sort", get_args(Sort)) or "score"  # type: ignore[assignment]  # one of them
    meant = _meant(asked)
    wanted = SubjectFilter(
        text=_text_of(asked, meant),
        countries=() if country is None else (country,),
        platforms=() if platform is None else (platform if PLATFORM_NAME.fullmatch(platform) else "-",),
        least_score=None if least is None else float(least),
        suspended=None if suspended is None else suspended == "yes",
        sort=_SORTS[sort],
    )
    page = PageOf(size=_ROWS, after=request.text("after") or "", before=request.text("before") or "")
    found = store.subjects(wanted, page)
    is_first = not (page.after or page.before)
    texts = store.posts_with(asked, PageOf(size=_TEXTS)) if asked and is_first else None
    officials = tuple(_officials(store, asked, meant)) if asked and is_first else ()
    kept = () if texts is None else tuple(filter(None, map(_found_text, texts.rows)))
    nothing = not (found.rows or kept or officials)
    model = AccountsPage(
        q=asked,
        country=country,
        platform=platform,
        min=least,
        suspended=suspended,
        sort=sort,
        rows=found.rows,
        next=found.next,
        previous=found.previous,
        cut=found.cut,
        officials=officials,
        texts=kept,
        more_texts=texts is not None and texts.next is not None,
        remedy=_remedy(asked, is_filtered=wanted != SubjectFilter(text=wanted.text, sort=wanted.sort))
        if nothing
        else "",
        countries=store.countries(),
    )
    title = f"{asked} · accounts" if asked else "Accounts"
    return PageAnswer(
        title=title,
        template="accounts.html",
        model=model,
        rows=Rows(record=SubjectRow, rows=every_row(partial(store.subjects, wanted))),
    )


def _meant(asked: str) -> AccountQuery | None:
    try:
        return account_query(asked)
    except ValueError:
        return None


def _text_of(asked: str, meant: AccountQuery | None) -> str:
    """What to look for among names: the handle of the address of a profile, the id of a key, or what was typed."""
    if meant is None:
        return asked
    if meant.handle is not None:
        return meant.handle
    return meant.keys[0].partition(":")[2] if meant.keys else asked


def _officials(store: Store, asked: str, meant: AccountQuery | None) -> Iterator[FoundOfficial]:
    roster = store.roster_in_force()
    if roster is None or roster.roster is None:
        return
    wanted = _text_of(asked, meant).casefold()
    seen: set[str] = set()
    for entry in roster.roster.entries:
        if len(seen) == _TEXTS:
            return
        names = (entry.handle or "", entry.name or "", entry.account_id or "")
        if entry.account_key not in seen and any(wanted in name.casefold() for name in names):
            seen.add(entry.account_key)
            yield FoundOfficial(
                key=entry.account_key, handle=entry.handle, name=entry.name, country=entry.country,
                category=entry.category,
            )  # fmt: skip


def _found_text(kept: EventRow) -> FoundText | None:
    match kept.event:
        case Post() as event:
            author, lang, text = event.actor, event.lang, event.text
        case Retweet() as event:
            author, lang, text = event.subject, None, event.text or ""
        case _:
            return None
    return FoundText(
        sha256=kept.sha256,
        kind=kept.key.event_kind,
        at=event.at,
        key=subject_key(event.platform, author.id),
        handle=author.handle,
        text=text[:_SHOWN] + ("…" if len(text) > _SHOWN else ""),
        lang=lang,
    )


def _remedy(asked: str, *, is_filtered: bool) -> str:
    if is_filtered:
        return "Take out a part of the filter: the State, the platform, the least score."
    if not asked:
        return "No official has engaged with anybody yet, as far as this store has read. See Status."
    return (
        "Type the handle as it is now, a part of it, a name, an id, or the address of the profile. Whom no official "
        "ever engaged with has no record."
    )
