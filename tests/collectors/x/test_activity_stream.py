"""The stream of X's Activity API: what it shows, how it is held, and what is made of what is odd."""

import asyncio
import json

import pytest

from streams.collectors.x.x_source import XCursor
from streams.events import Deletion, Post, Retweet
from tests.collectors.x.virtual_time import run_in_virtual_time
from tests.collectors.x.x_rig import Holding, holding, roster_of
from tools.servers.x import DISCONNECT, TOO_MANY, X


def _x(**more: object) -> X:
    server = X(**more)  # type: ignore[arg-type]
    server.posts.add_user("111", "embassy")
    server.posts.add_user("222", "minister")
    server.posts.add_user("999", "outlet", "2026-11-20T08:00:00.000Z")
    return server


async def _in_step(server: X, held: Holding) -> None:
    await held.until(lambda: server.streams == 1 and len(held.keeper.asked) == 2)


def test_posts_reposts_quotes_and_deletions_are_events() -> None:
    async def scenario() -> None:
        async with _x() as server, holding(server, roster_of("111", "222")) as held:
            await _in_step(server, held)
            original = server.posts.post("999", "new voice — 声")
            plain = server.publish(server.posts.post("111", "hello"))
            repost = server.publish(server.posts.repost("222", original))
            quote = server.publish(server.posts.quote("111", original))
            server.delete(repost)
            await held.until(lambda: len(held.acts) == 4)
            post, retweet, quoted, deletion = held.acts
            assert isinstance(post, Post)
            assert isinstance(quoted, Post)
            assert isinstance(retweet, Retweet)
            assert isinstance(deletion, Deletion)
            assert [each.id for each in (post, retweet, quoted)] == [each["id"] for each in (plain, repost, quote)]
            assert (retweet.subject.id, retweet.subject.handle) == ("999", "outlet")
            assert (retweet.text, retweet.post_id) == ("new voice — 声", original["id"])
            assert (deletion.post_id, deletion.actor and deletion.actor.id) == (repost["id"], "222")

    run_in_virtual_time(scenario())


def test_a_stream_cut_at_every_byte_gives_the_same_events() -> None:
    """Also inside a character, and between the two of a line's end."""

    async def scenario() -> None:
        async with _x() as server, holding(server, roster_of("111", "222")) as held:
            await _in_step(server, held)
            post = server.posts.post("111", "日本 🇫🇷")
            line = json.dumps(server.posts.created(post), ensure_ascii=False).encode() + b"\r\n"
            for byte in line + b"\r\n":
                server.send(bytes([byte]))
            await held.until(lambda: len(held.acts) == 1)
            assert isinstance(held.acts[0], Post)
            assert held.acts[0].text == "日本 🇫🇷"

    run_in_virtual_time(scenario())


def test_a_line_that_the_cut_takes_is_read_from_the_timeline() -> None:
    async def scenario() -> None:
        async with _x() as server, holding(server, roster_of("111", "222")) as held:
            await _in_step(server, held)
            server.publish(server.posts.post("111", "whole"))
            await held.until(lambda: len(held.acts) == 1)
            post = server.posts.post("222", "cut — in a character")
            line = json.dumps(server.posts.created(post), ensure_ascii=False).encode()
            server.timelines.setdefault("222", []).append(post)
            server.send(line[: line.index("—".encode()) + 1])
            await asyncio.sleep(0)
            server.cut()
            await held.until(lambda: post["id"] in {each.id for each in held.acts})
            await held.until(lambda: any(gap.closed_by for gap in held.gaps))
            assert held.gaps[-1].closed_by == "back_fill"
            assert not [letter for chunk in held.chunks for letter in chunk.letters]

    run_in_virtual_time(scenario())


@pytest.mark.parametrize(("seconds", "stays"), [(19.0, True), (21.0, False)])
def test_silence_is_told_from_keep_alives(seconds: float, *, stays: bool) -> None:
    async def scenario() -> None:
        async with _x() as server, holding(server, roster_of("111", "222")) as held:
            server.keep_alive = seconds
            await _in_step(server, held)
            await asyncio.sleep(100)
            kinds = {kind for kind, _at in held.ended}
            assert kinds == (set() if stays else {"silent"})
            assert (len(server.opened_at) == 1) is stays

    run_in_virtual_time(scenario())


def _pauses(server: X, held: Holding) -> list[float]:
    """From the end of each stream to the next attempt."""
    ends = [at for _kind, at in held.ended]
    return [round(opened - ended, 2) for ended, opened in zip(ends, server.opened_at[1:], strict=True)]


@pytest.mark.parametrize(
    ("status", "expected"),
    [(503, [5, 10, 20, 40, 80, 160, 320, 320]), (429, [60, 120, 240, 480, 960])],
)
def test_http_errors_and_429_have_schedules_of_their_own(status: int, expected: list[float]) -> None:
    async def scenario() -> None:
        async with _x() as server:
            body = TOO_MANY if status == 429 else {"title": "Service Unavailable"}
            server.refusals = [(status, body, {})] * len(expected)
            async with holding(server, roster_of("111", "222")) as held:
                await held.until(lambda: server.streams == 1, 10_000)
                assert _pauses(server, held) == expected

    run_in_virtual_time(scenario())


