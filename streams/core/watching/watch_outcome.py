"""What may become of a State event: the closed list of outcomes, and an outcome with what it says to subjects."""

from enum import StrEnum

from msgspec import Struct

from streams.core.subject_event import SubjectEvent
from streams.core.watching.records import Entry

__all__ = ["Stepped", "WatchOutcome"]


class WatchOutcome(StrEnum):
    """What became of one State event; each is a metric label."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"  # known as well or better, or not earlier than what is known
    UNKNOWN_POST = "unknown_post"  # a deletion of a post that is not in the ledger, or not yet
    NOT_THE_AUTHOR = "not_the_author"  # a deletion by an official of somebody else's post
    TOO_OLD = "too_old"  # a deletion of a post that is older than the ledger's days
    TOO_LATE = "too_late"  # a standing of suspensions that are forgotten; besides: an event of their time
    OUTDATED = "outdated"  # a standing older than the one that is known
    TOO_SHORT = "too_short"  # a subject's post with too little text to compare
    UNKNOWN_AUTHOR = "unknown_author"  # a quote of a post of which is not said whose it is, and not seen elsewhere
    COVERAGE_BOUND = "coverage_bound"  # a source told of more spans than are kept: the oldest count as unseen
    RETRACTION = "retraction"  # a person retracted an alert
    TICK = "tick"  # event time, and nothing else
    TIED = "tied"  # besides: a deletion that names nobody turned out to be of an official's post
    CONTRADICTED = "contradicted"  # besides: a copy of a post names another account as passed on or quoted
    SUPERSEDED = "superseded"  # a correction counted it under another roster: it was there in the evidence
    RECOUNT = "recount"  # a correction of the State's ledger begins, or a part of it
    REFUSED = "refused"  # lacks what its kind must have


class Stepped(Struct, frozen=True):
    """The outcome of one event, and what it says to subjects."""

    outcome: WatchOutcome
    events: tuple[SubjectEvent, ...] = ()
    tied: str | None = None  # the State whose official a deletion without an author turned out to concern
    concerned: tuple[Entry, ...] = ()  # posts of officials of any State of which it may say why they are gone
    contradicts: bool = False  # a report of a post names an account that no report of it named before
