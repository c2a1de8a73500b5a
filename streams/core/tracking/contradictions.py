"""Posts of which copies name different accounts as passed on or quoted: which of them is right, nobody can tell alone.

A retweet names one account and a poorer copy of it may name another: the one that the retweeted post quoted.
"""

from collections.abc import Iterable

from msgspec import Struct

from streams.core.enriched import Amplification
from streams.core.subject_event import STRENGTHS

__all__ = ["Contradiction", "contradictions_of"]


class Contradiction(Struct, frozen=True, kw_only=True):
    """One post that counts for several accounts, those of the copies that tell most first; by `platform:id`."""

    platform: str
    post_id: str
    accounts: tuple[str, ...]


def contradictions_of(amplifications: Iterable[Amplification]) -> tuple[Contradiction, ...]:
    """All of a run, in the order of their ids, whatever the order of the copies."""
    first: dict[tuple[str, str], Amplification] = {}
    several: dict[tuple[str, str], list[Amplification]] = {}
    for each in amplifications:
        key = each.platform, each.id
        known = first.setdefault(key, each)
        if known is not each:
            several.setdefault(key, [known]).append(each)
    found = []
    for (platform, post_id), copies in sorted(several.items()):
        copies.sort(key=lambda copy: (-STRENGTHS[copy.kind], copy.subject.id))
        accounts = tuple(dict.fromkeys(f"{platform}:{copy.subject.id}" for copy in copies))
        if len(accounts) > 1:
            found.append(Contradiction(platform=platform, post_id=post_id, accounts=accounts))
    return tuple(found)
