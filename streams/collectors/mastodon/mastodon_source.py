"""The source `mastodon`: each server's officials looked at in turn, many servers side by side.

A server that fails holds up no other; for its own officials that is a gap, until everything they did is read.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from hashlib import sha256
from random import Random
from typing import Final, Literal

import aiohttp
from msgspec import Struct
from yarl import URL

from streams.collectors.backoff import Backoff
from streams.collectors.mastodon.api import GoneError, MastodonServer
from streams.collectors.mastodon.officials import Servers
from streams.collectors.mastodon.polling import poll
from streams.collectors.mastodon.windows import Known, decode_state, encode_state
from streams.collectors.source import Chunk, SourceError
from streams.core.clock import from_us
from streams.events import Coverage, CoverageReason
from streams.formats.mastodon.mastodon_statuses import MASTODON
from streams.printable import printable

__all__ = ["MastodonPolicy", "MastodonSource"]

_log: Final = logging.getLogger(__name__)
_TELL_SECONDS: Final = 15.0
_MOST_WAITING: Final = 50  # chunks; further servers wait
_REASONS: Final[Mapping[str, CoverageReason]] = {"throttled": "throttled", "silent": "silent"}


class MastodonPolicy(Struct, frozen=True, kw_only=True):
    """Each official is looked at every `interval` seconds; between two requests to a server there are `spacing`.
    `addresses` are those of servers that are not at `https://NAME`; these are trusted.
    """

    interval: float = 60.0
    spacing: float = 1.0
    gone_again: float = 3_600.0
    first_pause: float = 5.0
    longest_pause: float = 900.0
    patience: float = 30.0
    addresses: Mapping[str, str] = {}

    @property
    def trusted(self) -> frozenset[str]:
        """As `check_url` takes them."""
        return frozenset(f"{url.host}:{url.port}" for url in map(URL, self.addresses.values()))


class MastodonSource:
    """`use` gives the officials, again and again. It shows what they post and boost, and what of it vanishes."""

    name: Final = "mastodon"
    platform: Final = MASTODON
    covers_officials: Final = True

    def __init__(self, session: aiohttp.ClientSession, policy: MastodonPolicy) -> None:
        self._session = session
        self._policy = policy
        self._servers: Servers = {}
        self._changed = asyncio.Event()

    def use(self, servers: Servers) -> None:
        """These are the officials from now on."""
        if servers != self._servers:
            self._servers = dict(servers)
            self._changed.set()
            _log.info("officials to poll", extra={"officials": sum(map(len, servers.values()))})

    async def chunks(self, cursor: bytes | None) -> AsyncGenerator[Chunk, None]:
        """See `Source`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._policy.patience):
                while not self._servers:
                    self._changed.clear()
                    await self._changed.wait()
        if not self._servers:
            raise SourceError(
                "refused",
                "no published roster has an official on Mastodon (https://SERVER/@NAME or NAME@SERVER): "
                "`antiphon roster publish`",
            )
        round_ = _Round(self, self._session, self._policy, cursor)
        try:
            async for chunk in round_.chunks():
                yield chunk
        finally:
            await round_.end()

    @property
    def servers(self) -> Servers:
        """The officials by server, by now."""
        return self._servers


