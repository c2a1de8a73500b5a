"""SCREEN's decision: which events concern an official or a tracked subject, and what they say about whom.

Two looks at an event. The prefilter decodes only who acted, for every event there is; the full look validates the few
that may pass and turns them into subject events for TRACK and state events for WATCH. Stateless but for the
account index that are passed in.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from functools import lru_cache
from typing import Final, TypeAlias, assert_never

import msgspec
from msgspec import Struct

from streams.core.canary import CANARY_PLATFORM, screened_canary
from streams.core.clock import to_us
from streams.core.country_event import CountryEvent
from streams.core.officials import Official
from streams.core.rosters.roster import handle_key
from streams.core.screening.account_index import AccountIndex
from streams.core.screening.country_reports import (
    coverage_reports,
    deletion_report,
    notice_report,
    observed_us,
    post_report,
    retweet_report,
    subject_deletion_reports,
    subject_post_reports,
)
from streams.core.screening.screen_policy import ScreenPolicy
from streams.core.subject_event import Coordinates, SubjectEvent, SubjectEventKind
from streams.deadletters import Reason, Rejection
from streams.events import (
    Account,
    Coverage,
    Deletion,
    Event,
    EventKind,
    Follow,
    Id,
    Platform,
    Post,
    Profile,
    Retweet,
    Suspension,
    decode_event,
)
from streams.refusal import DECODE_ERRORS, rejection, undecodable

__all__ = ["ScreenOutcome", "ScreenPolicy", "Screening", "prefiltered", "screen_event"]


class ScreenOutcome(StrEnum):
    """What became of a raw event; each is a metric label."""

    PASSED = "passed"  # an official engages with others; or a suspension, or a profile
    NO_SUBJECT = "no_subject"  # an official acted, but towards no other account: what it posted is for WATCH alone
    OFFICIAL_DELETION = "official_deletion"  # an official took a post back
    SUBJECT_POST = "subject_post"  # a tracked subject's post, with a text to compare or a link to an official domain
    NO_EVIDENCE = "no_evidence"  # a tracked subject's post with neither
    NOT_OFFICIAL = "not_official"  # nobody acted that SCREEN knows, or not in a way that matters
    SUBJECT_DELETION = "subject_deletion"  # a tracked subject's post is gone, and every retweet of it
    NO_AUTHOR = "no_author"  # a deletion that does not say whose post is gone: WATCH looks whether it is an official's
    COVERAGE = "coverage"  # what a source saw, and what it did not
    CANARY = "canary"  # about nobody: it shows that the pipeline lets things through


class Screening(Struct, frozen=True):
    """The outcome for one raw event.

    `events` are its subject events, one per account concerned; `country_events` what it says to which State. `event` is
    the raw event itself, if it leads to any of these.
    """

    outcome: ScreenOutcome
    events: tuple[SubjectEvent, ...] = ()
    country_events: tuple[CountryEvent, ...] = ()
    event: Event | None = None


class _Actor(Struct, gc=False):
    id: Id
    handle: str | None = None


class _Prefilter(Struct, gc=False):  # gc=False: one is made per event, holds no cycle and is gone at once
    """The least that decides about most events. Requires what every event must have; types are checked, not bounds."""

    kind: EventKind
    platform: str
    id: Id
    at: str
    actor: _Actor | None = None


_Engaged: TypeAlias = tuple[SubjectEventKind, Account, str | None]
"""How an account is engaged with, which, and by way of which post."""

_prefilter: Final = msgspec.json.Decoder(_Prefilter).decode
_NOT_OFFICIAL: Final = Screening(ScreenOutcome.NOT_OFFICIAL)
_NO_EVIDENCE: Final = Screening(ScreenOutcome.NO_EVIDENCE)
_ACTED_KINDS: Final = frozenset({"post", "retweet", "follow", "deletion"})
_SUBJECT_KINDS: Final = frozenset({"post", "deletion"})  # what a tracked subject does that matters


def prefiltered(payloads: Iterable[bytes], known: AccountIndex) -> Iterator[tuple[int, Event | Rejection]]:
    """The raw records that the prefilter does not drop as `NOT_OFFICIAL`: the place of each, counted from 0, with its
    event for `screen_event`, or why it is refused.

    One loop over all of them: a call for each takes a seventh more of SCREEN's time.
    """
    platform = ""
    ids, account_index, handles = known.platform_index(platform)
    for place, payload in enumerate(payloads):
        try:
            prefilter = _prefilter(payload)
            kind = prefilter.kind
            if kind in _ACTED_KINDS and ((actor := prefilter.actor) is not None or kind != "deletion"):
                if actor is None:
                    yield place, Rejection(reason=Reason.NOT_AN_EVENT, detail="Object missing required field `actor`")
                    continue
                if prefilter.platform != platform:
                    platform = prefilter.platform
                    ids, account_index, handles = known.platform_index(platform)
                if not ids and not handles and not (len(platform) <= 32 and _is_platform(platform)):
                    detail = f"{platform!r} is no platform's name - at `$.platform`"
                    yield place, rejection(Reason.NOT_AN_EVENT, detail)
                    continue
                if (
                    actor.id not in ids or (kind not in _SUBJECT_KINDS and not account_index[actor.id].may_be_official)
                ) and not (handles and actor.handle and handle_key(actor.handle) in handles):
                    continue
            found: Event | Rejection = decode_event(payload)
        except DECODE_ERRORS as error:
            found = undecodable(payload, error)
        yield place, found


@lru_cache(maxsize=1_024)
def _is_platform(name: str) -> bool:
    """Whether a platform's name is one an event may have. A misspelt one (`Twitter`) must not pass for one on which
    there are no officials. Only short names are looked up: untrusted input must not fill the cache."""
    try:
        msgspec.convert(name, Platform)
    except msgspec.ValidationError:
        return False
    return True


def screen_event(
    event: Event, source: Coordinates, known: AccountIndex, now_us: int, policy: ScreenPolicy
) -> Screening | Rejection:
    """Screen one decoded event: who of the officials does what, and to whom, as of the event's time."""
    screening = _screened(event, source, known, now_us, policy)
    if isinstance(screening, Rejection) or not (screening.events or screening.country_events):
        return screening
    return Screening(screening.outcome, screening.events, screening.country_events, event)


