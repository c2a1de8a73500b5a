"""Evidence: what is kept of everything that was counted, under which key, and what a record of the topic says.

The bytes are those that were received or written, never others. `evidence_records` makes the records.
"""

import re
from collections.abc import Sequence
from typing import Annotated, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct

from streams.core.bounds import bounded_id
from streams.core.subject_event import Coordinates
from streams.events import Event

__all__ = [
    "MARKER",
    "EvidenceEntry",
    "EvidenceFold",
    "EvidenceHeaders",
    "EvidenceKey",
    "EvidenceKind",
    "EvidenceRecordError",
    "event_key",
    "read_evidence_record",
]


EvidenceKind: TypeAlias = Literal["event", "roster", "rules", "alert"]
_Headers: TypeAlias = Sequence[tuple[str, bytes | None]]

MARKER: Final = "withheld/"
"""What stands before the key of a record by which what is under that key stays withheld, also if written again."""
_SHOWN: Final = 120  # characters of a foreign key that an error repeats
# The digest is the last part, and has no slash: an id may hold anything.
_EVENT: Final = re.compile(r"event/([a-z][a-z0-9_-]{0,31})/([a-z]{1,16})/(.+)/([0-9a-f]{64})", re.ASCII | re.DOTALL)
_ROSTER: Final = re.compile(r"roster/([0-9a-f]{64})/([0-9]{1,6})", re.ASCII)
_RULES: Final = re.compile(r"rules/([0-9a-f]{64})", re.ASCII)
_ALERT: Final = re.compile(r"alert/([0-9a-f]{1,64})/([0-9a-f]{64})", re.ASCII)

_Digits: TypeAlias = Annotated[str, Meta(pattern="^[0-9]{1,19}$")]


class EvidenceHeaders(Struct, frozen=True, kw_only=True):
    """The headers of a record of `evidence`, each UTF-8 text. The value is the bytes that are kept, as they were.

    `sha256` (hex) is that of the value, and stays where the value does not. `topic`, `partition` and `offset` say where
    a raw event stood, `received_at` when it came to be there, and `observed_at` when a collector saw it, as far as it
    says so: both in µs since 1970 UTC. `chunks` is into how many records a roster is divided, `rule_digests` names the
    digests of the rules in a file, with commas between. `reason` is why a roster was published, `correction` is there
    where it puts another one right. `withheld` is why a value was deleted that nobody may keep.
    """

    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    """SHA-256 of the value, in hex; kept where the value is withheld."""
    topic: str = ""
    """The raw topic in which a raw event stood."""
    partition: _Digits = "0"
    """Its partition."""
    offset: _Digits = "0"
    """Its offset."""
    observed_at: _Digits | None = None
    """When a collector saw it, in µs since 1970 UTC, as far as it says so."""
    received_at: _Digits | None = None
    """When it came to be there, in µs since 1970 UTC."""
    chunks: _Digits = "1"
    """Into how many records a roster is divided."""
    rule_digests: str = ""
    """Digests of the rules in a file, with commas between."""
    reason: str = ""
    """Why a roster was published, where that was said."""
    correction: str = ""
    """Whether a roster puts another one right."""
    withheld: str = ""
    """Why the value was deleted, which nobody may keep."""


class EvidenceKey(Struct, frozen=True, order=True):
    """What a record is of. `digest` is that of the bytes, for a roster or rules their own.

    - `event`: `platform`, `event_kind` and `id` are what duplicates are known by; an id is bounded as in alerts. Copies
      of one event with different bytes have different digests: all of them were counted.
    - `roster`: one of its chunks, from 0. `rules`: the text of a file.
    - `alert`: a version of the alert `id`.
    """

    kind: EvidenceKind
    digest: str
    platform: str = ""
    event_kind: str = ""
    id: str = ""
    chunk: int = 0

    def __str__(self) -> str:
        if self.kind == "event":
            return f"event/{self.platform}/{self.event_kind}/{self.id}/{self.digest}"
        if self.kind == "roster":
            return f"roster/{self.digest}/{self.chunk}"
        return f"alert/{self.id}/{self.digest}" if self.kind == "alert" else f"rules/{self.digest}"


