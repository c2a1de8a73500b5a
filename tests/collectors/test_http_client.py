"""The JSON client, against real servers on the loopback address that misbehave."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web
from msgspec import Struct

from streams.collectors.http_client import (
    AnswerError,
    ClientPolicy,
    HttpClient,
    HttpClientError,
    ThrottledError,
    UnavailableError,
)
from streams.collectors.rate_limits import HostLimit
from tools.servers.local_server import Fail, Hang, LocalServer, Packed, Throttle

_QUICK = ClientPolicy(first_wait_seconds=0.001, longest_wait_seconds=0.001, timeout_seconds=5.0)


class _Answer(Struct):
    ok: bool


async def _ok(_request: web.Request) -> web.Response:
    return web.json_response({"ok": True})


def _run(
    use: Callable[[LocalServer, HttpClient], Awaitable[None]], *routes: web.RouteDef, answer_bytes: int = 1_000
) -> None:
    async def run() -> None:
        async with LocalServer(web.get("/ok", _ok), *routes) as server:
            policy = ClientPolicy(
                trusted=frozenset({server.place}),
                first_wait_seconds=0.001,
                longest_wait_seconds=0.001,
                timeout_seconds=5.0,
                patience_seconds=2.0,
                answer_bytes=answer_bytes,
            )
            async with HttpClient(policy) as client:
                await use(server, client)

    asyncio.run(run())


def test_a_host_that_fails_for_a_moment_is_asked_again() -> None:
    """Two answers of a proxy before the host's own."""

    async def use(server: LocalServer, client: HttpClient) -> None:
        server.faults = [Fail(502), Fail(503)]
        assert (await client.json(f"{server.url}/ok", _Answer)).ok
        assert len(server.asked) == 3

    _run(use)


def test_a_host_that_stays_away_is_given_up() -> None:
    """After as many attempts as the policy has, and with the status in the message."""

    async def use(server: LocalServer, client: HttpClient) -> None:
        server.faults = [Fail(502)] * 10
        with pytest.raises(UnavailableError, match="status 502"):
            await client.json(f"{server.url}/ok", _Answer)
        assert len(server.asked) == 4

    _run(use)


def test_a_far_reset_stops_all_requests_to_the_host_at_once() -> None:
    """The second request is refused here: the server is not asked."""

    async def use(server: LocalServer, client: HttpClient) -> None:
        server.faults = [Throttle(3_600)]
        for _ in range(2):
            with pytest.raises(ThrottledError) as caught:
                await client.json(f"{server.url}/ok", _Answer)
            assert 3_500 < caught.value.wait_seconds <= 3_600
        assert len(server.asked) == 1

    _run(use)


def test_a_near_reset_is_waited_for() -> None:
    """A pause that is shorter than the patience is part of the request."""

    async def use(server: LocalServer, client: HttpClient) -> None:
        server.faults = [Throttle(0)]
        with pytest.raises(ThrottledError):
            await client.json(f"{server.url}/ok", _Answer)
        assert (await client.json(f"{server.url}/ok", _Answer)).ok

    _run(use)


