"""SCREEN's decision: which events concern an official, and what they say about whom.

Two looks at an event. The glance decodes only who acted, for every event there is; the full look validates the few
that may pass and turns them into subject events. Stateless but for the roster that is passed in.
"""

from enum import StrEnum
from functools import lru_cache
from typing import Final, Literal

import msgspec
from msgspec import Struct

from streams.core.clock import to_us
from streams.core.roster import Roster, handle_key
from streams.core.subject_event import Coordinates, SubjectEvent, SubjectEventKind
from streams.deadletters import Reason, Rejection
from streams.events import Account, Event, Follow, Id, Platform, Post, Profile, Retweet, Suspension, decode_event
from streams.refusal import DECODE_ERRORS, rejection, undecodable

__all__ = ["Pass", "ScreenPolicy", "Screening", "screen_event", "screen_record"]


class ScreenPolicy(Struct, frozen=True, kw_only=True):
    """Bounds of the screen. `future_skew_us`: how far an event may be ahead of the clock (5 minutes by default).

    `mentions` bounds how many accounts one post can engage with; platforms allow about 50.
    """

    future_skew_us: int = 300 * 1_000_000
    mentions: int = 50


class Pass(StrEnum):
    """What became of a raw event; each is a metric label."""

    PASSED = "passed"
    NOT_OFFICIAL = "not_official"  # nobody on the roster acted
    NO_SUBJECT = "no_subject"  # an official acted, but towards no other account
    NO_TAKER = "no_taker"  # a kind nobody downstream takes


class Screening(Struct, frozen=True):
    """The outcome for one raw event, and its subject events, one per account concerned."""

    outcome: Pass
    events: tuple[SubjectEvent, ...] = ()


class _Actor(Struct, gc=False):
    id: Id
    handle: str | None = None


class _Glance(Struct, gc=False):  # gc=False: one is made per event, holds no cycle and is gone at once
    """The least that decides about most events. Requires what every event must have; types are checked, not bounds."""

    kind: Literal["post", "retweet", "suspension", "deletion", "follow", "profile"]
    platform: str
    id: Id
    at: str
    actor: _Actor | None = None


_glance: Final = msgspec.json.Decoder(_Glance).decode
_NOT_OFFICIAL: Final = Screening(Pass.NOT_OFFICIAL)
_NO_TAKER: Final = Screening(Pass.NO_TAKER)
_ROSTERED_KINDS: Final = frozenset({"post", "retweet", "follow"})


def screen_record(
    payload: bytes, topic: str, partition: int, offset: int, roster: Roster, now_us: int, policy: ScreenPolicy
) -> Screening | Rejection | None:
    """Screen the bytes of one raw record; `None`, the common case, is short for `NOT_OFFICIAL` without a full look.

    Never raises on anything a stranger can send. `topic`, `partition` and `offset` say where the record stands,
    `now_us` is the clock (µs since 1970 UTC) that future times are measured by.
    """
    try:
        glance = _glance(payload)
        kind = glance.kind
        if kind in _ROSTERED_KINDS:
            actor = glance.actor
            if actor is None:
                return Rejection(reason=Reason.NOT_AN_EVENT, detail="Object missing required field `actor`")
            ids, handles = roster.ids_of(glance.platform), roster.handles_of(glance.platform)
            if not ids and not handles and not (len(glance.platform) <= 32 and _is_platform(glance.platform)):
                return rejection(Reason.NOT_AN_EVENT, f"{glance.platform!r} is no platform's name - at `$.platform`")
            if actor.id not in ids and not (handles and actor.handle and handle_key(actor.handle) in handles):
                return None
        elif kind == "deletion":
            return _NO_TAKER
        event = decode_event(payload)
    except DECODE_ERRORS as error:
        return undecodable(payload, error)
    return screen_event(event, Coordinates(topic, partition, offset), roster, now_us, policy)


