"""`antiphon collect push` as a process: kills under load, what it refuses to start with, and where its token is not.

`ANTIPHON_COLLECTOR_KILLS=50` is the long run.
"""

import json
import os
import socket
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.request
from contextlib import suppress
from functools import partial
from itertools import count
from pathlib import Path
from random import Random

import pytest

from streams.collectors.push.push import PushSettings, policy_of
from streams.errors import ConfigurationError
from streams.setting_sources import Secret
from tests.collectors.collecting import numbers, settings_for, wait_until
from tests.collectors.collector_process import CollectorProcesses
from tests.collectors.push.sending import TOKEN
from tests.collectors.tail.writing import line_of
from tests.worker.running_worker import Subject
from tools.kafka.running_broker import RunningBroker

_KILLS = int(os.environ.get("ANTIPHON_COLLECTOR_KILLS", "3"))
_BATCH = 50


class _Sender:
    """Sends batches of numbered lines, each until it is answered with 200, under a key of its own."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/events"
        self._ended = threading.Event()
        self.acknowledged = 0
        self.attempts = 0
        self._thread = threading.Thread(target=self._send)
        self._thread.start()

    def end(self) -> None:
        """After the batch under way."""
        self._ended.set()
        self._thread.join(60)

    def _send(self) -> None:
        for batch in count():
            if self._ended.is_set():
                return
            begin = batch * _BATCH
            body = b"".join(line_of(number) for number in range(begin, begin + _BATCH))
            while not self._is_taken(body, f"batch-{batch}"):
                time.sleep(0.02)
            self.acknowledged = begin + _BATCH

    def _is_taken(self, body: bytes, key: str) -> bool:
        self.attempts += 1
        headers = {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": key}
        request = urllib.request.Request(self._url, body, headers)  # noqa: S310  # loopback
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310  # loopback
                return bool(json.loads(answer.read())["accepted"] == _BATCH)
        except (OSError, ValueError):
            return False


@pytest.mark.timeout(600 + 15 * _KILLS)
def test_kills_under_load_lose_nothing_that_was_acknowledged_and_write_nothing_twice(
    kafka: RunningBroker, topic_prefix: str, tmp_path: Path
) -> None:
    """A sender that sends again until it is told 200 has each of its events in Kafka once, by its keys."""
    settings = settings_for(kafka.address, topic_prefix)
    random = Random(18)
    port = _free_port()
    own = {"port": port, "token": TOKEN, "requests_per_second": 1_000}
    processes = CollectorProcesses("push", settings, tmp_path, own, transaction_interval_seconds=0)
    sender = _Sender(port)
    try:
        for _ in range(_KILLS):
            before = sender.acknowledged
            subject = processes.start()
            wait_until("batches come", lambda b=before: sender.acknowledged > b, log=partial(_log, subject))  # type: ignore[misc]
            time.sleep(random.uniform(0.0, 0.5))
            subject.process.kill()
            subject.process.wait()
        with processes.running() as subject:
            sender.end()
            wait_until(
                "all is there", lambda: len(numbers(settings)) == sender.acknowledged, log=partial(_log, subject)
            )
    finally:
        sender.end()
    assert numbers(settings) == dict.fromkeys(range(sender.acknowledged), 1)
    assert sender.attempts > sender.acknowledged // _BATCH, "none came while it was down"


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({"host": "0.0.0.0", "token": TOKEN}, "there is no TLS: the token would be readable"),  # noqa: S104
        ({"host": "example.org", "token": TOKEN}, "there is no TLS"),
        ({}, "token: there is none"),
        ({"token": "short"}, "token: it has fewer than 16 characters"),
        ({"token": TOKEN, "token_file": "x"}, "both are there"),
        ({"token_file": "/nothing"}, "cannot be read"),
        ({"token": TOKEN, "tls_key": "x"}, "one without the other"),
        ({"token": TOKEN, "tls_key": "/nothing", "tls_certificate": "/nothing"}, "tls_certificate, tls_key"),
    ],
)
def test_it_does_not_start_open_to_the_world_or_without_a_token(own: dict[str, str], said: str) -> None:
    token = {"token": Secret(own["token"])} if "token" in own else {}
    with pytest.raises(ConfigurationError, match=said) as refused:
        policy_of(PushSettings(**(own | token)))  # type: ignore[arg-type]
    assert TOKEN not in refused.value.message
    assert refused.value.remedy


def test_with_a_certificate_it_speaks_tls_alone_and_its_token_is_in_no_log_metric_or_process_list(
    kafka: RunningBroker, topic_prefix: str, tmp_path: Path
) -> None:
    """Also with the most talkative log, and after requests that have the token in the wrong place."""
    metrics_port, port = _free_port(), _free_port()
    settings = settings_for(kafka.address, topic_prefix, metrics_port=metrics_port, log_level="debug")
    certificate, key, secret = tmp_path / "cert.pem", tmp_path / "key.pem", tmp_path / "token"
    secret.write_text(TOKEN + "\n")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    own = {"host": "0.0.0.0", "port": port, "token_file": secret, "tls_certificate": certificate, "tls_key": key}  # noqa: S104
    processes = CollectorProcesses("push", settings, tmp_path, own)
    with processes.running() as subject:
        wait_until("it listens", lambda: _answers(port), log=partial(_log, subject))
        trusting = ssl.create_default_context(cafile=str(certificate))
        for path in ("/events", f"/events?format={TOKEN}", f"/{TOKEN}"):
            url, headers = f"https://localhost:{port}{path}", {"Authorization": f"Bearer {TOKEN}"}
            request = urllib.request.Request(url, line_of(7), headers)  # loopback
            with suppress(urllib.error.HTTPError):
                urllib.request.urlopen(request, timeout=20, context=trusting)  # noqa: S310  # loopback
        with pytest.raises(OSError):  # noqa: PT011  # which one depends on the platform
            urllib.request.urlopen(f"http://127.0.0.1:{port}/events", line_of(8), timeout=20)
        assert numbers(settings) == {7: 1}
        with urllib.request.urlopen(f"http://127.0.0.1:{metrics_port}/metrics", timeout=20) as answer:
            metrics = answer.read()
        assert b"antiphon_collector_events_total{" in metrics
        assert TOKEN.encode() not in metrics
        assert TOKEN.encode() not in Path(f"/proc/{subject.process.pid}/cmdline").read_bytes()
    assert TOKEN not in subject.log


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _log(subject: Subject) -> str:
    return subject.log
