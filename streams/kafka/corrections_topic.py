"""The topic `corrections`: what is on it, and the records that a command writes."""

from aiokafka import AIOKafkaProducer

from streams.core.corrections.correction import Correction, decode_correction
from streams.kafka.enriched_record import correction_record
from streams.kafka.reading import read_topic
from streams.refusal import DECODE_ERRORS
from streams.settings import Settings
from streams.topic_names import CORRECTIONS

__all__ = ["read_corrections", "send_correction", "unfinished_correction"]


async def read_corrections(settings: Settings) -> list[Correction]:
    """All that the topic has, in their order, without records that are none of ours. Raises `BrokerError`."""
    found: list[Correction] = []
    async for record in read_topic(settings, CORRECTIONS):
        try:
            found.append(decode_correction(record.value or b""))
        except DECODE_ERRORS:
            continue
    return found


async def unfinished_correction(settings: Settings) -> Correction | None:
    """The last correction of a roster that was begun, unless it is finished. Raises `BrokerError`."""
    whole = [each for each in await read_corrections(settings) if each.about == "roster"]
    return whole[-1] if whole and whole[-1].outcome == "begun" else None


async def send_correction(client: AIOKafkaProducer, settings: Settings, correction: Correction) -> None:
    """Write one record; returns when the broker has acknowledged it."""
    record = correction_record(correction)
    await client.send_and_wait(settings.topic(record.topic), record.value, key=record.key, headers=record.headers)
