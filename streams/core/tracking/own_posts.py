"""A subject's own posts, as far as they are evidence: those that link to official domains, those that share texts.

Owns what is kept of them, bounded: the newest one by one, the others as totals.
"""

from bisect import insort
from collections import Counter
from operator import attrgetter
from typing import Final

from msgspec import Struct, field

from streams.core.subject_event import SubjectEvent

__all__ = ["BEST_MATCHES", "LinkingPost", "MatchingPost", "OwnPosts", "keep_link", "keep_match"]

BEST_MATCHES: Final = 5
"""How many matching posts a dossier shows."""
# Domains of the roster that a subject's totals tell apart, and domains of one post: the largest rosters we know have
# some dozens. What is beyond counts as a post all the same.
_DOMAINS: Final = 256
_DOMAINS_OF_A_POST: Final = 20


class LinkingPost(Struct, array_like=True):
    """A post of the subject and the roster's domains that it links to, in the order of the alphabet."""

    at_us: int
    event_id: str
    domains: tuple[str, ...]


class MatchingPost(Struct, array_like=True):
    """A post of the subject and the official post that shares most with its text: `shared` of `of` fingerprints."""

    at_us: int
    event_id: str
    official: str
    handle: str | None
    post_id: str
    matched_us: int
    shared: int
    of: int

    @property
    def rank(self) -> tuple[int, int, str, str, str, int]:
        """The smaller the better: shares more, then with an earlier post, then whatever is the same everywhere."""
        return -self.shared, self.matched_us, self.post_id, self.official, self.handle or "", self.of


class OwnPosts(Struct, array_like=True):
    """What is kept of a subject's own posts. Lists are in the order of (time, id).

    `links` and `matches` are the newest ones, `evicted_…` count those that had to leave; `domains` are the totals of
    the former, `best` the best of the latter.
    """

    links: list[LinkingPost] = field(default_factory=list)
    evicted_links: int = 0
    domains: dict[str, int] = field(default_factory=dict)
    matches: list[MatchingPost] = field(default_factory=list)
    evicted_matches: int = 0
    best: list[MatchingPost] = field(default_factory=list)

    @property
    def linking(self) -> int:
        """Posts that link to a domain of the roster."""
        return len(self.links) + self.evicted_links

    @property
    def matching(self) -> int:
        """Posts whose text an official post shares."""
        return len(self.matches) + self.evicted_matches

    def by_domain(self) -> Counter[str]:
        """How many posts link to each domain."""
        counts = Counter(self.domains)
        for post in self.links:
            counts.update(post.domains)
        return counts

    def best_matches(self) -> list[MatchingPost]:
        """The posts that share most, best first."""
        return _best([*self.best, *self.matches])


_order: Final = attrgetter("at_us", "event_id")


def keep_link(own: OwnPosts, event: SubjectEvent, bound: int) -> bool | None:
    """Keep a post that links; true if it is new, false if it is known, `None` if it is too old to tell.

    Of several reports the earliest time stands, and every domain that any of them names.
    """
    known = next((post for post in own.links if post.event_id == event.event_id), None)
    post = LinkingPost(event.at_us, event.event_id, tuple(sorted(set(event.domains))[:_DOMAINS_OF_A_POST]))
    if known is not None:
        own.links.remove(known)
        post.at_us = min(post.at_us, known.at_us)
        post.domains = tuple(sorted({*post.domains, *known.domains})[:_DOMAINS_OF_A_POST])
    elif own.evicted_links and _order(post) < _order(own.links[0]):
        return None
    insort(own.links, post, key=_order)
    while len(own.links) > bound:
        left = own.links.pop(0)
        own.evicted_links += 1
        for domain in left.domains:
            if domain in own.domains or len(own.domains) < _DOMAINS:
                own.domains[domain] = own.domains.get(domain, 0) + 1
    return known is None


def keep_match(own: OwnPosts, post: MatchingPost, bound: int) -> bool | None:
    """Keep a post that shares a text; true if it is new, false if it is known, `None` if it is too old to tell.

    Of several reports of one post the earliest time stands, and the official post that shares most.
    """
    known = next((each for each in own.matches if each.event_id == post.event_id), None)
    if known is not None:
        own.matches.remove(known)
        earliest_us = min(post.at_us, known.at_us)
        post = min(post, known, key=lambda each: each.rank)
        post.at_us = earliest_us
    elif own.evicted_matches and _order(post) < _order(own.matches[0]):
        return None
    insort(own.matches, post, key=_order)
    while len(own.matches) > bound:
        own.best = _best([*own.best, own.matches.pop(0)])
        own.evicted_matches += 1
    return known is None


def _best(posts: list[MatchingPost]) -> list[MatchingPost]:
    return sorted(posts, key=lambda post: (*post.rank, post.at_us, post.event_id))[:BEST_MATCHES]
