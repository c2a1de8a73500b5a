"""Deletions in the ledger: which official's post is gone, whichever of the two arrives first.

A deletion counts for a post of the ledger's days, or one that was seen in them, if its author is the one it names or it
names none; of several the first and the last are kept. Any other is kept as an unmatched deletion: counted, and known
again if its post comes. A deletion of any version of an edited post is one of the post: X deletes all of them.
`removal_reasons` says why a post is gone.
"""

from collections.abc import Iterable

import msgspec

from streams.core.clock import DAY_US
from streams.core.country_event import CountryEvent
from streams.core.gone import is_gone
from streams.core.officials import Official
from streams.core.subject_event import SubjectEvent
from streams.core.watching.change_set import ChangeSet
from streams.core.watching.keys import entry_key, notices_key, unmatched_deletion_key
from streams.core.watching.ledger import Ledger, record_key
from streams.core.watching.records import Entry, OfficialNotices, OriginalGone, UnmatchedDeletion
from streams.core.watching.removal_reasons import (
    concerned_by_deletion,
    concerned_by_notices,
    concerned_by_original,
    original_deletion,
    removal_reason_by_official,
)
from streams.core.watching.versions import first_version
from streams.core.watching.watch_outcome import Stepped, WatchOutcome
from streams.core.watching.watch_policy import WatchPolicy
from streams.events import Account

__all__ = [
    "apply_anonymous",
    "apply_anonymous_deletion",
    "apply_deletion",
    "apply_named",
    "apply_notice",
    "apply_subject_deletion",
    "country_of_post",
    "deletion_of",
    "with_deletion",
    "with_observation",
    "withdrawals",
    "withdrawals_again",
]

_NOTICES = 16
"""Of an official's own account: one in five suspensions is reversed in real data, and twice is rare."""


def apply_deletion(
    ledger: Ledger, event: CountryEvent, official: Official, changes: ChangeSet, policy: WatchPolicy
) -> Stepped:
    """A post of an official is gone, or of somebody else's."""
    if event.post_id is None:
        return Stepped(WatchOutcome.REFUSED)
    unmatched_deletion = UnmatchedDeletion(
        event.platform,
        first_version(ledger, event.country, event.platform, event.post_id, official.id),
        official.id,
        official.handle,
        official.category,
        event.country,
        event.at_us,
        event.source,
    )
    return apply_named(ledger, unmatched_deletion, changes, policy)


def apply_named(
    ledger: Ledger, unmatched_deletion: UnmatchedDeletion, changes: ChangeSet, policy: WatchPolicy
) -> Stepped:
    """A deletion by an official, of whatever it turns out to be."""
    entry = ledger.get(entry_key(unmatched_deletion.platform, unmatched_deletion.post_id))
    if not isinstance(entry, Entry) or entry.country != unmatched_deletion.country:
        stepped = _kept_as_unmatched(ledger, unmatched_deletion, changes, WatchOutcome.UNKNOWN_POST)
    elif entry.official != unmatched_deletion.official:
        stepped = _kept_as_unmatched(ledger, unmatched_deletion, changes, WatchOutcome.NOT_THE_AUTHOR)
    else:
        stepped = _deleted(ledger, entry, unmatched_deletion, changes, policy) or _kept_as_unmatched(
            ledger, unmatched_deletion, changes, WatchOutcome.TOO_OLD
        )
    return _with_retweets(ledger, stepped, unmatched_deletion)


def apply_anonymous_deletion(ledger: Ledger, event: CountryEvent, changes: ChangeSet, policy: WatchPolicy) -> Stepped:
    """A post is gone, nobody knows whose: an official's, where the ledger knows its id, or will; or one that officials
    passed on, and their retweets went with it.
    """
    if event.post_id is None:
        return Stepped(WatchOutcome.REFUSED)
    post_id = first_version(ledger, event.country, event.platform, event.post_id)
    unmatched_deletion = UnmatchedDeletion(
        event.platform, post_id, "", None, "government", "", event.at_us, event.source
    )
    return apply_anonymous(ledger, unmatched_deletion, changes, policy)


