"""What a batch of events touched in one State's ledger: enough to tell which of its watches may have changed.

Owns the bookkeeping between WATCH's step and its conclusion. Knows nothing of figures.
"""

from streams.core.watching.ledger import Entry, Orphan, Stood, SubjectText, Uptake

__all__ = ["Touched"]


class Touched:
    """Accounts are pairs of platform and id; times are µs.

    `subjects`: those whose standing changed, with the standing before the batch. `texts`: those with a new text.
    `uptakes`: accounts taken up or better known, with what was known before the batch and what is known now.
    `references`, `deletions`, `posts`: when something was said, by its keys, taken back, or said by an official; a
    platform of `None` stands for all.
    """

    __slots__ = ("deletions", "posts", "references", "subjects", "texts", "uptakes")

    def __init__(self) -> None:
        self.subjects: dict[tuple[str, str], Stood | None] = {}
        self.texts: set[tuple[str, str]] = set()
        self.uptakes: dict[tuple[str, str], tuple[Uptake | None, Uptake]] = {}
        self.references: set[tuple[str, str, int]] = set()
        self.deletions: set[tuple[str | None, int]] = set()
        self.posts: set[tuple[str, int]] = set()

    def entry(self, entry: Entry) -> None:
        """An official's post is new, changed or deleted."""
        self.posts.add((entry.official, entry.at_us))
        self.references.update((entry.platform, key, entry.at_us) for key in entry.references)
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
