"""What the properties of WATCH draw: the posts and deletions of two States' officials, suspensions of a few accounts.

Times cluster around the edges of watches, baselines and the ledger's days. Texts are made of a few passages, so that
they share some of them; ids and handles are few, so that posts refer to accounts that are suspended.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import msgspec
from hypothesis import strategies as st
from msgspec import Struct

from streams.core.clock import DAY_US, HOUR_US, from_us
from streams.core.country_event import Amplifier, CountryEvent, PostKind, Standing, SuspensionPeriod
from streams.core.gone import Absence
from streams.core.officials import Official
from streams.core.subject_event import Coordinates
from streams.events import Account, SuspensionStatus
from tests.core.tracking.strategies import BASE_US, NOWHERE, snowflake

__all__ = ["PASSAGES", "STATE_OFFICIALS", "arrivals", "corrections", "repeats", "worlds"]

STATE_OFFICIALS: Final = {
    "IR": (
        Official(id="1", handle="leader_fa", country="IR", category="leader"),
        Official(id="2", handle=None, country="IR", category="state_media"),
        Official(id="3", handle="Embassy", country="IR", category="diplomat"),
        Official(id="4", handle="news.ir", country="IR", category="state_media"),
    ),
    "FR": (
        Official(id="5", handle="deputy", country="FR", category="parliament"),
        Official(id="6", handle="senator", country="FR", category="parliament"),
    ),
}

# Each long enough to have fingerprints of its own; the last one is Persian.
PASSAGES: Final = (
    "the nation that stands by its word will see the fruits of patience before the coming spring",
    "our scholars have written for a thousand years about justice and the duties of those who rule",
    "no power on earth can silence a people who remember what was done to them and to their fathers",
    "ملت ایران در برابر زورگویی خواهد ایستاد و از حقوق خود دفاع خواهد کرد و پیروز خواهد شد",
)
_TEXTS: Final = (
    *PASSAGES,
    f"{PASSAGES[0]}. {PASSAGES[1]}",
    f"{PASSAGES[1]}! {PASSAGES[2]}? {PASSAGES[3]}",
    f"{PASSAGES[2]} {PASSAGES[0]}",
    "Good morning",
    "",
)
_ENDINGS: Final = ("", "", "", " @Khamenei_site", " @khameneisite", " (via @other_voice)", " see @deputy")
# What the subjects posted, by the last part of the post's id: of one post all reports have the same text.
_SAID: Final = (*_TEXTS, f"{PASSAGES[3]} @deputy", f"{PASSAGES[0]} @Khamenei_site")
_LINKS: Final = (
    (),
    (),
    (),
    ("https://twitter.com/khamenei_SITE/status/1",),
    ("https://www.example.org/Khamenei_site",),
    ("https://t.co/abc", "https://mobile.twitter.com/KhameneiSite"),
)

# Accounts that are amplified and suspended: the first is what a successor would follow.
_YOUNG: Final = BASE_US + 5 * DAY_US
_ACCOUNTS: Final = (
    Account(id=snowflake(BASE_US - 200 * DAY_US), handle="Khamenei_site", name="The Leader's site"),
    Account(id=snowflake(_YOUNG), handle="KhameneiSite", name="Site of the Leader"),
    Account(id=snowflake(_YOUNG + 3 * DAY_US), handle="ordinary", name="The Leader's site"),
    Account(id=snowflake(_YOUNG + 9 * DAY_US), handle="other_voice"),
    Account(id="77", handle="khameneisite2", created_at=from_us(_YOUNG + DAY_US), created_at_source="reported"),
    Account(id="78", handle="khamenei__site"),
)
_OPENINGS: Final = (BASE_US, BASE_US + 20 * DAY_US, BASE_US + 60 * DAY_US)
_EDGES: Final = (-91, -90, -60, -31, -30, -29, -14, -5, -1, 0, 1, 3, 7, 13, 14, 15, 20, 29, 30, 60, 90, 104, 400)
_TIMES: Final = sorted(
    {opened + day * DAY_US + nudge for opened in _OPENINGS for day in _EDGES for nudge in (-1, 0, 1, HOUR_US)}
)
_near: Final = st.sampled_from([opened + day * DAY_US for opened in _OPENINGS[:2] for day in (-3, -1, 1, 2, 3, 8, 12)])
_times: Final = _near | _near | st.sampled_from(_TIMES)
_platforms: Final = st.sampled_from(("twitter", "twitter", "twitter", "twitter", "mastodon"))
_countries: Final = st.sampled_from(("IR", "IR", "IR", "FR"))
_KINDS: Final[tuple[PostKind, ...]] = ("post", "post", "reply", "retweet", "retweet", "quote")
_STATUSES: Final[tuple[SuspensionStatus, ...]] = ("suspended", "suspended", "deleted")


def _known(account: Account, index: int) -> Account:
    """What a report says of an account: all of it, its id alone, or an older handle."""
    older = Account(id=account.id, handle="older_handle", followers=index)
    return (account, account, Account(id=account.id), older)[index % 4]


class _Stage(Struct, frozen=True):
    """Where most of a world happens: what is suspended, for whose officials."""

    platform: str
    country: str
    account: Account
    later: Account | None  # who is taken up after the suspension, and not spoken of before

    @property
    def others(self) -> tuple[Account, ...]:
        """Whom else officials speak of."""
        return tuple(account for account in _ACCOUNTS if account != self.later)


@st.composite
def _stages(draw: st.DrawFn) -> _Stage:
    account = draw(st.sampled_from((*_ACCOUNTS[:1] * 6, *_ACCOUNTS)))
    later = draw(st.sampled_from((None, _ACCOUNTS[1], _ACCOUNTS[2], _ACCOUNTS[3], _ACCOUNTS[4], _ACCOUNTS[1])))
    return _Stage(draw(_platforms), draw(_countries), account, None if later == account else later)


def _versions(post_id: str) -> tuple[str, ...]:
    """The ids of a post's later versions."""
    return (f"{post_id}-second", f"{post_id}-third")


