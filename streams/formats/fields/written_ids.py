"""Ids of accounts as tables have them, after whatever a spreadsheet has made of them."""

from typing import Final

from streams.core.platforms import names_of
from streams.core.rounded_ids import as_written
from streams.deadletters import Reason
from streams.refusal import Refused

__all__ = ["required_account_id", "whole_id"]

_MAX_ID: Final = 256  # characters, as in a canonical event


def whole_id(text: str, place: str) -> str:
    """An id that a spreadsheet has left whole. Raises `Refused`."""
    known = text if text.isdigit() else as_written(text)
    if known is None:
        raise Refused(
            Reason.NOT_AN_EVENT,
            f"{place}: {text[:40]!r} is what a spreadsheet or floating point leaves of a long id: export ids as text",
        )
    if not 0 < len(known) <= _MAX_ID:
        raise Refused(
            Reason.NOT_AN_EVENT, f"{place}: an id of {len(known):,} characters" if known else f"{place}: no id"
        )
    return known


def required_account_id(text: str, platform: str, place: str) -> str:
    """The id of an account, such as the platform has. Raises `Refused`."""
    known = whole_id(text, place)
    names = names_of(platform)
    if names is not None and not names.id.fullmatch(known):
        raise Refused(Reason.NOT_AN_EVENT, f"{place}: {known[:40]!r} is no id; {names.id_words}")
    return known
