"""Aftermaths as lines of a page."""

from datetime import datetime

from msgspec import Struct

from streams.core.watching.aftermath_records import Aftermath

__all__ = ["AftermathLine", "aftermath_line"]


class AftermathLine(Struct, frozen=True, kw_only=True):
    """One watch after a suspension, in short."""

    id: str
    """Its id."""
    country: str
    """The State whose officials were watched."""
    key: str
    """The account that was suspended, as `platform:id`."""
    handle: str | None
    """Its handle, without @."""
    status: str
    """Open, closed or void."""
    opened_at: datetime
    """When the watch began."""
    ends_at: datetime
    """When it ended or is to end."""
    references: int
    """Posts in the watch that refer to the account."""
    references_before: int
    """The same in the 30 days before."""
    deletions: int
    """Posts of officials deleted in the watch."""
    expected_deletions: float | None
    """Deletions to be expected from the 30 days before; null where too much went unseen to say."""
    silent_officials: int | None
    """Amplifying officials that did not refer to it; null where too much went unseen to say."""
    amplifying_officials: int
    """Officials of the State that had amplified it."""
    possible_successors: int
    """Accounts that resemble it and that the same officials took up."""


def aftermath_line(aftermath: Aftermath) -> AftermathLine:
    """An aftermath in short."""
    coverage = aftermath.coverage
    return AftermathLine(
        id=aftermath.id,
        country=aftermath.country,
        key=f"{aftermath.platform}:{aftermath.subject.id}",
        handle=aftermath.subject.handle,
        status=aftermath.status,
        opened_at=aftermath.opened_at,
        ends_at=aftermath.closed_at or aftermath.ends_at,
        references=aftermath.references,
        references_before=aftermath.references_before,
        deletions=aftermath.deletions,
        expected_deletions=(
            None if coverage is not None and coverage.says_nothing_of_deletions else aftermath.expected_deletions
        ),
        silent_officials=(
            None if coverage is not None and coverage.says_nothing_of_silence else aftermath.silent_officials
        ),
        amplifying_officials=aftermath.amplifying_officials,
        possible_successors=len(aftermath.possible_successors),
    )
