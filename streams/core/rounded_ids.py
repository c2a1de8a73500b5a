"""Whether the ids of a file were rounded: judged from all of them together, not from one number.

A double holds 15 to 17 digits; a Twitter id has up to 19. Whoever keeps ids as doubles writes the shortest decimal of
the double and zeros (JavaScript, most of JSON's libraries), other programs round decimals; spreadsheets keep 15
digits. One id in dozens looks like that by chance, so several of them tell; and one that could not have come from a
double clears the rest. (Whoever writes all digits of a double is not found out: Twitter's ids are mostly multiples of
4,096, which doubles hold exactly.)
"""

import re
from decimal import Decimal
from typing import Final, Literal, TypeAlias

__all__ = ["IdEvidence", "Verdict", "as_written", "is_long", "may_be_rounded", "note_id"]

Verdict: TypeAlias = Literal["exact", "rounded", "unknown"]

_MAX_SAFE: Final = 2**53 - 1  # JavaScript's: every whole number up to here is exact in a double
_MAX_DIGITS: Final = 20  # 2^64 has 20
_EXAMPLES: Final = 3
# By the digits that rounding keeps: how many zeros at the ends of a file's ids, beyond those digits, it takes to be
# sure. Of Twitter's ids, which are even numbers, one in five ends in a zero, one in 25 in two: of files with three ids
# of 19 digits one in 15,625 looks rounded to 17 by chance.
_ZEROS_TO_BE_SURE: Final = {17: 6, 15: 3}
# How tables write numbers that were doubles: `12.0`, and in a spreadsheet's way `1.35E+18`, or `1,35E+18`.
_DOUBLE: Final = re.compile(r"([1-9][0-9]{0,19})\.0{1,6}|[0-9](?:[.,][0-9]{1,17})?[eE]\+?[0-9]{1,3}")


class IdEvidence:
    """Takes the ids of a file as they come, each as often as it stands there, and says what they have in common."""

    def __init__(self) -> None:
        self.examples: list[str] = []
        self._zeros = dict.fromkeys(_ZEROS_TO_BE_SURE, 0)  # by the digits that all may have been rounded to
        self._are_doubles = True
        self._seen: set[int] = set()  # while they may still be rounded: one may stand there often, and is one witness
        self._contradicted = False

    def add(self, number: int) -> None:
        """Take in an id that stands in the file; short ones say nothing."""
        if not is_long(number) or len(str(number)) > _MAX_DIGITS or number in self._seen:
            return
        if not self._zeros and not self._are_doubles:
            return
        self._seen.add(number)
        digits = str(number)
        if len(self.examples) < _EXAMPLES:
            self.examples.append(digits)
        self._are_doubles = self._are_doubles and may_be_rounded(number)
        self._zeros = {
            kept: zeros + max(0, len(digits) - kept)
            for kept, zeros in self._zeros.items()
            if not digits[kept:].strip("0")
        }

    def add_text(self, text: str) -> None:
        """Take in an id that stands in the file as digits; any other text says nothing."""
        if _is_number(text):
            self.add(int(text))

    def add_pair(self, number: int | float, text: str) -> None:
        """Take in an id that stands there twice, as a number and as digits: the two agree only where nothing rounds."""
        if _is_number(text) and int(text) > _MAX_SAFE:
            if isinstance(number, int) and int(text) == number:
                self.add(number)
            else:
                self._contradicted = True

    @property
    def has_any(self) -> bool:
        """Whether there was an id long enough to tell anything."""
        return self._contradicted or bool(self._seen)

    @property
    def verdict(self) -> Verdict:
        """What is known so far."""
        if self._contradicted or any(zeros >= _ZEROS_TO_BE_SURE[kept] for kept, zeros in self._zeros.items()):
            return "rounded"
        return "unknown" if self._are_doubles else "exact"

    @property
    def is_decided(self) -> bool:
        """Whether enough of the file was seen: the ids are surely rounded, or none of the ways of rounding fits all."""
        return self.verdict == "rounded" or not (self._zeros or self._are_doubles)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS


def note_id(found: object, numbers: IdEvidence, texts: IdEvidence) -> None:
    """Take in an id as a number or as digits, whichever it is; nothing for any other value."""
    if isinstance(found, str):
        texts.add_text(found)
    elif isinstance(found, int):
        numbers.add(found)


def as_written(text: str) -> str | None:
    """An id of a table as it was before the table took it for a number; `None` where that cannot be known any more."""
    found = _DOUBLE.fullmatch(text)
    if found is None:
        return text
    return found[1] if found[1] is not None and int(found[1]) <= _MAX_SAFE else None


def is_long(number: int) -> bool:
    """Whether an id has more digits than every double holds."""
    return number > _MAX_SAFE


def may_be_rounded(number: int) -> bool:
    """Whether an id could have come out of a double, or a spreadsheet, as it stands."""
    return is_long(number) and int(Decimal(repr(float(number)))) == number
