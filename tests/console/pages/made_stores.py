"""Stores of records that a test made."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from streams.console.store.building import StoreBuilding
from streams.console.store.reading import Store
from streams.console.store.writing import PartitionPart
from streams.core.clock import to_us
from streams.core.corrections.correction import Correction, correction_key, encode_correction
from streams.core.enriched import Alert, Amplification, Dossier
from streams.core.enriched_topics import enriched_topic_named
from streams.core.evidence_records import (
    EvidenceRecord,
    alert_evidence,
    event_evidence,
    roster_evidence,
    rules_evidence,
)
from streams.core.notifications import Notification, encode_notification
from streams.core.rosters.roster import Roster
from streams.core.rosters.roster_log import publication
from streams.core.subject_event import Coordinates
from streams.core.watching.aftermath_records import Aftermath
from streams.events import Event, encode_event
from streams.rules_loading import read_rules
from streams.topic_names import CORRECTIONS, NOTIFICATIONS

__all__ = ["Publication", "store_of"]

_DAY_MS: Final = 86_400_000


class Publication(Struct, frozen=True, kw_only=True):
    """A roster that is published, a day after the one before."""

    roster: Roster
    reason: str = ""
    correction: bool = False


class _Record(Struct, frozen=True):
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]] = ()
    timestamp: int = 0


@contextmanager
def store_of(
    folder: Path,
    *,
    alerts: Sequence[Alert] = (),
    versions: Sequence[Alert] = (),
    amplifications: Sequence[Amplification] = (),
    dossiers: Sequence[Dossier] = (),
    aftermaths: Sequence[Aftermath] = (),
    events: Sequence[tuple[Event, Coordinates]] = (),
    corrections: Sequence[Correction] = (),
    notifications: Sequence[Notification] | None = (),
    roster: Roster | None = None,
    published: Sequence[Publication] = (),
    with_rules: bool = False,
    written_at: datetime | None = None,
) -> Iterator[Store]:
    """A store that has these records, `versions` of alerts and `events` as evidence. `roster` is kept as evidence
    alone; of `published` the last one is in force. Without `notifications` it was fed from a broker without the topic.
    """
    timestamp = 0 if written_at is None else to_us(written_at) // 1_000
    kept: list[EvidenceRecord] = [event_evidence(event, encode_event(event), source, 0) for event, source in events]
    kept += [alert_evidence(alert.id, msgspec.json.encode(alert)) for alert in versions]
    if roster is not None:
        kept += roster_evidence(roster)
    if with_rules:
        kept.append(rules_evidence(*read_rules(None)))
    folder.mkdir(exist_ok=True)
    with StoreBuilding(folder, kind="topics", origin="127.0.0.1:9092") as building:
        for name, records in (
            ("dossiers", dossiers),
            ("alerts", alerts),
            ("amplifications", amplifications),
            ("aftermaths", aftermaths),
        ):
            topic = enriched_topic_named(name)
            rows = [
                _Record(place, topic.key(each).encode(), msgspec.json.encode(each), timestamp=timestamp)
                for place, each in enumerate(records)
            ]
            building.writer.take([PartitionPart(topic=name, partition=0, records=rows, next=len(rows))])
        rows = [
            _Record(place, correction_key(each).encode(), encode_correction(each))
            for place, each in enumerate(corrections)
        ]
        building.writer.take([PartitionPart(topic=CORRECTIONS, partition=0, records=rows, next=len(rows))])
        if notifications is not None:
            rows = [
                _Record(place, each.alert_id.encode(), encode_notification(each))
                for place, each in enumerate(notifications)
            ]
            building.writer.take([PartitionPart(topic=NOTIFICATIONS, partition=0, records=rows, next=len(rows))])
        _publish(building, published, timestamp)
        rows = [_Record(place, each.key, each.value, each.headers, timestamp) for place, each in enumerate(kept)]
        building.writer.take([PartitionPart(topic="evidence", partition=0, records=rows, next=len(rows))])
        building.put_in_place()
    store = Store(folder)
    yield store
    store.close()


def _publish(building: StoreBuilding, published: Sequence[Publication], timestamp: int) -> None:
    """What `antiphon roster publish` writes to the two topics, one publication behind the other."""
    keys: list[str] = []
    for day, each in enumerate(published):
        at = timestamp + day * _DAY_MS
        records = publication(keys, each.roster, each.reason, correction=each.correction)
        keys += [key.decode() for key, value in records if value is not None]
        rows = [_Record(place, key, value, (), at) for place, (key, value) in enumerate(records)]
        building.writer.take([PartitionPart(topic="officials", partition=0, records=rows, next=len(rows))])
        kept = roster_evidence(each.roster, each.reason, correction=each.correction)
        rows = [_Record(place, one.key, one.value, one.headers, at) for place, one in enumerate(kept)]
        building.writer.take([PartitionPart(topic="evidence", partition=0, records=rows, next=len(rows))])
