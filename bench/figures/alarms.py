"""False alarms: how often rules on an aftermath hold for ordinary accounts and officials who delete out of habit.

Accounts that a parliament amplified are suspended once each, by simulation; so whatever holds then is a false alarm. No
broker, no clock: the backtest's core, seeded, with the same figures on every machine.
"""

import gc
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from random import Random
from typing import Final

from msgspec import Struct

from bench.figures.chance_matches import TextMatches, text_matches
from bench.figures.environment import Environment, FigureFailed
from bench.figures.habits import HABITS
from bench.figures.ordinary_suspensions import MANY_OFFICIALS, MOMENTS, still_possible, suspended_once
from bench.figures.parliament import Parliament, Status, divided, french_parliament, generated_parliament
from streams.core.backtest import Backtest, Results
from streams.core.clock import to_us
from streams.core.enriched import Amplification
from streams.core.identity import alert_id, watch_about
from streams.core.rosters.roster import Roster
from streams.core.rulebook.rules import RuleSet
from streams.core.subject_event import Coordinates
from streams.core.watching.aftermath_records import Aftermath, AftermathDeletion
from streams.core.watching.ledger import Ledger
from streams.core.watching.watch_policy import WatchPolicy
from streams.events import Event, Post
from streams.ledger.memory import MemoryLedger
from streams.rules_loading import bundled_rules

__all__ = ["AlarmRun", "Alarms", "CleanUps", "Plan", "RuleCount", "judged", "measure_alarms", "simulate"]

_SEEDS: Final = 3
_QUICK_SEEDS: Final = 1
_PARTS: Final = 10
_QUICK_PARTS: Final = 2
_NOW: Final = datetime(2030, 1, 1, tzinfo=UTC)  # later than any status: nothing is refused as of the future
_SOURCE: Final = "statuses"
_LEAST_DELETIONS: Final = 5  # what `clean-up` asks for
_SILENT_SHARE: Final = 0.8  # what `silence` asks for
_SITTING: Final = timedelta(hours=1)
_LISTED: Final = 100_000  # all deletions of a watch, since they are looked at here; a record has 50


class RuleCount(Struct, frozen=True, kw_only=True):
    """One rule on an aftermath: in how many watches it held, and in how many of those with five amplifying officials.

    A rule has at most one alert for each watch, so these are its alerts as well.
    """

    rule: str
    raised: int
    raised_of_many: int


class CleanUps(Struct, frozen=True, kw_only=True):
    """Of the watches in which `clean-up` held, how many would be left if it asked for more.

    `by_amplifiers`: five deletions by officials that had amplified the account. `by_two`: two officials that deleted.
    `sittings`: five deletions even if what one official deletes within an hour counts once. `both`: five sittings of
    officials that had amplified it. `concerning`: a deleted post that passed the account on or referred to it.
    """

    by_amplifiers: int
    by_two: int
    sittings: int
    both: int
    concerning: int


class Plan(Struct, frozen=True):
    """What is simulated: a habit, among how many States the officials are divided, and when accounts are suspended."""

    habit: str
    parts: int
    moment: str


class AlarmRun(Struct, frozen=True, kw_only=True):
    """What came of one plan, all seeds together. `watches_of_many` had five amplifying officials; in `mostly_silent` of
    those four in five of them said nothing, however little had been said before: `silence` without its last condition.

    `on_aftermaths` are all rules on aftermaths, in the file's order; `on_subjects` the alerts of each rule on subjects.
    """

    plan: Plan
    suspensions: int
    deletions: int
    watches: int
    watches_of_many: int
    mostly_silent: int
    on_aftermaths: list[RuleCount]
    clean_ups: CleanUps
    on_subjects: dict[str, int]


class Alarms(Struct, frozen=True, kw_only=True):
    """All runs over one parliament, and what its texts share by chance. `officials` are those with a status."""

    about: str
    statuses: int
    officials: int
    seeds: int
    runs: list[AlarmRun]
    texts: TextMatches


