"""Makes the records of `evidence`: of a raw event, a roster, rules, a version of an alert; and those that withhold one.

None is larger than the topic takes: what an event has beyond `EVENT_BYTES` is withheld, as too large.
"""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Final, TypeAlias

import msgspec
from msgspec import Struct

from streams.core.bounds import bounded_id, bounded_text
from streams.core.clock import to_us
from streams.core.evidence import (
    MARKER,
    EvidenceEntry,
    EvidenceKey,
    EvidenceRecordError,
)
from streams.core.rosters.roster import Roster, RosterEntry
from streams.core.rulebook.rules import RuleSet
from streams.core.subject_event import Coordinates
from streams.events import Event

__all__ = [
    "CHUNK_BYTES",
    "EVENT_BYTES",
    "REASON_BYTES",
    "EvidenceRecord",
    "alert_evidence",
    "event_evidence",
    "roster_evidence",
    "roster_of",
    "roster_or_problem",
    "rules_evidence",
    "tombstone",
    "withheld_evidence",
]

EVENT_BYTES: Final = 2_000_000
"""Of a raw event that is kept: nearly twice what a default broker takes, in a topic that takes a little more."""
CHUNK_BYTES: Final = 900_000
"""Of a chunk of a roster, at most. One entry has some kilobytes."""
REASON_BYTES: Final = 1_000
"""Of why something is withheld, or a roster published."""

_Header: TypeAlias = tuple[str, bytes | None]

_encode: Final = msgspec.json.Encoder().encode
_entries: Final = msgspec.json.Decoder(tuple[RosterEntry, ...])


class EvidenceRecord(Struct, frozen=True):
    """A record to write to `evidence`."""

    key: bytes
    value: bytes | None
    headers: list[_Header]


def event_evidence(event: Event, payload: bytes, source: Coordinates, received_us: int | None) -> EvidenceRecord:
    """The record of a raw event that SCREEN passed, from the bytes that it was read from. A file does not say when it
    was received.
    """
    digest = sha256(payload).hexdigest()
    headers: list[_Header] = [
        ("sha256", digest.encode()),
        ("topic", source.topic.encode()),
        ("partition", b"%d" % source.partition),
        ("offset", b"%d" % source.offset),
    ]
    if received_us is not None:
        headers.append(("received_at", b"%d" % max(0, received_us)))
    if event.observed_at is not None and (observed_us := to_us(event.observed_at)) >= 0:
        headers.append(("observed_at", b"%d" % observed_us))
    if len(payload) > EVENT_BYTES:
        headers.append(("withheld", b"too large: %d bytes" % len(payload)))
        payload = b""
    # As `str(event_key(…))` writes it: SCREEN makes one for every event that passes.
    key = f"event/{event.platform}/{event.__struct_config__.tag}/{bounded_id(event.id)}/{digest}"
    return EvidenceRecord(key.encode(), payload, headers)


def alert_evidence(alert_id: str, value: bytes) -> EvidenceRecord:
    """The record of a version of an alert: the bytes as they are written to `alerts`."""
    digest = sha256(value).hexdigest()
    key = EvidenceKey("alert", digest, id=alert_id)
    return EvidenceRecord(str(key).encode(), value, [("sha256", digest.encode())])


def roster_evidence(roster: Roster, reason: str = "", *, correction: bool = False) -> Iterator[EvidenceRecord]:
    """The chunks of a roster: JSON lists of entries, which `roster_of` puts together again; with why it is published,
    and whether it puts another one right.
    """
    chunks: list[list[bytes]] = [[]]
    size = 0
    for entry in map(_encode, roster.entries):
        if chunks[-1] and size + len(entry) + 2 > CHUNK_BYTES:
            chunks.append([])
            size = 0
        chunks[-1].append(entry)
        size += len(entry) + 1
    for number, chunk in enumerate(chunks):
        value = b"[" + b",".join(chunk) + b"]"
        headers: list[_Header] = [("sha256", sha256(value).hexdigest().encode()), ("chunks", b"%d" % len(chunks))]
        if reason:
            headers.append(("reason", bounded_text(reason, REASON_BYTES).encode()))
        if correction:
            headers.append(("correction", b"yes"))
        yield EvidenceRecord(str(EvidenceKey("roster", roster.digest, chunk=number)).encode(), value, headers)


def roster_of(chunks: Iterable[EvidenceEntry]) -> Roster:
    """The roster of its chunks, in any order. Raises `EvidenceRecordError` unless they are what its digest names."""
    found = sorted(chunks, key=lambda chunk: chunk.key)
    if not found or len(found) != found[0].chunks or any(chunk.value is None for chunk in found):
        raise EvidenceRecordError(f"the roster has {len(found)} of {found[0].chunks if found else 'its'} chunks")
    digest = found[0].key.digest
    try:
        roster = Roster(entry for chunk in found for entry in _entries.decode(chunk.value or b""))
    except (ValueError, RecursionError) as error:
        raise EvidenceRecordError(f"the chunks of the roster {digest} are no roster: {error}") from None
    if roster.digest != digest:
        raise EvidenceRecordError(f"the chunks of the roster {digest} are those of {roster.digest}")
    return roster


def roster_or_problem(chunks: Iterable[EvidenceEntry]) -> tuple[Roster | None, str]:
    """The roster of its chunks, or what is wrong with them."""
    try:
        return roster_of(chunks), ""
    except EvidenceRecordError as error:
        return None, str(error)


def rules_evidence(rules: RuleSet, text: str) -> EvidenceRecord:
    """The record of a rule file: its `text`, as it was read, under the digest of all its rules."""
    value = text.encode()
    headers: list[_Header] = [
        ("sha256", sha256(value).hexdigest().encode()),
        ("rule_digests", ",".join(rule.digest for rule in rules.rules).encode()),
    ]
    return EvidenceRecord(str(EvidenceKey("rules", rules.digest)).encode(), value, headers)


def tombstone(key: EvidenceKey) -> EvidenceRecord:
    """The record that deletes what is under a key."""
    return EvidenceRecord(str(key).encode(), None, [])


def withheld_evidence(entry: EvidenceEntry, reason: str) -> tuple[EvidenceRecord, EvidenceRecord]:
    """The records that delete a value and keep its hash, for good: in its place, and as the marker."""
    headers: list[_Header] = [
        ("sha256", entry.sha256.encode()),
        ("withheld", bounded_text(reason, REASON_BYTES).encode()),
    ]
    if entry.source is not None:
        headers += [
            ("topic", entry.source.topic.encode()),
            ("partition", b"%d" % entry.source.partition),
            ("offset", b"%d" % entry.source.offset),
        ]
    headers += [
        (name, b"%d" % at_us)
        for name, at_us in (("received_at", entry.received_at), ("observed_at", entry.observed_at))
        if at_us is not None
    ]
    key = str(entry.key)
    return EvidenceRecord(key.encode(), b"", headers), EvidenceRecord(f"{MARKER}{key}".encode(), b"", headers)
