"""What SCREEN says to States: their officials' posts and deletions, and the posts of subjects that they amplified."""

from collections import Counter
from typing import Final

import msgspec
import pytest
from hypothesis import given

from streams.core.clock import from_us
from streams.core.country_event import decode_country_event, encode_country_event
from streams.core.rosters.roster import Roster, RosterEntry
from streams.core.screening.account_index import AccountIndex
from streams.core.screening.screen import Screening, ScreenPolicy, screen_event
from streams.core.subject_event import encode_subject_event
from streams.core.tracked import TrackedAccount
from streams.events import Account, AccountEvent, Deletion, Follow, Post, PostRef, Profile, Retweet, Suspension
from streams.topics import topic_named
from tests.core.tracking.strategies import BASE_US, examples
from tests.core.watching.situations import NOW_US, POLICY, SOURCE, engagement_of, on_roster, situations

_ROSTER: Final = Roster(
    [
        RosterEntry(
            platform="twitter",
            account_id="1",
            handle="Embassy",
            country="IR",
            category="diplomat",
            source_url="https://example.org",
        )
    ]
)


def _acts_as_official(known: AccountIndex, event: AccountEvent, at_us: int) -> bool:
    """Where an event says no handle, as deletions do, that under which the id was seen counts as well."""
    actor = event.actor
    if actor is None:
        return False
    spelt = [actor, Account(id=actor.id, handle=known.of(event.platform, actor.id).handle)]
    bare = actor.handle is None
    return any(on_roster(known.roster, event.platform, each, at_us) for each in spelt[: 1 + bare])


def _reports(
    event: AccountEvent, known: AccountIndex, at_us: int
) -> list[tuple[str, str, str, str | None, str | None]]:
    """What an event says to States: kind, State, how it was posted, about which post, about whom."""
    if isinstance(event, Deletion) and event.actor is None:
        return [("deletion", "", "post", event.post_id, None)]  # to all States
    if isinstance(event, Profile | Follow) or event.actor is None:
        return []
    if not _acts_as_official(known, event, at_us):
        if isinstance(event, Deletion):
            countries = known.of(event.platform, event.actor.id).countries
            return [("subject_deletion", country, "post", event.post_id, event.actor.id) for country in countries]
        subject = known.of(event.platform, event.actor.id).countries if isinstance(event, Post) else ()
        long_enough = isinstance(event, Post) and len(event.text) >= 20
        return [("subject_post", country, "post", None, event.actor.id) for country in subject if long_enough]
    match event:
        case Suspension():
            return [("notice", "IR", "post", None, None)]
        case Deletion():
            return [("deletion", "IR", "post", event.post_id, None)]
        case Retweet():
            subject_id = None if event.subject.id == event.actor.id else event.subject.id
            return [("post", "IR", "retweet", event.post_id, subject_id)]
        case Post(quotes=PostRef(post_id=post_id, account=account)):
            quoted = None if account is None or account.id == event.actor.id else account.id
            return [("post", "IR", "quote", post_id, quoted)]
        case Post():
            return [("post", "IR", "reply" if event.reply_to else "post", None, None)]


@pytest.mark.slow
def test_each_state_receives_what_its_officials_post_and_delete_and_what_its_subjects_post() -> None:
    """Once each; with everybody whom a post is about, and at no more length than travels."""
    seen = Counter[str]()

    @examples(400)
    @given(situations())
    def check(situation: tuple[AccountEvent, AccountIndex]) -> None:
        event, known = situation
        at_us = round(event.at.timestamp() * 10**6)
        screening = screen_event(event, SOURCE, known, NOW_US, POLICY)
        assert isinstance(screening, Screening)
        said = [
            (each.kind, each.country, each.post_kind, each.post_id, each.subject and each.subject.id)
            for each in screening.country_events
        ]
        assert said == _reports(event, known, at_us)
        for each in screening.country_events:
            assert (each.at_us, each.event_id, each.source, each.platform) == (at_us, event.id, SOURCE, event.platform)
            assert each.roster_digest == known.roster.digest
            assert decode_country_event(encode_country_event(each)) == each
            assert not each.text.startswith("RT @king:")
            if isinstance(event, Post) and each.kind == "post":
                others = {account.id for kind, account in engagement_of(event)} - {event.actor.id}
                assert {account.id for account in each.about} == others
                assert len(each.about) == len(others)
            if each.subject is not None:
                assert each.subject_is_official == on_roster(known.roster, event.platform, each.subject, at_us)
            seen[each.kind if each.kind != "post" else each.post_kind] += 1
            seen["without subject"] += each.kind == "post" and each.post_kind == "quote" and each.subject is None
        if isinstance(event, Deletion) and screening.country_events and event.actor is not None:
            by_id = any(entry.account_id == event.actor.id for entry in known.roster.entries)
            seen["by an id seen before"] += not by_id and event.actor.handle is None
        seen["for two States"] += len(said) > 1

    check()
    covered = (
        "retweet",
        "quote",
        "reply",
        "post",
        "deletion",
        "subject_post",
        "without subject",
        "for two States",
        "notice",
    )
    assert {what: seen[what] for what in (*covered, "for two States", "by an id seen before") if not seen[what]} == {}


def test_a_state_event_is_no_longer_than_what_a_broker_takes() -> None:
    """However much a post holds: its text, links and accounts are bounded one by one."""
    named = tuple(Account(id=f"{number:\x01>256}", handle="\x01" * 1_024, name="\x01" * 1_024) for number in range(60))
    post = Post(
        platform="twitter",
        id="\x01" * 256,
        at=from_us(BASE_US),
        actor=Account(id="1"),
        text="\x01" * 100_000,
        links=("\x01" * 8_192,) * 1_000,
        mentions=named,
        quotes=PostRef(post_id="\x01" * 256, account=named[0]),
    )
    screened = screen_event(post, SOURCE, AccountIndex(_ROSTER), NOW_US, ScreenPolicy())
    assert isinstance(screened, Screening)
    (report,) = screened.country_events
    assert 500_000 < len(encode_country_event(report)) < 1_000_000


def test_what_the_largest_legal_post_says_fits_into_messages() -> None:
    """100,000 characters, 1,000 links and mentions, six bytes a character: by an official, and by a tracked subject."""
    name, text = "\x01" * 1_024, "\x01" * 100_000
    crowd = tuple(Account(id=f"{number:04}{name}"[:256], handle=name, name=name) for number in range(1_000))
    quoted = PostRef(post_id=name[:256], account=msgspec.structs.replace(crowd[-1], handle=name))
    for author in ("1", "subject"):
        known = AccountIndex(_ROSTER)
        known.add(TrackedAccount(platform="twitter", id="subject", countries=("DE", "IR")))
        post = Post(
            platform="twitter",
            id=name[:256],
            at=from_us(BASE_US),
            actor=Account(id=author, handle=name, name=name),
            text=text,
            lang=name,
            links=(name * 8,) * 1_000,
            mentions=crowd,
            reply_to=quoted,
            quotes=quoted,
        )
        screened = screen_event(post, SOURCE, known, NOW_US, ScreenPolicy())
        assert isinstance(screened, Screening)
        for topic, sizes in (
            ("subject-events", [len(encode_subject_event(event)) for event in screened.events]),
            ("country-events", [len(encode_country_event(event)) for event in screened.country_events]),
        ):
            assert max(sizes, default=0) + 2_048 < topic_named(topic).max_message_bytes
        assert screened.country_events
