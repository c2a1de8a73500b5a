"""Which officials follow a subject now, and since when, by the follow events there were."""

from msgspec import Struct

from streams.core.tracking.subject import SubjectState

__all__ = ["Following", "following_of"]


class Following(Struct, frozen=True):
    """An official that follows the subject, since the first of its follow events that no other event ended (µs)."""

    official: str
    since_us: int


def following_of(state: SubjectState) -> list[Following]:
    """The officials that follow the subject, in the order in which they began to."""
    since: dict[str, int] = {
        official_id: official.follow_us
        for official_id, official in state.officials.items()
        if official.follows and official.follow_us is not None
    }
    for kept in state.contacts:
        if kept.kind == "follow":
            if kept.active:
                since.setdefault(kept.official, kept.at_us)
            else:
                since.pop(kept.official, None)
    return [Following(*item) for item in sorted(since.items(), key=lambda item: (item[1], item[0]))]
