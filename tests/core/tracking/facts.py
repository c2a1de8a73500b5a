"""What the oracle knows of one thing that happened, and how it reads a report of it."""

from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec import Struct

from streams.core.officials import Official
from streams.core.subject_event import SubjectEvent
from streams.events import Precision

__all__ = ["AMPLIFICATION", "DAY", "END_OF_TIME", "EPOCH", "Fact", "official_of", "time_of"]

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
END_OF_TIME: Final = datetime.max.replace(tzinfo=UTC)
DAY: Final = timedelta(days=1)
AMPLIFICATION: Final = ("retweet", "quote")


class Fact(Struct, frozen=True, kw_only=True):
    """One thing that happened, however often and by whom it was reported: an engagement or a suspension notice."""

    at: datetime
    id: str
    kind: str
    official: str = ""
    followers: int | None = None
    on_roster: bool = False
    active: bool = True
    status: str = ""
    precision: Precision | None = None
    roster_digest: str = ""
    withdrawn_at: datetime = END_OF_TIME
    observed_at: datetime = EPOCH
    removal_reason: str = ""


def official_of(event: SubjectEvent) -> Official:
    assert event.official is not None
    return event.official


def time_of(at_us: int) -> datetime:
    return EPOCH + timedelta(microseconds=at_us)