def _screened(
    event: Event, source: Coordinates, known: AccountIndex, now_us: int, policy: ScreenPolicy
) -> Screening | Rejection:
    at_us = to_us(event.at)
    if at_us <= 0:
        return Rejection(reason=Reason.BAD_TIME, detail=f"event time {event.at.isoformat()} is before 1970")
    if at_us > now_us + policy.future_skew_us:
        return Rejection(reason=Reason.FUTURE_TIME, detail=f"event time {event.at.isoformat()} is in the future")
    if event.platform == CANARY_PLATFORM:
        canary = screened_canary(event, source)
        return _NOT_OFFICIAL if canary is None else Screening(ScreenOutcome.CANARY, (canary,))
    match event:
        case Retweet():
            return _retweet(event, at_us, source, known)
        case Post():
            return _post(event, at_us, source, known, policy)
        case Follow():
            official = known.author(event.platform, event.actor, at_us)
            if official is None:
                return _NOT_OFFICIAL
            follows = _engagement(event, official, at_us, source, known, [("follow", event.subject, None)])
            return Screening(ScreenOutcome.PASSED if follows else ScreenOutcome.NO_SUBJECT, follows)
        case Deletion():
            return _deletion(event, at_us, source, known)
        case Suspension():
            notice = _about("suspension", event, event.actor, at_us, source, known)
            notice = msgspec.structs.replace(notice, status=event.status, precision=event.precision)
            official = known.author(event.platform, event.actor, at_us)
            reports = () if official is None else (notice_report(event, official, at_us, source, known),)
            return Screening(ScreenOutcome.PASSED, (notice,), reports)
        case Profile():
            return Screening(ScreenOutcome.PASSED, (_about("profile", event, event.actor, at_us, source, known),))
        case Coverage():
            for at in (event.since, event.until):
                if at is not None and to_us(at) > now_us + policy.future_skew_us:
                    return Rejection(reason=Reason.FUTURE_TIME, detail=f"a span to {at.isoformat()} is in the future")
            if event.since is not None and event.until is not None and event.until < event.since:
                detail = f"a span that ends at {event.until.isoformat()}, before it begins at {event.since.isoformat()}"
                return Rejection(reason=Reason.BAD_TIME, detail=detail)
            return Screening(ScreenOutcome.COVERAGE, (), coverage_reports(event, at_us, source, known))
        case _:
            assert_never(event)


def _retweet(retweet: Retweet, at_us: int, source: Coordinates, known: AccountIndex) -> Screening:
    official = known.author(retweet.platform, retweet.actor, at_us)
    if official is None:
        return _NOT_OFFICIAL
    engaged: list[_Engaged] = [("retweet", retweet.subject, retweet.post_id)]
    events = _engagement(retweet, official, at_us, source, known, engaged)
    report = retweet_report(retweet, official, at_us, source, known)
    return Screening(ScreenOutcome.PASSED if events else ScreenOutcome.NO_SUBJECT, events, (report,))


