"""The program of a backtest's second process: a watcher over a ledger in memory, fed and asked over its own pipes.

Owns the messages between the two processes. Who starts it is `streams.jobs.watch_process`. It ends with its input.
"""

import gc
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import BinaryIO, Final, TypeAlias

import msgspec
from msgspec import Struct

from streams.core.country_event import CountryEvent
from streams.core.rulebook.rules import RuleSet
from streams.core.subject_event import SubjectEvent
from streams.core.watching.watch_policy import WatchPolicy
from streams.core.watching.watch_queue import WatchQueue
from streams.core.watching.watcher import WatchChanges, Watcher
from streams.ledger.memory import MemoryLedger

__all__ = [
    "Answer",
    "Apply",
    "BatchEvents",
    "Begin",
    "Count",
    "FlushRequest",
    "FlushedChanges",
    "OutcomeCounts",
    "read_message",
    "write_message",
]

_LENGTH_BYTES: Final = 8


class Begin(Struct, tag=True, frozen=True):
    """The first message: what the watcher judges by. It has no answer."""

    rules: RuleSet
    policy: WatchPolicy


class Apply(Struct, tag=True, frozen=True):
    """Apply a batch; the answer is `BatchEvents`."""

    events: Sequence[CountryEvent]


class FlushRequest(Struct, tag=True, frozen=True):
    """Flush; the answer is `WatchChanges`."""


class Count(Struct, tag=True, frozen=True):
    """Count outcomes; the answer is `OutcomeCounts`."""


class BatchEvents(Struct, tag=True, frozen=True):
    """What a batch says to subjects."""

    events: Sequence[SubjectEvent]


class FlushedChanges(Struct, tag=True, frozen=True):
    """What the batches led to."""

    changes: WatchChanges


class OutcomeCounts(Struct, tag=True, frozen=True):
    """What became of the events so far."""

    outcomes: dict[str, int]


Request: TypeAlias = Begin | Apply | FlushRequest | Count
Answer: TypeAlias = BatchEvents | FlushedChanges | OutcomeCounts

# JSON, as between the agents: times keep their offsets, and what is read is checked.
_encode: Final = msgspec.json.Encoder().encode
_requests: Final[msgspec.json.Decoder[Request]] = msgspec.json.Decoder(Request)


def write_message(pipe: BinaryIO, payload: bytes) -> None:
    """Write one message behind its length."""
    pipe.write(len(payload).to_bytes(_LENGTH_BYTES) + payload)
    pipe.flush()


def read_message(pipe: BinaryIO) -> bytes | None:
    """The next message; `None` where the other process has ended."""
    length = int.from_bytes(head) if len(head := pipe.read(_LENGTH_BYTES)) == _LENGTH_BYTES else None
    payload = None if length is None else pipe.read(length)
    return payload if payload is not None and len(payload) == length else None


def run(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until there are no more."""
    queue: WatchQueue | None = None
    while (payload := read_message(requests)) is not None:
        match _requests.decode(payload):
            case Begin(rules, policy):
                queue = WatchQueue(Watcher(rules, policy, MemoryLedger()))
                continue
            case _ if queue is None:
                raise ValueError("the first message is no Begin")
            case Apply(events):
                queue.put(events)
                answer: Answer = BatchEvents(queue.take())
            case FlushRequest():
                answer = FlushedChanges(queue.flush())
            case Count():
                answer = OutcomeCounts({str(outcome): count for outcome, count in queue.outcomes().items()})
        write_message(answers, _encode(answer))


def main() -> None:
    """Run over standard input and output. What goes wrong is on standard error, and in the exit code."""
    gc.disable()  # as in `streams.jobs.backtest`: nearly everything that is made here stays
    with suppress(BrokenPipeError):  # whoever asked has ended
        run(sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    main()
