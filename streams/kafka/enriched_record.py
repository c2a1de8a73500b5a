"""Records of the enriched topics, made ready to be written."""

from typing import Final

from msgspec import json

from streams.core.enriched_topics import enriched_topic_of
from streams.kafka.batch_writer import OutgoingRecord

__all__ = ["enriched_record"]

_encode: Final = json.Encoder().encode


def enriched_record(record: object) -> OutgoingRecord:
    """A dossier, alert or another enriched record for its topic, with its key."""
    topic = enriched_topic_of(record)
    return OutgoingRecord(topic.name, topic.key(record).encode(), _encode(record))
