"""Subject events at the bounds of the schema: ids of 256 characters of four bytes, names of 1,024, every list full."""

from collections.abc import Iterator
from typing import Final

from streams.core.officials import Official
from streams.core.subject_event import Coordinates, SubjectEvent, SubjectEventKind
from streams.core.tracking.subject import TrackPolicy
from streams.events import Account

__all__ = ["IDS", "SUBJECT", "engagements", "every_bound", "longest_id", "official"]

_DIGIT_ZERO: Final = 0x1D7CE  # MATHEMATICAL BOLD DIGIT ZERO, four bytes in UTF-8
_BEGIN_US: Final = 1_700_000_000_000_000
_MINUTE_US: Final = 60_000_000
SUBJECT: Final = "\U0001d538" * 256


def longest_id(number: int) -> str:
    """256 characters of four bytes; those of two numbers differ at the very end."""
    return "\U0001d538" * 248 + "".join(chr(_DIGIT_ZERO + int(digit)) for digit in f"{number:08}")


IDS: Final = {
    "twitter": lambda number: str(1_280_000_000_000_000_000 + number),
    "bluesky": lambda number: f"did:plc:{number:024}",
    "schema": longest_id,
}
"""Ids of accounts as they are on some platforms, and as they may be at most."""


def official(number: int, platform: str = "schema") -> Official:
    """One of many officials of 100 States."""
    letters = "ABCDEFGHIJ"
    return Official(
        id=IDS[platform](number),
        handle=("\U0001d538" * 1_024 if platform == "schema" else f"office{number}.gov.example"),
        country=letters[number // 10 % 10] + letters[number % 10],
        category="state_media",
    )


def _event(kind: SubjectEventKind, number: int, platform: str, by: int | None = None, **more: object) -> SubjectEvent:
    at_uri = f"at://did:plc:{by or 0:024}/app.bsky.feed.repost/{number:013}"
    return SubjectEvent(
        kind=kind,
        platform="bluesky" if platform == "schema" else platform,
        event_id=at_uri if platform == "bluesky" else IDS[platform](number),
        at_us=_BEGIN_US + number * _MINUTE_US,
        subject=Account(id=SUBJECT if platform == "schema" else IDS[platform](0), followers=number),
        source=Coordinates("retweets", number % 64, number),
        roster_digest="d" * 64,
        official=None if by is None else official(by, platform),
        **more,  # type: ignore[arg-type]  # fields of the event
    )


def engagements(count: int, officials: int, platform: str = "schema", first: int = 1) -> Iterator[SubjectEvent]:
    """So many retweets of one subject by so many officials in turn, a minute apart."""
    for number in range(first, first + count):
        yield _event("retweet", number, platform, by=number % officials)


def every_bound(policy: TrackPolicy) -> Iterator[SubjectEvent]:
    """What fills every list that TRACK keeps of a subject, and stops just before room is made again."""
    kept = policy.amplifications + policy.amplifications // 4
    taken_back = policy.evicted_withdrawals
    yield from engagements(kept + policy.officials, policy.officials)
    last = kept + policy.officials
    for number in range(1, taken_back + 1):  # of what is not retained any more
        made = _BEGIN_US + number * _MINUTE_US
        yield _event(
            "withdrawal", number, "schema", number % policy.officials, amplified_us=made, amplification_kind="retweet"
        )
    for number in range(last + 1, last + policy.contacts + policy.contacts // 4 + 1):
        yield _event("mention", number, "schema", by=number % policy.officials)
    for number in range(10_000_000, 10_000_000 + policy.pending_withdrawals):
        yield _event("withdrawal", number, "schema", by=1)
    for number in range(policy.suspensions + policy.suspensions // 4):
        yield _event("suspension", 20_000_000 + number, "schema", status="suspended" if number % 2 else "reinstated")
    for number in range(policy.profiles):
        yield _event("profile", 30_000_000 + number, "schema")
    for number in range(policy.links):
        domains = tuple(f"{'d' * 60}.{'e' * 60}.{'f' * 60}.{domain + number:03}.example" for domain in range(20))
        yield _event("post", 40_000_000 + number, "schema", domains=domains)
    for number in range(policy.text_matches + 8):
        yield _event(
            "text_match",
            50_000_000 + number,
            "schema",
            by=number,
            post_id=longest_id(number),
            shared=number,
            of=64,
            matched_us=_BEGIN_US,
        )
