"""Records at the edges of what topics hold: hostile text in every field, unknown figures, the longest lists."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from streams.console.store.building import StoreBuilding
from streams.console.store.reading import Store
from streams.console.store.writing import Part
from streams.core.corrections.correction import Correction, correction_key, encode_correction
from streams.core.enriched_topics import ENRICHED_TOPICS
from streams.core.evidence_records import event_evidence, roster_evidence, rules_evidence
from streams.core.rosters.roster import Roster
from streams.core.rosters.roster_log import publication
from streams.core.subject_event import Coordinates
from streams.events import Event, encode_event
from streams.rules_loading import read_rules

__all__ = ["AT", "DAY", "HOSTILE", "written_store"]

AT: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY: Final = timedelta(days=1)

HOSTILE: Final = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'; DROP TABLE subjects; --",
    "{{ 7 * 7 }}{% raw %}",
    "\u202eevil\u202c\u2066isolated",
    "مرحبا abc \u200f123 שלום",
    "\x00\x1b[31mred\r\n\u2028line",
    "a\u0301" + "\u0300" * 200,
    "javascript:alert(1)//https://example.org",
    "=cmd|' /C calc'!A0",
    "\U000e0041\U000e0042\ufeff\u200bzero",
    "한국어 中文 日本語 " + "長" * 150,
)
"""What strangers write."""


class _Record(Struct, frozen=True):
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]] = ()
    timestamp: int = 0


def written_store(
    folder: Path,
    *,
    rosters: Sequence[tuple[Roster, str, bool]] = (),
    corrections: Sequence[Correction] = (),
    events: Sequence[Event] = (),
    with_rules: bool = False,
    **records: Sequence[Any],
) -> Store:
    """A store as a feed would have filled it: `records` by topic; `rosters` with reason and whether it is a correction,
    the last one in force; `events` as evidence.
    """
    written_ms = int(AT.timestamp() * 1_000)
    topics: dict[str, list[_Record]] = {}
    for topic in ENRICHED_TOPICS:
        for each in records.get(topic.name, ()):
            rows = topics.setdefault(topic.name, [])
            rows.append(_Record(len(rows), topic.key(each).encode(), msgspec.json.encode(each), (), written_ms))
    kept = [event_evidence(event, encode_event(event), Coordinates("posts", 0, 1), 0) for event in events]
    keys: list[str] = []
    officials = topics.setdefault("officials", [])
    for number, (roster, reason, is_correction) in enumerate(rosters):
        for key, value in publication(keys, roster, reason, correction=is_correction):
            officials.append(_Record(len(officials), key, value, (), written_ms + number * 86_400_000))
        keys = [row.key.decode() for row in officials if row.key is not None and row.value is not None]
        made = roster_evidence(roster, reason, correction=is_correction)
        topics.setdefault("evidence", []).extend(
            _Record(number, each.key, each.value, each.headers, written_ms + number * 86_400_000) for each in made
        )
    if with_rules:
        kept.append(rules_evidence(*read_rules(None)))
    topics.setdefault("evidence", []).extend(
        _Record(place, each.key, each.value, each.headers, written_ms) for place, each in enumerate(kept)
    )
    topics["corrections"] = [
        _Record(place, correction_key(each).encode(), encode_correction(each), (), written_ms)
        for place, each in enumerate(corrections)
    ]
    folder.mkdir(exist_ok=True, parents=True)
    with StoreBuilding(folder, kind="topics", origin="127.0.0.1:9092") as building:
        for name, rows in topics.items():
            building.writer.take([Part(topic=name, partition=0, records=rows, next=len(rows))])
        building.put_in_place()
    return Store(folder)
