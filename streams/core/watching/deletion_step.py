"""Deletions in the ledger: which post an official took back, whichever of the two arrives first.

Only the author's deletion of a post of the ledger's days counts, and of several the earliest. Any other is kept as an
orphan: counted, and known again if its post comes.
"""

import msgspec

from streams.core.clock import DAY_US
from streams.core.officials import Official
from streams.core.state_event import StateEvent
from streams.core.subject_event import SubjectEvent
from streams.core.watching.ledger import Entry, Ledger, Orphan, entry_key, orphan_key, record_key
from streams.core.watching.touched import Touched
from streams.core.watching.watch_policy import WatchPolicy
from streams.core.watching.watched import Stepped, Watched
from streams.events import Account

__all__ = ["apply_deletion", "with_deletion", "withdrawals"]


def apply_deletion(
    ledger: Ledger, event: StateEvent, official: Official, touched: Touched, policy: WatchPolicy
) -> Stepped:
    """An official took a post back, or somebody else's."""
    if event.post_id is None:
        return Stepped(Watched.REFUSED)
    orphan = Orphan(
        event.platform,
        event.post_id,
        official.id,
        official.handle,
        official.category,
        event.state,
        event.at_us,
        event.source,
    )
    entry = ledger.get(entry_key(event.platform, event.post_id))
    if not isinstance(entry, Entry) or entry.state != event.state:
        return _kept_as_orphan(ledger, orphan, touched, Watched.UNKNOWN_POST)
    if entry.official != official.id:
        return _kept_as_orphan(ledger, orphan, touched, Watched.NOT_THE_AUTHOR)
    if entry.deleted_us is not None and entry.deleted_us <= event.at_us:
        return Stepped(Watched.DUPLICATE)
    if not _in_time(entry, event.at_us, policy):
        return _kept_as_orphan(ledger, orphan, touched, Watched.TOO_OLD)
    waiting = ledger.get(record_key(orphan))
    if isinstance(waiting, Orphan):
        ledger.discard(record_key(orphan))
        touched.orphan(waiting)
    touched.entry(entry)
    entry = msgspec.structs.replace(entry, deleted_us=event.at_us, deletion_source=event.source)
    ledger.put(entry)
    touched.entry(entry)
    return Stepped(Watched.APPLIED, withdrawals(entry))


def _kept_as_orphan(ledger: Ledger, orphan: Orphan, touched: Touched, outcome: Watched) -> Stepped:
    known = ledger.get(record_key(orphan))
    if not _keep_orphan(ledger, orphan):
        return Stepped(Watched.DUPLICATE)
    touched.orphan(orphan)
    if isinstance(known, Orphan):
        touched.orphan(known)
    return Stepped(outcome)


def _keep_orphan(ledger: Ledger, orphan: Orphan) -> bool:
    """Keep a deletion of what is not known, unless an earlier one by the same official is kept."""
    known = ledger.get(record_key(orphan))
    if isinstance(known, Orphan) and (known.at_us, known.state) <= (orphan.at_us, orphan.state):
        return False
    ledger.put(orphan)
    return True


def _in_time(entry: Entry, deleted_us: int, policy: WatchPolicy) -> bool:
    return entry.at_us >= deleted_us - policy.ledger_days * DAY_US


def withdrawals(entry: Entry) -> tuple[SubjectEvent, ...]:
    """What the deletion of an amplification says to its subject."""
    kind, deleted_us, source = entry.kind, entry.deleted_us, entry.deletion_source
    if kind not in ("retweet", "quote") or entry.subject in (None, entry.official):
        return ()
    if deleted_us is None or source is None or entry.subject is None:
        return ()
    return (
        SubjectEvent(
            kind="withdrawal",
            platform=entry.platform,
            event_id=entry.post_id,
            at_us=deleted_us,
            subject=Account(id=entry.subject),
            source=source,
            roster_digest=entry.digest,
            subject_is_official=entry.subject_is_official,
            official=Official(id=entry.official, handle=entry.handle, state=entry.state, category=entry.category),
            post_id=entry.original,
            amplified_us=entry.at_us,
            amplification_kind=kind,
        ),
    )


def with_deletion(ledger: Ledger, new: Entry, before: Entry | None, touched: Touched, policy: WatchPolicy) -> Entry:
    """The entry with the deletion that waited for it, or that the report in place of which it stands had."""
    if before is not None and before.deleted_us is not None and before.deletion_source is not None:
        waiting = Orphan(
            before.platform,
            before.post_id,
            before.official,
            before.handle,
            before.category,
            before.state,
            before.deleted_us,
            before.deletion_source,
        )
        _keep_orphan(ledger, waiting)
        touched.orphan(waiting)
    orphan = ledger.get(orphan_key(new.official, new.platform, new.post_id))
    if not isinstance(orphan, Orphan) or not _in_time(new, orphan.at_us, policy) or orphan.state != new.state:
        return new
    ledger.discard(record_key(orphan))
    touched.orphan(orphan)
    return msgspec.structs.replace(new, deleted_us=orphan.at_us, deletion_source=orphan.source)
