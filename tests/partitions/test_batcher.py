"""A batcher hands over all that came, in order; at once after a quiet time, and then not before the pause is over."""

import asyncio
import time

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from streams.partitions.batcher import Batcher
from streams.partitions.pace import Pace

# Long and short against the milliseconds that the event loop takes.
_LONG_SECONDS = 30.0
_SHORT_SECONDS = 0.2


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3))),
    st.integers(1, 12),
    st.integers(1, 12),
    st.sampled_from([0.0, 0.001]),
)
def test_everything_is_handed_over_once_and_in_order(
    coming: list[tuple[int, int]], enough: int, full: int, pause_seconds: float
) -> None:
    """Whatever the weights, however adding and taking alternate."""
    taken: list[list[int]] = []

    async def take(batcher: Batcher[int]) -> None:
        while sum(map(len, taken)) < len(coming):
            things = await batcher.take()
            assert things
            taken.append(things)

    async def run() -> None:
        batcher: Batcher[int] = Batcher(pause_seconds=pause_seconds, enough=enough, full=full)
        taking = asyncio.create_task(take(batcher))
        for number, (weight, turns) in enumerate(coming):
            for _ in range(turns):
                await asyncio.sleep(0)  # let the taker have its turn, or not
            await batcher.room()
            batcher.add(number, weight)
        await asyncio.wait_for(taking, _LONG_SECONDS)

    asyncio.run(run())
    assert [number for things in taken for number in things] == list(range(len(coming)))
    event("several together" if any(len(things) > 1 for things in taken) else "one by one")


def test_the_first_thing_after_a_quiet_time_waits_for_nothing_and_the_next_for_the_pause() -> None:
    async def run() -> tuple[float, float]:
        batcher: Batcher[str] = Batcher(pause_seconds=_SHORT_SECONDS, enough=1_000, full=1_000)
        batcher.add("first", 1)
        began = time.monotonic()
        assert await batcher.take() == ["first"]
        at_once = time.monotonic() - began
        batcher.add("second", 1)
        asyncio.get_running_loop().call_later(_SHORT_SECONDS / 2, batcher.add, "third", 1)
        assert await batcher.take() == ["second", "third"]
        return at_once, time.monotonic() - began

    at_once, together = asyncio.run(run())
    assert at_once < _SHORT_SECONDS / 2
    assert together >= _SHORT_SECONDS


def test_a_pause_that_a_backlog_made_longer_ends_when_the_backlog_does() -> None:
    async def run() -> float:
        pace = Pace()
        pace.pause = lambda seconds: _LONG_SECONDS if time.monotonic() < end else seconds  # type: ignore[method-assign]
        batcher: Batcher[str] = Batcher(pause_seconds=0.01, enough=10, full=100, pace=pace)
        batcher.add("first", 1)
        end = time.monotonic() + 0.05
        await batcher.take()
        batcher.add("second", 1)
        await asyncio.wait_for(batcher.take(), _LONG_SECONDS / 2)
        return time.monotonic() - end

    assert asyncio.run(run()) >= 0


def test_enough_in_the_batcher_ends_the_pause() -> None:
    async def run() -> list[str]:
        batcher: Batcher[str] = Batcher(pause_seconds=_LONG_SECONDS, enough=10, full=100)
        batcher.add("first", 1)
        await batcher.take()
        batcher.add("second", 9)
        asyncio.get_running_loop().call_later(0.01, batcher.add, "third", 1)
        return await asyncio.wait_for(batcher.take(), _LONG_SECONDS / 2)

    assert asyncio.run(run()) == ["second", "third"]


def test_whoever_adds_waits_while_the_batcher_is_full() -> None:
    async def run() -> None:
        batcher: Batcher[str] = Batcher(pause_seconds=0, enough=1, full=2)
        batcher.add("first", 1)
        await asyncio.wait_for(batcher.room(), _LONG_SECONDS)
        batcher.add("second", 1)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(batcher.room(), 0.05)
        await batcher.take()
        await asyncio.wait_for(batcher.room(), _LONG_SECONDS)

    asyncio.run(run())
