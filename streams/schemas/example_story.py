"""Who and what the examples are about: three officials amplify a new account. Everything in it is made up."""

from datetime import UTC, datetime
from typing import Final

from streams.core.officials import Official
from streams.core.subject_event import Coordinates
from streams.events import Account, Post, PostRef

__all__ = [
    "MINISTER",
    "OFFICIAL",
    "PLATFORM",
    "POST",
    "RETWEET_AT",
    "ROSTER_DIGEST",
    "RULE_DIGEST",
    "SOURCE",
    "SUBJECT",
    "at_2020",
]


def at_2020(month: int, day: int, hour: int = 12, minute: int = 0) -> datetime:
    """A time of the story, in UTC."""
    return datetime(2020, month, day, hour, minute, tzinfo=UTC)


PLATFORM: Final = "twitter"
ROSTER_DIGEST: Final = "5f0c4a1e" * 8
RULE_DIGEST: Final = "b39e77d2" * 8

SUBJECT: Final = Account(
    id="1280000000000000001",
    handle="new_voice_example",
    name="A new voice",
    created_at=at_2020(7, 6, 6, 13),
    created_at_source="snowflake",
    followers=312,
    verified=False,
)
MINISTER: Final = Account(
    id="271413771",
    handle="minister_example",
    name="The minister",
    created_at=datetime(2011, 3, 24, 13, 4, 47, tzinfo=UTC),
    created_at_source="reported",
    followers=802_113,
    verified=True,
)
OFFICIAL: Final = Official(
    id=MINISTER.id, handle=MINISTER.handle, country="XK", category="government", name="Minister of examples"
)
RETWEET_AT: Final = at_2020(7, 20, 9, 30)
SOURCE: Final = Coordinates("retweets", 7, 41_216)

POST: Final = Post(
    platform=PLATFORM,
    id="1285140000000000002",
    at=at_2020(7, 20, 9, 41),
    observed_at=at_2020(7, 20, 9, 42),
    actor=MINISTER,
    text="Worth reading: https://example.org/speech @new_voice_example",
    lang="en",
    links=("https://example.org/speech",),
    mentions=(Account(id=SUBJECT.id, handle=SUBJECT.handle),),
    quotes=PostRef(post_id="1285100000000000003", account=SUBJECT),
)
