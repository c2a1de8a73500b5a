"""Examples of what goes in: raw events, the roster, and what SCREEN makes of an event.

The names of the files in `schemas/examples/` are the keys.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from streams.core.clock import to_us
from streams.core.rosters.roster import RosterEntry
from streams.core.rosters.roster_log import Manifest
from streams.core.subject_event import SubjectEvent
from streams.events import Account, Coverage, Deletion, Follow, Profile, Retweet, Suspension
from streams.schemas.example_story import (
    MINISTER,
    OFFICIAL,
    PLATFORM,
    POST,
    RETWEET_AT,
    ROSTER_DIGEST,
    SOURCE,
    SUBJECT,
    at_2020,
)

__all__ = ["INPUT_EXAMPLES"]

INPUT_EXAMPLES: Final[Mapping[str, tuple[str, object]]] = MappingProxyType(
    {  # file name without ending: (schema, value)
        "post": ("post", POST),
        "retweet": (
            "retweet",
            Retweet(
                platform=PLATFORM,
                id="1285138000000000004",
                at=RETWEET_AT,
                observed_at=at_2020(7, 20, 9, 31),
                actor=MINISTER,
                subject=SUBJECT,
                post_id="1285100000000000003",
                text="Our history, told by those who lived it.",
            ),
        ),
        "suspension": (
            "suspension",
            Suspension(
                platform=PLATFORM,
                id="suspension-1280000000000000001-2020-11-02",
                at=at_2020(11, 2, 18, 5),
                actor=Account(id=SUBJECT.id, handle=SUBJECT.handle),
                status="suspended",
                reason="platform manipulation",
                precision="exact",
            ),
        ),
        "deletion": (
            "deletion",
            Deletion(
                platform=PLATFORM,
                id="deletion-1285140000000000002",
                at=at_2020(11, 3, 7, 12),
                post_id=POST.id,
                actor=Account(id=MINISTER.id),
            ),
        ),
        "follow": (
            "follow",
            Follow(
                platform=PLATFORM,
                id="follow-271413771-1280000000000000001",
                at=at_2020(7, 21),
                actor=Account(id=MINISTER.id, handle=MINISTER.handle),
                subject=SUBJECT,
            ),
        ),
        "profile": (
            "profile",
            Profile(
                platform=PLATFORM,
                id="profile-1280000000000000001-2020-08-01",
                at=at_2020(8, 1),
                actor=SUBJECT,
                changed=("name", "followers"),
            ),
        ),
        "coverage": (
            "coverage",
            Coverage(
                platform=PLATFORM,
                id="example-collector-2020-10-30T04:10Z-stopped",
                at=at_2020(10, 30, 9, 40),
                source="example-collector",
                seen=False,
                since=at_2020(10, 30, 4, 10),
                until=at_2020(10, 30, 9, 40),
                reason="stopped",
            ),
        ),
        "official": (
            "official",
            (
                RosterEntry(
                    platform=PLATFORM,
                    account_id=MINISTER.id,
                    handle=MINISTER.handle,
                    name="Minister of examples",
                    country="XK",
                    category="government",
                    source_url="https://example.org/government/ministers",
                    valid_from_us=to_us(datetime(2019, 6, 1, tzinfo=UTC)),
                    domains=("ministry.example.org",),
                ),
            ),
        ),
        "official-manifest": ("official", Manifest(digest=ROSTER_DIGEST, entries=19)),
        "subject-event": (
            "subject-event",
            SubjectEvent(
                kind="retweet",
                platform=PLATFORM,
                event_id="1285138000000000004",
                at_us=to_us(RETWEET_AT),
                subject=SUBJECT,
                source=SOURCE,
                roster_digest=ROSTER_DIGEST,
                official=OFFICIAL,
                post_id="1285100000000000003",
            ),
        ),
    }
)
