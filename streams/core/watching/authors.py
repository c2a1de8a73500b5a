"""Whose post a quote quotes where the platform no longer says it: what the State's ledger saw of that post.

An official of the State retweeted or quoted it, wrote it, or the subject posted it itself. By the post's id, never by a
handle. Whichever comes first, the quote or what tells the author, the other waits for it.
"""

from typing import Final

import msgspec
from msgspec import Struct

from streams.core.country_event import CountryEvent
from streams.core.officials import Official
from streams.core.subject_event import SubjectEvent
from streams.core.watching.keys import entry_key, text_key, unattributed_key
from streams.core.watching.ledger import Ledger, record_key
from streams.core.watching.records import Entry, SubjectText, Unattributed
from streams.core.watching.references import post_key
from streams.core.watching.watch_policy import WatchPolicy
from streams.events import Account

__all__ = ["Author", "attributed", "attribution_of", "author_of", "keep_unattributed", "quote_of", "take_unattributed"]

_FOREVER_US: Final = 2**62


class Author(Struct, frozen=True):
    """Whose a post is, and whether that is an official."""

    id: str
    is_official: bool


def attribution_of(event: CountryEvent) -> tuple[str, Author] | None:
    """The post of which an official's retweet or quote says whose it is."""
    if event.subject is None or event.post_id is None:
        return None
    return event.post_id, Author(event.subject.id, event.subject_is_official)


def author_of(ledger: Ledger, country: str, platform: str, post_id: str) -> Author | None:
    """Whose post it is, by what the ledger has of it."""
    own = ledger.get(entry_key(platform, post_id))
    if isinstance(own, Entry) and own.country == country:
        return Author(own.official, is_official=True)
    for entry in ledger.references(country, (post_key(post_id),), 0, _FOREVER_US):
        if entry.platform == platform and entry.subject is not None and entry.original == post_id:
            return Author(entry.subject, entry.subject_is_official)
    text = ledger.get(text_key(country, platform, post_id))
    return Author(text.subject, is_official=False) if isinstance(text, SubjectText) else None


def attributed(entry: Entry, author: Author) -> Entry:
    """The quote with whom it quotes; a quote of itself has no subject."""
    if entry.subject is not None or entry.original is None or author.id == entry.official:
        return entry
    references = tuple(sorted({*entry.references, f"i:{author.id}", post_key(entry.original)}))
    return msgspec.structs.replace(
        entry, subject=author.id, subject_is_official=author.is_official, references=references
    )


def keep_unattributed(ledger: Ledger, quote: Entry, policy: WatchPolicy) -> None:
    """Let a quote wait for whoever tells whose post it quotes."""
    if quote.original is None:
        return
    known = ledger.get(unattributed_key(quote.country, quote.platform, quote.original))
    at_us, quotes = (known.at_us, known.quotes) if isinstance(known, Unattributed) else (0, ())
    waiting = tuple(sorted({*quotes, quote.post_id})[: policy.unattributed])
    ledger.put(Unattributed(quote.platform, quote.original, quote.country, max(at_us, quote.at_us), waiting))


def take_unattributed(ledger: Ledger, country: str, platform: str, post_id: str) -> list[Entry]:
    """The quotes that waited to hear whose post that is."""
    waiting = ledger.get(unattributed_key(country, platform, post_id))
    if not isinstance(waiting, Unattributed):
        return []  # by far the most
    ledger.discard(record_key(waiting))
    entries = (ledger.get(entry_key(platform, quote)) for quote in waiting.quotes)
    return [
        entry
        for entry in entries
        if isinstance(entry, Entry) and (entry.country, entry.kind, entry.original) == (country, "quote", post_id)
    ]


def quote_of(entry: Entry) -> tuple[SubjectEvent, CountryEvent] | None:
    """What an attributed quote says to its subject, and the same as SCREEN would have said it to the State."""
    if entry.subject is None:
        return None
    official = Official(id=entry.official, handle=entry.handle, country=entry.country, category=entry.category)
    subject = Account(id=entry.subject)
    to_subject = SubjectEvent(
        kind="quote",
        platform=entry.platform,
        event_id=entry.post_id,
        at_us=entry.at_us,
        subject=subject,
        source=entry.source,
        roster_digest=entry.digest,
        subject_is_official=entry.subject_is_official,
        official=official,
        post_id=entry.original,
        observed_us=entry.observed_us,
    )
    to_country = CountryEvent(
        kind="post",
        country=entry.country,
        platform=entry.platform,
        event_id=entry.post_id,
        at_us=entry.at_us,
        source=entry.source,
        roster_digest=entry.digest,
        official=official,
        post_kind="quote",
        text=entry.text,
        subject=subject,
        subject_is_official=entry.subject_is_official,
        post_id=entry.original,
    )
    return to_subject, to_country
