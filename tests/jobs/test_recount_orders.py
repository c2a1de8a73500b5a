"""After a correction a touched subject is what a run with the new roster from the start makes of the evidence."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

import pytest
from msgspec import Struct
from msgspec.structs import asdict, replace

from streams.core.backtest import Backtest, Results
from streams.core.clock import to_us
from streams.core.country_event import CountryEvent
from streams.core.dossier_parts import Totals
from streams.core.enriched import Alert
from streams.core.rosters.roster import Roster
from streams.core.rule_files.rule_file import parse_rules
from streams.core.screening.account_index import AccountIndex
from streams.core.screening.screen import ScreenPolicy, screen_event
from streams.core.subject_event import Coordinates, SubjectEvent
from streams.core.tracking.track import TrackOutcome
from streams.core.watching.aftermath_records import Aftermath
from streams.deadletters import Rejection
from streams.events import Account, Coverage, Deletion, Event, Post, Retweet, Suspension, SuspensionStatus, decode_event
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

[rules.taken-back]
on = "aftermath"
description = "Officials took back posts in a watch."
severity = "info"
quiet = "14d"
[rules.taken-back.when]
deletions = { at_least = 1 }

[rules.silence]
on = "aftermath"
description = "Officials that had amplified it say nothing."
severity = "warning"
quiet = "14d"
[rules.silence.when]
silent_officials = { at_least = 2 }
""",
    "touchy.toml",
)
_ON_AFTERMATHS: Final = frozenset(rule.name for rule in _RULES.judged_on("aftermath").rules)
# The last four each had a difference once: a State that is followed no more, a match with a post of before, also one
# that was found while the correction was under way.
_WORLDS: Final = (0, 1, 2, 3, 4, 5, 16, 36, 51, 101)
_BEGIN_US: Final = to_us(datetime(2022, 1, 1, tzinfo=UTC))
_END_US: Final = to_us(datetime(2022, 7, 20, tzinfo=UTC))


def _is_of_a_stranger(event: Event) -> bool:
    return isinstance(event, Post | Deletion) and not (event.actor is not None and event.actor.id.startswith("9"))


def _oracle(evidence: list[tuple[Event, Coordinates]], roster: Roster) -> Results:
    backtest = Backtest(roster, _RULES, MemoryLedger(), now_us=NOW_US)
    for event, source in evidence:
        backtest.feed(event, source)
    if backtest.needs_second_reading():
        for event, source in evidence:
            backtest.again(event, source)
    return backtest.finish()


def _aftermaths(events: list[Event], random: Random) -> list[Event]:
    """Suspensions of accounts that officials amplified, and deletions of what officials posted, in the weeks after."""
    posted = [each for each in events if isinstance(each, Post | Retweet) and each.actor.id.startswith("9")]
    found: list[Event] = []
    gone: set[str] = set()
    for number, each in enumerate(random.sample(posted, 120)):
        at = each.at + timedelta(days=random.randrange(30))
        name = f"more-{number}"
        if isinstance(each, Retweet) and number % 8 == 0:
            status: SuspensionStatus = random.choice(("suspended", "suspended", "reinstated"))
            found.append(Suspension(platform="twitter", id=name, at=at, actor=each.subject, status=status))
        elif number % 5 == 0 and each.actor.id not in gone:
            gone.add(each.actor.id)
            found.append(Suspension(platform="twitter", id=name, at=at, actor=each.actor, status="deactivated"))
        else:
            by = Account(id=each.actor.id) if random.random() < 0.9 else None
            found.append(Deletion(platform="twitter", id=name, at=at, post_id=each.id, actor=by))
    return found


