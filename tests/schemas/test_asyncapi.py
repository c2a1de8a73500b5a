"""The AsyncAPI document: valid by the standard's own schema, and true to the list of topics.

`asyncapi-3.0.0.schema.json.gz` is `schemas/3.0.0.json` of the npm package `@asyncapi/specs` 6.11.1 (Apache-2.0),
compressed and otherwise unchanged.
"""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator

from streams import __version__
from streams.core.corrections.correction import Correction
from streams.kafka.enriched_record import CLOUD_EVENTS, correction_record, enriched_record
from streams.schemas import generate
from streams.schemas.examples import EXAMPLES
from streams.topic import Topic
from streams.topic_settings import topic_config
from streams.topics import TOPICS, topic_named

_FILES = generate()
_DOCUMENT: dict[str, Any] = json.loads(_FILES["asyncapi.json"])
_STANDARD = Path(__file__).with_name("asyncapi-3.0.0.schema.json.gz")

_each_topic = pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for child in node.values():
            yield from _references(child)
    elif isinstance(node, list):
        for child in node:
            yield from _references(child)


def _at(reference: str) -> Any:
    node: Any = _DOCUMENT
    for part in reference.removeprefix("#/").split("/"):
        node = node[part]
    return node


def test_the_document_is_valid_asyncapi() -> None:
    """Kafka bindings included; a document without channels' addresses or with a wrong binding is refused."""
    validator = Draft7Validator(json.loads(gzip.decompress(_STANDARD.read_bytes())))
    assert [error.message for error in validator.iter_errors(_DOCUMENT)] == []
    for damage in ({"partitions": 0}, {"bindingVersion": "9"}, {"unknown": 1}):
        damaged = json.loads(_FILES["asyncapi.json"])
        damaged["channels"]["posts"]["bindings"]["kafka"].update(damage)
        assert not validator.is_valid(damaged)


def test_every_reference_leads_somewhere() -> None:
    """Within the document, or to a schema file beside it."""
    references = set(_references(_DOCUMENT))
    assert references
    for reference in references:
        if reference.startswith("./"):
            assert reference.removeprefix("./") in _FILES
        else:
            assert _at(reference)


def test_every_topic_is_a_channel_and_nothing_else_is() -> None:
    assert {channel["address"] for channel in _DOCUMENT["channels"].values()} == {topic.name for topic in TOPICS}
    assert _DOCUMENT["info"]["version"] == __version__


@_each_topic
def test_a_channel_has_its_topics_settings(topic: Topic) -> None:
    """What the broker is told when the topic is created is what the document says."""
    kafka = _DOCUMENT["channels"][topic.name]["bindings"]["kafka"]
    assert (kafka["topic"], kafka["partitions"]) == (topic.name, topic.partitions)
    described = {
        key: ",".join(value) if isinstance(value, list) else str(value)
        for key, value in kafka["topicConfiguration"].items()
    }
    assert described == topic_config(topic)
    description = _DOCUMENT["channels"][topic.name]["description"]
    assert topic.key in description
    if topic.compacted:
        assert "Compacted" in description
    else:
        assert topic.retention_ms is not None
        assert f"{topic.retention_ms // 86_400_000} days" in description


@_each_topic
def test_a_message_has_its_key_and_its_schema(topic: Topic) -> None:
    """The payload's, or the headers' where the value is somebody else's bytes."""
    [reference] = [entry["$ref"] for entry in _DOCUMENT["channels"][topic.name]["messages"].values()]
    message = _at(reference)
    assert message["bindings"]["kafka"]["key"]["description"] == topic.key
    parts = {part: message[part]["schema"] for part in ("payload", "headers") if part in message}
    schemas = {part: schema["$ref"] for part, schema in parts.items() if "$ref" in schema}  # a CloudEvent's are here
    if topic.schema is None:
        assert not schemas
    else:
        part = "headers" if topic.as_received else "payload"
        assert schemas == {part: f"./{topic.schema}.schema.json"}


@pytest.mark.parametrize("topic", CLOUD_EVENTS)
def test_the_headers_of_a_record_are_those_of_the_document(topic: str) -> None:
    """Of the examples of these topics as they are written; each header is asked for, and a wrong one is refused."""
    schema = topic_named(topic).schema
    headers = _DOCUMENT["components"]["messages"][schema]["headers"]
    validator = Draft202012Validator(headers["schema"])
    [example] = [value for named, value in EXAMPLES.values() if named == schema]
    record = correction_record(example) if isinstance(example, Correction) else enriched_record(example)
    written = {name: (value or b"").decode() for name, value in record.headers}
    assert [error.message for error in validator.iter_errors(written)] == []
    assert written.keys() == headers["schema"]["properties"].keys()
    for name in written:
        assert not validator.is_valid({each: value for each, value in written.items() if each != name}), name
    assert not validator.is_valid(written | {"ce_source": "urn:antiphon:other"})
    assert all(header["description"] for header in headers["schema"]["properties"].values())


@_each_topic
def test_the_operations_name_all_who_write_and_read(topic: Topic) -> None:
    found = {
        (operation["action"], operation["title"].split(" write")[0].split(" read")[0])
        for operation in _DOCUMENT["operations"].values()
        if operation["channel"]["$ref"] == f"#/channels/{topic.name}"
    }
    assert found == {("send", who) for who in topic.writers} | {("receive", who) for who in topic.readers}


def test_messages_are_not_shared_between_topics() -> None:
    """A message names the key of its topic: two topics with one payload would need two messages."""
    names = [name for channel in _DOCUMENT["channels"].values() for name in channel["messages"]]
    assert len(names) == len(set(names)) == len(TOPICS)
