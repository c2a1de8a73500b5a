"""WATCH's step: one State event changes the ledger, and says what it changed.

The ledger that a set of events leads to does not depend on their order, and the same event twice changes nothing.
"""

from msgspec.structs import replace

from streams.core.country_event import CountryEvent
from streams.core.retractions import as_retracted, decode_retraction, retraction_of, strongest
from streams.core.watching.change_set import ChangeSet
from streams.core.watching.coverage_step import apply_coverage
from streams.core.watching.deletion_step import (
    apply_anonymous_deletion,
    apply_deletion,
    apply_notice,
    apply_subject_deletion,
)
from streams.core.watching.forgetting import forgotten_before
from streams.core.watching.keys import standing_key
from streams.core.watching.ledger import Ledger, record_key
from streams.core.watching.post_step import apply_post, apply_subject_post
from streams.core.watching.records import PublishedHashes, StandingRecord
from streams.core.watching.removal_reasons import concerned_by_account
from streams.core.watching.seen_since import pending_seen_since
from streams.core.watching.watch_outcome import Stepped, WatchOutcome
from streams.core.watching.watch_policy import WatchPolicy

__all__ = ["Stepped", "WatchOutcome", "step"]


def step(ledger: Ledger, event: CountryEvent, changes: ChangeSet, policy: WatchPolicy) -> Stepped:
    """Apply one event to the ledger, in place, and note what it changed. What follows for subjects has the digest of
    the roster under which the ledger has the post it is about.
    """
    match event.kind:
        case "deletion" if event.official is None and not event.country:
            return apply_anonymous_deletion(ledger, event, changes, policy)
        case "post" | "deletion" | "notice":
            official = event.official
            if official is None or official.country != event.country:
                return Stepped(WatchOutcome.REFUSED)
            if event.kind == "notice":
                return apply_notice(ledger, event, official, changes)
            apply = apply_post if event.kind == "post" else apply_deletion
            return apply(ledger, event, official, changes, policy)
        case "subject_deletion":
            return apply_subject_deletion(ledger, event, changes)
        case "subject_post":
            return apply_subject_post(ledger, event, changes, policy)
        case "retraction":
            return _apply_retraction(ledger, event, changes)
        case "coverage":
            return apply_coverage(ledger, event, changes, policy)
        case "standing":
            return _apply_standing(ledger, event, changes)
        case "recount_open" | "recount":
            return Stepped(WatchOutcome.RECOUNT)  # `country_corrections` carries it out
        case "tick":
            return Stepped(WatchOutcome.TICK, pending_seen_since(ledger, event, policy))


def _apply_standing(ledger: Ledger, event: CountryEvent, changes: ChangeSet) -> Stepped:
    subject, standing = event.subject, event.standing
    if subject is None or standing is None:
        return Stepped(WatchOutcome.REFUSED)
    final_us = forgotten_before(ledger, event.country)
    new = StandingRecord(event.platform, event.country, subject, standing, event.roster_digest, event.at_us, final_us)
    known = ledger.get(record_key(new))
    if isinstance(known, StandingRecord):
        if known.standing.version > standing.version:
            return Stepped(WatchOutcome.OUTDATED)
        if known.standing.version == standing.version:
            return Stepped(WatchOutcome.DUPLICATE)
    elif new.last_us < final_us:  # told of long ago, or not at all: what was told is not told again
        return Stepped(WatchOutcome.TOO_LATE)
    ledger.put(new)
    changes.standing(known if isinstance(known, StandingRecord) else None, new)
    # Retweets of it that are gone are not taken back while it is gone itself: other watches count them, too.
    for entry in concerned_by_account(
        ledger, new, known.standing.absences if isinstance(known, StandingRecord) else ()
    ):
        changes.entry(entry)
    is_over = standing.periods and all(period.opened_us < final_us for period in standing.periods)
    return Stepped(WatchOutcome.TOO_LATE if is_over else WatchOutcome.APPLIED)


def _apply_retraction(ledger: Ledger, event: CountryEvent, changes: ChangeSet) -> Stepped:
    subject = event.subject
    if subject is None:
        return Stepped(WatchOutcome.REFUSED)
    order = decode_retraction(event.retraction)
    retraction = retraction_of(order)
    changes.retracted.append(as_retracted(order.alert, retraction))
    standing_record = ledger.get(standing_key(event.country, event.platform, subject.id))
    if isinstance(standing_record, StandingRecord):  # else nothing that is to come can say the alert anew
        new = PublishedHashes(event.platform, event.country, subject.id, {})
        known = ledger.get(record_key(new))
        published = known if isinstance(known, PublishedHashes) else new
        stands = strongest(published.retractions.get(event.event_id), retraction)
        ledger.put(replace(published, retractions=published.retractions | {event.event_id: stands}))
        changes.standing(standing_record, standing_record)
    return Stepped(WatchOutcome.RETRACTION)