class EvidenceEntry(Struct, frozen=True, kw_only=True):
    """A record of the topic. `value` is `None` where it was deleted: by retention, or, with a reason in `withheld`,
    because nobody may keep it. Times in µs since 1970 UTC; of what is no raw event `received_at` is when it was
    written.

    `marker` says that whatever the topic has under this key is withheld, also what comes later. `reason` and
    `correction` are of a roster's last publication.
    """

    key: EvidenceKey
    value: bytes | None
    sha256: str
    source: Coordinates | None = None
    observed_at: int | None = None
    received_at: int | None = None
    withheld: str = ""
    chunks: int = 1
    rule_digests: tuple[str, ...] = ()
    marker: bool = False
    written_ms: int = 0
    reason: str = ""
    correction: bool = False


class EvidenceRecordError(ValueError):
    """A record of the topic that Antiphon does not write; names its key."""


def event_key(event: Event, digest: str) -> EvidenceKey:
    """The key of a raw event whose bytes have that SHA-256 (hex)."""
    return EvidenceKey("event", digest, event.platform, str(event.__struct_config__.tag), bounded_id(event.id))


def read_evidence_record(key: bytes | None, value: bytes | None, headers: _Headers, written_ms: int) -> EvidenceEntry:
    """The entry of a record. Raises `EvidenceRecordError` for one that Antiphon did not write."""
    try:
        text = (key or b"").decode()
    except UnicodeDecodeError:
        raise EvidenceRecordError(f"the key {(key or b'')[:_SHOWN]!r} is not UTF-8") from None
    marker = text.startswith(MARKER)
    parsed = _parse(text.removeprefix(MARKER))
    if value is None:
        return EvidenceEntry(key=parsed, value=None, sha256="", written_ms=written_ms)
    texts = {name: header.decode("utf-8", "replace") for name, header in headers if header is not None}
    try:
        found = msgspec.convert(texts, EvidenceHeaders)
    except msgspec.ValidationError as error:
        raise EvidenceRecordError(f"the headers of {text[:_SHOWN]!r} are none of evidence: {error}") from None
    if marker and not found.withheld:
        raise EvidenceRecordError(f"{text[:_SHOWN]!r} does not say why")
    return EvidenceEntry(
        key=parsed,
        value=None if found.withheld else value,
        sha256=found.sha256,
        source=Coordinates(found.topic, int(found.partition), int(found.offset)) if found.topic else None,
        observed_at=None if found.observed_at is None else int(found.observed_at),
        received_at=written_ms * 1_000 if found.received_at is None else int(found.received_at),
        withheld=found.withheld,
        chunks=int(found.chunks),
        rule_digests=tuple(filter(None, found.rule_digests.split(","))),
        marker=marker,
        written_ms=written_ms,
        reason=found.reason,
        correction=bool(found.correction),
    )


class EvidenceFold:
    """What is valid of the topic: the last record of each key, and nothing of what is withheld, whenever it came."""

    def __init__(self) -> None:
        self._entries: dict[EvidenceKey, EvidenceEntry] = {}
        self._markers: dict[EvidenceKey, EvidenceEntry] = {}

    def apply(self, entry: EvidenceEntry) -> None:
        """Take the next entry of its partition."""
        if entry.marker:
            self._markers[entry.key] = entry
        elif entry.value is None and not entry.withheld:
            self._entries.pop(entry.key, None)
        else:
            self._entries[entry.key] = entry

    def entries(self) -> dict[EvidenceKey, EvidenceEntry]:
        """By key, those that are withheld without their values."""
        return self._entries | self._markers


def _parse(text: str) -> EvidenceKey:
    if found := _EVENT.fullmatch(text):
        return EvidenceKey("event", found[4], found[1], found[2], found[3])
    if found := _ALERT.fullmatch(text):
        return EvidenceKey("alert", found[2], id=found[1])
    if found := _ROSTER.fullmatch(text):
        return EvidenceKey("roster", found[1], chunk=int(found[2]))
    if found := _RULES.fullmatch(text):
        return EvidenceKey("rules", found[1])
    raise EvidenceRecordError(f"the key {text[:_SHOWN]!r} is none of evidence")
