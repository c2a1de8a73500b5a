"""What a subject's state has of corrections: one that is under way, and the rosters that others replaced."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct, field

from streams.core.subject_event import Coordinates

__all__ = ["RecountUnderWay", "Superseded", "with_superseded"]

_MOST_SUPERSEDED: Final = 4  # corrections of which late events are still told apart


class RecountUnderWay(Struct, array_like=True):
    """A correction that is about to recount the subject: its id, and the events applied since it was announced,
    encoded. `too_many`: of more than may be kept none is.
    """

    correction: str
    kept: list[bytes] = field(default_factory=list)
    too_many: bool = False


class Superseded(Struct, frozen=True, array_like=True):
    """A roster that a correction replaced: what stands in a raw partition before `cut` was counted under the other one,
    whichever SCREEN says. `changed` are the keys of the accounts that differ.
    """

    old_digest: str
    new_digest: str
    cut: dict[str, int]
    changed: list[str]

    def covers(self, digest: str, source: Coordinates) -> bool:
        """Whether what a SCREEN said by a roster of what stands there was recounted from the evidence."""
        place = f"{source.topic}/{source.partition}"
        return digest == self.old_digest and source.offset < self.cut.get(place, 0)


def with_superseded(known: Sequence[Superseded], new: Superseded) -> list[Superseded]:
    """The roster that stands now is superseded no more, whatever replaced it before; so many are told apart."""
    kept = [each for each in known if each.old_digest not in (new.new_digest, new.old_digest)]
    return [*kept, new][-_MOST_SUPERSEDED:]
