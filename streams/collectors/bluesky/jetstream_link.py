"""A link: the connections of one source to one host, begun where its cursor says, and whether nothing is missing there.

A server that does not know a cursor says nothing: it begins at the present, or where it still has something. So it is
asked first for everything there is from the cursor on: the network never pauses, and the first event tells where it
begins. A filtered connection could not tell a quiet hour from a lost one.
"""

import asyncio
from collections.abc import Callable, Sequence

from msgspec import Struct

from streams.collectors.bluesky.jetstream_cursor import HostPlace, JetstreamCursor, asked_for
from streams.collectors.bluesky.jetstream_endpoints import Asking, Endpoint, new_filter, subscription_url
from streams.collectors.bluesky.jetstream_shared import Shared
from streams.collectors.bluesky.jetstream_socket import CursorTooOldError, JetstreamSocket, UnknownDictionaryError
from streams.collectors.source import SourceError
from streams.formats.bluesky.jetstream import read_placed

__all__ = ["Link", "open_link"]


class Link(Struct, kw_only=True):
    """Open connections. `resumed` is that of a `Chunk`: `False` where the host began later than the cursor, at `first`.

    `begin` is the cursor that holds from now on: where the host began later, or there was none, that of `first`.
    """

    endpoint: Endpoint
    sockets: list[JetstreamSocket]
    begin: JetstreamCursor | None
    resumed: bool | None
    first: HostPlace | None

    async def close(self) -> None:
        """Say goodbye on all of them."""
        await asyncio.gather(*(socket.close() for socket in self.sockets))


async def open_link(
    shared: Shared,
    endpoint: Endpoint,
    asking: Asking,
    parts: Sequence[Sequence[str]],
    cursor: JetstreamCursor | None,
    changed: Callable[[], object],
    *,
    largest: int = 0,
) -> Link:
    """Connect, once for each part of the accounts (one empty part: no filter of accounts). Raises `SourceError`."""
    asked = None if cursor is None else asked_for(cursor, endpoint, shared.policy.rewind_us)
    try:
        first = await _first(shared, endpoint, asked)
    except CursorTooOldError:
        assert cursor is not None  # noqa: S101  # nothing else is too old
        asked = asked_for(cursor, endpoint, shared.policy.rewind_us, by_time=True)
        first = await _first(shared, endpoint, asked)
    resumed = None if cursor is None or first is None else first.time_us <= cursor.time_us
    begin = cursor
    if first is not None and not resumed:
        begin = _at(endpoint, first)
        asked = asked_for(begin, endpoint, 0)
    sockets: list[JetstreamSocket] = []
    try:
        for dids in parts:
            socket = await _open(shared, endpoint, asking, dids, asked, changed, largest=largest)
            sockets.append(socket)
        if first is not None and not resumed:
            # A host that knows no cursors at all begins each connection at its own present.
            again = await _first(shared, endpoint, asked)
            if again is not None and again.time_us > first.time_us:
                first, begin = again, _at(endpoint, again)
    except BaseException:
        await asyncio.gather(*(socket.close() for socket in sockets))
        raise
    return Link(endpoint=endpoint, sockets=sockets, begin=begin, resumed=resumed, first=first)


def _at(endpoint: Endpoint, place: HostPlace) -> JetstreamCursor:
    return JetstreamCursor(host=endpoint.host, wire=endpoint.wire, time_us=place.time_us, seq=place.seq)


async def _open(
    shared: Shared,
    endpoint: Endpoint,
    asking: Asking,
    dids: Sequence[str],
    asked: int | None,
    changed: Callable[[], object],
    *,
    largest: int = 0,
) -> JetstreamSocket:
    session, dictionaries = shared.session, shared.dictionaries
    for attempt in range(3):
        wants_packed = shared.policy.compress and asking != "everything"
        unpacker = await dictionaries.get(session, endpoint) if wants_packed else None
        number = None if unpacker is None else unpacker.id
        url = subscription_url(endpoint, asking, cursor=asked, dids=dids, dictionary=number, largest=largest)
        try:
            socket = await JetstreamSocket.open(session, endpoint, url, unpacker, changed)
        except UnknownDictionaryError:
            # It has another one by now; one that refuses what it just gave is asked for plain frames.
            (dictionaries.refuse if attempt else dictionaries.forget)(endpoint)
            continue
        except CursorTooOldError as error:
            if asking == "everything":
                raise
            raise SourceError("refused", f"{endpoint}: {error}") from None
        if endpoint.wire == "v1" and asking == "officials":
            await socket.say(new_filter(dids, largest))
        return socket
    raise SourceError("protocol", f"{endpoint}: refuses the dictionary that it gives")


async def _first(shared: Shared, endpoint: Endpoint, asked: int | None) -> HostPlace | None:
    """The first event from a cursor on, whatever it is; `None` where none comes."""
    came = asyncio.Event()
    socket = await _open(shared, endpoint, "everything", (), asked, came.set)
    try:
        async with asyncio.timeout(shared.policy.probe):
            while True:
                await came.wait()
                came.clear()
                for frame in socket.take():
                    _, seq, time_us = read_placed(frame)
                    if time_us:
                        return HostPlace(seq, time_us)
    except TimeoutError:
        return None
    finally:
        await socket.close()