def apply_anonymous(
    ledger: Ledger, unmatched_deletion: UnmatchedDeletion, changes: ChangeSet, policy: WatchPolicy
) -> Stepped:
    """A deletion by nobody knows whom, of whatever it turns out to be."""
    # Kept beside its entry as well: a report that contradicts the entry's may give the post another author.
    news = _keep_unmatched_deletion(ledger, unmatched_deletion)
    entry = ledger.get(entry_key(unmatched_deletion.platform, unmatched_deletion.post_id))
    if not isinstance(entry, Entry):
        stepped = Stepped(WatchOutcome.UNKNOWN_POST if news else WatchOutcome.DUPLICATE)
    else:
        stepped = _deleted(ledger, entry, unmatched_deletion, changes, policy) or Stepped(WatchOutcome.TOO_OLD)
        is_tied = news and stepped.outcome is not WatchOutcome.TOO_OLD
        stepped = Stepped(stepped.outcome, stepped.events, tied=entry.country if is_tied else None)
    return _with_retweets(ledger, stepped, unmatched_deletion) if news else stepped


def country_of_post(ledger: Ledger, event: CountryEvent) -> str:
    """The State whose official wrote the post that an event without a State is about; empty where it has none."""
    if event.post_id is None:
        return ""
    entry = ledger.get(entry_key(event.platform, first_version(ledger, event.country, event.platform, event.post_id)))
    return entry.country if isinstance(entry, Entry) else ""


def apply_subject_deletion(ledger: Ledger, event: CountryEvent, changes: ChangeSet) -> Stepped:
    """A post of a tracked subject is gone, and every retweet of it."""
    if event.post_id is None or event.subject is None:
        return Stepped(WatchOutcome.REFUSED)
    post_id = first_version(ledger, event.country, event.platform, event.post_id)
    new = OriginalGone(event.platform, event.country, post_id, event.at_us)
    known = ledger.get(record_key(new))
    if isinstance(known, OriginalGone) and known.at_us <= new.at_us:
        return Stepped(WatchOutcome.DUPLICATE)
    ledger.put(new)
    for entry in concerned_by_original(ledger, new):
        changes.entry(entry)
    # TRACK knows the post by its first version alone.
    said = () if post_id == event.post_id else (deletion_of(event, event.subject, post_id),)
    return Stepped(WatchOutcome.APPLIED, said)


def deletion_of(event: CountryEvent, subject: Account, post_id: str, at_us: int | None = None) -> SubjectEvent:
    """Word to a subject that a post of its own is gone, as an event tells."""
    return SubjectEvent(
        kind="deletion",
        platform=event.platform,
        event_id=post_id,
        at_us=event.at_us if at_us is None else at_us,
        subject=subject,
        source=event.source,
        roster_digest=event.roster_digest,
        subject_is_official=event.subject_is_official,
        post_id=post_id,
    )


def apply_notice(ledger: Ledger, event: CountryEvent, official: Official, changes: ChangeSet) -> Stepped:
    """An official's own account is gone or back: its posts follow it."""
    if event.status is None:
        return Stepped(WatchOutcome.REFUSED)
    known = ledger.get(notices_key(event.country, event.platform, official.id))
    before = known if isinstance(known, OfficialNotices) else None
    if before is None:
        before = OfficialNotices(event.platform, event.country, official.id, ())
    notices = tuple(sorted({*before.notices, (event.at_us, is_gone(event.status))}))[-_NOTICES:]
    if notices == before.notices:
        return Stepped(WatchOutcome.DUPLICATE)
    after = OfficialNotices(event.platform, event.country, official.id, notices)
    ledger.put(after)
    concerned = concerned_by_notices(ledger, before, after)
    return Stepped(WatchOutcome.APPLIED, withdrawals_again(ledger, concerned, changes))


