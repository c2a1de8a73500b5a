"""A roster on the broker is in force whole, or the one before it is."""

import asyncio
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.rosters.roster import Roster, RosterEntry
from streams.core.rosters.roster_log import publication
from streams.kafka.administration import create_topics, end_offsets
from streams.kafka.client import producer
from streams.kafka.roster_topic import publish_roster, published_roster, roster_change
from streams.settings import Settings
from tools.kafka.running_broker import RunningBroker


def _entry(account: int, term: int, state: str) -> RosterEntry:
    # Odd accounts are on the roster by handle alone.
    return RosterEntry(
        platform="twitter",
        account_id=None if account % 2 else str(account),
        handle=f"handle{account}",
        country=state,
        category="diplomat",
        source_url="https://example.org/",
        valid_from_us=term * 10,
        valid_to_us=term * 10 + 10,
    )


def _roster(terms: dict[tuple[int, int], str]) -> Roster:
    return Roster(_entry(account, term, state) for (account, term), state in terms.items())


_TERMS = st.dictionaries(st.tuples(st.integers(0, 3), st.integers(0, 1)), st.sampled_from(["IR", "FR"]), max_size=5)
_KEYS = {account: _entry(account, 0, "IR").account_key for account in range(4)}


def test_a_change_names_each_account_that_came_went_or_differs() -> None:
    covered: Counter[str] = Counter()

    @given(_TERMS, _TERMS)
    def check(before: dict[tuple[int, int], str], after: dict[tuple[int, int], str]) -> None:
        change = roster_change(_roster(before), _roster(after))
        for account, key in _KEYS.items():
            old = {term: state for (whose, term), state in before.items() if whose == account}
            new = {term: state for (whose, term), state in after.items() if whose == account}
            fate = "same" if old == new else "added" if not old else "removed" if not new else "changed"
            covered[fate] += 1
            assert [fate == "added", fate == "removed", fate == "changed"] == [
                *(key in change.added, key in change.removed, key in change.changed)
            ]
        assert change.is_none == (before == after)
        assert change.entries == len(after)

    check()
    assert min(covered[fate] for fate in ("same", "added", "removed", "changed")) > 0
    assert roster_change(None, _roster({(0, 0): "IR"})).added == ("twitter:0",)


@pytest.fixture
def settings(broker: RunningBroker, topic_prefix: str) -> Settings:
    """Settings with a broker whose topics are there."""
    settings = Settings(broker=broker.address, topic_prefix=topic_prefix, transactions=broker.is_real_kafka)
    asyncio.run(create_topics(settings))
    return settings


async def _write(settings: Settings, records: list[tuple[bytes, bytes | None]]) -> None:
    client = producer(settings)
    await client.start()
    try:
        for key, value in records:
            await client.send_and_wait(settings.topic("officials"), value, key=key, partition=0)
    finally:
        await client.stop()


def test_what_is_published_is_in_force_and_nothing_else_stands_on_the_topic(settings: Settings) -> None:
    async def publish() -> None:
        first, second = _roster({(0, 0): "IR", (1, 0): "FR", (2, 0): "IR"}), _roster({(0, 0): "FR", (3, 1): "IR"})
        for roster in (first, second, first):
            change = await publish_roster(settings, roster)
            published = await published_roster(settings)
            assert published.roster == roster
            assert published.foreign == 0
            assert change.after == roster.digest
            accounts = {key.partition("/")[2] for key in published.keys}
            assert accounts == {entry.account_key for entry in roster.entries} | {"roster"}
            assert len({key.partition("/")[0] for key in published.keys}) == 1

    asyncio.run(publish())


def test_to_publish_the_roster_in_force_writes_nothing(settings: Settings) -> None:
    roster = _roster({(0, 0): "IR"})
    assert not asyncio.run(publish_roster(settings, roster)).is_none
    end = asyncio.run(end_offsets(settings, "officials"))
    assert asyncio.run(publish_roster(settings, roster)).is_none
    assert asyncio.run(end_offsets(settings, "officials")) == end


def test_an_interrupted_publication_changes_nothing_and_the_next_one_clears_it_away(settings: Settings) -> None:
    async def interrupt() -> None:
        first, second = _roster({(0, 0): "IR", (2, 0): "IR"}), _roster({(1, 0): "FR", (2, 1): "IR"})
        await publish_roster(settings, first)
        begun = publication((await published_roster(settings)).keys, second)
        await _write(settings, begun[:2])  # both accounts, and no manifest
        assert (await published_roster(settings)).roster == first
        change = await publish_roster(settings, second)
        assert change.before == first.digest
        published = await published_roster(settings)
        assert published.roster == second
        assert len({key.partition("/")[0] for key in published.keys}) == 1

    asyncio.run(interrupt())


def test_records_of_somebody_else_are_counted_and_do_no_harm(settings: Settings) -> None:
    async def publish() -> None:
        await _write(settings, [(b"not ours", b"x"), (b"\xff\xfe", b"y"), (b"1-0123456789abcdef/twitter:1", b"{}")])
        before = await published_roster(settings)
        assert (before.roster, before.foreign) == (None, 3)
        roster = _roster({(0, 0): "IR"})
        await publish_roster(settings, roster)
        after = await published_roster(settings)
        assert after.roster == roster
        assert "not ours" not in after.keys

    asyncio.run(publish())


def test_a_roster_larger_than_what_is_sent_at_once_arrives_whole(settings: Settings) -> None:
    roster = Roster(_entry(2 * account, 0, "IR") for account in range(3_500))
    asyncio.run(publish_roster(settings, roster))
    assert asyncio.run(published_roster(settings)).roster == roster
