"""Which events of the evidence a correction has to see: found by what the changed entries touched, not by reading all.

What is selected is enough: a recount over it is the recount over everything. Errs on the side of too much.
"""

from collections.abc import Iterable, Iterator, Sequence, Set
from typing import Protocol

from streams.core.corrections.affected_subjects import AffectedSubjects
from streams.core.corrections.entry_changes import EntryChange
from streams.core.corrections.terms import (
    COVERAGE,
    PRINT_MASK,
    SUSPENSION,
    account_term,
    handle_term,
    handles_of,
    host_term,
    post_term,
    posts_of,
    terms_of,
)
from streams.core.rosters.roster import Roster, RosterEntry
from streams.core.subject_event import subject_key, subject_key_parts
from streams.events import Event, Post, Retweet, Suspension

__all__ = ["EvidenceLookup", "Selection", "select_compared", "select_touched"]


class EvidenceLookup(Protocol):
    """Evidence that can be asked for what has a term. Events have numbers."""

    def found_by(self, terms: Iterable[int]) -> set[int]:
        """The events that have one of the terms, and perhaps others."""

    def called(self, handles: Iterable[int]) -> tuple[set[int], set[int]]:
        """The accounts (terms) that were seen with one of these handles, and the first and the last event that shows
        each with it.
        """

    def sharing(self, prints: set[int]) -> set[int]:
        """The events whose texts have one of these fingerprints."""

    def events(self, numbers: Iterable[int]) -> Iterator[tuple[int, Event]]:
        """The events of these numbers, as far as they are still there."""

    def prints(self, numbers: Iterable[int]) -> set[int]:
        """The fingerprints of the texts that these events bring."""

    def every(self) -> set[int]:
        """All events."""

    def gone_of(self, accounts: Iterable[str]) -> dict[str, set[str]]:
        """The subjects (`platform:id`) with which these accounts engaged in events that are not kept any more, each
        with those of the accounts that did.
        """


class Selection:
    """The numbers of what was selected. `gone` are subjects of which no event is kept that says who touched them, by
    key, with the keys of the changed accounts that did.
    """

    def __init__(self, lookup: EvidenceLookup, old: Roster, new: Roster, changes: Sequence[EntryChange]) -> None:
        self.numbers: set[int] = set()
        self.gone: dict[str, set[str]] = {}
        self.touched = AffectedSubjects(old, new, changes)
        self._lookup = lookup
        self._asked: set[int] = set()
        self._handles: set[int] = set()
        self.posts: set[int] = set()
        self._waiting: list[Event] = []
        self._authors: dict[int, str] = {}  # by number, whose text it is

    def take(self, numbers: Iterable[int]) -> None:
        """Select more; whom that touches is seen with `look`. `posts` are the terms of all posts that came up."""
        due = set(numbers) - self.numbers
        self.numbers |= due
        for number, event in self._lookup.events(due):
            self.touched.meet(event)
            self._waiting.append(event)
            if isinstance(event, Post | Retweet):
                author = event.actor if isinstance(event, Post) else event.subject
                self._authors[number] = subject_key(event.platform, author.id)
            self.posts.update(post_term(event.platform, post_id) for post_id in posts_of(event))

    def named(self, terms: Iterable[int]) -> None:
        """Select the events that have one of the terms."""
        due = set(terms) - self._asked
        self._asked |= due
        self.take(self._lookup.found_by(due))

    def called(self, handles: set[int]) -> tuple[set[int], set[int]]:
        """See `EvidenceLookup`."""
        self._handles |= handles
        return self._lookup.called(handles)

    def is_moved_by(self, event: Event) -> bool:
        """Whether something else might have been selected if this event had been there, too, and had no text: any of
        its names was asked for.
        """
        return not (
            self._asked.isdisjoint(terms_of(event))
            and self._handles.isdisjoint(handle for handle, _account in handles_of(event))
        )

    def texts_of(self, accounts: Set[str]) -> list[int]:
        """The events that bring texts of these accounts (`platform:id`), of those that were selected."""
        return [number for number, author in self._authors.items() if author in accounts]

    def look(self) -> None:
        """Look at what was selected since the last time."""
        waiting, self._waiting = self._waiting, []
        for event in waiting:
            self.touched.look(event)
        if self.touched.compares():
            for event in waiting:
                self.touched.compare(event)


def select_touched(
    lookup: EvidenceLookup,
    old: Roster,
    new: Roster,
    changes: Sequence[EntryChange],
) -> Selection:
    """What a recount of all subjects that the changes touched has to see.

    That is: what names a changed account or its posts, and texts that resemble them; what names the subjects or their
    posts, and texts that resemble theirs; what says that any of these is gone; and all coverage.
    """
    found = Selection(lookup, old, new, changes)
    entries = [*old.entries, *new.entries]
    named = {handle_term(each.platform, each.handle or "") for each in entries if each.account_id is None}
    found.take(found.called(named)[1])
    counting = [change for change in changes if not change.only_renames]
    changed = [entry for change in counting for entry in change.entries]
    found.named(_accounts_of(found, changed))
    hosts = {host_term(domain) for entry in changed for domain in entry.domains}
    found.named(hosts)
    found.look()
    found.named(found.posts)
    # Whom texts touch is not known yet. But to look for texts takes long, and with those of the others it is done once.
    found.named(account_term(*subject_key_parts(key)) for key in found.touched.subjects)
    found.named(found.posts)
    theirs = lookup.prints(found.texts_of(found.touched.subjects.keys()))
    found.take(lookup.sharing({each & PRINT_MASK for each in found.touched.prints()} | theirs))
    found.look()
    found.gone = lookup.gone_of(found.touched.changed_ids())
    subjects = {*found.gone, *found.touched.subjects}
    found.named(account_term(*subject_key_parts(key)) for key in subjects)
    found.named(found.posts)
    found.look()
    found.take(lookup.sharing(lookup.prints(found.texts_of(subjects))))
    found.named(found.posts)
    found.named([COVERAGE])
    return found


def select_compared(lookup: EvidenceLookup, old: Roster, new: Roster, changes: Sequence[EntryChange]) -> Selection:
    """What a comparison of the rosters has to see. Where an account is suspended that officials of the States concerned
    engaged with, that is everything: an aftermath looks at all that its State's officials do.
    """
    found = select_touched(lookup, old, new, changes)
    before = frozenset(found.numbers)
    found.named([SUSPENSION])
    suspended = {
        account_term(event.platform, event.actor.id)
        for _, event in lookup.events(found.numbers)
        if isinstance(event, Suspension)
    }
    found.named(suspended)
    found.named(found.posts)
    found.look()
    countries = found.touched.aftermath_countries({*found.gone, *found.touched.subjects})
    found.numbers = lookup.every() if found.touched.may_change_aftermaths(countries) else set(before)
    return found


def _accounts_of(selection: Selection, entries: Iterable[RosterEntry]) -> set[int]:
    """The terms of the accounts of entries, also of those that have been seen with a handle of theirs."""
    found: set[int] = set()
    handles: set[int] = set()
    for entry in entries:
        if entry.account_id is not None:
            found.add(account_term(entry.platform, entry.account_id))
        else:
            handles.add(handle_term(entry.platform, entry.handle or ""))
    return found | selection.called(handles)[0]
