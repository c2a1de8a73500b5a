"""The local Jetstream writes what the real one writes, byte for byte."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from tools.servers.jetstream.log import LogEvent, account, commit
from tools.servers.jetstream.wires import error_frame, info_frame, v1_frame, v2_frame

_SAMPLES = Path(__file__).parents[2] / ".." / "shared" / "samples"


def _recorded(wire: str) -> list[bytes]:
    path = _SAMPLES / f"jetstream_{wire}_simulator_2500.jsonl"
    if not path.is_file():
        pytest.skip("recorded frames: ../shared/samples is not there, and is not part of the project")
    return path.read_bytes().splitlines()


def _event_of(frame: dict[str, Any]) -> LogEvent:
    return LogEvent(frame["cursor"], frame["time_us"], frame["did"], frame["kind"], frame[frame["kind"]])


def test_recorded_events_are_written_on_both_wires_as_they_were_recorded() -> None:
    v1, v2 = _recorded("v1"), _recorded("v2")
    events = [_event_of(orjson.loads(line)) for line in v1]
    assert len(events) == 2_500
    assert [v1_frame(event) for event in events] == v1
    assert [v2_frame(event) for event in events] == v2


def test_v1_escapes_what_could_end_a_script_and_v2_does_not() -> None:
    event = commit("did:plc:a", "app.bsky.feed.post", "k", {"text": "<&>\u2028"}, time_us=1_772_000_000_000_001)
    first = v1_frame(event) or b""
    assert rb'"text":"\u003c\u0026\u003e\u2028"' in first
    assert orjson.loads(first)["commit"]["record"]["text"] == "<&>\u2028"
    assert '"text":"<&>\u2028"'.encode() in v2_frame(event)


def test_a_legacy_host_writes_no_seq() -> None:
    event = account("did:plc:a", time_us=1_772_000_000_000_001, active=True, time="2026-03-01T00:00:00Z")
    assert b'"cursor"' in (v1_frame(event) or b"")
    assert b'"cursor"' not in (v1_frame(event, legacy=True) or b"")


def test_records_that_were_read_again_and_syncs_are_on_v2_only() -> None:
    again = commit("did:plc:a", "app.bsky.feed.post", "k", {}, time_us=1_772_000_000_000_001, resync=True)
    sync = LogEvent(1, 1_772_000_000_000_001, "did:plc:a", "sync", {"did": "did:plc:a", "rev": "r"})
    assert [v1_frame(event) for event in (again, sync)] == [None, None]
    assert b'"operation":"create"' in v2_frame(again)
    assert b"subscribeEvents#sync" in v2_frame(sync)


def test_infos_and_errors_have_the_shapes_of_the_protocol() -> None:
    assert info_frame("OutdatedCursor", "starting at seq 7") == (
        b'{"$type":"message","payload":{"$type":"network.bsky.jetstream.subscribeEvents#info",'
        b'"message":"starting at seq 7","name":"OutdatedCursor"}}'
    )
    assert error_frame("ConsumerTooSlow", "too slow") == (
        b'{"$type":"error","error":"ConsumerTooSlow","message":"too slow"}'
    )
