"""Fingerprints of a text, by which a passage that two texts share is found again.

Winnowing (Schleimer, Wilkerson, Aiken: Local Algorithms for Document Fingerprinting, SIGMOD 2003): of the hashes of all
k-grams each window keeps its smallest, so that a shared passage as long as a window and a k-gram together has one in
common wherever it stands.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b
from operator import itemgetter
from typing import Final
from zlib import crc32

from msgspec import Struct

from streams.core.texts.text import DENSE, letters_of

__all__ = ["ALPHABETIC", "DENSE_SAMPLING", "MOST_FINGERPRINTS", "Sampling", "fingerprints", "stretches_of"]

MOST_FINGERPRINTS: Final = 64
_BYTES: Final = 4  # a character, as UTF-32: every k-gram is as long as the next
_ORDERED_BY: Final = 8 * _BYTES  # no more than the shortest gram has, and as fast as it gets
_EMPTY: Final = blake2b(digest_size=8)
# One call takes all beginnings out of a text that is no longer than this, as ordinary posts are.
_SLICES: Final = tuple(slice(at, at + _ORDERED_BY) for at in range(0, 1_024 * _BYTES, _BYTES))
_SHIFT: Final = 11  # leaves 53 of 64 bits: exact in SQLite, MessagePack and in the doubles of JSON readers


class Sampling(Struct, frozen=True, kw_only=True):
    """How one kind of script is sampled: k-grams of `gram` characters, one in each `window` of them."""

    gram: int
    window: int


# About 40 characters with their spaces. A gram of 24 letters is five words; of 21,238 posts of French deputies 8 in 100
# share one with another deputy's post, with grams of 20 letters twice as many: turns of phrase.
ALPHABETIC: Final = Sampling(gram=24, window=13)
# A gram longer than the names of States and offices: 中华人民共和国 has seven characters.
DENSE_SAMPLING: Final = Sampling(gram=8, window=5)

# A dense stretch goes from its first dense character to its last, over words and numbers of other scripts in it.
_DENSE_STRETCH: Final = re.compile(f"[{DENSE}]+(?:[^{DENSE}]{{1,12}}[{DENSE}]+)*")


def fingerprints(text: str) -> tuple[int, ...]:
    """The fingerprints of a text: sorted, distinct, at most `MOST_FINGERPRINTS`, from 0 to 2^53 - 1, the same for ever.

    Two texts of at most 64 fingerprints each share one if they share a passage (as `streams.core.texts.text.normalised`
    has it) of 36 letters and digits of alphabetic scripts, or of 12 characters from the first to the last of Chinese,
    Japanese or Korean; a passage that changes between the two counts in parts. None shorter than 24 or 8 is ever found.
    Of a text with more, those with the smallest values are kept, so that two long texts that share much share some.
    Takes less than 100 µs for 280 characters of an alphabetic script, or for 140 of a dense one.
    """
    letters = letters_of(text)
    grams: list[bytes] = []
    for start, end, sampling in stretches_of(letters):
        grams += _winnowed(letters[start:end], sampling)
    return tuple(sorted(set(map(_hash, grams)))[:MOST_FINGERPRINTS])


def stretches_of(letters: str) -> Iterator[tuple[int, int, Sampling]]:
    """The parts of a text that are sampled alike, from where to where in its letters, as `letters_of` has them."""
    start = 0
    if not letters.isascii():
        for stretch in _DENSE_STRETCH.finditer(letters):
            yield start, stretch.start(), ALPHABETIC
            yield stretch.start(), stretch.end(), DENSE_SAMPLING
            start = stretch.end()
    yield start, len(letters), ALPHABETIC


def _hash(gram: bytes) -> int:
    state = _EMPTY.copy()  # half the time of a new one
    state.update(gram)
    return int.from_bytes(state.digest()) >> _SHIFT


def _beginnings(data: bytes, count: int) -> Sequence[bytes]:
    """The beginnings of the first `count` grams."""
    if 1 < count <= len(_SLICES):
        return _taker(count)(data)
    return [data[at : at + _ORDERED_BY] for at in range(0, count * _BYTES, _BYTES)]


@lru_cache(maxsize=len(_SLICES))  # 4 MB at most
def _taker(count: int) -> Callable[[bytes], Sequence[bytes]]:
    return itemgetter(*_SLICES[:count])


def _winnowed(letters: str, sampling: Sampling) -> list[bytes]:
    # CRC-32 of their beginnings only orders the grams; what is kept of them is a hash of the whole, long enough for a
    # ledger of millions of posts.
    count = len(letters) - sampling.gram + 1
    if count <= 0:
        return []
    data = letters.encode("utf-32-le")
    size = sampling.gram * _BYTES
    order = list(map(crc32, _beginnings(data, count)))
    width = min(sampling.window, count)
    # The smallest of each window, of equals the last.
    first = order[width - 1 :: -1]
    smallest = min(first)
    best = width - 1 - first.index(smallest)
    kept = [best]
    for last in range(width, count):
        if order[last] <= smallest:
            best, smallest = last, order[last]
        elif best <= last - width:
            window = order[last : last - width : -1]
            smallest = min(window)
            best = last - window.index(smallest)
        else:
            continue
        kept.append(best)
    return [data[best * _BYTES : best * _BYTES + size] for best in kept]
