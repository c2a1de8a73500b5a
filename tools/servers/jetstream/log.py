"""The log that a local Jetstream serves: events in the order of their seqs, each with the time it was witnessed."""

import asyncio
import hashlib
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

__all__ = ["EventLog", "Kind", "LogEvent", "account", "commit", "identity", "tid"]

Kind: TypeAlias = Literal["commit", "identity", "account", "sync"]

_TID_ALPHABET: Final = "234567abcdefghijklmnopqrstuvwxyz"


class LogEvent(Struct, frozen=True):
    """One event: `body` is what the upstream host wrote (of a commit: rev, operation, collection, rkey, record, cid).

    `resync` marks a record that was read again with its whole repository: v2 shows it as a creation, v1 not at all.
    """

    seq: int
    time_us: int
    did: str
    kind: Kind
    body: Mapping[str, Any]
    resync: bool = False

    @property
    def collection(self) -> str:
        """Empty for all but commits."""
        return str(self.body["collection"]) if self.kind == "commit" else ""


def tid(time_us: int, clock: int = 5) -> str:
    """The record key that a server makes at a time."""
    number = time_us << 10 | clock
    return "".join(_TID_ALPHABET[number >> 5 * place & 31] for place in range(12, -1, -1))


def commit(
    did: str,
    collection: str,
    rkey: str,
    record: Mapping[str, Any] | None = None,
    *,
    time_us: int,
    operation: str = "create",
    resync: bool = False,
) -> LogEvent:
    """A change of one record, without a seq yet; without `record` a deletion."""
    body: dict[str, Any] = {
        "rev": tid(time_us),
        "operation": "delete" if record is None else operation,
        "collection": collection,
        "rkey": rkey,
    }
    if record is not None:
        cid = "bafyrei" + hashlib.sha256(f"{did}/{collection}/{rkey}".encode()).hexdigest()[:52]
        body |= {"record": {"$type": collection, **record}, "cid": cid}
    return LogEvent(0, time_us, did, "commit", body, resync)


def account(did: str, *, time_us: int, active: bool, status: str | None = None, time: str) -> LogEvent:
    """A notice of an account's status, as of `time` at the host that wrote it. Without a seq yet."""
    body: dict[str, Any] = {"did": did, "seq": time_us % 10**9, "time": time, "active": active}
    return LogEvent(0, time_us, did, "account", body if status is None else body | {"status": status})


def identity(did: str, *, time_us: int, handle: str | None, time: str) -> LogEvent:
    """A notice of an account's handle. Without a seq yet."""
    body: dict[str, Any] = {"did": did, "seq": time_us % 10**9, "time": time}
    return LogEvent(0, time_us, did, "identity", body if handle is None else body | {"handle": handle})


class EventLog:
    """Events by seq. Who waits for more is woken by every change."""

    def __init__(self, events: Iterable[LogEvent] = (), *, first_seq: int = 1) -> None:
        self._events: list[LogEvent] = []
        self._next_seq = first_seq
        self._change = asyncio.Event()
        for event in events:
            self.append(event)

    @property
    def events(self) -> Sequence[LogEvent]:
        """All of them, in order."""
        return self._events

    def new_events(self) -> list[LogEvent]:
        """All of them without their seqs, for another log."""
        return [replace(event, seq=0) for event in self._events]

    @property
    def next_seq(self) -> int:
        """The seq of the next event."""
        return self._next_seq

    def append(self, event: LogEvent) -> LogEvent:
        """Add an event under its own seq, or where that is 0, under the next one."""
        given = replace(event, seq=event.seq or self._next_seq)
        if given.seq < self._next_seq:
            raise ValueError(f"seq {given.seq} is below the next one, {self._next_seq}")
        self._events.append(given)
        self._next_seq = given.seq + 1
        self.wake()
        return given

    def give_new(self, events: Sequence[LogEvent], *, last: int) -> None:
        """Forget the last so many events, as a crash does, and give their seqs to these, in this order."""
        first = self._events[-last].seq
        del self._events[-last:]
        self._next_seq = first
        for event in events:
            self.append(replace(event, seq=0))

    def wake(self) -> None:
        """Wake everybody who waits for a change."""
        self._change.set()
        self._change = asyncio.Event()

    async def changed(self) -> None:
        """Returns when something was added or `wake` was called."""
        await self._change.wait()

    def since(self, seq: int, most: int) -> Sequence[LogEvent]:
        """The first so many events from a seq on."""
        begin = bisect_left(self._events, seq, key=lambda event: event.seq)
        return self._events[begin : begin + most]

    def first_seq_at(self, time_us: int) -> int:
        """The seq of the first event that was witnessed then or later; the next seq where there is none."""
        begin = bisect_left(self._events, time_us, key=lambda event: event.time_us)
        return self._events[begin].seq if begin < len(self._events) else self._next_seq