def _any_version(post_id: str) -> st.SearchStrategy[str]:
    return st.sampled_from((post_id, post_id, *_versions(post_id)))


@st.composite
def _posts(draw: st.DrawFn, number: int, stage: _Stage) -> CountryEvent:
    country = draw(st.sampled_from((stage.country,) * 5 + ("IR", "FR")))
    kind = draw(st.sampled_from(_KINDS))
    accounts = (stage.account, stage.account, *stage.others)
    amplified = draw(st.sampled_from(accounts)) if kind in ("retweet", "quote") else None
    subject = None if amplified is None else _known(amplified, draw(st.integers(0, 7)))
    original = draw(st.integers(0, len(_SAID) - 1))
    unknown = kind == "quote" and draw(st.integers(0, 2)) == 0
    own = draw(st.sampled_from(_TEXTS)) + draw(st.sampled_from(_ENDINGS)) if kind != "retweet" else ""
    passed_on = None if subject is None else f"{subject.id}-{original}"
    edited = draw(st.sampled_from((0, 0, 1, 2)))
    return CountryEvent(
        kind="post",
        country=country,
        platform=draw(st.sampled_from((stage.platform,) * 5 + ("mastodon",))),
        event_id=f"p{number * 7 % 100:02}",
        at_us=draw(_times),
        source=NOWHERE,
        roster_digest="roster-a",
        official=draw(st.sampled_from(STATE_OFFICIALS[country])),
        post_kind=kind,
        text=_SAID[original] if kind == "retweet" else own,
        lang=None if kind == "retweet" else draw(st.sampled_from(("fa", "en", None))),
        links=() if kind == "retweet" else draw(st.sampled_from(_LINKS)),
        about=(draw(st.sampled_from(accounts)),) if kind == "reply" else (),
        subject=None if unknown else subject,
        subject_is_official=subject is not None and not unknown and draw(st.integers(0, 9)) == 9,
        post_id=passed_on,
        author_unknown=unknown,
        versions=_versions(f"p{number * 7 % 100:02}")[:edited],
        original_versions=() if passed_on is None else _versions(passed_on)[: draw(st.sampled_from((0, 1, 2)))],
    )


