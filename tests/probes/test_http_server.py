"""What the worker's HTTP server answers, also while the event loop has no time."""

import asyncio
import json
import socket
import threading
import time

import pytest
from prometheus_client import CollectorRegistry

from streams.errors import ConfigurationError
from streams.kafka.loopback import free_port
from streams.metrics import Metrics
from streams.probes import http_server as health_server
from streams.probes.health import Health
from streams.probes.http_server import serving
from streams.settings import Settings
from tests.worker.running_worker import ask


def test_it_reports_whether_the_loop_beats_and_what_is_lacking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health_server, "ALIVE_SECONDS", 1.5)  # ten seconds otherwise
    health, metrics = Health(), Metrics(CollectorRegistry())
    lacking: dict[str, str] = {"roster": "none"}
    health.need("roster", lambda: lacking.get("roster"))
    settings = Settings(metrics_port=free_port())
    stalled, answers = threading.Event(), list[tuple[int, bytes]]()

    async def beat_and_stall() -> None:
        beating = asyncio.create_task(health.beat())
        await asyncio.sleep(0.1)
        answers.append(await asyncio.to_thread(ask, settings.metrics_port, "/healthz"))
        stalled.set()
        time.sleep(3)  # noqa: ASYNC251  # this is what is looked for
        beating.cancel()

    with serving(settings, metrics, health):
        loop = threading.Thread(target=lambda: asyncio.run(beat_and_stall()))
        loop.start()
        assert stalled.wait(10)
        time.sleep(2)
        status, body = ask(settings.metrics_port, "/healthz")
        assert (status, json.loads(body)["alive"]) == (503, False)
        loop.join()
        assert [each[0] for each in answers] == [200]

        status, body = ask(settings.metrics_port, "/readyz")
        assert (status, json.loads(body)) == (503, {"ready": False, "lacking": {"roster": "none"}})
        assert b"antiphon_ready 0.0" in ask(settings.metrics_port, "/metrics")[1]
        lacking.clear()
        assert ask(settings.metrics_port, "/readyz")[0] == 200
        assert ask(settings.metrics_port, "/readyz", method="HEAD") == (200, b"")
        assert ask(settings.metrics_port, "/metrics", method="HEAD") == (200, b"")
        assert b"antiphon_ready 1.0" in ask(settings.metrics_port, "/metrics")[1]


def test_it_answers_malformed_requests_in_few_words_and_no_client_holds_it_up() -> None:
    settings = Settings(metrics_port=free_port())
    with serving(settings, Metrics(CollectorRegistry()), Health()):
        address = ("127.0.0.1", settings.metrics_port)
        with socket.create_connection(address) as silent, socket.create_connection(address) as rude:
            silent.sendall(b"GET /metr")
            rude.sendall(b"\xff\x00\r\n\r\n" + b"x" * 100_000)
            assert ask(settings.metrics_port, "/../etc/passwd")[0] == 404
            assert ask(settings.metrics_port, "/metrics/")[0] == 404
            assert ask(settings.metrics_port, "/metrics", method="DELETE")[0] == 405
            assert ask(settings.metrics_port, "/healthz")[0] == 200


def test_a_port_that_is_taken_is_named_and_port_0_is_none() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(ConfigurationError, match=f"metrics_port: cannot listen on 127.0.0.1:{port}"),
            serving(Settings(metrics_port=port), Metrics(CollectorRegistry()), Health()),
        ):
            pass
    before = threading.active_count()
    with serving(Settings(), Metrics(CollectorRegistry()), Health()):
        assert threading.active_count() == before
