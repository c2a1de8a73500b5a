"""Which domains are officials', of which States, and when. Knows host names, not links or files."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from typing import TypeAlias

from msgspec import Struct

__all__ = ["Domains", "OwnedDomain", "Ownership"]

OwnedDomain: TypeAlias = tuple[str, tuple[str, ...]]
"""A domain, and the States (sorted) of the officials whose it is."""


class Ownership(Struct, frozen=True):
    """One official's word that a domain is its own, in force while `from_us <= at_us < to_us`."""

    domain: str
    country: str
    from_us: int
    to_us: int


class _Owners(Struct, frozen=True):
    # `countries[n]` own the domain from `since_us[n]` on, until the next change.
    since_us: list[int]
    countries: list[tuple[str, ...]]


class Domains:
    """All domains of a roster. The time a look-up takes does not depend on how many there are."""

    __slots__ = ("_most_labels", "_owners")

    def __init__(self, ownerships: Iterable[Ownership]) -> None:
        by_domain: dict[str, list[Ownership]] = {}
        for ownership in ownerships:
            by_domain.setdefault(ownership.domain, []).append(ownership)
        self._owners = {domain: _owners_of(found) for domain, found in by_domain.items()}
        self._most_labels = max((domain.count(".") + 1 for domain in by_domain), default=0)

    def __len__(self) -> int:
        return len(self._owners)

    @property
    def names(self) -> tuple[str, ...]:
        """Every domain that is or was an official's, sorted."""
        return tuple(sorted(self._owners))

    def of(self, host: str, at_us: int) -> OwnedDomain | None:
        """The narrowest domain of an official that is the host or above it, at an event of `at_us`."""
        labels = host.split(".")
        for start in range(max(0, len(labels) - self._most_labels), len(labels) - 1):
            domain = ".".join(labels[start:])
            owned = self._owners.get(domain)
            if owned is not None:
                change = bisect_right(owned.since_us, at_us)
                if change and (countries := owned.countries[change - 1]):
                    return domain, countries
        return None


def _owners_of(ownerships: list[Ownership]) -> _Owners:
    changes: dict[int, list[tuple[str, int]]] = {}
    for ownership in ownerships:
        changes.setdefault(ownership.from_us, []).append((ownership.country, 1))
        changes.setdefault(ownership.to_us, []).append((ownership.country, -1))
    owned = _Owners([], [])
    owners: Counter[str] = Counter()
    for at_us in sorted(changes):
        for country, change in changes[at_us]:
            owners[country] += change
        owned.since_us.append(at_us)
        owned.countries.append(tuple(sorted(country for country, count in owners.items() if count > 0)))
    return owned
