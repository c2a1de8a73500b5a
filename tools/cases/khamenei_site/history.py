"""What happened to @Khamenei_site: the totals of the published analysis, filled with made-up single events."""

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from tools.cases.khamenei_site.cast import OFFICIALS, SUBJECT, OfficialPersona
from tools.cases.khamenei_site.chronicle import Chronicle
from tools.cases.khamenei_site.phrases import LEADER, SITE_FA

if TYPE_CHECKING:
    from streams.events import Post

__all__ = ["DELETIONS", "SUSPENDED_AT", "add_aftermath", "add_history", "add_leader_posts"]

SUSPENDED_AT: Final = datetime(2021, 1, 21, 14, 20, tzinfo=UTC)

# Posts of the leader's accounts that are gone within days of the suspension, by handle.
DELETIONS: Final = {"Khamenei_fa": 8, "khamenei_ir": 1}

_BY_HANDLE: Final = {official.handle: official for official in OFFICIALS}
_FARSI: Final = _BY_HANDLE["Khamenei_fa"]
_ENGLISH: Final = _BY_HANDLE["khamenei_ir"]
_FARS: Final = (_BY_HANDLE["FarsNews_Agency"], _BY_HANDLE["EnglishFars"])
_FOLLOWERS: Final = ((_ENGLISH, date(2020, 7, 19)), (_BY_HANDLE["ar_khamenei"], date(2020, 8, 2)))

# While the account is at most 90 days old (to 4 October), one other official a week besides the Farsi-language
# account: never three within seven days. That is what makes it no burst.
_QUIET_OTHERS: Final = (
    (date(2020, 7, 20), "khamenei_ir"),
    (date(2020, 7, 29), "FarsNews_Agency"),
    (date(2020, 8, 7), "khamenei_ir"),
    (date(2020, 8, 16), "ar_khamenei"),
    (date(2020, 8, 25), "FarsNews_Agency"),
    (date(2020, 9, 3), "khamenei_ir"),
    (date(2020, 9, 12), "EnglishFars"),
    (date(2020, 9, 21), "ar_khamenei"),
    (date(2020, 9, 30), "FarsNews_Agency"),
)
# Days after that age: at once three officials within seven days, where age alone keeps the burst rule from firing.
_FIRST_OTHERS_AFTER: Final = ((date(2020, 10, 5), "Khamenei_es"), (date(2020, 10, 6), "Keshvar_Khabar"))
_LATER_FROM: Final = date(2020, 10, 8)

# The Farsi-language account's retweets by month: first day, last day, number.
_FARSI_MONTHS: Final = (
    (date(2020, 7, 11), date(2020, 7, 29), 3),
    (date(2020, 8, 3), date(2020, 8, 30), 5),
    (date(2020, 9, 2), date(2020, 9, 29), 5),
    (date(2020, 10, 3), date(2020, 10, 30), 6),
    (date(2020, 11, 2), date(2020, 11, 29), 6),
    (date(2020, 12, 2), date(2020, 12, 30), 7),
    (date(2021, 1, 3), date(2021, 1, 18), 5),
)


def add_leader_posts(chronicle: Chronicle) -> None:
    """The leader's accounts post in their languages, from well before the watched account exists to after its end."""
    every = {"Khamenei_fa": 2, "khamenei_ir": 4}
    for official in OFFICIALS:
        if official.category != "leader":
            continue
        day = date(2020, 6, 15)
        while day < date(2021, 2, 20):
            pool = LEADER[official.lang]
            links = (_page(chronicle, "farsi"),) if official is _FARSI and chronicle.chance(0.5) else ()
            chronicle.post(chronicle.on(day), official, chronicle.compose(pool, 3), links=links)
            day += timedelta(days=every.get(official.handle, 9) + int(chronicle.between(0, 2)))


