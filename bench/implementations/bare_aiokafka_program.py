"""The program of bare aiokafka: `getmany` in a loop, as aiokafka's documentation has it for batches."""

import asyncio
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import orjson
from aiokafka import AIOKafkaConsumer

from bench.counter import SharedCounter
from bench.implementations.peer import Job
from streams.events import decode_event

# The fastest of what was tried, with aiokafka's own fetch size: README.md.
_MAX_RECORDS: Final = 500
_DECODERS: Final[dict[str, Callable[[bytes], object]]] = {"orjson": orjson.loads, "msgspec": decode_event}


async def run(job: Job) -> None:
    """Read and decode until cancelled."""
    decode = _DECODERS[job.variant]
    read = SharedCounter(Path(job.counter))
    consumer = AIOKafkaConsumer(
        *job.topics,
        bootstrap_servers=job.broker,
        group_id=job.group,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        while True:
            fetched = await consumer.getmany(timeout_ms=500, max_records=_MAX_RECORDS)
            for records in fetched.values():
                for record in records:
                    decode(record.value)
                read.add(len(records))
    finally:
        await consumer.stop()


async def main() -> None:
    """Run until SIGTERM."""
    running = asyncio.ensure_future(run(Job.of(sys.argv[1])))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    await asyncio.wait([running])
    if not running.cancelled():
        running.result()


if __name__ == "__main__":
    asyncio.run(main())
