"""The source `mastodon` against servers on loopback: what is new, what vanished, and how politely it asks."""

import asyncio
import json
from datetime import UTC, datetime

import pytest
from aiohttp import ClientSession
from yarl import URL

from streams.collectors.mastodon.api import MastodonServer
from streams.collectors.mastodon.windows import Known, ListedStatus, State, decode_state, encode_state, vanished
from streams.collectors.source import SourceError
from streams.events import Coverage, Deletion, Event, Retweet
from tests.collectors.mastodon.polling_rig import polling
from tools.servers.mastodon import Mastodon

_DE: dict[str, tuple[str, ...]] = {"social.bund.example": ("embassy", "ministry")}


def _id(event: Event) -> str:
    return event.id


def _server(host: str = "social.bund.example", *users: str, limit: int = 100_000, window: float = 300.0) -> Mastodon:
    server = Mastodon(host, limit=limit, window_seconds=window)
    for user in users or ("embassy", "ministry"):
        server.add_user(user)
    return server


def test_officials_of_two_servers_that_boost_one_post_are_several_officials_and_one_post() -> None:
    """Each server has its own number for it; its address is one. The age of an account is said by its own server."""

    async def run() -> None:
        async with (
            _server() as first,
            _server("overheid.example", "minister") as second,
            _server("elsewhere.example", "outlet") as third,
        ):
            original = third.post("outlet")
            for server, user in ((first, "embassy"), (first, "ministry"), (second, "minister")):
                copy = original | {"id": f"{server.host}-7"}
                server.boost(user, copy)
            users: dict[str, tuple[str, ...]] = {
                "social.bund.example": ("embassy", "ministry"),
                "overheid.example": ("minister",),
            }
            async with polling(first, second, users=users) as source:
                await source.until(lambda: len(source.acts) >= 3)
                boosts = [event for event in source.acts if isinstance(event, Retweet)]
            assert {boost.actor.id for boost in boosts} == {
                "https://social.bund.example/@embassy",
                "https://social.bund.example/@ministry",
                "https://overheid.example/@minister",
            }
            assert {boost.post_id for boost in boosts} == {original["uri"]}
            assert {boost.subject.id for boost in boosts} == {"https://elsewhere.example/@outlet"}
            assert {boost.subject.created_at for boost in boosts} == {None}
            assert None not in {boost.actor.created_at for boost in boosts}
            assert len({boost.id for boost in boosts}) == 3

    asyncio.run(run())


def test_what_vanishes_from_the_page_is_a_deletion_once_and_what_is_only_hidden_is_none() -> None:
    """An un-boost has the id of the boost, so that WATCH finds it."""

    async def run() -> None:
        async with _server() as server:
            statuses = [server.post("embassy") for _ in range(5)]
            boost = server.boost("embassy", statuses[0])
            server.post("embassy")
            async with polling(server, users=_DE) as source:
                await source.until(lambda: len(source.acts) >= 7)
                server.delete("embassy", boost)
                server.hide("embassy", statuses[2])
                await source.until(lambda: any(isinstance(each, Deletion) for each in source.events))
                await source.rounds([server], 6)
                deletions = [event for event in source.events if isinstance(event, Deletion)]
            assert [each.post_id for each in deletions] == [boost["uri"]]
            asked = [each for each in server.asked if each.startswith("/api/v1/statuses/")]
            assert sorted(asked) == sorted(f"/api/v1/statuses/{each['id']}" for each in (boost, statuses[2]))
            assert deletions[0].actor is not None
            assert deletions[0].actor.id == "https://social.bund.example/@embassy"

    asyncio.run(run())


def test_what_falls_off_the_page_has_not_vanished() -> None:
    async def run() -> None:
        async with _server() as server:
            for _ in range(40):
                server.post("embassy")
            async with polling(server, users=_DE) as source:
                await source.until(lambda: len(source.acts) >= 40)
                for _ in range(30):
                    server.post("embassy")
                await source.until(lambda: len(source.acts) >= 70)
                await source.rounds([server], 6)
                assert not [event for event in source.events if isinstance(event, Deletion)]
                assert max(source.count().values()) == 1

    asyncio.run(run())


