"""The watchdog: ends a process that does nothing, so that whoever restarts it can. A thread, since event loops stall.

Owns what is logged at that end; who works and who does not is told by `streams.probes.health` and `streams.worker.lag`.
"""

import asyncio
import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import Iterable, Iterator
from itertools import islice
from types import FrameType, TracebackType
from typing import Any, Final, NoReturn, Self

from streams.probes.health import Health

__all__ = ["Watchdog"]

_log: Final = logging.getLogger(__name__)
_LOOK_SECONDS: Final = 1.0
# The log may be what everything waits for: a full pipe, or a lock that is never given back.
_LAST_WORDS_SECONDS: Final = 5.0
_DEEPEST: Final = 50
_MOST_CHARACTERS: Final = 50_000
_PACKAGE: Final = f"{os.sep}streams{os.sep}"


class Watchdog:
    """Ends the process with `status` when the event loop has not beaten for `stuck_after_seconds`, or when told to.

    Time in which this thread had no turn either does not count: then the whole process was asleep, and nobody knows yet
    whether it works. A loop that holds the interpreter's lock keeps this thread away as well: /healthz does not answer
    then. A context manager.
    """

    def __init__(self, health: Health, stuck_after_seconds: float, status: int) -> None:
        self._health = health
        self._stuck_after_seconds = stuck_after_seconds
        self._status = status
        self._loop = asyncio.get_running_loop()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()

    def _watch(self) -> None:
        beats, silent_seconds, looked = self._health.beats, 0.0, time.monotonic()
        while not self._over.wait(_LOOK_SECONDS):
            now = time.monotonic()
            elapsed, looked = min(now - looked, 2 * _LOOK_SECONDS), now
            if self._health.beats != beats:
                beats, silent_seconds = self._health.beats, 0.0
            else:
                silent_seconds += elapsed
            if silent_seconds >= self._stuck_after_seconds:
                self.end(f"the event loop did nothing for {silent_seconds:.0f} s")

    def end(self, why: str) -> NoReturn:
        """Say why and where everything stands, and end the process. From any thread."""
        last_resort = threading.Timer(_LAST_WORDS_SECONDS, os._exit, [self._status])
        last_resort.daemon = True
        last_resort.start()
        try:
            record = _log.makeRecord(
                _log.name,
                logging.CRITICAL,
                __file__,
                0,
                "process is stuck",
                (),
                None,
                extra={"reason": why},
                sinfo=_stacks(self._loop),
            )
            _log.handle(record)
            logging.shutdown()
            sys.stderr.flush()
        finally:
            os._exit(self._status)


def _stacks(loop: asyncio.AbstractEventLoop) -> str:
    """Where each thread and each task stands, ours first, as much as fits into one record of a log."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    stacks = [
        (f"thread {names.get(ident, ident)}", _places(frame for frame, _line in traceback.walk_stack(top)))
        for ident, top in sys._current_frames().items()
    ]
    stacks += [(f"task {task.get_name()}", _places(_awaited(task.get_coro()))) for task in asyncio.all_tasks(loop)]
    stacks.sort(key=lambda stack: not any(_PACKAGE in place for place in stack[1]))
    return "\n".join("\n  ".join([name, *places]) for name, places in stacks)[:_MOST_CHARACTERS]


def _awaited(coroutine: Any) -> Iterator[FrameType]:
    """The frames of a task from the outside in. Its own `get_stack` knows only the first, which is always the same."""
    for _ in range(_DEEPEST):
        frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "gi_frame", None)
        if frame is None:
            return
        yield frame
        coroutine = getattr(coroutine, "cr_await", None) or getattr(coroutine, "gi_yieldfrom", None)


def _places(frames: Iterable[FrameType]) -> list[str]:
    """Without the text of the lines: reading the files may be what does not end."""
    return [f"{each.f_code.co_filename}:{each.f_lineno} {each.f_code.co_qualname}" for each in islice(frames, _DEEPEST)]
