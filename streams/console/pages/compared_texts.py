"""Texts side by side: a post of an account and the official post whose text it shares, from the events that are kept.

The texts are those of the kept bytes. Where one is not kept, or is withheld, that is said, and nothing is guessed.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final

from msgspec import Struct

from streams.console.store.results import EventRow
from streams.core.dossier_parts import TextMatch
from streams.core.platforms import post_link
from streams.core.texts.passages import Passage, shared_passages
from streams.events import Account, Post, Retweet

__all__ = ["ComparedMatch", "ComparedText", "SharedPart", "compared_matches"]

_MOST_SHOWN: Final = 4_000  # characters of a text, as many as are compared


class SharedPart(Struct, frozen=True, kw_only=True):
    """A part of a text: shared with the other one, or not."""

    text: str
    """The part, as it was written."""
    shared: bool
    """Whether the other text has it too, in whatever spelling."""


class ComparedText(Struct, frozen=True, kw_only=True):
    """One of the two texts."""

    post_id: str
    """The post."""
    at: datetime
    """When it was posted, or known first."""
    link: str | None
    """Where people could see it; nothing says that it is still there."""
    sha256: str | None
    """The hash of the kept event, which names its page."""
    lang: str | None
    """Its language, as the platform tells it."""
    parts: tuple[SharedPart, ...]
    """The text in its order; nothing where it is not kept."""
    absent: str
    """Why there is no text, in words; empty where there is one."""


class ComparedMatch(Struct, frozen=True, kw_only=True):
    """A text match of the dossier with both texts."""

    match: TextMatch
    """As the record has it."""
    own: ComparedText
    """The account's post."""
    official: ComparedText
    """The official's post."""


def compared_matches(
    platform: str,
    subject: Account,
    matches: Iterable[TextMatch],
    by_id: Mapping[str, tuple[EventRow, ...]],
    of_subject: Iterable[EventRow],
) -> tuple[ComparedMatch, ...]:
    """The matches of a dossier. `by_id` are kept events by id, `of_subject` those that name the account: a post that
    nobody collected is there in a retweet of it.
    """
    passed_on: dict[str, tuple[EventRow, ...]] = {}
    for kept in of_subject:
        if isinstance(kept.event, Retweet) and kept.event.post_id is not None and kept.event.text is not None:
            passed_on.setdefault(kept.event.post_id, (kept,))
    return tuple(_compared(platform, subject, match, by_id, passed_on) for match in matches)


def _compared(
    platform: str,
    subject: Account,
    match: TextMatch,
    by_id: Mapping[str, tuple[EventRow, ...]],
    passed_on: Mapping[str, tuple[EventRow, ...]],
) -> ComparedMatch:
    own, absent = _kept_text((*by_id.get(match.post_id, ()), *passed_on.get(match.post_id, ())))
    official, official_absent = _kept_text(by_id.get(match.official_post_id, ()))
    texts = [_text(kept) for kept in (own, official)]
    passages, official_passages = shared_passages(*texts) if all(texts) else ((), ())
    return ComparedMatch(
        match=match,
        own=_side(
            own, texts[0], passages, absent, match.post_id, match.at,
            post_link(platform, subject.id, subject.handle, match.post_id),
        ),
        official=_side(
            official, texts[1], official_passages, official_absent, match.official_post_id, match.official_at,
            post_link(platform, match.official, match.handle, match.official_post_id),
        ),
    )  # fmt: skip


def _kept_text(copies: Iterable[EventRow]) -> tuple[EventRow | None, str]:
    """The copy with the longest text; or why there is none."""
    absent = "Its text is not kept: no event with it is in the evidence."
    best: EventRow | None = None
    for kept in copies:
        if kept.withheld:
            absent = f"Its text is withheld: {kept.withheld}. Only its hash is kept."
        elif len(_text(kept)) > (0 if best is None else len(_text(best))):
            best = kept
    return best, "" if best is not None else absent


def _text(kept: EventRow | None) -> str:
    event = None if kept is None else kept.event
    return (event.text or "")[:_MOST_SHOWN] if isinstance(event, Post | Retweet) else ""


def _side(
    kept: EventRow | None,
    text: str,
    passages: Iterable[Passage],
    absent: str,
    post_id: str,
    at: datetime,
    link: str | None,
) -> ComparedText:
    event = None if kept is None else kept.event
    return ComparedText(
        post_id=post_id,
        at=at,
        link=link,
        sha256=None if kept is None else kept.sha256,
        lang=event.lang if isinstance(event, Post) else None,
        parts=tuple(_parts(text, passages)),
        absent=absent,
    )


def _parts(text: str, passages: Iterable[Passage]) -> Iterator[SharedPart]:
    done = 0
    for start, end in passages:
        if start > done:
            yield SharedPart(text=text[done:start], shared=False)
        yield SharedPart(text=text[start:end], shared=True)
        done = end
    if done < len(text):
        yield SharedPart(text=text[done:], shared=False)
