"""What a fenced producer still logs and raises: handled here and nowhere else.

Knows aiokafka's futures that nobody can await from outside, and nothing of why the producer ends.
"""

from aiokafka import AIOKafkaProducer

__all__ = ["ignore_late_errors"]


def ignore_late_errors(producer: AIOKafkaProducer) -> None:
    """Mark as seen what aiokafka tells its own futures when a producer ends.

    To be called when that end was raised and dealt with. asyncio would otherwise log each future, at some later time,
    as an exception that was never retrieved.
    """
    waiting = producer._message_accumulator._batches.values()
    futures = [batch._drain_waiter for batches in waiting for batch in batches]
    transactions = producer._txn_manager  # None without idempotence
    if transactions is not None and transactions._transaction_waiter is not None:
        futures.append(transactions._transaction_waiter)
    for future in futures:
        if future.done() and not future.cancelled():
            future.exception()
