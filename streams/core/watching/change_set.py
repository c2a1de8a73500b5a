"""What a batch of events changed in one State's ledger: enough to tell which of its watches may have changed.

Owns the bookkeeping between WATCH's step and its flush.
"""

from typing import TYPE_CHECKING, NamedTuple

from streams.core.watching.records import AmplifiedAccount, Entry, StandingRecord, SubjectText, UnmatchedDeletion

if TYPE_CHECKING:
    from streams.core.enriched import Alert
    from streams.core.watching.ledger import Ledger
    from streams.core.watching.watch_policy import WatchPolicy

__all__ = ["ChangeSet", "CountryBatch"]


class ChangeSet:
    """Accounts are pairs of platform and id; times are µs.

    `subjects`: those whose standing changed, with the standing before the batch. `texts`: those with a new text.
    `amplified accounts`: accounts taken up or better known, with what was known before the batch and what is known now.
    `deletions`: when something was taken back; a platform of `None` stands for all. `coverage`: spans whose coverage
    changed. `extensions`: by platform, from when on a source extended the span that it sees. `retracted`: alerts that a
    person retracted, as whoever did so has read them.
    """

    __slots__ = (
        "_entries",
        "_posts",
        "_references",
        "amplified_accounts",
        "coverage",
        "deletions",
        "extensions",
        "retracted",
        "subjects",
        "texts",
    )

    def __init__(self) -> None:
        self.subjects: dict[tuple[str, str], StandingRecord | None] = {}
        self.texts: set[tuple[str, str]] = set()
        self.amplified_accounts: dict[tuple[str, str], tuple[AmplifiedAccount | None, AmplifiedAccount]] = {}
        self.deletions: set[tuple[str | None, int]] = set()
        self.coverage: set[tuple[int, int]] = set()
        self.retracted: list[Alert] = []
        self.extensions: dict[str, int] = {}
        # Read where there is a watch, which most batches do not meet.
        self._entries: list[Entry] = []
        self._posts: set[int] = set()
        self._references: dict[tuple[str, str], set[int]] = {}

    def posted(self) -> set[int]:
        """When officials said something."""
        self._read()
        return self._posts

    def references(self) -> dict[tuple[str, str], set[int]]:
        """By platform and key of an account, when something was said that refers to it by that key."""
        self._read()
        return self._references

    def referred(self, platform: str, key: str) -> set[int]:
        """When something was said that refers to an account by this key."""
        self._read()
        return self._references.get((platform, key), set())

    def entry(self, entry: Entry) -> None:
        """An official's post is new, changed or deleted."""
        self._entries.append(entry)
        if entry.deleted_us is not None:
            self.deletions.add((entry.platform, entry.deleted_us))

    def unmatched_deletion(self, unmatched_deletion: UnmatchedDeletion) -> None:
        """A deletion of something unknown is new, or no longer of something unknown."""
        self.deletions.add((None, unmatched_deletion.at_us))

    def covered(self, since_us: int, until_us: int) -> None:
        """What was seen in a span changed."""
        self.coverage.add((since_us, until_us))

    def extended(self, platform: str, from_us: int) -> None:
        """A source that saw up to a time saw on from there."""
        self.extensions[platform] = min(from_us, self.extensions.get(platform, from_us))

    def text(self, text: SubjectText) -> None:
        """A subject's text is new or changed."""
        self.texts.add((text.platform, text.subject))

    def amplified_account(self, before: AmplifiedAccount | None, after: AmplifiedAccount) -> None:
        """More is known of an account that officials took up."""
        key = after.platform, after.subject.id
        self.amplified_accounts[key] = (
            self.amplified_accounts[key][0] if key in self.amplified_accounts else before,
            after,
        )

    def standing(self, before: StandingRecord | None, after: StandingRecord) -> None:
        """TRACK's word on a subject changed."""
        self.subjects.setdefault((after.platform, after.subject.id), before)

    def _read(self) -> None:
        for entry in self._entries:
            self._posts.add(entry.at_us)
            for key in entry.references:
                self._references.setdefault((entry.platform, key), set()).add(entry.at_us)
        self._entries.clear()


class CountryBatch(NamedTuple):
    """One batch in one State's ledger, and how far event time had come before it and has come by now (µs)."""

    ledger: "Ledger"
    policy: "WatchPolicy"
    country: str
    changes: ChangeSet
    watermark_before_us: int
    watermark_us: int
