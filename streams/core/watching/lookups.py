"""The keys that the step of an event looks up, known before it runs: a store reads them together.

Nothing depends on the list being whole: what is not on it is read when it is asked for.
"""

from collections.abc import Iterable, Iterator

from streams.core.country_event import CountryEvent
from streams.core.watching.keys import (
    amplified_account_key,
    country_corrected_key,
    country_recount_key,
    entry_key,
    notices_key,
    original_key,
    published_hashes_key,
    seen_since_key,
    standing_key,
    text_key,
    unattributed_key,
    unmatched_deletion_key,
    version_key,
)

__all__ = ["keys_to_read"]


def keys_to_read(events: Iterable[CountryEvent]) -> Iterator[bytes]:
    """The keys that officials' posts among the events look up, in their order."""
    countries: set[str] = set()
    for event in events:
        official = event.official
        if event.kind != "post" or official is None:
            continue
        country, platform, post_id = event.country, event.platform, event.event_id
        if country not in countries:
            countries.add(country)
            yield country_recount_key(country)
            yield country_corrected_key(country)
        yield entry_key(platform, post_id)
        for version in event.versions:
            yield from _of_version(country, platform, version, official.id)
        yield unattributed_key(country, platform, post_id)
        yield unmatched_deletion_key(official.id, platform, post_id)
        yield unmatched_deletion_key("", platform, post_id)
        yield notices_key(country, platform, official.id)
        yield published_hashes_key(country, platform, official.id)
        for version in event.original_versions:
            author = official.id if event.subject is None else event.subject.id
            yield from _of_version(country, platform, version, author)
        if event.subject is not None:
            yield amplified_account_key(country, platform, event.subject.id)
            yield standing_key(country, platform, event.subject.id)
            yield seen_since_key(country, platform)
        if event.post_id is not None:
            yield unattributed_key(country, platform, event.post_id)
            yield text_key(country, platform, event.post_id)


def _of_version(country: str, platform: str, version: str, author: str) -> Iterator[bytes]:
    yield version_key(country, platform, version)
    yield version_key("", platform, version)
    yield entry_key(platform, version)
    yield unmatched_deletion_key(author, platform, version)
    yield unmatched_deletion_key("", platform, version)
    yield original_key(country, platform, version)
