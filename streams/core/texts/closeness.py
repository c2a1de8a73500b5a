"""How close two handles or display names are, as a figure. Says nothing of who is behind them."""

import re
from typing import Final

from rapidfuzz.distance import Indel

from streams.core.rosters.roster import handle_key
from streams.core.texts.text import DENSE, normalised

__all__ = ["CLOSE_HANDLES", "CLOSE_NAMES", "handle_closeness", "name_closeness"]

CLOSE_HANDLES: Final = 0.8
"""From here on two handles are close: 5 in a million pairs of strangers (3,000,000 random pairs of 20,000 handles of
suspended accounts), 0.5 in a million of an embassy's, ministry's or deputy's handle with a suspended account's. Handles
made by one scheme are close by design: 1 to 2 in a hundred pairs of embassies of one State.
"""
CLOSE_NAMES: Final = 0.85
"""From here on two names are close: 2 in a million of 1,500,000 random pairs of 32,685 names in real posts. They are
less of a sign than handles, since people share names."""

_LONGEST: Final = 256  # characters of a handle or name that are compared
_ENOUGH_OF_A_HANDLE: Final = 8  # letters in common, from which on a likeness counts in full
_ENOUGH_OF_A_NAME: Final = 10
_DENSE_WEIGHT: Final = 3  # letters that one character of Chinese, Japanese or Korean counts for
_OTHER_NUMBER: Final = 0.05  # what different digits at the end take away

# What every handle of a network ends with, and the server behind a handle, say nothing of the account.
_NETWORK: Final = re.compile(r"(?:\.bsky\.social|@.*)$", re.DOTALL)
_SEPARATORS: Final = re.compile(r"[_.\-\s]+")
_DIGITS: Final = "0123456789"
_LOOK_ALIKES: Final = str.maketrans("01l", "oii")
_DENSE: Final = re.compile(f"[{DENSE}]")


def handle_closeness(one: str, other: str) -> float:
    """How close two handles are, from 0 (nothing in common) to 1 (the same but for separators and case).

    The share of letters that stand in both in the same order, of all letters of both; 0 and o are one letter, and so
    are 1, l and i. Other digits at the end take a twentieth away. Below eight letters in common the figure shrinks in
    proportion, unless all is the same: short handles are alike by chance. Symmetric.
    """
    first, second = _bare_handle(one), _bare_handle(other)
    if not first or not second:
        return 0.0
    if first == second:
        return 1.0
    (stem, number), (other_stem, other_number) = _stem(first), _stem(second)
    likeness = _likeness(stem, other_stem, _ENOUGH_OF_A_HANDLE)
    return likeness if number == other_number else likeness * (1.0 - _OTHER_NUMBER)


def name_closeness(one: str, other: str) -> float:
    """How close two display names are, from 0 to 1 (the same words, in any order, however they are written).

    As `streams.core.texts.text.normalised` has them: case, diacritics, emoji and letter variants do not count; the
    closer of word order kept and words sorted. Below ten letters in common the figure shrinks in proportion; a Chinese
    character counts for three letters. Symmetric.
    """
    first, second = normalised(one[:_LONGEST]).split(), normalised(other[:_LONGEST]).split()
    if not first or not second:
        return 0.0
    return max(
        _likeness("".join(first), "".join(second), _ENOUGH_OF_A_NAME),
        _likeness("".join(sorted(first)), "".join(sorted(second)), _ENOUGH_OF_A_NAME),
    )


def _bare_handle(handle: str) -> str:
    bare = _NETWORK.sub("", handle_key(handle[:_LONGEST]))
    return _SEPARATORS.sub("", bare)


def _stem(handle: str) -> tuple[str, str]:
    # The letters and the number at the end; a handle that is all number is its own stem.
    stem = handle.rstrip(_DIGITS) or handle
    return stem.translate(_LOOK_ALIKES), handle[len(stem) :]


def _likeness(one: str, other: str, enough: int) -> float:
    letters = len(one) + len(other)
    common = (letters - Indel.distance(one, other)) // 2
    dense = 0 if one.isascii() else min(len(_DENSE.findall(one)), len(_DENSE.findall(other)), common)
    return 2 * common / letters * min(1.0, (common + (_DENSE_WEIGHT - 1) * dense) / enough)
