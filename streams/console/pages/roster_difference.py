"""How two rosters differ, account by account, by the kind of the change; what weighs most comes first."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from msgspec import Struct

from streams.console.pages.page import PageAnswer, PageRequest, Rows
from streams.console.pages.roster_terms import TermLine, term_line
from streams.console.pages.rosters import roster_named
from streams.console.store.reading import Store
from streams.core.corrections.entry_changes import CHANGE_KINDS, EntryChange, entry_changes
from streams.core.rosters.roster import RosterEntry

__all__ = ["CHANGE_WORDS", "ChangeLine", "FieldChange", "RosterDifferencePage", "roster_difference_page"]

_ROWS: Final = 100

CHANGE_WORDS: Final = {
    "removed": "taken off the roster",
    "added": "new on the roster",
    "country": "another State",
    "category": "another category",
    "term": "another term",
    "id_for_handle": "an id in place of a handle",
    "handle_for_id": "a handle in place of an id",
    "domains": "other domains",
    "renamed": "another name, handle or source",
}
"""What each kind of change says to people."""


class FieldChange(Struct, frozen=True, kw_only=True):
    """A field of a term that differs."""

    field: str
    """The field."""
    before: str | None
    """What it was; null where it was not there."""
    after: str | None
    """What it is; null where it is not there."""


class ChangeLine(Struct, frozen=True, kw_only=True):
    """What differs of one account."""

    account: str
    """The account, as `platform:id` or `platform:@handle`."""
    shown: str
    """The same as people know it."""
    kinds: tuple[str, ...]
    """In what way, the one that weighs most first."""
    only_renames: bool
    """Whether nothing that is counted can change by it."""
    before: tuple[TermLine, ...]
    """Its terms in the old roster."""
    after: tuple[TermLine, ...]
    """Its terms in the new one."""
    fields: tuple[FieldChange, ...]
    """Fields that differ, where both rosters have one term of it."""


class RosterDifferencePage(Struct, frozen=True, kw_only=True):
    """How the roster `new` differs from `old`."""

    old: str
    """Digest of the old roster."""
    new: str
    """Digest of the new one."""
    new_reason: str
    """Why the new one was published, where that was said."""
    new_is_correction: bool
    """Whether it puts another one right."""
    counts: dict[str, int]
    """How many accounts differ, by the kind that weighs most."""
    words: dict[str, str]
    """What each kind says."""
    total: int
    """How many accounts differ."""
    kind: str | None
    """The kind of the changes listed; null for all."""
    rows: tuple[ChangeLine, ...]
    """A page of them."""
    next: int | None
    """Where the next page begins, as `from`."""
    previous: int | None
    """Where the page before begins."""


def roster_difference_page(store: Store, request: PageRequest) -> PageAnswer:
    """`/rosters/OLD...NEW?kind=&from=`."""
    request.only("kind", "from")
    kind = request.choice("kind", CHANGE_KINDS)
    start = request.whole("from", least=0, most=10_000_000) or 0
    (old, old_roster), (new, new_roster) = (roster_named(store, request.path[part]) for part in ("old", "new"))
    changes = entry_changes(old_roster, new_roster)
    listed = [each for each in changes if kind is None or each.kinds[0] == kind]
    counts = Counter[str](each.kinds[0] for each in changes)
    model = RosterDifferencePage(
        old=old.digest,
        new=new.digest,
        new_reason=new.reason,
        new_is_correction=new.correction,
        counts={name: counts[name] for name in CHANGE_KINDS if counts[name]},
        words=CHANGE_WORDS,
        total=len(changes),
        kind=kind,
        rows=tuple(_line(each) for each in islice(listed, start, start + _ROWS)),
        next=start + _ROWS if start + _ROWS < len(listed) else None,
        previous=max(0, start - _ROWS) if start else None,
    )
    return PageAnswer(
        title=f"Rosters {old.digest[:12]} and {new.digest[:12]}",
        template="roster_difference.html",
        model=model,
        rows=Rows(record=ChangeLine, rows=_lines(listed)),
    )


def _lines(changes: Iterable[EntryChange]) -> Iterator[ChangeLine]:
    return (_line(each) for each in changes)


def _line(change: EntryChange) -> ChangeLine:
    return ChangeLine(
        account=change.account,
        shown=change.shown,
        kinds=change.kinds,
        only_renames=change.only_renames,
        before=tuple(term_line(entry) for entry in change.before),
        after=tuple(term_line(entry) for entry in change.after),
        fields=tuple(_fields(*change.before, *change.after)) if len(change.before) == len(change.after) == 1 else (),
    )


def _fields(before: RosterEntry, after: RosterEntry) -> Iterator[FieldChange]:
    one, other = (_said(entry) for entry in (before, after))
    for name, value in one.items():
        if value != other[name]:
            yield FieldChange(field=name, before=value, after=other[name])


def _said(entry: RosterEntry) -> dict[str, str | None]:
    return {
        "account_id": entry.account_id,
        "handle": entry.handle,
        "name": entry.name,
        "country": entry.country,
        "category": entry.category,
        "source_url": entry.source_url,
        "term": term_line(entry).words,
        "domains": " ".join(entry.domains) or None,
    }
