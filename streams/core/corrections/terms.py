"""By what an event of the evidence is found again: 64-bit terms of the accounts, posts and sites that it names.

Two things may share a term: whoever looks something up by one looks at what is found.
"""

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from itertools import chain
from typing import Final

from streams.core.corrections.affected_subjects import engaged_by
from streams.core.country_event import STATE_TEXT
from streams.core.rosters.hosts import link_host
from streams.core.rosters.roster import handle_key
from streams.core.screening.country_reports import retweeted_text
from streams.core.texts.fingerprints import fingerprints
from streams.events import Account, Coverage, Deletion, Event, Post, Retweet, Suspension

__all__ = [
    "COVERAGE",
    "PRINT_MASK",
    "SUSPENSION",
    "account_term",
    "handle_term",
    "handles_of",
    "host_term",
    "post_term",
    "posts_of",
    "prints_of",
    "terms_of",
]

PRINT_MASK: Final = 2**32 - 1
"""Of a fingerprint as much is kept as finds it: what else has the same bits is looked at for nothing."""


def _term(kind: bytes, platform: str, name: str) -> int:
    text = f"{platform}\0{name}".encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=8, person=kind).digest(), signed=True)


COVERAGE: Final = _term(b"coverage", "", "")
"""Of everything that says what a source saw."""


SUSPENSION: Final = _term(b"suspension", "", "")
"""Of everything that says whether an account is suspended."""


def account_term(platform: str, account_id: str) -> int:
    """Of every event that names the account, whatever its part."""
    return _term(b"account", platform, account_id)


def post_term(platform: str, post_id: str) -> int:
    """Of a post or retweet, and of what quotes it, passes it on or says that it is gone."""
    return _term(b"post", platform, post_id)


def host_term(host: str) -> int:
    """Of posts that link to a site, or to one below it."""
    return _term(b"host", "", host)


def handle_term(platform: str, handle: str) -> int:
    """Of a handle, however it is written."""
    return _term(b"handle", platform, handle_key(handle))


def terms_of(event: Event) -> set[int]:
    """All terms of an event."""
    if isinstance(event, Coverage):
        return {COVERAGE}
    platform = event.platform
    found = {account_term(platform, account.id) for account in _accounts(event)}
    found.update(post_term(platform, post_id) for post_id in posts_of(event))
    if isinstance(event, Suspension):
        found.add(SUSPENSION)
    if isinstance(event, Post):
        for host in filter(None, map(link_host, event.links)):
            labels = host.split(".")
            found.update(host_term(".".join(labels[start:])) for start in range(len(labels) - 1))
    return found


def posts_of(event: Event) -> Iterator[str]:
    """The ids of the posts that an event is, or is about."""
    if isinstance(event, Post | Retweet):
        yield event.id
        yield from event.versions
    if isinstance(event, Deletion):
        yield event.post_id
    if isinstance(event, Retweet) and event.post_id is not None:
        yield event.post_id
    if isinstance(event, Post) and event.quotes is not None:
        yield event.quotes.post_id
        yield from event.quotes.versions


def handles_of(event: Event) -> set[tuple[int, int]]:
    """Which handle each account has that an event names: as terms of both."""
    if isinstance(event, Coverage):
        return set()
    platform = event.platform
    return {
        (handle_term(platform, account.handle), account_term(platform, account.id))
        for account in _accounts(event)
        if account.handle
    }


def prints_of(event: Event) -> Iterable[int]:
    """The fingerprints, of 32 bits, of the text that an event brings."""
    if isinstance(event, Post):
        text = event.text[:STATE_TEXT]
    elif isinstance(event, Retweet):
        text = retweeted_text(event)
    else:
        return ()
    return [each & PRINT_MASK for each in fingerprints(text)] if text else ()


def _accounts(event: Event) -> Iterator[Account]:
    actor = None if isinstance(event, Coverage) else event.actor
    return chain(() if actor is None else (actor,), engaged_by(event))
