"""What the sources of one collector know together: the host in use, how far it is, whom they watch, and the clocks."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from hashlib import sha256

import aiohttp
from msgspec import Struct, field

from streams.collectors.bluesky.jetstream_cursor import HostPlace
from streams.collectors.bluesky.jetstream_dictionary import Dictionaries
from streams.collectors.bluesky.jetstream_endpoints import MAX_DIDS, Endpoint
from streams.collectors.bluesky.jetstream_socket import LARGEST_FRAME
from streams.collectors.source import SourceError

__all__ = ["Hosts", "JetstreamPolicy", "Shared", "Tip", "WatchedAccounts", "digest_of", "system_now_us", "wait_for"]


def system_now_us() -> int:
    """The clock of this machine, Unix µs."""
    return time.time_ns() // 1_000


class JetstreamPolicy(Struct, frozen=True, kw_only=True):
    """How the sources behave, in seconds. `rewind`: how far behind the cursor a connection begins. `silent`: a host
    that tells of no account for so long is left. `hold`: for so long the notices of accounts that nobody amplified yet
    are kept. A connection without a frame for `quiet` is reopened, and has caught up with the host `catch_up` after
    that (see `JetstreamSource`). `patience`: how long a roster is waited for. `tick`: how often these limits are
    checked.
    """

    rewind: float = 10.0
    silent: float = 30.0
    hold: float = 60.0
    quiet: float = 3_600.0
    catch_up: float = 60.0
    heartbeat: float = 15.0
    probe: float = 10.0
    tick: float = 0.5
    patience: float = 30.0
    most_held: int = 50_000
    compress: bool = True
    dids_per_connection: int = MAX_DIDS

    @property
    def rewind_us(self) -> int:
        """In µs."""
        return int(self.rewind * 1_000_000)


class Hosts:
    """Which of the hosts is in use: all sources of a collector use one, and the next when it fails one of them."""

    def __init__(self, endpoints: Sequence[Endpoint]) -> None:
        self._endpoints = endpoints
        self._current = 0

    @property
    def current(self) -> Endpoint:
        """The one in use."""
        return self._endpoints[self._current]

    def leave(self, endpoint: Endpoint) -> None:
        """It failed; where it is not in use any more, somebody else said so before."""
        if endpoint == self.current:
            self._current = (self._current + 1) % len(self._endpoints)


class WatchedAccounts:
    """The accounts of interest: officials, whose records are read, and subjects, whose status is.

    `changed` is set again with each roster.
    """

    def __init__(self) -> None:
        self.officials: frozenset[str] | None = None
        self.subjects: set[str] = set()
        self._changed = asyncio.Event()

    def use(self, officials: Iterable[str]) -> None:
        """These are the officials from now on."""
        self.officials = frozenset(officials)
        self._changed.set()
        self._changed = asyncio.Event()

    async def any_officials(self, seconds: float) -> frozenset[str]:
        """The officials; waits for a roster that has some. Raises `SourceError` after so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not self.officials:
                    await self.changed()
        if not self.officials:
            raise SourceError(
                "refused",
                "no published roster has the id (did:…) of an official on Bluesky: `antiphon roster resolve` finds it, "
                "then `antiphon roster publish`",
            )
        return self.officials

    async def changed(self) -> None:
        """Returns with the next roster."""
        await self._changed.wait()

    def concerns(self, did: str) -> bool:
        """Whether the status of an account matters."""
        return did in self.subjects or (self.officials is not None and did in self.officials)


class Tip(Struct, frozen=True):
    """The last event that a host told of, and when it came (by `Shared.seconds`)."""

    place: HostPlace
    came: float


class Shared(Struct, kw_only=True):
    """See above. `seconds` is a clock that never goes back."""

    session: aiohttp.ClientSession
    hosts: Hosts
    policy: JetstreamPolicy = JetstreamPolicy()
    watched: WatchedAccounts = field(default_factory=WatchedAccounts)
    dictionaries: Dictionaries = field(default_factory=lambda: Dictionaries(LARGEST_FRAME))
    tips: dict[Endpoint, Tip] = field(default_factory=dict)
    now_us: Callable[[], int] = system_now_us
    seconds: Callable[[], float] = time.monotonic

    def tip(self, endpoint: Endpoint) -> HostPlace | None:
        """How far a host is, as the notices of all accounts say; `None` where they stopped or never came."""
        tip = self.tips.get(endpoint)
        return None if tip is None or self.seconds() - tip.came > self.policy.silent else tip.place


def digest_of(dids: Iterable[str]) -> str:
    """Names a filter in a cursor."""
    return sha256("\n".join(sorted(dids)).encode()).hexdigest()[:16]


async def wait_for(changed: asyncio.Event, seconds: float) -> None:
    """Until it is set, at most so long. Clears it."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await changed.wait()
    changed.clear()
