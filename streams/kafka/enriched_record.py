"""Records of the enriched topics and of `corrections`, made ready to be written.

Alerts, aftermaths and corrections carry the headers of a CloudEvent (binary mode, version 1.0 of the Kafka binding):
routers that know nothing of Antiphon can tell what they are.
"""

from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from msgspec import json

from streams.core.corrections.correction import Correction, correction_key, encode_correction
from streams.core.enriched_topics import ENRICHED_TOPICS, enriched_topic_of
from streams.kafka.outgoing_record import OutgoingRecord
from streams.topic_names import CORRECTIONS

__all__ = ["CLOUD_EVENTS", "correction_record", "enriched_record"]

CLOUD_EVENTS: Final[dict[str, tuple[str, Callable[[Any], datetime]]]] = {
    **{each.name: (f"antiphon.{each.schema}", each.event_time) for each in ENRICHED_TOPICS if each.event_time},
    CORRECTIONS: ("antiphon.correction", lambda correction: correction.at),
}
"""The topics whose records are CloudEvents: their type, and the event time of a record."""

_encode: Final = json.Encoder().encode


def enriched_record(record: object) -> OutgoingRecord:
    """A dossier, alert or another enriched record for its topic, with its key, and headers of at most 400 bytes."""
    topic = enriched_topic_of(record)
    return _ready(topic.name, topic.key(record).encode(), _encode(record), record)


def correction_record(correction: Correction) -> OutgoingRecord:
    """A correction for its topic, with its key, and headers of at most 300 bytes and the key."""
    return _ready(CORRECTIONS, correction_key(correction).encode(), encode_correction(correction), correction)


def _ready(topic: str, key: bytes, value: bytes, record: object) -> OutgoingRecord:
    if topic not in CLOUD_EVENTS:
        return OutgoingRecord(topic, key, value)
    kind, time_of = CLOUD_EVENTS[topic]
    headers: list[tuple[str, bytes | None]] = [
        ("ce_specversion", b"1.0"),
        # Each version is an event of its own, and a repeat is the same one: `evidence` has it under this name.
        ("ce_id", key + b"/" + sha256(value).hexdigest().encode()),
        ("ce_source", f"urn:antiphon:{topic}".encode()),
        ("ce_type", kind.encode()),
        ("ce_time", _encode(time_of(record)).strip(b'"')),
        ("content-type", b"application/json"),
    ]
    return OutgoingRecord(topic, key, value, headers)