class _Round:
    """One connection: a task for each server."""

    def __init__(
        self, source: MastodonSource, session: aiohttp.ClientSession, policy: MastodonPolicy, cursor: bytes | None
    ) -> None:
        self._source = source
        self._session = session
        self._policy = policy
        self._state = decode_state(cursor)
        self._resumes = cursor is not None
        self._waiting: deque[Chunk] = deque()
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._seen_us: dict[str, int] = {}  # by official: when he was last looked at
        self._not_found: set[str] = set()
        self._behind: set[str] = set()  # officials of whom more waits than one look takes in

    async def chunks(self) -> AsyncGenerator[Chunk, None]:
        yield Chunk(resumed=True if self._resumes else None)
        while True:
            self._follow_servers()
            self._room.set()
            if not self._waiting:
                self._news.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(_TELL_SECONDS):
                        await self._news.wait()
            if len(self._waiting) <= 1:
                chunk = self._waiting.popleft() if self._waiting else Chunk()
                chunk.newest_us = self._seen_by_all()
            else:
                chunk = self._waiting.popleft()
            yield chunk

    async def end(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _follow_servers(self) -> None:
        servers = self._source.servers
        for host in servers.keys() - self._tasks.keys():
            self._tasks[host] = asyncio.ensure_future(self._serve(host))
        for host in self._tasks.keys() - servers.keys():
            self._tasks.pop(host).cancel()
        for task in self._tasks.values():
            if task.done() and not task.cancelled() and (error := task.exception()) is not None:
                raise error

    def _seen_by_all(self) -> int:
        """Up to when all officials of servers without a gap were looked at; 0 while some were not yet."""
        times = [
            self._seen_us.get(f"{user}@{host}", 0)
            for host, users in self._source.servers.items()
            if host not in self._state.gaps
            for user in users
            if f"{user}@{host}" not in self._not_found
        ]
        return min(times, default=0)

    async def _serve(self, host: str) -> None:
        policy = self._policy
        address = URL(policy.addresses.get(host, f"https://{host}"))
        server = MastodonServer(self._session, address, policy.trusted, policy.spacing)
        backoff = Backoff(policy.first_pause, policy.longest_pause, Random())  # noqa: S311
        due: dict[str, float] = {}
        while True:
            began = time.monotonic()
            try:
                for user in self._source.servers.get(host, ()):
                    if due.get(user, 0.0) <= time.monotonic():
                        due[user] = time.monotonic() + await self._look_at(server, user, host)
                if self._behind.isdisjoint(f"{user}@{host}" for user in self._source.servers.get(host, ())):
                    self._close_gap(host)
            except SourceError as error:
                self._open_gap(host, error)
                pause = backoff.after(error, time.monotonic() - began)
                extra = {"server": host, "reason": error.kind, "detail": error.detail, "pause_s": round(pause, 1)}
                _log.warning("server cannot be polled", extra=extra)
                await asyncio.sleep(pause)
                continue
            users = self._source.servers.get(host, ())
            next_due = min((due.get(user, 0.0) for user in users), default=began + policy.interval)
            await asyncio.sleep(min(max(0.05, next_due - time.monotonic()), policy.interval))

    async def _look_at(self, server: MastodonServer, user: str, host: str) -> float:
        """Take in what an official did; in how many seconds to look at him again."""
        name = f"{user}@{host}"
        while len(self._waiting) >= _MOST_WAITING:
            self._room.clear()
            await self._room.wait()
        began_us = time.time_ns() // 1_000
        chunk = Chunk()
        try:
            known = self._state.accounts.get(name)
            if known is None:
                account = await server.account(user)
                known = Known(account.id, account.url)
            chunk, after, is_whole = await poll(server, known)
        except GoneError:
            self._not_found.add(name)
            self._behind.discard(name)
            chunk.skipped["account_not_found"] += 1
            _log.warning("official not found on his server", extra={"account": printable(name, 200)})
            self._put(chunk)
            return self._policy.gone_again
        # From here on without a pause: the cursor says what the chunks before it hold.
        if name not in self._state.accounts:
            chunk.events.append(_gap("added", None, began_us, (known.url,)))
        self._not_found.discard(name)
        if is_whole:
            self._behind.discard(name)
            self._seen_us[name] = began_us
        else:
            self._behind.add(name)
        self._state.read_us[host] = self._read_us(host)
        if self._state.accounts.get(name) != after:
            self._state.accounts[name] = after
            chunk.cursor = encode_state(self._state)
        self._put(chunk)
        return self._policy.interval if is_whole else 0.0

    def _read_us(self, host: str) -> int:
        """Up to when all officials of a server were looked at, by now or by the cursor; 0 where they never were."""
        names = {f"{user}@{host}" for user in self._source.servers.get(host, ())} - self._not_found
        seen_us = min((self._seen_us.get(name, 0) for name in names), default=0)
        return seen_us or self._state.read_us.get(host, 0)

    def _put(self, chunk: Chunk) -> None:
        self._waiting.append(chunk)
        self._news.set()

    def _open_gap(self, host: str, error: SourceError) -> None:
        if host in self._state.gaps:
            return
        since_us = self._read_us(host) or time.time_ns() // 1_000
        reason = _REASONS.get(error.kind, "refused")
        self._state.gaps[host] = (since_us, reason)
        self._tell_gap(host, since_us, reason, None)

    def _close_gap(self, host: str) -> None:
        if (gap := self._state.gaps.pop(host, None)) is not None:
            self._tell_gap(host, gap[0], _REASONS.get(gap[1], "refused"), time.time_ns() // 1_000)

    def _tell_gap(self, host: str, since_us: int, reason: CoverageReason, until_us: int | None) -> None:
        named = [self._state.accounts.get(f"{user}@{host}") for user in self._source.servers.get(host, ())]
        officials = tuple(each.url for each in named if each is not None)
        chunk = Chunk(cursor=encode_state(self._state))
        if officials:
            closed = None if until_us is None else "back_fill"
            chunk.events.append(_gap(reason, since_us, until_us, officials, closed))  # type: ignore[arg-type]
        self._put(chunk)


def _gap(
    reason: CoverageReason,
    since_us: int | None,
    until_us: int | None,
    officials: tuple[str, ...],
    closed_by: Literal["back_fill"] | None = None,
) -> Coverage:
    now_us = time.time_ns() // 1_000
    since = None if since_us is None else from_us(since_us)
    until = None if until_us is None else from_us(until_us)
    digest = sha256("\n".join(officials).encode()).hexdigest()[:12]
    return Coverage(
        platform=MASTODON,
        id=f"{MASTODON}:{since_us or ''}:{reason}:{digest}",
        at=until or since or from_us(now_us),
        observed_at=from_us(now_us),
        source=MASTODON,
        seen=False,
        since=since,
        until=until,
        officials=officials,
        reason=reason,
        closed_by=closed_by,
    )
