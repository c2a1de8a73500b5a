"""The endpoint of `push`, over real sockets: what is answered, when, and what senders cannot do to it."""

import asyncio
import gzip
import json
from base64 import b64encode
from collections.abc import AsyncIterator

import aiohttp
import pytest
import zstandard

from tests.collectors.push.sending import TOKEN, endpoint
from tests.collectors.tail.writing import line_of
from tests.formats.mastodon_payloads import status
from tests.formats.tap_messages import record

_MB = 1_000_000
_WRONG = "wrong"


def _lines(*numbers: int) -> bytes:
    return b"".join(map(line_of, numbers))


def test_a_batch_is_answered_when_it_was_taken_and_not_before() -> None:
    """200 means that Kafka has it; while Kafka is away the sender is told to send again."""

    async def run() -> None:
        async with endpoint(kafka_seconds=0.3) as push:
            push.goes_on.clear()
            assert (await push.post(_lines(1)))[0] == 503
            push.goes_on.set()
            assert await push.post(_lines(2, 3)) == (200, {"accepted": 2, "skipped": {}})
            assert push.ids == ["1", "2", "3"]

    asyncio.run(run())


def test_however_long_kafka_is_away_no_more_batches_wait_than_may() -> None:
    """Those beyond are taken in no part; their senders come again."""

    async def run() -> None:
        async with endpoint(kafka_seconds=0.1, at_once=3) as push:
            push.goes_on.clear()
            assert {(await push.post(_lines(number)))[0] for number in range(20)} == {503}
            push.goes_on.set()
            assert (await push.post(_lines(20)))[0] == 200
            assert len(push.ids) <= 3 + 2, "three, the one that Kafka was about to take, and the last"

    asyncio.run(run())


def test_each_refused_event_is_named_by_index_and_reason_and_the_others_are_taken() -> None:
    """Its bytes are in the dead letters, too."""

    async def run() -> None:
        async with endpoint() as push:
            body = _lines(0) + b"\n" + b"nonsense\n" + _lines(3) + b'{"kind":"post"}\n' + b"\xff\n" + _lines(6)
            code, answer = await push.post(body)
            assert code == 200
            assert (answer["accepted"], answer["skipped"], answer["refused_total"]) == (3, {"blank": 1}, 3)
            assert [(each["index"], each["reason"]) for each in answer["refused"]] == [
                (2, "not_json"),
                (4, "not_an_event"),
                (5, "not_json"),
            ]
            letters = [letter for chunk in push.chunks for letter in chunk.letters]
            assert [letter.payload for letter in letters] == [b"nonsense", b'{"kind":"post"}', b"\xff"]
            assert (await push.post(b"nonsense"))[0] == 422

    asyncio.run(run())


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (json.dumps([json.loads(line_of(number)) for number in range(2)]).encode(), "/events"),
        ("".join(line_of(number).decode() for number in range(2)).encode("utf-16"), "/events"),
        ((json.dumps(status(1)) + "\n" + json.dumps(status(2))).encode(), "/events?format=mastodon"),
        (
            b"object_id,account_id,content_id,timestamp_share\no,101,1,1790000000\no,102,2,1790000000\n",
            "/events?format=mapped:coortweet",
        ),
    ],
)
def test_a_batch_may_be_of_any_format_shape_and_encoding(body: bytes, path: str) -> None:
    async def run() -> None:
        async with endpoint() as push:
            code, answer = await push.post(body, path)
            assert (code, answer["accepted"]) == (200, 2), answer

    asyncio.run(run())


def test_a_row_of_a_table_is_named_by_its_place_behind_the_header() -> None:
    async def run() -> None:
        async with endpoint() as push:
            rows = b"object_id,account_id,content_id,timestamp_share\no,101,1,1790000000\no,102,2,no time\n"
            _, answer = await push.post(rows, "/events?format=mapped:coortweet")
            assert [each["index"] for each in answer["refused"]] == [1]

    asyncio.run(run())


@pytest.mark.parametrize("name", ["nothing", "mapped:/etc/passwd"])
def test_a_format_is_one_that_is_installed_and_never_a_file(name: str) -> None:
    async def run() -> None:
        async with endpoint() as push:
            code, answer = await push.post(_lines(1), f"/events?format={name}")
            assert code == 400
            assert "there is no format" in answer["error"]
            assert not push.ids

    asyncio.run(run())