@st.composite
def _deletions(draw: st.DrawFn, number: int, posts: Sequence[CountryEvent]) -> CountryEvent:
    """Of a post by its author; now and then by another official, of an unknown post, or long after it."""
    post = draw(st.sampled_from(posts))
    by = post.official
    whose = draw(st.integers(0, 7))
    if whose == 7 or by is None:
        by = draw(st.sampled_from([each for officials in STATE_OFFICIALS.values() for each in officials]))
    after = draw(st.sampled_from((1, 2, 5, 0, 3, 8, 89, 90, 91)))
    exact = draw(st.booleans())
    return CountryEvent(
        kind="deletion",
        country=by.country,
        platform=post.platform,
        event_id=f"d{number:02}",
        at_us=post.at_us + after * DAY_US + draw(st.integers(-1, 1)) if exact else draw(_near | _times),
        source=NOWHERE,
        roster_digest="roster-a",
        official=by,
        post_id=draw(_any_version(post.event_id)) if draw(st.integers(0, 5)) < 5 else f"u{number % 3}",
    )


@st.composite
def _gone(
    draw: st.DrawFn, number: int, posts: Sequence[CountryEvent], deletions: Sequence[CountryEvent]
) -> CountryEvent:
    """Why posts may be gone besides being taken back: a deletion that names nobody, a deleted original, by whoever
    wrote it, an official or nobody knows whom, a notice of an official's own account.
    """
    post = draw(st.sampled_from(posts))
    at_us = post.at_us + draw(st.sampled_from((1, 2, 5, 0, 13, 14, 15, 30, 91))) * DAY_US + draw(st.integers(-1, 1))
    mine = [each.at_us for each in deletions if each.post_id == post.event_id]
    often = draw(st.integers(0, 3))
    if mine and often:
        noticed_us = draw(st.sampled_from(mine))
        at_us = noticed_us + draw(st.sampled_from((1, 2, 13, 14, 15, 0, -1, -29, -30, -31))) * DAY_US
    event = msgspec.structs.replace(
        post,
        event_id=f"g{number}",
        at_us=at_us,
        text="",
        about=(),
        links=(),
        subject=None,
        post_id=draw(_any_version(post.event_id)),
        versions=(),
        original_versions=(),
    )
    original = None if post.post_id is None else draw(_any_version(post.post_id))
    kind = draw(st.sampled_from(("deletion", "notice", "subject_deletion", "original", "author")))
    if kind == "notice":
        return msgspec.structs.replace(event, kind="notice", status=draw(st.sampled_from(("deleted", "reinstated"))))
    if kind == "subject_deletion" and post.subject is not None:
        return msgspec.structs.replace(
            event, kind="subject_deletion", official=None, subject=post.subject, post_id=original
        )
    if kind == "author" and post.subject is not None and post.official is not None:
        author = msgspec.structs.replace(post.official, id=post.subject.id, handle=post.subject.handle)
        return msgspec.structs.replace(event, kind="deletion", official=author, post_id=original)
    gone = original if kind == "original" and original is not None else event.post_id
    return msgspec.structs.replace(event, kind="deletion", country="", official=None, post_id=gone)


@st.composite
def _absences(draw: st.DrawFn) -> tuple[Absence, ...]:
    """When a subject was gone: not at all, from an opening on, or twice."""
    found: list[Absence] = []
    places = draw(st.sampled_from([(), (), (0,), (0, 1)]))
    for place in places:
        from_us = _OPENINGS[place]
        doubtful_us = from_us - draw(st.sampled_from((14, 0, 1))) * DAY_US
        found.append(Absence(doubtful_us, from_us, from_us + draw(st.sampled_from((1, 13))) * DAY_US))
    lasting = draw(st.booleans())
    if found and lasting:
        found[-1] = Absence(found[-1].doubtful_us, found[-1].from_us)
    return tuple(found)


