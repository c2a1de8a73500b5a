"""Whom SCREEN knows: the officials of the roster and the accounts that TRACK and WATCH told of, in one look-up.

Per platform one plain set decides about most events.
"""

from collections.abc import Iterable, Iterator, Mapping, Set
from typing import Final, TypeAlias

from msgspec import Struct

from streams.core.canary import CANARY_OFFICIAL, CANARY_PLATFORM
from streams.core.officials import Official
from streams.core.rosters.roster import Roster, Term, handle_key
from streams.core.tracked import TrackedAccount
from streams.events import Account

__all__ = ["AccountIndex", "KnownAccount", "PlatformIndex"]


class KnownAccount(Struct, frozen=True, gc=False):
    """What is known of an account by its id.

    `rostered`: the roster has the id. `countries`: those whose officials amplified it; its own posts are evidence for
    them. `handle`: it was seen as the official that the roster has under this handle alone.
    """

    rostered: bool = False
    countries: tuple[str, ...] = ()
    handle: str | None = None

    @property
    def is_tracked(self) -> bool:
        """Whether more is known of it than that the roster has it."""
        return bool(self.countries) or self.handle is not None

    @property
    def may_be_official(self) -> bool:
        """Whether more than its posts may matter: only the roster can say whether it is an official at some time."""
        return self.rostered or self.handle is not None


PlatformIndex: TypeAlias = tuple[Set[str], Mapping[str, KnownAccount], Mapping[str, tuple[Term, ...]]]
"""The account index of one platform: their ids, what is known of each, and the roster's terms of those that it has by
handle alone, by `handle_key`.

The ids are a set besides the dict, for the many that are in neither: a set keeps the hashes beside each other, a dict
of strings has to go and see the strings. Of a million, a set says no in a fourth of the time (bench/figures/screen.py).
"""

_UNKNOWN: Final = KnownAccount()
_NOBODY: Final[PlatformIndex] = (frozenset(), {}, {})
# Nobody else lives there, whatever a roster says.
_CANARY: Final[PlatformIndex] = (frozenset({CANARY_OFFICIAL.id}), {CANARY_OFFICIAL.id: KnownAccount(rostered=True)}, {})


