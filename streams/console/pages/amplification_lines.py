"""Amplifications as lines of a page: who, when, the post, and the kept event behind each."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from streams.console.store.paging import every_row
from streams.console.store.reading import Store
from streams.console.store.results import EventRow
from streams.core.enriched import Amplification
from streams.core.officials import Official
from streams.core.platforms import post_link
from streams.core.subject_event import Coordinates, subject_key
from streams.events import Account

__all__ = ["AmplificationLine", "all_amplifications", "amplification_lines", "kept_hashes"]

_PAGE: Final = 500


class AmplificationLine(Struct, frozen=True, kw_only=True):
    """One amplification."""

    id: str
    """The id of the retweet, or of the quoting post."""
    kind: str
    """Retweet or quote."""
    at: datetime
    """When the official did it."""
    official: Official
    """Who did it, as of that time."""
    official_key: str
    """The same as `platform:id`."""
    subject: Account
    """Whose post it was."""
    subject_key: str
    """The same as `platform:id`."""
    post_id: str | None
    """The post of the account; null where that is not known."""
    link: str | None
    """Where people could see it; nothing says that it is still there."""
    shown_id: str
    """The id of the post that the link leads to: the official's own, or the account's where a repost has no page."""
    sha256: str | None
    """The hash of the kept event, which names its page; null where it is not kept."""
    source: Coordinates
    """Where the raw event stood."""


def amplification_lines(store: Store, amplifications: Sequence[Amplification]) -> tuple[AmplificationLine, ...]:
    """The lines, in the same order."""
    by_platform: dict[str, list[str]] = {}
    for each in amplifications:
        by_platform.setdefault(each.platform, []).append(each.id)
    hashes = {platform: kept_hashes(store.events(platform, ids)) for platform, ids in by_platform.items()}
    return tuple(_line(each, hashes[each.platform].get(each.id)) for each in amplifications)


def kept_hashes(by_id: Mapping[str, Sequence[EventRow]]) -> dict[str, str]:
    """The hash of one copy of each kept event, by id; of several the first."""
    return {event_id: copies[0].sha256 for event_id, copies in by_id.items() if copies}


def all_amplifications(store: Store, key: str, official: str | None = None) -> Iterator[Amplification]:
    """Every amplification of an account that is kept, the newest first."""
    return every_row(lambda page: store.amplifications(key, page, official), _PAGE)


def _line(each: Amplification, sha256: str | None) -> AmplificationLine:
    official = each.official
    link, shown_id = post_link(each.platform, official.id, official.handle, each.id), each.id
    if link is None and each.post_id is not None:  # a repost has no page of its own
        link, shown_id = post_link(each.platform, each.subject.id, each.subject.handle, each.post_id), each.post_id
    return AmplificationLine(
        id=each.id,
        kind=each.kind,
        at=each.at,
        official=official,
        official_key=subject_key(each.platform, official.id),
        subject=each.subject,
        subject_key=subject_key(each.platform, each.subject.id),
        post_id=each.post_id,
        link=link,
        shown_id=shown_id,
        sha256=sha256,
        source=each.source,
    )
