"""What a subject's state has of corrections: one that is under way, and the rosters that others replaced."""

from msgspec import Struct, field

__all__ = ["RecountUnderWay", "Superseded"]


class RecountUnderWay(Struct, array_like=True):
    """A correction that is about to count the subject anew: its id, and the events applied since it was announced,
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
