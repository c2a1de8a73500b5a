"""The dates of a roster: a day of UTC, or a moment."""

import re
from datetime import UTC, datetime
from typing import Final

from streams.core.clock import DAY_US, to_us

__all__ = ["is_not_ended", "parse_bound_us"]

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?)([Zz]|[+-][0-9]{2}:[0-9]{2})"
)

_NOW: Final = (
    "present|the present|present day|current|currently|now|incumbent|ongoing|today|to date|open|active|no end date|"
    "\u221e|in office|still in office|in force|still in force|heute|aktuell|laufend|im amt|aujourd'hui|actuel|en cours|"
    "en poste|actual|actualidad|presente|hoy|oggi|attuale|настоящее время|наст. время|н.в.|сейчас|تاکنون|حتى الآن|"
    "至今|现在|現在"
)
_NOT_ENDED: Final = frozenset(_NOW.split("|"))
_UNTIL: Final = re.compile(r"(?:to|till|until|bis|à|jusqu'à|hasta(?: la)?|fino a|по|до)\s+")


def is_not_ended(text: str) -> bool:
    """Whether a list says in words that something has not ended, as `present`, `until now` or `bis heute`."""
    plain = text.strip().lower().replace("\u2019", "'")
    return plain in _NOT_ENDED or _UNTIL.sub("", plain, count=1) in _NOT_ENDED


def parse_bound_us(text: str, *, last: bool) -> int:
    """The bound (µs since 1970 UTC) that `text` sets: `YYYY-MM-DD`, a whole day of UTC, or an RFC 3339 time.

    The first day of a validity counts from its start; the `last` day is included, so that the bound is its end. A
    time is exact either way. Raises `ValueError`, worded to follow the text, for anything else.
    """
    try:
        if _DAY.fullmatch(text):
            return to_us(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)) + (DAY_US if last else 0)
        if moment := _MOMENT.fullmatch(text):
            return to_us(datetime.fromisoformat(f"{moment[1]}T{moment[2]}{moment[3].upper()}"))
    except ValueError:
        raise ValueError("is a day or time that does not exist") from None
    raise ValueError("is neither a day (YYYY-MM-DD) nor a time with its zone (YYYY-MM-DDThh:mm:ssZ)")
