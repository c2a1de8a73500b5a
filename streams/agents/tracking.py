"""TRACK's work on one batch: subject events in, changed subjects and the records to write out. Synchronous, no I/O."""

from msgspec import Struct, json

from streams.brokers.outbox import OutgoingRecord
from streams.core.enriched import Alert
from streams.core.subject import Subject
from streams.core.subject_event import decode_subject_event, subject_key
from streams.core.tracker import Tracker
from streams.transport.batches import Batch

__all__ = ["TrackedBatch", "track_batch"]

_encode = json.Encoder().encode


class TrackedBatch(Struct, frozen=True):
    """What a batch led to. `changed` are the subjects to write down, by key; `position` is the offset after it."""

    outputs: list[OutgoingRecord]
    changed: dict[str, Subject]
    alerts: list[Alert]
    position: int
    newest_us: int | None


def track_batch(batch: Batch, position: int, tracker: Tracker) -> TrackedBatch:
    """Apply the records of a batch from `position` on; those before it were applied in an earlier life.

    Raises `msgspec.DecodeError` on a record that SCREEN did not write: broken internal state must stop the worker.
    """
    outputs: list[OutgoingRecord] = []
    changed: dict[str, Subject] = {}
    alerts: list[Alert] = []
    newest_us: int | None = None
    for record in batch.records:
        if record.offset < position:
            continue
        event = decode_subject_event(record.value or b"")
        newest_us = event.at_us if newest_us is None else max(newest_us, event.at_us)
        amplification = tracker.apply(event)
        if amplification is not None:
            key = subject_key(event.platform, event.subject.id).encode()
            outputs.append(OutgoingRecord("amplifications", key, _encode(amplification)))
    for concluded in tracker.conclude():
        changed[concluded.key] = concluded.subject
        if concluded.dossier is not None:
            outputs.append(OutgoingRecord("dossiers", concluded.key.encode(), _encode(concluded.dossier)))
        alerts += concluded.alerts
        outputs += [OutgoingRecord("alerts", alert.id.encode(), _encode(alert)) for alert in concluded.alerts]
    return TrackedBatch(outputs, changed, alerts, max(position, batch.next_offset), newest_us)
