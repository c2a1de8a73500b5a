"""Comparing what was published with what follows from the events, field by field."""

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from streams.core.enriched import Dossier
from streams.core.watching.aftermath_records import Aftermath
from streams.printable import printable

__all__ = ["differences", "with_published_texts", "with_texts_withheld"]

_SHOWN: Final = 40  # characters of a value
_MATCHING_POSTS: Final = "matching_posts"
_ABSENT: Final = object()


def differences(published: bytes, found: bytes) -> list[str]:
    """Where two records differ: `path: published …, recomputed …`. Empty where all that was published is found again.

    A field that only the recomputed record has is no difference: later versions may say more.
    """
    return list(_differences(msgspec.json.decode(published), msgspec.json.decode(found), "$"))


def _differences(published: Any, found: Any, path: str) -> Iterator[str]:
    if isinstance(published, dict) and isinstance(found, dict):
        for name in published:
            yield from _differences(published[name], found.get(name, _ABSENT), f"{path}.{printable(str(name), 60)}")
    elif isinstance(published, list) and isinstance(found, list):
        for place, (one, other) in enumerate(zip_longest(published, found, fillvalue=_ABSENT)):
            yield from _differences(one, other, f"{path}[{place}]")
    elif published != found or type(published) is not type(found):
        yield f"{path}: published {_shown(published)}, recomputed {_shown(found)}"


def _shown(value: Any) -> str:
    return "nothing" if value is _ABSENT else printable(msgspec.json.encode(value).decode(), _SHOWN)


def with_published_texts(found: Dossier, published: Dossier) -> Dossier:
    """The recomputed dossier with the figures that rest on texts of officials as they were published.

    They are the text matches and their term of the score; the score's sum is recomputed.
    """
    of_texts = {each.name: each for each in published.score.contributions if each.name == _MATCHING_POSTS}
    contributions = tuple(of_texts.get(each.name, each) for each in found.score.contributions)
    score = replace(
        found.score, contributions=contributions, total=round(sum(each.points for each in contributions), 2)
    )
    return replace(found, text_matches=published.text_matches, score=score)


def with_texts_withheld(found: Aftermath, published: Aftermath) -> Aftermath:
    """The recomputed aftermath without the texts of deleted posts that the pipeline had to withhold."""
    references = {each.post_id for each in published.listed_references if each.text_withheld}
    deletions = {each.post_id for each in published.listed_deletions if each.text_withheld}
    return replace(
        found,
        listed_references=tuple(
            replace(each, text="", text_withheld=True) if each.post_id in references else each
            for each in found.listed_references
        ),
        listed_deletions=tuple(
            replace(each, text="", shared_words=(), text_withheld=True) if each.post_id in deletions else each
            for each in found.listed_deletions
        ),
    )
