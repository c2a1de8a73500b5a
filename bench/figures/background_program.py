"""The process that keeps a steady traffic up: the generated world over and over, so many events a second.

Writes a batch a partition twenty milliseconds long. Acts by officials are new each time round; all else comes again as
it was, which nobody downstream can tell. Raises a shared counter by what it has handed to the broker, until killed.
"""

import asyncio
import gc
import sys
import time
from itertools import cycle
from pathlib import Path
from typing import Final, NoReturn
from zlib import crc32

from msgspec import Struct, json

from bench.counter import SharedCounter
from bench.world import World
from bench.writing import BulkWriter
from streams.settings import Settings, load_settings
from streams.topics import topic_named

__all__ = ["BackgroundJob"]

_DIFFERENT: Final = 60_000
_TICK_SECONDS: Final = 0.02


class BackgroundJob(Struct, frozen=True, kw_only=True):
    """What the process is told: events a second, from which seed, and the file of the counter."""

    rate: int
    seed: int
    counter: str


class _Event(Struct, frozen=True, gc=False):
    topic: str
    partition: int
    key: bytes
    value: bytes
    official_id: bytes | None  # what `id` is in the value, if an official acted


def _world(seed: int) -> list[_Event]:
    events = []
    for placed in World(_DIFFERENT, seed).events():
        partition = crc32(placed.key) % topic_named(placed.topic).partitions
        amplification = placed.amplification
        own_id = None if amplification is None else b'"id":"%s"' % amplification[0].encode()
        events.append(_Event(placed.topic, partition, placed.key, placed.value, own_id))
    return events


async def keep_up(settings: Settings, job: BackgroundJob) -> NoReturn:
    """Write for ever. Where the rate cannot be held, what is late is not made up for beyond a second."""
    events = cycle(_world(job.seed))
    counter = SharedCounter(Path(job.counter))
    gc.collect()
    gc.freeze()
    written = 0
    async with BulkWriter(settings) as writer:
        began = now = time.monotonic()
        late = 0.0
        while True:
            due = int((now - began - late) * job.rate)
            if due - written > job.rate:
                late += (due - written) / job.rate - 1.0
                due = written + job.rate
            count = max(0, due - written)
            for event in (next(events) for _ in range(count)):
                value = event.value
                if event.official_id is not None:
                    value = value.replace(event.official_id, b'"id":"5%018d"' % written, 1)
                await writer.write(event.topic, event.partition, event.key, value)
                written += 1
            await writer.flush()
            counter.add(count)
            await asyncio.sleep(max(0.0, _TICK_SECONDS - (time.monotonic() - now)))
            now = time.monotonic()


if __name__ == "__main__":
    asyncio.run(keep_up(load_settings(), json.decode(sys.argv[1], type=BackgroundJob)))