def test_a_network_that_fails_is_asked_again_at_once_and_then_ever_later() -> None:
    """After a stream that lasted at once, then 250 ms more each time, up to 16 s."""

    async def scenario() -> None:
        server = _x()
        async with server, holding(server, roster_of("111", "222")) as held:
            await _in_step(server, held)
            await asyncio.sleep(60)
            server.cut()
            await held.until(lambda: len(held.ended) == 1)
            await held.until(lambda: server.streams == 1)
            for _ in range(10):
                server.cut()
                before = len(held.ended)
                await held.until(lambda before=before: len(held.ended) > before and server.streams == 1)  # type: ignore[misc]
            expected = [0.0, *(min(0.25 * times, 16.0) for times in range(1, 11))]
            assert _pauses(server, held) == expected

    run_in_virtual_time(scenario())


def test_a_429_with_a_reset_is_waited_for_until_then() -> None:
    async def scenario() -> None:
        async with (
            _x(limits={"GET /2/activity/stream": 1}, window_seconds=600.0) as server,
            holding(server, roster_of("111", "222")) as held,
        ):
            await _in_step(server, held)
            server.cut()
            await asyncio.sleep(590)
            assert len(server.opened_at) == 1, "X has said that no more connections are left"
            assert "throttled" in {kind for kind, _at in held.ended}
            await held.until(lambda: len(server.opened_at) == 2)
            assert server.beyond.total() == 0

    run_in_virtual_time(scenario())


def test_disconnect_frames_end_the_stream_and_new_kinds_of_messages_do_not() -> None:
    async def scenario() -> None:
        async with _x() as server, holding(server, roster_of("111", "222")) as held:
            await _in_step(server, held)
            server.send({"data": {"event_type": "post.pinned", "filter": {"user_id": "111"}, "payload": {}}})
            server.send({"system": {"note": "we have something new"}})
            server.send({"data": {"event_type": "like.create", "filter": {"user_id": "111"}, "payload": {}}})
            server.publish(server.posts.post("111"))
            await held.until(lambda: len(held.acts) == 1)
            assert held.skipped == {"unknown_type": 1, "unknown_message": 1, "like": 1}
            assert not held.ended
            server.send(DISCONNECT)
            await held.until(lambda: len(held.ended) == 1)
            assert held.ended[0][0] == "closed"
            assert held.skipped["operational_disconnect"] == 1
            assert not [letter for chunk in held.chunks for letter in chunk.letters]

    run_in_virtual_time(scenario())


def test_errors_beside_data_and_missing_includes_lose_no_post() -> None:
    """A repost whose original is not included has its subject from `RT @handle`; without either it is refused."""

    async def scenario() -> None:
        async with _x() as server, holding(server, roster_of("111", "222")) as held:
            await _in_step(server, held)
            original = server.posts.post("999", "new voice")
            repost = server.posts.created(server.posts.repost("111", original))
            del repost["data"]["includes"]
            server.send(repost | {"errors": [{"title": "Not Found Error", "resource_type": "tweet"}]})
            nameless = server.posts.created(server.posts.repost("222", original))
            del nameless["data"]["includes"]
            nameless["data"]["payload"]["text"] = "…"
            server.send(nameless)
            await held.until(lambda: sum(len(chunk.letters) for chunk in held.chunks) == 1)
            assert [each.subject.id for each in held.acts if isinstance(each, Retweet)] == ["999"]
            letters = [letter for chunk in held.chunks for letter in chunk.letters]
            assert json.loads(letters[0].payload) == nameless, "with its original bytes"

    run_in_virtual_time(scenario())


def test_a_refused_token_is_told_as_such_and_stands_in_no_error() -> None:
    """At once, and again on X's schedule for errors: an alert rests on it."""

    async def scenario() -> None:
        token = "a-token-that-x-does-not-take-5555"  # noqa: S105
        async with _x() as server, holding(server, roster_of("111"), token=token) as held:
            await held.until(lambda: len(held.ended) == 3)
            assert [kind for kind, _at in held.ended] == ["key_refused"] * 3
            times = [at for _kind, at in held.ended]
            assert [round(times[1] - times[0]), round(times[2] - times[1])] == [5, 10]
            assert not server.opened_at

    run_in_virtual_time(scenario())


def test_no_roster_is_told_after_a_while() -> None:
    async def scenario() -> None:
        async with _x() as server, holding(server, None) as held:
            await held.until(lambda: len(held.ended) == 1)
            kind, at = held.ended[0]
            assert kind == "refused"
            assert at == pytest.approx(60.0, abs=1.0)
            assert not server.opened_at

    run_in_virtual_time(scenario())


def test_a_cursor_of_somebody_else_is_refused() -> None:
    async def scenario() -> None:
        async with _x() as server, holding(server, roster_of("111"), start=False) as held:
            with pytest.raises(ValueError, match="no cursor of X"):
                await anext(held.source.chunks(b'{"until_us": "then"}'))
            assert XCursor().until_us == 0

    run_in_virtual_time(scenario())
