"""After a correction a touched subject is what a run with the new roster from the start makes of the evidence."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from random import Random
from typing import Final

import pytest
from msgspec import Struct
from msgspec.structs import asdict, replace

from streams.core.backtest import Backtest, Results
from streams.core.clock import to_us
from streams.core.dossier_parts import Totals
from streams.core.enriched import Alert
from streams.core.rosters.roster import Roster
from streams.core.rule_files.rule_file import parse_rules
from streams.core.screening.account_index import AccountIndex
from streams.core.screening.screen import ScreenPolicy, screen_event
from streams.core.subject_event import Coordinates, SubjectEvent
from streams.core.tracking.track import TrackOutcome
from streams.deadletters import Rejection
from streams.events import Deletion, Event, Post, Retweet, decode_event
from streams.ledger.memory import MemoryLedger
from tests.jobs.corrected_pipeline import NOW_US, CorrectedPipeline
from tests.jobs.edits import edited
from tests.pipeline.world import World

_RULES: Final = parse_rules(
    """
[rules.twice]
description = "Officials amplified an account twice, or a State's leads."
severity = "info"
quiet = "20d"
[rules.twice.when]
amplifications = { at_least = 2 }
[rules.twice.countries.RU]
amplifications = { at_least = 3 }
[rules.twice.escalate.critical]
distinct_officials = { at_least = 4 }

