"""Money: a stream is read while there is some, closed when there is none, and its gap is told."""

import asyncio
from datetime import UTC, datetime

import msgspec

from streams.collectors.budget import spending_in
from streams.core.clock import to_us
from streams.events import Post
from tests.collectors.x.virtual_time import run_in_virtual_time
from tests.collectors.x.x_rig import Holding, holding, roster_of
from tools.servers.x import X

_MIDNIGHT = to_us(datetime(2026, 11, 29, tzinfo=UTC))


def _x() -> X:
    server = X()
    server.posts.add_user("111", "embassy")
    server.posts.add_user("222", "minister")
    return server


async def _in_step(server: X, held: Holding, officials: int = 2) -> None:
    await held.until(lambda: server.streams == 1 and len(held.keeper.asked) == officials)


def _clock(hours_to_midnight: float, server: X) -> object:
    """Virtual time that begins so long before a midnight; posts are made by it, too."""
    loop = asyncio.get_running_loop()
    begin, began_at = _MIDNIGHT - int(hours_to_midnight * 3_600_000_000), loop.time()
    return lambda: begin + int((loop.time() - began_at) * 1_000_000)


def test_a_dollar_buys_two_hundred_posts_and_the_rest_is_a_gap() -> None:
    """Until midnight: then it goes on, and the timelines close the gap."""

    async def scenario() -> None:
        async with _x() as server:
            clock = _clock(2.0, server)
            async with holding(server, roster_of("111", "222"), day_usd=1.0, clock=clock) as held:  # type: ignore[arg-type]
                await _in_step(server, held)
                await asyncio.sleep(1)
                made = []
                for _ in range(205):
                    made.append(server.publish(server.posts.post("111")))
                    await asyncio.sleep(1)
                await held.until(lambda: held.ended)
                assert [each.id for each in held.acts] == [each["id"] for each in made[:200]]
                assert held.ended[0][0] == "budget"
                assert held.metric("antiphon_collector_spent_usd", period="day") == 1.0
                assert held.metric("antiphon_collector_budget_spent") == 1.0
                assert [(gap.reason, gap.until_us) for gap in held.gaps] == [("budget", None)]
                await asyncio.sleep(6_500)
                assert (server.streams, len(server.opened_at)) == (0, 1), "nothing is asked for before midnight"
                await held.until(lambda: server.streams == 1, 2_000)
                assert abs(clock() - _MIDNIGHT) < 10_000_000  # type: ignore[operator]
                await held.until(lambda: len(held.gaps) == 2)
                assert (held.gaps[1].reason, held.gaps[1].closed_by) == ("budget", "back_fill")
                assert {each["id"] for each in made} == {each.id for each in held.acts}
                assert held.metric("antiphon_collector_budget_spent") == 0.0
                assert held.metric("antiphon_collector_spent_usd", period="month") == 1.0 + 0.005 * (
                    len(held.acts) - 200
                )

    run_in_virtual_time(scenario())


def test_what_is_spent_stands_in_the_cursor_and_a_restart_gives_nothing_back() -> None:
    async def scenario() -> None:
        async with _x() as server:
            async with holding(server, roster_of("111", "222"), day_usd=0.05) as held:
                await _in_step(server, held)
                for _ in range(7):
                    server.publish(server.posts.post("111"))
                await held.until(lambda: len(held.acts) == 7)
                cursor = held.cursor
                spending = spending_in(cursor)
                assert spending is not None
                assert (spending.spent_day, spending.limit_day) == (35_000, 50_000)
            async with holding(server, roster_of("111", "222"), day_usd=0.05, cursor=cursor) as again:
                await _in_step(server, again)
                for _ in range(9):
                    server.publish(server.posts.post("222"))
                await again.until(lambda: again.ended)
                new = [each for each in again.acts if isinstance(each, Post) and each.actor.id == "222"]
                assert len(new) <= 3
                assert again.ended[0][0] == "budget"

    run_in_virtual_time(scenario())