def measure_alarms(environment: Environment) -> Alarms:
    """Every habit, with all officials in one State and with few in each, and one run with later suspensions.

    Raises `Unavailable` where the French statuses are absent; quick, a generated parliament stands in for them.
    """
    parliament = generated_parliament(1) if environment.quick else french_parliament()
    seeds = range(1, 1 + (_QUICK_SEEDS if environment.quick else _SEEDS))
    parts = _QUICK_PARTS if environment.quick else _PARTS
    plans = [Plan(habit, number, "while amplified") for number in (1, parts) for habit in HABITS]
    plans.append(Plan(next(iter(HABITS)), 1, "later"))
    environment.echo(f"{len(parliament.statuses):,} statuses of {parliament.about} as they are")
    ledger = MemoryLedger()
    bare = judged(parliament.statuses, parliament.roster, ledger, bundled_rules())
    runs = []
    for plan in plans:
        environment.echo(f"  {plan.habit}; officials of {plan.parts} State(s); suspended {plan.moment}")
        runs.append(_summed([simulate(parliament, bare.amplifications, plan, seed) for seed in seeds]))
    return Alarms(
        about=parliament.about,
        statuses=len(parliament.statuses),
        officials=len({status.actor.id for status in _by_officials(parliament.statuses, parliament.roster)}),
        seeds=len(seeds),
        runs=runs,
        texts=_texts(parliament, bare, ledger),
    )


def simulate(parliament: Parliament, amplifications: Sequence[Amplification], plan: Plan, seed: int) -> AlarmRun:
    """One plan with one seed. `amplifications` are those of the statuses as they are.

    Raises `FigureFailed` if an account was suspended and not watched, or a watch did not end.
    """
    end = max(status.at for status in parliament.statuses)
    roster = divided(parliament.roster, plan.parts, seed)
    suspensions = suspended_once(amplifications, end, MOMENTS[plan.moment], seed)
    statuses = list(still_possible(parliament.statuses, suspensions))
    officials = sorted(_by_officials(statuses, roster), key=lambda status: (status.at, status.id))
    deletions = list(HABITS[plan.habit](officials, Random(f"{seed} {plan.habit}")))
    rules = bundled_rules()
    results = judged(chain(statuses, suspensions.values(), deletions), roster, MemoryLedger(), rules)
    watches = [each for each in results.aftermaths.values() if each.status == "closed"]
    watched = {each.subject.id for each in watches}
    if len(watches) < len(results.aftermaths) or not watched <= suspensions.keys():
        raise FigureFailed("a watch did not end, or is about an account that was not suspended")
    if not deletions and len(watched) < len(suspensions):
        raise FigureFailed("an account that officials had amplified was suspended and not watched")
    held = {
        rule.name: [watch for watch in watches if _alert_id(rule.name, watch) in results.alerts]
        for rule in rules.rules
        if rule.on == "aftermath"
    }
    alerts = Counter(each.rule for each in results.alerts.values())
    return AlarmRun(
        plan=plan,
        suspensions=len(suspensions),
        deletions=len(deletions),
        watches=len(watches),
        watches_of_many=sum(map(_is_of_many, watches)),
        mostly_silent=sum(_is_of_many(each) and _is_mostly_silent(each) for each in watches),
        on_aftermaths=[
            RuleCount(rule=name, raised=len(raised), raised_of_many=sum(map(_is_of_many, raised)))
            for name, raised in held.items()
        ],
        clean_ups=_clean_ups(held["clean-up"]),
        on_subjects={rule.name: alerts[rule.name] for rule in rules.rules if rule.on == "subject"},
    )


