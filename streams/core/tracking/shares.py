"""Shares: each official's part in a subject's amplifications, what is evicted and what is retained together."""

from collections.abc import Iterable
from typing import Protocol

from msgspec import Struct

from streams.core.subject_event import SubjectEventKind
from streams.core.tracking.subject import SubjectState

__all__ = ["Share", "shares_of"]


class ShareAmplification(Protocol):
    """What is read of a retained amplification, or of one that was taken back."""

    @property
    def at_us(self) -> int: ...
    @property
    def kind(self) -> SubjectEventKind: ...
    @property
    def official(self) -> str: ...


class Share(Struct):
    """One official's amplifications of a subject; times in µs."""

    retweets: int
    quotes: int
    first_us: int
    last_us: int

    @property
    def amplifications(self) -> int:
        """Both kinds together."""
        return self.retweets + self.quotes


def shares_of(state: SubjectState, amplifications: Iterable[ShareAmplification]) -> dict[str, Share]:
    """The share of each amplifying official, by id: in what is evicted and still stands, and in `amplifications`."""
    shares: dict[str, Share] = {}
    if state.evicted_amplifications:
        for official_id, official in state.officials.items():
            if official.first_us is not None and official.last_us is not None:
                shares[official_id] = Share(official.retweets, official.quotes, official.first_us, official.last_us)
    for kept in amplifications:
        share = shares.get(kept.official)
        if share is None:
            share = shares[kept.official] = Share(0, 0, kept.at_us, kept.at_us)
        if kept.kind == "retweet":
            share.retweets += 1
        else:
            share.quotes += 1
        share.first_us = min(share.first_us, kept.at_us)
        share.last_us = max(share.last_us, kept.at_us)
    return shares
