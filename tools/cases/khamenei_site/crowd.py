"""The everyday around the case: what officials otherwise do, and people who are nobody's officials."""

from datetime import UTC, date, datetime, timedelta
from typing import Final

from streams.events import Post, Retweet
from tools.cases.khamenei_site.cast import (
    AMBASSADOR,
    NEW_MISSION,
    OFFICIALS,
    SUBJECT,
    TARGETS,
    OfficialPersona,
    Persona,
    snowflake,
)
from tools.cases.khamenei_site.chronicle import Chronicle
from tools.cases.khamenei_site.history import SUSPENDED_AT
from tools.cases.khamenei_site.near_misses import NEAR_MISSES
from tools.cases.khamenei_site.phrases import OFFICE_EN, OFFICE_FA, ORDINARY_EN, ORDINARY_FA

__all__ = ["PEOPLE", "add_crowd", "add_offices", "add_targets"]

_FROM: Final = date(2020, 6, 15)
_TO: Final = date(2021, 2, 19)

_NAMES: Final = (
    *("Aram", "Bahar", "Cyrus", "Darya", "Elnaz", "Farid", "Golnar", "Hamid", "Iraj", "Jaleh"),
    *("Kaveh", "Laleh", "Mani", "Nasim", "Omid", "Pari", "Ramin", "Sara", "Taraneh", "Vida"),
    *("Yalda", "Zhaleh", "Arash", "Bita", "Dara", "Elham", "Farhad", "Giti", "Homa", "Keyvan"),
)


def _person(n: int, name: str) -> Persona:
    # Some are old and some are new; of some nobody knows how many follow them.
    new_id = snowflake(datetime(2017 + n % 4, 1 + n % 6, 2 + n % 20, 8, tzinfo=UTC), rest=n)
    return Persona(
        id=new_id if n % 3 else str(50_000_000_000 + n * 1_021),
        handle=f"{name}_{10 + n * 7 % 90}",
        lang="en" if n % 4 == 0 else "fa",
        followers=None if n % 5 == 0 else 35 + n * 211 % 4_700,
    )


PEOPLE: Final[tuple[Persona, ...]] = tuple(_person(n, name) for n, name in enumerate(_NAMES))


def add_offices(chronicle: Chronicle) -> None:
    """Every office posts about its own affairs, to the last day; sometimes it names, answers or deletes."""
    media: list[tuple[OfficialPersona, Post]] = []
    for official in OFFICIALS:
        if official.category == "leader":
            continue
        day = date(2020, 9, 12) if official is NEW_MISSION else _FROM
        pool = OFFICE_FA if official.lang == "fa" else OFFICE_EN
        while day <= _TO:
            mentions = (chronicle.pick(TARGETS),) if chronicle.chance(0.06) else ()
            post = chronicle.post(chronicle.on(day), official, chronicle.compose(pool, 2), mentions=mentions)
            if official.category == "state_media" and day < date(2020, 12, 1):
                media.append((official, post))
            day += timedelta(days=4 + int(chronicle.between(0, 5)))
    for official, post in chronicle.shuffled(media)[:6]:
        chronicle.delete(post.at + timedelta(hours=int(chronicle.between(1, 70))), official, post)
    _among_officials(chronicle)


def add_targets(chronicle: Chronicle) -> None:
    """Officials retweet what everybody retweets: a club, an agency, a museum. Two of them take one back."""
    taken_back: list[tuple[OfficialPersona, Retweet]] = []
    day = _FROM
    while day <= _TO:
        target = chronicle.pick(TARGETS[:-1])
        text = chronicle.compose(OFFICE_EN if target.lang == "en" else OFFICE_FA, 2)
        post = chronicle.post(chronicle.on(day), target, text)
        for official in chronicle.shuffled(_in_office(day))[: int(chronicle.between(0, 3))]:
            retweet = chronicle.retweet(_after(chronicle, post), official, post)
            if target is TARGETS[0] and official.category == "government" and day < date(2020, 12, 1):
                taken_back.append((official, retweet))
        day += timedelta(days=2)
    for official, retweet in chronicle.shuffled(taken_back)[:2]:
        chronicle.delete(retweet.at + timedelta(hours=5, seconds=11), official, retweet)
    poet = TARGETS[-1]
    for n in range(32):
        day = date(2020, 8, 18) + timedelta(days=5 * n)
        post = chronicle.post(chronicle.on(day), poet, chronicle.compose(ORDINARY_EN, 3))
        chronicle.retweet(_after(chronicle, post), AMBASSADOR, post)
    for official, target in zip(chronicle.shuffled(_in_office(_TO)), (*TARGETS, *TARGETS), strict=False):
        at = chronicle.on(date(2020, 10, 1) + timedelta(days=int(chronicle.between(0, 90))))
        chronicle.follow(at, official, target)
        if chronicle.chance(0.3):
            chronicle.follow(at + timedelta(days=20), official, target, active=False)


