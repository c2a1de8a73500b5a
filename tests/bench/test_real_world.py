"""The real minutes, repeated, are a stream of distinct events in order, and the plain count of it is the core's."""

from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest

from bench.implementations.antiphon import amplified_figures
from bench.real_world import RealWorld
from bench.tally import Tally
from bench.world import OFFICIAL_SHARE, ROSTER_SIZE, PlacedEvent
from streams.core.backtest import Backtest
from streams.core.subject_event import Coordinates
from streams.events import Coverage, Post, Retweet, decode_event
from streams.ledger.sqlite import SqliteLedger
from streams.rules_loading import bundled_rules
from tools.kafka.jars import Unavailable

pytestmark = pytest.mark.slow

_EVENTS: Final = 45_000  # a good two repetitions
_NOW_US: Final = 2_000_000_000_000_000


@pytest.fixture(scope="module")
def world(shared_data: Path) -> RealWorld:
    return RealWorld(_EVENTS, 1, shared_data / "twitter_v11_stream")


@pytest.fixture(scope="module")
def placed(world: RealWorld) -> list[PlacedEvent]:
    return list(world.events())


def test_repeated_minutes_are_distinct_events_whose_times_go_on(placed: list[PlacedEvent]) -> None:
    events = [decode_event(each.value) for each in placed]
    assert len(events) == len({(type(event), event.id) for event in events}) == _EVENTS
    assert {type(event) for event in events} == {Post, Retweet}
    steps = [(later.at - event.at).total_seconds() for event, later in pairwise(events)]
    assert min(steps) >= 0
    assert max(steps) < 60
    assert len({(each.topic, each.partition, each.offset) for each in placed}) == _EVENTS


def test_no_account_is_younger_than_what_it_does(placed: list[PlacedEvent]) -> None:
    """Minutes of 2013 come to stand in 2019: the other way round accounts would be born later than they act."""
    ages = [
        event.at - event.actor.created_at
        for each in placed
        if isinstance(event := decode_event(each.value), Post | Retweet) and event.actor.created_at
    ]
    assert len(ages) > 0.99 * _EVENTS
    assert min(ages).total_seconds() > 0


def test_officials_are_real_actors_as_rare_as_they_are_said_to_be_and_never_amplify_themselves(
    world: RealWorld, placed: list[PlacedEvent]
) -> None:
    officials = set(world.official_ids)
    assert len(officials) == len(world.roster.entries) == ROSTER_SIZE
    events = [decode_event(each.value) for each in placed]
    actors = [event.actor for event in events if not isinstance(event, Coverage)]
    acted = sum(actor is not None and actor.id in officials for actor in actors)
    assert 0.9 * OFFICIAL_SHARE < acted / _EVENTS < 1.1 * OFFICIAL_SHARE
    amplifications = [each.amplification for each in placed if each.amplification is not None]
    assert len(amplifications) > 50
    assert all(official in officials and official != subject for _, official, subject in amplifications)


def test_the_plain_count_of_real_events_is_what_the_core_counts(world: RealWorld, placed: list[PlacedEvent]) -> None:
    """The core has more dossiers, as officials answer and mention accounts too."""
    tally = Tally()
    backtest = Backtest(world.roster, bundled_rules(), SqliteLedger(":memory:"), now_us=_NOW_US)
    for each in placed:
        tally.note(each)
        source = Coordinates(each.topic, each.partition, each.offset)
        assert backtest.feed(decode_event(each.value), source) is None
    results = backtest.finish()
    figures = amplified_figures(results.dossiers.values())
    assert 0 < len(figures) < len(results.dossiers)
    assert tally.complaints([amplification.id for amplification in results.amplifications], figures, tally.ends) == []


def test_without_the_data_the_real_world_says_so(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="minutes of Twitter's"):
        RealWorld(10, 1, tmp_path)
