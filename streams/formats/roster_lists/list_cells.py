"""What single cells of a list say: accounts, ids, days, categories. What could be two things is refused, never guessed.

Everything raises `CellError` with the roster's column and a remedy.
"""

import re
from datetime import time
from typing import Final, Literal

from msgspec import Struct

from streams.core.officials import CATEGORIES
from streams.core.platforms import ALIASES, handle_in_link, hosts_of, names_of, platforms_named, written_handle
from streams.core.rosters.roster_dates import is_not_ended
from streams.core.rounded_ids import as_written
from streams.formats.fields.written_times import DayOrder, parse_written
from streams.formats.roster_lists.listed import CellError, cell

__all__ = [
    "AmbiguousDayError",
    "CellAccount",
    "account_id_in",
    "accounts_in",
    "bound_in",
    "category_in",
    "is_empty",
    "platform_in",
]

_EMPTY: Final = frozenset({"", "-", "–", "—", "?", "n/a", "#n/a", "none", "null", "nan", "undefined"})
# Marks that do not show, which come along when a handle is copied from a page.
_INVISIBLE: Final = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
_BETWEEN: Final = re.compile(r"[\s,;|]+|(?<=\s)[&/+](?=\s)")
_SIGNED_BEHIND: Final = re.compile("/(?=[@\uff20])")  # @one/@two; @one/two is a list of @one
_PARTED_BY_MARKS: Final = re.compile(r"[,;|\n]")
_AND: Final = frozenset({"and", "und", "et", "y", "e", "и", "و"})
# Words beside a handle that say that it is not the account, or was or will be.
_ELSE: Final = (
    "former formerly ex old previous previously was until since from before after now new not no fake parody see via "
    "or suspended deleted closed inactive unverified unofficial inofficial impostor archived protected private "
    "personal renamed ehemals früher alt nicht ancien ancienne antes бывший mastodon"
)
_SAYS_ELSE: Final = frozenset(_ELSE.split()) | {*ALIASES, *ALIASES.values(), *platforms_named()}
_NO_WORD: Final = re.compile(r"[0-9:=<>?]")
_SHORTEST_ID: Final = 7  # digits; nearly all ids of Twitter have more
_MOST_IN_A_CELL: Final = 50
_LINKED: Final = ("twitter", "bluesky", "telegram", "instagram", "facebook", "youtube", "tiktok", "threads", "vk")
# Addresses of profiles that have an id where others have a handle.
_ID_LINKS: Final = (
    ("twitter", re.compile(r"(?:https?://)?(?:www\.|mobile\.)?(?:twitter|x)\.com/i/user/([0-9]+)/?")),
    ("twitter", re.compile(r"(?:https?://)?(?:www\.|mobile\.)?(?:twitter|x)\.com/intent/user\?user_id=([0-9]+)")),
    ("bluesky", re.compile(r"(?:https?://)?bsky\.app/profile/(did:[a-z]+:[A-Za-z0-9.:%-]+)/?")),
)
_SERVER_LINK: Final = re.compile(r"(?:https?://)?([A-Za-z0-9.-]+\.[A-Za-z]{2,})/(?:web/)?@([A-Za-z0-9_.-]+)/?")
_PROTECTED_ID: Final = re.compile(r"""(?:="([0-9]+)"|'([0-9]+)|"([0-9]+)"|[A-Za-z]{2,4}_([0-9]{5,}))""")
_THOUSANDS: Final = re.compile(r"[1-9][0-9]{0,2}(?:([,.' \u00a0\u202f])[0-9]{3})(?:\1[0-9]{3}){1,5}")
_TELEGRAM_CHANNEL: Final = re.compile("-100([0-9]{6,})")
_CATEGORY_WORDS: Final = {
    **dict.fromkeys(("diplomats", "diplomacy", "diplomatic", "embassy", "ambassador", "consulate", "mfa"), "diplomat"),
    **dict.fromkeys(("media", "state-affiliated media", "state broadcaster"), "state_media"),
    **dict.fromkeys(("mp", "mep", "senator", "legislator", "parliamentarian", "member of parliament"), "parliament"),
    **dict.fromkeys(("minister", "ministry", "government agency", "gov"), "government"),
    **dict.fromkeys(("leaders", "head of state", "head of government"), "leader"),
    # The State Media Matrix: State-controlled; captured, public and private. It calls the others independent.
    **dict.fromkeys(("sc", "capu", "capr"), "state_media"),
}


class CellAccount(Struct, frozen=True):
    """An account as a cell names it: by an id or a handle."""

    platform: str
    account_id: str = ""
    handle: str = ""


class AmbiguousDayError(CellError):
    """A day that depends on which of its numbers is the month."""


def is_empty(text: str) -> bool:
    """Whether a cell says that nothing is known."""
    return text.strip().lower() in _EMPTY


def platform_in(text: str) -> str:
    """The name that events have for a platform."""
    name = text.strip().lower()
    return ALIASES.get(name, name)


