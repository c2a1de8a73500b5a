"""The whole core over a made world: what comes out does not depend on the order or the number of arrivals."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

import msgspec
import pytest

from streams.core.backtest import Backtest, Results
from streams.core.screening.screen import ScreenOutcome
from streams.core.subject_event import Coordinates
from streams.core.watching.watch_step import WatchOutcome
from streams.deadletters import Rejection
from streams.events import Account, Deletion, Event, Post, PostRef, Suspension, decode_event
from streams.ledger.memory import MemoryLedger
from streams.ledger.sqlite import SqliteLedger
from streams.rules_loading import bundled_rules
from tests.core.stories import roster_of
from tests.pipeline.sameness import assert_same
from tests.pipeline.world import World

pytestmark = pytest.mark.slow

_LATER_US: Final = 1_900_000_000_000_000


def _run(world: World, events: list[Event], ledger: MemoryLedger | SqliteLedger) -> tuple[Results, Backtest]:
    backtest = Backtest(world.roster, bundled_rules(), ledger, now_us=_LATER_US)
    sources = [Coordinates("world.ndjson", 0, number) for number in range(len(events))]
    for event, source in zip(events, sources, strict=True):
        assert not isinstance(backtest.feed(event, source), Rejection)
    if backtest.needs_second_reading():
        for event, source in zip(events, sources, strict=True):
            backtest.again(event, source)
    return backtest.finish(), backtest


@pytest.fixture(scope="module")
def world() -> World:
    """Officials of three States, some of them known by handle alone; their subjects; half a year."""
    return World(seed=5, events=5_000)


@pytest.fixture(scope="module")
def events(world: World) -> list[Event]:
    """In the order of arrival, late ones and repetitions among them."""
    return [decode_event(line) for line in world.lines()]


@pytest.fixture(scope="module")
def straight(world: World, events: list[Event]) -> tuple[Results, Backtest]:
    """What comes out of them in that order."""
    return _run(world, events, MemoryLedger())


def test_the_world_has_everything_in_it_that_a_run_may_meet(straight: tuple[Results, Backtest]) -> None:
    """Else the comparisons below would say little."""
    results, backtest = straight
    dossiers = results.dossiers.values()
    seen = Counter(
        {
            "withdrawn": sum(dossier.withdrawn for dossier in dossiers),
            "following": sum(len(dossier.following) for dossier in dossiers),
            "links": sum(dossier.links.posts for dossier in dossiers),
            "text matches": sum(dossier.text_matches.posts for dossier in dossiers),
            "aftermaths": len(results.aftermaths),
            "aftermaths with deletions": sum(each.deletions > 0 for each in results.aftermaths.values()),
            "aftermaths that were reinstated": sum(
                each.closed_because == "reinstated" for each in results.aftermaths.values()
            ),
            "alerts": len(results.alerts),
        }
    )
    assert {what: count for what, count in seen.items() if count < 5} == {}
    # Nobody in this world says too little, no subject deletes its own posts, no canary lives in it, and no source tells
    # what it saw: that is in test_unseen.
    others = (
        ScreenOutcome.NO_EVIDENCE,
        ScreenOutcome.SUBJECT_DELETION,
        ScreenOutcome.CANARY,
        ScreenOutcome.COVERAGE,
    )
    passes = (each for each in ScreenOutcome if each not in others)
    assert {each for each in passes if backtest.screened[each] < 5} == set()
    watched = (WatchOutcome.APPLIED, WatchOutcome.DUPLICATE, WatchOutcome.UNKNOWN_POST, WatchOutcome.NOT_THE_AUTHOR)
    assert {each for each in watched if backtest.watched[each] < 5} == set()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_order_gives_the_same_dossiers_alerts_and_aftermaths(
    world: World, events: list[Event], straight: tuple[Results, Backtest], seed: int
) -> None:
    shuffled = Random(seed).sample(events, len(events))
    assert_same(_run(world, shuffled, MemoryLedger())[0], straight[0])


def test_a_ledger_on_a_disk_gives_what_one_in_memory_gives(
    world: World, events: list[Event], straight: tuple[Results, Backtest]
) -> None:
    """To the byte: nothing that is kept as it was given may have been changed afterwards."""
    ledger = SqliteLedger()
    try:
        results, _ = _run(world, events, ledger)
    finally:
        ledger.close()
    assert msgspec.json.encode(results) == msgspec.json.encode(straight[0])


def test_a_clean_up_that_takes_every_quote_back_does_not_undo_its_own_aftermath() -> None:
    """Nine officials quote an account, it is suspended, and the day after each of them deletes its quote, which would
    outlive its original.
    """
    begin = datetime(2022, 3, 1, tzinfo=UTC)
    officials = [Account(id=f"9{number}", handle=f"official_{number}") for number in range(9)]
    roster = roster_of(officials)
    subject = Account(id="7", handle="subject", created_at=begin - timedelta(days=9))
    events: list[Event] = []
    for number, official in enumerate(officials):
        at = begin + timedelta(hours=number)
        quoted = PostRef(post_id=f"p{number}", account=subject)
        events.append(Post(platform="twitter", id=f"r{number}", at=at, actor=official, quotes=quoted))
        gone_at = begin + timedelta(days=11, hours=number)
        events.append(Deletion(platform="twitter", id=f"d{number}", at=gone_at, actor=official, post_id=f"r{number}"))
    suspended_at = begin + timedelta(days=10)
    events.append(Suspension(platform="twitter", id="s", at=suspended_at, actor=subject, status="suspended"))
    events.sort(key=lambda event: event.at)
    backtest = Backtest(roster, bundled_rules(), MemoryLedger(), now_us=_LATER_US)
    for number, event in enumerate(events):
        assert not isinstance(backtest.feed(event, Coordinates("made.ndjson", 0, number)), Rejection)
    results = backtest.finish()
    [dossier] = results.dossiers.values()
    assert (dossier.withdrawn, dossier.distinct_officials) == (9, 0)
    [aftermath] = results.aftermaths.values()
    assert (aftermath.status, aftermath.deletions, aftermath.amplifying_officials) == ("open", 9, 9)
    assert "clean-up" in {alert.rule for alert in results.alerts.values()}
