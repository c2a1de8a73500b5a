"""Which id an official posts under: published for SCREEN, since a deletion names an id and no handle.

The roster may know an official by handle alone. Whether it does is SCREEN's business: every official's id is
published once for each handle.
"""

from functools import lru_cache
from typing import Final

import msgspec

from streams.core.clock import DAY_US
from streams.core.content_hash import content_hash
from streams.core.country_event import CountryEvent
from streams.core.rosters.roster import handle_key
from streams.core.tracked import TrackedAccount
from streams.core.watching.keys import published_hashes_key
from streams.core.watching.ledger import Ledger
from streams.core.watching.records import PublishedHashes

__all__ = ["new_official_account", "official_account_only"]

# Names of hashes that no alert or aftermath has: those are 32 hex digits.
_MONTH: Final = "official-month"
_HANDLE: Final = "official-handle"
_MONTH_US: Final = 30 * DAY_US  # a note more each day would be a record of the changelog more for each official


def new_official_account(ledger: Ledger, event: CountryEvent) -> TrackedAccount | None:
    """The id of the author of an official's post, unless it was published already. Noted in the ledger. Of several
    handles that of the newest month stands; of one month a fixed one, so that order does not matter."""
    official = event.official
    if official is None or not official.handle:
        return None
    known = ledger.get(published_hashes_key(event.country, event.platform, official.id))
    published = (
        known if isinstance(known, PublishedHashes) else PublishedHashes(event.platform, event.country, official.id, {})
    )
    digest = _digest(official.handle)
    newest = (event.at_us // _MONTH_US, digest)
    before = (published.hashes.get(_MONTH, -1), published.hashes.get(_HANDLE, 0))
    if newest <= before:
        return None
    ledger.put(msgspec.structs.replace(published, hashes={**published.hashes, _MONTH: newest[0], _HANDLE: digest}))
    return (
        None if digest == before[1] else TrackedAccount(platform=event.platform, id=official.id, handle=official.handle)
    )


def official_account_only(published: PublishedHashes) -> PublishedHashes | None:
    """What is left when its watches are forgotten: under which handle its id was published, if it is an official."""
    hashes = {name: published.hashes[name] for name in (_MONTH, _HANDLE) if name in published.hashes}
    return msgspec.structs.replace(published, hashes=hashes, successors={}) if hashes else None


@lru_cache(maxsize=10_000)  # a roster's handles; asked for with each of their posts
def _digest(handle: str) -> int:
    return content_hash(handle_key(handle))
