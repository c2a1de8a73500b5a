"""The generated events are what they are said to be."""

from collections import Counter

import pytest

from bench.world import OFFICIAL_SHARE, PARTITIONS, RAW_NAMES, ROSTER_SIZE, World
from streams.events import Coverage, Post, Retweet, decode_event

_EVENTS = 40_000


@pytest.mark.slow
def test_equal_seeds_give_equal_events_and_other_seeds_others() -> None:
    first, again, other = (list(World(500, seed).events()) for seed in (3, 3, 4))
    assert first == again
    assert [event.value for event in first] != [event.value for event in other]


@pytest.mark.slow
def test_every_event_is_canonical_of_about_600_bytes_and_stands_where_it_is_said_to() -> None:
    offsets: Counter[tuple[str, int]] = Counter()
    size = 0
    for placed in World(_EVENTS, 1).events():
        event = decode_event(placed.value)
        assert isinstance(event, Retweet if placed.topic == "retweets" else Post)
        assert placed.offset == offsets[(placed.topic, placed.partition)]
        offsets[(placed.topic, placed.partition)] += 1
        size += len(placed.value)
    assert offsets.keys() == {(topic, partition) for topic in RAW_NAMES for partition in range(PARTITIONS)}
    assert min(offsets.values()) > _EVENTS / 50
    assert 550 < size / _EVENTS < 700


@pytest.mark.slow
def test_officials_are_on_the_roster_and_as_rare_as_they_are_said_to_be() -> None:
    world = World(_EVENTS, 2)
    assert len(world.roster.entries) == ROSTER_SIZE
    acted = amplified = 0
    for placed in world.events():
        event = decode_event(placed.value)
        assert not isinstance(event, Coverage)
        is_official = world.roster.official("twitter", event.actor.id if event.actor else "", None, 0) is not None
        acted += is_official
        if placed.amplification is not None:
            assert is_official
            assert event.actor is not None
            assert placed.amplification[:2] == (event.id, event.actor.id)
            amplified += 1
    assert 0.8 * OFFICIAL_SHARE < acted / _EVENTS < 1.2 * OFFICIAL_SHARE
    assert 0.8 < amplified / acted < 1
