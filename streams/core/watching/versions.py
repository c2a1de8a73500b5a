"""Versions of edited posts: each has an id of its own on X, and all of them are one post, under the id of the first."""

from streams.core.watching.keys import entry_key, version_key
from streams.core.watching.ledger import Ledger
from streams.core.watching.records import Entry, PostVersion

__all__ = ["first_version"]


def first_version(ledger: Ledger, country: str, platform: str, post_id: str, deleted_by: str | None = None) -> str:
    """The id of the post of which this is a version, as far as the State's ledger knows; otherwise `post_id` itself.

    What is in the ledger as a post of its own, from a source that tells no versions, stays one. So does what somebody
    else than the author is said to have deleted: no report of the post would find that deletion.
    """
    known = ledger.get(version_key(country, platform, post_id))
    if not isinstance(known, PostVersion) or isinstance(ledger.get(entry_key(platform, post_id)), Entry):
        return post_id
    return known.post_id if deleted_by in (None, known.author) else post_id
