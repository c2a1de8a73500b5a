"""Whom changed entries of a roster ever touched, from the events alone: what has to be recounted, and what not.

Errs on the side of too much. Everybody else's figures are the same under both rosters.
"""

from collections.abc import Iterable, Iterator, Sequence, Set
from functools import lru_cache
from typing import Final

from streams.core.backtest import Scope
from streams.core.clock import to_us
from streams.core.corrections.entry_changes import EntryChange
from streams.core.country_event import STATE_TEXT
from streams.core.rosters.roster import Roster, handle_key
from streams.core.screening.country_reports import quotes_unknown_author, retweeted_text
from streams.core.subject_event import subject_key
from streams.core.texts.fingerprints import fingerprints
from streams.events import Account, Coverage, Deletion, Event, Follow, Post, Profile, Retweet, Suspension

__all__ = ["AffectedSubjects", "engaged_by"]

_NOBODY: Final[frozenset[int]] = frozenset()
_TEXTS: Final = 32_768  # 130 MB at most, and for texts of ordinary length a fifth of that


class AffectedSubjects:
    """Shown every event three times (`meet`, then `look`, then `compare`), it says which change touched which subject.

    Changes are known by their position. Memory grows with the accounts that officials engage with.
    """

    def __init__(self, old: Roster, new: Roster, changes: Sequence[EntryChange]) -> None:
        self._rosters = (old, new)
        self._changes = changes
        self._by_id: dict[tuple[str, str], set[int]] = {}
        self._by_handle: dict[tuple[str, str], set[int]] = {}
        self._countries: dict[tuple[str, str], set[str]] = {}  # of officials by id
        self._handle_countries: dict[tuple[str, str], set[str]] = {}
        self._moved_domains = frozenset(n for n, change in enumerate(changes) if _moves_domains(change))
        for roster in self._rosters:
            for entry in roster.entries:
                if entry.account_id is not None:
                    self._countries.setdefault((entry.platform, entry.account_id), set()).add(entry.country)
                else:
                    key = entry.platform, handle_key(entry.handle or "")
                    self._handle_countries.setdefault(key, set()).add(entry.country)
        self.subjects: dict[str, set[int]] = {}
        """Subjects by key, and the changes that touched each."""
        for number, change in enumerate(changes):
            if change.only_renames:
                continue
            for entry in change.entries:
                if entry.account_id is not None:
                    self._by_id.setdefault((entry.platform, entry.account_id), set()).add(number)
                    self._touch(entry.platform, entry.account_id, {number})
                else:
                    key = entry.platform, handle_key(entry.handle or "")
                    self._by_handle.setdefault(key, set()).add(number)
        self.newest_us = 0
        self.oldest_us: int | None = None
        self.engaged: dict[str, set[str]] = {}
        """Subjects by key, and the States of either roster whose officials engaged with them."""
        self._suspended: set[str] = set()
        self._acted: set[int] = set()  # changes of accounts that are known to have done anything
        self._authors: set[str] = set()  # who wrote or deleted posts and was not on a roster
        self._posts: dict[tuple[str, str], set[int]] = {}  # posts that changed accounts made or quoted
        self._quoted: dict[tuple[str, str], set[str]] = {}  # posts of unknown authors, and whose officials quoted them
        self._prints: dict[int, set[int]] = {}  # fingerprints of what changed accounts wrote

    def meet(self, event: Event) -> None:
        """First: under which ids accounts act that a roster has by handle alone."""
        at_us = to_us(event.at)
        self.newest_us = max(self.newest_us, at_us)
        self.oldest_us = at_us if self.oldest_us is None else min(self.oldest_us, at_us)
        actor = _actor(event)
        if actor is None or actor.handle is None:
            return
        by_handle = event.platform, handle_key(actor.handle)
        countries = self._handle_countries.get(by_handle)
        if countries is None:
            return
        by_id = event.platform, actor.id
        self._countries.setdefault(by_id, set()).update(countries)
        changes = self._by_handle.get(by_handle)
        if changes is not None:
            self._by_id.setdefault(by_id, set()).update(changes)
            self._touch(event.platform, actor.id, changes)

    def look(self, event: Event) -> None:
        """Second: whom officials engaged with, and what the accounts that changed did."""
        platform, actor = event.platform, _actor(event)
        accounts = tuple(engaged_by(event))
        for account in accounts:
            self._touch(platform, account.id, self._changes_of(platform, account))
        if actor is None:
            return
        if isinstance(event, Suspension):
            self._suspended.add(subject_key(platform, actor.id))
        countries = self._countries.get((platform, actor.id), ())
        if countries:
            for account in accounts:
                self.engaged.setdefault(subject_key(platform, account.id), set()).update(countries)
            if isinstance(event, Post) and event.quotes is not None and quotes_unknown_author(event):
                self._quoted.setdefault((platform, event.quotes.post_id), set()).update(countries)
        elif isinstance(event, Post | Deletion):
            self._authors.add(subject_key(platform, actor.id))
        if self._moved_domains and isinstance(event, Post) and event.links and self._links_elsewhere(event):
            self._touch(platform, actor.id, self._moved_domains)
        changes = self._changes_of(platform, actor)
        if not changes:
            return
        self._acted |= changes
        for account in accounts:
            self._touch(platform, account.id, changes)
        if isinstance(event, Post | Retweet):
            self._posts.setdefault((platform, event.id), set()).update(changes)
        if isinstance(event, Retweet) and event.post_id is not None:
            self._posts.setdefault((platform, event.post_id), set()).update(changes)
        if isinstance(event, Post):
            if event.quotes is not None and quotes_unknown_author(event):
                self._posts.setdefault((platform, event.quotes.post_id), set()).update(changes)
            for each in _fingerprints(event.text[:STATE_TEXT]):
                self._prints.setdefault(each, set()).update(changes)

    def compare(self, event: Event) -> None:
        """Third: posts that changed accounts quoted or passed on, and texts that resemble what they wrote."""
        if not isinstance(event, Post | Retweet):
            return
        platform = event.platform
        if isinstance(event, Retweet):
            self._tie(platform, event.post_id, event.subject)
            same = self._touching(platform, event.id) | self._touching(platform, event.post_id)
            self._touch(platform, event.subject.id, same | self._resembles(retweeted_text(event)))
            return
        same = self._touching(platform, event.id)
        if event.quotes is not None:
            same |= self._touching(platform, event.quotes.post_id)
            if event.quotes.account is not None:
                self._tie(platform, event.quotes.post_id, event.quotes.account)
        for account in engaged_by(event):
            self._touch(platform, account.id, same)
        self._tie(platform, event.id, event.actor)
        if subject_key(platform, event.actor.id) in self._authors:
            self._touch(platform, event.actor.id, same | self._resembles(event.text[:STATE_TEXT]))

    def changed_ids(self) -> dict[str, set[int]]:
        """The accounts that differ, by key, as far as an id is known for them, and the changes."""
        return {subject_key(platform, account_id): set(found) for (platform, account_id), found in self._by_id.items()}

    def engaged_with(self) -> Set[str]:
        """The keys of all subjects that officials of either roster engaged with."""
        return self.engaged.keys()

    def prints(self) -> Set[int]:
        """The fingerprints of what changed accounts wrote."""
        return self._prints.keys()

    def acted(self) -> set[str]:
        """The accounts of changes, as these name them, that are known to have done anything."""
        return {self._changes[number].account for number in self._acted}

    def engaged_by_countries(self, subjects: Iterable[str]) -> set[str]:
        """The States of either roster whose officials engaged with any of the subjects, by key."""
        return set().union(*(self.engaged.get(key, ()) for key in subjects))

    def compares(self) -> bool:
        """Whether a third look can find anything."""
        return bool(self._posts or self._prints or self._quoted)

    def scope(self, of: Set[int] | None = None) -> Scope:
        """What to recount for some of the changes, or for all."""
        subjects = {key for key, changes in self.subjects.items() if of is None or changes & of}
        watched = self.aftermath_countries(subjects, of)
        if self.may_change_aftermaths(watched):
            # An aftermath looks at all that was suspended, and at the texts of who may succeed it.
            around = self._suspended | self._authors
            subjects |= {key for key in around if self.engaged.get(key, set()) & watched}
        countries = set(watched).union(*(self.engaged.get(key, ()) for key in subjects))
        return Scope(subjects=subjects, countries=countries, newest_us=self.newest_us)

    def may_change_aftermaths(self, countries: Set[str]) -> bool:
        """Whether an account is suspended with which officials of these States engaged."""
        return any(self.engaged.get(key, set()) & countries for key in self._suspended)

    def aftermath_countries(self, subjects: Iterable[str], of: Set[int] | None = None) -> set[str]:
        """The States whose aftermaths may change: those of the changed entries, and those that a suspended subject's
        standing is told to.
        """
        found = {
            entry.country
            for number, change in enumerate(self._changes)
            if (of is None or number in of) and not change.only_renames
            for entry in change.entries
        }
        for key in subjects:
            if key in self._suspended:
                found |= self.engaged.get(key, set())
        return found

    def concerns(self, event: Event, scope: Scope) -> bool:
        """Whether a run over that scope has to see the event."""
        actor = _actor(event)
        if isinstance(event, Coverage) or actor is None:
            return True
        if subject_key(event.platform, actor.id) in scope.subjects:
            return True
        if any(country in scope.countries for country in self._countries.get((event.platform, actor.id), ())):
            return True
        return any(subject_key(event.platform, each.id) in scope.subjects for each in engaged_by(event))

    def _touch(self, platform: str, account_id: str, changes: Iterable[int]) -> None:
        if changes:
            self.subjects.setdefault(subject_key(platform, account_id), set()).update(changes)

    def _touching(self, platform: str, post_id: str | None) -> Set[int]:
        return _NOBODY if post_id is None else self._posts.get((platform, post_id), _NOBODY)

    def _tie(self, platform: str, post_id: str | None, author: Account) -> None:
        """Who wrote a post that officials quoted without its being said whose it is: they engaged with that account."""
        countries = self._quoted.get((platform, post_id)) if post_id is not None else None
        if countries is not None:
            self.engaged.setdefault(subject_key(platform, author.id), set()).update(countries)

    def _changes_of(self, platform: str, account: Account) -> Set[int]:
        found: Set[int] = self._by_id.get((platform, account.id), _NOBODY)
        if account.handle is not None and self._by_handle:
            more = self._by_handle.get((platform, handle_key(account.handle)))
            if more is not None:
                return found | more
        return found

    def _links_elsewhere(self, post: Post) -> bool:
        at_us = to_us(post.at)
        old, new = self._rosters
        return any(old.domain_of(link, at_us) != new.domain_of(link, at_us) for link in post.links)

    def _resembles(self, text: str | None) -> set[int]:
        if not text or not self._prints:
            return set()
        return set().union(*(self._prints.get(each, _NOBODY) for each in _fingerprints(text)))


@lru_cache(maxsize=_TEXTS)  # the same events are looked at when they are selected, and when all are
def _fingerprints(text: str) -> tuple[int, ...]:
    return fingerprints(text)


def _moves_domains(change: EntryChange) -> bool:
    return any(entry.domains for entry in change.entries) and not change.only_renames


def _actor(event: Event) -> Account | None:
    return None if isinstance(event, Coverage) else event.actor


def engaged_by(event: Event) -> Iterator[Account]:
    """The accounts besides its own of which an event tells."""
    match event:
        case Retweet() | Follow():
            yield event.subject
        case Post():
            for ref in (event.quotes, event.reply_to):
                if ref is not None and ref.account is not None:
                    yield ref.account
            yield from event.mentions
        case Suspension() | Profile() | Deletion() | Coverage():
            return