def _coverage(number: int, random: Random, world: World) -> Coverage:
    """What a source saw, or did not see, of all officials or of some."""
    since = datetime.fromtimestamp(random.randrange(_BEGIN_US, _END_US) // 1_000_000, UTC)
    until = since + timedelta(days=random.choice((1, 20, 90)))
    named = tuple(official.id for official in random.sample(world.officials, 3))
    return Coverage(
        platform="twitter",
        id=f"coverage-{number}",
        at=until,
        source=random.choice(("one", "other")),
        seen=random.random() < 0.5,
        since=since,
        until=until,
        officials=random.choice((None, named)),
    )


def _screened(pipeline: CorrectedPipeline, random: Random, count: int) -> tuple[list[SubjectEvent], list[CountryEvent]]:
    """What a SCREEN with the roster of before says once more of raw events that passed."""
    stale = AccountIndex(pipeline.roster)
    found: list[SubjectEvent] = []
    in_states: list[CountryEvent] = []
    for event, source in random.sample(pipeline.evidence, min(count, len(pipeline.evidence))):
        screening = screen_event(event, source, stale, NOW_US, ScreenPolicy())
        assert not isinstance(screening, Rejection)
        found += screening.events
        in_states += screening.country_events
    return found, in_states


def _correction(seed: int) -> Counter[str]:
    """A world in which the roster is corrected at a random moment, events come meanwhile, and a SCREEN is late.
    Returns what was seen.
    """
    random = Random(seed)
    world = World(seed=seed, events=700)
    events = [decode_event(line) for line in world.lines()]
    for number in range(random.choice((0, 0, 12))):
        events.insert(random.randrange(len(events)), _coverage(number, random, world))
    for event in _aftermaths(events, random):
        events.insert(random.randrange(len(events)), event)
    moment = random.randrange(len(events) // 2, len(events) - 60)
    pipeline = CorrectedPipeline(world.roster, _RULES, random)
    pipeline.feed(events[:moment])
    pipeline.read_again()
    strangers = [f"5{random.randrange(2_000)}" for _ in range(4)]
    new = edited(world.roster, random, strangers, _BEGIN_US, _END_US, random.randint(2, 6))
    late, late_in_states = _screened(pipeline, random, 60)
    pipeline.finish()
    aftermaths = _standing(pipeline.aftermaths)
    before = dict(pipeline.track.states)
    alerts_before = dict(pipeline.track.standing)
    coming = [each for each in events[moment:] if not _is_of_a_stranger(each)]  # whom SCREEN follows is not corrected
    meanwhile = coming[: (0, 0, 30)[seed % 3]]
    subjects = pipeline.correct(new, meanwhile, late, late_in_states)
    pipeline.read_again()
    pipeline.finish()
    if not meanwhile and not any(isinstance(each, Coverage) for each in events):
        _assert_others_unchanged(pipeline, before, subjects, [*late, *late_in_states])
        _assert_nothing_changed_without_a_word(pipeline, alerts_before)
    _assert_as_counted_from_the_evidence(pipeline, new, subjects)
    _assert_aftermaths_as_counted_from_the_evidence(pipeline, new)
    after = coming[len(meanwhile) : 60]
    pipeline.feed(after)
    pipeline.read_again()
    pipeline.finish()
    _assert_as_counted_from_the_evidence(pipeline, new, subjects)
    _assert_aftermaths_as_counted_from_the_evidence(pipeline, new)
    seen = Counter({"untouched": len(before) - len(subjects), "meanwhile": len(meanwhile)})
    seen["aftermaths"] = len(aftermaths)
    now = _standing(pipeline.aftermaths)
    seen["aftermaths changed"] = sum(aftermaths.get(name) != now.get(name) for name in aftermaths.keys() | now.keys())
    seen["aftermaths kept"] = sum(aftermaths[name] is now.get(name) for name in aftermaths)
    seen["superseded"] += pipeline.track.outcomes[TrackOutcome.SUPERSEDED]
    seen.update(str(each.outcome) for each in pipeline.corrections)
    return seen


@pytest.mark.slow
def test_the_end_state_is_that_of_a_run_with_the_new_roster_over_all_of_the_evidence() -> None:
    """Dossiers and the alerts that stand, figures, words, digests and places of the evidence alike."""
    seen = sum(
        map(
            _correction,
            _WORLDS,
        ),
        Counter[str](),
    )
    expected: tuple[str, ...] = (
        "untouched",
        "meanwhile",
        "superseded",
        "recounted",
        "would_not_have_fired",
        "figures_change",
    )
    expected = (*expected, "aftermaths changed", "aftermaths kept")
    assert {name for name in expected if seen[name] < 2} == set(), seen


def _assert_as_counted_from_the_evidence(pipeline: CorrectedPipeline, roster: Roster, subjects: Iterable[str]) -> None:
    oracle = _oracle(pipeline.evidence, roster)
    for key in subjects:
        if key in oracle.dossiers:
            different = _differences(pipeline.track.dossiers[key], oracle.dossiers[key])
            assert not different, (key, different)
        elif key in pipeline.track.dossiers:
            assert pipeline.track.dossiers[key].totals == Totals(retweet=0, quote=0, reply=0, mention=0, follow=0)
        theirs = {
            name: alert
            for name, alert in oracle.alerts.items()
            if _key(alert) == key and alert.rule not in _ON_AFTERMATHS
        }
        ours = {name: alert for name, alert in pipeline.track.standing.items() if _key(alert) == key}
        assert ours == theirs


def _assert_aftermaths_as_counted_from_the_evidence(pipeline: CorrectedPipeline, roster: Roster) -> None:
    """All of them, and the alerts on them; of those that stand the digest is that under which they were told."""
    oracle = _oracle(pipeline.evidence, roster)
    theirs = {name: replace(each, roster_digest="") for name, each in oracle.aftermaths.items()}
    ours = {name: replace(each, roster_digest="") for name, each in _standing(pipeline.aftermaths).items()}
    for name in theirs.keys() | ours.keys():
        one, other = ours.get(name), theirs.get(name)
        assert one == other, (one and other and _differences(one, other), one is None, other is None)
    assert {
        name: replace(each, roster_digest="")
        for name, each in pipeline.alerts_on_aftermaths.items()
        if each.status != "retracted"
    } == {name: replace(each, roster_digest="") for name, each in oracle.alerts.items() if each.rule in _ON_AFTERMATHS}


def _standing(aftermaths: dict[str, Aftermath]) -> dict[str, Aftermath]:
    return {name: each for name, each in aftermaths.items() if each.status != "void"}


def _assert_others_unchanged(
    pipeline: CorrectedPipeline,
    before: dict[str, bytes],
    subjects: Iterable[str],
    late: list[SubjectEvent | CountryEvent],
) -> None:
    said_again = {f"{event.platform}:{event.subject.id}" for event in late if event.subject is not None}
    for key in before.keys() - set(subjects) - said_again:
        assert pipeline.track.states[key] == before[key]


def _assert_nothing_changed_without_a_word(pipeline: CorrectedPipeline, alerts_before: dict[str, Alert]) -> None:
    """Of each alert whose figures, severity or standing is another one now there is a record that says so."""
    corrected = {each.alert_id: each for each in pipeline.corrections if each.about == "alert"}
    now = pipeline.track.standing
    for name in alerts_before.keys() | now.keys():
        one, other = alerts_before.get(name), now.get(name)
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
