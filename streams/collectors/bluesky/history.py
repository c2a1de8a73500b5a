"""What officials posted, passed on and followed while nobody watched: before they came onto the roster, and in gaps.

A source like any other. What it has to do stands on the topic `coverage`: gaps, which it closes by `back_fill`
(`history_gaps`). One official at a time. A restart goes on with the page after the last one that Kafka has; a gap of
everybody, which takes few pages of each, is read again.
"""

import logging
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from aiokafka.errors import KafkaError
from msgspec import Struct

from streams.collectors.bluesky.history_gaps import BackFill, OpenGaps
from streams.collectors.bluesky.identity import DIRECTORY, Identities
from streams.collectors.bluesky.repositories import RecordPage, RepositoryRecord, pages_of
from streams.collectors.http_client import (
    AnswerError,
    ClientPolicy,
    HttpClient,
    HttpClientError,
    ThrottledError,
)
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
from streams.topic_names import COVERAGE

__all__ = ["History", "HistoryPolicy"]

_log: Final = logging.getLogger(__name__)
_REPOST: Final = "app.bsky.feed.repost"
_POST: Final = "app.bsky.feed.post"
_FOLLOW: Final = "app.bsky.graph.follow"
_COLLECTIONS: Final = (_REPOST, _FOLLOW, _POST)
_MARGIN: Final = timedelta(hours=1)  # by which the clock of a record key may be wrong
_GONE: Final = frozenset({"RepoNotFound", "RepoTakendown", "RepoSuspended", "RepoDeactivated"})
_BETWEEN_LOOKS: Final = 20  # officials that are read before the topic is looked at again
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
    """Raises `SourceError` when the broker is away. A server that is away holds up no other official. `officials` are
    those of the roster, who are asked for what they did in a gap of everybody.
    """

    name: Final = "bluesky-history"
    platform: Final = BLUESKY
    covers_officials: Final = False

    def __init__(
        self, settings: Settings, policy: HistoryPolicy, officials: Callable[[], frozenset[str]] = frozenset
    ) -> None:
        self._settings = settings
        self._policy = policy
        self._gaps = OpenGaps(BLUESKY, officials)

    async def chunks(self, cursor: bytes | None) -> AsyncGenerator[Chunk, None]:
        """See `Source`."""
        position = _read_position(cursor)
        self._gaps.clear()
        last_report = -_SILENT_SECONDS
        try:
            async with HttpClient(self._policy.client) as client:
                identities = Identities(client, self._policy.directory)
                async with aclosing(follow_topic(self._settings, COVERAGE)) as batches:
                    async for batch in batches:
                        for record in batch.records:
                            self._learn(record.value)
                        if not batch.whole:
                            continue
                        for _ in range(_BETWEEN_LOOKS):
                            if (back_fill := self._gaps.next(time.monotonic())) is None:
                                break
                            is_begun = (
                                position is not None and position.did == back_fill.did and back_fill.since is None
                            )
                            begin = position if is_begun else None
                            async with aclosing(self._read(identities, client, back_fill, begin)) as chunks:
                                async for chunk in chunks:
                                    yield chunk
                            last_report = time.monotonic()
                        if time.monotonic() - last_report > _SILENT_SECONDS:
                            yield Chunk()
                            last_report = time.monotonic()
        except (BrokerError, KafkaError, OSError) as error:
            raise SourceError("closed", f"{type(error).__name__}: {error}") from error

    def _learn(self, value: bytes | None) -> None:
        try:
            gap = decode_event(value or b"")
        except DECODE_ERRORS:
            return  # SCREEN says so
        if isinstance(gap, Coverage):
            self._gaps.add(gap)

    async def _read(
        self, identities: Identities, client: HttpClient, back_fill: BackFill, begin: _Position | None
    ) -> AsyncGenerator[Chunk, None]:
        did = back_fill.did
        try:
            identity = await identities.of(did)
            if identity is None or identity.server is None:
                raise AnswerError(did, "has no server", 0, "RepoNotFound")
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
                        chunk, is_enough = self._chunk(back_fill, collection, each, asked_at)
                        yield chunk
                        if is_enough:
                            break
                        asked_at = datetime.now(UTC)
        except HttpClientError as error:
            # Of an account that is gone nothing can be asked for: in a gap of everybody it holds up nobody.
            is_gone = isinstance(error, AnswerError) and error.name in _GONE
            if back_fill.since is None or not is_gone:
                asked = error.wait_seconds if isinstance(error, ThrottledError) else 0.0
                self._gaps.put_off(did, time.monotonic() + max(asked, self._policy.retry_seconds))
                _log.warning("history of an official put off", extra={"official": did, "why": str(error)})
                return
        yield Chunk(events=list(self._gaps.done(back_fill)))

    def _chunk(self, back_fill: BackFill, collection: str, page: RecordPage, asked_at: datetime) -> tuple[Chunk, bool]:
        """What a page tells, the oldest first; true where what follows is older than anybody asks."""
        did = back_fill.did
        oldest = asked_at - timedelta(days=self._policy.post_days) if collection == _POST else None
        if back_fill.since is not None:
            oldest = back_fill.since - _MARGIN
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
        if page.cursor is not None and back_fill.since is None:
            chunk.cursor = msgspec.json.encode(_Position(did, collection, page.cursor))
        return chunk, is_enough

    def _take(self, chunk: Chunk, did: str, collection: str, record: RepositoryRecord, asked_at: datetime) -> None:
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


def _read_position(cursor: bytes | None) -> _Position | None:
    try:
        return None if cursor is None else _position.decode(cursor)
    except msgspec.DecodeError:
        return None  # of another version: begins again, and content ids remove what comes twice
