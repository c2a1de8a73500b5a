"""Which passages two texts share, and where they stand in each as it was written: for people who compare them."""

from collections.abc import Mapping
from typing import TypeAlias

from streams.core.texts.fingerprints import Sampling, stretches_of
from streams.core.texts.text import placed_letters

__all__ = ["Passage", "shared_passages"]

Passage: TypeAlias = tuple[int, int]
"""From where to where in a text, the end outside."""

_Grams: TypeAlias = Mapping[tuple[Sampling, str], list[int]]


def shared_passages(one: str, other: str) -> tuple[tuple[Passage, ...], tuple[Passage, ...]]:
    """The passages of each text that the other has too, in their order and without overlaps.

    A passage is as long as one of a fingerprint at least (24 letters, or 8 characters of a dense script), in whatever
    spelling: two texts that share a fingerprint share a passage. What stands between its letters, as spaces, marks,
    links and handles, is part of it. Takes time in proportion to the texts.
    """
    (letters, places), (others, other_places) = placed_letters(one), placed_letters(other)
    grams, other_grams = _grams(letters), _grams(others)
    return _passages(grams, other_grams, places), _passages(other_grams, grams, other_places)


def _grams(letters: str) -> _Grams:
    found: dict[tuple[Sampling, str], list[int]] = {}
    for start, end, sampling in stretches_of(letters):
        for at in range(start, end - sampling.gram + 1):
            found.setdefault((sampling, letters[at : at + sampling.gram]), []).append(at)
    return found


def _passages(own: _Grams, others: _Grams, places: list[Passage]) -> tuple[Passage, ...]:
    shared = sorted((start, start + gram[0].gram) for gram, starts in own.items() if gram in others for start in starts)
    joined: list[Passage] = []
    for start, end in shared:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    found: list[Passage] = []
    for start, end in ((places[first][0], places[last - 1][1]) for first, last in joined):
        # Letters of one written character, such as æ, may be parted between two passages.
        begin = max(start, found[-1][1]) if found else start
        if begin < end:
            found.append((begin, end))
    return tuple(found)
