"""The roster: who is an official, of which State, and when. Answers for one moment of event time, in constant time."""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from itertools import pairwise
from operator import attrgetter, itemgetter
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from streams.core.officials import Category, Official
from streams.core.rosters.hosts import MAX_HOST, host_name, link_host
from streams.core.rosters.roster_domains import Domains, OwnedDomain, Ownership
from streams.core.subject_event import subject_key
from streams.events import Platform

__all__ = ["MAX_DOMAINS", "Roster", "RosterEntry", "Term", "account_key", "handle_key"]

MAX_DOMAINS: Final = 20
"""Domains of one entry."""

_ALWAYS_FROM: Final = -(2**62)
_ALWAYS_TO: Final = 2**62
_DIGEST_VERSION: Final = b"antiphon roster 1\n"  # a change of the canonical form is a new digest of every roster

_encoder: Final = msgspec.json.Encoder()


class RosterEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One term of one official: an account, found by its id or, for want of one, by its handle, and what it is.

    In force from `valid_from_us` up to but not including `valid_to_us` (µs since 1970 UTC; `None`: no bound). `domains`
    are the hosts of its own sites, in lower case and IDNA's ASCII form; the hosts below them are its own too.
    """

    platform: Platform
    """The platform of the account."""
    account_id: Annotated[str, Meta(min_length=1, max_length=256)] | None = None
    """The platform's id of the account; absent where the entry matches by handle."""
    handle: Annotated[str, Meta(min_length=1, max_length=1_024)] | None = None
    """The handle, without @."""
    name: Annotated[str, Meta(max_length=1_024)] | None = None
    """A name for people."""
    country: Annotated[str, Meta(min_length=2, max_length=2)]
    """The State: an ISO 3166-1 alpha-2 code, EU or UN."""
    category: Category
    """What kind of official the account is."""
    source_url: Annotated[str, Meta(max_length=1_024)]
    """The public source of the entry."""
    valid_from_us: int | None = None
    """Where the term begins, in µs since 1970 UTC; absent for no bound."""
    valid_to_us: int | None = None
    """Where the term ends, itself outside, in µs since 1970 UTC; absent for no bound."""
    domains: Annotated[tuple[Annotated[str, Meta(max_length=MAX_HOST)], ...], Meta(max_length=MAX_DOMAINS)] = ()
    """Hosts of the official's own sites, in lower case and ASCII."""

    @property
    def account_key(self) -> str:
        """What names the account on the roster: `platform:id`, or `platform:@handle` where no id is given."""
        return account_key(self.platform, self.account_id, self.handle)


class Term(Struct, frozen=True):
    """One entry, ready for look-up: in force while `from_us <= at_us < to_us`.

    `official` is `None` where the event has to say the id or the handle.
    """

    from_us: int
    to_us: int
    official: Official | None
    entry: RosterEntry


class Roster:
    """All officials. Immutable; two rosters with the same entries are equal and have the same digest.

    Raises `ValueError` for entries that no roster may hold: without id and handle, with an id that begins with `@`,
    with an empty term, with overlapping terms of one account, or with a domain that is no host name.
    """

    __slots__ = ("_digest", "_domains", "_entries", "_handles", "_ids")

    def __init__(self, entries: Iterable[RosterEntry] = ()) -> None:
        lines = sorted(((_canonical(entry), entry) for entry in entries), key=itemgetter(0))
        self._entries = tuple(entry for _, entry in lines)
        self._digest = sha256(_DIGEST_VERSION + b"\n".join(line for line, _ in lines)).hexdigest()
        self._ids = _index(entry for entry in self._entries if entry.account_id is not None)
        self._handles = _index(entry for entry in self._entries if entry.account_id is None)
        self._domains = Domains(_ownerships(self._entries))

    @property
    def entries(self) -> tuple[RosterEntry, ...]:
        """All entries, in an order that depends on nothing but themselves."""
        return self._entries

    @property
    def digest(self) -> str:
        """SHA-256 of the entries, in hex: the same for the same entries in any order."""
        return self._digest

    def ids_of(self, platform: str) -> Mapping[str, tuple[Term, ...]]:
        """The terms of each account that is on the roster by id, as a plain dict for the hot path: read only."""
        return self._ids.get(platform, {})

    def handles_of(self, platform: str) -> Mapping[str, tuple[Term, ...]]:
        """The terms of each account that is on the roster by handle alone, by `handle_key`: read only."""
        return self._handles.get(platform, {})

    def official(self, platform: str, account_id: str, handle: str | None, at_us: int) -> Official | None:
        """What the roster says of an account at an event of `at_us`, or `None` if it was no official then.

        An entry with an id matches by id alone, whatever the handle is by now; an entry without matches by handle.
        """
        ids = self._ids.get(platform)
        if ids is not None and (terms := ids.get(account_id)) is not None:
            for term in terms:
                if term.from_us <= at_us < term.to_us:
                    return term.official or _named(term.entry, account_id, handle)
        if handle and (handles := self._handles.get(platform)) is not None:
            for term in handles.get(handle_key(handle), ()):
                if term.from_us <= at_us < term.to_us:
                    return _named(term.entry, account_id, handle)
        return None

    @property
    def domains(self) -> tuple[str, ...]:
        """Every domain that is or was an official's, sorted."""
        return self._domains.names

    def domain_of(self, link: str, at_us: int) -> OwnedDomain | None:
        """The domain on the roster that a link (an address or a bare host) leads to at an event of `at_us`, and the
        States of the officials whose it was then; `None` if it leads elsewhere.

        The narrowest, where one domain lies below another. What a link is, and how its host is read, is
        `streams.core.rosters.hosts.link_host`'s word. Does not follow short links.
        """
        host = link_host(link) if self._domains else None
        return None if host is None else self._domains.of(host, at_us)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Roster) and self._digest == other._digest

    def __hash__(self) -> int:
        return hash(self._digest)

    def __repr__(self) -> str:
        return f"<Roster of {len(self._entries)} entries, {self._digest[:12]}>"


