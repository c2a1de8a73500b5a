"""State events for examples: a dozen Iranian officials, one subject, days counted from its suspension."""

from streams.core.clock import DAY_US
from streams.core.country_event import Amplifier, CountryEvent, PostKind, Standing, SuspensionPeriod
from streams.core.officials import Official
from streams.core.subject_event import Coordinates
from streams.events import Account, SuspensionStatus
from tests.core.tracking.strategies import BASE_US, NOWHERE, snowflake

__all__ = ["IRAN", "SUBJECT", "amplification", "day", "deletion", "post", "standing", "tick"]

IRAN = tuple(Official(id=f"{n}", handle=f"embassy_{n}", country="IR", category="diplomat") for n in range(12))
SUBJECT = Account(id=snowflake(BASE_US - 200 * DAY_US), handle="Khamenei_site", name="The Leader's site")


def day(days: float) -> int:
    """So many days after the suspension (µs)."""
    return BASE_US + round(days * DAY_US)


def post(
    event_id: str,
    days: float,
    by: Official = IRAN[0],
    *,
    text: str = "Good morning",
    kind: PostKind = "post",
    subject: Account | None = None,
    original: str | None = None,
    subject_is_official: bool = False,
    about: tuple[Account, ...] = (),
    lang: str | None = "fa",
) -> CountryEvent:
    """An official's post."""
    return CountryEvent(
        kind="post",
        country=by.country,
        platform="twitter",
        event_id=event_id,
        at_us=day(days),
        source=Coordinates("posts", 0, 1),
        roster_digest="roster",
        official=by,
        post_kind=kind,
        text=text,
        lang=lang,
        about=about,
        subject=subject,
        subject_is_official=subject_is_official,
        post_id=original,
    )


def amplification(
    event_id: str, days: float, by: Official = IRAN[0], *, of: Account = SUBJECT, text: str = ""
) -> CountryEvent:
    """An official's retweet."""
    return post(event_id, days, by, kind="retweet", subject=of, original=f"of-{event_id}", text=text)


def deletion(post_id: str, days: float, by: Official = IRAN[0]) -> CountryEvent:
    """An official took a post back."""
    return CountryEvent(
        kind="deletion",
        country=by.country,
        platform="twitter",
        event_id=f"deletion-{post_id}-{days}",
        at_us=day(days),
        source=Coordinates("deletions", 0, 2),
        roster_digest="roster",
        official=by,
        post_id=post_id,
    )


def standing(
    *,
    by: int = 6,
    opened: tuple[float, ...] = (0.0,),
    reinstated: float | None = None,
    version: int = 1,
    subject: Account = SUBJECT,
    not_before: float | None = None,
    seen_again: bool = False,
    status: SuspensionStatus = "suspended",
) -> CountryEvent:
    """TRACK's word: amplified by the first `by` officials; suspended on these days, or since `not_before`, at last
    until `reinstated`, or seen again then.
    """
    last = len(opened) - 1
    periods = tuple(
        SuspensionPeriod(
            day(days),
            status,
            f"notice-{number}",
            Coordinates("suspensions", 0, number),
            (None if reinstated is None else day(reinstated)) if number == last else day(opened[number + 1]) - DAY_US,
            not_before_us=day(days if not_before is None else not_before),
            seen_again=seen_again,
        )
        for number, days in enumerate(opened)
    )
    amplifiers = tuple(
        Amplifier(official.id, official.handle, official.category, 3, day(-40), day(-2)) for official in IRAN[:by]
    )
    return CountryEvent(
        kind="standing",
        country="IR",
        platform="twitter",
        event_id=f"standing-{version}",
        at_us=day(0),
        source=NOWHERE,
        roster_digest="roster",
        subject=subject,
        standing=Standing(version=version, periods=periods, amplifiers=amplifiers),
    )


def tick(days: float) -> CountryEvent:
    """Event time has come so far."""
    return CountryEvent(kind="tick", country="", platform="", event_id=f"tick-{days}", at_us=day(days), source=NOWHERE)