def judged(events: Iterable[Event], roster: Roster, ledger: Ledger, rules: RuleSet) -> Results:
    """What the backtest's core makes of events. Records list every deletion of a watch, not just as many as usual."""
    backtest = Backtest(
        roster, rules, ledger, now_us=to_us(_NOW), watch_policy=WatchPolicy(listed=_LISTED, listed_officials=_LISTED)
    )
    fed = [(event, Coordinates(_SOURCE, 0, number)) for number, event in enumerate(events)]
    gc_was_on = gc.isenabled()
    gc.disable()  # as in `streams.jobs.backtest`: nearly everything that is made here stays
    try:
        for event, source in fed:
            backtest.feed(event, source)
        if backtest.needs_second_reading():
            for event, source in fed:
                backtest.again(event, source)
        return backtest.finish()
    finally:
        if gc_was_on:
            gc.enable()


def _summed(runs: Sequence[AlarmRun]) -> AlarmRun:
    first = runs[0]
    return AlarmRun(
        plan=first.plan,
        suspensions=sum(run.suspensions for run in runs),
        deletions=sum(run.deletions for run in runs),
        watches=sum(run.watches for run in runs),
        watches_of_many=sum(run.watches_of_many for run in runs),
        mostly_silent=sum(run.mostly_silent for run in runs),
        on_aftermaths=[
            RuleCount(
                rule=counts[0].rule,
                raised=sum(count.raised for count in counts),
                raised_of_many=sum(count.raised_of_many for count in counts),
            )
            for counts in zip(*(run.on_aftermaths for run in runs), strict=True)
        ],
        clean_ups=CleanUps(
            **{name: sum(getattr(run.clean_ups, name) for run in runs) for name in CleanUps.__struct_fields__}
        ),
        on_subjects={rule: sum(run.on_subjects[rule] for run in runs) for rule in first.on_subjects},
    )


def _alert_id(rule: str, watch: Aftermath) -> str:
    return alert_id(rule, watch_about(watch.country, watch.platform, watch.subject.id), watch.id)


def _clean_ups(watches: Sequence[Aftermath]) -> CleanUps:
    amplifiers = [frozenset(each.id for each in watch.officials if each.amplifications) for watch in watches]
    deleted = [watch.listed_deletions for watch in watches]
    own = [[each for each in of if each.official in ids] for of, ids in zip(deleted, amplifiers, strict=True)]
    return CleanUps(
        by_amplifiers=sum(len(of) >= _LEAST_DELETIONS for of in own),
        by_two=sum(len({each.official for each in of}) > 1 for of in deleted),
        sittings=sum(_sittings(of) >= _LEAST_DELETIONS for of in deleted),
        both=sum(_sittings(of) >= _LEAST_DELETIONS for of in own),
        concerning=sum(any(each.concerns_subject for each in of) for of in deleted),
    )


def _sittings(deletions: Iterable[AftermathDeletion]) -> int:
    """The deletions, with what one official deletes within an hour counted once."""
    began: dict[str, datetime] = {}
    count = 0
    for each in sorted(deletions, key=lambda each: each.deleted_at):
        if each.official not in began or each.deleted_at - began[each.official] > _SITTING:
            began[each.official] = each.deleted_at
            count += 1
    return count


def _is_of_many(watch: Aftermath) -> bool:
    return watch.amplifying_officials >= MANY_OFFICIALS


def _is_mostly_silent(watch: Aftermath) -> bool:
    return watch.silent_officials >= _SILENT_SHARE * watch.amplifying_officials


def _texts(parliament: Parliament, bare: Results, ledger: Ledger) -> TextMatches:
    [state] = {entry.country for entry in parliament.roster.entries}
    [platform] = {entry.platform for entry in parliament.roster.entries}
    officials = _by_officials(parliament.statuses, parliament.roster)
    posts_us = [to_us(status.at) for status in officials if isinstance(status, Post)]
    subjects = sorted({each.subject.id for each in bare.dossiers.values()})
    return text_matches(ledger, state, platform, subjects, posts_us)


def _by_officials(statuses: Iterable[Status], roster: Roster) -> list[Status]:
    return [
        status
        for status in statuses
        if roster.official(status.platform, status.actor.id, status.actor.handle, to_us(status.at)) is not None
    ]
