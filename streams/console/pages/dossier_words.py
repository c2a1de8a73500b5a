"""What a dossier says about itself, in words: what bounds its figures, what went unseen, what became of the account."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from msgspec import Struct

from streams.core.country_names import country_name
from streams.core.enriched import Dossier, SuspensionRecord
from streams.core.suspension_words import STATUS_WORDS, days_of, gone_in_words

__all__ = ["NoticeLine", "bounds_words", "created_words", "notice_lines", "removal_words", "seen_words", "summary_of"]

_SOURCES: Final = {
    "snowflake": "from its id",
    "directory": "as its directory says",
    "reported": "as the platform says",
}


class NoticeLine(Struct, frozen=True, kw_only=True):
    """A notice that the account was suspended, gone or back."""

    status: str
    """What became of it, in words."""
    days: str
    """When, with what is uncertain in it."""
    at: datetime
    """The time that the notice gives."""
    event_id: str
    """The id of the notice."""
    sha256: str | None
    """The hash of the kept event, which names its page; null where it is not kept."""


def summary_of(dossier: Dossier) -> str:
    """What was counted, in a sentence; with the official that did most of it."""
    totals = dossier.totals
    times = totals.retweet + totals.quote
    who = _called(dossier.subject.handle, dossier.subject.id)
    if not times or dossier.first_amplified_at is None or dossier.last_amplified_at is None:
        return f"{who} has no amplification that stands."
    states = ", ".join(country_name(country) for country in dossier.countries) or "States that are not known"
    officials = f"{dossier.distinct_officials:,} official{'' if dossier.distinct_officials == 1 else 's'} of {states}"
    least = "at least " if dossier.dropped_amplifications else ""
    said = (
        f"{who} was amplified {least}{_times(times)} by {officials} from {dossier.first_amplified_at:%Y-%m-%d} to "
        f"{dossier.last_amplified_at:%Y-%m-%d}"
    )
    if dossier.officials and dossier.distinct_officials > 1:
        top = dossier.officials[0]
        said += f"; {_times(top.retweets + top.quotes)} by {_called(top.handle, top.id)} alone"
    return f"{said}."


def notice_lines(dossier: Dossier, kept: dict[str, str]) -> tuple[NoticeLine, ...]:
    """The notices, the newest first. `kept` has the hashes of kept events by their ids."""
    notices = dossier.suspensions or (() if dossier.suspension is None else (dossier.suspension,))
    return tuple(_line(notice, kept.get(notice.event_id)) for notice in reversed(notices))


def created_words(dossier: Dossier) -> str:
    """Who says when the account was created; or that nobody does."""
    subject = dossier.subject
    if subject.created_at is None:
        return "nobody knows when it was created: its age is unknown, and no rule on it holds"
    return _SOURCES.get(subject.created_at_source or "", "nobody says by whom that is known")


def bounds_words(dossier: Dossier) -> Iterator[str]:
    """Why figures are lower bounds, a sentence each; nothing where they are whole."""
    if dossier.dropped_amplifications:
        yield (
            f"{_reports(dossier.dropped_amplifications)} of amplifications came too late to be told from duplicates, "
            "or are by officials beyond the limit of an account: the counts of both are lower bounds."
        )
    others = dossier.dropped - dossier.dropped_amplifications
    if others > 0:
        yield f"{_reports(others)} of answers, mentions or follows were not counted: their counts are lower bounds."
    if dossier.distinct_officials > len(dossier.officials):
        listed, left = len(dossier.officials), dossier.distinct_officials - len(dossier.officials)
        yield (
            f"The record lists {listed:,} of the {dossier.distinct_officials:,} officials, those with most "
            f"amplifications: {left:,} are counted and not named."
        )


def seen_words(dossier: Dossier) -> Iterator[str]:
    """Since when the officials of each State were seen: what they did before is in no figure."""
    if dossier.subject_is_official:
        yield "It is an official itself: since when others were seen is not said of officials."
        return
    for country in dossier.countries:
        who = f"officials of {country_name(country)} on {dossier.platform}"
        if country not in dossier.seen_since:
            yield f"No source says what it saw of {who}: what went unseen is not known."
        elif (since := dossier.seen_since[country]) is None:
            yield f"The sources have seen the {who} since ever."
        else:
            yield f"The {who} are seen since {since:%Y-%m-%d %H:%M}: what they did before was not seen."


def removal_words(dossier: Dossier) -> Iterator[str]:
    """What became of amplifications: taken back, and in no figure; or gone otherwise, and in all of them."""
    if dossier.withdrawn:
        yield f"{dossier.withdrawn:,} taken back by the officials themselves: in no figure."
    gone = gone_in_words(dossier.gone_with_original, dossier.gone_with_official, dossier.gone_unknown)
    if gone:
        yield f"Gone since, and in all figures: {gone}."


def _line(notice: SuspensionRecord, sha256: str | None) -> NoticeLine:
    return NoticeLine(
        status=STATUS_WORDS[notice.status],
        days=days_of(notice.precision, notice.not_before, notice.not_after or notice.at, notice.seen_again_at),
        at=notice.at,
        event_id=notice.event_id,
        sha256=sha256,
    )


def _reports(count: int) -> str:
    return f"{count:,} report{'' if count == 1 else 's'}"


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count:,} times")


def _called(handle: str | None, account_id: str) -> str:
    return account_id if handle is None else f"@{handle}"
