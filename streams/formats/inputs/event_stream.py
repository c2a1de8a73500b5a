"""Server-sent events: the lines of one, up to a blank line, are one record. Knows no event by its name.

Source: the HTML standard, "Server-sent events".
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct

from streams.formats.inputs.lines import Line, Unfinished

__all__ = ["ServerEvent", "is_event_stream", "server_event", "split_events"]

_FIELD: Final = re.compile(rb"(?:event|data|id|retry)?:")


class ServerEvent(Struct, frozen=True):
    """`name` is empty where the event has none, and `data` is `None` where it has none, as of a comment alone."""

    name: bytes
    data: bytes | None


def is_event_stream(head: bytes) -> bool:
    """Whether a text that begins so is a stream of events: with a field of one, or with a comment."""
    return _FIELD.match(head) is not None


def split_events(lines: Iterable[Line], *, max_event_bytes: int) -> Iterator[Line]:
    """The events, each with the number of its first line. A line with a refusal is given as it is, between them."""
    event = Unfinished(max_event_bytes)
    number = 0
    for line in lines:
        if line.refusal is None and line.data:
            if event.size:
                event.add(b"\n")
            else:
                number = line.number
            event.add(line.data)
            continue
        if event.size:
            yield event.line(number)
            event.clear()
        if line.refusal is not None:
            yield line
    if event.size:
        yield event.line(number)


def server_event(record: bytes) -> ServerEvent:
    """What the lines of an event say. Comments and unknown fields are passed over."""
    name = b""
    data: list[bytes] = []
    for line in record.split(b"\n"):
        field, _, value = line.removesuffix(b"\r").partition(b":")
        if field == b"event":
            name = value.removeprefix(b" ")
        elif field == b"data":
            data.append(value.removeprefix(b" "))
    return ServerEvent(name, b"\n".join(data) if data else None)
