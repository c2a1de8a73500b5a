"""The dossier: everything counted about one subject, as of its last event, in figures people and programs can read."""

from collections.abc import Mapping
from typing import Final

from streams.core.clock import WEEK_US, from_us
from streams.core.dossier_parts import (
    FirstOfficial,
    Follower,
    Links,
    OfficialFigures,
    Score,
    TextMatch,
    TextMatches,
    Totals,
    WindowFigures,
)
from streams.core.enriched import Dossier, SuspensionRecord
from streams.core.gone import RemovalReason
from streams.core.rulebook.figures import WINDOWS
from streams.core.suspension_times import NoticeTimes, times_of
from streams.core.tracking.figures_as_of import FOREVER_US, FiguresAsOf
from streams.core.tracking.followed_subjects import is_followed
from streams.core.tracking.following import Following, following_of
from streams.core.tracking.own_posts import OwnPosts
from streams.core.tracking.removal_reasons import sightings
from streams.core.tracking.score import Engagement, score_of
from streams.core.tracking.shares import Share, shares_of
from streams.core.tracking.subject import RetainedSuspension, SubjectState, TrackPolicy
from streams.events import Account

__all__ = ["dossier_of", "has_engagement"]

# What a person reads to the end; the counts beside the lists say how many there are.
_OFFICIALS: Final = 500
_FOLLOWERS: Final = 50
_FIRST_OFFICIALS: Final = 5
_DOMAINS: Final = 50
_SUSPENSIONS: Final = 16
_NO_POSTS: Final = OwnPosts()
_NO_LINKS: Final = Links(posts=0, domains={})
_NO_TEXT_MATCHES: Final = TextMatches(posts=0, best=())


def has_engagement(state: SubjectState) -> bool:
    """Whether any official ever engaged with the subject: without that there is no dossier."""
    return bool(state.amplifications or state.contacts or state.evicted_amplifications or state.evicted_contacts)


def dossier_of(state: SubjectState, policy: TrackPolicy) -> Dossier:
    """The dossier. Windows end with the last amplification that stands; withdrawn ones are only counted as such."""
    as_of = FiguresAsOf(state, FOREVER_US)
    shares = shares_of(state, as_of.live)
    first_us = as_of.first_amplified_us()
    last_us = as_of.last_amplified_us()
    age = as_of.age_days(first_us)
    has_contacts = bool(state.contacts or state.evicted_contacts)
    following = following_of(state) if has_contacts else []
    own = state.own or _NO_POSTS
    states = tuple(sorted({state.officials[official_id].state for official_id in shares}))
    snapshot = state.snapshot
    notices = _notices(state)
    return Dossier(
        platform=state.platform,
        subject=Account(
            id=state.subject_id,
            handle=snapshot.handle,
            name=snapshot.name,
            created_at=None if snapshot.created_us is None else from_us(snapshot.created_us),
            created_at_source=snapshot.created_source,
            followers=snapshot.followers,
            verified=snapshot.verified,
        ),
        subject_is_official=state.is_official[2],
        totals=Totals(
            retweet=sum(share.retweets for share in shares.values()),
            quote=sum(share.quotes for share in shares.values()),
            reply=as_of.contacts_of("reply") if has_contacts else 0,
            mention=as_of.contacts_of("mention") if has_contacts else 0,
            follow=len(following),
        ),
        distinct_officials=len(shares),
        officials=_officials(state, shares),
        windows=_windows(state, first_us, last_us),
        first_amplified_at=None if first_us is None else from_us(first_us),
        last_amplified_at=None if last_us is None else from_us(last_us),
        age_at_first_amplification_days=None if age is None else round(age, 8),  # a millisecond is 1.2e-8 days
        countries=states,
        suspension=notices[-1] if notices else None,
        withdrawn=state.withdrawn,
        gone_with_original=state.removal_reasons.get(RemovalReason.WITH_ORIGINAL, 0),
        gone_with_official=state.removal_reasons.get(RemovalReason.WITH_OFFICIAL, 0),
        gone_unknown=state.removal_reasons.get(RemovalReason.UNKNOWN, 0),
        dropped=state.dropped,
        dropped_amplifications=state.dropped_amplifications,
        suspensions=notices,
        followers_as_of=None if snapshot.followers is None else from_us(snapshot.followers_us),
        roster_digest=state.digests[state.roster[2]],
        following=_followers(state, following),
        first_officials=_first_officials(state, shares),
        links=_NO_LINKS if own is _NO_POSTS else _links(own),
        text_matches=_NO_TEXT_MATCHES if own is _NO_POSTS else _text_matches(own),
        seen_since={
            country: from_us(since_us) if since_us else None
            for country, since_us in sorted(state.seen_since.items())
            if country in states
        },
        score=_score(as_of, shares, states, age, len(following), own if is_followed(state, policy) else state.own),
    )


