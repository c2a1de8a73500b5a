"""A small story with everything that a proof may hold: who amplified an account, took it back, and saw it suspended."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from streams.events import (
    Account,
    Coverage,
    Deletion,
    Event,
    Follow,
    Post,
    PostRef,
    Profile,
    Retweet,
    Suspension,
    encode_event,
)

__all__ = ["ROSTER", "ROSTER_WITHOUT_ENVOY", "RULES", "SUBJECT", "at", "story", "written"]

SUBJECT: Final = Account(id="900", handle="new_voice", name="A new voice", created_at=datetime(2024, 3, 1, tzinfo=UTC))
_BEGAN: Final = datetime(2024, 3, 2, 9, tzinfo=UTC)
_OFFICIALS: Final = tuple(Account(id=str(number), handle=f"embassy_{number}") for number in range(101, 106))
_STRANGER: Final = Account(id="7", handle="passer_by")

_HEADER: Final = "platform,account_id,handle,name,country,category,source_url,valid_from,valid_to\n"
_ENTRIES: Final = tuple(
    f'twitter,{each.id},{each.handle},"Embassy, no. {each.id}",IR,diplomat,https://example.org/{each.id},,\n'
    for each in _OFFICIALS
)
ROSTER: Final = (_HEADER + "".join(_ENTRIES)).encode()
ROSTER_WITHOUT_ENVOY: Final = (_HEADER + "".join(_ENTRIES[1:])).encode()

RULES: Final = b"""\
[rules.three-officials]
description = "Three officials amplified an account."
severity = "warning"
quiet = "30d"

[rules.three-officials.when]
distinct_officials = { at_least = 3 }
amplifications = { at_least = 4 }

[rules.gone]
description = "The platform suspended an account that officials had amplified."
severity = "critical"
quiet = "30d"

[rules.gone.when]
suspended = true
distinct_officials = { at_least = 3 }

[rules.cleaned]
description = "Officials deleted posts after an account that they had amplified was suspended."
on = "aftermath"
severity = "info"
quiet = "14d"

[rules.cleaned.when]
deletions = { at_least = 2 }
"""


def at(hours: float) -> datetime:
    """So many hours after the story began."""
    return _BEGAN + timedelta(hours=hours)


def story() -> list[Event]:
    """Eight amplifications of one account by five officials; one is taken back, and then the account is suspended."""
    events: list[Event] = [
        Profile(
            platform="twitter",
            id="profile-1",
            at=at(0),
            actor=Account(id=SUBJECT.id, handle=SUBJECT.handle, name=SUBJECT.name, followers=40),
        ),
        Coverage(platform="twitter", id="seen-1", at=at(2), source="firehose", seen=True, since=at(-24), until=at(2)),
        Coverage(
            platform="twitter",
            id="gap-1",
            at=at(5),
            source="firehose",
            seen=False,
            since=at(4.5),
            until=at(5),
            reason="reconnected",
        ),
    ]
    for number in range(8):
        official = _OFFICIALS[number % len(_OFFICIALS)]
        events.append(
            Retweet(
                platform="twitter",
                id=f"rt-{number}",
                at=at(1 + number),
                observed_at=at(1.1 + number),
                actor=official,
                subject=SUBJECT,
                post_id=f"original-{number}",
                text=f"The text number {number} <b>of a post</b>",
            )
        )
    events += [
        Follow(platform="twitter", id="follow-1", at=at(3.5), actor=_OFFICIALS[0], subject=SUBJECT),
        Post(
            platform="twitter",
            id="answer-1",
            at=at(4.2),
            actor=_OFFICIALS[1],
            text="We agree with every word of this statement.",
            reply_to=PostRef(post_id="original-2", account=SUBJECT),
        ),
        Deletion(platform="twitter", id="gone-1", at=at(6.3), post_id="rt-5", actor=_OFFICIALS[0]),
        Suspension(platform="twitter", id="notice-1", at=at(400), actor=SUBJECT, status="suspended", precision="exact"),
        Retweet(platform="twitter", id="other-1", at=at(2.2), actor=_STRANGER, subject=SUBJECT, post_id="original-1"),
        Post(platform="twitter", id="other-2", at=at(2.4), actor=_OFFICIALS[3], text="The weather is fine today."),
        Post(platform="twitter", id="other-3", at=at(2.6), actor=_STRANGER, text="Nobody is concerned by this."),
    ]
    for number in range(3):
        post = f"late-{number}"
        text = f"A statement of the embassy on new_voice, number {number}, of some length."
        events.append(Post(platform="twitter", id=post, at=at(10 + number), actor=_OFFICIALS[number], text=text))
        events.append(
            Deletion(
                platform="twitter", id=f"del-{number}", at=at(410 + number), post_id=post, actor=_OFFICIALS[number]
            )
        )
    return sorted(events, key=lambda event: event.at)


def written(events: Sequence[Event]) -> bytes:
    """As a file of canonical events."""
    return b"".join(encode_event(event) + b"\n" for event in events)
