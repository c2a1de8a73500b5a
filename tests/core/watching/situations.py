"""Situations that SCREEN may meet: an event, a roster, tracked accounts; and the naive reading of who is who in them.

Few ids and handles, so that actors, subjects and officials are often the same.
"""

from typing import Any, Final

import msgspec
from hypothesis import strategies as st

from streams.core.clock import DAY_US, from_us
from streams.core.rosters.roster import Roster, RosterEntry
from streams.core.screening.account_index import AccountIndex
from streams.core.screening.screen import ScreenPolicy
from streams.core.subject_event import Coordinates
from streams.core.tracked import TrackedAccount
from streams.events import Account, AccountEvent, Deletion, Follow, Post, PostRef, Profile, Retweet, Suspension
from tests.core.tracking.strategies import BASE_US

__all__ = ["NOW_US", "POLICY", "SOURCE", "engagement_of", "in_force", "on_roster", "situations"]

SOURCE: Final = Coordinates("posts", 3, 77)
NOW_US: Final = BASE_US + 10 * DAY_US
POLICY: Final = ScreenPolicy(mentions=4)

_IDS: Final = ("1", "2", "3", "@embassy")
_HANDLES: Final = (None, "Embassy", "embassy", "@EMBASSY", "embassy_", "\N{KELVIN SIGN}ing", "king", "")
_platforms = st.sampled_from(("twitter",) * 6 + ("mastodon",))
_times = st.sampled_from([BASE_US + day * DAY_US + nudge for day in (0, 1, 2) for nudge in (-1, 0)])
_accounts = st.builds(Account, id=st.sampled_from(_IDS), handle=st.sampled_from(_HANDLES))
_refs = st.builds(PostRef, post_id=st.sampled_from(("p1", "p2")), account=_accounts | st.none())
_common: Final[dict[str, Any]] = {
    "platform": _platforms,
    "id": st.sampled_from(("e1", "e2")),
    "at": _times.map(from_us),
    "actor": _accounts,
}
_LONG: Final = "a text that is long enough to compare"
_LINKS: Final = ("https://farsi.khamenei.ir/speech", "https://example.net/", "http://khamenei.ir.example.net/", "x")
_posts: Final = st.builds(
    Post,
    **_common,
    links=st.lists(st.sampled_from(_LINKS), max_size=2).map(tuple),
    text=st.sampled_from(("", "short", _LONG)),
    mentions=st.lists(_accounts, max_size=6).map(tuple),
    reply_to=_refs | st.none(),
    quotes=_refs | st.none(),
)
_linking: Final = st.builds(
    lambda post, text, links: msgspec.structs.replace(post, text=text, links=links),
    _posts,
    st.sampled_from((_LONG, _LONG, "short")),
    st.sampled_from((_LINKS[:1], _LINKS[:2], _LINKS[1:], ())),
)
_retweets: Final = st.builds(
    Retweet,
    **_common,
    subject=_accounts,
    post_id=st.sampled_from((None, "p1")),
    text=st.sampled_from((None, "RT @king: a text", "RT @king a text", "text")),
)
_follows: Final = st.builds(Follow, **_common, subject=_accounts, active=st.booleans())
_deletions: Final = st.builds(Deletion, **{**_common, "actor": st.none() | _accounts}, post_id=st.just("p1"))
_EVENTS: Final[tuple[st.SearchStrategy[AccountEvent], ...]] = (
    *(_posts, _posts, _posts, _posts, _retweets, _retweets, _follows, _follows),
    st.builds(Suspension, **_common, status=st.sampled_from(("suspended", "reinstated", "deleted", "deactivated"))),
    st.builds(Profile, **_common),
    _deletions,
    _deletions,
)


# In days: always, for a day, always but for that day.
_TERMS: Final[tuple[tuple[tuple[int | None, int | None], ...], ...]] = (
    ((None, None),),
    ((0, 1),),
    ((None, 0), (1, None)),
)


