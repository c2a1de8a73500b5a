"""The source `jetstream-accounts`: status and handle of officials and of those they amplified, of everybody's notices.

A notice of an account that nobody amplified yet is held for a minute: the amplification may be on its way. It also
tells whether the host is alive, and how far it is: notices come every few seconds, whatever the roster.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from typing import Final

from msgspec import Struct

from streams.collectors.bluesky.jetstream_cursor import HostPlace, HostPosition, decode_cursor
from streams.collectors.bluesky.jetstream_frames import last_word
from streams.collectors.bluesky.jetstream_link import Link, open_link
from streams.collectors.bluesky.jetstream_shared import Shared, Tip, wait_for
from streams.collectors.source import Chunk, SourceError
from streams.deadletters import Reason
from streams.events import Event, Profile, Suspension
from streams.formats.bluesky.jetstream import read_placed
from streams.formats.bluesky.jetstream_fields import BLUESKY
from streams.formats.reader import Skipped
from streams.kafka.dead_letter_record import letter_of
from streams.refusal import rejection

__all__ = ["JetstreamAccountsSource"]

_LIVED: Final = 60.0
_OF_NOBODY: Final = "account_of_nobody"


class _Held(Struct, frozen=True):
    """A place that the cursor passes at `until`, and the events there that nobody wanted yet."""

    until: float
    place: HostPlace
    events: tuple[Suspension | Profile, ...]


class JetstreamAccountsSource:
    """See above. The cursor stays before the oldest notice that is held, so that a restart finds it again."""

    name: Final = "jetstream-accounts"
    platform: Final = BLUESKY
    covers_officials: Final = False

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    async def chunks(self, cursor: bytes | None) -> AsyncGenerator[Chunk, None]:
        """See `Source`. Waits for a roster, as the other source does."""
        shared = self._shared
        try:
            begin = decode_cursor(cursor)
        except ValueError as error:
            raise SourceError("protocol", str(error)) from None
        await shared.watched.any_officials(shared.policy.patience)
        changed, endpoint, opened = asyncio.Event(), shared.hosts.current, shared.seconds()
        try:
            link = await open_link(shared, endpoint, "accounts", [()], begin, changed.set)
            try:
                reading = _Reading(shared, link)
                chunk = Chunk(resumed=link.resumed)
                if link.begin is not None:
                    chunk.cursor, chunk.newest_us = link.begin.encoded(), link.begin.time_us
                yield chunk
                while True:
                    await wait_for(changed, shared.policy.tick)
                    chunk, end = reading.read()
                    if chunk.received or chunk.events or chunk.cursor is not None:
                        yield chunk
                    if end is not None:
                        raise end
            finally:
                await link.close()
        except SourceError as error:
            if error.kind != "closed" or shared.seconds() - opened < _LIVED:
                shared.hosts.leave(endpoint)
            raise


class _Reading:
    """What one connection told so far."""

    def __init__(self, shared: Shared, link: Link) -> None:
        self._shared = shared
        self._link = link
        self._socket = link.sockets[0]
        self._position = HostPosition(link.begin, link.endpoint, shared.policy.rewind_us)
        self._held: deque[_Held] = deque()
        self._came = self._reported = shared.seconds()
        self._newest = HostPlace(0, self._position.time_us)

    def read(self) -> tuple[Chunk, SourceError | None]:
        """What came and what is held no longer; and why the connection is over, where it is."""
        shared, now = self._shared, self._shared.seconds()
        chunk = Chunk()
        try:
            frames = self._socket.take()
        except SourceError as error:
            return chunk, error
        said = self._take(frames, chunk, now)
        self._release(chunk, now)
        if frames:
            self._came = now
            if self._newest.time_us:
                shared.tips[self._link.endpoint] = Tip(self._newest, now)
        if (chunk.received or now - self._reported >= shared.policy.heartbeat) and self._position.time_us:
            self._reported = now
            chunk.cursor = self._position.cursor(self._link.endpoint, "").encoded()
            chunk.newest_us = self._newest.time_us
        if said is not None:
            return chunk, last_word(said)
        if now - self._came >= shared.policy.silent:
            return chunk, SourceError("silent", f"{self._link.endpoint}: nothing for {shared.policy.silent:g} s")
        return chunk, None

    def _take(self, frames: list[bytes], chunk: Chunk, now: float) -> bytes | None:
        concerns, socket, until = self._shared.watched.concerns, self._socket, now + self._shared.policy.hold
        most_us = self._shared.now_us() + 60_000_000
        said = None
        for frame in frames:
            chunk.received += 1
            chunk.size += len(frame)
            try:
                line = socket.unpacked(frame)
            except ValueError as error:
                refused = rejection(Reason.NOT_JSON, f"{self._link.endpoint.host}: {error}")
                chunk.letters.append(letter_of(refused, frame, "jetstream", 0, 0))
                continue
            reading, seq, time_us = read_placed(line)
            waiting: tuple[Suspension | Profile, ...] = ()
            if isinstance(reading, tuple):
                for event in _notices(reading):
                    if concerns(event.actor.id):
                        chunk.events.append(event)
                    else:
                        waiting = (*waiting, event)
            elif isinstance(reading, Skipped):
                chunk.skipped[reading.name] += 1
                if reading.name == "error":
                    said = line
            else:
                chunk.letters.append(letter_of(reading, line, "jetstream", 0, seq))
            if time_us <= most_us:
                self._held.append(_Held(until, HostPlace(seq, time_us), waiting))
                if time_us > self._newest.time_us:
                    self._newest = HostPlace(seq, time_us)
        return said

    def _release(self, chunk: Chunk, now: float) -> None:
        held, position, concerns = self._held, self._position, self._shared.watched.concerns
        now_us, most = self._shared.now_us(), self._shared.policy.most_held
        while held and (held[0].until <= now or len(held) > most):
            oldest = held.popleft()
            for event in oldest.events:
                if concerns(event.actor.id):
                    chunk.events.append(event)
                else:
                    chunk.skipped[_OF_NOBODY] += 1
            position.saw(oldest.place.seq, oldest.place.time_us, now_us)


def _notices(events: tuple[Event, ...]) -> list[Suspension | Profile]:
    return [event for event in events if isinstance(event, Suspension | Profile)]
