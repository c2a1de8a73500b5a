"""Six officials amplify an account and say nothing of it after its suspension; and what a source saw of them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from streams.events import Account, Coverage, Deletion, Event, Post, PostRef, Retweet, Suspension
from tests.core.stories import roster_of

__all__ = [
    "ROSTER",
    "SUBJECT",
    "at",
    "clean_up",
    "collector_down",
    "edited_and_deleted",
    "gap",
    "reposted_a_year_before",
    "seen",
    "silence",
]

_SUSPENDED: Final = datetime(2022, 1, 20, tzinfo=UTC)
_OFFICIALS: Final = [Account(id=str(number), handle=f"embassy_{number}") for number in range(6)]
SUBJECT: Final = Account(id="700", handle="Khamenei_site")
_OLD_SUBJECT: Final = Account(id="800", handle="an_older_voice")
ROSTER: Final = roster_of(_OFFICIALS)


def at(days: float) -> datetime:
    """So many days after the suspension."""
    return _SUSPENDED + timedelta(days=days)


def silence() -> list[Event]:
    """Eighteen retweets, the suspension, and three weeks in which the officials post about other things."""
    events: list[Event] = [
        Retweet(
            platform="twitter",
            id=f"r{number}",
            at=at(-10 + number / 10),
            actor=_OFFICIALS[number % 6],
            subject=SUBJECT,
            post_id=f"o{number}",
        )
        for number in range(18)
    ]
    events.append(Suspension(platform="twitter", id="s", at=at(0), actor=SUBJECT, status="suspended"))
    events += [
        Post(platform="twitter", id=f"p{day}", at=at(day), actor=_OFFICIALS[day % 6], text="Good morning")
        for day in range(-25, 20)
    ]
    return events


def clean_up() -> list[Event]:
    """Nine of the posts before are deleted two days after the suspension."""
    return [
        Deletion(
            platform="twitter",
            id=f"d{day}",
            at=at(2 + day / 100),
            post_id=f"p{-day}",
            actor=Account(id=_OFFICIALS[-day % 6].id),
        )
        for day in range(12, 21)
    ]


def seen(since: float | None, *until: float, source: str = "collector") -> list[Event]:
    """A span in which a source saw the officials, with its heartbeats."""
    return [
        Coverage(
            platform="twitter",
            id=f"{source}-{since}",
            at=at(each),
            source=source,
            seen=True,
            since=None if since is None else at(since),
            until=at(each),
        )
        for each in until
    ]


def gap(
    since: float,
    until: float | None,
    closed_by: Literal["replay", "back_fill"] | None = None,
    officials: tuple[str, ...] | None = None,
) -> list[Event]:
    """A time in which the source did not see them: told open at first, and closed later if it ends."""
    found: list[Event] = []
    for end, closed in ((None, None), (until, closed_by)):
        found.append(
            Coverage(
                platform="twitter",
                id=f"collector-{since}-stopped",
                at=at(since if end is None else end),
                source="collector",
                seen=False,
                since=at(since),
                until=None if end is None else at(end),
                officials=officials,
                reason="stopped",
                closed_by=closed,
            )
        )
    return found if until is not None else found[:1]


def collector_down(closed_by: Literal["replay", "back_fill"] | None = None) -> list[Event]:
    """A collector that saw everything from two months before on, and was down from the third to the ninth day."""
    return [*seen(-60, -30, 0, 3, 10, 15, 19.5), *gap(3, 9, closed_by)]


def edited_and_deleted() -> list[Event]:
    """Two edited quotes, deleted by their middle and last ids, once by nobody knows whom, and a retweet of an edited
    post that goes with it.
    """
    subject = Account(id="900", handle="an_edited_voice")
    original = PostRef(post_id="e0", account=subject)
    events: list[Event] = [
        Post(
            platform="twitter",
            id=f"e{number}",
            at=at(-300),
            actor=_OFFICIALS[number],
            quotes=original,
            versions=(f"e{number}-second", f"e{number}-third"),
        )
        for number in (1, 2)
    ]
    events.append(
        Retweet(
            platform="twitter",
            id="e3",
            at=at(-300),
            actor=_OFFICIALS[3],
            subject=subject,
            post_id="e4",
            versions=("e4-second",),
        )
    )
    gone = (("e1-second", _OFFICIALS[1]), ("e2-third", None), ("e4-second", None), ("e3", _OFFICIALS[3]))
    events += [
        Deletion(platform="twitter", id=f"gone-{post_id}", at=at(-299), post_id=post_id, actor=actor)
        for post_id, actor in gone
    ]
    return events


def reposted_a_year_before() -> Sequence[Event]:
    """Two reposts a year old, which a back-fill brings as a collector starts; a second later one is taken back."""
    started = at(5)
    reposts = [
        Retweet(
            platform="twitter",
            id=f"old{number}",
            at=at(-360),
            observed_at=started,
            actor=_OFFICIALS[number],
            subject=_OLD_SUBJECT,
            post_id="original",
        )
        for number in range(2)
    ]
    taken_back = Deletion(
        platform="twitter",
        id="un-repost",
        at=started + timedelta(seconds=1),
        post_id="old0",
        actor=Account(id=_OFFICIALS[0].id),
    )
    return [*reposts, taken_back]