@lru_cache(maxsize=1_024)
def _is_platform(name: str) -> bool:
    """Whether a platform's name is one an event may have. A misspelt one (`Twitter`) must not pass for one on which
    there are no officials. Only short names are asked for: what a stranger sends must not fill the cache."""
    try:
        msgspec.convert(name, Platform)
    except msgspec.ValidationError:
        return False
    return True


def screen_event(
    event: Event, source: Coordinates, roster: Roster, now_us: int, policy: ScreenPolicy
) -> Screening | Rejection:
    """Screen one decoded event: who of the officials engages with whom, as of the event's time."""
    at_us = to_us(event.at)
    if at_us <= 0:
        return Rejection(reason=Reason.BAD_TIME, detail=f"event time {event.at.isoformat()} is before 1970")
    if at_us > now_us + policy.future_skew_us:
        return Rejection(reason=Reason.FUTURE_TIME, detail=f"event time {event.at.isoformat()} is in the future")
    match event:
        case Retweet():
            return _engagement(event, at_us, source, roster, [("retweet", event.subject, event.post_id)])
        case Post():
            return _engagement(event, at_us, source, roster, _engaged_by(event, policy))
        case Follow():
            return _engagement(event, at_us, source, roster, [("follow", event.subject, None)], active=event.active)
        case Suspension():
            about = _about("suspension", event, event.actor, at_us, source, roster)
            return Screening(Pass.PASSED, (msgspec.structs.replace(about, status=event.status),))
        case Profile():
            return Screening(Pass.PASSED, (_about("profile", event, event.actor, at_us, source, roster),))
        case _:
            return _NO_TAKER


def _engaged_by(post: Post, policy: ScreenPolicy) -> list[tuple[SubjectEventKind, Account, str | None]]:
    """Each account a post engages with, once, in the strongest way: quoting, then answering, then mentioning it."""
    engaged: list[tuple[SubjectEventKind, Account, str | None]] = []
    if post.quotes is not None and post.quotes.account is not None:
        engaged.append(("quote", post.quotes.account, post.quotes.post_id))
    if post.reply_to is not None and post.reply_to.account is not None:
        engaged.append(("reply", post.reply_to.account, post.reply_to.post_id))
    engaged += [("mention", account, None) for account in post.mentions[: policy.mentions]]
    strongest: dict[str, tuple[SubjectEventKind, Account, str | None]] = {}
    for item in engaged:
        strongest.setdefault(item[1].id, item)
    return list(strongest.values())


def _engagement(
    event: Post | Retweet | Follow,
    at_us: int,
    source: Coordinates,
    roster: Roster,
    engaged: list[tuple[SubjectEventKind, Account, str | None]],
    *,
    active: bool = True,
) -> Screening:
    actor = event.actor
    official = roster.official(event.platform, actor.id, actor.handle, at_us)
    if official is None:
        return _NOT_OFFICIAL
    events = tuple(
        SubjectEvent(
            kind=kind,
            platform=event.platform,
            event_id=event.id,
            at_us=at_us,
            subject=account,
            source=source,
            roster_digest=roster.digest,
            subject_is_official=roster.official(event.platform, account.id, account.handle, at_us) is not None,
            official=official,
            post_id=post_id,
            active=active,
        )
        for kind, account, post_id in engaged
        if account.id != actor.id
    )
    return Screening(Pass.PASSED if events else Pass.NO_SUBJECT, events)


def _about(
    kind: SubjectEventKind,
    event: Suspension | Profile,
    account: Account,
    at_us: int,
    source: Coordinates,
    roster: Roster,
) -> SubjectEvent:
    return SubjectEvent(
        kind=kind,
        platform=event.platform,
        event_id=event.id,
        at_us=at_us,
        subject=account,
        source=source,
        roster_digest=roster.digest,
        subject_is_official=roster.official(event.platform, account.id, account.handle, at_us) is not None,
    )
