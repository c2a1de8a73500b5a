"""What a proof is made of, wherever it comes from: files, an `--out` folder, or the topics of a broker."""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from hashlib import sha256

from msgspec import Struct

from streams.core.clock import from_us, to_us
from streams.core.enriched import Alert, Dossier
from streams.core.subject_event import Coordinates
from streams.core.watching.aftermath_records import Aftermath
from streams.events import Event, EventKind
from streams.proofs.layout import About, IndexedEvent

__all__ = ["KeptEvent", "ProofMaterial", "Told", "kept_event", "line_of", "value_of"]


class Told(Struct, frozen=True, kw_only=True):
    """Records as they were told, with the very bytes. `versions` are all that the alerts ever were, oldest first."""

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
    """`events` are the closure's; `read_up_to_us` is how far event time had come when the records were told."""

    about: About
    platform: str
    subject_id: str
    told: Told
    events: Sequence[KeptEvent]
    roster_csv: bytes
    rules_toml: bytes
    read_up_to_us: int


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
