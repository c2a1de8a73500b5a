"""A thread for blocking work: one piece runs after the other, and the event loop goes on meanwhile.

Whoever is cancelled waits until the thread has done what it is at.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import ParamSpec, TypeVar

__all__ = ["WorkThread"]

_P = ParamSpec("_P")
_T = TypeVar("_T")


class WorkThread:
    """One thread, started with the first piece of work. Of its own, and none of the event loop's pool: a slow disk must
    not keep name look-ups waiting, which run there.
    """

    def __init__(self, name: str) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    async def run(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Do the work in the thread and return what it returns, or raise what it raises.

        Work that has begun cannot be broken off: a cancelled caller gets its `CancelledError` when it is done, so that
        whatever it does next never meets the thread.
        """
        running = asyncio.get_running_loop().run_in_executor(self._executor, partial(work, *args, **kwargs))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            while not running.done():
                with suppress(asyncio.CancelledError):
                    await asyncio.wait((running,))
            if not running.cancelled():
                running.exception()  # its own error is of no more interest
            raise

    def end(self) -> None:
        """No more work comes; the thread ends."""
        self._executor.shutdown(wait=False)