def test_one_slow_host_holds_up_no_other() -> None:
    """A request to another host is answered while the first one still waits."""

    async def use(server: LocalServer, client: HttpClient) -> None:
        until, arrived = asyncio.Event(), asyncio.Event()
        server.faults = [Hang(until, arrived)]
        waiting = asyncio.create_task(client.json(f"{server.url}/ok", _Answer))
        await arrived.wait()
        async with LocalServer(web.get("/ok", _ok)) as other:
            policy = ClientPolicy(trusted=frozenset({other.place}))
            async with HttpClient(policy) as second:
                assert (await second.json(f"{other.url}/ok", _Answer)).ok
        assert not waiting.done()
        until.set()
        assert (await waiting).ok

    _run(use)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fail(200, b"[" * 100_000), "more than"),
        (Fail(200, b"[" * 999), "no _Answer"),
        (Fail(200, b'{"ok":"\xff"}'), "no _Answer"),
        (Fail(200, b'{"ok":3}'), "no _Answer"),
        (Fail(200, b""), "no _Answer"),
        (Packed(b"\x1f\x8b"), "packed"),
        (Fail(400, b'{"error":"InvalidRequest","message":"no\\u001b[31m"}'), r"InvalidRequest no\\x1b"),
        (Fail(400, b"{" * 500), "status 400"),
        (Fail(404, b"x" * 2_000), "more than"),
    ],
)
def test_a_hostile_answer_is_one_printable_line_and_not_asked_for_again(fault: Fail | Packed, said: str) -> None:
    """Large, deep, of another type, packed against our word, or with escapes for a terminal."""

    async def use(server: LocalServer, client: HttpClient) -> None:
        server.faults = [fault]
        with pytest.raises(AnswerError, match=said) as caught:
            await client.json(f"{server.url}/ok", _Answer)
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 400
        assert len(server.asked) == 1

    _run(use)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/x",
        "https://127.0.0.1/x",
        "https://10.1.2.3/x",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/x",
        "https://[::ffff:127.0.0.1]/x",
        "https://localhost/x",
        "https://user:secret@example.org/x",
        "https://example.org:6379/x",
        "file:///etc/passwd",
        "https://",
    ],
)
def test_an_address_that_leads_into_the_own_network_is_not_asked(url: str) -> None:
    """Neither as a number nor by a name, and without attempts."""

    async def ask() -> None:
        async with HttpClient(_QUICK) as client:
            await client.json(url, _Answer)

    with pytest.raises(HttpClientError) as caught:
        asyncio.run(ask())
    assert isinstance(caught.value, AnswerError), caught.value
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("target", ["http://127.0.0.1:1/x", "https://192.168.0.1/x", "http://[", "/again"])
def test_a_redirect_leads_neither_into_the_own_network_nor_round_and_round(target: str) -> None:
    """The address it gives is looked at as any other."""

    async def moved(_request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": target})

    async def use(server: LocalServer, client: HttpClient) -> None:
        with pytest.raises(AnswerError):
            await client.json(f"{server.url}/again", _Answer)
        assert len(server.asked) <= 4

    _run(use, web.get("/again", moved))


def test_a_redirect_within_what_is_trusted_is_followed() -> None:
    """As hosts do when a path moves."""

    async def moved(_request: web.Request) -> web.Response:
        return web.Response(status=307, headers={"Location": "/ok"})

    async def use(server: LocalServer, client: HttpClient) -> None:
        assert (await client.json(f"{server.url}/moved", _Answer)).ok

    _run(use, web.get("/moved", moved))


def test_what_remains_of_a_window_is_spread_over_the_rest_of_it() -> None:
    """With a tenth of 3,000 requests left for 300 s, the next ones are about a second apart; nothing left: none."""
    limit = HostLimit()
    limit.answered(200, _headers(remaining=2_000, reset=300), now=10.0, clock=time.time())
    limit.asked(10.0)
    assert limit.wait_seconds(10.0) == 0
    limit.answered(200, _headers(remaining=300, reset=300), now=10.0, clock=time.time())
    limit.asked(10.0)
    assert limit.wait_seconds(10.0) == pytest.approx(1.0, abs=0.01)
    limit.answered(200, _headers(remaining=0, reset=120), now=10.0, clock=time.time())
    assert limit.wait_seconds(10.0) == pytest.approx(120.0, abs=0.01)


def test_a_reset_that_is_a_moment_is_measured_by_the_servers_own_clock() -> None:
    """Ours may be an hour off."""
    limit = HostLimit()
    headers = {"Date": "Thu, 26 Nov 2026 12:00:00 GMT", "RateLimit-Reset": "1795694430"}  # 12:00:30 there
    limit.answered(429, headers, now=0.0, clock=1_795_694_400 + 3_600)
    assert limit.wait_seconds(0.0) == pytest.approx(30.0)


@pytest.mark.parametrize("reset", ["1e308", "-5", "nan", "inf", "99999999999999", "never", ""])
def test_whatever_a_server_writes_for_a_reset_the_pause_has_bounds(reset: str) -> None:
    """At least a second, at most a day."""
    limit = HostLimit()
    limit.answered(429, {"RateLimit-Reset": reset, "Date": "Thu, 99 Nov 2026"}, now=0.0, clock=0.0)
    assert 1.0 <= limit.wait_seconds(0.0) <= 86_400.0


def _headers(remaining: int, reset: int) -> dict[str, str]:
    return {"RateLimit-Limit": "3000", "RateLimit-Remaining": str(remaining), "RateLimit-Reset": str(reset)}