def add_crowd(chronicle: Chronicle) -> None:
    """People post, retweet each other, officials and the watched account, and talk about it. None of it counts."""
    day = _FROM
    while day <= _TO:
        author = chronicle.pick(PEOPLE)
        pool = ORDINARY_EN if author.lang == "en" else ORDINARY_FA
        post = chronicle.post(chronicle.on(day), author, chronicle.compose(pool, 2))
        if chronicle.chance(0.4):
            chronicle.retweet(_after(chronicle, post), chronicle.pick(PEOPLE), post)
        if chronicle.chance(0.08):
            chronicle.delete(_after(chronicle, post), author, post)
        day += timedelta(days=int(chronicle.between(0.4, 2)))
    _about(chronicle, SUBJECT, retweets=45, mentions=28)
    windless = next(miss.persona for miss in NEAR_MISSES if not miss.amplified)
    for n in range(6):
        chronicle.post(chronicle.on(date(2020, 10, 1) + timedelta(days=9 * n)), windless, ORDINARY_FA[n])
    _about(chronicle, windless, retweets=30, mentions=6)
    for persona in (*TARGETS, *PEOPLE[::3]):
        chronicle.profile(chronicle.on(date(2020, 7, 1) + timedelta(days=int(chronicle.between(0, 180)))), persona)
    for person in PEOPLE[::4]:
        chronicle.follow(
            chronicle.on(date(2020, 9, 1) + timedelta(days=int(chronicle.between(0, 90)))), person, SUBJECT
        )


def _about(chronicle: Chronicle, persona: Persona, *, retweets: int, mentions: int) -> None:
    posts = [post for post in chronicle.posts_of(persona) if post.at < SUSPENDED_AT - timedelta(days=3)]
    for _ in range(retweets):
        post, person = chronicle.pick(posts), chronicle.pick(PEOPLE)
        if not chronicle.has_passed_on(person, post):
            chronicle.retweet(_after(chronicle, post), person, post)
    for n in range(mentions):
        post = chronicle.pick(posts)
        author = chronicle.pick(PEOPLE)
        text = f"@{persona.handle} {chronicle.compose(ORDINARY_EN if author.lang == 'en' else ORDINARY_FA, 1)}"
        answered = post if n % 3 == 0 else None
        chronicle.post(_after(chronicle, post), author, text, mentions=(persona,), reply_to=answered)


def _among_officials(chronicle: Chronicle) -> None:
    """Officials retweet each other, and now and then themselves; the new mission at once and most of all."""
    for _ in range(130):
        official = chronicle.pick([official for official in OFFICIALS if official is not NEW_MISSION])
        post = chronicle.pick(chronicle.posts_of(official))
        at = _after(chronicle, post)
        other = official if chronicle.chance(0.06) else chronicle.pick(_in_office(post.at.date()))
        if not chronicle.has_passed_on(other, post):
            chronicle.retweet(at, other, post)
    patron = next(official for official in OFFICIALS if official.handle == "Dolat_Info_IRN")
    friends = [official for official in OFFICIALS if official.category in ("diplomat", "government")]
    friends = [official for official in friends if official not in (patron, NEW_MISSION)][:6]
    for n, post in enumerate(chronicle.posts_of(NEW_MISSION)[:22]):
        chronicle.retweet(_after(chronicle, post), patron, post)
        if n < 18:
            chronicle.retweet(_after(chronicle, post), friends[n % 6], post)


def _in_office(day: date) -> list[OfficialPersona]:
    return [official for official in OFFICIALS if official.valid_from < day.isoformat()]


def _after(chronicle: Chronicle, post: Post) -> datetime:
    return post.at + timedelta(seconds=int(chronicle.between(300, 30_000)))
