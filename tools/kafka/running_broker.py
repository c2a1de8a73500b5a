"""The broker that a test run uses, whoever started it, and the topics that a test leaves on it."""

import asyncio
from typing import Literal, TypeAlias

from aiokafka.admin import AIOKafkaAdminClient
from msgspec import Struct

__all__ = ["BrokerKind", "RunningBroker", "delete_topics"]

BrokerKind: TypeAlias = Literal["kafka", "embedded", "external"]


class RunningBroker(Struct, frozen=True, kw_only=True):
    """A broker that answers at `address` (`HOST:PORT`).

    `kafka` is a real Apache Kafka of this run, `external` one of the user's own, `embedded` the Tansu broker, which has
    neither transactions nor idempotent producers.
    """

    address: str
    kind: BrokerKind

    @property
    def is_real_kafka(self) -> bool:
        """Whether the broker can do what Kafka can: transactions, idempotence, compaction."""
        return self.kind != "embedded"


def delete_topics(broker: RunningBroker, prefix: str) -> None:
    """Deletes the topics whose names start with `prefix`."""
    asyncio.run(_delete_topics(broker.address, prefix))


async def _delete_topics(address: str, prefix: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    try:
        if doomed := [name for name in await admin.list_topics() if name.startswith(prefix)]:
            await admin.delete_topics(doomed)
    finally:
        await admin.close()
