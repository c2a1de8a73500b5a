"""One raw record through SCREEN's core, as its agent screens a batch of them."""

from streams.core.screening.account_index import AccountIndex
from streams.core.screening.screen import Screening, ScreenPolicy, prefiltered, screen_event
from streams.core.subject_event import Coordinates
from streams.deadletters import Rejection

__all__ = ["screen_record"]


def screen_record(
    payload: bytes, topic: str, partition: int, offset: int, known: AccountIndex, now_us: int, policy: ScreenPolicy
) -> Screening | Rejection | None:
    """What becomes of the record; `None` where the prefilter drops it."""
    for _, found in prefiltered((payload,), known):
        if isinstance(found, Rejection):
            return found
        return screen_event(found, Coordinates(topic, partition, offset), known, now_us, policy)
    return None