@st.composite
def _subject_posts(draw: st.DrawFn, stage: _Stage) -> CountryEvent:
    account = draw(st.sampled_from((stage.account, stage.later or stage.account, *stage.others)))
    number = draw(st.integers(0, len(_SAID) - 1))
    return CountryEvent(
        kind="subject_post",
        country=draw(st.sampled_from((stage.country, stage.country, "IR", "FR"))),
        platform=draw(st.sampled_from((stage.platform, stage.platform, "twitter"))),
        event_id=f"{account.id}-{number}",
        at_us=draw(_times),
        source=NOWHERE,
        text=_SAID[number],
        subject=_known(account, draw(st.integers(0, 7))),
    )


@st.composite
def _taken_up(draw: st.DrawFn, stage: _Stage) -> list[CountryEvent]:
    """A young account that the State's officials begin to retweet one after another, weeks after a suspension."""
    account = stage.later
    start_us = draw(st.sampled_from(_OPENINGS)) + draw(st.sampled_from((7, 15, 30, 90, 339))) * DAY_US
    texts = draw(st.sampled_from(((_TEXTS[4], _TEXTS[5]), ("",), (_TEXTS[6], "Good morning to all of you out there"))))
    return [
        CountryEvent(
            kind="post",
            country=stage.country,
            platform=stage.platform,
            event_id=f"x{number:02}",
            at_us=start_us + number * draw(st.sampled_from((DAY_US, 0, 31 * DAY_US))),
            source=NOWHERE,
            official=official,
            post_kind="retweet",
            text=texts[number % len(texts)],
            subject=account,
            post_id=f"y{number}",
        )
        for number, official in enumerate(STATE_OFFICIALS[stage.country][: draw(st.sampled_from((4, 3, 2, 1)))])
    ]


@st.composite
def _cleaned_up(draw: st.DrawFn, stage: _Stage) -> list[CountryEvent]:
    """Officials write what the subject writes, or of it, and take it back around a suspension; of some of the retweets
    the original is deleted too.
    """
    opened_us = draw(st.sampled_from((BASE_US, BASE_US, BASE_US, *_OPENINGS)))
    said = draw(_subject_posts(stage))
    text = draw(st.sampled_from(_TEXTS[:7]))
    events = [
        msgspec.structs.replace(
            said,
            country=stage.country,
            event_id=f"{stage.account.id}-t",
            text=text,
            subject=stage.account,
            at_us=opened_us - 3 * DAY_US,
        )
    ]
    endings = (f" @{stage.account.handle}", "", f" and @{stage.account.handle}")
    for number in range(draw(st.sampled_from((3, 5, 1)))):
        written = msgspec.structs.replace(
            draw(_posts(50 + number, stage)),
            country=stage.country,
            platform=stage.platform,
            official=STATE_OFFICIALS[stage.country][draw(st.integers(0, 1))],
            event_id=f"c{number}",
            versions=_versions(f"c{number}")[: draw(st.integers(0, 2))],
            at_us=opened_us + draw(st.sampled_from((-2, 2, -5, -40))) * DAY_US,
        )
        if written.post_kind == "post":
            written = msgspec.structs.replace(written, text=text + endings[number % 3])
        taken_back_us = opened_us + draw(st.sampled_from((3, 13, 2, -1, 14))) * DAY_US
        taken_back = msgspec.structs.replace(
            written,
            kind="deletion",
            event_id=f"e{number}",
            at_us=taken_back_us,
            post_id=draw(st.sampled_from((written.event_id, *written.versions))),
            text="",
            subject=None,
            about=(),
            links=(),
            versions=(),
            original_versions=(),
        )
        events += [written, taken_back]
        if written.post_kind == "retweet" and draw(st.booleans()):
            events.append(
                msgspec.structs.replace(
                    taken_back,
                    kind="subject_deletion",
                    event_id=f"f{number}",
                    official=None,
                    subject=written.subject,
                    post_id=written.post_id,
                )
            )
    return events


