"""The source `jetstream`: what the officials of the roster post, repost, delete and whom they follow.

One connection for each 10,000 officials, to one host. The roster is the filter and never empty: a subscription without
accounts would be one for the whole network.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from msgspec import Struct

from streams.collectors.bluesky.jetstream_coverage import SOURCE, FilterLog, late_begin
from streams.collectors.bluesky.jetstream_cursor import HostPlace, HostPosition, JetstreamCursor, decode_cursor
from streams.collectors.bluesky.jetstream_endpoints import new_filter
from streams.collectors.bluesky.jetstream_frames import last_word, read_frames
from streams.collectors.bluesky.jetstream_link import Link, open_link
from streams.collectors.bluesky.jetstream_shared import Shared, digest_of, wait_for
from streams.collectors.bluesky.jetstream_socket import LARGEST_FRAME, FrameTooLargeError
from streams.collectors.source import Chunk, SourceError
from streams.events import Event, Follow, Post, Retweet
from streams.formats.bluesky.jetstream_fields import BLUESKY

__all__ = ["JetstreamSource"]

_log: Final = logging.getLogger(__name__)
_LIVED: Final = 60.0  # seconds after which the end of a connection says nothing against its host
_EFFECT_US: Final = 5_000_000  # within which a server has a new filter in use
_LEVEL_US: Final = 5_000_000
_BEHIND_US: Final = 10_000_000


class _State(Struct):
    """Of one connection. `previous` is how far the host was when the connection before this one was made."""

    link: Link
    positions: list[HostPosition]
    officials: frozenset[str]
    opened: float
    came: list[float]
    previous: HostPlace | None
    tip: HostPlace | None = None
    is_level: bool = False
    reported_at: float = 0.0


class JetstreamSource:
    """See above.

    A quiet roster moves no cursor, and a server keeps 36 hours. So a connection without a frame for an hour is reopened
    from the same cursor. Once the new one has caught up, two connections have covered everything up to the host's
    position when the first one was opened, and the cursor moves there. The host's position comes from the notices of
    all accounts, which the other source reads from the same host.
    """

    name: Final = SOURCE
    platform: Final = BLUESKY
    covers_officials: Final = True

    def __init__(self, shared: Shared, filters: FilterLog) -> None:
        self._shared = shared
        self._filters = filters
        self._largest = 0

    async def chunks(self, cursor: bytes | None) -> AsyncGenerator[Chunk, None]:
        """See `Source`. Waits for a roster with officials of the platform."""
        shared = self._shared
        try:
            begin = decode_cursor(cursor)
        except ValueError as error:
            raise SourceError("protocol", str(error)) from None
        is_first, previous = True, None
        while True:
            officials = await shared.watched.any_officials(shared.policy.patience)
            changed, endpoint = asyncio.Event(), shared.hosts.current
            opened = shared.seconds()
            try:
                link = await open_link(
                    shared, endpoint, "officials", self._parts(officials), begin, changed.set, largest=self._largest
                )
                state = self._state(link, officials, previous)
                try:
                    async with aclosing(self._connected(state, begin, changed, is_first=is_first)) as chunks:
                        async for chunk in chunks:
                            yield chunk
                finally:
                    await link.close()
            except FrameTooLargeError:
                # The frame would come again and again: from now on the server leaves out what is too large.
                self._largest = LARGEST_FRAME
                _log.warning("frame too large, left out from now on", extra={"host": endpoint.host})
                raise
            except SourceError as error:
                if error.kind != "closed" or shared.seconds() - opened < _LIVED:
                    shared.hosts.leave(endpoint)
                raise
            begin, previous, is_first = self._cursor(state), state.tip, False

    def _parts(self, officials: frozenset[str]) -> list[list[str]]:
        dids, most = sorted(officials), self._shared.policy.dids_per_connection
        return [dids[start : start + most] for start in range(0, len(dids), most)]

    def _state(self, link: Link, officials: frozenset[str], previous: HostPlace | None) -> _State:
        shared, now = self._shared, self._shared.seconds()
        rewind_us = shared.policy.rewind_us
        return _State(
            link=link,
            positions=[HostPosition(link.begin, link.endpoint, rewind_us) for _ in link.sockets],
            officials=officials,
            opened=now,
            came=[now] * len(link.sockets),
            previous=previous,
            tip=shared.tip(link.endpoint),
        )

    def _cursor(self, state: _State) -> JetstreamCursor | None:
        behind = min(state.positions, key=lambda position: position.time_us)
        return behind.cursor(state.link.endpoint, digest_of(state.officials)) if behind.time_us else None

    async def _connected(
        self, state: _State, begin: JetstreamCursor | None, changed: asyncio.Event, *, is_first: bool
    ) -> AsyncGenerator[Chunk, None]:
        """The chunks of one link, until it has to be recreated. Raises `SourceError`."""
        link, policy, watched = state.link, self._shared.policy, self._shared.watched
        yield self._begun(state, begin, is_first=is_first)
        judged = link.resumed is not None or begin is None
        while True:
            await wait_for(changed, policy.tick)
            chunk, error = self._read(state)
            if not judged and chunk.newest_us and begin is not None:
                chunk.resumed, judged = chunk.newest_us <= begin.time_us, True
            if chunk.received or self._is_due(state):
                state.reported_at = self._shared.seconds()
                self._note_subjects(chunk.events)
                encoded = self._cursor(state)
                chunk.cursor = None if encoded is None else encoded.encoded()
                chunk.newest_us = self._shown_us(state)
                yield chunk
            if error is not None:
                raise error
            if watched.officials != state.officials:
                if not watched.officials or link.endpoint.wire == "v2" or len(link.sockets) > 1:
                    return
                if len(watched.officials) > policy.dids_per_connection:
                    return
                state.officials = watched.officials
                await link.sockets[0].say(new_filter(sorted(state.officials), self._largest))
                since_us = self._shared.now_us() + _EFFECT_US
                yield Chunk(events=list(self._filters.use(state.officials, since_us)))
            if self._shared.hosts.current != link.endpoint:
                raise SourceError("silent", f"{link.endpoint} is left by the source of accounts")
            if self._shared.seconds() - min(state.came) > policy.quiet:
                return

    def _begun(self, state: _State, begin: JetstreamCursor | None, *, is_first: bool) -> Chunk:
        """Whether the link begins where it was asked to, and who is in the filter from there on."""
        link = state.link
        events: list[Event] = []
        chunk = Chunk(events=events)
        if is_first:
            chunk.resumed = link.resumed
        elif link.resumed is False and begin is not None and link.first is not None:
            other = (begin.host, begin.wire) != (link.endpoint.host, link.endpoint.wire)
            events.append(late_begin(begin.time_us, link.first.time_us, is_other_host=other))
        if begin is not None and begin.filter == digest_of(state.officials):
            self._filters.assume(state.officials)
        cursor = self._cursor(state)
        since_us = self._shared.now_us() if cursor is None else cursor.time_us
        events += self._filters.use(state.officials, since_us)
        if cursor is not None:
            chunk.cursor, chunk.newest_us = cursor.encoded(), cursor.time_us
        return chunk

    def _read(self, state: _State) -> tuple[Chunk, SourceError | None]:
        chunk = Chunk()
        now_us, newest_us = self._shared.now_us(), 0
        for number, (socket, position) in enumerate(zip(state.link.sockets, state.positions, strict=True)):
            try:
                frames = socket.take()
            except SourceError as error:
                return chunk, error
            if not frames:
                continue
            state.came[number] = self._shared.seconds()
            said = read_frames(frames, socket, state.link.endpoint, position, chunk, now_us)
            newest_us = max(newest_us, position.time_us)
            if said is not None:
                return chunk, last_word(said)
        chunk.newest_us = newest_us
        return chunk, None

    def _is_due(self, state: _State) -> bool:
        return self._shared.seconds() - state.reported_at >= self._shared.policy.heartbeat

    def _shown_us(self, state: _State) -> int:
        """The time up to which everything was shown: that of the last frame, or where the host is, once the connection
        is level with it.
        """
        shared, policy, now = self._shared, self._shared.policy, self._shared.seconds()
        tip = shared.tip(state.link.endpoint)
        newest_us = min(position.time_us for position in state.positions)
        if tip is None:
            return newest_us
        has_caught_up = now - state.opened >= policy.catch_up
        if has_caught_up and state.previous is not None:
            for position in state.positions:
                position.saw(state.previous.seq, state.previous.time_us, shared.now_us())
            newest_us = min(position.time_us for position in state.positions)
        state.tip = state.tip or tip
        is_quiet = has_caught_up and now - max(state.came) >= policy.silent
        state.is_level = state.is_level or is_quiet or newest_us >= tip.time_us - _LEVEL_US
        return max(newest_us, tip.time_us - _BEHIND_US) if state.is_level else newest_us

    def _note_subjects(self, events: list[Event]) -> None:
        """Whom officials amplify: their status matters from now on."""
        note = self._shared.watched.subjects.add
        for event in events:
            if isinstance(event, (Retweet, Follow)):
                note(event.subject.id)
            elif isinstance(event, Post):
                for other in (event.reply_to, event.quotes):
                    if other is not None and other.account is not None:
                        note(other.account.id)
                for mentioned in event.mentions:
                    note(mentioned.id)
