"""The AsyncAPI 3 document of all topics: what stands in each, under which key, for how long, who writes, who reads."""

import re
from typing import Any, Final

from streams import __version__
from streams.kafka.enriched_record import CLOUD_EVENTS
from streams.schemas.documents import SchemaDocument
from streams.topic import Topic
from streams.topic_names import DEAD_LETTERS
from streams.topic_settings import topic_config
from streams.topics import TOPICS

__all__ = ["asyncapi_document"]

_ASYNCAPI: Final = "3.0.0"  # the version that tools support; 3.1.0 adds nothing that is used here
_KAFKA_BINDING: Final = "0.5.0"
_SCHEMA_FORMAT: Final = "application/schema+json;version=draft-2020-12"
_DAY_MS: Final = 86_400_000
_ACCOUNT_KEY: Final = "^[a-z][a-z0-9_-]{0,31}:.+$"
# The settings that the binding has as integers; others it takes as they are.
_NUMBERS: Final = frozenset({"retention.ms", "retention.bytes", "delete.retention.ms", "max.message.bytes"})
_ROLES: Final = {
    "raw": "Raw events: the public input. Anybody may write them, with any partitioner.",
    "roster": "The roster in force.",
    "internal": "Between Antiphon's own agents: read it, but write nothing.",
    "enriched": "Enriched records: the public output.",
}


def asyncapi_document() -> SchemaDocument:
    """The document, as JSON values; payloads are references to the schema files beside it."""
    return {
        "asyncapi": _ASYNCAPI,
        "info": {
            "title": "Antiphon",
            "version": __version__,
            "description": "The Kafka topics of Antiphon, which tells when official State accounts start amplifying "
            "an account that is not officially theirs. Records are JSON in UTF-8 unless a message says otherwise.",
            "license": {"name": "Apache-2.0"},
            "tags": [{"name": name, "description": meaning} for name, meaning in _ROLES.items()],
        },
        "defaultContentType": "application/json",
        "servers": {
            "kafka": {
                "host": "{bootstrap}",
                "protocol": "kafka",
                "description": "The cluster that Antiphon is pointed at.",
                "variables": {"bootstrap": {"default": "localhost:9092", "description": "HOST:PORT of a broker"}},
            }
        },
        "channels": {topic.name: _channel(topic) for topic in TOPICS},
        "operations": dict(_operation(topic, who, acts) for topic in TOPICS for who, acts in _actors(topic)),
        "components": {"messages": {_message_name(topic): _message(topic) for topic in TOPICS}},
    }


def _channel(topic: Topic) -> dict[str, Any]:
    return {
        "address": topic.name,
        "title": topic.name,
        "summary": topic.meaning,
        "description": f"Key: {topic.key}. {_keeping(topic)}{_partitions(topic)}",
        "tags": [{"name": topic.role}],
        "messages": {_message_name(topic): {"$ref": f"#/components/messages/{_message_name(topic)}"}},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": {
                    key: [value] if key == "cleanup.policy" else int(value) if key in _NUMBERS else value
                    for key, value in topic_config(topic).items()
                },
                "bindingVersion": _KAFKA_BINDING,
            }
        },
    }


def _keeping(topic: Topic) -> str:
    """Retention and compaction in words."""
    if topic.compacted:
        return "Compacted: the last record of each key is kept for ever, a record without a value deletes its key."
    if topic.retention_ms is None:
        return "Records are kept for ever."
    return f"Records are kept for {topic.retention_ms / _DAY_MS:g} days."


def _partitions(topic: Topic) -> str:
    """What binds the number of partitions, in words."""
    if topic.single:
        return f" Exactly one partition: {topic.single}."
    if partner := topic.copartitioned:
        return f" As many partitions as {partner}."
    return ""


def _message_name(topic: Topic) -> str:
    return topic.schema or topic.name


def _message(topic: Topic) -> dict[str, Any]:
    message: dict[str, Any] = {"name": _message_name(topic), "summary": topic.meaning}
    if topic.role == "internal" and topic.schema is None:
        message["contentType"] = "application/octet-stream"
        message["description"] = "For Antiphon alone: the encoding may change with every version."
    elif topic.as_received:
        message["contentType"] = "application/octet-stream"
        what = "refused input" if topic.name == DEAD_LETTERS else "original"
        message["description"] = f"The value is the {what}, byte for byte; the headers are UTF-8 text."
        message["headers"] = _reference(topic)
    else:
        message["payload"] = _reference(topic)
        if topic.name in CLOUD_EVENTS:
            message["headers"] = {"schemaFormat": _SCHEMA_FORMAT, "schema": _cloud_event(topic.name)}
    message["bindings"] = {"kafka": {"key": _key(topic), "bindingVersion": _KAFKA_BINDING}}
    return message


def _reference(topic: Topic) -> dict[str, Any]:
    return {"schemaFormat": _SCHEMA_FORMAT, "schema": {"$ref": f"./{topic.schema}.schema.json"}}


def _cloud_event(topic: str) -> dict[str, Any]:
    """The headers of a record as `streams.kafka.enriched_record` writes them."""
    kind, _ = CLOUD_EVENTS[topic]
    headers: dict[str, dict[str, Any]] = {
        "ce_specversion": {"const": "1.0", "description": "The version of CloudEvents."},
        "ce_id": {
            "pattern": "^.+/[0-9a-f]{64}$",
            "description": "The key, a slash and the SHA-256 of the value: a repeat has the same, a version another.",
        },
        "ce_source": {"const": f"urn:antiphon:{topic}", "description": "Who says it: this topic."},
        "ce_type": {"const": kind, "description": "What kind of event it is."},
        "ce_time": {"format": "date-time", "description": "The event time of the record, UTC."},
        "content-type": {"const": "application/json", "description": "What the value is."},
    }
    return {
        "title": "CloudEvent",
        "description": "A CloudEvent 1.0 in binary mode of the Kafka binding. A tombstone has no headers.",
        "type": "object",
        "properties": {name: {"type": "string", **schema} for name, schema in headers.items()},
        "required": list(headers),
    }


def _key(topic: Topic) -> dict[str, Any]:
    key: dict[str, Any] = {"type": "string", "description": topic.key}
    if topic.role == "raw" or topic.name == DEAD_LETTERS or "none" in topic.key:
        # Strangers write what they like to raw topics, or nothing: SCREEN does not look at it.
        key["type"] = ["string", "null"]
    elif topic.key.startswith("platform:id of"):
        key["pattern"] = _ACCOUNT_KEY
    return key


def _actors(topic: Topic) -> list[tuple[str, str]]:
    return [(who, "writes") for who in topic.writers] + [(who, "reads") for who in topic.readers]


def _operation(topic: Topic, who: str, acts: str) -> tuple[str, dict[str, Any]]:
    slug = re.sub(r"[^a-z0-9]+", "-", who.lower())
    return f"{slug}-{acts}-{topic.name}", {
        "action": "send" if acts == "writes" else "receive",
        "title": f"{who} {acts[:-1] if who.endswith('s') else acts} {topic.name}",  # collectors write, SCREEN reads
        "channel": {"$ref": f"#/channels/{topic.name}"},
        "messages": [{"$ref": f"#/channels/{topic.name}/messages/{_message_name(topic)}"}],
    }