def test_a_batch_sent_again_with_its_key_is_not_written_again_also_by_the_next_process() -> None:
    """The answer is the same; the cursor has the keys. Another body under the same key is a mistake of the sender."""

    async def run() -> None:
        async with endpoint() as push:
            first = await push.post(_lines(1) + b"nonsense\n", Idempotency_Key="k1")
            again = await push.post(_lines(1) + b"nonsense\n", Idempotency_Key="k1")
            assert again == (200, first[1] | {"repeated": True})
            assert (await push.post(_lines(2), Idempotency_Key="k1"))[0] == 422
            assert push.ids == ["1"]
            cursor = next(chunk.cursor for chunk in push.chunks if chunk.cursor is not None)
        async with endpoint(cursor) as push:
            code, answer = await push.post(_lines(1) + b"nonsense\n", Idempotency_Key="k1")
            assert (code, answer["repeated"]) == (200, True)
            assert not push.ids

    asyncio.run(run())


def test_a_batch_sent_again_while_kafka_is_away_waits_for_the_first_and_is_written_once() -> None:
    async def run() -> None:
        async with endpoint(kafka_seconds=0.3) as push:
            push.goes_on.clear()
            assert (await push.post(_lines(1), Idempotency_Key="k"))[0] == 503
            assert (await push.post(_lines(1), Idempotency_Key="k"))[0] == 503
            push.goes_on.set()
            assert (await push.post(_lines(1), Idempotency_Key="k"))[0] == 200
            assert push.ids == ["1"]

    asyncio.run(run())


@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN[:-1], TOKEN + "x", "ä"])
def test_without_the_token_nothing_is_read(token: str | None) -> None:
    async def run() -> None:
        async with endpoint() as push:
            code, answer = await push.post(_lines(1), token=None if token is None else token)
            assert code == 401
            assert TOKEN not in json.dumps(answer)
            assert not push.ids

    asyncio.run(run())


def test_guessing_tokens_is_slowed_down_and_holds_up_nobody_who_knows_it() -> None:
    async def run() -> None:
        async with endpoint() as push:
            codes = [(await push.post(b"", token=_WRONG))[0] for _ in range(30)]
            assert set(codes) == {401, 429}
            assert (await push.post(_lines(1)))[0] == 200

    asyncio.run(run())


def test_the_webhook_of_a_tap_is_taken_with_the_token_as_its_password() -> None:
    """What cannot be read is a dead letter, and acknowledged: a Tap would send it for ever."""

    async def run() -> None:
        async with endpoint() as push:
            message = record("app.bsky.feed.post", {"text": "hello", "createdAt": "2026-03-01T09:00:00Z"}, live=True)
            basic = {"Authorization": f"Basic {b64encode(f'admin:{TOKEN}'.encode()).decode()}"}
            code, answer = await push.post(json.dumps(message | {"id": 1}), "/tap", token=None, **basic)
            assert (code, answer["accepted"]) == (200, 1), answer
            code, answer = await push.post(b'{"id":2,"type":"weather"}', "/tap", token=None, **basic)
            assert (code, answer["refused_total"]) == (200, 1)

    asyncio.run(run())


def test_a_body_beyond_the_limit_is_refused_by_its_length_or_as_it_comes() -> None:
    """50 MB of it are never held."""

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(50):
            yield b"x" * _MB

    async def run() -> None:
        async with endpoint(body_bytes=_MB) as push:
            code, answer = await push.post(b"x" * 50 * _MB)
            assert code == 413
            assert "send several batches" in answer["error"]
            try:
                code, _ = await push.post(parts())
                assert code == 413
            except aiohttp.ClientError:
                pass  # hung up on while it still sent
            assert (await push.post(_lines(1)))[0] == 200
            assert push.ids == ["1"]

    asyncio.run(run())


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_packed_body_is_read_and_one_that_unpacks_to_too_much_is_not(encoding: str) -> None:
    pack = gzip.compress if encoding == "gzip" else zstandard.ZstdCompressor().compress

    async def run() -> None:
        async with endpoint(body_bytes=_MB) as push:
            assert (await push.post(pack(_lines(1, 2)), Content_Encoding=encoding))[0] == 200
            code, answer = await push.post(pack(b"\n" * 20 * _MB), Content_Encoding=encoding)
            assert code == 413
            assert "when unpacked" in answer["error"]
            assert (await push.post(pack(_lines(1))[:-5], Content_Encoding=encoding))[0] == 400
            assert (await push.post(_lines(1), Content_Encoding=encoding))[0] == 400
            assert (await push.post(_lines(1), Content_Encoding="br"))[0] == 415
            assert push.ids == ["1", "2"]

    asyncio.run(run())


