"""What becomes of one subject event, and how one that leaves no trace is counted."""

from enum import StrEnum

from streams.core.subject_event import AMPLIFICATION_KINDS, SubjectEvent
from streams.core.tracking.subject import SubjectState

__all__ = ["TrackOutcome", "drop"]


class TrackOutcome(StrEnum):
    """What became of one subject event; each is a metric label."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"  # the same event id is retained
    REPEATED = "repeated"  # too old to compare, but its raw offset was applied before
    TOO_OLD = "too_old"  # too old to tell from a duplicate: dropped and counted
    UNENGAGED = "unengaged"  # a profile of an account that no official engaged with: not kept
    SUPERSEDED = "superseded"  # a correction counted it under another roster: it was there in the evidence
    RETRACTION = "retraction"  # a person retracted an alert
    RECOUNT = "recount"  # a correction announced that it recounts the subject, or did so
    REFUSED = "refused"  # a withdrawal by somebody else, or beyond a bound: changes nothing


def drop(state: SubjectState, event: SubjectEvent, outcome: TrackOutcome) -> TrackOutcome:
    """Count an event that leaves no trace; what was already counted in an earlier life is not counted again."""
    source = event.source
    if source.offset <= state.fences.get(f"{source.topic}/{source.partition}", -1):
        return TrackOutcome.REPEATED
    state.dropped += 1
    state.dropped_amplifications += event.kind in AMPLIFICATION_KINDS
    return outcome
