"""Why an official's posts are gone, by what the ledger knows of the originals and of the official's account.

Worked out when a watch is counted, never kept: whatever comes late only has to say which deletions it may concern.
"""

from collections.abc import Iterator
from operator import itemgetter
from typing import Final

from streams.core.gone import (
    FOLLOWS_US,
    LOOK_BACK_US,
    Absence,
    RemovalReason,
    Sightings,
    absences_of,
    capped_absences,
    was_gone_at,
)
from streams.core.subject_event import Coordinates
from streams.core.watching.keys import entry_key, notices_key, original_key, standing_key, unmatched_deletion_key
from streams.core.watching.ledger import Ledger
from streams.core.watching.records import Entry, OfficialNotices, OriginalGone, StandingRecord, UnmatchedDeletion

__all__ = [
    "concerned_by_account",
    "concerned_by_deletion",
    "concerned_by_notices",
    "concerned_by_original",
    "concerned_by_post",
    "original_deletion",
    "removal_reason_by_official",
    "removal_reason_of",
]

_NEVER_SEEN: Final = Sightings(())
_FOREVER_US: Final = 2**62


def removal_reason_of(ledger: Ledger, entry: Entry) -> RemovalReason | None:
    """Why a post of the ledger is gone; `None` where it is not."""
    since_us = entry.deleted_us
    if since_us is None:
        return None
    doubts = False
    if entry.kind == "retweet" and entry.subject is not None:
        standing_record = ledger.get(standing_key(entry.country, entry.platform, entry.subject))
        with_account = (
            was_gone_at(standing_record.standing.absences, since_us)
            if isinstance(standing_record, StandingRecord)
            else False
        )
        original_us = _original_us(ledger, entry)
        if with_account or (original_us is not None and original_us <= since_us):
            return RemovalReason.WITH_ORIGINAL
        doubts = with_account is None or (original_us is not None and original_us <= since_us + LOOK_BACK_US)
    by_official = removal_reason_by_official(ledger, entry)
    if by_official is RemovalReason.UNKNOWN or (doubts and by_official is None):
        return RemovalReason.UNKNOWN
    return by_official or RemovalReason.TAKEN_BACK


def removal_reason_by_official(ledger: Ledger, entry: Entry) -> RemovalReason | None:
    """Whether its author's own account was gone when the post was, or may have been; `None` where it was not."""
    since_us = entry.deleted_us
    known = ledger.get(notices_key(entry.country, entry.platform, entry.official))
    if since_us is None or not isinstance(known, OfficialNotices):
        return None
    spans = capped_absences(absences_of(known.notices, _NEVER_SEEN))
    was_gone = was_gone_at(spans, since_us)
    if was_gone is False:
        return None
    span = next(span for span in reversed(spans) if span.doubtful_us <= since_us)
    # Whoever posts is there: after the deletion and before the notice, or between the notice and the deletion.
    first_us, last_us = (span.from_us + 1, since_us + 1) if was_gone else (since_us, span.from_us)
    if ledger.posts_of(entry.country, (entry.official,), first_us, last_us):
        return None
    return RemovalReason.WITH_OFFICIAL if was_gone else RemovalReason.UNKNOWN


def concerned_by_account(
    ledger: Ledger, standing_record: StandingRecord, before: tuple[Absence, ...]
) -> Iterator[Entry]:
    """Retweets of an account that are gone, and may have another reason now that its absences were others `before`."""
    spans = {*standing_record.standing.absences}.symmetric_difference(before)
    if not spans:
        return
    first_us = min(span.doubtful_us for span in spans)
    for entry in ledger.deletions(standing_record.country, first_us, _FOREVER_US):
        if (entry.kind, entry.platform, entry.subject) == (
            "retweet",
            standing_record.platform,
            standing_record.subject.id,
        ):
            yield entry


def concerned_by_original(ledger: Ledger, gone: OriginalGone) -> Iterator[Entry]:
    """Retweets of a deleted post that are gone."""
    for entry in ledger.retweets_gone(gone.platform, gone.post_id):
        if entry.country == gone.country:
            yield entry


def original_deletion(ledger: Ledger, entry: Entry) -> tuple[int, Coordinates] | None:
    """Since when (µs) what an entry passes on is gone, and where that stands, by the first deletion that names nobody
    or an official of the same State: what SCREEN cannot tell the subject of.
    """
    if entry.kind != "retweet" or entry.original is None:
        return None
    found = []
    for author in ("", entry.subject or ""):
        waiting = ledger.get(unmatched_deletion_key(author, entry.platform, entry.original))
        if isinstance(waiting, UnmatchedDeletion) and waiting.country in (entry.country, ""):
            found.append((waiting.at_us, waiting.source))
    post = ledger.get(entry_key(entry.platform, entry.original))
    if (
        isinstance(post, Entry)
        and (post.country, post.official) == (entry.country, entry.subject)
        and post.noticed is not None
        and post.deletion_source is not None
    ):
        found.append((post.noticed.first_us, post.deletion_source))
    return min(found, key=itemgetter(0), default=None)


def concerned_by_deletion(ledger: Ledger, deletion: UnmatchedDeletion) -> Iterator[Entry]:
    """Retweets that are gone of a post that is, in the States of which the deletion says it."""
    for entry in ledger.retweets_gone(deletion.platform, deletion.post_id):
        if not deletion.official or (entry.country, entry.subject) == (deletion.country, deletion.official):
            yield entry


def concerned_by_notices(ledger: Ledger, before: OfficialNotices, after: OfficialNotices) -> Iterator[Entry]:
    """Posts of an official that are gone in the spans that are others by more of its account's notices: an earlier one
    that comes late moves the beginning of what others told.
    """
    spans, others = (set(capped_absences(absences_of(each.notices, _NEVER_SEEN))) for each in (before, after))
    for span in sorted(spans ^ others, key=_doubtful_us):
        until_us = _FOREVER_US if span.until_us is None else span.until_us
        for entry in ledger.deletions(after.country, span.doubtful_us, until_us):
            if (entry.platform, entry.official) == (after.platform, after.official):
                yield entry


def concerned_by_post(ledger: Ledger, platform: str, country: str, official: str, at_us: int) -> Iterator[Entry]:
    """Posts of an official that are gone around a time, of which a notice of its account, or a post, tells."""
    for entry in ledger.deletions(country, at_us - LOOK_BACK_US, at_us + FOLLOWS_US + 1):
        if (entry.platform, entry.official) == (platform, official):
            yield entry


def _doubtful_us(span: Absence) -> int:
    return span.doubtful_us


def _original_us(ledger: Ledger, entry: Entry) -> int | None:
    if entry.original is None:
        return None
    known = ledger.get(original_key(entry.country, entry.platform, entry.original))
    deletion = original_deletion(ledger, entry)
    times = [] if deletion is None else [deletion[0]]
    if isinstance(known, OriginalGone):
        times.append(known.at_us)
    return min(times, default=None)
