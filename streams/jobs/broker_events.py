"""The events of a comparison from the broker: evidence, and what the raw topics still have of accounts to be added."""

from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import Final

import msgspec
from msgspec import Struct, field

from streams.core.corrections.entry_changes import entry_changes
from streams.core.enriched import Alert
from streams.core.evidence import EvidenceKey
from streams.core.rosters.roster import Roster, RosterEntry, handle_key
from streams.core.subject_event import Coordinates, subject_key
from streams.events import RAW_TOPICS, Account, Event, Post, Retweet, decode_event, encode_event
from streams.jobs.events_at_hand import EventsAtHand
from streams.jobs.evidence_index import evidence_index, index_path
from streams.jobs.evidence_store import EvidenceStore
from streams.jobs.indexed_events import add_selected
from streams.kafka.administration import end_offsets
from streams.kafka.evidence_reading import read_evidence
from streams.kafka.reading import read_topic
from streams.refusal import DECODE_ERRORS
from streams.settings import Settings
from streams.topic_names import ALERTS

__all__ = ["BrokerEvents", "published_alerts", "read_broker_events"]

_alert: Final = msgspec.json.Decoder(Alert)
_OWN_TOPICS: Final = (
    RAW_TOPICS["post"],
    RAW_TOPICS["deletion"],
)  # what an account does that is followed from its third amplification on
# Where an account's engagement stands.
_ACTED: Final = frozenset({RAW_TOPICS["post"], RAW_TOPICS["retweet"], RAW_TOPICS["follow"]})


_Take = Callable[[Event, Coordinates], None]


class BrokerEvents(Struct, kw_only=True):
    """What of the past could be read. `withheld` events were deleted and are not counted. Raw events are all kept since
    `raw_since_us`: `None` is for since ever. `raw` is how many of them were added.
    """

    evidence: int = 0
    withheld: int = 0
    raw: int = 0
    raw_since_us: int | None = None
    published: list[Alert] = field(default_factory=list)


async def read_broker_events(
    settings: Settings,
    at_hand: EventsAtHand,
    old: Roster,
    new: Roster,
    *,
    progress: Callable[[int], None] | None = None,
) -> BrokerEvents:
    """Take in what a comparison of the rosters has to see: from this machine's index of the evidence where there is one
    (`antiphon evidence index`), else all evidence; and what the raw topics have of accounts that are to be added.

    Raises `BrokerError`.
    """
    found = BrokerEvents()
    changes = entry_changes(old, new)
    wanted = _Accounts(entry for change in changes if {"added", "term"} & set(change.kinds) for entry in change.after)
    with EvidenceStore(":memory:") as raw:

        def take_raw(event: Event, source: Coordinates) -> None:
            refused = at_hand.refuses(event)
            if refused is None:
                found.raw += 1
                payload = encode_event(event)
                raw.put(int.from_bytes(blake2b(payload, digest_size=8).digest(), signed=True), payload, event, source)

        if wanted:
            engaged: set[str] = set()
            found.raw_since_us = await _read_raw(settings, take_raw, wanted, engaged, at_hand.now_us)
            # What the accounts that they took up did themselves may be evidence as well.
            await _read_own_posts(settings, take_raw, engaged)
        if index_path(settings).exists():
            async with evidence_index(settings) as index:
                await index.catch_up()
                found.evidence, found.withheld = len(index.store), index.store.withheld
                add_selected(at_hand, index.store, raw, old, new, changes)
        else:
            await _read_all(settings, at_hand, found, progress)
            for _, kept in raw.kept(raw.every()):
                at_hand.add(kept.event, f"{kept.source.topic}/{kept.source.partition}", kept.source.offset)
    return found


async def _read_all(
    settings: Settings, at_hand: EventsAtHand, found: BrokerEvents, progress: Callable[[int], None] | None
) -> None:
    valid = await _valid_keys(settings, found, progress)
    async for entry in read_evidence(settings, _is_event, progress):
        if entry.value is not None and hash(entry.key) in valid:
            valid.discard(hash(entry.key))  # once
            source = entry.source
            place = ("evidence", 0) if source is None else (f"{source.topic}/{source.partition}", source.offset)
            found.evidence += _add(at_hand, entry.value, place)


