"""What a watch counted, as the ledger keeps it once the watch is over, to outlive the entries it was counted from."""

from msgspec import Struct

from streams.core.gone import RemovalReason
from streams.core.officials import Category
from streams.core.subject_event import Coordinates
from streams.core.watching.aftermath_records import AftermathDeletion, AftermathReference

__all__ = ["DeletionMark", "WatchCounts"]


class DeletionMark(Struct, frozen=True, array_like=True):
    """One deletion that a watch counted, as evidence of an alert."""

    at_us: int
    post_id: str
    official: str
    source: Coordinates


class WatchCounts(Struct, frozen=True, array_like=True, tag="watch_counts"):
    """What a watch found in the ledger from `baseline_us` to `until_us`; kept once it is over, to outlive the entries.

    `keys` are those it looked for. Counts by official are by id; `seen` names each with its handle and category. Of
    very many officials those are named that had amplified the subject, then those with most deletions: what the others
    said and deleted is counted in `other_references` and `other_deletions`. The lists are bounded: `deletion_marks` and
    `reference_times` are the first ones of the watch, by time. `oldest` are the keys of what the ledger forgets first
    of all that it rests on: while they are there, nothing is forgotten.
    """

    platform: str
    country: str
    subject: str
    interval: str
    baseline_us: int
    opened_us: int
    until_us: int
    keys: tuple[str, ...]
    seen: dict[str, tuple[str | None, Category]] = {}
    references: dict[str, int] = {}
    references_before: int = 0
    reference_times: tuple[int, ...] = ()
    listed_references: tuple[AftermathReference, ...] = ()
    deletions: dict[str, int] = {}
    deletions_before: int = 0
    deletions_by_language: dict[str, int] = {}
    deletions_unknown: int = 0
    deletion_marks: tuple[DeletionMark, ...] = ()
    listed_deletions: tuple[AftermathDeletion, ...] = ()
    posts: dict[str, int] = {}
    oldest: tuple[str, ...] = ()
    gone: dict[RemovalReason, int] = {}  # in the watch, what nobody took back
    references_uncertain: int = 0  # of those before, when the account may have been suspended already
    deletions_uncertain: int = 0
    other_references: int = 0
    other_deletions: int = 0

    @property
    def all_references(self) -> int:
        """References in the watch, by whomever."""
        return sum(self.references.values()) + self.other_references

    @property
    def all_deletions(self) -> int:
        """Deletions in the watch, by whomever."""
        return sum(self.deletions.values()) + self.other_deletions
