"""Records of the enriched topics, made ready to be written.

Alerts and aftermaths carry the headers of a CloudEvent (binary mode, version 1.0 of the Kafka binding): routers that
know nothing of Antiphon can tell what they are.
"""

from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from msgspec import json

from streams.core.enriched_topics import enriched_topic_of
from streams.kafka.batch_writer import OutgoingRecord

__all__ = ["CLOUD_EVENTS", "enriched_record"]

CLOUD_EVENTS: Final[dict[str, tuple[str, Callable[[Any], datetime]]]] = {
    "alerts": ("antiphon.alert", lambda alert: alert.as_of),
    "aftermaths": ("antiphon.aftermath", lambda aftermath: aftermath.closed_at or aftermath.opened_at),
}
"""The topics whose records are CloudEvents: their type, and the event time of a record."""

_encode: Final = json.Encoder().encode


def enriched_record(record: object) -> OutgoingRecord:
    """A dossier, alert or another enriched record for its topic, with its key, and headers of at most 400 bytes."""
    topic = enriched_topic_of(record)
    value = _encode(record)
    key = topic.key(record).encode()
    if topic.name not in CLOUD_EVENTS:
        return OutgoingRecord(topic.name, key, value)
    kind, time_of = CLOUD_EVENTS[topic.name]
    headers: list[tuple[str, bytes | None]] = [
        ("ce_specversion", b"1.0"),
        # Each version is an event of its own, and a repeat is the same one: `evidence` has it under this name.
        ("ce_id", key + b"/" + sha256(value).hexdigest().encode()),
        ("ce_source", f"urn:antiphon:{topic.name}".encode()),
        ("ce_type", kind.encode()),
        ("ce_time", _encode(time_of(record)).strip(b'"')),
        ("content-type", b"application/json"),
    ]
    return OutgoingRecord(topic.name, key, value, headers)
