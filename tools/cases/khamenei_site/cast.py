"""Who appears in the case: the watched account, the 19 officials, and accounts that officials like for good reasons."""

from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec import Struct

from streams.core.officials import Category
from streams.events import Account

__all__ = [
    "AMBASSADOR",
    "LEADER_SITE",
    "NEW_MISSION",
    "OFFICIALS",
    "SUBJECT",
    "TARGETS",
    "OfficialPersona",
    "Persona",
    "snowflake",
]

_TWITTER_EPOCH_MS: Final = 1_288_834_974_657


def snowflake(at: datetime, rest: int = 0) -> str:
    """The id that Twitter would have given at that moment, to the millisecond; `rest` fills the lower 22 bits."""
    milliseconds = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    return str((milliseconds - _TWITTER_EPOCH_MS) << 22 | rest)


class Persona(Struct, frozen=True, kw_only=True):
    """One account of the case. What is not set is not known to anybody in it."""

    id: str
    handle: str
    lang: str = "fa"
    created_at: datetime | None = None
    followers: int | None = None

    @property
    def account(self) -> Account:
        """The account as a platform reports it beside an event."""
        return Account(
            id=self.id,
            handle=self.handle,
            created_at=self.created_at,
            created_at_source="reported" if self.created_at else None,
            followers=self.followers,
        )

    @property
    def mention(self) -> Account:
        """The account as a platform reports it in a mention: id and handle."""
        return Account(id=self.id, handle=self.handle)


class OfficialPersona(Persona, frozen=True, kw_only=True):
    """An account of the roster. `retweets`: how often it retweets the watched account, all in all."""

    name: str
    category: Category
    retweets: int
    valid_from: str = ""
    id_on_roster: bool = True


# The site of the published analysis; it is on the roster for each of the leader's accounts.
LEADER_SITE: Final = "khamenei.ir"

SUBJECT: Final = Persona(id="1280000000000000001", handle="Khamenei_site")


def _official(
    number: int,
    handle: str,
    name: str,
    category: Category,
    lang: str,
    retweets: int,
    *,
    id_on_roster: bool = True,
    valid_from: str = "",
) -> OfficialPersona:
    # Eleven digits: more than the platform's old ids had, fewer than its snowflakes have.
    return OfficialPersona(
        id=str(90_000_000_000 + number * 1_009),
        handle=handle,
        name=name,
        category=category,
        lang=lang,
        retweets=retweets,
        id_on_roster=id_on_roster,
        valid_from=valid_from,
    )


AMBASSADOR: Final = _official(18, "Amb_R_Danesh", "An ambassador", "diplomat", "en", 2, valid_from="2020-08-15")

# Its account is as new as the watched one, and other officials retweet it at once: that is what officials do.
NEW_MISSION: Final = OfficialPersona(
    id=snowflake(datetime(2020, 9, 8, 6, 30, tzinfo=UTC), rest=1),
    handle="IRNMission_Geneva",
    name="A permanent mission",
    category="diplomat",
    lang="en",
    retweets=1,
    valid_from="2020-09-10",
)

# Handles of the leader's accounts and of Fars are those of the published analysis or like them; all others are made up.
OFFICIALS: Final[tuple[OfficialPersona, ...]] = (
    _official(1, "Khamenei_fa", "The leader, in Farsi", "leader", "fa", 37),
    _official(2, "khamenei_ir", "The leader, in English", "leader", "en", 7),
    _official(3, "ar_khamenei", "The leader, in Arabic", "leader", "ar", 5),
    _official(4, "Khamenei_es", "The leader, in Spanish", "leader", "es", 3),
    _official(5, "fr_khamenei", "The leader, in French", "leader", "fr", 2),
    _official(6, "Khamenei_tr", "The leader, in Turkish", "leader", "tr", 2),
    _official(7, "FarsNews_Agency", "Fars news agency", "state_media", "fa", 6),
    _official(8, "EnglishFars", "Fars news agency, in English", "state_media", "en", 4),
    _official(9, "Keshvar_Khabar", "A state news agency", "state_media", "fa", 3),
    _official(10, "Sedaye_Keshvar", "A state radio", "state_media", "fa", 2),
    _official(11, "KeshvarDaily_En", "A state newspaper, in English", "state_media", "en", 2),
    _official(12, "Farhang_Gov_IRN", "A ministry of culture", "government", "fa", 2),
    _official(13, "Dolat_Info_IRN", "A government information office", "government", "fa", 1),
    _official(14, "Salamat_Gov_IRN", "A ministry of health", "government", "fa", 1),
    _official(15, "Niroo_Gov_IRN", "A ministry of energy", "government", "fa", 1),
    _official(16, "IRNEmb_Caracas", "An embassy", "diplomat", "en", 2),
    _official(17, "IRNEmb_Jakarta", "An embassy", "diplomat", "en", 1, id_on_roster=False),
    AMBASSADOR,
    NEW_MISSION,
)


def _target(number: int, handle: str, year: int, followers: int, lang: str = "fa") -> Persona:
    created_at = datetime(year, 3, 1 + number, 9, tzinfo=UTC)
    return Persona(
        id=str(70_000_000_000 + number * 1_013), handle=handle, lang=lang, created_at=created_at, followers=followers
    )


# Old, large accounts that officials of any State retweet all the time. The last is the ambassador's favourite.
TARGETS: Final[tuple[Persona, ...]] = (
    _target(1, "Setareh_FC", 2010, 1_240_000),
    _target(2, "Jahan_Wire", 2009, 815_000, "en"),
    _target(3, "Kohan_Museum", 2012, 64_000),
    _target(4, "Omid_Relief", 2011, 302_000),
    _target(5, "Old_Poet_Archive", 2011, 12_400, "en"),
)