@st.composite
def _periods(draw: st.DrawFn) -> tuple[SuspensionPeriod, ...]:
    """Up to three suspensions after each other, the last one perhaps still standing."""
    found: list[SuspensionPeriod] = []
    openings = [_OPENINGS[place] for place in draw(st.sampled_from(((0,), (0, 1), (1,), (0, 2), (0, 1, 2), (2,))))]
    for index, opened_us in enumerate(openings):
        lasting = draw(st.sampled_from((None, 1, 13, 14, 19)))
        if lasting is None and index < len(openings) - 1:
            lasting = 19
        since = draw(st.sampled_from((0, None, -2, -4, -40, 0)))
        found.append(
            SuspensionPeriod(
                opened_us,
                draw(st.sampled_from(_STATUSES)),
                f"notice-{opened_us}",
                Coordinates("suspensions", 0, index),
                None if lasting is None else opened_us + lasting * DAY_US,
                not_before_us=None if since is None else opened_us + since * DAY_US,
                precision=draw(st.sampled_from(("exact", "day", "noticed", None))),
                seen_again=lasting is not None and draw(st.booleans()),
            )
        )
    return tuple(found)


@st.composite
def _standings(draw: st.DrawFn, platform: str, country: str, account: Account) -> list[CountryEvent]:
    """TRACK's word on a subject to a State, as it learned more and more, or took it back."""
    events = []
    for version in range(1, draw(st.sampled_from((2, 1, 2, 3))) + 1):
        amplifiers = tuple(
            Amplifier(
                official.id,
                official.handle,
                official.category,
                draw(st.integers(1, 9)),
                opened_us + draw(st.sampled_from((-40, -20, -1, 0))) * DAY_US + draw(st.integers(0, 1)),
                BASE_US,
            )
            for official, opened_us in zip(
                draw(st.permutations(STATE_OFFICIALS[country]))[: draw(st.sampled_from((3, 4, 2, 1, 0)))],
                draw(st.permutations((BASE_US, BASE_US, BASE_US, _OPENINGS[1]))),
                strict=False,
            )
        )
        void = draw(st.booleans()) if version > 1 else draw(st.integers(0, 5)) == 5
        events.append(
            CountryEvent(
                kind="standing",
                country=country,
                platform=platform,
                event_id=f"standing-{version}",
                at_us=BASE_US + version,
                source=NOWHERE,
                roster_digest=f"roster-{version}",
                subject=_known(account, draw(st.sampled_from((0, 0, 0, 0, 2, 3)))),
                standing=Standing(
                    version=version,
                    periods=() if void else draw(_periods()),
                    amplifiers=amplifiers,
                    absences=draw(_absences()),
                ),
            )
        )
    return events


@st.composite
def worlds(draw: st.DrawFn) -> list[CountryEvent]:
    """All that happened, each event once, in no order."""
    stage = draw(_stages())
    posts = [draw(_posts(number, stage)) for number in range(draw(st.sampled_from((8, 14, 4, 1))))]
    events = list(posts)
    deletions = [draw(_deletions(number, posts)) for number in range(draw(st.sampled_from((6, 10, 3, 0))))]
    events += deletions
    events += [draw(_gone(number, posts, deletions)) for number in range(draw(st.sampled_from((3, 0, 6))))]
    events += draw(st.lists(_subject_posts(stage), max_size=3))
    if draw(st.sampled_from((True, True, True, False))):
        events += draw(_cleaned_up(stage))
    if stage.later is not None:
        events += draw(_taken_up(stage))
    events += draw(_standings(stage.platform, stage.country, stage.account))
    if draw(st.integers(0, 3)) == 3 and stage.account != _ACCOUNTS[5]:
        events += draw(_standings("twitter", "FR", _ACCOUNTS[5]))
    times = draw(st.lists(_times, max_size=2))
    if draw(st.sampled_from((True, True, False))):
        times.append(max(event.at_us for event in events))  # as at the end of a run
    for number, at_us in enumerate(times):
        events.append(
            CountryEvent(kind="tick", country="", platform="", event_id=f"t{number}", at_us=at_us, source=NOWHERE)
        )
    return events


