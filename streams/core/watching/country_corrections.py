"""Corrections of the ledgers of States while a batch is applied: what is kept for them, and what is held back.

Between the first part of an order and the last nothing is said of a State's aftermaths. Whoever corrects may be ended
meanwhile: after `HELD_US` by the clock of the workers it is said again.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec.structs import replace

from streams.core.clock import SECOND_US
from streams.core.country_event import CountryEvent, encode_country_event
from streams.core.country_recounts import decode_country_recount
from streams.core.subject_event import SubjectEvent
from streams.core.tracking.recount_state import Superseded
from streams.core.watching.change_set import ChangeSet
from streams.core.watching.country_recount_state import (
    CountryRecount,
    CountryRecounted,
    KeptEvents,
    under_current_roster,
    with_roster_digest,
)
from streams.core.watching.keys import country_recount_key
from streams.core.watching.ledger import Ledger, decode_record, encode_record
from streams.core.watching.pending_sweeps import RECOUNT_ALL, Sweep, recounts_all
from streams.core.watching.records import StandingRecord
from streams.core.watching.recounting import (
    apply_country_recount,
    corrected_of,
    end_country_recount,
    forget_kept_events,
    open_country_recount,
    recount_of,
)
from streams.core.watching.watch_policy import WatchPolicy

__all__ = ["HELD_US", "CountryCorrections"]

HELD_US: Final = 900 * SECOND_US
"""From the time of an order on: a correction of a large ledger takes some minutes."""
_MOST_KEPT: Final = 5_000  # events between the announcement and the last part
_MOST_KEPT_BYTES: Final = 3_000_000
_KEPT: Final = frozenset({"post", "deletion", "notice", "subject_post", "subject_deletion", "coverage"})


class CountryCorrections:
    """Those of one ledger. What it knows is in the ledger after `save`."""

    def __init__(self, ledger: Ledger, policy: WatchPolicy) -> None:
        self._ledger = ledger
        self._policy = policy
        self._superseded: dict[str, tuple[Superseded, ...]] = {}
        self._under_way: dict[str, CountryRecount | None] = {}
        self._released: dict[str, dict[str, bytes]] = {}
        self._kept: dict[str, list[bytes]] = {}  # events of this batch
        self._changed: set[str] = set()
        self._clock_us = 0

    def take(self, event: CountryEvent) -> list[SubjectEvent]:
        """Begin a correction, or carry out a part of it; returns what follows for subjects."""
        country = event.country
        if event.kind == "recount_open":
            if not event.event_id:
                return []
            self.save()  # of this batch, too
            open_country_recount(self._ledger, country, event.event_id)
            self._under_way.pop(country, None)
            return []
        order = decode_country_recount(event.recount or b"")
        under_way = self._recount(country)
        if under_way is None or under_way.correction != order.correction:
            return []
        if not order.last:
            self.save()
            under_way, said = apply_country_recount(self._ledger, under_way, order, self._policy)
            self._keep(under_way)
            return said
        self._released[country] = under_way.before
        end_country_recount(self._ledger, under_way, order)
        self._under_way[country] = None
        self._kept.pop(country, None)
        self._changed.discard(country)
        self._superseded.pop(country, None)
        return []

    def valid(self, event: CountryEvent) -> CountryEvent | None:
        """The event under the roster that stands now, or `None`; kept, where a correction of its State is under way."""
        if not event.country or event.kind not in _KEPT:
            return event
        valid = under_current_roster(self.superseded(event.country), event)
        under_way = self._recount(event.country)
        if valid is not None and under_way is not None and not under_way.too_many:
            payload = encode_country_event(valid)
            kept, size = under_way.kept + 1, under_way.kept_bytes + len(payload)
            if kept > _MOST_KEPT or size > _MOST_KEPT_BYTES:
                forget_kept_events(self._ledger, event.country)
                self._kept.pop(event.country, None)
                self._keep(replace(under_way, kept=0, kept_bytes=0, too_many=True))
            else:
                self._kept.setdefault(event.country, []).append(payload)
                self._keep(replace(under_way, kept=kept, kept_bytes=size))
        return valid

    def under_its_roster(
        self, event: CountryEvent, country: str, said: Iterable[SubjectEvent]
    ) -> tuple[SubjectEvent, ...]:
        """What follows from an event, under its roster. Not while an announced correction is still to come to the
        ledger: posts of accounts that are on the roster no more are there yet, and TRACK has to know of which it was.
        """
        under_way = self._recount(country)
        if under_way is not None and under_way.held_us is None:
            return tuple(said)
        return with_roster_digest(event.roster_digest, said)

    def superseded(self, country: str) -> tuple[Superseded, ...]:
        """The rosters that corrections replaced."""
        known = self._superseded.get(country)
        if known is None:
            known = self._superseded[country] = corrected_of(self._ledger, country).superseded
        return known

    def clock(self, at_us: int) -> None:
        """So late it is by the clock of a worker."""
        self._clock_us = max(self._clock_us, at_us)

    def hold_back(self, countries: Iterable[str], changes: dict[str, ChangeSet]) -> set[str]:
        """The States of which nothing is said now. Their changes are taken out, and what is to be said of States that
        are held back no more comes in.
        """
        held: set[str] = set()
        under_way = self._ledger.beginning_with(country_recount_key("")) if self._clock_us else ()
        for country in {*countries, *(each.country for each in under_way if isinstance(each, CountryRecount))}:
            recount = self._recount(country)
            if recount is None or recount.held_us is None:
                continue
            if self._clock_us > recount.held_us + HELD_US:
                self._released[country] = recount.before
                self._keep(replace(recount, held_us=None, before={}))
                continue
            held.add(country)
            subjects = changes.pop(country).subjects if country in changes else {}
            before = {
                f"{platform}:{subject}": b"" if known is None else encode_record(known)
                for (platform, subject), known in subjects.items()
            }
            if before.keys() - recount.before.keys():
                self._keep(replace(recount, before={**before, **recount.before}))
        for country, before in self._released.items():
            mine = changes.setdefault(country, ChangeSet())
            mine.covered(*RECOUNT_ALL)
            for key, payload in before.items():
                platform, _, subject = key.partition(":")
                known = decode_record(payload) if payload else None
                mine.subjects[platform, subject] = known if isinstance(known, StandingRecord) else None
        return held

    def answers(self, countries: Iterable[str], sweeps: dict[str, Sweep]) -> Iterator[CountryRecounted]:
        """What is to be told of corrections after which all aftermaths are recounted by now; each once."""
        for country in sorted({*countries, *self._released}):
            known = corrected_of(self._ledger, country)
            if known.answer is not None and not recounts_all(sweeps.get(country)):
                self._ledger.put(replace(known, answer=None))
                yield known.answer
        self._released = {}

    def save(self) -> None:
        """Put into the ledger what changed."""
        for country in sorted(self._changed):
            under_way = self._under_way[country]
            if under_way is not None:
                self._ledger.put(under_way)
                if kept := self._kept.pop(country, None):
                    self._ledger.put(KeptEvents(country, under_way.kept, tuple(kept)))
        self._changed.clear()

    def _recount(self, country: str) -> CountryRecount | None:
        if country not in self._under_way:
            self._under_way[country] = recount_of(self._ledger, country)
        return self._under_way[country]

    def _keep(self, under_way: CountryRecount) -> None:
        self._under_way[under_way.country] = under_way
        self._changed.add(under_way.country)