def withdrawals_again(ledger: Ledger, entries: Iterable[Entry], changes: ChangeSet) -> tuple[SubjectEvent, ...]:
    """What is to be said again of deletions whose removal reason may be another now."""
    events: list[SubjectEvent] = []
    for entry in entries:
        changes.entry(entry)
        events += withdrawals(ledger, entry)
    return tuple(events)


def _deleted(
    ledger: Ledger, entry: Entry, unmatched_deletion: UnmatchedDeletion, changes: ChangeSet, policy: WatchPolicy
) -> Stepped | None:
    """Note that a post of the ledger is gone; `None` where that was first noticed too late."""
    new = _with_all(ledger, entry, [unmatched_deletion], changes, policy)
    if new is None:
        return None
    if new == entry:
        return Stepped(WatchOutcome.DUPLICATE)
    changes.entry(entry)
    ledger.put(new)
    changes.entry(new)
    return Stepped(WatchOutcome.APPLIED, withdrawals(ledger, new))


def _with_retweets(ledger: Ledger, stepped: Stepped, deletion: UnmatchedDeletion) -> Stepped:
    """Besides, what is to be said again of retweets of the post that is gone: they may have gone with it."""
    if stepped.outcome is WatchOutcome.DUPLICATE:
        return stepped
    concerned = tuple(concerned_by_deletion(ledger, deletion))
    if not concerned:  # nearly always
        return stepped
    said = (each for entry in concerned for each in withdrawals(ledger, entry))
    return msgspec.structs.replace(stepped, events=(*stepped.events, *said), concerned=concerned)


def _with_all(
    ledger: Ledger, entry: Entry, deletions: list[UnmatchedDeletion], changes: ChangeSet, policy: WatchPolicy
) -> Entry | None:
    """The entry with these deletions and those that wait for it, by its author or by nobody knows whom, if the first
    of them all is in time. What waited waits no more.
    """
    for official in (entry.official, ""):
        waiting = ledger.get(unmatched_deletion_key(official, entry.platform, entry.post_id))
        if isinstance(waiting, UnmatchedDeletion) and waiting.country in (entry.country, ""):
            deletions = [*deletions, waiting]
    if not deletions:
        return None
    noticed_us = [each.at_us for each in deletions]
    if entry.noticed is not None:  # a notice that comes years after another says nothing new
        noticed_us.append(entry.noticed.first_us)
    # What a back-fill brought is as old as it is, and was there when it was seen.
    there_us = entry.at_us if entry.observed_us is None else max(entry.at_us, entry.observed_us)
    if there_us < min(noticed_us) - policy.ledger_days * DAY_US:
        return None
    for each in deletions:
        kept = ledger.get(record_key(each)) if each.official else None
        if isinstance(kept, UnmatchedDeletion):  # its time is what was counted, not that of the notice that ties it
            ledger.discard(record_key(kept))
            changes.unmatched_deletion(kept)
        entry = _with(entry, each)
    return entry


def _with(entry: Entry, unmatched_deletion: UnmatchedDeletion) -> Entry:
    """The entry with a deletion."""
    noticed = unmatched_deletion.noticed if entry.noticed is None else entry.noticed.merged(unmatched_deletion.noticed)
    first = entry.noticed is None or noticed.first_us < entry.noticed.first_us
    return msgspec.structs.replace(
        entry,
        noticed=noticed,
        deleted_us=noticed.since_us(entry.observed_us),
        deletion_source=unmatched_deletion.source if first else entry.deletion_source,
    )


def with_observation(entry: Entry, observed_us: int | None) -> Entry:
    """The entry as seen at a time; itself where that is nothing new."""
    if observed_us is None or (entry.observed_us is not None and observed_us <= entry.observed_us):
        return entry
    since_us = None if entry.noticed is None else entry.noticed.since_us(observed_us)
    return msgspec.structs.replace(entry, observed_us=observed_us, deleted_us=since_us)