def test_a_gap_that_would_cost_too_much_is_left_and_said() -> None:
    """The past may have half of a day's money; what comes now is read all the same."""

    async def scenario() -> None:
        async with _x() as server, holding(server, roster_of("111", "222"), day_usd=1.0) as held:
            await _in_step(server, held)
            server.publish(server.posts.post("222"))
            await held.until(lambda: len(held.acts) == 1)
            await asyncio.sleep(31)
            server.refusals = [(503, {}, {})] * 3
            server.cut()
            await held.until(lambda: held.ended)
            for _ in range(150):
                server.publish(server.posts.post("111"))
            await held.until(lambda: server.streams == 1)
            await held.until(lambda: len(held.gaps) == 2)
            assert held.gaps[1].closed_by is None
            assert held.gaps[1].until_us is not None
            past = spending_in(held.cursor)
            assert past is not None
            assert 480_000 <= past.past <= 500_000
            live = server.publish(server.posts.post("222", "now"))
            await held.until(lambda: live["id"] in {each.id for each in held.acts})

    run_in_virtual_time(scenario())


def test_a_gap_is_read_from_all_timelines_page_by_page_and_who_is_gone_holds_up_nobody() -> None:
    async def scenario() -> None:
        async with _x() as server:
            server.posts.add_user("333", "gone")
            async with holding(server, roster_of("111", "222", "333")) as held:
                await _in_step(server, held, 3)
                await asyncio.sleep(40)
                server.unavailable["333"] = "suspended"
                server.refusals = [(503, {}, {})]
                server.cut()
                await held.until(lambda: held.ended)
                missed = [server.publish(server.posts.post("111")) for _ in range(230)]
                missed.append(server.publish(server.posts.post("222")))
                await held.until(lambda: len(held.gaps) == 2)
                assert held.gaps[1].closed_by == "back_fill"
                assert sorted(each.id for each in held.acts) == sorted(each["id"] for each in missed)
                assert server.requests["GET /2/users/:id/tweets"] == 3 + 1 + 1

    run_in_virtual_time(scenario())


def test_the_cursor_stays_where_the_gap_begins_until_it_is_closed() -> None:
    """Whatever comes meanwhile: who is killed in between reads it again from there."""

    async def scenario() -> None:
        async with _x() as server:
            clock = _clock(20.0, server)
            async with holding(server, roster_of("111", "222"), clock=clock) as held:  # type: ignore[arg-type]
                await _in_step(server, held)
                await asyncio.sleep(25)
                cursor = held.cursor
            begin = _until(cursor)
            missed = server.publish(server.posts.post("111"))
            officials = roster_of("111", "222")
            async with holding(server, officials, cursor=cursor, clock=clock, start=False) as again:  # type: ignore[arg-type]
                await again.keeper.until_reconciled()
                server.timelines_are_down = True
                again.start()
                await again.until(lambda: server.streams == 1)
                live = server.publish(server.posts.post("222"))
                await again.until(lambda: live["id"] in {each.id for each in again.acts})
                assert missed["id"] not in {each.id for each in again.acts}
                assert _until(again.cursor) == begin
                server.timelines_are_down = False
                await again.until(lambda: _until(again.cursor) > begin)
                assert missed["id"] in {each.id for each in again.acts}

    run_in_virtual_time(scenario())


def test_a_timeline_that_is_longer_than_x_shows_leaves_the_gap_open() -> None:
    """X shows the newest 3,200 of an account; who posted more was not seen."""

    async def scenario() -> None:
        async with _x() as server, holding(server, roster_of("111", "222")) as held:
            await _in_step(server, held)
            await asyncio.sleep(40)
            server.refusals = [(503, {}, {})]
            server.cut()
            await held.until(lambda: held.ended)
            for _ in range(3_201):
                server.timelines.setdefault("111", []).append(server.posts.post("111"))
            other = server.publish(server.posts.post("222"))
            await held.until(lambda: len(held.gaps) == 2)
            assert held.gaps[1].closed_by is None
            assert other["id"] in {each.id for each in held.acts}, "that holds up nobody"
            assert len(held.acts) == 3_201

    run_in_virtual_time(scenario())


def _until(cursor: bytes | None) -> int:
    assert cursor is not None
    until: int = msgspec.json.decode(cursor)["until_us"]
    return until


def test_less_than_a_day_and_a_month_count_apart() -> None:
    async def scenario() -> None:
        async with _x() as server:
            clock = _clock(1.0, server)
            async with holding(server, roster_of("111"), month_usd=0.02, clock=clock) as held:  # type: ignore[arg-type]
                await _in_step(server, held, 1)
                for _ in range(6):
                    server.publish(server.posts.post("111"))
                await held.until(lambda: held.ended)
                assert len(held.acts) == 4
                await asyncio.sleep(7_200)
                assert len(server.opened_at) == 1, "the day is over, and the month is not"

    run_in_virtual_time(scenario())
