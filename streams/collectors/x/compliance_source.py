"""Asks X once a day what became of the accounts that officials amplify: a batch compliance job over all of them.

What changed becomes a `suspension` event; the rest is known. A source without coverage: it sees nobody's posts.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from typing import Final

import msgspec
from aiokafka.errors import KafkaError
from msgspec import Struct

from streams.collectors.source import Chunk, SourceError
from streams.collectors.subject_topics import KnownSubject, known_subjects
from streams.collectors.x.compliance_results import answers_in, changes
from streams.collectors.x.officials import PLATFORM
from streams.collectors.x.pauses import Pauses
from streams.collectors.x.reconciling import failure_of
from streams.collectors.x.x_api import XApi
from streams.events import SuspensionStatus
from streams.kafka.failures import BrokerError
from streams.refusal import DECODE_ERRORS
from streams.settings import Settings

__all__ = ["CompliancePolicy", "ComplianceSource"]

_log: Final = logging.getLogger(__name__)
_JOBS: Final = "/2/compliance/jobs"
_JOB: Final = "/2/compliance/jobs/:id"
_TELL_SECONDS: Final = 30.0
_BACK: Final = frozenset({None, "reinstated"})


class CompliancePolicy(Struct, frozen=True, kw_only=True):
    """A job every `every_seconds`, over those who were amplified within `tracked_days`, or are gone. While X works on
    it X is asked every `poll_seconds`, for `patience_seconds` at most.
    """

    every_seconds: float = 86_400.0
    tracked_days: float = 90.0
    poll_seconds: float = 30.0
    patience_seconds: float = 21_600.0
    empty_seconds: float = 600.0


class _Cursor(Struct, omit_defaults=True):
    """When the last job was done (Unix µs), and who was gone before it and not in its result."""

    done_us: int = 0
    absent: list[str] = []


class _Job(Struct, frozen=True):
    id: str
    status: str = ""
    upload_url: str = ""
    download_url: str = ""


class _Answer(Struct, frozen=True):
    data: _Job


_cursor: Final = msgspec.json.Decoder(_Cursor)


class ComplianceSource:
    """Raises `SourceError` where X or the broker does not answer."""

    name: Final = "x-compliance"
    platform: Final = PLATFORM
    covers_officials: Final = False

    def __init__(
        self,
        settings: Settings,
        api: XApi,
        policy: CompliancePolicy,
        clock: Callable[[], int] = lambda: time.time_ns() // 1_000,
    ) -> None:
        self._settings = settings
        self._api = api
        self._policy = policy
        self._clock = clock
        self._pauses = Pauses()

    async def chunks(self, cursor: bytes | None) -> AsyncGenerator[Chunk, None]:
        """See `Source`. A chunk with events for each job; empty ones tell that all is well."""
        state = _decoded(cursor)
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            yield Chunk()
            while True:
                due_us = state.done_us + int(self._policy.every_seconds * 1_000_000)
                async for chunk in _quiet((due_us - self._clock()) / 1_000_000):
                    yield chunk
                known = await self._subjects()
                if not known:
                    async for chunk in _quiet(self._policy.empty_seconds):
                        yield chunk
                    continue
                result = b""
                async for part in self._job(known):
                    result = part
                    if not part:
                        yield Chunk()
                chunk = Chunk(size=len(result))
                answers = answers_in(result, known, chunk, self._clock())
                state = _Cursor(self._clock(), changes(chunk, answers, known, state.absent, self._clock()))
                chunk.cursor = msgspec.json.encode(state)
                extra = {"subjects": len(known), "named": len(answers), "changed": len(chunk.events)}
                _log.info("compliance job done", extra=extra)
                yield chunk
        except (BrokerError, KafkaError) as error:
            raise SourceError("closed", f"{type(error).__name__}: {error}") from error
        except SourceError as error:
            pause = self._pauses.after(failure_of(error), loop.time() - began, error.retry_after_seconds or 0.0)
            raise SourceError(error.kind, error.detail, pause_seconds=pause) from None

    async def _subjects(self) -> Mapping[str, SuspensionStatus | None]:
        """The subjects to ask after, and what is known of each."""
        found: dict[str, SuspensionStatus | None] = {}
        since = self._clock() / 1_000_000 - self._policy.tracked_days * 86_400
        async for each in known_subjects(self._settings, PLATFORM):
            found.pop(each.subject.id, None)
            status = None if each.suspension is None else each.suspension.status
            if each.subject.id.isdecimal() and (status not in _BACK or _is_since(each, since)):
                found[each.subject.id] = status
        return found

    async def _job(self, known: Mapping[str, SuspensionStatus | None]) -> AsyncIterator[bytes]:
        """Its result at the end; nothing before, again and again."""
        made = await self._api.json(_Answer, "POST", _JOBS, body={"type": "users", "name": "antiphon"})
        await self._api.put(made.data.upload_url, b"".join(each.encode() + b"\n" for each in known))
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._policy.patience_seconds
        while True:
            job = (await self._api.json(_Answer, "GET", _JOB, name=made.data.id)).data
            if job.status == "complete":
                # A job without a finding may have an empty file.
                yield await self._api.get(job.download_url or made.data.download_url)
                return
            if job.status in ("failed", "expired"):
                raise SourceError("refused", f"X says that the compliance job has {job.status}")
            if loop.time() > deadline:
                raise SourceError("refused", f"the compliance job is {job.status!r} for too long")
            yield b""
            await asyncio.sleep(self._policy.poll_seconds)


def _is_since(subject: KnownSubject, since: float) -> bool:
    return subject.amplified_at is not None and subject.amplified_at.timestamp() >= since


async def _quiet(seconds: float) -> AsyncIterator[Chunk]:
    """Empty chunks for so long."""
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while (left := until - loop.time()) > 0:
        await asyncio.sleep(min(left, _TELL_SECONDS))
        yield Chunk()


def _decoded(cursor: bytes | None) -> _Cursor:
    if cursor is None:
        return _Cursor()
    try:
        return _cursor.decode(cursor)
    except DECODE_ERRORS as error:
        raise ValueError(f"no cursor of compliance jobs: {error}") from None
