"""Versions of edited posts in the ledger: a report of a post, or of what it passes on or quotes, names its other ids.

A deletion that came before, under one of these, is applied again under the id of the post. So nothing depends on which
of the two came first.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from streams.core.country_event import CountryEvent
from streams.core.officials import Official
from streams.core.watching.change_set import ChangeSet
from streams.core.watching.deletion_step import apply_anonymous, apply_named, apply_subject_deletion, deletion_of
from streams.core.watching.keys import original_key, unmatched_deletion_key
from streams.core.watching.ledger import Ledger, record_key
from streams.core.watching.records import OriginalGone, PostVersion, UnmatchedDeletion
from streams.core.watching.versions import first_version
from streams.core.watching.watch_outcome import Stepped
from streams.core.watching.watch_policy import WatchPolicy
from streams.events import Account

__all__ = ["apply_versions"]


def apply_versions(
    ledger: Ledger, event: CountryEvent, official: Official, changes: ChangeSet, policy: WatchPolicy
) -> list[Stepped]:
    """What follows from deletions that an official's post ties, by the versions it names."""
    own_account = Account(id=official.id, handle=official.handle)
    own = _of_one_post(ledger, event, event.event_id, event.versions, own_account, changes, policy)
    if event.post_id is None or event.author_unknown:  # whoever does not know the author ties no deletion of his
        return own
    author = event.subject or own_account  # of one that passes on or quotes itself no subject is told
    return own + _of_one_post(ledger, event, event.post_id, event.original_versions, author, changes, policy)


def _of_one_post(
    ledger: Ledger,
    event: CountryEvent,
    post_id: str,
    versions: Iterable[str],
    author: Account,
    changes: ChangeSet,
    policy: WatchPolicy,
) -> list[Stepped]:
    """Keep which post the versions are of; what waits under one of them waits under the post's id from here on."""
    country, platform = event.country, event.platform
    stepped: list[Stepped] = []
    for version in versions:
        _keep(ledger, event, country, version, post_id, author.id)
        if version != first_version(ledger, country, platform, version) == post_id:
            waiting = ledger.get(unmatched_deletion_key(author.id, platform, version))
            if isinstance(waiting, UnmatchedDeletion) and waiting.country == country:
                _discard(ledger, waiting, changes)
                stepped.append(apply_named(ledger, replace(waiting, post_id=post_id), changes, policy))
            gone = ledger.get(original_key(country, platform, version))
            if isinstance(gone, OriginalGone):
                ledger.discard(record_key(gone))
                found = replace(event, kind="subject_deletion", subject=author, post_id=post_id, at_us=gone.at_us)
                moved = apply_subject_deletion(ledger, found, changes)
                said = deletion_of(found, author, post_id)
                stepped.append(replace(moved, events=(*moved.events, said)))
        _keep(ledger, event, "", version, post_id, author.id)
        if version != first_version(ledger, "", platform, version) == post_id:
            waiting = ledger.get(unmatched_deletion_key("", platform, version))
            if isinstance(waiting, UnmatchedDeletion):
                _discard(ledger, waiting, changes)
                stepped.append(apply_anonymous(ledger, replace(waiting, post_id=post_id), changes, policy))
    return stepped


def _keep(ledger: Ledger, event: CountryEvent, country: str, version: str, post_id: str, author: str) -> None:
    if version == post_id:
        return
    at_us = event.at_us if event.observed_us is None else max(event.at_us, event.observed_us)
    new = PostVersion(event.platform, version, country, post_id, author, at_us)
    known = ledger.get(record_key(new))
    if isinstance(known, PostVersion):  # of posts that both claim it one has it, whichever came first
        first_id, its_author = min((known.post_id, known.author), (post_id, author))
        new = replace(new, post_id=first_id, author=its_author, at_us=max(known.at_us, at_us))
    if new != known:
        ledger.put(new)


def _discard(ledger: Ledger, waiting: UnmatchedDeletion, changes: ChangeSet) -> None:
    ledger.discard(record_key(waiting))
    changes.unmatched_deletion(waiting)
