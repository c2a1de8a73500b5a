"""Rules of the filtered stream are made of the roster, and changed while it runs."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.collectors.x.rules import MOST_CHARACTERS, rules_for
from streams.events import Post, Retweet
from tests.collectors.x.virtual_time import run_in_virtual_time
from tests.collectors.x.x_rig import holding, roster_of
from tools.servers.x import X


def _x(users: int) -> X:
    server = X()
    for number in range(users):
        server.posts.add_user(str(10**18 + number), f"official{number}")
    server.posts.add_user("999", "outlet")
    return server


def _id(number: int) -> str:
    return str(10**18 + number)


def _named(server: X) -> list[str]:
    return [part.removeprefix("from:") for rule in server.rules.values() for part in rule["value"].split(" OR ")]


@pytest.mark.slow
@given(st.lists(st.from_regex(r"[0-9]{1,19}|@[a-z0-9_]{1,15}", fullmatch=True), unique=True, max_size=120))
@settings(max_examples=30)
def test_each_official_is_in_one_rule_and_no_rule_is_too_long(officials: list[str]) -> None:
    rules = rules_for(officials)
    assert [part for rule in rules for part in rule.split(" OR ")] == [
        f"from:{each.removeprefix('@')}" for each in officials
    ]
    assert all(len(rule) <= MOST_CHARACTERS for rule in rules)
    assert all(len(one) + len(other) > MOST_CHARACTERS - 30 for one, other in pairwise(rules))


def test_a_thousand_rules_have_room_for_thirty_five_thousand_officials() -> None:
    assert len(rules_for([str(10**18 + number) for number in range(35_000)])) <= 1_000


def test_posts_come_by_id_and_by_handle() -> None:
    async def scenario() -> None:
        async with _x(2) as server, holding(server, roster_of(_id(0), "@official1"), filtered=True) as held:
            await held.until(lambda: server.streams == 1 and len(_named(server)) == 2)
            original = server.posts.post("999", "new voice")
            server.publish(server.posts.post(_id(0)))
            server.publish(server.posts.repost(_id(1), original))
            server.publish(server.posts.post("999"))
            await held.until(lambda: len(held.acts) == 2)
            post, retweet = held.acts
            assert isinstance(post, Post)
            assert isinstance(retweet, Retweet)
            assert (post.actor.id, retweet.actor.id, retweet.subject.handle) == (_id(0), _id(1), "outlet")
            assert post.observed_at is not None

    run_in_virtual_time(scenario())


def test_rules_change_without_a_new_connection_and_those_of_others_stay() -> None:
    async def scenario() -> None:
        async with _x(100) as server:
            server.rules["5"] = {"id": "5", "value": "cats", "tag": "somebody else's"}
            ids = [_id(number) for number in range(90)]
            async with holding(server, roster_of(*ids), filtered=True) as held:
                await held.until(lambda: server.streams == 1 and len(held.keeper.asked) == 90)
                before = {key: each["value"] for key, each in server.rules.items()}
                held.keeper.use(roster_of(*ids[1:], _id(95)))
                await held.until(lambda: _id(95) in held.keeper.asked)
                assert sorted(_named(server)) == sorted(["cats", *ids[1:], _id(95)])
                after = {key: each["value"] for key, each in server.rules.items()}
                assert len(before.items() & after.items()) == len(before) - 1, (
                    "the rules of the others are as they were"
                )
                assert len(server.opened_at) == 1
                await held.until(lambda: _id(95) in held.added and held.added[_id(95)].until)
                new, old = held.added[_id(95)].until, held.added[_id(50)].until
                assert new is not None
                assert old is not None
                assert new > old

    run_in_virtual_time(scenario())


def test_a_restart_finds_its_rules_and_since_when_they_are() -> None:
    async def scenario() -> None:
        async with _x(3) as server:
            async with holding(server, roster_of(_id(0), _id(1)), filtered=True) as held:
                await held.until(lambda: set(held.added) == {_id(0), _id(1)} and held.added[_id(1)].until is not None)
                first = held.added
            async with holding(server, roster_of(_id(0), _id(1)), filtered=True) as again:
                await again.until(lambda: set(again.added) == {_id(0), _id(1)})
                assert {key: each.until for key, each in again.added.items()} == {
                    key: each.until for key, each in first.items()
                }
                assert server.requests["POST /2/tweets/search/stream/rules"] == 1

    run_in_virtual_time(scenario())


def test_too_many_small_rules_are_made_anew_and_who_has_no_room_is_left_out() -> None:
    async def scenario() -> None:
        async with _x(200) as server:
            server.most_rules = 3
            async with holding(server, roster_of(_id(0)), filtered=True, most=3) as held:
                for count in (2, 3, 4, 80, 200):
                    held.keeper.use(roster_of(*(_id(number) for number in range(count))))
                    wanted = min(count, 108)
                    await held.until(lambda wanted=wanted: len(held.keeper.asked) >= min(wanted, 105))  # type: ignore[misc]
                    assert len(_named(server)) == len(set(_named(server))) == len(held.keeper.asked)
                assert len(server.rules) == 3
                left = held.metric("antiphon_collector_officials_left_out")
                assert left == 200 - len(held.keeper.asked)

    run_in_virtual_time(scenario())


def test_a_gap_is_closed_by_timelines_of_ids_and_of_handles() -> None:
    async def scenario() -> None:
        async with _x(2) as server, holding(server, roster_of(_id(0), "@official1"), filtered=True) as held:
            await held.until(lambda: server.streams == 1 and len(held.keeper.asked) == 2)
            await held.until(lambda: held.cursor is not None)
            server.publish(server.posts.post(_id(0)))
            await held.until(lambda: len(held.acts) == 1)
            server.refusals = [(503, {}, {})]
            server.cut()
            await held.until(lambda: held.ended)
            missed = [server.publish(server.posts.post(_id(0))), server.publish(server.posts.post(_id(1)))]
            await held.until(lambda: len(held.gaps) == 2)
            assert held.gaps[1].closed_by == "back_fill"
            assert {each["id"] for each in missed} <= {each.id for each in held.acts}

    run_in_virtual_time(scenario())
