"""What one raw event says to a State: an official's post, retweet or deletion, and a tracked subject's own post.

Owns what travels to WATCH and how much of it. Who is an official, and whose subject an account is, comes in.
"""

import re
from collections.abc import Iterable
from typing import Final

from streams.core.clock import to_us
from streams.core.country_event import STATE_TEXT, CountryEvent, PostKind, SourceCoverage
from streams.core.officials import Official
from streams.core.rosters.roster import handle_key
from streams.core.screening.account_index import AccountIndex
from streams.core.screening.screen_policy import ScreenPolicy
from streams.core.subject_event import Coordinates
from streams.events import Account, Coverage, Deletion, Event, Post, Retweet, Suspension

__all__ = [
    "coverage_reports",
    "deletion_report",
    "notice_report",
    "observed_us",
    "post_report",
    "quotes_unknown_author",
    "retweet_report",
    "retweeted_text",
    "subject_deletion_reports",
    "subject_post_reports",
]

# What a retweet's text begins with where the platform shows whose post it passes on; a handle has at most 256
# characters on any platform we know.
_RETWEET_PREFIX: Final = re.compile(r"RT @[^\s:]{1,256}: ?")


def post_report(
    post: Post, official: Official, at_us: int, source: Coordinates, known: AccountIndex, policy: ScreenPolicy
) -> CountryEvent:
    """An official's own post, to the official's State. A quote of itself has no subject."""
    kind: PostKind = "quote" if post.quotes is not None else "reply" if post.reply_to is not None else "post"
    quoted = post.quotes.account if post.quotes is not None else None
    unknown = quotes_unknown_author(post)
    subject = None if quoted is None or quoted.id == post.actor.id else quoted
    return CountryEvent(
        kind="post",
        country=official.country,
        platform=post.platform,
        event_id=post.id,
        at_us=at_us,
        source=source,
        roster_digest=known.roster.digest,
        official=official,
        post_kind=kind,
        text=post.text[:STATE_TEXT],
        lang=post.lang,
        links=_links(post, policy),
        about=_others(post, policy),
        subject=subject,
        subject_is_official=subject is not None and known.official(post.platform, subject, at_us) is not None,
        post_id=None if post.quotes is None else post.quotes.post_id,
        author_unknown=unknown,
        quoted_handle=post.quotes.handle if unknown and post.quotes is not None else None,
        versions=post.versions,
        original_versions=() if post.quotes is None else post.quotes.versions,
        observed_us=observed_us(post),
    )


def quotes_unknown_author(post: Post) -> bool:
    """Whether a post quotes another of which is not said whose it is; the handle of its own author says enough."""
    quotes = post.quotes
    if quotes is None or quotes.account is not None:
        return False
    return not quotes.handle or not post.actor.handle or handle_key(quotes.handle) != handle_key(post.actor.handle)


def retweet_report(
    retweet: Retweet, official: Official, at_us: int, source: Coordinates, known: AccountIndex
) -> CountryEvent:
    """What an official passed on, to the official's State. A post of its own that it passes on has no subject."""
    subject = None if retweet.subject.id == retweet.actor.id else retweet.subject
    return CountryEvent(
        kind="post",
        country=official.country,
        platform=retweet.platform,
        event_id=retweet.id,
        at_us=at_us,
        source=source,
        roster_digest=known.roster.digest,
        official=official,
        post_kind="retweet",
        text=retweeted_text(retweet),
        subject=subject,
        subject_is_official=subject is not None and known.official(retweet.platform, subject, at_us) is not None,
        post_id=retweet.post_id,
        original_versions=retweet.versions,
        observed_us=observed_us(retweet),
    )


def retweeted_text(retweet: Retweet) -> str:
    """The text that was passed on, without what says that it was; as much of it as travels."""
    text = retweet.text or ""
    prefix = _RETWEET_PREFIX.match(text)
    return text[prefix.end() if prefix else 0 :][:STATE_TEXT]


