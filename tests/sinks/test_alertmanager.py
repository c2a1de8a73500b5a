"""The client of an Alertmanager, against a real one, and against servers that are none."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import aiohttp
import pytest
from msgspec.structs import replace

from streams.core.notifying.notices import Notice
from streams.sinks.alertmanager import Alertmanager, AlertmanagerError, OutdatedError
from tests.ops.alertmanager import quick_config, require_alertmanager
from tools import alertmanager as real
from tools.alertmanager import Receiver

_NOW_US = time.time_ns() // 1_000


def _notice(name: str) -> Notice:
    return Notice(
        labels={"alertname": name},
        annotations={"summary": "s"},
        starts_us=_NOW_US - 60_000_000,
        ends_us=_NOW_US + 3_600_000_000,
        link="https://example.org/x",
    )


def _post(url: str, notices: Sequence[Notice], is_current: Callable[[], bool] = lambda: True) -> list[int]:
    async def post() -> list[int]:
        async with aiohttp.ClientSession() as session:
            return await Alertmanager(url, session).post(notices, is_current)

    return asyncio.run(post())


@contextmanager
def _server(*statuses: int) -> Iterator[tuple[str, list[int]]]:
    """A server that answers with these statuses in turn, the last one for ever; its URL, and the statuses given."""
    given: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            status = statuses[min(len(given), len(statuses) - 1)]
            given.append(status)
            self.send_response(status)
            if status == 307:
                self.send_header("Location", "http://example.org/elsewhere")
            self.end_headers()
            self.wfile.write(b"no\x1b[31m" + b"x" * 100_000)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's own name
            """Not on the tests' standard error."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://somebody:secret@127.0.0.1:{server.server_address[1]}/prefix", given
        server.shutdown()


@pytest.fixture(scope="module")
def alertmanager() -> Iterator[real.Alertmanager]:
    require_alertmanager()
    with Receiver() as receiver, real.Alertmanager(quick_config(receiver.url)) as made:
        yield made


@pytest.mark.slow
@pytest.mark.parametrize("bad", [(0,), (3,), (0, 1, 2), (5, 149), tuple(range(150))])
def test_a_bad_notice_keeps_no_other_from_being_taken(alertmanager: real.Alertmanager, bad: tuple[int, ...]) -> None:
    """Whatever is wrong with it: a name that is none, an end before the start, no labels at all."""
    notices = [_notice(f"good-{len(bad)}-{bad[0]}-{number}") for number in range(150)]
    wrongs = (
        replace(notices[0], labels={"no name": "x"}),
        replace(notices[0], ends_us=_NOW_US - 120_000_000),
        replace(notices[0], labels={}),
    )
    for number in bad:
        notices[number] = wrongs[number % len(wrongs)]
    refused = _post(alertmanager.url, notices)
    held = {alert["labels"]["alertname"] for alert in alertmanager.alerts()}
    assert held >= {notice.labels["alertname"] for number, notice in enumerate(notices) if number not in bad}
    assert refused == list(bad)


def test_what_is_no_longer_true_when_it_could_be_sent_is_not_sent(alertmanager: real.Alertmanager) -> None:
    """As in a worker that was frozen after it had decided to send. The first request has opened the connection."""
    still_true = iter([True, False])

    async def post_twice() -> None:
        async with aiohttp.ClientSession() as session:
            client = Alertmanager(alertmanager.url, session)
            await client.post([_notice("in time")], lambda: next(still_true))
            with pytest.raises(OutdatedError):
                await client.post([_notice("too late")], lambda: next(still_true))
            assert await client.post([_notice("afterwards")], lambda: True) == []

    asyncio.run(post_twice())
    held = {alert["labels"]["alertname"] for alert in alertmanager.alerts()}
    assert held >= {"in time", "afterwards"}
    assert "too late" not in held


def test_nothing_is_taken_too(alertmanager: real.Alertmanager) -> None:
    assert _post(alertmanager.url + "/", []) == []


@pytest.mark.parametrize("status", [202, 307, 401, 403, 404, 429, 500, 503])
def test_what_takes_nothing_is_said_at_once_and_never_followed_nor_sent_the_same_again(status: int) -> None:
    with _server(status) as (url, given):
        with pytest.raises(AlertmanagerError, match=f"answers with status {status}") as raised:
            _post(url, [_notice("x")])
        assert given == [status]
    _assert_safe(raised.value)


def test_what_refuses_everything_is_no_alertmanager() -> None:
    """Else all alerts would be given up for a wrong address."""
    with _server(400) as (url, _given), pytest.raises(AlertmanagerError) as raised:
        _post(url, [_notice("x"), _notice("y")])
    _assert_safe(raised.value)


@pytest.mark.slow
def test_a_server_that_is_not_there_is_said_without_its_credentials() -> None:
    with pytest.raises(AlertmanagerError, match="cannot be reached") as raised:
        _post("http://somebody:secret@127.0.0.1:1/", [_notice("x")])
    _assert_safe(raised.value)


def _assert_safe(error: AlertmanagerError) -> None:
    assert error.message.isprintable()
    assert len(error.message) < 1_000
    assert error.remedy
    for text in (error.message, error.remedy, repr(error.__cause__)):
        assert "secret" not in text
        assert "somebody" not in text
