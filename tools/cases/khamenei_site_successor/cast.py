"""Who appears besides the first case's people: the later account, ordinary new accounts, another State's officials."""

from datetime import UTC, datetime
from typing import Final

from tools.cases.khamenei_site.cast import OFFICIALS, OfficialPersona, Persona, snowflake

__all__ = ["FIRST_OFFICIALS", "FOREIGN", "ORDINARY", "SUCCESSOR", "UNLIKE"]


def _born(handle: str, year: int, month: int, day: int, lang: str = "fa") -> Persona:
    return Persona(id=snowflake(datetime(year, month, day, 7, 30, tzinfo=UTC), rest=month), handle=handle, lang=lang)


# The later account. Its handle and its suspension a year after the first are public; its day of creation is made up.
SUCCESSOR: Final = _born("KhameneiSite", 2021, 2, 9)

# New accounts that the same officials take up as early and as often, and that are like the first in nothing.
ORDINARY: Final[tuple[Persona, ...]] = (
    _born("Vaksan_Khabar", 2021, 2, 12),
    _born("Nowruz_1400", 2021, 3, 1),
    _born("Rah_e_Abrisham_En", 2021, 4, 20, "en"),
    _born("Entekhabat_Rooz", 2021, 5, 3),
    _born("Olympic_Kavan", 2021, 6, 15),
)

# Accounts that are close to the first in their handle, and lack one thing each: named below.
UNLIKE: Final[dict[str, Persona]] = {
    "one official only": _born("Khamenei__site", 2021, 3, 11),
    "officials of another State": _born("KhameneiSite_", 2021, 3, 14),
    "an old account": Persona(
        id="60000000017", handle="khameneisite1", created_at=datetime(2013, 5, 2, 9, tzinfo=UTC), followers=3_100
    ),
    "taken up before the suspension": _born("Khamenei_site2", 2020, 11, 2),
}

FOREIGN: Final[tuple[OfficialPersona, ...]] = tuple(
    OfficialPersona(
        id=str(91_000_000_000 + number * 1_009),
        handle=handle,
        lang="en",
        name=name,
        category="diplomat",
        retweets=0,
    )
    for number, (handle, name) in enumerate(
        (("SYREmb_Lisbon", "An embassy"), ("SYREmb_Accra", "An embassy"), ("SYRMission_Vienna", "A permanent mission"))
    )
)

# The officials that go from the first account to the later one.
FIRST_OFFICIALS: Final = tuple(
    official
    for official in OFFICIALS
    if official.handle
    in (
        *("Khamenei_fa", "khamenei_ir", "ar_khamenei", "Khamenei_es", "FarsNews_Agency", "EnglishFars"),
        *("Keshvar_Khabar", "Sedaye_Keshvar", "KeshvarDaily_En", "Farhang_Gov_IRN", "IRNEmb_Caracas"),
    )
)
