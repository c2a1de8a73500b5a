"""`antiphon sources --move`: a cursor is moved by hand, and a collector that runs goes on there."""

import json
from functools import partial
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from streams.cli.main import cli
from streams.collectors.bluesky.jetstream_cursor import JetstreamCursor, decode_cursor, jetstream_cursor_at
from streams.collectors.budget import Spending
from streams.collectors.coverage import SourceSeen
from streams.collectors.x.x_source import XCursor, x_cursor_at
from tests.collectors.collecting import Collection, cursor_of, next_line, numbers, settings_for, wait_until
from tests.collectors.lines_server import lines_server
from tools.kafka.running_broker import RunningBroker


def test_a_moved_cursor_ends_the_collector_and_the_next_start_reads_from_there(
    kafka: RunningBroker, topic_prefix: str, tmp_path: Path
) -> None:
    settings = settings_for(kafka.address, topic_prefix)

    def ask(*arguments: str) -> Result:
        environment = {"ANTIPHON_BROKER": kafka.address, "ANTIPHON_TOPIC_PREFIX": topic_prefix}
        return CliRunner().invoke(cli, ["sources", *arguments], env=environment, prog_name="antiphon")

    with lines_server(500) as server:
        collection = Collection(settings, tmp_path, lines_port=server.port)
        subject = collection.start()
        wait_until("all is read", lambda: next_line(settings) == 500, log=lambda: subject.log)
        refused = ask("--move", "lines/lines", "--cursor", "{not JSON")
        assert refused.exit_code != 0
        moved = ask("--move", "lines/lines", "--cursor", json.dumps({"next": 400}))
        assert moved.exit_code == 0, moved.output
        server.add(10)
        wait_until("it is shut out", lambda: subject.process.poll() is not None, log=lambda: subject.log)
        assert subject.process.returncode == 3
        assert "moved-by" in subject.log
        record = cursor_of(settings)
        assert record is not None
        assert record.seen == SourceSeen(), "what lies between is not claimed"
        with collection.running() as again:
            wait_until("it goes on", lambda: next_line(settings) == 510, log=partial(str, again.log))
    found = numbers(settings)
    assert {number: found[number] for number in (399, 400, 499, 509)} == {399: 1, 400: 2, 499: 2, 509: 1}
    assert ask("--move", "lines/lines", "--to", "2026-11-27T10:00Z").exit_code != 0, "lines have no times"
    assert ask("--move", "nobody/nobody", "--cursor", "1").exit_code != 0
    assert ask("--move", "lines/lines").exit_code == 2
    assert ask("--to", "2026-11-27T10:00Z").exit_code == 2


def test_a_cursor_of_x_moves_and_keeps_what_is_spent() -> None:
    spending = Spending(day="2026-11-28", month="2026-11", spent_day=7, spent_month=9)
    before = msgspec.json.encode(XCursor(until_us=50, budget=spending))
    after = msgspec.json.decode(x_cursor_at(before, 20), type=XCursor)
    assert (after.until_us, after.budget) == (20, spending)


def test_a_cursor_of_jetstream_moves_on_its_host_and_forgets_the_seq() -> None:
    before = JetstreamCursor(host="a.example", wire="v2", time_us=50, seq=7, filter="f").encoded()
    after = decode_cursor(jetstream_cursor_at(before, 20))
    assert after == JetstreamCursor(host="a.example", wire="v2", time_us=20, filter="f")
    with pytest.raises(ValueError, match="no cursor yet"):
        jetstream_cursor_at(None, 20)