def account_key(platform: str, account_id: str | None, handle: str | None) -> str:
    """What names an account on a roster: `platform:id`, or `platform:@handle` where no id is given."""
    return f"{platform}:@{handle_key(handle or '')}" if account_id is None else subject_key(platform, account_id)


def handle_key(handle: str) -> str:
    """A handle as it is compared: without a leading `@`, in lower case.

    A handle with a character outside ASCII never equals one without: the Kelvin sign is no `k`.
    """
    bare = handle[1:] if handle[:1] == "@" else handle
    lowered = bare.lower()
    return bare if lowered.isascii() and not bare.isascii() else lowered


def _canonical(entry: RosterEntry) -> bytes:
    # Spelled out field by field, so that a new field or another JSON library cannot change digests unnoticed. Domains
    # are there only if there are any: rosters from before they existed keep their digests.
    fields = (
        entry.platform,
        entry.account_id,
        entry.handle,
        entry.name,
        entry.country,
        entry.category,
        entry.source_url,
        entry.valid_from_us,
        entry.valid_to_us,
    )
    return _encoder.encode((*fields, entry.domains) if entry.domains else fields)


def _index(entries: Iterable[RosterEntry]) -> dict[str, dict[str, tuple[Term, ...]]]:
    # By platform, then by id or handle key; the terms of an account in order of time.
    found: dict[str, dict[str, list[Term]]] = {}
    for entry in entries:
        account = handle_key(entry.handle or "") if entry.account_id is None else entry.account_id
        if not account or (entry.account_id is not None and account[0] == "@"):
            raise ValueError(f"{entry.account_key!r}: an entry needs an id that does not begin with @, or a handle")
        found.setdefault(entry.platform, {}).setdefault(account, []).append(_term(entry))
    for accounts in found.values():
        for terms in accounts.values():
            terms.sort(key=attrgetter("from_us"))
            if any(earlier.to_us > later.from_us for earlier, later in pairwise(terms)):
                raise ValueError(f"{terms[0].entry.account_key!r}: two of its terms overlap")
    return {
        platform: {account: tuple(terms) for account, terms in accounts.items()} for platform, accounts in found.items()
    }


def _term(entry: RosterEntry) -> Term:
    from_us, to_us = _bounds(entry)
    if from_us >= to_us:
        raise ValueError(f"{entry.account_key!r}: a term ends before it begins")
    return Term(from_us, to_us, _official(entry), entry)


def _bounds(entry: RosterEntry) -> tuple[int, int]:
    from_us = _ALWAYS_FROM if entry.valid_from_us is None else entry.valid_from_us
    return from_us, _ALWAYS_TO if entry.valid_to_us is None else entry.valid_to_us


def _ownerships(entries: Iterable[RosterEntry]) -> Iterator[Ownership]:
    for entry in entries:
        for domain in entry.domains:
            if host_name(domain) != domain:
                raise ValueError(f"{entry.account_key!r}: {domain!r} is no host name")
            yield Ownership(domain, entry.country, *_bounds(entry))


def _official(entry: RosterEntry) -> Official | None:
    if entry.account_id is None or entry.handle is None:
        return None
    return _named(entry, entry.account_id, entry.handle)


def _named(entry: RosterEntry, account_id: str, handle: str | None) -> Official:
    # The roster's handle, where it has one: what is said of an official must not depend on which event came last.
    return Official(
        id=account_id,
        handle=entry.handle if entry.account_id is not None and entry.handle is not None else handle,
        country=entry.country,
        category=entry.category,
        name=entry.name,
    )
