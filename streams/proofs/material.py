"""What a proof is made of, wherever it comes from: files, an `--out` folder, or the topics of a broker."""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256

from msgspec import Struct

from streams.core.clock import from_us, to_us
from streams.core.enriched import Alert, Dossier
from streams.core.rosters.roster import Roster
from streams.core.rosters.roster_text import roster_text
from streams.core.subject_event import Coordinates
from streams.core.watching.aftermath_records import Aftermath
from streams.events import Event, EventKind
from streams.proofs.layout import MOST_OTHER_ROSTERS, ROSTER, About, IndexedEvent, most_bytes

__all__ = ["KeptEvent", "ProofMaterial", "PublishedRecords", "kept_event", "line_of", "rosters_that_fit", "value_of"]


class PublishedRecords(Struct, frozen=True, kw_only=True):
    """Published records with their bytes. `versions` are all versions of the alerts, oldest first."""

    alerts: tuple[tuple[Alert, bytes], ...]
    versions: tuple[bytes, ...] = ()
    dossier: tuple[Dossier, bytes] | None = None
    aftermaths: tuple[tuple[Aftermath, bytes], ...] = ()


class KeptEvent(Struct, frozen=True, kw_only=True):
    """An event with its bytes as received: `value` is `None` where they are withheld, and then `withheld` says why."""

    index: IndexedEvent
    value: bytes | None

    @property
    def order(self) -> tuple[int, str, str, str, str]:
        """The order of events in a proof: by time, those of an unknown time last."""
        index = self.index
        at_us = 2**62 if index.at is None else to_us(index.at)
        return (at_us, index.platform, index.kind, index.id, index.sha256)


class ProofMaterial(Struct, frozen=True, kw_only=True):
    """`events` are the closure's; `read_up_to_us` is how far event time had come when the records were published.

    `other_rosters` are those by which earlier versions or other alerts were counted, as CSV by their digests.
    """

    about: About
    platform: str
    subject_id: str
    published: PublishedRecords
    events: Sequence[KeptEvent]
    roster_csv: bytes
    rules_toml: bytes
    read_up_to_us: int
    other_rosters: Mapping[str, bytes] = {}


def kept_event(event: Event, value: bytes, source: Coordinates | None, received_us: int | None = None) -> KeptEvent:
    """An event as it was received."""
    kind: EventKind = event.__struct_config__.tag  # type: ignore[assignment] # every event has its kind as its tag
    return KeptEvent(
        index=IndexedEvent(
            platform=event.platform,
            kind=kind,
            id=event.id,
            at=event.at,
            sha256=sha256(value).hexdigest(),
            source=None if source is None else (source.topic, source.partition, source.offset),
            received_at=None if received_us is None else from_us(received_us),
            encoding="base64" if b"\n" in value else "",
        ),
        value=value,
    )


def line_of(kept: KeptEvent) -> bytes:
    """What stands in `events.ndjson`, without the line feed."""
    value = kept.value or b""
    return b64encode(value) if kept.index.encoding else value


def value_of(line: bytes, index: IndexedEvent) -> bytes:
    """The bytes of an event by its line. Raises `ValueError` where it is no base64 and should be."""
    return b64decode(line, validate=True) if index.encoding else line


def rosters_that_fit(roster: Roster, others: Iterable[Roster]) -> tuple[Roster, ...]:
    """Those of the others that a proof has room for beside the roster of its alert, each once."""
    room = most_bytes(ROSTER) - len(roster_text(roster))
    found: dict[str, Roster] = {}
    for other in others:
        size = len(roster_text(other))
        if other.digest not in (roster.digest, *found) and size <= room and len(found) < MOST_OTHER_ROSTERS:
            found[other.digest] = other
            room -= size
    return tuple(found.values())