def test_more_events_than_a_batch_may_have_are_not_taken_in_part() -> None:
    async def run() -> None:
        async with endpoint(batch_events=3) as push:
            assert (await push.post(_lines(*range(4))))[0] == 413
            assert (await push.post(_lines(*range(3))))[0] == 200
            assert push.ids == ["0", "1", "2"]

    asyncio.run(run())


def test_more_requests_than_allowed_are_told_when_to_come_back() -> None:
    async def run() -> None:
        async with endpoint(requests_per_second=1) as push:
            codes = [(await push.post(_lines(number)))[0] for number in range(5)]
            assert codes[0] == 200
            assert codes[-1] == 429
            assert len(push.ids) == codes.count(200)

    asyncio.run(run())


def test_clients_that_send_their_header_or_body_drop_by_drop_are_hung_up_on_and_hold_up_nobody() -> None:
    """Slowloris: a hundred connections that never finish."""

    async def run() -> None:
        async with endpoint(header_seconds=0.3, body_seconds=0.3, at_once=4) as push:
            slow = [await asyncio.open_connection("127.0.0.1", push.port) for _ in range(100)]
            for _, writer in slow:
                writer.write(b"POST /events HTTP/1.1\r\nHost: x\r\nX-A: ")
            body = await asyncio.open_connection("127.0.0.1", push.port)
            known = f"Authorization: Bearer {TOKEN}\r\n".encode()
            body[1].write(b"POST /events HTTP/1.1\r\nHost: x\r\n" + known + b"Content-Length: 99\r\n\r\n{")
            assert (await push.post(_lines(1)))[0] == 200
            async with asyncio.timeout(20):
                assert b"408" in await body[0].readline()
                for reader, _ in slow:
                    try:
                        while await reader.read(1_000):
                            pass
                    except ConnectionError:
                        pass
            assert (await push.post(_lines(2)))[0] == 200
            for _, writer in [*slow, body]:
                writer.close()

    asyncio.run(run())


def test_there_are_no_more_connections_than_allowed() -> None:
    async def run() -> None:
        async with endpoint(connections=3, header_seconds=0.3) as push:
            held = [await asyncio.open_connection("127.0.0.1", push.port) for _ in range(3)]
            await asyncio.sleep(0.05)
            with pytest.raises((aiohttp.ClientError, ConnectionError)):
                await push.post(_lines(1))
            async with asyncio.timeout(20):
                for reader, _ in held:
                    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                        await reader.readexactly(1)
            assert (await push.post(_lines(1)))[0] == 200
            for _, writer in held:
                writer.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"POST /events HTTP/1.1\r\nHost: x\r\n%sTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /events HTTP/1.1\r\nHost: x\r\n%sContent-Length: 10\r\n\r\nabc",
        b"POST /events HTTP/1.1\r\nHost: x\r\n%sContent-Length: -1\r\n\r\n",
        b"\x16\x03\x01 nonsense%s\r\n\r\n",
    ],
)
def test_a_broken_request_ends_its_own_connection_alone(request_bytes: bytes) -> None:
    async def run() -> None:
        async with endpoint(body_seconds=0.3) as push:
            reader, writer = await asyncio.open_connection("127.0.0.1", push.port)
            writer.write(request_bytes % f"Authorization: Bearer {TOKEN}\r\n".encode())
            writer.write_eof()
            async with asyncio.timeout(20):
                try:
                    answer = await reader.read()
                except ConnectionError:
                    answer = b""
            assert b"200" not in answer[:20]
            assert TOKEN.encode() not in answer
            writer.close()
            assert (await push.post(_lines(1)))[0] == 200
            assert push.ids == ["1"]

    asyncio.run(run())


def test_what_was_turned_away_is_counted_by_name() -> None:
    async def run() -> None:
        async with endpoint(body_bytes=_MB) as push:
            await push.post(_lines(1), token=_WRONG)
            await push.post(b"x" * 2 * _MB)
            await push.post(_lines(1), Content_Encoding="br")
            await push.post(_lines(1))
            counted = sum((chunk.skipped for chunk in push.chunks), start=push.chunks[0].skipped)
            assert counted == {"unauthorized": 1, "body_too_large": 1, "bad_request": 1}

    asyncio.run(run())
