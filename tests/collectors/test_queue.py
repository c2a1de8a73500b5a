"""The queue between a source and Kafka."""

import asyncio

from streams.collectors.queue import Began, ChunkQueue, Ended, Item
from streams.collectors.source import Chunk
from streams.core.clock import from_us
from streams.events import Account, Post


def _chunk(events: int, size: int) -> Chunk:
    post = Post(platform="lines", id="1", at=from_us(1), actor=Account(id="1"))
    return Chunk(events=[post] * events, size=size)


def test_a_full_queue_takes_one_more_when_kafka_has_what_was_taken_and_not_when_it_is_taken() -> None:
    async def run() -> None:
        for most_bytes, most_events in ((100, 1_000), (10_000, 10)):
            queue = ChunkQueue(most_bytes=most_bytes, most_events=most_events)
            await asyncio.wait_for(queue.put(_chunk(5, 50)), 1)
            putting = asyncio.create_task(queue.put(_chunk(5, 50)))
            await asyncio.sleep(0.01)
            assert not putting.done()
            taken = await queue.take(1_000)
            await asyncio.sleep(0.01)
            assert not putting.done(), "what is on its way to Kafka counts"
            await queue.finish(taken)
            await asyncio.wait_for(putting, 1)
            assert (queue.bytes, queue.events) == (0, 0)

    asyncio.run(run())


def test_what_was_put_comes_out_in_order_in_portions_and_a_closed_queue_gives_the_rest() -> None:
    async def run() -> None:
        queue = ChunkQueue(most_bytes=10**6, most_events=10**6)
        put: list[Item] = [Began(with_cursor=False), _chunk(30, 1), _chunk(30, 1), Ended("closed"), _chunk(100, 1)]
        for item in put:
            await queue.put(item)
        await queue.close()
        portions = [await queue.take(50) for _ in range(4)]
        assert portions == [put[:2], [*put[2:4]], [put[4]], []]

    asyncio.run(run())


def test_it_is_drained_when_kafka_has_everything() -> None:
    async def run() -> None:
        queue = ChunkQueue(most_bytes=10**6, most_events=10**6)
        await queue.put(Ended("silent"))
        draining = asyncio.create_task(queue.drained())
        taken = await queue.take(10)
        await asyncio.sleep(0.01)
        assert not draining.done()
        await queue.finish(taken)
        await asyncio.wait_for(draining, 1)

    asyncio.run(run())
