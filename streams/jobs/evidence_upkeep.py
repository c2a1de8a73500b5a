"""What is deleted from `evidence`: what has served its time, and what nobody may keep.

Both may be broken off and run again at any point: what was not deleted is found again.
"""

import time
from collections.abc import Callable

import msgspec
from msgspec import Struct

from streams.core.bounds import bounded_id
from streams.core.enriched import Alert
from streams.core.evidence import EvidenceEntry, EvidenceFold, EvidenceKey
from streams.core.evidence_records import EvidenceRecord, tombstone, withheld_evidence
from streams.core.evidence_retention import DeletedPosts, Retention, held_by, names
from streams.core.watching.watch_policy import WatchPolicy
from streams.events import RAW_TOPICS, decode_event
from streams.kafka.client import started_producer
from streams.kafka.evidence_reading import read_evidence
from streams.kafka.evidence_writing import send_evidence
from streams.kafka.reading import read_topic
from streams.refusal import DECODE_ERRORS
from streams.settings import Settings
from streams.topic_names import ALERTS

__all__ = ["Expiry", "Withheld", "expire_evidence", "find_to_withhold", "withhold"]


class Expiry(Struct, frozen=True, kw_only=True):
    """What a run found: how many values have served their time and how many bytes these are, how many are older and
    kept for a living alert, how many were withheld and had been written again, and how many alerts live.
    `deleted_posts` are withheld, since their platform has deleted them.
    """

    expired: int
    expired_bytes: int
    kept_for_alerts: int
    withheld_again: int
    living_alerts: int
    deleted_posts: int = 0


class Withheld(Struct, frozen=True, kw_only=True):
    """The entries that are to be withheld; `already` were before."""

    entries: list[EvidenceEntry]
    already: int


async def expire_evidence(
    settings: Settings,
    *,
    now_us: int | None = None,
    dry_run: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Expiry:
    """Write a tombstone for every event and version of an alert that came more than `evidence_days` (an event: or the
    days of its platform) before `now_us` (the clock, unless told otherwise) and that no living alert rests on; withhold
    posts that are deleted, of the platforms of `evidence_withhold_deleted`. Reads the topic twice. Raises
    `BrokerError`.
    """
    now_us = time.time_ns() // 1_000 if now_us is None else now_us
    alerts = await _alerts(settings)
    held = held_by(alerts.values(), now_us, settings.evidence_days, WatchPolicy(watch_days=settings.watch_days))
    retention = Retention(held, now_us, settings.evidence_days, settings.days_by_platform)
    deleted = await _deleted_posts(settings)
    async for entry in read_evidence(settings, progress=progress):
        retention.meet(entry)
        deleted.meet(entry)
    gone: dict[EvidenceKey, EvidenceEntry] = {}
    async for entry in read_evidence(settings, progress=progress):
        retention.consider(entry)
        gone.pop(entry.key, None)
        if not entry.marker and deleted.brought_by(entry):
            gone[entry.key] = entry
    due, back = retention.due(), retention.come_back()
    withheld = [entry for key, entry in gone.items() if key not in due and key not in retention.withheld]
    if not dry_run:
        records = list(map(tombstone, due))
        records += [
            record for entry in withheld for record in withheld_evidence(entry, f"deleted on {entry.key.platform}")
        ]
        records += [record for entry, reason in back for record in withheld_evidence(entry, reason)]
        await _write(settings, records)
    return Expiry(
        expired=len(due),
        expired_bytes=sum(due.values()),
        kept_for_alerts=retention.rests,
        withheld_again=len(back),
        living_alerts=len(held.alerts),
        deleted_posts=len(withheld),
    )


async def _deleted_posts(settings: Settings) -> DeletedPosts:
    """What the raw topic still says is gone: of deletions by strangers nothing else is kept."""
    found = DeletedPosts(settings.withheld_platforms)
    if settings.withheld_platforms:
        async for record in read_topic(settings, RAW_TOPICS["deletion"]):
            try:
                found.note(decode_event(record.value or b""))
            except DECODE_ERRORS:
                continue
    return found


async def find_to_withhold(
    settings: Settings,
    *,
    event_id: str | None = None,
    account: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> Withheld:
    """The raw events with that id, whatever their platform, or that name that account (`platform:id`). Raises
    `BrokerError`.
    """
    wanted_id = None if event_id is None else bounded_id(event_id)
    fold = EvidenceFold()

    def wanted(key: EvidenceKey) -> bool:
        return key.kind == "event" and (wanted_id is None or key.id == wanted_id)

    async for entry in read_evidence(settings, wanted, progress):
        if account is None or entry.value is None or names(entry, account):
            fold.apply(entry)
    entries = [entry for _key, entry in sorted(fold.entries().items())]
    there = [entry for entry in entries if entry.value is not None]
    return Withheld(entries=there, already=0 if account is not None else len(entries) - len(there))


async def withhold(settings: Settings, entries: list[EvidenceEntry], reason: str) -> None:
    """Delete the values of the entries and keep their hashes, for good. Raises `BrokerError`."""
    await _write(settings, [record for entry in entries for record in withheld_evidence(entry, reason)])


async def _alerts(settings: Settings) -> dict[bytes, tuple[Alert, int]]:
    """The last version of each alert, and when it was written (µs). What is no alert is passed over."""
    alerts: dict[bytes, tuple[Alert, int]] = {}
    async for record in read_topic(settings, ALERTS):
        alerts.pop(record.key or b"", None)
        try:
            alerts[record.key or b""] = msgspec.json.decode(record.value or b"", type=Alert), record.timestamp * 1_000
        except DECODE_ERRORS:
            continue
    return alerts


async def _write(settings: Settings, records: list[EvidenceRecord]) -> None:
    if records:
        async with started_producer(settings) as client:
            await send_evidence(client, settings, records)
