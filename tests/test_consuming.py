"""The consumer of docs/consuming.md against a real Kafka: what is on the page is what is run."""

import asyncio
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from streams.core.enriched import Alert
from streams.kafka.administration import create_topics
from streams.kafka.client import producer as make_producer
from streams.kafka.client import start_client
from streams.kafka.enriched_record import enriched_record
from streams.schemas.examples import EXAMPLES
from streams.settings import Settings
from tools.kafka.running_broker import RunningBroker

_PAGE: Final = Path(__file__).parents[1] / "docs" / "consuming.md"
_SECONDS: Final = 60.0


def _alert(number: int, severity: str) -> Alert:
    example = EXAMPLES["alert"][1]
    assert isinstance(example, Alert)
    return msgspec.structs.replace(example, id=f"{number:032x}", severity=severity)


async def _write(settings: Settings, *records: Alert | int, give_up: bool = False) -> None:
    """Alerts, or the numbers of those that are deleted, in one transaction."""
    client = make_producer(settings, transactional_id=f"{settings.topic_prefix}writer")
    try:
        await start_client(client)
        await client.begin_transaction()
        for record in records:
            key = f"{record:032x}" if isinstance(record, int) else record.id
            value = None if isinstance(record, int) else enriched_record(record).value
            await client.send_and_wait(settings.topic("alerts"), value, key=key.encode())
        await (client.abort_transaction() if give_up else client.commit_transaction())
    finally:
        await client.stop()


@contextmanager
def _consumer(program: Path, settings: Settings, table: Path) -> Iterator[subprocess.Popen[bytes]]:
    arguments = [sys.executable, str(program), settings.broker, settings.topic("alerts"), str(table)]
    with subprocess.Popen(arguments) as running:
        try:
            yield running
        finally:
            running.kill()


def _becomes(table: Path, wanted: dict[int, str]) -> bool:
    """Whether the table has just these alerts with these severities, at last."""
    until = time.monotonic() + _SECONDS
    found: dict[int, Any] = {}
    while time.monotonic() < until:
        try:
            with sqlite3.connect(table) as database:
                found = {
                    int(key, 16): severity for key, severity in database.execute("SELECT id, severity FROM alerts")
                }
        except sqlite3.OperationalError:  # not there yet, or being written
            pass
        if found == wanted:
            return True
        time.sleep(0.05)
    raise AssertionError(f"{found} is not {wanted}")


def test_the_consumer_of_the_page_keeps_what_stands_through_kills(
    kafka: RunningBroker, topic_prefix: str, tmp_path: Path
) -> None:
    """Updates, a deletion, a transaction that is given up, and `kill -9`."""
    [text] = re.findall(r"^```python\n(.*?)^```", _PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len([line for line in text.splitlines() if line.strip()]) <= 33
    program, table = tmp_path / "consumer.py", tmp_path / "alerts.sqlite"
    program.write_text(text, encoding="utf-8")
    settings = Settings(broker=kafka.address, topic_prefix=topic_prefix)
    asyncio.run(create_topics(settings))
    asyncio.run(_write(settings, _alert(1, "info"), _alert(2, "info"), _alert(1, "critical")))
    asyncio.run(_write(settings, _alert(2, "critical"), _alert(9, "critical"), give_up=True))
    with _consumer(program, settings, table):
        assert _becomes(table, {1: "critical", 2: "info"})
    asyncio.run(_write(settings, 1, _alert(3, "warning"), _alert(2, "warning")))
    with _consumer(program, settings, table):
        assert _becomes(table, {2: "warning", 3: "warning"})
