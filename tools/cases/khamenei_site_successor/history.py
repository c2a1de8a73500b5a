"""What happens: one account is suspended, the same officials take up others, one of them close to the first."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final

from streams.events import Post
from tools.cases.khamenei_site.cast import OFFICIALS, SUBJECT, OfficialPersona, Persona
from tools.cases.khamenei_site.chronicle import Chronicle
from tools.cases.khamenei_site.phrases import LEADER, OFFICE_EN, OFFICE_FA, ORDINARY_EN, ORDINARY_FA, SITE_FA
from tools.cases.khamenei_site_successor.cast import FIRST_OFFICIALS, FOREIGN, ORDINARY, SUCCESSOR, UNLIKE

__all__ = ["FIRST_SUSPENDED_AT", "SUCCESSOR_SUSPENDED_AT", "add_all"]

FIRST_SUSPENDED_AT: Final = datetime(2021, 1, 21, 14, 20, tzinfo=UTC)
SUCCESSOR_SUSPENDED_AT: Final = datetime(2022, 1, 15, 9, 5, tzinfo=UTC)

_FROM: Final = date(2020, 8, 1)
_TO: Final = date(2022, 2, 25)
_FARSI: Final = OFFICIALS[0]


def add_all(chronicle: Chronicle) -> None:
    """All of it."""
    _offices(chronicle)
    _posts(chronicle, SUBJECT, date(2020, 8, 2), date(2021, 1, 20), days=2.2, excerpts=True)
    _taken_up(chronicle, SUBJECT, FIRST_OFFICIALS, date(2020, 8, 4), date(2021, 1, 19), retweets=48)
    chronicle.suspend(FIRST_SUSPENDED_AT, SUBJECT)
    _posts(chronicle, SUCCESSOR, date(2021, 2, 10), date(2022, 1, 14), days=4.0, excerpts=True)
    _taken_up(chronicle, SUCCESSOR, FIRST_OFFICIALS[:9], date(2021, 2, 14), date(2022, 1, 12), retweets=46)
    chronicle.suspend(SUCCESSOR_SUSPENDED_AT, SUCCESSOR)
    for number, persona in enumerate(ORDINARY):
        first = date(2021, 3, 4) + timedelta(days=33 * number)
        _posts(chronicle, persona, first, first + timedelta(days=70), days=5.0)
        by = chronicle.shuffled(FIRST_OFFICIALS)[: 6 + number % 3]
        _taken_up(chronicle, persona, by, first + timedelta(days=8), first + timedelta(days=68), retweets=14)
    _near_misses(chronicle)


def _offices(chronicle: Chronicle) -> None:
    """Officials post in their languages all the time, and delete next to nothing."""
    for official in (*OFFICIALS, *FOREIGN):
        day = max(_FROM, date.fromisoformat(official.valid_from)) if official.valid_from else _FROM
        pool: Sequence[str] = OFFICE_EN if official.lang == "en" else OFFICE_FA
        if official.category == "leader":
            pool = LEADER[official.lang]
        every = 4 if official is _FARSI else 11
        while day < _TO:
            chronicle.post(chronicle.on(day), official, chronicle.compose(pool, 3))
            day += timedelta(days=every + int(chronicle.between(0, 3)))


def _near_misses(chronicle: Chronicle) -> None:
    """Each is close to the first account and lacks one thing."""
    takes_up: dict[str, tuple[Sequence[OfficialPersona], date, date]] = {
        "one official only": ((_FARSI,), date(2021, 3, 20), date(2021, 5, 20)),
        "officials of another State": (FOREIGN, date(2021, 3, 20), date(2021, 5, 20)),
        "an old account": (FIRST_OFFICIALS[:5], date(2021, 3, 20), date(2021, 5, 20)),
        "taken up before the suspension": (FIRST_OFFICIALS[:5], date(2020, 11, 8), date(2021, 1, 15)),
    }
    for lacks, persona in UNLIKE.items():
        officials, first, last = takes_up[lacks]
        _posts(chronicle, persona, first - timedelta(days=4), last, days=6.0)
        _taken_up(chronicle, persona, officials, first, last, retweets=8)


def _posts(
    chronicle: Chronicle, author: Persona, first: date, last: date, *, days: float, excerpts: bool = False
) -> None:
    """An account posts; with `excerpts` every third post repeats two sentences of the Farsi-language account."""
    sources = chronicle.posts_of(_FARSI)
    pool = SITE_FA if excerpts else ORDINARY_EN if author.lang == "en" else ORDINARY_FA
    day, number = first, 0
    while day <= last:
        at = chronicle.on(day)
        text = chronicle.compose(pool, 2)
        recent = [post for post in sources if post.at < at - timedelta(hours=6)][-4:]
        if excerpts and number % 3 == 1 and recent:
            text = f"«{'. '.join(chronicle.pick(recent).text.split('. ')[:2])}.»\n{text}"
        chronicle.post(at, author, text)
        number += 1
        day += timedelta(days=max(1, int(chronicle.between(0.5, 2 * days))))


def _taken_up(
    chronicle: Chronicle,
    subject: Persona,
    officials: Sequence[OfficialPersona],
    first: date,
    last: date,
    *,
    retweets: int,
) -> None:
    """The officials retweet the account in turns, spread over the time."""
    posts = chronicle.posts_of(subject)
    step = (last - first) / max(1, retweets - 1)
    for number in range(retweets):
        official = officials[number % len(officials)]
        at = chronicle.on(first + number * step)
        post = _newest(posts, at)
        if post is not None and not chronicle.has_passed_on(official, post):
            chronicle.retweet(at, official, post)


def _newest(posts: Sequence[Post], at: datetime) -> Post | None:
    known = [post for post in posts if post.at < at - timedelta(minutes=10)]
    return known[-1] if known else None