def accounts_in(text: str, platform: str | None) -> list[CellAccount]:
    """The accounts of a cell of handles or addresses of profiles; `platform` is that of handles without one."""
    parts = [part.strip("()[]") for part in _BETWEEN.split(_INVISIBLE.sub("", text)) if part.strip("()[]")]
    if len(parts) > 1 and not _are_several(parts, text):
        parts = _out_of_words(parts, text)
    parts = [each for part in parts for each in (_SIGNED_BEHIND.split(part) if _is_signed(part) else (part,))]
    if len(parts) > _MOST_IN_A_CELL:
        raise CellError("handle", f"{len(parts):,} handles in one field", "write one line for each handle")
    return [_account(part, platform) for part in parts]


def _is_signed(part: str) -> bool:
    return part.startswith(("@", "\uff20"))


def _out_of_words(parts: list[str], text: str) -> list[str]:
    """The handles among words: several with `and` between them, or one beside a name, as `Foreign Ministry (@handle)`.

    Words that say that it is not, or no longer, the account are refused, and so are years and other platforms.
    """
    named = [part for part in parts if (_is_signed(part) and len(part) > 1) or "://" in part]
    words = [part.lower().strip(".") for part in parts if part not in named]
    if named and _AND.issuperset(words):
        return named
    if len(named) != 1 or not _SAYS_ELSE.isdisjoint(words) or any(map(_NO_WORD.search, words)):
        remedy = "write handles alone, with @ before each, and notes in a column of their own"
        raise CellError("handle", f"{cell(text)} is no handle", remedy)
    return named


def _are_several(parts: list[str], text: str) -> bool:
    if all(_is_signed(part) or "://" in part for part in parts):
        return True
    return len(parts) == len([part for part in _PARTED_BY_MARKS.split(text) if part.strip()])


def _account(text: str, platform: str | None) -> CellAccount:
    if "/" in text:
        return _linked(text, platform)
    if platform is None:
        raise CellError(
            "platform", f"{cell(text)} is a handle of no known platform", "say which, as --platform twitter"
        )
    handle = written_handle(text, platform)
    if not handle:
        raise CellError("handle", f"{cell(text)} is no handle", "write handles alone, as the platform shows them")
    if platform == "twitter" and handle.isdecimal() and len(handle) >= _SHORTEST_ID:
        what = f"{cell(text)} is an id of an account; a handle of digits alone is rare"
        raise CellError("handle", what, f"name the column account_id, or write the handle as https://x.com/{handle}")
    return CellAccount(platform, handle=handle)


def _linked(text: str, platform: str | None) -> CellAccount:
    for host_platform, pattern in _ID_LINKS:
        if found := pattern.fullmatch(text):
            return CellAccount(host_platform, account_id=found[1])
    for host_platform in _LINKED:
        if handle := handle_in_link(text, hosts_of(host_platform)):
            return CellAccount(host_platform, handle=handle)
    if platform == "mastodon" and (found := _SERVER_LINK.fullmatch(text)):
        return CellAccount("mastodon", handle=f"{found[2]}@{found[1].lower()}")
    raise CellError("handle", f"{cell(text)} is no address of an account", "give the address of a profile, or a handle")


def account_id_in(text: str, platform: str) -> str:
    """An id that is whole, without what protects it from spreadsheets."""
    plain = _INVISIBLE.sub("", text).strip()
    if found := _PROTECTED_ID.fullmatch(plain):
        plain = next(filter(None, found.groups()))
    elif _THOUSANDS.fullmatch(plain):
        plain = re.sub("[^0-9]", "", plain)
    elif platform == "telegram" and (found := _TELEGRAM_CHANNEL.fullmatch(plain)):
        plain = f"channel{found[1]}"
    known = as_written(plain)
    if known is None:
        what = f"{cell(text)} is what a spreadsheet or floating point leaves of a long id; its last digits are lost"
        raise CellError("account_id", what, "export ids as text, or take entries by handle alone: --without-ids")
    names = names_of(platform)
    if names is not None and not names.id.fullmatch(known):
        raise CellError(
            "account_id", f"{cell(text)} is no id: {names.id_words}", "write the id alone, and a handle under handle"
        )
    return known


def bound_in(
    text: str, column: Literal["valid_from", "valid_to"], order: DayOrder | None, *, midnight_is_day: bool
) -> str:
    """A day (`2021-01-20`) or moment (`2021-01-20T12:00:00+00:00`) as rosters have them; empty for no bound.

    Raises `AmbiguousDayError` where `order` has to be known.
    """
    plain = text.strip()
    if is_empty(plain) or (column == "valid_to" and is_not_ended(plain)):
        return ""
    try:
        at, is_day = parse_written(plain, order)
    except ValueError as error:
        if order is None and _depends_on_order(plain):
            raise AmbiguousDayError(column, f"{cell(plain)} may be two days", "say which: --dates dmy or mdy") from None
        what = f"{cell(plain)} {str(error).partition(':')[0]}"
        raise CellError(column, what, "write a day as YYYY-MM-DD, or nothing where there is no bound") from None
    if is_day or (midnight_is_day and at.time() == time()):
        return at.date().isoformat()
    return at.isoformat()


def _depends_on_order(text: str) -> bool:
    try:
        return parse_written(text, "day first") != parse_written(text, "month first")
    except ValueError:
        return False


def category_in(text: str) -> str | None:
    """The category that a word stands for; `None` where that is not known."""
    word = text.strip().lower()
    if (same := re.sub(r"[\s-]+", "_", word)) in CATEGORIES:
        return same
    return _CATEGORY_WORDS.get(word)