def add_history(chronicle: Chronicle) -> None:
    """From the first post to the suspension."""
    _subject_posts(chronicle)
    for official, day in _FOLLOWERS:
        chronicle.follow(chronicle.on(day), official, SUBJECT)
    posts = chronicle.posts_of(SUBJECT)
    for official, at in sorted(_retweets(chronicle), key=lambda pair: pair[1]):
        chronicle.retweet(at, official, [post for post in posts if post.at < at - timedelta(minutes=10)][-1])
    chronicle.suspend(SUSPENDED_AT, SUBJECT)


def add_aftermath(chronicle: Chronicle) -> None:
    """Two references by Fars, nine posts of the leader's accounts gone, silence of all others."""
    farsi, english = _FARS
    chronicle.post(
        datetime(2021, 1, 22, 8, 12, 40, tzinfo=UTC),
        farsi,
        "حساب @Khamenei_site از دسترس خارج شد.",
        mentions=(SUBJECT,),
    )
    chronicle.post(
        datetime(2021, 1, 24, 10, 3, 5, tzinfo=UTC),
        english,
        "The account @Khamenei_site is no longer available.",
        mentions=(SUBJECT,),
    )
    gone: list[tuple[OfficialPersona, Post]] = []
    for official in (_FARSI, _ENGLISH):
        late = [
            post
            for post in chronicle.posts_of(official)
            if SUSPENDED_AT - timedelta(days=70) < post.at < SUSPENDED_AT - timedelta(days=1)
        ]
        gone += [(official, post) for post in chronicle.shuffled(late)[: DELETIONS[official.handle]]]
    for number, (official, post) in enumerate(chronicle.shuffled(gone)):
        day = date(2021, 1, 22) + timedelta(days=number * 6 // len(gone))
        chronicle.delete(chronicle.on(day), official, post)


def _subject_posts(chronicle: Chronicle) -> None:
    """Two in five repeat, unedited, the first two sentences of a recent post of the Farsi-language account."""
    sources = chronicle.posts_of(_FARSI)
    day, number = date(2020, 7, 7), 0
    while day <= date(2021, 1, 20):
        at = chronicle.on(day)
        link = _page(chronicle, "farsi")
        if number % 5 in (1, 3):
            recent = [post for post in sources if post.at < at - timedelta(hours=6)][-4:]
            sentences = chronicle.pick(recent).text.split(". ")
            text = f"«{'. '.join(sentences[:2])}.»\n{chronicle.compose(SITE_FA, 2)}"
            chronicle.post(at, SUBJECT, text, links=(link,))
        else:
            links = (link,) if chronicle.chance(0.4) else ()
            chronicle.post(at, SUBJECT, chronicle.compose(SITE_FA, 3), links=links)
        number += 1
        day += timedelta(days=1 + int(chronicle.between(0, 1.6)))


def _retweets(chronicle: Chronicle) -> list[tuple[OfficialPersona, datetime]]:
    found: list[tuple[OfficialPersona, datetime]] = []
    for first, last, number in _FARSI_MONTHS:
        step = (last - first) / max(number - 1, 1)
        found += [(_FARSI, chronicle.on(first + n * step)) for n in range(number)]
    fixed = (*_QUIET_OTHERS, *_FIRST_OTHERS_AFTER)
    found += [(_BY_HANDLE[handle], chronicle.on(day)) for day, handle in fixed]
    left = [
        official
        for official in OFFICIALS
        if official is not _FARSI
        for _ in range(official.retweets - sum(handle == official.handle for _, handle in fixed))
    ]
    step = (date(2021, 1, 19) - _LATER_FROM) / len(left)
    found += [(official, chronicle.on(_LATER_FROM + n * step)) for n, official in enumerate(chronicle.shuffled(left))]
    return found


def _page(chronicle: Chronicle, section: str) -> str:
    # The host is the one of the published analysis; there is no such page.
    return f"https://{section}.khamenei.ir/made-up-example/{int(chronicle.between(1_000, 9_999))}"