@st.composite
def _rosters(draw: st.DrawFn) -> Roster:
    """Accounts by id or, some, by handle alone."""
    named: Final = [(None, "Embassy"), ("1", "Embassy"), ("2", "KING"), ("3", None), (None, "\N{KELVIN SIGN}ing")]
    entries = []
    least = draw(st.integers(0, 2))
    for account_id, handle in draw(st.lists(st.sampled_from(named), min_size=least, max_size=4, unique=True)):
        platform = draw(_platforms)
        named_domain = draw(st.integers(0, 3))
        entries += [
            RosterEntry(
                platform=platform,
                account_id=account_id,
                handle=handle,
                country="IR",
                category="diplomat",
                source_url="https://example.org",
                domains=("khamenei.ir",) if named_domain < 3 else (),
                valid_from_us=None if start is None else BASE_US + start * DAY_US,
                valid_to_us=None if end is None else BASE_US + end * DAY_US,
            )
            for start, end in draw(st.sampled_from(_TERMS))
        ]
    return Roster(entries)


_TRACKED: Final = (
    TrackedAccount(platform="twitter", id="3", countries=("IR", "RU")),
    TrackedAccount(platform="twitter", id="9", handle="embassy"),
    TrackedAccount(platform="twitter", id="9", handle="king"),
    TrackedAccount(platform="mastodon", id="1", countries=("IR",)),
)


_BY_HANDLE: Final = RosterEntry(
    platform="twitter", handle="Embassy", country="IR", category="diplomat", source_url="https://example.org"
)


@st.composite
def situations(draw: st.DrawFn) -> tuple[AccountEvent, AccountIndex]:
    """An event, a roster and tracked accounts; mostly, the actor is or was an official by id or by handle."""
    roster, event = draw(_rosters()), draw(draw(st.sampled_from(_EVENTS)))
    known = AccountIndex(roster if draw(st.booleans()) else None)
    for tracked in draw(st.lists(st.sampled_from(_TRACKED), max_size=3)):
        known.add(tracked)
    known.use(roster)
    acts = draw(st.sampled_from(("official",) * 4 + ("subject", "subject", "seen before", "anybody", "nobody")))
    if acts == "subject":
        tracked = draw(st.sampled_from([each for each in _TRACKED if each.countries] + [_TRACKED[0]]))
        known.add(tracked)
        event = msgspec.structs.replace(draw(_linking), platform=tracked.platform, actor=Account(id=tracked.id))
    elif acts == "seen before":
        known.use(Roster([*(each for each in roster.entries if each.handle != "Embassy"), _BY_HANDLE]))
        tracked = next(each for each in _TRACKED if each.handle == "embassy")
        known.add(tracked)
        event = msgspec.structs.replace(draw(_deletions), platform=tracked.platform, actor=Account(id=tracked.id))
    elif acts == "nobody":
        event = msgspec.structs.replace(draw(_deletions), actor=None)
    elif roster.entries and acts == "official":
        entry = draw(st.sampled_from(roster.entries))
        handle = entry.handle or "Embassy"
        spelt = draw(st.sampled_from((handle, handle.upper(), f"@{handle.lower()}")))
        named = not isinstance(event, Deletion) or draw(st.booleans())
        actor = Account(id=entry.account_id or "9", handle=spelt if named else None)
        event = msgspec.structs.replace(event, platform=entry.platform, actor=actor)
    return event, known


def in_force(roster: Roster, platform: str | None, at_us: int) -> list[RosterEntry]:
    """The entries of a platform, or of all, at a time."""
    return [
        entry
        for entry in roster.entries
        if (platform is None or entry.platform == platform)
        and (entry.valid_from_us or -(10**18)) <= at_us < (entry.valid_to_us or 10**18)
    ]


def on_roster(roster: Roster, platform: str, account: Account, at_us: int) -> bool:
    """Naively: some entry in force names the account's id; or one without an id names its handle, in any case."""
    for entry in in_force(roster, platform, at_us):
        if entry.account_id is not None:
            if entry.account_id == account.id:
                return True
        elif account.handle and entry.handle:
            ours, theirs = account.handle.removeprefix("@"), entry.handle.removeprefix("@")
            if ours == theirs or (ours.isascii() and theirs.isascii() and ours.lower() == theirs.lower()):
                return True
    return False


def engagement_of(event: AccountEvent) -> list[tuple[str, Account]]:
    """Whom an event engages with, and how, strongest first."""
    match event:
        case Retweet():
            return [("retweet", event.subject)]
        case Follow():
            return [("follow", event.subject)]
        case Post():
            quoted = [("quote", event.quotes.account)] if event.quotes and event.quotes.account else []
            answered = [("reply", event.reply_to.account)] if event.reply_to and event.reply_to.account else []
            return [*quoted, *answered, *(("mention", account) for account in event.mentions[: POLICY.mentions])]
        case _:
            return []
