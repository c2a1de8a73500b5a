"""What a post says, in a form in which the same words are the same characters. Knows scripts, nothing of events.

What platforms and keyboards add or vary is gone: links, handles, case, diacritics, invisible marks, letter variants.
"""

import re
import unicodedata
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Final

__all__ = [
    "DENSE",
    "MOST_CHARACTERS",
    "folded",
    "letters_of",
    "normalised",
    "placed_letters",
    "shared_words",
    "words",
]

MOST_CHARACTERS: Final = 4_000
"""Characters of a text that are looked at, as it is written; platforms' ordinary posts are shorter."""

DENSE: Final = (
    "\u1100-\u11ff\u3005-\u3007\u3041-\u309f\u30a1-\u30ff\u3105-\u312f\u31a0-\u31bf\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U000323af"
)
"""Han, kana, bopomofo and Hangul, as the inside of a character class: scripts in which one character says as much as
several letters."""

_SHORTEST_WORD: Final = 4  # letters of an alphabetic script; most of what is shorter is grammar

# Marks that writers leave out at will: Latin, Greek and Cyrillic diacritics, Hebrew points, Arabic and Syriac vowel
# signs with the hamza and madda above or below, and the selectors of glyph variants. The marks of Indic, Thai and
# Japanese script are letters of the word and stay.
_OPTIONAL_MARK: Final = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u0711\u0730-\u074a\u08ca-\u08e1\u08e3-\u08ff"
    "\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f\U000e0100-\U000e01ef]"
)

# Letters that keyboards and habits mix up and that Unicode keeps apart, besides those that differ by a mark (the alefs,
# waw and yeh with hamza).
_SAME_LETTER: Final = {
    "\u06cc": "\u064a",  # Persian yeh
    "\u0649": "\u064a",  # alef maksura
    "\u06a9": "\u0643",  # Persian kaf
    "\u06aa": "\u0643",  # swash kaf
    "\u0629": "\u0647",  # teh marbuta, in Arabic often written as heh
    "\u06be": "\u0647",  # the hehs of Urdu and Kurdish keyboards
    "\u06c1": "\u0647",
    "\u06c3": "\u0647",
    "\u06d5": "\u0647",
    "\u0671": "\u0627",  # alef wasla
    "\u0640": "",  # tatweel only stretches
    "\u0131": "i",  # Turkish dotless i, the lower case of I
    "\u00f8": "o",
    "\u0142": "l",
    "\u0111": "d",
    "\u0127": "h",
    "\u00e6": "ae",
    "\u0153": "oe",
}

# Unicode's Stream-Safe Text Format allows 30 marks on one letter. Normalising longer runs takes quadratic time. One of
# 31 in a row has a place that 31 divides when one counts from 1: where those are no marks, no run is so long.
_FLOOD: Final = re.compile(r"([^\w\s\x00-\x7f]{30})[^\w\s\x00-\x7f]+")
_FLOODED: Final = re.compile(r"[^\w\s\x00-\x7f]")
_EVERY: Final = 31
# A link ends where words of a script without spaces, or signs that no link has, follow without a space. In patterns
# that begin with one of a few characters a search leaps from one of them to the next.
_LINK: Final = re.compile(
    r"[HhWwtp](?:(?<=[Hh])[Tt][Tt][Pp][Ss]?://|(?<=[Ww])[Ww][Ww]\.|(?<=t)\.co/|(?<=p)ic\.twitter\.com/)"
    rf"[^\s،؛؟«»“”…。、「」{DENSE}]*"
)
# Also in the isolates that applications put around handles in right-to-left text, and with a server behind it.
_HANDLE: Final = re.compile(
    "@[\u200e\u200f\u2066-\u2068]?[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?(?:@[A-Za-z0-9.-]+)?"
)
_RETWEET: Final = re.compile("RT @(?<![A-Za-z0-9_]RT @)")
_ENTITY: Final = re.compile("&(?:amp|lt|gt|quot|apos|nbsp|#39);")  # as Twitter v1.1 writes &, < and >
_JOINING: Final = frozenset(map(chr, (*range(0x1160, 0x1200), 0xFF9E, 0xFF9F)))  # of Hangul, and half-width kana
_DENSE_RUN: Final = re.compile(f"[{DENSE}]+")


class _Folds(dict[int, str]):
    """What each character becomes, worked out when it is first met. Keeps those below U+20000: 13 MB at most."""

    def __missing__(self, code: int) -> str:
        fold = _fold(chr(code))
        if code < 0x20000:
            self[code] = fold
        return fold


_folds: Final = _Folds()


def normalised(text: str) -> str:
    """The words of the first `MOST_CHARACTERS` of a text, in order, with single spaces between them.

    Links, handles (with the `RT` before them) and signs are gone, also the one before a hashtag. Compatibility forms,
    case, digits of all scripts, Arabic and Persian letter variants and diacritics are folded (also Latin and Cyrillic
    ones: é is e, й is и, ё is е, ı and İ are i). Invisible and direction marks, ZWNJ too, are gone without a space.
    Chinese and Japanese have spaces only where they had signs; traditional and simplified characters stay apart.
    Never raises; takes time in proportion to the text.
    """
    return _folded(_bare(text))


def folded(text: str) -> str:
    """A text as `normalised` folds it, with links and handles: for names, which may look like either."""
    return _folded(_composed(text[:MOST_CHARACTERS]))


def letters_of(text: str) -> str:
    """The text as `normalised` has it, without its spaces, in half the time where it is in a Western European language:
    then one table says for each byte what becomes of it, and no more than ASCII is left.
    """
    text = _bare(text)
    coded = _coded(text)
    letters = _OTHER if coded is None else coded.translate(_western, _western_signs)
    if _OTHER not in letters:
        return letters.decode("ascii")
    return _folded(text).replace(" ", "")