def deletion_report(
    deletion: Deletion, official: Official | None, at_us: int, source: Coordinates, known: AccountIndex
) -> CountryEvent:
    """An official's post is gone, to the official's State; or somebody's, to all States."""
    return CountryEvent(
        kind="deletion",
        country="" if official is None else official.country,
        platform=deletion.platform,
        event_id=deletion.id,
        at_us=at_us,
        source=source,
        roster_digest=known.roster.digest,
        official=official,
        post_id=deletion.post_id,
    )


def notice_report(
    notice: Suspension, official: Official, at_us: int, source: Coordinates, known: AccountIndex
) -> CountryEvent:
    """An official's own account is gone or back, to the official's State."""
    return CountryEvent(
        kind="notice",
        country=official.country,
        platform=notice.platform,
        event_id=notice.id,
        at_us=at_us,
        source=source,
        roster_digest=known.roster.digest,
        official=official,
        status=notice.status,
    )


def subject_deletion_reports(
    deletion: Deletion,
    subject: Account,
    countries: Iterable[str],
    at_us: int,
    source: Coordinates,
    known: AccountIndex,
) -> tuple[CountryEvent, ...]:
    """A tracked subject's own post is gone, to each State whose officials amplified it."""
    return tuple(
        CountryEvent(
            kind="subject_deletion",
            country=country,
            platform=deletion.platform,
            event_id=deletion.id,
            at_us=at_us,
            source=source,
            roster_digest=known.roster.digest,
            subject=subject,
            post_id=deletion.post_id,
        )
        for country in countries
    )


def coverage_reports(
    coverage: Coverage, at_us: int, source: Coordinates, known: AccountIndex
) -> tuple[CountryEvent, ...]:
    """What a source saw, or did not see, to each State that it concerns: of the officials it names only its own."""
    return tuple(
        CountryEvent(
            kind="coverage",
            country=country,
            platform=coverage.platform,
            event_id=coverage.id,
            at_us=at_us,
            source=source,
            roster_digest=known.roster.digest,
            observed_us=observed_us(coverage),
            coverage=SourceCoverage(
                source=coverage.source,
                seen=coverage.seen,
                # Time begins with 1970: what was seen before is seen since ever.
                since_us=None if coverage.since is None else max(0, to_us(coverage.since)) or None,
                until_us=None if coverage.until is None else max(0, to_us(coverage.until)),
                officials=officials,
                closed_by=coverage.closed_by,
            ),
        )
        for country, officials in known.concerned(coverage.platform, coverage.officials)
    )


def observed_us(event: Event) -> int | None:
    """When a collector saw what the event tells of."""
    return None if event.observed_at is None else to_us(event.observed_at)


def subject_post_reports(
    post: Post, countries: Iterable[str], at_us: int, source: Coordinates, known: AccountIndex, policy: ScreenPolicy
) -> tuple[CountryEvent, ...]:
    """A tracked subject's own post, to each State whose officials amplified it; none where the text is too short."""
    if len(post.text) < policy.text:
        return ()
    return tuple(
        CountryEvent(
            kind="subject_post",
            country=country,
            platform=post.platform,
            event_id=post.id,
            at_us=at_us,
            source=source,
            roster_digest=known.roster.digest,
            text=post.text[:STATE_TEXT],
            lang=post.lang,
            links=_links(post, policy),
            subject=post.actor,
        )
        for country in countries
    )


def _links(post: Post, policy: ScreenPolicy) -> tuple[str, ...]:
    return tuple(link[: policy.link_text] for link in post.links[: policy.links])


def _others(post: Post, policy: ScreenPolicy) -> tuple[Account, ...]:
    """Each other account that the post quotes, answers or mentions, once, by id and handle: no more is needed."""
    referred = [ref.account for ref in (post.quotes, post.reply_to) if ref is not None and ref.account is not None]
    others: dict[str, Account] = {}
    for each in (*referred, *post.mentions[: policy.mentions]):
        if each.id != post.actor.id:
            others.setdefault(each.id, Account(id=each.id, handle=each.handle))
    return tuple(others.values())
