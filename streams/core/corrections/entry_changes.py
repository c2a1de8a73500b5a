"""How two rosters differ: account by account, and in what way. Which changes can move a figure is said here as well."""

from collections.abc import Iterable, Sequence
from typing import Final, Literal, TypeAlias, get_args

from msgspec import Struct

from streams.core.rosters.roster import Roster, RosterEntry, account_key

__all__ = ["CHANGE_KINDS", "EntryChange", "EntryChangeKind", "entry_changes", "with_changes"]

EntryChangeKind: TypeAlias = Literal[
    "removed", "added", "country", "category", "term", "id_for_handle", "handle_for_id", "domains", "renamed"
]
CHANGE_KINDS: Final[tuple[str, ...]] = get_args(EntryChangeKind)
"""In the order in which they are shown: what weighs most comes first."""

_Terms: TypeAlias = dict[str, tuple[RosterEntry, ...]]


class EntryChange(Struct, frozen=True, kw_only=True):
    """What differs of one account: its terms in the old roster and in the new one, none where it is not on it.

    `renamed` alone says that names, the handle of an account with an id, or sources differ: no figure looks at them.
    """

    account: str
    kinds: tuple[EntryChangeKind, ...]
    before: tuple[RosterEntry, ...]
    after: tuple[RosterEntry, ...]

    @property
    def entries(self) -> tuple[RosterEntry, ...]:
        """All terms, the old ones first."""
        return (*self.before, *self.after)

    @property
    def only_renames(self) -> bool:
        """Whether nothing that is counted can change by it."""
        return self.kinds == ("renamed",)

    @property
    def shown(self) -> str:
        """The account as people know it: its newest handle, or its key where it has none."""
        for entry in reversed(self.entries):
            if entry.handle:
                return f"@{entry.handle.removeprefix('@')}"
        return self.account


def entry_changes(old: Roster, new: Roster) -> tuple[EntryChange, ...]:
    """Every account whose terms differ, in the order of the changes' weight and of the accounts' names.

    An account that one roster has by handle alone and the other by id, with that handle, is one change.
    """
    before, after = _terms(old), _terms(new)
    found: list[EntryChange] = []
    gone = before.keys() - after.keys()
    come = after.keys() - before.keys()
    for of_handle, of_id, kind in (
        (gone, come, "id_for_handle"),
        (come, gone, "handle_for_id"),
    ):
        for key in sorted(of_id):
            terms = after[key] if kind == "id_for_handle" else before[key]
            by_handle = _by_handle(terms)
            if by_handle is None or by_handle not in of_handle:
                continue
            of_handle.discard(by_handle)
            of_id.discard(key)
            old_key, new_key = (by_handle, key) if kind == "id_for_handle" else (key, by_handle)
            kinds = _differences(before[old_key], after[new_key])
            named: EntryChangeKind = "id_for_handle" if kind == "id_for_handle" else "handle_for_id"
            found.append(_change(new_key, {named, *kinds}, before[old_key], after[new_key]))
    found += [_change(key, {"removed"}, before[key], ()) for key in gone]
    found += [_change(key, {"added"}, (), after[key]) for key in come]
    for key in before.keys() & after.keys():
        if before[key] != after[key]:
            found.append(_change(key, _differences(before[key], after[key]), before[key], after[key]))
    return tuple(sorted(found, key=lambda each: (CHANGE_KINDS.index(each.kinds[0]), each.account)))


def with_changes(old: Roster, changes: Iterable[EntryChange]) -> Roster:
    """The old roster with some of the changes that lead to the new one."""
    chosen = tuple(changes)
    leaving = {entry for change in chosen for entry in change.before}
    staying = [entry for entry in old.entries if entry not in leaving]
    return Roster([*staying, *(entry for change in chosen for entry in change.after)])


def _terms(roster: Roster) -> _Terms:
    found: dict[str, list[RosterEntry]] = {}
    for entry in roster.entries:
        found.setdefault(entry.account_key, []).append(entry)
    return {key: tuple(sorted(terms, key=_begins)) for key, terms in found.items()}


def _begins(entry: RosterEntry) -> int:
    return -(2**62) if entry.valid_from_us is None else entry.valid_from_us


def _by_handle(terms: Sequence[RosterEntry]) -> str | None:
    """The key that an account with an id has where a roster knows it by its handle alone."""
    handle = terms[0].handle
    return None if handle is None else account_key(terms[0].platform, None, handle)


def _change(
    account: str, kinds: set[EntryChangeKind], before: tuple[RosterEntry, ...], after: tuple[RosterEntry, ...]
) -> EntryChange:
    ordered = tuple(sorted(kinds, key=CHANGE_KINDS.index))
    return EntryChange(account=account, kinds=ordered, before=before, after=after)


def _differences(before: tuple[RosterEntry, ...], after: tuple[RosterEntry, ...]) -> set[EntryChangeKind]:
    """In what way the terms of one account differ: those of the same time are compared, the others one by one."""
    kinds: set[EntryChangeKind] = set()
    left, right = list(before), list(after)
    pairs: list[tuple[RosterEntry, RosterEntry]] = []
    for one in before:
        for other in right:
            if (one.valid_from_us, one.valid_to_us) == (other.valid_from_us, other.valid_to_us):
                pairs.append((one, other))
                left.remove(one)
                right.remove(other)
                break
    if left or right:
        kinds.add("term")
    pairs += zip(left, right, strict=False)
    for one, other in pairs:
        if one.country != other.country:
            kinds.add("country")
        if one.category != other.category:
            kinds.add("category")
        if one.domains != other.domains:
            kinds.add("domains")
        if (one.name, one.source_url, one.handle) != (other.name, other.source_url, other.handle):
            kinds.add("renamed")
    return kinds