@st.composite
def repeats(draw: st.DrawFn, events: Sequence[CountryEvent]) -> list[CountryEvent]:
    """Further reports of some of the events: the same again, from elsewhere, a retweet with its text cut short or
    without its original, or a post without what it quotes or answers.
    """
    again = []
    for event in draw(st.lists(st.sampled_from(events), max_size=5)):
        report = msgspec.structs.replace(event, source=Coordinates("again", 0, draw(st.integers(0, 9))))
        if event.kind == "post" and event.post_kind == "retweet" and draw(st.booleans()):
            report = msgspec.structs.replace(report, text=event.text[: draw(st.sampled_from((19, 20, 22)))])
        elif event.kind == "post" and event.post_kind == "retweet" and draw(st.booleans()):
            report = msgspec.structs.replace(
                report,
                post_kind="post",
                subject=None,
                about=(),
                post_id=None,
                original_versions=(),
                text=f"RT @nova: {event.text}",
            )
        elif event.kind == "post" and event.post_kind == "quote" and draw(st.booleans()):
            report = msgspec.structs.replace(report, subject=None, subject_is_official=False, author_unknown=True)
        elif event.kind == "post" and event.post_kind in ("quote", "reply") and draw(st.booleans()):
            report = msgspec.structs.replace(
                report,
                post_kind="post",
                subject=None,
                about=(),
                post_id=None,
                original_versions=(),
                author_unknown=False,
            )
        if event.kind == "post" and draw(st.booleans()):
            seen_us = event.at_us + draw(st.sampled_from((0, 2, 5))) * DAY_US
            report = msgspec.structs.replace(report, observed_us=seen_us)
        if draw(st.integers(0, 3)) == 3:  # a copy of the first version says nothing of later ones
            report = msgspec.structs.replace(report, versions=())
        again.append(report)
    return again


@st.composite
def corrections(draw: st.DrawFn, events: Sequence[CountryEvent]) -> list[CountryEvent]:
    """Reports of some of the posts and deletions that contradict the first: another time, or another author."""
    reports = []
    for event in draw(st.lists(st.sampled_from(events), min_size=1, max_size=4)):
        if event.kind in ("post", "deletion", "subject_post"):
            at_us = event.at_us + draw(st.sampled_from((-DAY_US, -1, 1, 20 * DAY_US)))
            official = event.official
            if official is not None and draw(st.booleans()):
                official = draw(st.sampled_from(STATE_OFFICIALS[event.country]))
            reports.append(msgspec.structs.replace(event, at_us=at_us, official=official))
    return reports


@st.composite
def arrivals(draw: st.DrawFn, events: Sequence[CountryEvent]) -> list[list[CountryEvent]]:
    """One way in which events may arrive: any order, some more than once, in any batches."""
    arriving = list(events)
    if draw(st.integers(0, 3)):
        draw(st.randoms(use_true_random=False)).shuffle(arriving)
    for event in draw(st.lists(st.sampled_from(events), max_size=4)):
        arriving.insert(draw(st.integers(0, len(arriving))), event)
    cuts = sorted(draw(st.sets(st.integers(1, len(arriving)), min_size=1, max_size=6)))
    batches = [arriving[start:end] for start, end in pairwise([0, *cuts, len(arriving)])]
    return [batch for batch in batches if batch]
