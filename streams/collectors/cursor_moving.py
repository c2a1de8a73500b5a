"""Moves the cursor of a source by hand: back, to read again what was lost elsewhere, or on, past what is not wanted."""

from prometheus_client import CollectorRegistry

from streams.collectors.coverage import SourceSeen
from streams.collectors.cursors import CursorRecord
from streams.collectors.metrics import CollectorMetrics
from streams.collectors.publisher import Publisher, instance_name
from streams.settings import Settings

__all__ = ["move_cursor"]


async def move_cursor(settings: Settings, key: str, cursor: bytes, to_us: int | None) -> CursorRecord | None:
    """Write the cursor (JSON) under the key (`collector/source`); what stood there before.

    A collector that runs is shut out, as by a second instance: it ends with status 3. `to_us` is the time of the cursor
    (Unix µs). What lies between two times is not claimed to have been seen: where the new one is later, or unknown,
    coverage begins again at the next start. Raises `ValueError` for what is no JSON.
    """
    collector, _, source = key.partition("/")
    metrics = CollectorMetrics(CollectorRegistry())
    instance = f"moved-by:{instance_name()}"
    publisher = Publisher(collector, source, settings, metrics, instance=instance, compares=False)
    try:
        left = await publisher.begin()
        keeps = left is not None and to_us is not None and to_us <= left.seen.until_us
        await publisher.publish((), cursor, left.seen if left is not None and keeps else SourceSeen())
        return left
    finally:
        await publisher.end()
