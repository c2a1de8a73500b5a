"""WATCH's step: one State event changes the ledger, and says what it touched.

The ledger that a set of events leads to does not depend on their order, and the same event twice changes nothing. Knows
nothing of watches or of what is published but withdrawals and text matches.
"""

from streams.core.state_event import StateEvent
from streams.core.watching.deletion_step import (
    apply_anonymous_deletion,
    apply_deletion,
    apply_notice,
    apply_subject_deletion,
)
from streams.core.watching.fates import concerned_by_account
from streams.core.watching.forgetting import forgotten_before
from streams.core.watching.ledger import Ledger, Stood, record_key
from streams.core.watching.post_step import apply_post, apply_subject_post
from streams.core.watching.touched import Touched
from streams.core.watching.watch_policy import WatchPolicy
from streams.core.watching.watched import Stepped, Watched

__all__ = ["Stepped", "Watched", "step"]


def step(ledger: Ledger, event: StateEvent, touched: Touched, policy: WatchPolicy) -> Stepped:
    """Apply one event to the ledger, in place, and note what it touched."""
    match event.kind:
        case "deletion" if event.official is None and not event.state:
            return apply_anonymous_deletion(ledger, event, touched, policy)
        case "post" | "deletion" | "notice":
            official = event.official
            if official is None or official.state != event.state:
                return Stepped(Watched.REFUSED)
            if event.kind == "notice":
                return apply_notice(ledger, event, official, touched)
            apply = apply_post if event.kind == "post" else apply_deletion
            return apply(ledger, event, official, touched, policy)
        case "subject_deletion":
            return apply_subject_deletion(ledger, event, touched, policy)
        case "subject_post":
            return apply_subject_post(ledger, event, touched, policy)
        case "standing":
            return _apply_standing(ledger, event, touched)
        case "tick":
            return Stepped(Watched.TICK)


def _apply_standing(ledger: Ledger, event: StateEvent, touched: Touched) -> Stepped:
    subject, standing = event.subject, event.standing
    if subject is None or standing is None:
        return Stepped(Watched.REFUSED)
    final_us = forgotten_before(ledger, event.state)
    new = Stood(event.platform, event.state, subject, standing, event.roster_digest, event.at_us, final_us)
    known = ledger.get(record_key(new))
    if isinstance(known, Stood):
        if known.standing.version > standing.version:
            return Stepped(Watched.OUTDATED)
        if known.standing.version == standing.version:
            return Stepped(Watched.DUPLICATE)
    elif new.last_us < final_us:  # told of long ago, or not at all: what was told is not told again
        return Stepped(Watched.TOO_LATE)
    ledger.put(new)
    touched.standing(known if isinstance(known, Stood) else None, new)
    # Retweets of it that are gone are not taken back while it is gone itself: other watches count them, too.
    for entry in concerned_by_account(ledger, new, known.standing.absences if isinstance(known, Stood) else ()):
        touched.entry(entry)
    is_over = standing.spells and all(spell.opened_us < final_us for spell in standing.spells)
    return Stepped(Watched.TOO_LATE if is_over else Watched.APPLIED)