[rules.gone]
description = "An account that an official amplified is suspended."
severity = "warning"
quiet = "30d"
[rules.gone.when]
suspended = true
distinct_officials = { at_least = 1 }
""",
    "touchy.toml",
)
_WORLDS: Final = 6
# What WATCH's ledger has of posts stays as it was said when they came: texts that later posts are compared with, and in
# which State a deletion is looked for. So no deletions come afterwards.
_FROM_OLD_TEXTS: Final = frozenset({"text_matches", "score"})
_BEGIN_US: Final = to_us(datetime(2022, 1, 1, tzinfo=UTC))
_END_US: Final = to_us(datetime(2022, 7, 20, tzinfo=UTC))


def _silent(event: Event) -> Event:
    """Without a text: what WATCH compares texts with is not corrected."""
    if isinstance(event, Post):
        return replace(event, text="")
    return replace(event, text=None) if isinstance(event, Retweet) else event


def _oracle(evidence: list[tuple[Event, Coordinates]], roster: Roster) -> Results:
    backtest = Backtest(roster, _RULES, MemoryLedger(), now_us=NOW_US)
    for event, source in evidence:
        backtest.feed(event, source)
    if backtest.needs_second_reading():
        for event, source in evidence:
            backtest.again(event, source)
    return backtest.finish()


def _screened(pipeline: CorrectedPipeline, random: Random, count: int) -> list[SubjectEvent]:
    """What a SCREEN with the roster of before says once more of raw events that passed."""
    stale = AccountIndex(pipeline.roster)
    found: list[SubjectEvent] = []
    for event, source in random.sample(pipeline.evidence, min(count, len(pipeline.evidence))):
        screening = screen_event(event, source, stale, NOW_US, ScreenPolicy())
        assert not isinstance(screening, Rejection)
        found += screening.events
    return found


def _correction(seed: int) -> Counter[str]:
    """A world in which the roster is corrected at a random moment, events come meanwhile, and a SCREEN is late.
    Returns what was seen.
    """
    random = Random(seed)
    world = World(seed=seed, events=700)
    events = [decode_event(line) for line in world.lines()]
    moment = random.randrange(len(events) // 2, len(events) - 60)
    pipeline = CorrectedPipeline(world.roster, _RULES, random)
    pipeline.feed(events[:moment])
    strangers = [f"5{random.randrange(2_000)}" for _ in range(4)]
    new = edited(world.roster, random, strangers, _BEGIN_US, _END_US, random.randint(2, 6))
    late = _screened(pipeline, random, 60)
    before = dict(pipeline.track.states)
    told = dict(pipeline.track.standing)
    meanwhile = [_silent(event) for event in events[moment : moment + (0, 0, 30)[seed % 3]]]
    subjects = pipeline.correct(new, meanwhile, late)
    if not meanwhile:
        _assert_others_unchanged(pipeline, before, subjects, late)
        _assert_nothing_changed_without_a_word(pipeline, told)
    _assert_as_counted_from_the_evidence(pipeline, new, subjects)
    after = events[moment + len(meanwhile) : moment + 60]
    pipeline.feed(_silent(event) for event in after if not isinstance(event, Deletion))
    _assert_as_counted_from_the_evidence(pipeline, new, subjects, but=_FROM_OLD_TEXTS)
    seen = Counter({"untouched": len(before) - len(subjects), "meanwhile": len(meanwhile)})
    seen["superseded"] += pipeline.track.outcomes[TrackOutcome.SUPERSEDED]
    seen.update(str(each.outcome) for each in pipeline.corrections)
    return seen


@pytest.mark.slow
def test_the_end_state_is_that_of_a_run_with_the_new_roster_over_all_of_the_evidence() -> None:
    """Dossiers and the alerts that stand, figures, words, digests and places of the evidence alike."""
    seen = sum(
        map(
            _correction,
            range(_WORLDS),
        ),
        Counter[str](),
    )
    expected = ("untouched", "meanwhile", "superseded", "counted_anew", "would_not_have_fired", "figures_change")
    assert {name for name in expected if seen[name] < 2} == set(), seen


def _assert_as_counted_from_the_evidence(
    pipeline: CorrectedPipeline, roster: Roster, subjects: Iterable[str], but: frozenset[str] = frozenset()
) -> None:
    oracle = _oracle(pipeline.evidence, roster)
    for key in subjects:
        if key in oracle.dossiers:
            different = _differences(pipeline.track.dossiers[key], oracle.dossiers[key])
            assert different.keys() <= but, (key, different)
        elif key in pipeline.track.dossiers:
            assert pipeline.track.dossiers[key].totals == Totals(retweet=0, quote=0, reply=0, mention=0, follow=0)
        theirs = {name: alert for name, alert in oracle.alerts.items() if _key(alert) == key}
        ours = {name: alert for name, alert in pipeline.track.standing.items() if _key(alert) == key}
        assert ours == theirs


def _assert_others_unchanged(
    pipeline: CorrectedPipeline, before: dict[str, bytes], subjects: Iterable[str], late: list[SubjectEvent]
) -> None:
    said_again = {f"{event.platform}:{event.subject.id}" for event in late}
    for key in before.keys() - set(subjects) - said_again:
        assert pipeline.track.states[key] == before[key]


def _assert_nothing_changed_without_a_word(pipeline: CorrectedPipeline, told: dict[str, Alert]) -> None:
    """Of each alert whose figures, severity or standing is another one now there is a record that says so."""
    corrected = {each.alert_id: each for each in pipeline.corrections if each.about == "alert"}
    now = pipeline.track.standing
    for name in told.keys() | now.keys():
        one, other = told.get(name), now.get(name)
        if one is None or other is None or (one.figures, one.severity) != (other.figures, other.severity):
            followers = [each.superseded_by for each in corrected.values()]
            assert name in corrected or name in followers
        if name in corrected:
            record = corrected[name]
            successor = now.get(record.superseded_by or name)
            before, after = ({} if each is None else each.figures for each in (one, successor))
            assert {each.figure: (each.before, each.after) for each in record.figures} == {
                figure: (before.get(figure), after.get(figure)) for figure in {*before, *after}
            }


def _differences(ours: Struct, theirs: Struct) -> dict[str, tuple[object, object]]:
    return {
        name: (value, getattr(theirs, name)) for name, value in asdict(ours).items() if value != getattr(theirs, name)
    }


def _key(alert: Alert) -> str:
    return f"{alert.platform}:{alert.subject.id}"
