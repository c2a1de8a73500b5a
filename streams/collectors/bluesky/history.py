"""The history of an official who came onto the roster: what he posted, passed on and followed before he was watched.

A source like any other. What it has to do stands on the topic `coverage`: gaps of single officials, which it closes
by `back_fill`. One official at a time; a restart goes on with the page after the last one that Kafka has.
"""

import logging
import time
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from aiokafka.errors import KafkaError
from msgspec import Struct
from msgspec.structs import replace

from streams.collectors.bluesky.http_client import (
    AnswerError,
    ClientPolicy,
    HttpClient,
    HttpClientError,
    ThrottledError,
)
from streams.collectors.bluesky.identity import DIRECTORY, Identities
from streams.collectors.bluesky.repositories import Page, StoredRecord, pages_of
from streams.collectors.source import Chunk, SourceError
from streams.deadletters import Reason
from streams.events import Coverage, decode_event
from streams.formats.bluesky.jetstream_fields import BLUESKY, key_time
from streams.formats.bluesky.repository_records import read_stored
from streams.formats.reader import Reading, Skipped
from streams.kafka.dead_letter_record import letter_of
from streams.kafka.failures import BrokerError
from streams.kafka.reading import follow_topic
from streams.refusal import DECODE_ERRORS, Refused, refused_line, undecodable
from streams.settings import Settings

__all__ = ["History", "HistoryPolicy"]

_log: Final = logging.getLogger(__name__)
_REPOST: Final = "app.bsky.feed.repost"
_POST: Final = "app.bsky.feed.post"
_FOLLOW: Final = "app.bsky.graph.follow"
_COLLECTIONS: Final = (_REPOST, _FOLLOW, _POST)
_OWN_GAPS: Final = ("added", "dropped")  # of officials who came onto the roster, and who came back
_SILENT_SECONDS: Final = 30.0


class HistoryPolicy(Struct, frozen=True, kw_only=True):
    """Where to ask (base URLs) and how far back: reposts and follows whole, posts of the last `post_days`, which is
    more than ledgers hold. An official whose server does not answer is tried again after `retry_seconds`.
    """

    directory: str = DIRECTORY
    post_days: float = 150.0
    retry_seconds: float = 900.0
    client: ClientPolicy = ClientPolicy()


class _Position(Struct, omit_defaults=True):
    """How far an official was read: the collection, and the page after which to go on."""

    did: str
    collection: str
    page: str | None = None


_position: Final = msgspec.json.Decoder(_Position)


