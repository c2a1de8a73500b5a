"""TRACK without a broker: the very functions of the agent, batch by batch, and what it would write to which topic."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from streams.agents.track.batch import track_batch
from streams.core.rulebook.rules import RuleSet
from streams.core.subject_event import SubjectEvent, encode_subject_event
from streams.core.tracking.subject import Subject, TrackPolicy, decode_subject, encode_subject
from streams.core.tracking.tracker import Tracker
from streams.core.tracking.unengaged import Unengaged
from streams.faust_driver.batches import Batch, Record
from streams.kafka.batch_writer import OutgoingRecord
from streams.topic_names import SUBJECT_STATES

__all__ = ["CoreTrack", "StoredRecord", "stored"]

_LIVE: Final = 10_000  # subjects, as a subject store keeps them


class StoredRecord(Struct):
    """A record of `subject-events`, as it comes from the broker."""

    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()
    timestamp: int = 0


def stored(offset: int, event: SubjectEvent) -> StoredRecord:
    """The record that SCREEN writes for an event."""
    return StoredRecord(offset, f"{event.platform}:{event.subject.id}".encode(), encode_subject_event(event))


class CoreTrack:
    """States as bytes, the last 10,000 also decoded: a subject store without its producer. `states` are by key."""

    def __init__(self, rules: RuleSet) -> None:
        self.states: dict[str, bytes] = {}
        self.unengaged = Unengaged()
        self._rules = rules
        self._policy = TrackPolicy()
        self._live: dict[str, Subject] = {}

    def batch(self, records: Sequence[Record]) -> list[OutgoingRecord]:
        """Apply one fetched batch; returns everything that its transaction writes but the position."""
        tracker = Tracker(self._rules, self._policy, self._load, self.unengaged)
        tracked = track_batch(Batch("subject-events", 0, 0, records), 0, tracker)
        outputs = list(tracked.outputs)
        for key, subject in tracked.changed.items():
            state = self.states[key] = encode_subject(subject)
            outputs.append(OutgoingRecord(SUBJECT_STATES, key.encode(), state))
            self._live.pop(key, None)
            self._live[key] = subject
        for key in tracked.forgotten:
            del self.states[key]
            self._live.pop(key, None)
            outputs.append(OutgoingRecord(SUBJECT_STATES, key.encode(), None))
        while len(self._live) > _LIVE:
            del self._live[next(iter(self._live))]
        return outputs

    def _load(self, key: str) -> Subject | None:
        live = self._live.get(key)
        if live is not None:
            return live
        state = self.states.get(key)
        return None if state is None else decode_subject(state)
