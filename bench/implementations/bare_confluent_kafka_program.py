"""The program of bare confluent-kafka: `consume` in a loop, the batched call of its documentation."""

import signal
import sys
from pathlib import Path
from typing import Final

import orjson
from confluent_kafka import Consumer, KafkaException

from bench.counter import SharedCounter
from bench.implementations.peer import Job

# The fastest of what was tried, with librdkafka's own fetch sizes and queues: README.md.
_MAX_RECORDS: Final = 500
# `consume` waits so long for a batch that does not fill: at the very end only, as the records are all there.
_TIMEOUT_SECONDS: Final = 0.1


def run(job: Job, asked_to_end: list[int]) -> None:
    """Read and decode until `asked_to_end` is no longer empty; the consumer commits by itself and when it closes."""
    decode = orjson.loads
    read = SharedCounter(Path(job.counter))
    consumer = Consumer({"bootstrap.servers": job.broker, "group.id": job.group, "auto.offset.reset": "earliest"})
    consumer.subscribe(job.topics)
    try:
        while not asked_to_end:
            records = consumer.consume(num_messages=_MAX_RECORDS, timeout=_TIMEOUT_SECONDS)
            for record in records:
                if (error := record.error()) is not None:
                    raise KafkaException(error)
                decode(record.value())
            read.add(len(records))
    finally:
        consumer.close()


def main() -> None:
    """Run until SIGTERM."""
    asked_to_end: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: asked_to_end.append(number))
    run(Job.of(sys.argv[1]), asked_to_end)


if __name__ == "__main__":
    main()
