"""What stands on every page: how fresh it is, in a sentence below, and what has to be said of all that is shown."""

from msgspec import Struct

from streams.console.store.results import StoreStatus
from streams.console.web.live import Newest

__all__ = ["Freshness", "freshness_of"]

_SHOWN = 12  # characters of a digest


class Freshness(Struct, frozen=True, kw_only=True):
    """A sentence for people; the newest alert, from which the live notice counts; and a note on the whole store."""

    sentence: str
    newest: str
    note: str


def freshness_of(status: StoreStatus, newest: Newest | None) -> Freshness:
    """Of what the store says of itself. Without a clock, so that a page stays the same while the store does."""
    parts = []
    if status.kind == "empty":
        parts.append("There is no store yet.")
    elif status.event_time is None:
        parts.append("Nothing was read yet.")
    else:
        parts.append(f"Counted up to {status.event_time:%Y-%m-%d %H:%M:%S}, the newest event.")
    if status.building is not None:
        parts.append(f"Being rebuilt: {status.building.read:,} of {status.building.of:,} records are read.")
    if status.problem:
        parts.append(f"Nothing new is read: {status.problem}.")
    elif lag := sum(topic.lag or 0 for topic in status.topics):
        parts.append(f"{lag:,} records are not read yet.")
    if status.roster_digest is not None:
        parts.append(f"Roster {status.roster_digest[:_SHOWN]}.")
    return Freshness(sentence=" ".join(parts), newest="" if newest is None else str(newest), note=status.note)
