"""The local Jetstream answers as the real one: parameters, cursors, compression, and what a client may say."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import orjson
import pytest
import zstandard
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType, WSServerHandshakeError

from tools.servers.jetstream.log import EventLog, account, commit
from tools.servers.jetstream.server import DICTIONARY_PATH, V1_PATH, V2_PATH, JetstreamServer

_NOW: Final = 1_772_366_400_000_000  # 1 March 2026, noon
_HOUR: Final = 3_600_000_000
_POST: Final = "app.bsky.feed.post"


def _log(events: int = 10, *, spacing_us: int = 1_000_000) -> EventLog:
    """Posts of two accounts by turns, the last of them just now; every fifth event is a notice."""
    log = EventLog()
    for number in range(events):
        at, did = _NOW - (events - number) * spacing_us, f"did:plc:{'ab'[number % 2]}"
        if number % 5 == 4:
            log.append(account(did, time_us=at, active=True, time="2026-03-01T00:00:00Z"))
        else:
            log.append(commit(did, _POST, f"k{number}", {"text": str(number)}, time_us=at))
    return log


def _run(log: EventLog, use: Callable[[JetstreamServer, ClientSession], Awaitable[Any]], **options: Any) -> Any:
    async def serve() -> Any:
        options.setdefault("now_us", lambda: _NOW)
        async with JetstreamServer(log, **options) as server, ClientSession(server.url) as client:
            return await use(server, client)

    return asyncio.run(asyncio.wait_for(serve(), 20))


async def _refused(client: ClientSession, path: str, **query: Any) -> tuple[int, str]:
    async with client.get(path, params=query) as answer:
        return answer.status, await answer.text()


async def _seqs(socket: ClientWebSocketResponse, count: int) -> list[int]:
    frames = [orjson.loads((await socket.receive(5)).data) for _ in range(count)]
    return [frame["cursor"] if "cursor" in frame else frame["payload"]["seq"] for frame in frames]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"wantedDids": "did:plc:a"}, "wantedDids is the legacy /subscribe parameter; use dids"),
        ({"wantedCollections": _POST}, "use collections"),
        ({"requireHello": "true"}, "requireHello is not supported"),
        ({"kinds": "like"}, "unknown kind"),
        ({"kinds": "account", "collections": _POST}, "can never apply"),
        ({"collections": "not_an_nsid.*"}, "invalid collection"),
        ({"dids": "alice"}, "invalid DID: alice"),
        ({"maxMessageSizeBytes": "-1"}, "invalid maxMessageSizeBytes"),
        ({"cursor": "x"}, "invalid cursor"),
        ({"cursor": "-1"}, "negative value"),
        ({"compress": "true"}, "this endpoint uses zstdDictionary"),
    ],
)
def test_v2_refuses_what_it_does_not_know_and_says_why(query: dict[str, str], said: str) -> None:
    status, body = _run(_log(), lambda _, client: _refused(client, V2_PATH, **query))
    assert status == 400
    assert orjson.loads(body)["error"] == "InvalidRequest"
    assert said in orjson.loads(body)["message"]


def test_v1_is_lax_where_v2_is_strict_and_answers_in_plain_text() -> None:
    async def ask(_: JetstreamServer, client: ClientSession) -> Any:
        async with client.ws_connect(f"{V1_PATH}?maxMessageSizeBytes=rubbish&wantedCollections=odd.*&cursor=1") as lax:
            seqs = await _seqs(lax, 2)  # notices pass the filter of collections
        return seqs, await _refused(client, V1_PATH, wantedDids="alice")

    assert _run(_log(), ask) == ([5, 10], (400, "subscribe: invalid options: invalid DID: alice\n"))


def test_a_cursor_is_inclusive_and_a_seq_or_a_time() -> None:
    async def ask(_: JetstreamServer, client: ClientSession) -> Any:
        found = []
        for path in (V1_PATH, V2_PATH):
            for cursor in (7, _NOW - 4_000_000):
                async with client.ws_connect(f"{path}?cursor={cursor}") as socket:
                    found.append(await _seqs(socket, 4))
        return found

    assert _run(_log(), ask) == [[7, 8, 9, 10]] * 4


@pytest.mark.parametrize("cursor", [11, 5_000, _NOW + 1])
@pytest.mark.parametrize("path", [V1_PATH, V2_PATH])
def test_a_cursor_in_the_future_gives_the_live_tip_without_a_word(path: str, cursor: int) -> None:
    async def ask(server: JetstreamServer, client: ClientSession) -> Any:
        async with client.ws_connect(f"{path}?cursor={cursor}") as socket:
            server.log.append(commit("did:plc:a", _POST, "new", {}, time_us=_NOW))
            return await _seqs(socket, 1)

    assert _run(_log(), ask) == [11]


def test_a_cursor_that_is_too_old_is_refused_announced_or_moved_in_silence() -> None:
    async def ask(_: JetstreamServer, client: ClientSession) -> Any:
        refused = await _refused(client, V2_PATH, cursor=2)
        async with client.ws_connect(f"{V2_PATH}?cursor={_NOW - 50 * _HOUR}") as socket:
            info = orjson.loads((await socket.receive(5)).data)["payload"]
            announced = await _seqs(socket, 1)
        moved = []
        for cursor in (2, _NOW - 50 * _HOUR):
            async with client.ws_connect(f"{V1_PATH}?cursor={cursor}") as socket:
                moved.append(await _seqs(socket, 1))
        return refused, info, announced, moved

    (status, body), info, announced, moved = _run(_log(48, spacing_us=_HOUR), ask)
    assert status == 400
    assert orjson.loads(body)["error"] == "CursorTooOld"
    assert "floor 13" in orjson.loads(body)["message"]
    assert info["name"] == "OutdatedCursor"
    assert info["message"].endswith("starting at seq 13")
    assert (announced, moved) == ([13], [[13], [13]])


def test_a_new_filter_takes_effect_in_the_middle_of_a_v1_connection_and_a_bad_one_ends_it() -> None:
    async def ask(server: JetstreamServer, client: ClientSession) -> Any:
        async with client.ws_connect(f"{V1_PATH}?requireHello=true&cursor=1") as socket:
            await socket.send_json({"type": "something_else"})
            await socket.send_json({"type": "options_update", "payload": {"wantedDids": ["did:plc:b"]}})
            seqs = await _seqs(socket, 5)
            await socket.send_json({"type": "options_update", "payload": {"wantedDids": ["bob"]}})
            last = await socket.receive(5)
            return seqs, last.type, socket.close_code, len(server.updates)

    assert _run(_log(), ask) == ([2, 4, 6, 8, 10], WSMsgType.CLOSE, 1008, 1)


def test_v2_echoes_its_subprotocol_and_closes_on_whatever_a_client_says() -> None:
    async def ask(_: JetstreamServer, client: ClientSession) -> Any:
        async with client.ws_connect(V2_PATH, protocols=["xrpc.v1.json"]) as socket:
            await socket.send_str("{}")
            await socket.receive(5)
            return socket.protocol, socket.close_code

    assert _run(_log(), ask) == ("xrpc.v1.json", 1008)


def test_frames_are_compressed_with_the_dictionary_that_the_server_gives() -> None:
    async def ask(server: JetstreamServer, client: ClientSession) -> Any:
        async with client.get(DICTIONARY_PATH) as answer:
            dictionary = zstandard.ZstdCompressionDict(await answer.read())
        unpacked = []
        for path in (f"{V2_PATH}?zstdDictionary={dictionary.dict_id()}", f"{V1_PATH}?compress=true"):
            if path.startswith(V1_PATH):
                dictionary = zstandard.ZstdCompressionDict(server.v1_dictionary())
            async with client.ws_connect(f"{path}&cursor=1") as socket:
                message = await socket.receive(5)
            assert message.type is WSMsgType.BINARY
            unpacked.append(zstandard.ZstdDecompressor(dict_data=dictionary).decompress(message.data))
        server.dictionary_id = 20_270_101
        retired = await _refused(client, V2_PATH, zstdDictionary=20_260_811)
        unknown = await _refused(client, DICTIONARY_PATH, id=20_260_811)
        return unpacked, retired, unknown

    (v2, v1), (status, body), (unknown, _) = _run(_log(), ask)
    assert orjson.loads(v2)["payload"]["seq"] == orjson.loads(v1)["cursor"] == 1
    assert (status, unknown) == (400, 404)
    assert orjson.loads(body)["error"] == "UnknownZstdDictionary"
    assert "20270101" in orjson.loads(body)["message"]


def test_zstd_and_deflate_together_are_refused_on_v1() -> None:
    async def ask(_: JetstreamServer, client: ClientSession) -> Any:
        with pytest.raises(WSServerHandshakeError) as refused:
            await client.ws_connect(f"{V1_PATH}?compress=true", compress=15)
        return refused.value.status

    assert _run(_log(), ask) == 400


def test_ten_thousand_accounts_fit_into_a_query_and_one_more_does_not() -> None:
    async def ask(_: JetstreamServer, client: ClientSession) -> Any:
        wanted = [("dids", f"did:plc:{number:024d}") for number in range(9_999)]
        url = f"{V2_PATH}?cursor=1&dids=did:plc:a&" + "&".join(f"{name}={value}" for name, value in wanted)
        async with client.ws_connect(url) as socket:
            seqs = await _seqs(socket, 2)
        return seqs, (await _refused(client, f"{url}&dids=did:plc:b"))[0]

    assert _run(_log(), ask) == ([1, 3], 400)


def test_until_it_is_ready_the_server_answers_503() -> None:
    async def ask(server: JetstreamServer, client: ClientSession) -> Any:
        server.faults.warming_up = True
        return [(await _refused(client, path))[0] for path in (V1_PATH, V2_PATH)]

    assert _run(_log(), ask) == [503, 503]


def test_a_crash_drops_connections_and_gives_the_last_seqs_anew() -> None:
    async def ask(server: JetstreamServer, client: ClientSession) -> Any:
        async with client.ws_connect(f"{V2_PATH}?cursor=1") as socket:
            await _seqs(socket, 10)
            seen = server.log.events[-3:]
            unseen = commit("did:plc:b", _POST, "unseen", {}, time_us=_NOW)
            server.die([unseen, *reversed(seen)], last=3)
            ended = (await socket.receive(5)).type
        return ended, [(event.seq, event.body.get("rkey")) for event in server.log.events[-4:]]

    ended, given = _run(_log(), ask)
    assert ended in (WSMsgType.CLOSED, WSMsgType.CLOSE, WSMsgType.ERROR)
    assert given == [(8, "unseen"), (9, None), (10, "k8"), (11, "k7")]


def test_faults_cut_a_connection_go_silent_and_resume_early() -> None:
    async def ask(server: JetstreamServer, client: ClientSession) -> Any:
        server.faults.cut_after.append(3)
        async with client.ws_connect(f"{V2_PATH}?cursor=1") as socket:
            cut = await _seqs(socket, 3)
            ended = (await socket.receive(5)).type
        server.faults.early_us = 5_000_000
        async with client.ws_connect(f"{V2_PATH}?cursor={_NOW - 2_000_000}") as socket:
            early = await _seqs(socket, 1)
        server.faults.silent = True
        async with client.ws_connect(f"{V2_PATH}?cursor=1") as socket:
            with pytest.raises(asyncio.TimeoutError):
                await socket.receive(0.1)
        return cut, ended is WSMsgType.TEXT, early

    assert _run(_log(), ask) == ([1, 2, 3], False, [4])
