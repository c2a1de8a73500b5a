"""The shapes of a chaos run's traffic are what they are said to be: extreme, legal, and the same at every call."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from streams.core.rosters.roster import Roster
from streams.core.tracking.subject import TrackPolicy
from streams.events import RAW_TOPICS, Profile, Suspension, decode_event
from streams.kafka.administration import create_topics
from streams.kafka.batch_writer import LARGEST_BATCH_BYTES, OutgoingRecord, encoded_bytes
from streams.kafka.reading import read_topic
from streams.rules_loading import bundled_rules
from streams.settings import Settings
from tests.chaos.extremes import Extremes
from tests.chaos.flood import Flood
from tests.chaos.source import Source
from tests.chaos.verdict import Oracle
from tools.kafka.running_broker import RunningBroker

_BEGIN = datetime(2022, 1, 1, tzinfo=UTC)
_DAYS = 200
_FULL = 40_960  # events from which on the huge subjects are at their bounds


def _written_in_turn(settings: Settings, records: list[OutgoingRecord], stopped: tuple[str, int]) -> list[object]:
    """The values on a topic in order: of records that were fed while a partition was stopped, and then behind them."""

    async def run() -> list[object]:
        source = Source(settings)
        running = asyncio.create_task(source.run())
        await source.withhold(*stopped)
        await source.feed(records, 0.0)
        await source.acknowledged()
        before = [record.value async for record in read_topic(settings, stopped[0])]
        kept_back = source.withheld(*stopped)
        await source.release(*stopped)
        await source.acknowledged()
        after = [record.value async for record in read_topic(settings, stopped[0]) if record.partition == stopped[1]]
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return [before, [record.value for record in kept_back], after]

    return asyncio.run(run())


def test_a_stopped_partition_gets_its_records_afterwards_in_order_while_the_others_go_on(
    kafka: RunningBroker, topic_prefix: str
) -> None:
    settings = Settings(broker=kafka.address, topic_prefix=topic_prefix)
    asyncio.run(create_topics(settings))
    records = [OutgoingRecord("profiles", b"%d" % (number % 9), b"%d" % number) for number in range(900)]
    before, kept_back, after = _written_in_turn(settings, records, ("profiles", 1))
    assert isinstance(before, list)
    assert isinstance(kept_back, list)
    assert len(kept_back) > 50
    assert len(before) > 500
    assert Counter(before + kept_back) == Counter(record.value for record in records)
    assert after == kept_back == sorted(kept_back, key=int)


def test_large_records_fill_a_message_to_the_last_bytes_on_every_raw_topic_and_a_broker_takes_them(
    kafka: RunningBroker, topic_prefix: str
) -> None:
    """Each shape on each topic; the other one of the two is a retweet with a key as large."""
    extremes = Extremes(5, events=_FULL, begin=_BEGIN, days=_DAYS)
    pairs = [extremes.large(number, _BEGIN) for number in range(49)]
    assert len({(refused.topic, refused.key is None, len(refused.headers)) for refused, _retweet in pairs}) > 20
    for record in [record for pair in pairs for record in pair]:
        assert LARGEST_BATCH_BYTES - 600 < encoded_bytes(record) <= LARGEST_BATCH_BYTES + 20
    settings = Settings(broker=kafka.address, topic_prefix=topic_prefix)
    asyncio.run(create_topics(settings))

    async def write() -> int:
        source = Source(settings)
        running = asyncio.create_task(source.run())
        await source.feed([record for pair in pairs[:7] for record in pair], 0.0)
        await source.acknowledged()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return source.records

    assert asyncio.run(write()) == 14


@pytest.mark.slow
def test_huge_subjects_are_at_the_bounds_of_what_is_retained_and_not_beyond() -> None:
    """1,024 officials retweet one, as many others mention it; one official retweets another as often."""
    extremes = Extremes(5, events=_FULL, begin=_BEGIN, days=_DAYS)
    oracle = Oracle(Roster(extremes.entries), bundled_rules())
    for group in extremes.groups():
        oracle.feed(group)
    dossiers = oracle.finish().dossiers.values()
    huge = [each for each in dossiers if each.platform == "example" and len(each.subject.id) == 256]
    policy = TrackPolicy()
    assert sorted(each.totals.retweet + each.withdrawn for each in huge)[-2:] == [policy.amplifications] * 2
    assert max(each.totals.mention for each in huge) == policy.contacts
    assert {each.dropped for each in huge} == {0}
    assert max(each.withdrawn for each in huge) > 50


def test_one_event_in_twenty_is_the_status_or_profile_of_an_account_that_nobody_engages_with() -> None:
    """And time goes on with the batches: each is late by hours, few by more than a month."""
    flood = Flood(5, events=20_000, batches=20)
    unengaged = lateness = 0
    for number in range(flood.batches):
        begins = _BEGIN + timedelta(days=_DAYS * number / flood.batches)
        for record in flood.batch(number):
            if record.topic in ("suspensions", "profiles") and (record.key or b"").startswith(b"twitter:5"):
                event = decode_event(record.value or b"")
                assert isinstance(event, Suspension | Profile)
                unengaged += 1
                lateness += event.at < begins - timedelta(days=10)
    assert 0.03 < unengaged / flood.size < 0.06
    assert lateness == 0


def test_a_flood_is_the_same_each_time_and_its_batches_are_all_of_it() -> None:
    """Also batch by batch, in any order: that is how a seed replays a run."""
    first, second = (Flood(3, events=3_000, batches=7) for _ in range(2))
    whole = [record for number in range(7) for record in first.batch(number)]
    assert len(whole) == first.size >= 3_000
    assert [first.batch(number) for number in range(7)] == [second.batch(number) for number in reversed(range(7))][::-1]
    assert len({(record.key, record.value) for record in whole}) > 2_800  # some come twice, as in life
    assert first.poison(1) == second.poison(1)
    assert Flood(4, events=3_000, batches=7).batch(0) != first.batch(0)
    assert {record.topic for record in whole} == set(RAW_TOPICS.values())