class AccountIndex:
    """The roster in force and the tracked accounts. Changes in place, by whole records; a tracked one is forgotten
    only where a record says so.

    A million tracked accounts are a million entries of a dict and a set: equal account index are one object.
    """

    __slots__ = (
        "_countries",
        "_ids",
        "_known",
        "_official_countries",
        "_platform_indexes",
        "_roster",
        "_same",
        "_tracked",
    )

    def __init__(self, roster: Roster | None = None) -> None:
        self._ids: dict[str, set[str]] = {}
        self._known: dict[str, dict[str, KnownAccount]] = {}
        self._platform_indexes: dict[str, PlatformIndex] = {}
        self._same: dict[KnownAccount, KnownAccount] = {}
        self._tracked = 0
        self._countries: dict[str, set[str]] = {}
        self._official_countries: dict[tuple[str, str], set[str]] = {}
        self._roster = Roster()
        self.use(Roster() if roster is None else roster)

    @property
    def roster(self) -> Roster:
        """The roster in force."""
        return self._roster

    @property
    def tracked(self) -> int:
        """How many accounts are known besides, or for more than, being on the roster."""
        return self._tracked

    def use(self, roster: Roster) -> None:
        """Put another roster in force; takes time by the size of the two rosters, not by the tracked accounts."""
        for entry in self._roster.entries:
            if entry.account_id is not None:
                self._know(entry.platform, entry.account_id, rostered=False)
        self._roster = roster
        self._countries, self._official_countries = {}, {}
        for entry in roster.entries:
            self._countries.setdefault(entry.platform, set()).add(entry.country)
            if entry.account_id is not None:
                self._know(entry.platform, entry.account_id, rostered=True)
                self._official_countries.setdefault((entry.platform, entry.account_id), set()).add(entry.country)
        self._platform_indexes = {}
        for platform in {*self._ids, *(entry.platform for entry in roster.entries)}:
            self._index_platform(platform)
        self._platform_indexes[CANARY_PLATFORM] = _CANARY

    def add(self, account: TrackedAccount) -> None:
        """Take in one record; the last one of a kind for an account is the valid one."""
        known = self.of(account.platform, account.id)
        is_of_subject = bool(account.countries) or account.handle is None
        self._know(
            account.platform,
            account.id,
            rostered=known.rostered,
            countries=account.countries if is_of_subject else known.countries,
            handle=account.handle or known.handle,
        )
        self._tracked += self._known[account.platform].get(account.id, _UNKNOWN).is_tracked - known.is_tracked
        if account.platform not in self._platform_indexes:
            self._index_platform(account.platform)

    def platform_index(self, platform: str) -> PlatformIndex:
        """Everybody known on a platform, as plain collections for the hot path: read only."""
        return self._platform_indexes.get(platform, _NOBODY)

    def of(self, platform: str, account_id: str) -> KnownAccount:
        """What is known of an account by its id; nothing of a stranger."""
        return self.platform_index(platform)[1].get(account_id, _UNKNOWN)

    def concerned(self, platform: str, officials: Iterable[str] | None) -> list[tuple[str, tuple[str, ...] | None]]:
        """The States that have officials on a platform, at any time, or those that have some of the named ones, with
        their ids; in the order of their codes.
        """
        if officials is None:
            return [(country, None) for country in sorted(self._countries.get(platform, ()))]
        found: dict[str, list[str]] = {}
        for official in dict.fromkeys(officials):
            for country in sorted(self._countries_of(platform, official)):
                found.setdefault(country, []).append(official)
        return [(country, tuple(ids)) for country, ids in sorted(found.items())]

    def _countries_of(self, platform: str, official: str) -> set[str]:
        found = set(self._official_countries.get((platform, official), ()))
        handle = self.of(platform, official).handle
        if handle is not None:
            found.update(term.entry.country for term in self._roster.handles_of(platform).get(handle_key(handle), ()))
        return found

    def is_tracked(self) -> Iterator[tuple[str, str]]:
        """Platform and id of every tracked account."""
        for platform, account_index in self._known.items():
            yield from ((platform, account_id) for account_id, each in account_index.items() if each.is_tracked)

    def official(self, platform: str, account: Account, at_us: int) -> Official | None:
        """What the roster says of an account as an event of `at_us` names it."""
        return self._roster.official(platform, account.id, account.handle, at_us)

    def domain_of(self, link: str, at_us: int) -> str | None:
        """The domain on the roster that a link leads to, at an event of `at_us`."""
        found = self._roster.domain_of(link, at_us)
        return None if found is None else found[0]

    def author(self, platform: str, account: Account, at_us: int) -> Official | None:
        """As `official`, for who acted: an event without its handle (a deletion, a status of ids alone) is tied by the
        handle under which the id was seen elsewhere.
        """
        found = self._roster.official(platform, account.id, account.handle, at_us)
        if found is None and account.handle is None and (handle := self.of(platform, account.id).handle) is not None:
            return self._roster.official(platform, account.id, handle, at_us)
        return found

    def _know(
        self,
        platform: str,
        account_id: str,
        *,
        rostered: bool,
        countries: tuple[str, ...] | None = None,
        handle: str | None = None,
    ) -> None:
        ids, account_index = self._ids.setdefault(platform, set()), self._known.setdefault(platform, {})
        before = account_index.get(account_id, _UNKNOWN)
        known = KnownAccount(
            rostered, before.countries if countries is None else countries, before.handle if handle is None else handle
        )
        if known == _UNKNOWN:
            ids.discard(account_id)
            account_index.pop(account_id, None)
        else:
            ids.add(account_id)
            account_index[account_id] = self._same.setdefault(known, known)

    def _index_platform(self, platform: str) -> None:
        ids, known = self._ids.setdefault(platform, set()), self._known.setdefault(platform, {})
        self._platform_indexes[platform] = (ids, known, self._roster.handles_of(platform))
