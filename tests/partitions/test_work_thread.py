"""A thread for blocking work: the event loop goes on, and nobody who is cancelled leaves the thread alone."""

import asyncio
import threading

import pytest

from streams.partitions.work_thread import WorkThread

_RETRY_SECONDS = 10.0


class _PartitionState:
    """Work that goes on until it is released, and says that it began and ended."""

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.is_over = False
        self._loop = asyncio.get_running_loop()
        self._release = threading.Event()

    def __call__(self) -> str:
        self._loop.call_soon_threadsafe(self.began.set)
        assert self._release.wait(_RETRY_SECONDS), "the event loop stood still meanwhile"
        self.is_over = True
        return threading.current_thread().name

    def release(self) -> None:
        self._release.set()


def test_the_event_loop_goes_on_while_the_work_is_done() -> None:
    async def check() -> None:
        thread, work = WorkThread("mine"), _PartitionState()
        running = asyncio.ensure_future(thread.run(work))
        await work.began.wait()
        assert not running.done()
        work.release()
        assert (await running).startswith("mine")
        thread.end()

    asyncio.run(check())


def test_whoever_is_cancelled_however_often_waits_for_what_the_thread_is_at() -> None:
    async def check() -> None:
        thread, work = WorkThread("mine"), _PartitionState()
        running = asyncio.ensure_future(thread.run(work))
        await work.began.wait()
        for _ in range(3):
            running.cancel()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert not running.done()
        work.release()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert work.is_over
        thread.end()

    asyncio.run(check())


def test_what_the_work_raises_reaches_the_caller_and_the_next_piece_is_done() -> None:
    def fail() -> None:
        raise LookupError("not there")

    async def check() -> None:
        thread = WorkThread("mine")
        with pytest.raises(LookupError, match="not there"):
            await thread.run(fail)
        assert await thread.run(max, 1, 2) == 2
        thread.end()

    asyncio.run(check())
