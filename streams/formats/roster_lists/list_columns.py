"""Which column of a list says what, known by its name in the words that such lists use. Knows names, not values."""

import re
from functools import lru_cache
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from streams.formats.fields.written_times import DayOrder, stated_order

__all__ = ["Meaning", "Role", "meaning_of", "names_account"]

Role: TypeAlias = Literal[
    "handle", "account_id", "bare_id", "link", "platform", "name", "country", "former_country", "category",
    "source_url", "item", "valid_from", "valid_to", "domains", "company",
]  # fmt: skip
"""The roster's columns, and: a column that is only called `id`, which may number the rows; an address of whatever kind;
a thing of Wikidata; `state`, as our own column once was called; the owner of a medium."""


class Meaning(Struct, frozen=True):
    """What a column says, on which platform where its name tells that, and the order of day and month that it states.
    Of several columns with one role those of the lowest rank count.
    """

    role: Role
    rank: int = 0
    platform: str | None = None
    order: DayOrder | None = None


# In lower case, words joined by `_`.
_NAMES: Final[dict[Role, str]] = {
    "handle": "handle handles screen_name screen_names username usernames user_name user_screen_name account accounts "
    "account_handle social_handle social_media_handle user",
    "account_id": "account_id user_id userid uid user_id_str user_ids author_id did account_ids",
    "bare_id": "id_str id",
    "link": "profile_url profile_link profile account_url account_link url link links",
    "platform": "platform network social_network social_media_platform service",
    "name": "name full_name display_name main_assets item_label person_label official_label label person official "
    "account_name name_full name_official_full institution organisation organization office title description",
    "country": "country country_code country_iso country_iso2 iso2 iso_a2 iso iso_3166 iso_3166_1 country_label "
    "country_name nation",
    "former_country": "state",
    "category": "category categories typology",
    "source_url": "source_url source sources source_link reference reference_url references",
    "item": "item person entity wikidata wikidata_item wikidata_id",
    "valid_from": "valid_from start_date start from since term_start date_from start_time begin begin_date",
    "valid_to": "valid_to end_date end to until term_end date_to end_time",
    "domains": "domains domain website websites official_website homepage web_site web site",
    "company": "media_company",
}
_MEANINGS: Final[dict[str, Meaning]] = {
    name: Meaning(role, rank) for role, names in _NAMES.items() for rank, name in enumerate(names.split())
}
_PLATFORMS: Final = {
    **{name: name for name in ("twitter", "bluesky", "telegram", "mastodon", "facebook", "instagram", "youtube")},
    **{name: name for name in ("tiktok", "threads", "vk", "linkedin", "weibo", "rutube")},
    "x": "twitter",
    "bsky": "bluesky",
    "fb": "facebook",
    # Properties of Wikidata: the handle on X, Telegram, Mastodon and Bluesky.
    "p2002": "twitter",
    "p3789": "telegram",
    "p4033": "mastodon",
    "p12361": "bluesky",
}
_NUMERIC_ON_X: Final = "p6552"
_OF_ACCOUNTS: Final = frozenset(
    {"official", "account", "accounts", "handle", "handles", "link", "links", "url", "urls", "username", "usernames"}
    | {"user", "name", "screen", "profile", "page", "address", "channel", "social", "media", "contact", "main"}
)
_OF_IDS: Final = frozenset({"id", "ids", "uid", "userid", "did", "numeric", "str"})
_IN_BRACKETS: Final = re.compile(r"\([^)]*\)|\[[^\]]*\]")
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_BETWEEN_WORDS: Final = re.compile(r"[\W_]+")
_MAX_NAME: Final = 200  # characters of a column's name
_ORDERS: Final = frozenset({"dmy", "mdy"})


def names_account(name: str) -> bool:
    """Whether a column of that name holds handles or ids of accounts."""
    meaning = meaning_of(name)
    return meaning is not None and meaning.role in ("handle", "account_id")


@lru_cache(maxsize=4_096)
def meaning_of(name: str) -> Meaning | None:
    """What a column of that name says; `None` for a name that is not known."""
    name = name[:_MAX_NAME]
    words = _words(_IN_BRACKETS.sub(" ", name)) or _words(name)
    if words and words[-1] in _ORDERS:
        words.pop()
    if (known := _MEANINGS.get("_".join(words))) is not None:
        return Meaning(known.role, known.rank, None, stated_order(name))
    return _on_platform(words)


def _words(name: str) -> list[str]:
    return [word.lower() for word in _BETWEEN_WORDS.split(_CAMEL.sub(" ", name)) if word]


def _on_platform(words: list[str]) -> Meaning | None:
    if words == [_NUMERIC_ON_X]:
        return Meaning("account_id", 0, "twitter")
    platforms = {_PLATFORMS[word] for word in words if word in _PLATFORMS}
    rest = {word for word in words if word not in _PLATFORMS}
    if len(platforms) != 1 or not rest <= _OF_ACCOUNTS | _OF_IDS:
        return None
    return Meaning("handle" if rest.isdisjoint(_OF_IDS) else "account_id", 0, platforms.pop())