async def _valid_keys(settings: Settings, found: BrokerEvents, progress: Callable[[int], None] | None) -> set[int]:
    """Hashes of the keys under which an event is kept: neither deleted nor withheld, whenever that was said."""
    has_value: dict[int, bool] = {}
    markers: set[int] = set()
    async for entry in read_evidence(settings, _is_event, progress):
        key = hash(entry.key)
        if entry.marker:
            markers.add(key)
        elif entry.value is None and not entry.withheld:
            has_value.pop(key, None)
        else:
            has_value[key] = entry.value is not None
    valid = {key for key, has in has_value.items() if has} - markers
    found.withheld = len(has_value.keys() | markers) - len(valid)
    return valid


async def published_alerts(settings: Settings) -> list[Alert]:
    """The alerts that stand on the topic. Raises `BrokerError`."""
    last: dict[bytes, Alert | None] = {}
    async for record in read_topic(settings, ALERTS):
        try:
            last[record.key or b""] = None if record.value is None else _alert.decode(record.value)
        except DECODE_ERRORS:
            continue  # not ours
    return [alert for alert in last.values() if alert is not None and alert.status != "retracted"]


class _Accounts:
    """Accounts of entries, by id or by handle."""

    def __init__(self, entries: Iterable[RosterEntry]) -> None:
        self._ids: set[tuple[str, str]] = set()
        self._handles: set[tuple[str, str]] = set()
        for entry in entries:
            if entry.account_id is not None:
                self._ids.add((entry.platform, entry.account_id))
            else:
                self._handles.add((entry.platform, handle_key(entry.handle or "")))

    def __bool__(self) -> bool:
        return bool(self._ids or self._handles)

    def have(self, platform: str, account: Account) -> bool:
        """Whether it is one of them."""
        if (platform, account.id) in self._ids:
            return True
        return account.handle is not None and (platform, handle_key(account.handle)) in self._handles


async def _read_raw(settings: Settings, take: _Take, wanted: _Accounts, engaged: set[str], now_us: int) -> int | None:
    """Take what the accounts did; returns since when the raw topics have everything."""
    since_us: int | None = None
    for topic in RAW_TOPICS.values():
        first: dict[int, tuple[int, int]] = {}
        async for record in read_topic(settings, topic):
            first.setdefault(record.partition, (record.offset, record.timestamp * 1_000))
            event = _decoded(record.value)
            actor = None if event is None else getattr(event, "actor", None)
            if event is None or actor is None or not wanted.have(event.platform, actor):
                continue
            take(event, Coordinates(topic, record.partition, record.offset))
            if isinstance(event, Retweet):
                engaged.add(subject_key(event.platform, event.subject.id))
            elif isinstance(event, Post) and event.quotes is not None and event.quotes.account is not None:
                engaged.add(subject_key(event.platform, event.quotes.account.id))
        for partition, end in (await end_offsets(settings, topic)).items():
            offset, written_us = first.get(partition, (end, now_us))
            if offset > 0 and topic in _ACTED:  # its beginning is gone: all that came since is there
                since_us = max(written_us, since_us or 0)
    return since_us


async def _read_own_posts(settings: Settings, take: _Take, engaged: set[str]) -> None:
    if not engaged:
        return
    for topic in _OWN_TOPICS:
        async for record in read_topic(settings, topic):
            event = _decoded(record.value)
            actor = None if event is None else getattr(event, "actor", None)
            if event is not None and actor is not None and subject_key(event.platform, actor.id) in engaged:
                take(event, Coordinates(topic, record.partition, record.offset))


def _is_event(key: EvidenceKey) -> bool:
    return key.kind == "event"


def _decoded(value: bytes | None) -> Event | None:
    try:
        return None if value is None else decode_event(value)
    except DECODE_ERRORS:
        return None  # a dead letter


def _add(at_hand: EventsAtHand, value: bytes, place: tuple[str, int]) -> bool:
    event = _decoded(value)
    return event is not None and at_hand.add(event, *place) is None
