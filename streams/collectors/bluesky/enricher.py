"""The enricher: looks up the accounts that officials amplify, once when that begins, and again from time to time.

A source like any other: what it learns are `profile` and `suspension` events. It reads what the pipeline wrote and
nothing waits for it. Without a cursor: which subjects there are stands on the topics.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

from aiokafka.errors import KafkaError
from msgspec import Struct

from streams.collectors.bluesky.identity import APPVIEW, DIRECTORY, Identities
from streams.collectors.bluesky.profiles import MOST_ACTORS, GoneProfile, Missing, Profiles, ShownProfile, Sighting
from streams.collectors.bluesky.subjects import BEING_ASKED, SubjectProfile, Subjects
from streams.collectors.following import in_background
from streams.collectors.http_client import (
    AnswerError,
    ClientPolicy,
    HttpClient,
    HttpClientError,
    ThrottledError,
)
from streams.collectors.source import Chunk, SourceError
from streams.collectors.subject_topics import known_subjects, newly_amplified
from streams.core.clock import to_us
from streams.events import Account, Event, Profile, Suspension, SuspensionStatus
from streams.kafka.failures import BrokerError
from streams.settings import Settings

__all__ = ["Enricher", "EnricherPolicy"]

_log: Final = logging.getLogger(__name__)
_PLATFORM: Final = "bluesky"
_IDLE_SECONDS: Final = 5.0
_SILENT_SECONDS: Final = 30.0  # then an empty chunk says that all is well
_QUEUE: Final = 200  # chunks on the way to Kafka; then nothing more is asked


class EnricherPolicy(Struct, frozen=True, kw_only=True):
    """Where and how often to look. URLs are base URLs.

    Subjects amplified within `tracked_days` are looked up again every `revisit_seconds`. An account that the AppView
    does not know any more is gone once it has said so for `confirm_seconds`. A host that fails is asked again after
    `retry_seconds`.
    """

    appview: str = APPVIEW
    directory: str = DIRECTORY
    revisit_seconds: float = 21_600.0
    confirm_seconds: float = 900.0
    retry_seconds: float = 60.0
    tracked_days: float = 90.0
    most_subjects: int = 200_000
    directory_at_once: int = 4
    client: ClientPolicy = ClientPolicy()


class Enricher:
    """Raises `SourceError` when the broker is away; hosts of Bluesky that are away are waited for."""

    name: Final = "bluesky-enricher"
    platform: Final = _PLATFORM
    covers_officials: Final = False

    def __init__(
        self, settings: Settings, policy: EnricherPolicy, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings = settings
        self._policy = policy
        self._clock = clock
        self._subjects = Subjects(policy.most_subjects)
        self._ageless: asyncio.Queue[SubjectProfile] = asyncio.Queue()
        self._news = asyncio.Event()

    async def chunks(self, cursor: bytes | None) -> AsyncGenerator[Chunk, None]:
        """See `Source`. Every chunk is what one answer told."""
        del cursor
        found: asyncio.Queue[Chunk] = asyncio.Queue(_QUEUE)
        self._ageless = asyncio.Queue()
        async with HttpClient(self._policy.client) as client:
            identities = Identities(client, self._policy.directory)
            at_once = range(self._policy.directory_at_once)
            async with in_background(
                self._follow(),
                self._look_up(Profiles(client, self._policy.appview), found),
                *(self._ask_ages(identities, found) for _ in at_once),
            ) as tasks:
                try:
                    yield Chunk()  # it is at work
                    while True:
                        getting = asyncio.ensure_future(found.get())
                        wait_for: list[asyncio.Future[Any]] = [getting, *tasks]
                        await asyncio.wait(wait_for, timeout=_SILENT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                        if getting.done():
                            yield getting.result()
                            continue
                        getting.cancel()
                        for task in tasks:
                            if task.done():
                                task.result()
                        yield Chunk()
                except (BrokerError, KafkaError, OSError) as error:
                    raise SourceError("closed", f"{type(error).__name__}: {error}") from error

    async def _follow(self) -> None:
        """Keep the list of subjects: first those that were amplified before, then each as it comes."""
        async with newly_amplified(self._settings, self.platform) as batches:
            await self._recall()
            async for dids in batches:
                for did in dids:
                    if self._subjects.amplified(did, self._clock()):
                        self._ask_age(did)
                        self._news.set()

    async def _recall(self) -> None:
        """What the pipeline knows already need not be asked again before its time."""
        policy = self._policy
        now, clock = time.time(), self._clock()
        newest = {each.subject.id: each async for each in known_subjects(self._settings, self.platform)}
        for did, known in newest.items():
            amplified = known.amplified_at
            if amplified is None or now - amplified.timestamp() > policy.tracked_days * 86_400:
                continue
            if self._subjects.get(did) is not None:
                continue  # of a connection before this one: more is known here
            looked = known.followers_as_of
            since = float("inf") if looked is None else now - looked.timestamp()
            subject = SubjectProfile(
                did=did,
                due=clock + max(0.0, policy.revisit_seconds - since),
                seen=looked is not None,
                aged=known.subject.created_at_source == "directory",
                status=None if known.suspension is None else known.suspension.status,
            )
            self._subjects.put(subject)
        for subject in self._subjects.all():
            if subject.due == BEING_ASKED:
                self._subjects.visit(subject, clock)
            if not subject.aged:
                self._ageless.put_nowait(subject)
        self._news.set()

    def _ask_age(self, did: str) -> None:
        subject = self._subjects.get(did)
        if subject is not None:
            self._ageless.put_nowait(subject)

    async def _ask_ages(self, identities: Identities, found: asyncio.Queue[Chunk]) -> None:
        while True:
            subject = await self._ageless.get()
            try:
                created_at = await identities.created_at(subject.did)
            except AnswerError as error:
                self._say(error)
                continue  # it is asked again after the next start
            except HttpClientError as error:
                await asyncio.sleep(self._pause_after(error))
                self._ageless.put_nowait(subject)
                continue
            subject.aged = True
            if created_at is not None:
                account = Account(id=subject.did, created_at=created_at, created_at_source="directory")
                await found.put(_chunk([_profile(f"directory:{subject.did}", account)]))

    async def _look_up(self, profiles: Profiles, found: asyncio.Queue[Chunk]) -> None:
        while True:
            due = self._subjects.due(self._clock(), MOST_ACTORS)
            if not due:
                self._news.clear()
                idle = min(self._subjects.next_due() - self._clock(), _IDLE_SECONDS)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._news.wait(), max(idle, 0.001))
                continue
            try:
                await self._look_up_all(profiles, due, found)
            except HttpClientError as error:
                pause = self._pause_after(error)
                for subject in due:
                    if subject.due == BEING_ASKED:
                        self._subjects.visit(subject, self._clock() + pause)
                await asyncio.sleep(pause)

    async def _look_up_all(self, profiles: Profiles, due: list[SubjectProfile], found: asyncio.Queue[Chunk]) -> None:
        try:
            answered = await profiles.of([subject.did for subject in due])
        except AnswerError as error:
            self._say(error)
            answered = {}  # one bad name among them is enough
        events = [each for did, sight in answered.items() for each in self._events(did, sight)]
        if events:
            await found.put(_chunk(events))
        for subject in due:
            if subject.did in answered:
                continue
            try:
                events = self._events(subject.did, await profiles.of_one(subject.did))
            except AnswerError as error:
                self._say(error)
                self._subjects.visit(subject, self._clock() + self._policy.revisit_seconds)
                continue
            if events:
                await found.put(_chunk(events))

    def _events(self, did: str, sighting: Sighting) -> list[Event]:
        """What a sighting tells; the subject is to be visited again in its time."""
        subject = self._subjects.get(did)
        if subject is None:
            return []  # others were amplified meanwhile, more than are kept
        now = self._clock()
        visit_in = self._policy.revisit_seconds
        events: list[Event] = []
        match sighting:
            case ShownProfile(account):
                if subject.is_gone:
                    events.append(_notice(did, "reinstated", None))
                    subject.status = "reinstated"
                subject.seen, subject.missing_since = True, None
                events.append(_profile(f"appview:{did}:{_now_us()}", account))
            case GoneProfile(status, reason):
                if subject.status != status:
                    events.append(_notice(did, status, reason))
                    subject.status = status
                subject.missing_since = None
            case Missing() if subject.seen and not subject.is_gone:
                # It was there. One answer without it may be the server's own trouble; who removed it, nobody says.
                if subject.missing_since is None:
                    subject.missing_since = now
                if now - subject.missing_since >= self._policy.confirm_seconds:
                    events.append(_notice(did, "deleted", "Profile not found"))
                    subject.status = "deleted"
                else:
                    visit_in = self._policy.confirm_seconds
            case Missing():
                pass
        self._subjects.visit(subject, now + visit_in)
        return events

    def _pause_after(self, error: HttpClientError) -> float:
        self._say(error)
        return error.wait_seconds if isinstance(error, ThrottledError) else self._policy.retry_seconds

    def _say(self, error: HttpClientError) -> None:
        _log.warning("look-up put off", extra={"host": error.host, "why": str(error)})


def _chunk(events: Sequence[Event]) -> Chunk:
    return Chunk(events=list(events), received=1)


def _profile(name: str, account: Account) -> Profile:
    now = datetime.now(UTC)
    return Profile(platform=_PLATFORM, id=name, at=now, observed_at=now, actor=account)


def _notice(did: str, status: SuspensionStatus, reason: str | None) -> Suspension:
    now = datetime.now(UTC)
    return Suspension(
        platform=_PLATFORM,
        id=f"appview:{did}:{status}:{to_us(now)}",
        at=now,
        observed_at=now,
        actor=Account(id=did),
        status=status,
        reason=reason,
        precision="noticed",
    )


def _now_us() -> int:
    return time.time_ns() // 1_000
