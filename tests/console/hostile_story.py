"""Everything a stranger can say to the pipeline, said in hostile words: events, roster, rules, reasons, coverage.

Two stories side by side. Officials of Iran, whose names and handles are hostile, amplify an account for each hostile
text, which is suspended; they delete, mention and follow. Officials of France amplify harmless accounts at the same
pace, so that on lists hostile and harmless rows take turns.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from streams.core.rosters.roster import Roster, RosterEntry
from streams.events import Account, Coverage, Deletion, Event, Follow, Post, PostRef, Profile, Retweet, Suspension
from tests.console.hostile import HOSTILE

__all__ = ["HARMLESS", "REASON", "RULES", "hostile_events", "hostile_id", "hostile_roster", "official_id"]

HARMLESS: Final = tuple(f"7{number:03}" for number in range(len(HOSTILE)))
"""Ids of the accounts that French officials amplify."""

REASON: Final = " ".join(HOSTILE)
"""Why a roster is corrected: people may write what they like there."""

_T0: Final = datetime(2021, 1, 1, tzinfo=UTC)
_PLATFORM: Final = "twitter"
_FRENCH: Final = ("801", "802")
_WORDS: Final = [text for text in HOSTILE if text.isprintable() and len(text) < 60 and "\\" not in text]

RULES: Final = f"""
[rules.hostile-words]
description = '''{" ".join(text for text in _WORDS if "'" not in text)}'''
severity = "warning"
quiet = "30d"
[rules.hostile-words.when]
amplifications = {{ at_least = 2 }}

[rules.hostile-end]
description = '''{_WORDS[0]}'''
on = "aftermath"
severity = "critical"
quiet = "30d"
[rules.hostile-end.when]
deletions = {{ at_least = 1 }}
"""
"""A rule file is one line of printable characters where people write in it."""


def hostile_id(place: int) -> str:
    """The id of the account that has the text of that place."""
    return f"{place}{HOSTILE[place]}"


def official_id(place: int) -> str:
    """The id of the official that has it."""
    return f"o{place}{HOSTILE[place]}"


def hostile_roster(*, but: int | None = None) -> Roster:
    """Officials of Iran with hostile words, one perhaps left out, and two of France without."""
    entries = [
        RosterEntry(
            platform=_PLATFORM, account_id=official_id(place), handle=text, name=text, country="IR", category="leader",
            source_url=text, domains=("example.org",),
        )
        for place, text in enumerate(HOSTILE)
        if place != but
    ]  # fmt: skip
    return Roster(
        entries
        + [
            RosterEntry(
                platform=_PLATFORM, account_id=name, handle=f"office{name}", name="An office", country="FR",
                category="leader", source_url="https://example.org/",
            )
            for name in _FRENCH
        ]
    )  # fmt: skip


def _official(place: int) -> Account:
    place %= len(HOSTILE)
    return Account(id=official_id(place), handle=HOSTILE[place], name=HOSTILE[place])


def _subject(place: int) -> Account:
    text = HOSTILE[place]
    created = _T0 - timedelta(days=20)
    return Account(
        id=hostile_id(place), handle=text, name=text, created_at=created, created_at_source="reported", followers=9
    )


def _at(place: int, hours: float) -> datetime:
    return _T0 + timedelta(days=place, hours=hours)


def hostile_events() -> list[Event]:
    """All of it, in the order of its times. Everything happens in January and February 2021."""
    events = [event for place in range(len(HOSTILE)) for event in (*_hostile(place), *_harmless(place))]
    return sorted(events, key=lambda event: event.at)


def _hostile(place: int) -> Iterator[Event]:
    text, subject = HOSTILE[place], _subject(place)
    first, second = _official(place), _official(place + 1)
    other = Account(id=f"x{text}", handle=text, name=text)

    def post(
        name: str, actor: Account, hours: float, quotes: PostRef | None = None, reply: PostRef | None = None
    ) -> Post:
        return Post(
            platform=_PLATFORM, id=f"{name}{place}{text}", at=_at(place, hours), actor=actor, text=f"{text} {name}",
            lang=text, links=(text, f"https://example.org/{text}"), mentions=(subject, other), quotes=quotes,
            reply_to=reply,
        )  # fmt: skip

    its_post = PostRef(post_id=f"p{place}{text}", account=subject)
    yield post("p", subject, 0)
    for number, official in enumerate((first, second)):
        yield Retweet(
            platform=_PLATFORM, id=f"r{place}-{number}{text}", at=_at(place, 1 + number), actor=official,
            subject=subject, post_id=its_post.post_id, text=text,
        )  # fmt: skip
        yield post(f"q{number}", official, 3 + number, quotes=its_post)
        yield post(f"a{number}", official, 5 + number, reply=its_post)
        yield Follow(
            platform=_PLATFORM,
            id=f"f{place}-{number}{text}",
            at=_at(place, 7 + number),
            actor=official,
            subject=subject,
        )
    yield Profile(
        platform=_PLATFORM, id=f"n{place}{text}", at=_at(place, 9), changed=(text, "handle"),
        actor=Account(id=subject.id, handle=f"{text} new", name=f"{text} new"),
    )  # fmt: skip
    yield Suspension(
        platform=_PLATFORM, id=f"s{place}{text}", at=_at(30, place), actor=subject, status="suspended", reason=text,
        precision="exact",
    )  # fmt: skip
    yield post("m", first, 24 * 31)
    yield Deletion(
        platform=_PLATFORM, id=f"d{place}{text}", at=_at(32, place), post_id=f"q0{place}{text}", actor=first
    )  # fmt: skip
    yield Coverage(
        platform=_PLATFORM, id=f"c{place}{text}"[:256], at=_at(place, 12), source=text[:64], seen=False,
        since=_at(place, 10), until=_at(place, 12), reason="silent", officials=(first.id,),
    )  # fmt: skip


def _harmless(place: int) -> Iterator[Event]:
    """Amplified half a day after the hostile one of that day."""
    subject = Account(id=HARMLESS[place], handle="voice", name="A voice", followers=9)
    for number, official in enumerate(_FRENCH):
        actor = Account(id=official, handle=f"office{official}")
        yield Retweet(
            platform=_PLATFORM, id=f"h{place}-{number}", at=_at(place, 12 + number), actor=actor, subject=subject,
            post_id=f"v{place}",
        )  # fmt: skip