class History:
    """Raises `SourceError` when the broker is away. A server that is away holds up no other official."""

    name: Final = "bluesky-history"
    platform: Final = BLUESKY
    covers_officials: Final = False

    def __init__(self, settings: Settings, policy: HistoryPolicy) -> None:
        self._settings = settings
        self._policy = policy
        self._gaps: dict[str, Coverage] = {}
        self._not_before: dict[str, float] = {}

    async def chunks(self, cursor: bytes | None) -> AsyncGenerator[Chunk, None]:
        """See `Source`."""
        position = _read_position(cursor)
        self._gaps.clear()
        told = -_SILENT_SECONDS
        try:
            async with HttpClient(self._policy.client) as client:
                identities = Identities(client, self._policy.directory)
                async with aclosing(follow_topic(self._settings, "coverage")) as batches:
                    async for batch in batches:
                        for record in batch.records:
                            self._learn(record.value)
                        if not batch.whole:
                            continue
                        if (did := self._next()) is not None:
                            begin = position if position is not None and position.did == did else None
                            async with aclosing(self._read(identities, client, did, begin)) as chunks:
                                async for chunk in chunks:
                                    yield chunk
                            told = time.monotonic()
                        elif time.monotonic() - told > _SILENT_SECONDS:
                            yield Chunk()
                            told = time.monotonic()
        except (BrokerError, KafkaError, OSError) as error:
            raise SourceError("closed", f"{type(error).__name__}: {error}") from error

    def _learn(self, value: bytes | None) -> None:
        try:
            gap = decode_event(value or b"")
        except DECODE_ERRORS:
            return  # SCREEN says so
        if not isinstance(gap, Coverage) or gap.platform != self.platform or gap.seen:
            return
        if gap.reason in _OWN_GAPS and gap.until is not None and gap.closed_by is None and gap.officials:
            self._gaps[gap.id] = gap
        else:
            self._gaps.pop(gap.id, None)

    def _next(self) -> str | None:
        """The next official to read, in the order in which they came; nobody who was put off."""
        now = time.monotonic()
        for gap in self._gaps.values():
            for did in gap.officials or ():
                if self._not_before.get(did, now) <= now:
                    return did
        return None

    async def _read(
        self, identities: Identities, client: HttpClient, did: str, begin: _Position | None
    ) -> AsyncGenerator[Chunk, None]:
        try:
            identity = await identities.of(did)
            if identity is None or identity.server is None:
                raise AnswerError(did, "has no server", 0)
            begun = begin is None
            for collection in _COLLECTIONS:
                begun = begun or (begin is not None and begin.collection == collection)
                if not begun:
                    continue
                page = begin.page if begin is not None and begin.collection == collection else None
                # A record was there when its page was asked for, and may be gone since.
                asked_at = datetime.now(UTC)
                async with aclosing(pages_of(client, identity.server, did, collection, page)) as pages:
                    async for each in pages:
                        chunk, is_enough = self._chunk(did, collection, each, asked_at)
                        yield chunk
                        if is_enough:
                            break
                        asked_at = datetime.now(UTC)
        except HttpClientError as error:
            asked = error.wait_seconds if isinstance(error, ThrottledError) else 0.0
            self._not_before[did] = time.monotonic() + max(asked, self._policy.retry_seconds)
            _log.warning("history of an official put off", extra={"official": did, "why": str(error)})
            return
        yield self._done(did)

    def _chunk(self, did: str, collection: str, page: Page, asked_at: datetime) -> tuple[Chunk, bool]:
        """What a page tells, the oldest first; true where what follows is older than anybody asks."""
        oldest = asked_at - timedelta(days=self._policy.post_days) if collection == _POST else None
        size = sum(len(bytes(record.value)) for record in page.records)
        chunk = Chunk(received=len(page.records), size=size, skipped=Counter())
        is_enough = False
        for record in reversed(page.records):
            written_at = key_time(record.key)
            if oldest is not None and written_at is not None and written_at < oldest:
                is_enough = True
                continue
            self._take(chunk, did, collection, record, asked_at)
        chunk.back_filled = len(chunk.events)
        if page.cursor is not None:
            chunk.cursor = msgspec.json.encode(_Position(did, collection, page.cursor))
        return chunk, is_enough

    def _take(self, chunk: Chunk, did: str, collection: str, record: StoredRecord, asked_at: datetime) -> None:
        payload = bytes(record.value)
        try:
            if record.uri != f"at://{did}/{collection}/{record.key}":
                raise Refused(Reason.NOT_AN_EVENT, f"uri: {record.uri!r} is no record of what was asked for")
            reading: Reading = read_stored(did, collection, record.key, record.value, asked_at)
        except Refused as refused:
            reading = refused_line(payload, refused)
        except DECODE_ERRORS as error:
            reading = undecodable(payload, error)
        match reading:
            case tuple():
                chunk.events += reading
            case Skipped(name):
                chunk.skipped[name] += 1
            case rejection:
                chunk.letters.append(letter_of(rejection, payload, self.name, 0, 0))

    def _done(self, did: str) -> Chunk:
        """The gaps without the official; one of which he was the last is closed."""
        chunk = Chunk()
        for gap in [each for each in self._gaps.values() if did in (each.officials or ())]:
            rest = tuple(other for other in gap.officials or () if other != did)
            told = replace(gap, officials=rest) if rest else replace(gap, closed_by="back_fill")
            chunk.events.append(told)
            if rest:
                self._gaps[gap.id] = told
            else:
                del self._gaps[gap.id]
        return chunk


def _read_position(cursor: bytes | None) -> _Position | None:
    try:
        return None if cursor is None else _position.decode(cursor)
    except msgspec.DecodeError:
        return None  # of another version: begins anew, and content ids remove what comes twice
