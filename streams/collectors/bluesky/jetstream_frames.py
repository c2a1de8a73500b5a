"""What a batch of frames says: events, what is skipped by name, dead letters, and how far the connection is by them."""

from collections.abc import Iterable
from typing import Final

import msgspec

from streams.collectors.bluesky.jetstream_cursor import HostPosition
from streams.collectors.bluesky.jetstream_endpoints import Endpoint
from streams.collectors.bluesky.jetstream_socket import JetstreamSocket
from streams.collectors.source import Chunk, SourceError
from streams.deadletters import Reason
from streams.formats.bluesky.jetstream import read_placed
from streams.formats.reader import Skipped
from streams.kafka.dead_letter_record import letter_of
from streams.printable import printable
from streams.refusal import rejection

__all__ = ["last_word", "read_frames"]

_LAST_WORD: Final = "error"  # under which the reader skips what a server says before it closes


class _Error(msgspec.Struct):
    error: str = ""
    message: str = ""


_error: Final = msgspec.json.Decoder(_Error)


def read_frames(
    frames: Iterable[bytes],
    socket: JetstreamSocket,
    endpoint: Endpoint,
    position: HostPosition,
    chunk: Chunk,
    now_us: int,
) -> bytes | None:
    """Add what the frames say to a chunk, and move the position. Returns the server's last word, where it said one."""
    events, letters, skipped = chunk.events, chunk.letters, chunk.skipped
    unpacked = socket.unpacked
    is_packed = socket.is_packed
    saw = position.saw
    newest_us, sample_us = position.time_us, 0
    received = size = 0
    said = None
    newest_seq = 0
    for frame in frames:
        received += 1
        size += len(frame)
        if is_packed:
            try:
                line = unpacked(frame)
            except ValueError as error:
                refused = rejection(Reason.NOT_JSON, f"{endpoint.host}: {error}")
                letters.append(letter_of(refused, frame, "jetstream", 0, 0))
                continue
        else:
            line = frame
        reading, seq, time_us = read_placed(line)
        if isinstance(reading, tuple):
            events += reading
        elif isinstance(reading, Skipped):
            skipped[reading.name] += 1
            if reading.name == _LAST_WORD:
                said = line
        else:
            letters.append(letter_of(reading, line, "jetstream", 0, seq))
        # A position needs the newest time, and a place every second.
        if time_us > newest_us:
            newest_us, newest_seq = time_us, seq
            if time_us >= sample_us:
                saw(seq, time_us, now_us)
                sample_us = time_us + 1_000_000
    if newest_us > position.time_us:
        saw(newest_seq, newest_us, now_us)
    chunk.received += received
    chunk.size += size
    return said


def last_word(line: bytes) -> SourceError:
    """What a server said before it closed the connection."""
    try:
        said = _error.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        said = _Error()
    return SourceError("closed", printable(f"{said.error} {said.message}".strip() or "an error without a name", 300))