def test_more_than_a_page_that_was_missed_is_read_to_where_it_was_by_the_cursor_alone() -> None:
    """Also what was un-boosted while the collector was away. Nothing comes twice."""

    async def run() -> None:
        async with _server() as server:
            original = server.post("ministry")
            boosts = [server.boost("embassy", original) for _ in range(3)]
            async with polling(server, users=_DE) as source:
                await source.until(lambda: len(source.acts) >= 4)
                cursor = source.cursor
            server.delete("embassy", boosts[2])
            async with polling(server, users=_DE, cursor=cursor) as source:
                await source.until(lambda: source.acts)
                assert source.chunks[0].resumed is True
                assert [event.id for event in source.acts] == [boosts[2]["uri"]]
                cursor = source.cursor
            ids = [server.post("embassy")["uri"] for _ in range(210)]
            async with polling(server, users=_DE, cursor=cursor) as source:
                await source.until(lambda: len(source.acts) >= 210)
                await source.rounds([server], 4)
                assert [event.id for event in source.acts] == ids

    asyncio.run(run())


def test_much_that_was_missed_is_read_without_a_pause_and_until_then_the_official_was_not_seen() -> None:
    """More than one look takes in. Others of the server have their turns between; the gap is closed at the end. What
    is deleted meanwhile, before the place that is read or behind it, hides no other.
    """

    async def run() -> None:
        async with _server() as server:
            server.post("embassy")
            async with polling(server, users=_DE) as source:
                await source.until(lambda: source.acts)
                await source.rounds([server], 6)
                server.is_down = True
                await source.until(lambda: source.gaps)
                cursor = source.cursor
            server.is_down = False
            missed = [server.post("embassy") for _ in range(1_000)]
            ids = [each["uri"] for each in missed]
            other = server.post("ministry")["uri"]
            async with polling(server, users=_DE, cursor=cursor, interval=3_600.0) as source:
                await source.until(lambda: ids[399] in source.count())
                for number in (100, 700):
                    server.delete("embassy", missed[number])
                del ids[700]
                await source.until(lambda: source.gaps)
                [closed] = source.gaps
                order = [event.id for event in source.events]
                assert order[-1] == closed.id
                assert order.index(other) < order.index(ids[500])
                assert [each for each in order if each in set(ids)] == ids
                last = next(number for number, chunk in enumerate(source.chunks) if ids[-1] in map(_id, chunk.events))
                assert not any(chunk.newest_us for chunk in source.chunks[:last])

    asyncio.run(run())


def test_posts_that_are_deleted_while_pages_are_read_hide_no_others() -> None:
    """Pages are told apart by ids, never by position."""

    async def run() -> None:
        async with _server() as server:
            server.post("embassy")
            async with polling(server, users=_DE) as source:
                await source.until(lambda: source.acts)
                kept = []
                for number in range(200):
                    status = server.post("embassy")
                    if number % 3:
                        kept.append(status["uri"])
                    else:
                        await asyncio.sleep(0.003)
                        server.delete("embassy", status)
                await source.until(lambda: set(kept) <= source.count().keys())
                assert max(source.count()[each] for each in kept) == 1

    asyncio.run(run())


@pytest.mark.slow
def test_a_server_is_asked_one_thing_at_a_time_and_never_beyond_its_limit() -> None:
    """Many are asked side by side: what one allows holds up no other."""

    async def run() -> None:
        users = tuple(f"user{number}" for number in range(10))
        narrow = _server("narrow.example", *users, limit=30, window=1.0)
        async with narrow, _server("wide.example", *users) as wide:
            async with polling(
                narrow, wide, users={"narrow.example": users, "wide.example": users}, interval=0.01
            ) as source:
                await asyncio.wait_for(narrow.until_asked(70), 30)
                await asyncio.wait_for(wide.until_asked(100), 30)
                assert source.chunks
            assert narrow.beyond == 0
            assert (narrow.most_at_once, wide.most_at_once) == (1, 1)
            assert len(wide.asked) > len(narrow.asked)

    asyncio.run(run())


def test_a_server_that_fails_is_a_gap_of_its_own_officials_that_is_closed_when_all_is_read() -> None:
    """The others go on; the gap outlives a restart."""

    async def run() -> None:
        async with _server() as server, _server("overheid.example", "minister") as other:
            server.post("embassy")
            users = _DE | {"overheid.example": ("minister",)}
            async with polling(server, other, users=users) as source:
                await source.until(lambda: source.acts)
                await source.rounds([server, other], 6)
                server.is_down = True
                await source.until(lambda: source.gaps)
                other.post("minister")
                await source.until(lambda: len(source.acts) >= 2)
                (gap,) = source.gaps
                assert gap.until is None
                assert set(gap.officials or ()) == {f"https://{server.host}/@{user}" for user in _DE[server.host]}
                assert max(chunk.newest_us for chunk in source.chunks) > 0
                cursor = source.cursor
            server.is_down = False
            missed = server.post("embassy")
            async with polling(server, other, users=users, cursor=cursor) as source:
                await source.until(lambda: source.gaps)
                (closed,) = source.gaps
                assert (closed.id, closed.closed_by) == (gap.id, "back_fill")
                assert closed.until is not None
                order = [event.id for event in source.events]
                assert order.index(missed["uri"]) < order.index(gap.id)

    asyncio.run(run())


