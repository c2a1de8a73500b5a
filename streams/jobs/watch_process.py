"""WATCH in a second process, for a backtest with enough to watch on a machine with a second core.

Owns the process and its pipes; what is said over them is `streams.jobs.watch_program`. The results are the same.
"""

import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from queue import SimpleQueue
from types import TracebackType
from typing import BinaryIO, Final, Self, cast

import msgspec

from streams.core.country_event import CountryEvent
from streams.core.rulebook.rules import RuleSet
from streams.core.subject_event import SubjectEvent
from streams.core.watching.watch_outcome import WatchOutcome
from streams.core.watching.watch_policy import WatchPolicy
from streams.core.watching.watch_queue import Watching, WatchQueue
from streams.core.watching.watcher import WatchChanges, Watcher
from streams.errors import AntiphonError
from streams.jobs.watch_program import (
    Answer,
    Apply,
    BatchEvents,
    Begin,
    Count,
    FlushedChanges,
    FlushRequest,
    OutcomeCounts,
    read_message,
    write_message,
)
from streams.ledger.memory import MemoryLedger

__all__ = ["AdaptiveWatch", "SecondProcessError", "WatchProcess", "usable_cores"]

# State events in the first batch from which on a second process brings more than its start costs, 0.3 s.
_WORTH_IT: Final = 5_000

_encode: Final = msgspec.json.Encoder().encode
_answers: Final[msgspec.json.Decoder[Answer]] = msgspec.json.Decoder(Answer)


class SecondProcessError(AntiphonError):
    """The second process ended before its work was done."""


def usable_cores() -> int:
    """How many cores this process may run on."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


class WatchProcess:
    """`Watching` in a process of its own. A thread writes what is put, so that `put` never waits. Close it at the end.

    Raises `OSError` where no process can be started. `take`, `flush` and `outcomes` raise `SecondProcessError` where
    the process was ended from outside, and `RuntimeError` where it failed.
    """

    def __init__(self, rules: RuleSet, policy: WatchPolicy) -> None:
        # In a session of its own: Ctrl-C is for this process, whose end is the end of the other's input.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "streams.jobs.watch_program"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            start_new_session=True,
        )
        self._requests = cast("BinaryIO", self._process.stdin)
        self._replies = cast("BinaryIO", self._process.stdout)
        self._outgoing: SimpleQueue[bytes | None] = SimpleQueue()
        self._writer = threading.Thread(target=self._write, name="watch-process-writer", daemon=True)
        self._writer.start()
        self._outgoing.put(_encode(Begin(rules, policy)))

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    def put(self, events: Sequence[CountryEvent]) -> None:
        """See `Watching`."""
        self._outgoing.put(_encode(Apply(events)))

    def take(self) -> Sequence[SubjectEvent]:
        """See `Watching`."""
        answer = self._answer()
        if not isinstance(answer, BatchEvents):
            raise TypeError(f"{type(answer).__name__} is no answer to a batch")
        return answer.events

    def flush(self) -> WatchChanges:
        """See `Watching`."""
        self._outgoing.put(_encode(FlushRequest()))
        answer = self._answer()
        if not isinstance(answer, FlushedChanges):
            raise TypeError(f"{type(answer).__name__} is no flush")
        return answer.changes

    def outcomes(self) -> Counter[WatchOutcome]:
        """See `Watching`."""
        self._outgoing.put(_encode(Count()))
        answer = self._answer()
        if not isinstance(answer, OutcomeCounts):
            raise TypeError(f"{type(answer).__name__} is no count")
        return Counter({WatchOutcome(outcome): count for outcome, count in answer.outcomes.items()})

    def close(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._outgoing.put(None)
        self._writer.join()
        self._process.wait()
        self._replies.close()

    def _answer(self) -> Answer:
        payload = read_message(self._replies)
        if payload is None:
            code = self._process.wait()
            if code > 0:
                raise RuntimeError("the second process failed; its traceback is on standard error")
            raise SecondProcessError(
                f"the second process of the run was ended by signal {-code}",
                remedy="look for what ended it, such as a lack of memory; `--processes 1` does without it",
            )
        return _answers.decode(payload)

    def _write(self) -> None:
        try:
            while (payload := self._outgoing.get()) is not None:
                write_message(self._requests, payload)
        except OSError:
            pass  # it has ended: whoever waits for its answer is told
        finally:
            with suppress(OSError):
                self._requests.close()


class AdaptiveWatch:
    """`Watching` that decides with the first batch where it runs: here, or in a second process. A context manager."""

    def __init__(self, rules: RuleSet, processes: int, *, worth_it: int = _WORTH_IT) -> None:
        self._rules = rules
        self._processes = processes
        self._worth_it = worth_it
        self._watching: Watching | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if isinstance(self._watching, WatchProcess):
            self._watching.close()

    def put(self, events: Sequence[CountryEvent]) -> None:
        """See `Watching`."""
        if self._watching is None:
            self._watching = self._begin(len(events))
        self._watching.put(events)

    def take(self) -> Sequence[SubjectEvent]:
        """See `Watching`."""
        return self._begun().take()

    def flush(self) -> WatchChanges:
        """See `Watching`."""
        return self._begun().flush()

    def outcomes(self) -> Counter[WatchOutcome]:
        """See `Watching`."""
        return self._begun().outcomes()

    def _begun(self) -> Watching:
        if self._watching is None:
            self._watching = self._begin(0)
        return self._watching

    def _begin(self, events: int) -> Watching:
        policy = WatchPolicy()
        if self._processes > 1 and events >= self._worth_it:
            try:
                return WatchProcess(self._rules, policy)
            except OSError:
                pass  # no more processes for this user: one will do
        return WatchQueue(Watcher(self._rules, policy, MemoryLedger()))
