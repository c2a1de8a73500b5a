"""The watcher: State events in; what they say to subjects, and what changed in aftermaths, out.

The same object serves WATCH's agent and the backtest. No I/O: the ledger is passed in, what comes out is returned.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from streams.core.bounds import bounded_country_event
from streams.core.clock import DAY_US
from streams.core.countries import COUNTRIES
from streams.core.country_event import CountryEvent
from streams.core.enriched import Alert
from streams.core.rulebook.rules import RuleSet
from streams.core.subject_event import SubjectEvent
from streams.core.tracked import TrackedAccount
from streams.core.watching.aftermath_records import Aftermath
from streams.core.watching.change_set import ChangeSet, CountryBatch
from streams.core.watching.country_corrections import CountryCorrections
from streams.core.watching.country_recount_state import CountryRecounted
from streams.core.watching.deletion_step import country_of_post
from streams.core.watching.flush import Flush
from streams.core.watching.forgetting import forgotten_before
from streams.core.watching.keys import country_time_key, pending_sweeps_key, raw_read_key
from streams.core.watching.ledger import Ledger
from streams.core.watching.lookups import keys_to_read
from streams.core.watching.official_accounts import new_official_account
from streams.core.watching.pending_sweeps import PendingSweeps
from streams.core.watching.records import CountryTime, RawRead
from streams.core.watching.watch_figures import WatchFigures
from streams.core.watching.watch_policy import WatchPolicy
from streams.core.watching.watch_step import WatchOutcome, step
from streams.core.watching.watermark import with_report

__all__ = ["WatchChanges", "Watcher"]

_EVERYWHERE: Final = ""  # the State of the watermark, which alone closes watches


class WatchChanges(Struct, frozen=True, kw_only=True):
    """What a batch of events led to: aftermaths and alerts that are new or different, officials' ids to know, and what
    corrections made of ledgers.
    """

    aftermaths: tuple[Aftermath, ...]
    alerts: tuple[Alert, ...]
    tracked: tuple[TrackedAccount, ...]
    answers: tuple[CountryRecounted, ...] = ()

    def records(self) -> tuple[Struct, ...]:
        """The enriched records to be published, but for alerts, which are kept as evidence as well."""
        return self.aftermaths


class Watcher:
    """Applies State events to a ledger and, when asked to flush, says what changed. `outcomes` counts events,
    `shortened` those with an id or a name that is longer than what is kept of one.

    What it knows between two calls of `flush` is lost with it; everything else is in the ledger. `counted` is told each
    watch that a flush looks at, with all that it found.
    """

    def __init__(
        self,
        rules: RuleSet,
        policy: WatchPolicy,
        ledger: Ledger,
        *,
        counted: Callable[[WatchFigures], object] | None = None,
    ) -> None:
        self.rules = rules.judged_on("aftermath").rules
        self.policy = policy
        self.outcomes: Counter[WatchOutcome] = Counter()
        self.watermark_us = 0  # as of the last flush
        self.shortened = 0
        self._ledger = ledger
        self._changes: dict[str, ChangeSet] = {}
        self._newest: dict[str, int] = {}
        self._tracked: dict[tuple[str, str], TrackedAccount] = {}
        self._forgotten: dict[str, int] = {}
        self._is_end = False
        self._counted = counted
        self._corrections = CountryCorrections(ledger, policy)

    def read_ahead(self, events: Iterable[CountryEvent]) -> None:
        """These will be applied soon: what they look up is read together."""
        self._ledger.read_ahead(keys_to_read(events))

    def apply(self, event: CountryEvent) -> tuple[SubjectEvent, ...]:
        """Apply one event; what it says to subjects (withdrawals, text matches) is returned to be sent."""
        if event.kind in ("recount_open", "recount"):
            self.outcomes[WatchOutcome.RECOUNT] += 1
            return tuple(self._corrections.take(event))
        valid = self._corrections.valid(event)
        if valid is None:
            self.outcomes[WatchOutcome.SUPERSEDED] += 1
            return ()
        event = valid
        bounded = bounded_country_event(event)
        country = event.country or country_of_post(self._ledger, bounded)
        changes = self._changes_in(country)
        self.shortened += bounded is not event
        stepped = step(self._ledger, bounded, changes, self.policy)
        if event.roster_digest and any(each.roster_digest not in ("", event.roster_digest) for each in stepped.events):
            stepped = replace(stepped, events=self._corrections.under_its_roster(event, country, stepped.events))
        self.outcomes[stepped.outcome] += 1
        for entry in stepped.concerned:
            self._changes_in(entry.country).entry(entry)
        if stepped.tied is not None:
            self.outcomes[WatchOutcome.TIED] += 1
        if self._is_too_late(event, country):
            self.outcomes[WatchOutcome.TOO_LATE] += 1
        if stepped.contradicts:
            self.outcomes[WatchOutcome.CONTRADICTED] += 1
        if stepped.outcome is WatchOutcome.REFUSED or event.kind in ("standing", "retraction"):
            return stepped.events  # TRACK and people speak of the past: it does not say how far time has come
        if event.kind == "tick":
            self._is_end = self._is_end or event.progress is None
            if event.progress is not None:
                self._corrections.clock(event.progress.as_of_us)
            self._newest[_EVERYWHERE] = max(self._watermark_of(event), self._newest.get(_EVERYWHERE, 0))
            return stepped.events
        if event.kind == "coverage":
            return stepped.events  # sources tell of any time: it does not say how far the State's events have come
        if event.country:
            self._newest[event.country] = max(event.at_us, self._newest.get(event.country, event.at_us))
        account = new_official_account(self._ledger, event) if event.kind == "post" else None  # by its whole id
        if account is not None:
            self._tracked[account.platform, account.id] = account
        return stepped.events

    def flush(self, recounts: int | None = None) -> WatchChanges:
        """What changed since the last call; only watches that the events may have changed are looked at.

        Those that deletions of their State concern, and nothing else, are recounted for at most so many suspensions
        as `recounts` says, and all at the end of a run over files; the others wait for later calls.
        """
        aftermaths: list[Aftermath] = []
        alerts: list[Alert] = []
        before_us, now_us = self._country_time(_EVERYWHERE)
        self.watermark_us = now_us
        everywhere = COUNTRIES if now_us > before_us else frozenset[str]()
        known = self._ledger.get(pending_sweeps_key())
        pending = known.sweeps if isinstance(known, PendingSweeps) else {}
        held = self._corrections.hold_back({*self._changes, *everywhere, *pending} - {_EVERYWHERE}, self._changes)
        swept = {country for country, changes in self._changes.items() if changes.deletions or changes.coverage}
        sweeping = (pending.keys() | swept) - held
        limit = None if recounts is None or self._is_end else -(-recounts // max(1, len(sweeping)))
        sweeps = dict(pending)
        for country in sorted({*self._changes, *everywhere, *pending} - {_EVERYWHERE} - held):
            changes = self._changes.get(country) or ChangeSet()
            batch = CountryBatch(self._ledger, self.policy, country, changes, before_us, now_us)
            flush = Flush(batch, self.rules, self._corrections.superseded(country), self._counted)
            sweep = flush.run(sweeps.pop(country, None), limit)
            if sweep is not None:
                sweeps[country] = sweep
            aftermaths += flush.aftermaths
            alerts += flush.alerts
        answers = tuple(self._corrections.answers(sweeping, sweeps))
        self._corrections.save()
        if sweeps:
            self._ledger.put(PendingSweeps(dict(sorted(sweeps.items()))))
        elif pending:
            self._ledger.discard(pending_sweeps_key())
        for country in self._newest:
            was_us, is_us = self._country_time(country)
            if is_us > was_us:
                self._ledger.put(CountryTime(country, is_us))
        tracked = tuple(account for _, account in sorted(self._tracked.items()))
        self._changes, self._newest, self._tracked, self._is_end = {}, {}, {}, False
        return WatchChanges(aftermaths=tuple(aftermaths), alerts=tuple(alerts), tracked=tracked, answers=answers)

    def _changes_in(self, country: str) -> ChangeSet:
        changes = self._changes.get(country)
        if changes is None:
            changes = self._changes[country] = ChangeSet()
        return changes

    def _is_too_late(self, event: CountryEvent, country: str) -> bool:
        """Whether it is of a time in which watches that are forgotten were open, or before."""
        if not country or event.kind in ("standing", "coverage", "retraction"):
            return False
        before_us = self._forgotten.get(country)
        if before_us is None:
            before_us = self._forgotten[country] = forgotten_before(self._ledger, country)
        return before_us > 0 and event.at_us < before_us + self.policy.watch_days * DAY_US

    def _watermark_of(self, tick: CountryEvent) -> int:
        """What a tick says of event time by itself, or confirms together with those before it."""
        if tick.progress is None:
            return tick.at_us
        known = self._ledger.get(raw_read_key())
        reached_us = self._country_time(_EVERYWHERE)[1]
        read, watermark_us = with_report(known if isinstance(known, RawRead) else RawRead(), tick.progress, reached_us)
        if read != known:
            self._ledger.put(read)
        return watermark_us

    def watermark_everywhere_us(self) -> int:
        """How far event time has come for all States, as of the last flush (µs); 0 before any tick."""
        known = self._ledger.get(country_time_key(_EVERYWHERE))
        return known.at_us if isinstance(known, CountryTime) else 0

    def _country_time(self, country: str) -> tuple[int, int]:
        """The newest event time of a State's own events, or the watermark, before the batch and by now."""
        known = self._ledger.get(country_time_key(country))
        was_us = known.at_us if isinstance(known, CountryTime) else 0
        return was_us, max(was_us, self._newest.get(country, 0))
