"""Where to go on: what a cursor says, what is asked of a server for it, and whether the server's answer misses nothing.

Pure. A cursor belongs to a host and a wire. Everything up to its time has been shown, so a server that begins at or
before it misses nothing, and content ids remove what comes twice.
"""

from collections import deque
from typing import Final

import msgspec
from msgspec import Struct

from streams.collectors.bluesky.jetstream_endpoints import Endpoint
from streams.refusal import DECODE_ERRORS

__all__ = ["HostPlace", "HostPosition", "JetstreamCursor", "asked_for", "decode_cursor", "jetstream_cursor_at"]

_LEAST_TIME: Final = 10**15  # servers take a number below it for a seq
_SAMPLE_US: Final = 1_000_000
_MINUTE_US: Final = 60_000_000


class HostPlace(Struct, frozen=True):
    """A place in the log of one host: a seq (0: unknown) and when its event was witnessed (Unix µs)."""

    seq: int
    time_us: int


class JetstreamCursor(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`time_us`: everything up to then has been shown. `seq`: where to begin again on this host and wire; it lies the
    rewind before `time_us`, since a server that crashed gives its last seqs again. 0: unknown. `filter` is the digest
    of the accounts that were asked for.
    """

    host: str
    wire: str
    time_us: int
    seq: int = 0
    filter: str = ""

    def encoded(self) -> bytes:
        """As JSON."""
        return _encoder.encode(self)


_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(JetstreamCursor)


def jetstream_cursor_at(cursor: bytes | None, time_us: int) -> bytes:
    """The cursor of that time on the host that there is one of. Raises `ValueError` where there is none."""
    known = decode_cursor(cursor)
    if known is None:
        raise ValueError("there is no cursor yet, and so no host that it would be of")
    return msgspec.structs.replace(known, time_us=time_us, seq=0).encoded()


def decode_cursor(cursor: bytes | None) -> JetstreamCursor | None:
    """The cursor that a source gave; `None` for none. Raises `ValueError` for what no source of ours wrote."""
    if cursor is None:
        return None
    try:
        return _decoder.decode(cursor)
    except DECODE_ERRORS as error:
        raise ValueError(f"no cursor of Jetstream: {error}") from None


def asked_for(cursor: JetstreamCursor, endpoint: Endpoint, rewind_us: int, *, by_time: bool = False) -> int:
    """What to ask a server for: the seq on the cursor's own host and wire, a time before it everywhere else."""
    if cursor.seq and not by_time and (cursor.host, cursor.wire) == (endpoint.host, endpoint.wire):
        return cursor.seq
    return max(_LEAST_TIME, cursor.time_us - rewind_us)


class HostPosition:
    """How far a connection has shown everything, and from which seq on it would have to be shown again."""

    def __init__(self, begin: JetstreamCursor | None, endpoint: Endpoint, rewind_us: int) -> None:
        self.time_us = 0 if begin is None else begin.time_us
        self._rewind_us = rewind_us
        # Places a second apart, the first of them the rewind before now, or unknown.
        self._places: deque[HostPlace] = deque()
        if begin is not None and begin.seq and (begin.host, begin.wire) == (endpoint.host, endpoint.wire):
            self._places.append(HostPlace(begin.seq, begin.time_us - rewind_us))

    @property
    def seq(self) -> int:
        """Where to begin again; 0: unknown."""
        places = self._places
        return places[0].seq if places and places[0].time_us <= self.time_us - self._rewind_us else 0

    def saw(self, seq: int, time_us: int, now_us: int) -> None:
        """A frame came. One from the future (a minute ahead of the clock) says nothing of time."""
        if time_us > now_us + _MINUTE_US:
            return
        places = self._places
        if seq and (not places or time_us >= places[-1].time_us + _SAMPLE_US):
            places.append(HostPlace(seq, time_us))
        if time_us <= self.time_us:
            return
        self.time_us = time_us
        oldest_us = time_us - self._rewind_us
        while len(places) > 1 and places[1].time_us <= oldest_us:
            places.popleft()

    def cursor(self, endpoint: Endpoint, digest: str) -> JetstreamCursor:
        """To go on from here."""
        return JetstreamCursor(
            host=endpoint.host, wire=endpoint.wire, time_us=self.time_us, seq=self.seq, filter=digest
        )
