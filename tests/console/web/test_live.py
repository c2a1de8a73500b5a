"""The live notice: who waits is told, who does not listen costs nothing, and nobody waits beyond the limit."""

import asyncio
import socket
import time
from contextlib import ExitStack

import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry

from streams.console.store.reading import Store
from streams.console.web.live import Live, Newest
from streams.console.web.metrics import ConsoleMetrics
from streams.serving.connections import Connections
from tests.console.growing_store import GrowingStore
from tests.console.web.running import Running, running_console

_TABS = 100
_STALLED = 20
_LONG = 10**3_000  # events of 3 kB: what the system keeps for a stalled client is full sooner


def _listen(console: Running, address: str = "/live", **headers: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", console.port), timeout=10)
    lines = [f"GET {address} HTTP/1.1", "Host: localhost", *(f"{name}: {value}" for name, value in headers.items())]
    connection.sendall("\r\n".join([*lines, "", ""]).encode())
    return connection


def _until(connection: socket.socket, words: bytes) -> bytes:
    got = bytearray()
    while words not in got:
        part = connection.recv(65_536)
        assert part, bytes(got)
        got += part
    return bytes(got)


def test_an_open_page_is_told_of_a_new_alert_within_two_seconds(growing: GrowingStore) -> None:
    store = growing.store
    before = Newest(store.generation(), store.newest_alert())
    with running_console(store) as console:
        with _listen(console, f"/live?since={before}") as connection:
            greeting = _until(connection, b"retry:")
            assert b"content-type: text/event-stream" in greeting.lower()
            growing.write_last_alert()
            written = time.monotonic()
            received = _until(connection, b'{"count":1}')
            assert time.monotonic() - written < 2
            assert b"event: alerts" in received
            assert f"id: {Newest(store.generation(), store.newest_alert())}".encode() in received
        with _listen(console, f"/live?since={before}") as late:  # whose page was made before, and comes back
            assert b"event: alerts" in _until(late, b'{"count":1}')
        page = console.ask("/status").body.decode()
        assert f'data-newest="{store.generation()}-{store.newest_alert()}"' in page


def test_a_page_of_a_store_that_was_built_anew_is_told_so(growing: GrowingStore) -> None:
    store = growing.store
    with running_console(store) as console, _listen(console, f"/live?since={store.generation() + 1}-3") as connection:
        assert b"event: rebuilt" in _until(connection, b"data: {}")


def test_nobody_waits_beyond_the_limit_and_who_leaves_makes_room(case_store: Store) -> None:
    with running_console(case_store, live_clients=3, requests_per_second=1_000.0) as console, ExitStack() as stack:
        for _ in range(3):
            _until(stack.enter_context(_listen(console)), b"retry:")
        refused = console.ask("/live")
        assert (refused.status, refused.headers["retry-after"]) == (503, "60")
        assert console.ask("/status").status == 200
        stack.close()
        deadline = time.monotonic() + 10
        while console.metrics.live_clients._value.get() and time.monotonic() < deadline:
            time.sleep(0.02)
        with _listen(console) as connection:
            _until(connection, b"retry:")


@pytest.mark.slow
def test_a_hundred_tabs_of_which_twenty_are_stalled_cost_what_they_did_when_they_came() -> None:
    assert asyncio.run(_crowd()) == _TABS - _STALLED


async def _crowd() -> int:
    """How many are still there after hundreds of events."""
    number = 0
    metrics = ConsoleMetrics(CollectorRegistry())
    transports: list[asyncio.Transport] = []

    async def newest() -> Newest:
        nonlocal number
        number += 1
        return Newest(_LONG, number)

    async def since(known: int) -> int:
        return number - known

    live = Live(newest, since, _TABS, metrics, look_seconds=0.05, heartbeat_seconds=15, write_seconds=0.5)

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        assert request.transport is not None
        transports.append(request.transport)
        response = web.StreamResponse()
        await live.serve(response, request, None)
        return response

    async def read(reader: asyncio.StreamReader, seen: list[int]) -> None:
        while line := await reader.readline():
            seen[0] += line.startswith(b"event: alerts")

    connections = Connections(answer, 2 * _TABS, 15)
    host, port = await connections.open("127.0.0.1", 0)
    sockets: list[socket.socket] = []
    writers: list[asyncio.StreamWriter] = []
    readers: list[asyncio.Task[None]] = []
    counts: list[list[int]] = []
    for tab in range(_TABS):
        connection = socket.socket()
        if tab < _STALLED:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
        connection.connect((host, port))
        connection.setblocking(False)
        connection.send(b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        if tab < _STALLED:
            sockets.append(connection)
        else:
            reader, writer = await asyncio.open_connection(sock=connection)
            counts.append([0])
            readers.append(asyncio.create_task(read(reader, counts[-1])))
            writers.append(writer)
    largest = 0
    async with asyncio.timeout(80):
        while len(transports) < _TABS or live.clients > _TABS - _STALLED or not min(seen[0] for seen in counts):
            await asyncio.sleep(0.02)
            largest = max([largest, *(each.get_write_buffer_size() for each in transports if not each.is_closing())])
        received = min(seen[0] for seen in counts)
        while min(seen[0] for seen in counts) < received + 3:  # noqa: ASYNC110  # the others go on hearing
            await asyncio.sleep(0.02)
    assert largest < 98_304
    left = live.clients
    for task in readers:
        task.cancel()
    for writer in writers:
        writer.close()
    for each in sockets:
        each.close()
    await connections.close()
    await live.close()
    return left