def _kept_as_unmatched(
    ledger: Ledger, unmatched_deletion: UnmatchedDeletion, changes: ChangeSet, outcome: WatchOutcome
) -> Stepped:
    known = ledger.get(record_key(unmatched_deletion))
    if not _keep_unmatched_deletion(ledger, unmatched_deletion):
        return Stepped(WatchOutcome.DUPLICATE)
    changes.unmatched_deletion(unmatched_deletion)
    if isinstance(known, UnmatchedDeletion):
        changes.unmatched_deletion(known)
    return Stepped(outcome)


def _keep_unmatched_deletion(ledger: Ledger, unmatched_deletion: UnmatchedDeletion) -> bool:
    """Keep a deletion of what is not known, merged with what is kept of it; whether it says anything new."""
    known = ledger.get(record_key(unmatched_deletion))
    if isinstance(known, UnmatchedDeletion):
        noticed = known.noticed.merged(unmatched_deletion.noticed)
        first = min(known, unmatched_deletion, key=lambda each: (each.at_us, each.country))
        last_us = noticed.last_us if noticed.last_us > noticed.first_us else None
        unmatched_deletion = msgspec.structs.replace(first, at_us=noticed.first_us, last_us=last_us)
        if unmatched_deletion == known:
            return False
    ledger.put(unmatched_deletion)
    return True


def withdrawals(ledger: Ledger, entry: Entry) -> tuple[SubjectEvent, ...]:
    """What the deletion of an amplification says to its subject; and that the original is gone, where WATCH alone knows
    whose it was.
    """
    kind, noticed, source = entry.kind, entry.noticed, entry.deletion_source
    if kind not in ("retweet", "quote") or entry.subject in (None, entry.official):
        return ()
    if noticed is None or source is None or entry.subject is None:
        return ()
    withdrawal = SubjectEvent(
        kind="withdrawal",
        platform=entry.platform,
        event_id=entry.post_id,
        at_us=noticed.first_us,
        last_us=noticed.last_us if noticed.last_us > noticed.first_us else None,
        observed_us=entry.observed_us,
        by_official=removal_reason_by_official(ledger, entry),
        subject=Account(id=entry.subject),
        source=source,
        roster_digest=entry.digest,
        subject_is_official=entry.subject_is_official,
        official=Official(id=entry.official, handle=entry.handle, country=entry.country, category=entry.category),
        post_id=entry.original,
        amplified_us=entry.at_us,
        amplification_kind=kind,
    )
    deletion = original_deletion(ledger, entry)
    if deletion is None or entry.original is None:
        return (withdrawal,)
    at_us, where = deletion
    original_gone = SubjectEvent(
        kind="deletion",
        platform=entry.platform,
        event_id=entry.original,
        at_us=at_us,
        subject=withdrawal.subject,
        source=where,
        roster_digest=entry.digest,
        subject_is_official=entry.subject_is_official,
        post_id=entry.original,
    )
    return original_gone, withdrawal


def with_deletion(
    ledger: Ledger, new: Entry, before: Entry | None, changes: ChangeSet, policy: WatchPolicy
) -> tuple[Entry, bool]:
    """The entry with the deletions that waited for it, or that the report in place of which it stands had; and whether
    one of them named no author.
    """
    anonymous = ledger.get(unmatched_deletion_key("", new.platform, new.post_id))
    if before is not None and before.noticed is not None and before.deletion_source is not None:
        waiting = UnmatchedDeletion(
            before.platform,
            before.post_id,
            before.official,
            before.handle,
            before.category,
            before.country,
            before.noticed.first_us,
            before.deletion_source,
            before.noticed.last_us if before.noticed.last_us > before.noticed.first_us else None,
        )
        if not isinstance(anonymous, UnmatchedDeletion) or anonymous.noticed != before.noticed:
            _keep_unmatched_deletion(ledger, waiting)
            changes.unmatched_deletion(waiting)
    with_all = _with_all(ledger, new, [], changes, policy)
    return (new, False) if with_all is None else (with_all, before is None and isinstance(anonymous, UnmatchedDeletion))