def _post(post: Post, at_us: int, source: Coordinates, known: AccountIndex, policy: ScreenPolicy) -> Screening:
    official = known.author(post.platform, post.actor, at_us)
    if official is None:
        return _subject_post(post, at_us, source, known, policy)
    events = _engagement(post, official, at_us, source, known, _engaged_by(post, policy))
    report = post_report(post, official, at_us, source, known, policy)
    return Screening(ScreenOutcome.PASSED if events else ScreenOutcome.NO_SUBJECT, events, (report,))


def _subject_post(post: Post, at_us: int, source: Coordinates, known: AccountIndex, policy: ScreenPolicy) -> Screening:
    """A tracked subject's own post: its text is evidence for WATCH, its links are for TRACK."""
    countries = known.of(post.platform, post.actor.id).countries
    if not countries:
        return _NOT_OFFICIAL
    found = {known.domain_of(link, at_us) for link in post.links[: policy.links]}
    domains = sorted(domain for domain in found if domain is not None)
    events: tuple[SubjectEvent, ...] = ()
    if domains:
        linking = _about("post", post, post.actor, at_us, source, known)
        events = (msgspec.structs.replace(linking, domains=tuple(domains)),)
    reports = subject_post_reports(post, countries, at_us, source, known, policy)
    return Screening(ScreenOutcome.SUBJECT_POST, events, reports) if events or reports else _NO_EVIDENCE


def _deletion(deletion: Deletion, at_us: int, source: Coordinates, known: AccountIndex) -> Screening:
    """A deletion names its author by id at most, so ids that were seen to be an official's count as well."""
    if deletion.actor is None:
        report = deletion_report(deletion, None, at_us, source, known)
        return Screening(ScreenOutcome.NO_AUTHOR, (), (report,))
    official = known.author(deletion.platform, deletion.actor, at_us)
    if official is not None:
        return Screening(
            ScreenOutcome.OFFICIAL_DELETION, (), (deletion_report(deletion, official, at_us, source, known),)
        )
    countries = known.of(deletion.platform, deletion.actor.id).countries
    if not countries:
        return _NOT_OFFICIAL
    gone = msgspec.structs.replace(
        _about("deletion", deletion, deletion.actor, at_us, source, known), post_id=deletion.post_id
    )
    return Screening(
        ScreenOutcome.SUBJECT_DELETION,
        (gone,),
        subject_deletion_reports(deletion, deletion.actor, countries, at_us, source, known),
    )


def _engaged_by(post: Post, policy: ScreenPolicy) -> list[_Engaged]:
    """Each account a post engages with, once, in the strongest way: quoting, then answering, then mentioning it."""
    engaged: list[_Engaged] = []
    if post.quotes is not None and post.quotes.account is not None:
        engaged.append(("quote", post.quotes.account, post.quotes.post_id))
    if post.reply_to is not None and post.reply_to.account is not None:
        engaged.append(("reply", post.reply_to.account, post.reply_to.post_id))
    engaged += [("mention", account, None) for account in post.mentions[: policy.mentions]]
    strongest: dict[str, _Engaged] = {}
    for item in engaged:
        strongest.setdefault(item[1].id, item)
    return list(strongest.values())


def _engagement(
    event: Post | Retweet | Follow,
    official: Official,
    at_us: int,
    source: Coordinates,
    known: AccountIndex,
    engaged: list[_Engaged],
) -> tuple[SubjectEvent, ...]:
    digest = known.roster.digest
    return tuple(
        SubjectEvent(
            kind=kind,
            platform=event.platform,
            event_id=event.id,
            at_us=at_us,
            subject=account,
            source=source,
            roster_digest=digest,
            subject_is_official=known.official(event.platform, account, at_us) is not None,
            official=official,
            post_id=post_id,
            active=event.active if isinstance(event, Follow) else True,
            observed_us=observed_us(event),
        )
        for kind, account, post_id in engaged
        if account.id != event.actor.id
    )


def _about(
    kind: SubjectEventKind,
    event: Suspension | Profile | Post | Deletion,
    account: Account,
    at_us: int,
    source: Coordinates,
    known: AccountIndex,
) -> SubjectEvent:
    """What an event says of the very account that it is of."""
    return SubjectEvent(
        kind=kind,
        platform=event.platform,
        event_id=event.id,
        at_us=at_us,
        subject=account,
        source=source,
        roster_digest=known.roster.digest,
        subject_is_official=known.official(event.platform, account, at_us) is not None,
        observed_us=observed_us(event),
    )
