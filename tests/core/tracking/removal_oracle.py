"""Why an amplification is gone, said again naively: each question asked anew over the list of all that happened."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from streams.core.subject_event import SubjectEvent
from tests.core.tracking.facts import AMPLIFICATION, Fact, official_of, time_of
from tests.core.tracking.when_oracle import at_the_latest, last_observed, times_there

__all__ = ["with_removal_reasons"]

_BEFORE_A_NOTICE: Final = timedelta(days=14)


def with_removal_reasons(facts: Sequence[Fact], notices: Sequence[Fact], events: Sequence[SubjectEvent]) -> list[Fact]:
    """The engagements, those that are gone with why they are, and since when where they were taken back."""
    notices = at_the_latest(notices)
    return [_with_removal_reason(fact, facts, notices, events) for fact in facts]


def _with_removal_reason(
    fact: Fact, facts: Sequence[Fact], notices: Sequence[Fact], events: Sequence[SubjectEvent]
) -> Fact:
    if fact.kind not in AMPLIFICATION:
        return fact
    deletions = [
        event
        for event in events
        if event.kind == "withdrawal" and (event.event_id, official_of(event).id) == (fact.id, fact.official)
    ]
    last_seen = last_observed(fact, events)
    noticed = [time_of(at_us) for event in deletions for at_us in (event.at_us, event.last_us) if at_us is not None]
    since = [at for at in (min(noticed), max(noticed)) if at >= last_seen] if noticed else []
    fact = msgspec.structs.replace(fact, observed_at=last_seen)
    if not since:
        return fact
    removal_reason = _removal_reason(fact, since[0], deletions, facts, notices, events)
    return msgspec.structs.replace(
        fact, removal_reason=removal_reason, **({"withdrawn_at": since[0]} if removal_reason == "taken_back" else {})
    )


def _removal_reason(
    fact: Fact,
    at: datetime,
    deletions: Sequence[SubjectEvent],
    facts: Sequence[Fact],
    notices: Sequence[Fact],
    events: Sequence[SubjectEvent],
) -> str:
    said = {event.by_official for event in deletions} - {None}
    doubts = "unknown" in said
    if fact.kind == "retweet":
        there = times_there(facts, events)
        originals = {event.post_id for event in deletions}
        deleted = [time_of(e.at_us) for e in events if e.kind == "deletion" and e.post_id in originals]
        if _was_gone(at, there, notices) or any(gone_at <= at for gone_at in deleted):
            return "with_original"
        doubts = doubts or _may_have_been_gone(at, there, notices)
        doubts = doubts or any(gone_at - _BEFORE_A_NOTICE <= at for gone_at in deleted)
    if "with_official" in said:
        return "with_official"
    return "unknown" if doubts else "taken_back"


def _was_gone(at: datetime, there: Sequence[datetime], notices: Sequence[Fact]) -> bool:
    """Whether a notice by then says so, with no later one, and no sighting, against it."""
    for number, notice in enumerate(notices):
        back = any(later.at <= at and later.status == "reinstated" for later in notices[number + 1 :])
        seen_again = any(notice.at < seen <= at for seen in there)
        if notice.at <= at and notice.status != "reinstated" and not back and not seen_again:
            return True
    return False


def _may_have_been_gone(at: datetime, there: Sequence[datetime], notices: Sequence[Fact]) -> bool:
    """Whether a notice follows soon, and nothing in between shows that the account was there."""
    later = [notice for notice in notices if notice.at > at]
    if not later or later[0].status == "reinstated" or later[0].at - at > _BEFORE_A_NOTICE:
        return False
    return not any(at <= seen <= later[0].at for seen in there)
