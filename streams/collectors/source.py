"""What a live source is: chunks of events with the cursor after them, and the ways in which a connection ends.

Owns the contract between a source and the service that runs it. Knows neither Kafka nor any platform.
"""

from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Literal, Protocol, TypeAlias

from msgspec import Struct, field

from streams.deadletters import DeadLetter
from streams.events import Event

__all__ = ["Chunk", "Source", "SourceError", "SourceErrorKind"]

SourceErrorKind: TypeAlias = Literal["silent", "closed", "refused", "throttled", "key_refused", "protocol", "budget"]
"""`silent`: no traffic although the connection is open; `closed`: it ended, or could not be made; `refused`: the server
does not serve us now; `throttled`: we ask too much; `key_refused`: our credentials are not taken; `protocol`: it said
what we do not understand; `budget`: the money that it may cost is spent."""


class Chunk(Struct, kw_only=True):
    """What a source read together: events in order, and the cursor after them.

    A chunk may be empty of events: a source that misses nothing while nothing happens says so at least once a minute,
    by a chunk whose `newest_us` (and cursor) have moved on.
    """

    events: list[Event] = field(default_factory=list)
    """In the order in which they were read; also `Coverage` of what the source itself knows to be missing."""
    letters: list[DeadLetter] = field(default_factory=list)
    """What could not be read, with its original bytes."""
    cursor: bytes | None = None
    """JSON of the source's own: where to go on after this chunk. `None`: unchanged."""
    received: int = 0
    """Frames, whatever became of them."""
    back_filled: int = 0
    """How many of the events are of the past, read from somebody's history."""
    skipped: Counter[str] = field(default_factory=Counter)
    """Frames that say nothing Antiphon counts, by a name from a closed list."""
    newest_us: int = 0
    """The newest time (Unix µs) up to which the source has shown everything. 0: unknown. A source that sees nobody's
    posts, as one that looks accounts up, always says 0: it covers nothing, and nothing is published of its coverage."""
    size: int = 0
    """Bytes received: the queue is bounded by them."""
    resumed: bool | None = None
    """In one of the first chunks after a connection was made with a cursor: `True` where the source began at or before
    that cursor, so that nothing is missing, and `False` where it began later. `None`: it cannot tell yet."""
    resumed_by: Literal["replay", "back_fill"] = "replay"
    """Where `resumed` is true: what brought the events of the gap. A back-fill brings no deletions."""
    acknowledge: Callable[[], Awaitable[None]] | None = None
    """Called once Kafka has the chunk, in the order of the chunks."""


class SourceError(Exception):
    """A connection ended. `detail` is for the log; `retry_after_seconds` is how long the server asks us to wait.

    `pause_seconds` is for platforms that prescribe the pauses: exactly so long is waited, whatever the service would.
    """

    def __init__(
        self,
        kind: SourceErrorKind,
        detail: str,
        retry_after_seconds: float | None = None,
        *,
        pause_seconds: float | None = None,
    ) -> None:
        super().__init__(kind, detail)
        self.kind: SourceErrorKind = kind
        self.detail = detail
        self.retry_after_seconds = retry_after_seconds
        self.pause_seconds = pause_seconds

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail}"


class Source(Protocol):
    """One stream of a platform. It keeps in itself what it must know from one connection to the next (hosts,
    dictionaries), and nothing that must outlive the process: that is the cursor.
    """

    @property
    def name(self) -> str:
        """Part of the transactional id and a label of the metrics, as "jetstream-accounts": a-z, 0-9 and hyphens."""
        ...

    @property
    def platform(self) -> str:
        """The platform of its events."""
        ...

    @property
    def covers_officials(self) -> bool:
        """Whether it shows all that the officials of the platform do. Of other sources no coverage is published: that
        they ran says nothing of what officials did.
        """
        ...

    def chunks(self, cursor: bytes | None) -> AsyncGenerator[Chunk, None]:
        """One connection: yields chunks until it ends, which is an error.

        `cursor` is that of the last chunk that Kafka has, `None` where there is none. The source reads from its socket
        only what it is asked for: between two chunks it may wait for as long as Kafka is away. It is closed in the
        middle (`aclose`) when the service stops. Raises `SourceError`; the service then waits (jittered, 1 s doubling
        to 60 s, or what the server asks for) and calls again.
        """
        ...