def test_a_server_that_is_down_when_the_collector_comes_back_was_not_seen_since_before_it_stopped() -> None:
    async def run() -> None:
        async with _server() as server:
            server.post("embassy")
            async with polling(server, users=_DE) as source:
                await source.until(lambda: source.acts)
                await source.rounds([server], 6)
                server.post("embassy")
                await source.until(lambda: len(source.acts) >= 2)
                cursor = source.cursor
            stopped = datetime.now(UTC)
            server.is_down = True
            async with polling(server, users=_DE, cursor=cursor) as source:
                await source.until(lambda: source.gaps)
                assert source.gaps[0].since is not None
                assert source.gaps[0].since < stopped

    asyncio.run(run())


def test_a_new_official_is_a_gap_up_to_when_he_was_first_looked_at() -> None:
    async def run() -> None:
        async with _server() as server:
            async with polling(server, users={server.host: ("embassy",)}) as source:
                await source.until(lambda: len(source.events) >= 1)
                source.source.use(_DE)
                await source.until(lambda: len(source.events) >= 2)
                added = [event for event in source.events if isinstance(event, Coverage)]
            assert [each.officials for each in added] == [
                (f"https://{server.host}/@embassy",),
                (f"https://{server.host}/@ministry",),
            ]
            assert {each.reason for each in added} == {"added"}
            assert {each.since for each in added} == {None}

    asyncio.run(run())


def test_one_who_is_not_there_holds_up_nobody() -> None:
    async def run() -> None:
        async with _server() as server:
            server.post("embassy")
            async with polling(server, users={server.host: ("aaa", "embassy")}) as source:
                await source.until(lambda: source.acts)
                assert sum(chunk.skipped["account_not_found"] for chunk in source.chunks) == 1
                await source.until(lambda: len({chunk.newest_us for chunk in source.chunks}) > 3)

    asyncio.run(run())


def test_a_status_that_cannot_be_read_is_one_dead_letter() -> None:
    """Not one at each look."""

    async def run() -> None:
        async with _server() as server:
            server.post("embassy", created_at="yesterday")
            server.post("embassy")
            async with polling(server, users=_DE) as source:
                await source.until(lambda: source.acts)
                await source.rounds([server], 6)
                (letter,) = [letter for chunk in source.chunks for letter in chunk.letters]
                assert json.loads(letter.payload)["created_at"] == "yesterday"

    asyncio.run(run())


@pytest.mark.parametrize("address", ["http://127.0.0.1:9", "https://10.0.0.1", "https://user:pw@example.org"])
def test_a_roster_leads_to_no_private_address(address: str) -> None:
    """Only what the operator names is trusted."""

    async def run() -> None:
        async with ClientSession() as session:
            with pytest.raises(SourceError) as refused:
                await MastodonServer(session, URL(address), frozenset(), 0.0).account("x")
            assert refused.value.kind == "refused"

    asyncio.run(run())


def test_without_officials_it_says_what_is_missing() -> None:
    async def run() -> None:
        async with _server() as server, polling(server, users={}, patience=0.01) as source:
            with pytest.raises(SourceError, match="roster publish"):
                await anext(source.source.chunks(None))

    asyncio.run(run())


@pytest.mark.slow
def test_the_cursor_of_a_thousand_officials_fits_into_a_record() -> None:
    """With their pages as long as they fit, else without."""
    state = State()
    for number in range(1_000):
        window = [
            ListedStatus(
                str(10**17 + 65_537 * (number * 40 + each)), f"https://s{number}.example/users/u/{each * 7_919}"
            )
            for each in range(40)
        ]
        state.accounts[f"u@s{number}.example"] = Known(str(number), f"https://s{number}.example/@u", "1" * 18, window)
    encoded = encode_state(state)
    assert len(encoded) < 900_000
    assert decode_state(encoded).accounts.keys() == state.accounts.keys()
    assert decode_state(encoded).accounts["u@s7.example"].newest == "1" * 18


def test_an_empty_page_says_nothing() -> None:
    """A server that hides everything for a moment withdraws nothing."""
    assert vanished([ListedStatus("1", "a")], []) == []
    assert vanished([ListedStatus("1", "a"), ListedStatus("3", "c")], [ListedStatus("2", "b")]) == [
        ListedStatus("3", "c")
    ]
