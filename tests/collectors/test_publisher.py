"""A transaction whose answer is lost on a real Kafka: resolved by the cursor that Kafka has."""

import asyncio
from collections.abc import Sequence
from typing import Literal, TypeAlias, get_args

import pytest
from aiokafka.errors import KafkaConnectionError
from prometheus_client import CollectorRegistry

from streams.collectors.coverage import SourceSeen
from streams.collectors.cursors import CursorRecord
from streams.collectors.metrics import CollectorMetrics
from streams.collectors.publisher import Publisher
from streams.core.clock import from_us
from streams.events import Account, Post
from streams.kafka.batch_writer import OutgoingRecord
from streams.kafka.raw_record import raw_record
from tests.collectors.collecting import next_line, numbers, settings_for
from tools.kafka.running_broker import RunningBroker

_Moment: TypeAlias = Literal["before", "within", "after"]


class _BadLine(Publisher):
    """Loses the connection once: before the broker has been told, within the transaction, or after it was done."""

    moment: _Moment = "before"
    losses = 1
    _is_within = False

    async def _write(self, records: Sequence[OutgoingRecord], record: CursorRecord) -> None:
        is_lost, self.losses = self.losses > 0 and bool(records), self.losses - bool(records)
        if is_lost and self.moment == "before":
            raise KafkaConnectionError("before")
        self._is_within = is_lost and self.moment == "within"
        try:
            await super()._write(records, record)
        finally:
            self._is_within = False
        if is_lost:
            raise KafkaConnectionError("after")

    def _is_connected(self) -> bool:
        return super()._is_connected() and not self._is_within


@pytest.mark.parametrize("moment", get_args(_Moment))
def test_what_went_through_is_not_written_again_and_what_did_not_is(
    kafka: RunningBroker, topic_prefix: str, moment: _Moment
) -> None:
    settings = settings_for(kafka.address, topic_prefix)
    actor = Account(id="1")
    posts = [Post(platform="lines", id=str(number), at=from_us(1), actor=actor) for number in range(50)]

    async def run() -> None:
        publisher = _BadLine("lines", "lines", settings, CollectorMetrics(CollectorRegistry()), instance="one")
        publisher.moment = moment
        await publisher.begin()
        await publisher.publish((), None, SourceSeen())
        await publisher.publish([raw_record(post) for post in posts], b'{"next":50}', SourceSeen())
        await publisher.end()
        assert publisher.losses == (0 if moment == "after" else -1)

    asyncio.run(run())
    assert numbers(settings) == dict.fromkeys(range(50), 1)
    assert next_line(settings) == 50
