"""Subscriptions follow the roster, within X's limits, and leave those of others alone."""

import asyncio

import pytest

from streams.events import Coverage
from tests.collectors.x.virtual_time import run_in_virtual_time
from tests.collectors.x.x_rig import holding, roster_of
from tools.servers.x import X


def _x(users: int, **more: object) -> X:
    server = X(**more)  # type: ignore[arg-type]
    for number in range(users):
        server.posts.add_user(str(1_000 + number), f"official{number}")
    return server


def _subscribed(server: X, tag: str = "antiphon") -> set[tuple[str, str]]:
    found = [
        (each["filter"]["user_id"], each["event_type"]) for each in server.subscriptions.values() if each["tag"] == tag
    ]
    assert len(found) == len(set(found)), "none twice"
    return set(found)


def _pairs(*ids: str) -> set[tuple[str, str]]:
    return {(each, event) for each in ids for event in ("post.create", "post.delete")}


def test_who_comes_is_subscribed_and_who_goes_is_not_any_more() -> None:
    async def scenario() -> None:
        async with _x(4) as server, holding(server, roster_of("1000", "1001")) as held:
            await held.until(lambda: _subscribed(server) == _pairs("1000", "1001"))
            held.keeper.use(roster_of("1001", "1002", "1003"))
            await held.until(lambda: _subscribed(server) == _pairs("1001", "1002", "1003"))
            await held.until(lambda: len(held.keeper.asked) == 3 and held.chunks[-1].events == [])
            assert len(server.opened_at) == 1, "without a new connection"
            await held.until(lambda: set(held.added) == {"1000", "1001", "1002", "1003"})
            assert all(each.until is not None and each.reason == "added" for each in held.added.values())

    run_in_virtual_time(scenario())


def test_who_is_not_subscribed_yet_is_a_gap_until_he_is() -> None:
    """Told open before, and closed with the same id after."""

    async def scenario() -> None:
        async with _x(1) as server, holding(server, roster_of("1000")) as held:
            server.faults = []
            await held.until(lambda: "1000" in held.added and held.added["1000"].until is not None)
            notices = [event for event in held.events if isinstance(event, Coverage)]
            assert len({each.id for each in notices}) == 1
            assert not any(each.seen for each in notices)

    run_in_virtual_time(scenario())


def test_the_limit_counts_what_others_have_and_the_first_of_the_roster_are_served() -> None:
    async def scenario() -> None:
        async with _x(5) as server:
            server.most_subscriptions = 8
            other = {"event_type": "profile.update.bio", "filter": {"user_id": "1004"}, "tag": "somebody else's"}
            server.subscriptions["7"] = other | {"subscription_id": "7", "created_at": "2026-01-01T00:00:00.000Z"}
            async with holding(server, roster_of("1000", "1001", "1002", "1003"), most=8) as held:
                await held.until(lambda: held.metric("antiphon_collector_officials_left_out") == 1.0)
                assert _subscribed(server) == _pairs("1000", "1001", "1002")
                assert server.subscriptions["7"] | other == server.subscriptions["7"]
                await held.until(lambda: "1003" in held.added)
                assert held.added["1003"].until is None, "nobody sees him"

    run_in_virtual_time(scenario())


@pytest.mark.slow
def test_hundreds_of_officials_are_subscribed_with_no_request_above_the_limit() -> None:
    """The list has two pages; the rest are created, a hundred in each window of a quarter of an hour."""

    async def scenario() -> None:
        limits = {"POST /2/activity/subscriptions": 100, "GET /2/activity/subscriptions": 20}
        async with _x(650, limits=limits) as server:
            ids = [str(1_000 + number) for number in range(650)]
            for official, event in sorted(_pairs(*ids[:550])):
                number = server.next_number()
                server.subscriptions[number] = {
                    "subscription_id": number,
                    "event_type": event,
                    "filter": {"user_id": official},
                    "tag": "antiphon",
                    "created_at": "2026-10-01T00:00:00.000Z",
                }
            async with holding(server, roster_of(*ids)) as held:
                await held.until(lambda: len(held.keeper.asked) == 650, 100_000)
                assert _subscribed(server) == _pairs(*ids)
                assert server.beyond.total() == 0
                assert server.requests["POST /2/activity/subscriptions"] == 200
                assert asyncio.get_running_loop().time() > 900
                await held.until(lambda: len(held.added) == 650)
                since = {each.until for key, each in held.added.items() if key in ids[:550]}
                assert [f"{each:%Y-%m-%d}" for each in since if each] == ["2026-10-01"]

    run_in_virtual_time(scenario())


def test_an_account_that_x_does_not_know_is_left_out_and_holds_up_nobody() -> None:
    async def scenario() -> None:
        async with _x(2) as server, holding(server, roster_of("1000", "404", "1001", "@nobody")) as held:
            await held.until(lambda: held.metric("antiphon_collector_officials_left_out") == 2.0)
            assert _subscribed(server) == _pairs("1000", "1001")

    run_in_virtual_time(scenario())


def test_a_failure_is_tried_again_as_x_asks() -> None:
    async def scenario() -> None:
        async with _x(1) as server:
            from tools.servers.local_server import Fail

            server.faults = [Fail(503), Fail(503)]
            async with holding(server, roster_of("1000")) as held:
                await held.until(lambda: _subscribed(server) == _pairs("1000"))
                assert 15 <= asyncio.get_running_loop().time() < 30

    run_in_virtual_time(scenario())