def _officials(state: SubjectState, shares: Mapping[str, Share]) -> tuple[OfficialFigures, ...]:
    """The parts of the officials with most amplifications; all of them count in the totals."""
    ranked = sorted(shares.items(), key=lambda item: (-item[1].amplifications, item[0]))[:_OFFICIALS]
    return tuple(
        OfficialFigures(
            id=official_id,
            handle=state.officials[official_id].handle,
            country=state.officials[official_id].state,
            category=state.officials[official_id].category,
            retweets=share.retweets,
            quotes=share.quotes,
            first_at=from_us(share.first_us),
            last_at=from_us(share.last_us),
        )
        for official_id, share in ranked
    )


def _first_officials(state: SubjectState, shares: Mapping[str, Share]) -> tuple[FirstOfficial, ...]:
    first = sorted(shares.items(), key=lambda item: (item[1].first_us, item[0]))[:_FIRST_OFFICIALS]
    return tuple(
        FirstOfficial(
            id=official_id,
            handle=state.officials[official_id].handle,
            country=state.officials[official_id].state,
            category=state.officials[official_id].category,
            at=from_us(share.first_us),
        )
        for official_id, share in first
    )


def _followers(state: SubjectState, following: list[Following]) -> tuple[Follower, ...]:
    return tuple(
        Follower(
            id=each.official,
            handle=state.officials[each.official].handle,
            country=state.officials[each.official].state,
            since=from_us(each.since_us),
        )
        for each in following[:_FOLLOWERS]
    )


def _links(own: OwnPosts) -> Links:
    ranked = sorted(own.by_domain().items(), key=lambda item: (-item[1], item[0]))
    return Links(posts=own.linking, domains=dict(ranked[:_DOMAINS]))


def _text_matches(own: OwnPosts) -> TextMatches:
    return TextMatches(
        posts=own.matching,
        best=tuple(
            TextMatch(
                post_id=post.event_id,
                at=from_us(post.at_us),
                official=post.official,
                handle=post.handle,
                official_post_id=post.post_id,
                official_at=from_us(post.matched_us),
                shared=post.shared,
                of=post.of,
            )
            for post in own.best_matches()
        ),
    )


def _score(
    as_of: FiguresAsOf,
    shares: Mapping[str, Share],
    states: tuple[str, ...],
    age: float | None,
    follows: int,
    own: OwnPosts | None,
) -> Score:
    """The score; of a subject whose own posts were never asked for, `own` is `None`."""
    officials = as_of.state.officials
    weeks = {kept.at_us // WEEK_US for kept in as_of.live}
    return score_of(
        Engagement(
            amplifications=sum(share.amplifications for share in shares.values()),
            distinct_officials=len(shares),
            distinct_countries=len(states),
            by_leaders=sum(each.amplifications for i, each in shares.items() if officials[i].category == "leader"),
            by_top_official=max((share.amplifications for share in shares.values()), default=0),
            age_at_first_amplification_days=age,
            weeks=len(weeks.union(as_of.state.weeks)),
            follows=follows,
            linking_posts=None if own is None else own.linking,
            matching_posts=None if own is None else own.matching,
        )
    )


def _windows(state: SubjectState, first_us: int | None, last_us: int | None) -> dict[str, WindowFigures]:
    if last_us is None:
        return dict.fromkeys(WINDOWS, WindowFigures(amplifications=0, distinct_officials=0))
    if first_us == last_us and len(state.amplifications) == 1 and not state.evicted_amplifications:  # most subjects
        return dict.fromkeys(WINDOWS, WindowFigures(amplifications=1, distinct_officials=1))
    as_of = FiguresAsOf(state, last_us, known_us=FOREVER_US)
    return {
        name: WindowFigures(
            amplifications=as_of.window_amplifications(hours), distinct_officials=as_of.window_officials(hours)
        )
        for name, hours in WINDOWS.items()
    }


def _notices(state: SubjectState) -> tuple[SuspensionRecord, ...]:
    """The newest notices, oldest first."""
    notices = state.suspensions
    if not notices:
        return ()
    times = times_of(notices, sightings(state))
    return tuple(_record(*each) for each in list(zip(notices, times, strict=True))[-_SUSPENSIONS:])


def _record(notice: RetainedSuspension, times: NoticeTimes) -> SuspensionRecord:
    return SuspensionRecord(
        status=notice.status,
        at=from_us(notice.at_us),
        event_id=notice.event_id,
        precision=notice.precision,
        not_before=None if times.not_before_us is None else from_us(times.not_before_us),
        not_after=from_us(times.not_after_us),
        seen_again_at=None if times.seen_again_us is None else from_us(times.seen_again_us),
    )
