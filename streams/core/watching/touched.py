"""What a batch of events touched in one State's ledger: enough to tell which of its watches may have changed.

Owns the bookkeeping between WATCH's step and its conclusion. Knows nothing of figures.
"""

from streams.core.watching.ledger import Entry, Orphan, Stood, SubjectText, Uptake

__all__ = ["Touched"]


class Touched:
    """Accounts are pairs of platform and id; times are µs.

    `subjects`: those whose standing changed, with the standing before the batch. `texts`: those with a new text.
    `uptakes`: accounts taken up or better known, with what was known before the batch and what is known now.
    `deletions`: when something was taken back; a platform of `None` stands for all.
    """

    __slots__ = ("_entries", "_posts", "_references", "deletions", "subjects", "texts", "uptakes")

    def __init__(self) -> None:
        self.subjects: dict[tuple[str, str], Stood | None] = {}
        self.texts: set[tuple[str, str]] = set()
        self.uptakes: dict[tuple[str, str], tuple[Uptake | None, Uptake]] = {}
        self.deletions: set[tuple[str | None, int]] = set()
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

    def orphan(self, orphan: Orphan) -> None:
        """A deletion of something unknown is new, or no longer of something unknown."""
        self.deletions.add((None, orphan.at_us))

    def text(self, text: SubjectText) -> None:
        """A subject's text is new or changed."""
        self.texts.add((text.platform, text.subject))

    def uptake(self, before: Uptake | None, after: Uptake) -> None:
        """More is known of an account that officials took up."""
        key = after.platform, after.subject.id
        self.uptakes[key] = (self.uptakes[key][0] if key in self.uptakes else before, after)

    def standing(self, before: Stood | None, after: Stood) -> None:
        """TRACK's word on a subject changed."""
        self.subjects.setdefault((after.platform, after.subject.id), before)

    def _read(self) -> None:
        for entry in self._entries:
            self._posts.add(entry.at_us)
            for key in entry.references:
                self._references.setdefault((entry.platform, key), set()).add(entry.at_us)
        self._entries.clear()
