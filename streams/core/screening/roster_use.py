"""How a roster fares on a run over files: whether its entries acted at all, and whose handles they really were.

An official by handle alone is whoever has the handle. Two ids under one handle are two accounts, and one id in two
terms is one account: handles alone do not say which of them the roster means, so it is said, with ids and dates.
"""

from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from streams.core.clock import day_of, to_us
from streams.core.rosters.roster import Roster, RosterEntry, handle_key
from streams.events import Coverage, Event, Profile, Suspension

__all__ = ["RosterFinding", "RosterUse"]

FindingKind: TypeAlias = Literal[
    "nobody_acted", "never_valid", "other_id", "several_ids", "one_id_in_several_terms", "shifted"
]

_MOST_IDS: Final = 8  # of one handle; nobody reads more
_MOST_FINDINGS: Final = 100
_EXAMPLES: Final = 3


class RosterFinding(Struct, frozen=True, kw_only=True):
    """One thing about the roster that whoever wrote it wants to know; `what` is a sentence."""

    kind: FindingKind
    what: str


class _Seen(Struct):
    """When an id acted under a handle: first and last time (µs), and in which of the handle's entries' terms."""

    first_us: int
    last_us: int
    terms: set[int]


class RosterUse:
    """Shown every event of a run, it says at the end what does not fit. Bounded by the roster, not by the run."""

    __slots__ = (
        "_acted",
        "_by_handle",
        "_handles",
        "_has_events",
        "_ids",
        "_out_of_term",
        "_roster",
        "_shifted",
        "_was_valid",
    )

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self._has_events = False
        self._was_valid = False
        self._out_of_term: list[tuple[RosterEntry, int]] = []
        self._ids: dict[str, dict[str, list[RosterEntry]]] = {}
        self._handles: dict[str, dict[str, list[RosterEntry]]] = {}
        for entry in roster.entries:
            if entry.account_id is not None:
                self._ids.setdefault(entry.platform, {}).setdefault(entry.account_id, []).append(entry)
            if entry.handle is not None:
                self._handles.setdefault(entry.platform, {}).setdefault(handle_key(entry.handle), []).append(entry)
        self._acted: set[tuple[str, str]] = set()
        self._by_handle: dict[tuple[str, str], dict[str, _Seen]] = {}
        self._shifted: dict[tuple[str, str], tuple[str, RosterEntry]] = {}

    def see(self, event: Event) -> None:
        """Take note of who acted."""
        if isinstance(event, Suspension | Profile | Coverage) or event.actor is None:
            return
        actor, platform = event.actor, event.platform
        self._has_events = True
        if actor.id in self._ids.get(platform, ()):
            self._acted.add((platform, actor.id))
            if not self._was_valid:
                self._note_term(self._ids[platform][actor.id], event)
        handles = self._handles.get(platform)
        if handles is None or actor.handle is None or (entries := handles.get(key := handle_key(actor.handle))) is None:
            return
        if not self._was_valid:
            self._note_term([entry for entry in entries if entry.account_id is None], event)
        seen = self._by_handle.setdefault((platform, key), {})
        at_us = to_us(event.at)
        mine = seen.get(actor.id)
        if mine is None:
            if actor.id in self._ids.get(platform, ()) and (platform, actor.id) not in self._shifted:
                self._note_shifted(platform, actor.id, actor.handle, entries)
            if len(seen) >= _MOST_IDS:
                return
            mine = seen[actor.id] = _Seen(at_us, at_us, set())
        elif mine.first_us <= at_us <= mine.last_us and len(mine.terms) == len(entries):
            return
        mine.first_us, mine.last_us = min(mine.first_us, at_us), max(mine.last_us, at_us)
        for place, entry in enumerate(entries):  # nearly always one; a generator takes twice as long
            if entry.account_id is None and place not in mine.terms and _holds(entry, at_us):
                mine.terms.add(place)

    def _note_term(self, entries: list[RosterEntry], event: Event) -> None:
        if not entries:
            return
        at_us = to_us(event.at)
        if any(_holds(entry, at_us) for entry in entries):
            self._was_valid = True
        elif len(self._out_of_term) < _EXAMPLES and all(entry is not entries[0] for entry, _ in self._out_of_term):
            self._out_of_term.append((entries[0], at_us))

    def _note_shifted(self, platform: str, account_id: str, handle: str, entries: list[RosterEntry]) -> None:
        # Its own entries name other handles, and those of its handle other ids.
        if all(entry.account_id not in {None, account_id} for entry in entries) and all(
            entry.handle is not None for entry in self._ids[platform][account_id]
        ):
            self._shifted[platform, account_id] = (handle, entries[0])

    def findings(self) -> list[RosterFinding]:
        """What does not fit, at most 100 findings, in the order of the roster."""
        found: list[RosterFinding] = []
        if self._has_events and self._roster.entries and not self._acted and not any(self._by_handle.values()):
            some = ", ".join(dict.fromkeys(_named(entry) for entry in self._roster.entries[:_EXAMPLES]))
            what = f"none of the {len(self._roster.entries):,} entries of the roster ever acted ({some}, …)"
            found.append(RosterFinding(kind="nobody_acted", what=what))
        elif self._out_of_term and not self._was_valid:
            some = ", ".join(_out_of_term(entry, at_us) for entry, at_us in self._out_of_term)
            what = f"no entry of the roster was valid when its account acted: {some}"
            found.append(RosterFinding(kind="never_valid", what=what))
        if len(self._shifted) > 1:  # one alone may have had the handle before it passed on
            found.append(RosterFinding(kind="shifted", what=self._shifted_ids()))
        for platform, handles in self._handles.items():
            for key, entries in handles.items():
                found += self._of_handle(platform, entries, self._by_handle.get((platform, key), {}))
        return found[:_MOST_FINDINGS]

    def _shifted_ids(self) -> str:
        some = [
            f"{account_id} as @{handle}, which is {entry.account_id} there"
            for (_, account_id), (handle, entry) in self._shifted.items()
        ]
        shown = ", ".join(some[:_EXAMPLES]) + (", …" if len(some) > _EXAMPLES else "")
        return (
            f"{len(some):,} accounts of the roster acted under handles that it has beside other ids ({shown}): are its "
            "ids and handles shifted against each other?"
        )

    def _of_handle(self, platform: str, entries: list[RosterEntry], seen: dict[str, _Seen]) -> Iterator[RosterFinding]:
        for entry in entries:
            if entry.account_id is not None and (platform, entry.account_id) not in self._acted:
                for account_id in seen.keys() - self._ids[platform].keys():
                    what = (
                        f"@{entry.handle} acted under the id {account_id}, which is not on the roster; the roster's "
                        f"{entry.account_id} never acted"
                    )
                    yield RosterFinding(kind="other_id", what=what)
        alone = [entry for entry in entries if entry.account_id is None]
        if alone and len(seen) > 1:
            spans = sorted(seen.items(), key=lambda item: (item[1].first_us, item[0]))
            accounts = ", ".join(
                f"{account_id} from {day_of(each.first_us)} to {day_of(each.last_us)}" for account_id, each in spans
            )
            what = (
                f"@{alone[0].handle} of the roster was {len(seen)} accounts: {accounts}; name the right one by its id"
            )
            yield RosterFinding(kind="several_ids", what=what)
        for account_id, each in seen.items():
            if len(each.terms) > 1:
                what = (
                    f"one account, {account_id}, acted in {len(each.terms)} terms of @{alone[0].handle}; whoever had "
                    "the handle before may have another one now: name both by their ids"
                )
                yield RosterFinding(kind="one_id_in_several_terms", what=what)


def _holds(entry: RosterEntry, at_us: int) -> bool:
    begun = entry.valid_from_us is None or entry.valid_from_us <= at_us
    return begun and (entry.valid_to_us is None or at_us < entry.valid_to_us)


def _out_of_term(entry: RosterEntry, at_us: int) -> str:
    since = "" if entry.valid_from_us is None else f" from {day_of(entry.valid_from_us)}"
    until = "" if entry.valid_to_us is None else f" to {day_of(entry.valid_to_us)}"
    return f"{_named(entry)} acted on {day_of(at_us)} and is valid{since}{until}"


def _named(entry: RosterEntry) -> str:
    return f"@{entry.handle}" if entry.handle is not None else f"{entry.platform}:{entry.account_id}"
