"""Accounts that officials amplify and that no rule may name: each misses one rule by the least there is.

`rule` names the rule that is missed, `by` says in words by how little; the tests count it out.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from typing import Final, TypeAlias

from msgspec import Struct

from tools.cases.khamenei_site.cast import OFFICIALS, OfficialPersona, Persona, snowflake
from tools.cases.khamenei_site.chronicle import Chronicle
from tools.cases.khamenei_site.phrases import ORDINARY_EN, ORDINARY_FA

__all__ = ["NEAR_MISSES", "NearMiss", "add_near_misses"]

Plan: TypeAlias = Sequence[tuple[datetime, str]]

_LONG_AGO: Final = "2012-05-04T10:00:00"


class NearMiss(Struct, frozen=True, kw_only=True):
    """One such account: who amplifies it when (official by handle), and when it was suspended or reinstated."""

    persona: Persona
    rule: str
    by: str
    amplified: Plan
    suspended_at: datetime | None = None
    reinstated_at: datetime | None = None


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _young(handle: str, created: str, followers: int | None = None) -> Persona:
    # Created at that very millisecond: the snowflake says so, and the platform says nothing.
    return Persona(id=snowflake(_utc(created)), handle=handle, followers=followers)


def _old(
    number: int, handle: str, followers: int | None = None, created: str | None = "2012-05-04T10:00:00"
) -> Persona:
    return Persona(
        id=str(60_000_000_000 + number * 1_019),
        handle=handle,
        created_at=_utc(created) if created else None,
        followers=followers,
    )


def _every(start: str, days: float, number: int, *officials: str) -> Iterator[tuple[datetime, str]]:
    """`number` amplifications `days` apart, by the officials in turn."""
    for n, official in enumerate(islice(cycle(officials), number)):
        yield _utc(start) + timedelta(days=n * days), official


FARS, KHABAR, SEDAYE, DAILY = "FarsNews_Agency", "Keshvar_Khabar", "Sedaye_Keshvar", "KeshvarDaily_En"
FARHANG, DOLAT, SALAMAT, NIROO = "Farhang_Gov_IRN", "Dolat_Info_IRN", "Salamat_Gov_IRN", "Niroo_Gov_IRN"
CARACAS, JAKARTA, DANESH = "IRNEmb_Caracas", "IRNEmb_Jakarta", "Amb_R_Danesh"

NEAR_MISSES: Final[tuple[NearMiss, ...]] = (
    NearMiss(
        persona=_young("Ketab_Baaz", "2020-08-20T12:00:00", followers=6_200),
        rule="new-account-burst",
        by="the third official comes seven days after the first, to the second",
        amplified=(
            (_utc("2020-09-10T09:00:00"), FARS),
            (_utc("2020-09-13T09:00:00"), KHABAR),
            (_utc("2020-09-14T18:30:00"), KHABAR),
            (_utc("2020-09-17T09:00:00"), SEDAYE),
        ),
    ),
    NearMiss(
        persona=_young("Kuh_Peyma", "2020-07-01T08:00:00", followers=7_100),
        rule="new-account-burst",
        by="the account is 90 days and two minutes old when the third official comes",
        amplified=(
            (_utc("2020-09-25T08:00:00"), FARHANG),
            (_utc("2020-09-27T08:00:00"), SALAMAT),
            (_utc("2020-09-29T08:02:00"), KHABAR),
        ),
    ),
    NearMiss(
        persona=_old(1, "Morgh_e_Sahar", created=None),
        rule="new-account-burst",
        by="its id alone says that it is not new",
        amplified=tuple(_every("2020-09-02T10:00:00", 1, 4, FARS, KHABAR, SEDAYE, FARHANG)),
    ),
    NearMiss(
        persona=_old(2, "Roozegar_Photo", created="2021-06-01T00:00:00"),
        rule="new-account-burst",
        by="its reported creation is later than the events, so its age is unknown",
        amplified=tuple(_every("2020-10-11T07:00:00", 2, 3, DAILY, FARHANG, NIROO)),
    ),
    NearMiss(
        persona=_young("Do_Keshvar_Forum", "2020-07-25T06:00:00", followers=5_900),
        rule="new-account-burst",
        by="one of the three was no official yet",
        amplified=(
            (_utc("2020-08-10T11:00:00"), DAILY),
            (_utc("2020-08-11T11:00:00"), CARACAS),
            (_utc("2020-08-13T11:00:00"), DANESH),
        ),
    ),
    NearMiss(
        persona=_young("Parvaz_Kites", "2020-10-01T09:00:00", followers=5_400),
        rule="new-account-burst",
        by="two officials, however often",
        amplified=tuple(_every("2020-10-20T09:00:00", 0.5, 12, SEDAYE, NIROO)),
    ),
    NearMiss(
        persona=_young("Bazaar_Notes", "2020-07-15T09:00:00", followers=22_000),
        rule="new-account-sustained",
        by="26 amplifications, but by four officials",
        amplified=(
            *_every("2020-08-01T09:00:00", 8, 8, DOLAT, KHABAR),
            *_every("2020-10-20T09:00:00", 3, 18, DOLAT, KHABAR, NIROO, DAILY),
        ),
    ),
    NearMiss(
        persona=_young("Shahr_e_Ma", "2020-07-10T09:00:00", followers=40_000),
        rule="new-account-sustained",
        by="six officials, but 19 amplifications",
        amplified=(
            *_every("2020-07-28T09:00:00", 9, 7, FARHANG, SALAMAT),
            *_every("2020-10-15T09:00:00", 4, 12, FARHANG, SALAMAT, NIROO, SEDAYE, DOLAT, KHABAR),
        ),
    ),
    NearMiss(
        persona=_young("Deryaft_Radio", "2020-06-20T10:00:00", followers=52_000),
        rule="new-account-sustained",
        by="first amplified 90 days and two minutes after its creation",
        amplified=tuple(_every("2020-09-18T10:02:00", 2, 24, SEDAYE, FARS, KHABAR, DAILY, FARHANG, NIROO)),
    ),
    NearMiss(
        persona=_young("Nan_o_Namak", "2019-11-20T07:00:00", followers=31_000),
        rule="new-account-sustained",
        by="the twentieth amplification comes 365 days and two minutes after its creation",
        amplified=(
            *_every("2020-02-08T07:00:00", 60, 2, SALAMAT),
            *_every("2020-06-20T07:00:00", 8, 17, SALAMAT, FARHANG, KHABAR, SEDAYE, DOLAT, NIROO),
            *_every("2020-11-19T07:02:00", 3, 6, KHABAR, SEDAYE, DOLAT, NIROO),
        ),
    ),
    NearMiss(
        persona=_old(3, "Khat_Gallery", followers=3_200),
        rule="low-profile",
        by="14 amplifications in 30 days, but by four officials",
        amplified=tuple(_every("2020-11-03T09:00:00", 2, 14, FARHANG, KHABAR, DAILY, CARACAS)),
    ),
    NearMiss(
        persona=_old(4, "Sib_Orchard", followers=4_100),
        rule="low-profile",
        by="six officials, but the tenth amplification comes 30 days after the first, to the second",
        amplified=(
            *_every("2020-10-08T09:00:00", 2, 9, SALAMAT, NIROO, DOLAT, SEDAYE, KHABAR, FARS),
            (_utc("2020-11-07T09:00:00"), SALAMAT),
        ),
    ),
    NearMiss(
        persona=_old(5, "Borj_Architects", followers=5_001),
        rule="low-profile",
        by="one follower too many",
        amplified=tuple(_every("2020-12-01T09:00:00", 2, 12, DAILY, FARHANG, DOLAT, NIROO, KHABAR, JAKARTA)),
    ),
    NearMiss(
        persona=_old(6, "Kavir_Trails", followers=2_000),
        rule="low-profile",
        by="the fifth official leaves the 30 days as the tenth amplification comes",
        amplified=(
            (_utc("2020-09-05T09:00:00"), CARACAS),
            *_every("2020-09-07T09:00:00", 3, 8, KHABAR, SEDAYE, FARHANG, DAILY),
            (_utc("2020-10-05T09:00:00"), KHABAR),
            (_utc("2020-10-05T10:00:00"), SEDAYE),
        ),
    ),
    NearMiss(
        persona=_old(7, "Naghsh_Tiles", created=None),
        rule="low-profile",
        by="nobody knows how many follow it",
        amplified=tuple(_every("2020-12-03T09:00:00", 1.5, 15, FARHANG, DAILY, CARACAS, KHABAR, DOLAT, FARS)),
    ),
    NearMiss(
        persona=_young("Chai_Khaneh", "2020-05-01T09:00:00", followers=9_000),
        rule="single-patron",
        by="19 amplifications by one official",
        amplified=(
            *_every("2020-08-10T09:00:00", 5, 19, FARS),
            *_every("2020-08-12T15:00:00", 30, 3, KHABAR),
        ),
    ),
    NearMiss(
        persona=_young("Saz_Ensemble", "2019-12-01T09:00:00", followers=15_000),
        rule="single-patron",
        by="the patron's twentieth amplification comes 365 days and two minutes after its creation",
        amplified=(
            *_every("2020-08-20T09:00:00", 5, 19, DANESH),
            *_every("2020-11-30T09:02:00", 4, 6, DANESH),
        ),
    ),
    NearMiss(
        persona=_old(8, "Tanz_Page", followers=20_300),
        rule="amplified-then-suspended",
        by="four officials before the suspension",
        amplified=tuple(_every("2020-10-03T09:00:00", 3, 10, FARS, KHABAR, SEDAYE, DAILY)),
        suspended_at=_utc("2020-11-10T16:45:00"),
    ),
    NearMiss(
        persona=_old(9, "Gard_o_Khak", followers=18_700),
        rule="amplified-then-suspended",
        by="the fifth official comes after the suspension was taken back",
        amplified=(
            *_every("2020-09-01T09:00:00", 4, 6, NIROO, KHABAR, FARS, SALAMAT),
            *_every("2020-10-20T09:00:00", 4, 5, DOLAT, FARHANG, SEDAYE),
        ),
        suspended_at=_utc("2020-10-01T13:10:00"),
        reinstated_at=_utc("2020-10-12T09:30:00"),
    ),
    NearMiss(
        persona=_young("Bad_e_Saba", "2020-08-01T09:00:00", followers=1_150),
        rule="amplified-then-suspended",
        by="suspended, but amplified by nobody on the roster",
        amplified=(),
        suspended_at=_utc("2020-12-14T20:05:00"),
    ),
)


def add_near_misses(chronicle: Chronicle) -> None:
    """Each account posts, and its officials retweet or, now and then, quote it."""
    officials = {official.handle: official for official in OFFICIALS}
    for miss in NEAR_MISSES:
        for number, (at, handle) in enumerate(miss.amplified):
            _amplify(chronicle, miss.persona, officials[handle], at, quote=number % 5 == 4)
        if miss.amplified:
            first, last = miss.amplified[0][0], miss.amplified[-1][0]
            chronicle.profile(first - timedelta(days=3), miss.persona)
            chronicle.profile(last + timedelta(days=2), miss.persona, changed=("name",))
            _engage(chronicle, miss.persona, officials[JAKARTA], first + timedelta(days=2, minutes=40))
        if miss.suspended_at is not None:
            chronicle.suspend(miss.suspended_at, miss.persona)
        if miss.reinstated_at is not None:
            chronicle.suspend(miss.reinstated_at, miss.persona, "reinstated")


def _amplify(chronicle: Chronicle, persona: Persona, official: OfficialPersona, at: datetime, *, quote: bool) -> None:
    recent = [post for post in chronicle.posts_of(persona) if at - timedelta(days=3) < post.at < at]
    recent = [post for post in recent if not chronicle.has_passed_on(official, post)]
    if recent and chronicle.chance(0.35):
        post = recent[-1]
    else:
        before = timedelta(seconds=int(chronicle.between(1_200, 18_000)))
        post = chronicle.post(at - before, persona, chronicle.compose(ORDINARY_FA, 2))
    if quote:
        chronicle.post(at, official, chronicle.compose(ORDINARY_EN, 2), lang="en", quotes=post)
    else:
        chronicle.retweet(at, official, post)


def _engage(chronicle: Chronicle, persona: Persona, official: OfficialPersona, at: datetime) -> None:
    """One more official answers, mentions and follows: engagement, which no rule may take for amplification."""
    post = chronicle.posts_of(persona)[0]
    chronicle.post(at, official, chronicle.compose(ORDINARY_EN, 1), mentions=(persona,), reply_to=post)
    chronicle.post(at + timedelta(hours=3), official, chronicle.compose(ORDINARY_EN, 2), mentions=(persona,))
    chronicle.follow(at + timedelta(hours=4), official, persona)
