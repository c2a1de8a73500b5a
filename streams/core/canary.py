"""The canary: a made-up event that goes the way of amplifications through the real topics, and is about nobody.

Owns its platform, its event and what SCREEN makes of it. Anyone may write to that platform: whoever imitates a canary
makes another canary, and all else there is nobody's.
"""

from datetime import UTC, datetime
from typing import Final

from streams.core.subject_event import Coordinates, SubjectEvent
from streams.events import Account, Event, Retweet

__all__ = ["CANARY_OFFICIAL", "CANARY_PLATFORM", "canary_retweet", "is_canary", "screened_canary"]

CANARY_PLATFORM: Final = "antiphon-canary"
CANARY_OFFICIAL: Final = Account(id="official")
# It must not tell anybody how far event time has come: a replay of old events is judged by their own times.
_AT: Final = datetime(1970, 1, 2, tzinfo=UTC)
_AT_US: Final = 86_400_000_000


def canary_retweet(canary_id: str, subject_id: str) -> Retweet:
    """The raw event; its event time is in 1970."""
    return Retweet(
        platform=CANARY_PLATFORM, id=canary_id, at=_AT, actor=CANARY_OFFICIAL, subject=Account(id=subject_id)
    )


def screened_canary(event: Event, source: Coordinates) -> SubjectEvent | None:
    """What TRACK is to be told of an event on the canary's platform: its id, or nothing where it is no canary."""
    if not isinstance(event, Retweet) or event.actor.id != CANARY_OFFICIAL.id:
        return None
    return SubjectEvent(
        # A marker changes no subject, in workers of an earlier version too.
        kind="marker",
        platform=CANARY_PLATFORM,
        event_id=event.id,
        at_us=_AT_US,
        subject=Account(id=event.subject.id),
        source=source,
    )


def is_canary(event: SubjectEvent) -> bool:
    """Whether TRACK is to send it on instead of applying it."""
    return event.kind == "marker" and event.platform == CANARY_PLATFORM
