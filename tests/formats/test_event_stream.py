"""Server-sent events: what is between two blank lines is one record."""

import pytest

from streams.deadletters import Reason
from streams.formats.inputs.event_stream import ServerEvent, server_event, split_events
from streams.formats.inputs.lines import Line, split_lines
from streams.formats.inputs.shapes import records_of


def _events(data: bytes, *, limit: int = 1_000) -> list[Line]:
    return list(split_events(split_lines([data], max_line_bytes=limit), max_event_bytes=limit))


def test_an_event_has_its_lines_and_the_number_of_the_first() -> None:
    data = b":thump\n\n\nevent: a\ndata: 1\ndata: 2\n\nevent: b\r\ndata: 3\r\n\r\ndata: 4"
    assert [(line.number, line.data) for line in _events(data)] == [
        (1, b":thump"),
        (4, b"event: a\ndata: 1\ndata: 2"),
        (8, b"event: b\ndata: 3"),
        (11, b"data: 4"),
    ]


def test_an_event_that_is_too_long_is_refused_and_the_next_one_read() -> None:
    long, short = _events(b"event: a\n" + b"data: 12345\n" * 20 + b"\ndata: 2\n\n", limit=100)
    assert long.refusal is not None
    assert (long.number, long.refusal.reason) == (1, Reason.TOO_LARGE)
    assert (short.number, short.data, short.refusal) == (23, b"data: 2", None)


def test_a_line_that_is_too_long_is_refused_by_itself() -> None:
    first, refused, last = _events(b"event: a\ndata: " + b"1" * 200 + b"\n\ndata: 2\n\n", limit=100)
    assert (first.data, last.data) == (b"event: a", b"data: 2")
    assert refused.refusal is not None
    assert refused.refusal.reason is Reason.TOO_LARGE


@pytest.mark.parametrize(
    ("record", "event"),
    [
        (b"event: update\ndata: {}", ServerEvent(b"update", b"{}")),
        (b"event:update\r\ndata:{}\r", ServerEvent(b"update", b"{}")),
        (b"data: 1\ndata: 2\nretry: 5\nother: x", ServerEvent(b"", b"1\n2")),
        (b":thump", ServerEvent(b"", None)),
        (b"data", ServerEvent(b"", b"")),
    ],
)
def test_what_an_event_says(record: bytes, event: ServerEvent) -> None:
    assert server_event(record) == event


@pytest.mark.parametrize("begin", [b":thump\n", b"event: update\n", b"\ndata: {}\n", b"id: 5\n", b"retry: 100\n"])
def test_a_stream_of_events_is_known_by_its_first_line(begin: bytes) -> None:
    _, shape, lines = records_of(iter([begin, b"data: 1\n\ndata: 2\n\n"]))
    assert shape == "server-sent events"
    assert [line.data for line in lines] == [begin.strip() + b"\ndata: 1", b"data: 2"]


@pytest.mark.parametrize("begin", [b"events: 5\n", b"id\n5\n", b"id,event,data\n1,2,3\n", b'{"event":"update"}\n'])
def test_other_files_are_no_streams_of_events(begin: bytes) -> None:
    assert records_of(iter([begin]))[1] != "server-sent events"
