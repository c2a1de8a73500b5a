"""What a fetched record says, whatever its class."""

from typing import Any

__all__ = ["fields_of"]


def fields_of(record: Any) -> tuple[object, ...]:
    """All that it has in common with one of aiokafka's own."""
    return (record.offset, record.timestamp, record.timestamp_type, record.key, record.value, tuple(record.headers))
