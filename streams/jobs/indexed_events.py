"""The events of a comparison from the index of `evidence`: what the changed entries touched, not all there is."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Final

from streams.core.corrections.entry_changes import EntryChange
from streams.core.corrections.selection import select_compared
from streams.core.rosters.roster import Roster
from streams.events import Event
from streams.jobs.events_at_hand import EventsAtHand
from streams.jobs.evidence_store import EvidenceStore, StoredEvent

__all__ = ["add_selected"]

_ELSEWHERE: Final = -1


def add_selected(
    at_hand: EventsAtHand,
    store: EvidenceStore,
    raw: EvidenceStore,
    old: Roster,
    new: Roster,
    changes: Sequence[EntryChange],
) -> None:
    """Take in what of the evidence, and of raw events that are none, a comparison of the rosters has to see."""
    both = _Both(store, raw)
    found = select_compared(both, old, new, changes)
    for kept in both.kept(found.numbers):
        at_hand.add(kept.event, f"{kept.source.topic}/{kept.source.partition}", kept.source.offset)
    at_hand.selected_from(
        len(store) + len(raw),
        [each.oldest_us for each in (store, raw) if len(each)],
        [each.newest_us for each in (store, raw) if len(each)],
        gone=found.gone.keys(),
    )


class _Both:
    """Two stores as one `EvidenceLookup`. The events of the second have numbers below 0."""

    def __init__(self, one: EvidenceStore, other: EvidenceStore) -> None:
        self._one, self._other = one, other

    def found_by(self, terms: Iterable[int]) -> set[int]:
        """See `EvidenceLookup`."""
        wanted = list(terms)
        return self._one.found_by(wanted) | _below(self._other.found_by(wanted))

    def called(self, handles: Iterable[int]) -> tuple[set[int], set[int]]:
        """See `EvidenceLookup`."""
        wanted = list(handles)
        (accounts, numbers), (more, others) = self._one.called(wanted), self._other.called(wanted)
        return accounts | more, numbers | _below(others)

    def sharing(self, prints: set[int]) -> set[int]:
        """See `EvidenceLookup`."""
        return self._one.sharing(prints) | _below(self._other.sharing(prints))

    def events(self, numbers: Iterable[int]) -> Iterator[tuple[int, Event]]:
        """See `EvidenceLookup`."""
        mine, others = _parted(numbers)
        below = ((_ELSEWHERE - number, event) for number, event in self._other.events(others))
        return chain(self._one.events(mine), below)

    def prints(self, numbers: Iterable[int]) -> set[int]:
        """See `EvidenceLookup`."""
        mine, others = _parted(numbers)
        return self._one.prints(mine) | self._other.prints(others)

    def every(self) -> set[int]:
        """See `EvidenceLookup`."""
        return self._one.every() | _below(self._other.every())

    def gone_of(self, accounts: Iterable[str]) -> dict[str, set[str]]:
        """See `EvidenceLookup`."""
        return self._one.gone_of(accounts)

    def kept(self, numbers: Iterable[int]) -> Iterator[StoredEvent]:
        """The events of these numbers, and where each stood."""
        mine, others = _parted(numbers)
        for _, kept in chain(self._one.kept(mine), self._other.kept(others)):
            yield kept


def _below(numbers: Iterable[int]) -> set[int]:
    return {_ELSEWHERE - number for number in numbers}


def _parted(numbers: Iterable[int]) -> tuple[list[int], list[int]]:
    """Those of the first store, and those of the second as this has them."""
    found = list(numbers)
    return [each for each in found if each >= 0], [_ELSEWHERE - each for each in found if each < 0]
