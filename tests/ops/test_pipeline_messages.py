"""What people read of an alert about the pipeline, and of its end: from a real Prometheus with the shipped rules
through a real Alertmanager with the shipped routes and templates.
"""

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from streams.kafka.loopback import LOOPBACK, free_port
from tests.e2e.hurry import hurrying_prometheus
from tests.ops.alertmanager import require_alertmanager, wait_until
from tests.ops.mail_sink import MailSink
from tests.ops.prometheus import require_prometheus
from tests.ops.shipped import shipped_config
from tools.alertmanager import Alertmanager, Receiver

_ALERT = "AntiphonWorkerDown"
_SECONDS = 60


@contextmanager
def _answering(port: int) -> Iterator[None]:
    """Somebody answers there, as a worker without figures would."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's own name
            """Not on the tests' standard error."""

    server = ThreadingHTTPServer((LOOPBACK, port), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _config(on_call: Receiver, services: Receiver, mail: MailSink) -> str:
    """As shipped, and whoever is on call has the examples of Slack and e-mail, too."""
    config = json.loads(shipped_config({"on-call": on_call.url}, services=services.url, smarthost=mail.address))
    receivers = {receiver["name"]: receiver for receiver in config["receivers"]}
    for kind, other in (("slack_configs", "analysts"), ("email_configs", "desk-IR")):
        receivers["on-call"][kind] = receivers[other][kind]
    return json.dumps(config)


def _text(message: dict[str, Any], *, is_over: bool = False) -> str:
    [alert] = message["alerts"]
    since, until = (datetime.fromisoformat(alert[name]) for name in ("startsAt", "endsAt"))
    ended = f"; until {until:%-d %B %Y, %H:%M} UTC" if is_over else ""
    return (
        f"{'Over: ' if is_over else ''}No worker answers.\n"
        f"Impact{' until then' if is_over else ''}: Alerts about accounts are not being found.\n"
        f"Since: {since:%-d %B %Y, %H:%M} UTC{ended}\n"
        f"Runbook: ops/runbooks/{_ALERT}.md"
    )


@pytest.mark.slow
def test_whoever_is_on_call_reads_what_a_fault_means_and_that_it_is_over(tmp_path: Path) -> None:
    require_alertmanager()
    require_prometheus()
    worker = free_port()
    with (
        Receiver() as on_call,
        Receiver() as services,
        MailSink() as mail,
        Alertmanager(_config(on_call, services, mail)) as alertmanager,
        hurrying_prometheus(tmp_path, [alertmanager.url], workers=[f"{LOOPBACK}:{worker}"]),
    ):
        wait_until("of the fault", lambda: on_call.messages and mail.messages, seconds=_SECONDS)
        with _answering(worker):
            wait_until("of the end", lambda: len(on_call.messages) > 1 and len(mail.messages) > 1, seconds=_SECONDS)
            wait_until("all services", lambda: len(services.messages) == 4, seconds=_SECONDS)
    fault, end = on_call.messages
    assert (fault["status"], end["status"]) == ("firing", "resolved")
    expected = [
        (f"[CRITICAL] {_ALERT}", _text(fault)),
        (f"[OVER] {_ALERT}", _text(end, is_over=True)),
    ]
    slack = [each["attachments"][0] for each in services.messages if "attachments" in each]
    assert [(each["title"], each["text"].strip()) for each in slack] == expected
    paged, over = [each for each in services.messages if "routing_key" in each]
    assert (paged["event_action"], over["event_action"]) == ("trigger", "resolve")
    assert (paged["payload"]["summary"], paged["payload"]["severity"]) == (f"[CRITICAL] {_ALERT}", "critical")
    assert paged["payload"]["custom_details"]["text"].strip() == _text(fault)
    plain = [each.get_body(("plain",)) for each in mail.messages]
    texts = [str(body.get_content()).replace("\r\n", "\n").strip() for body in plain if body is not None]
    assert list(zip([each["Subject"] for each in mail.messages], texts, strict=True)) == expected
    if folder := os.environ.get("ANTIPHON_TEST_MESSAGES"):
        for number, each in enumerate(mail.messages):
            body = each.get_body(("html",))
            assert body is not None
            Path(folder, f"pipeline-{number}.html").write_text(body.get_content(), encoding="utf-8")