def placed_letters(text: str) -> tuple[str, list[tuple[int, int]]]:
    """The letters as `letters_of` has them, and of each from where to where it stands in the text as it was written.

    Nothing where the two cannot be told from one another: in odd orders of marks, which no keyboard writes.
    """
    written: list[str] = []
    places: list[tuple[int, int]] = []
    for start, end in _clusters(text[:MOST_CHARACTERS]):
        composed = unicodedata.normalize("NFKC", text[start:end])
        written += composed
        places += [(start, end)] * len(composed)
    for pattern, keeps in ((_LINK, 0), (_HANDLE, 1), (_RETWEET, 0), (_ENTITY, 0)):
        for found in pattern.finditer("".join(written[:MOST_CHARACTERS])):
            for at in range(found.start() + keeps, found.end()):
                written[at] = " "
    letters: list[str] = []
    placed: list[tuple[int, int]] = []
    for char, place in zip(written[:MOST_CHARACTERS], places, strict=False):
        for letter in _folds[ord(char)].replace(" ", ""):
            letters.append(letter)
            placed.append(place)
    said = "".join(letters)
    return (said, placed) if said == letters_of(text) else ("", [])


def _clusters(text: str) -> Iterator[tuple[int, int]]:
    """Each character with what may become one with it: marks, and what follows the first letter of Hangul."""
    start = 0
    for at, char in enumerate(text):
        if at == start or (not char.isascii() and (unicodedata.category(char)[0] == "M" or char in _JOINING)):
            continue
        yield start, at
        start = at
    if text:
        yield start, len(text)


def words(text: str) -> frozenset[str]:
    """The content words of a text, normalised: words of four letters and more; of Chinese, Japanese and Korean, which
    has no or other word limits, each two neighbouring characters. Numbers are no words.
    """
    text = normalised(text)
    found = {
        run[place : place + 2] for run in _DENSE_RUN.findall(text) for place in range(len(run) - 1) if len(run) > 1
    }
    found.update(
        word for word in _DENSE_RUN.sub(" ", text).split() if len(word) >= _SHORTEST_WORD and not word.isdecimal()
    )
    return frozenset(found)


def shared_words(text: str, vocabulary: AbstractSet[str]) -> tuple[str, ...]:
    """The content words of a text that are in a vocabulary of such words, sorted."""
    return tuple(sorted(words(text) & vocabulary)) if vocabulary else ()


def _coded(text: str) -> bytes | None:
    """In the code page, without what it lacks where that is no letter, as emoji are not; `None` where it is one."""
    try:
        return text.encode(_WESTERN)
    except UnicodeEncodeError as error:
        if _folds[ord(text[error.start])].strip():  # as in most texts of other scripts
            return None
        lacking = "".join(set(text).difference(_western_characters))
        return None if lacking.translate(_folds).strip() else text.encode(_WESTERN, "ignore")


def _bare(text: str) -> str:
    """What is looked at of a text, without links, handles and escapes; in compatibility forms only where they are."""
    text = _composed(text[:MOST_CHARACTERS])
    # Most texts lack one or the other, and looking for a letter takes no time.
    if "/" in text or "." in text:
        text = _LINK.sub(" ", text)
    if "@" in text:
        text = _RETWEET.sub(" ", _HANDLE.sub("@", text))
    if "&" in text:
        text = _ENTITY.sub(" ", text)
    return text


def _composed(text: str) -> str:
    """In compatibility forms, without floods of marks."""
    if text.isascii():
        return text
    if _FLOODED.search(text[_EVERY - 1 :: _EVERY]):
        text = _FLOOD.sub(r"\1", text)
    # Nearly all that is to be composed in posts of a Western European language; most are then normalised already.
    if "\u2026" in text:
        text = text.replace("\u2026", "...")
    if "\xa0" in text:
        text = text.replace("\xa0", " ")
    return unicodedata.normalize("NFKC", text)[:MOST_CHARACTERS]  # cut again: one character can stand for eighteen


def _folded(text: str) -> str:
    text = " ".join(text.translate(_folds).split())
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _fold(character: str) -> str:
    bare = _OPTIONAL_MARK.sub("", unicodedata.normalize("NFKD", character)).casefold()
    letters = "".join(_SAME_LETTER.get(letter, letter) for letter in bare)
    return "".join(map(_kept, unicodedata.normalize("NFC", letters)))


def _kept(character: str) -> str:
    # Letters with their marks, and numbers. What is invisible joins what it stands between, any other sign parts it.
    match unicodedata.category(character)[0]:
        case "L" | "M":
            return character
        case "N":
            digit = unicodedata.decimal(character, None)
            return character if digit is None else str(digit)
        case "C" if unicodedata.category(character) != "Cc":
            return ""
        case _:
            return " "


# The code page has the curly quotes, dashes and ligatures of Western typography, which Latin-1 lacks.
_WESTERN: Final = "cp1252"
_OTHER: Final = b"\0"  # stands for what becomes anything but one character of ASCII; a NUL is itself a sign


def _western_tables() -> tuple[bytes, bytes]:
    """What each byte of the code page becomes, and the bytes that are no letters."""
    folds = [_fold(bytes([code]).decode(_WESTERN, "replace")) for code in range(256)]
    table = b"".join(fold.encode() if len(fold) == 1 and fold.isascii() else _OTHER for fold in folds)
    return table, bytes(code for code, fold in enumerate(folds) if not fold.strip())


_western, _western_signs = _western_tables()
_western_characters: Final = frozenset(bytes(range(256)).decode(_WESTERN, "ignore"))
