"""Enriched records and corrections as they are written: key, value, and the headers of a CloudEvent where it is one."""

from datetime import datetime
from hashlib import sha256
from typing import Any

import msgspec
import pytest

from streams.core.corrections.correction import Correction
from streams.core.enriched_topics import ENRICHED_TOPICS, EnrichedTopic
from streams.kafka.batch_writer import OutgoingRecord
from streams.kafka.enriched_record import correction_record, enriched_record
from streams.schemas.examples import EXAMPLES


def _example(topic: EnrichedTopic) -> Any:
    return next(value for schema, value in EXAMPLES.values() if schema == topic.schema)


def _headers(record: object) -> dict[str, str]:
    return _read(enriched_record(record))


def _read(made: OutgoingRecord) -> dict[str, str]:
    found = {name: (value or b"").decode() for name, value in made.headers}
    assert len(found) == len(made.headers)
    return found


@pytest.mark.parametrize("name", ["alerts", "aftermaths"])
def test_an_alert_and_an_aftermath_are_cloud_events(name: str) -> None:
    """With the attributes that every CloudEvent must have, a time with its zone, and few bytes."""
    [topic] = [topic for topic in ENRICHED_TOPICS if topic.name == name]
    record = _example(topic)
    headers = _headers(record)
    value = enriched_record(record).value or b""
    assert headers["ce_specversion"] == "1.0"
    assert headers["ce_id"] == f"{record.id}/{sha256(value).hexdigest()}"
    assert headers["ce_source"] == f"urn:antiphon:{name}"
    assert headers["ce_type"] == f"antiphon.{topic.schema}"
    assert headers["content-type"] == "application/json"
    assert datetime.fromisoformat(headers["ce_time"]).tzinfo is not None
    assert sum(len(key) + len(text) for key, text in headers.items()) <= 400


def test_a_correction_is_a_cloud_event() -> None:
    correction: Any = EXAMPLES["correction"][1]
    assert isinstance(correction, Correction)
    made = correction_record(correction)
    assert made.topic == "corrections"
    assert _read(made) == {
        "ce_specversion": "1.0",
        "ce_id": f"{(made.key or b'').decode()}/{sha256(made.value or b'').hexdigest()}",
        "ce_source": "urn:antiphon:corrections",
        "ce_type": "antiphon.correction",
        "ce_time": correction.at.isoformat().replace("+00:00", "Z"),
        "content-type": "application/json",
    }


def test_a_repeat_is_the_same_event_and_another_version_another() -> None:
    alert: Any = EXAMPLES["alert"][1]
    assert _headers(alert)["ce_id"] == _headers(msgspec.structs.replace(alert))["ce_id"]
    assert _headers(alert)["ce_id"] != _headers(msgspec.structs.replace(alert, severity="critical"))["ce_id"]


@pytest.mark.parametrize("name", ["amplifications", "dossiers"])
def test_what_is_written_most_often_has_no_headers(name: str) -> None:
    [topic] = [topic for topic in ENRICHED_TOPICS if topic.name == name]
    assert _headers(_example(topic)) == {}
