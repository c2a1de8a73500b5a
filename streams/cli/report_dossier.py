"""The figures of one dossier as a table for people."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from rich.table import Table
from rich.text import Text

from streams.cli.terminal import counted
from streams.core.enriched import Dossier
from streams.core.suspension_words import STATUS_WORDS, days_of, gone_in_words
from streams.printable import printable

__all__ = ["day", "dossier_table"]

_MAX_FOLLOWERS: Final = 5


def dossier_table(key: str, dossier: Dossier) -> Table:
    """The figures of one account, a row each."""
    table = Table(title=Text(f"{_handle(dossier.subject.handle) or key} by the numbers", "bold"), title_justify="left")
    table.add_column("figure")
    table.add_column("value", overflow="fold")
    for name, value in _rows(key, dossier):
        table.add_row(Text(name), Text(printable(value)))
    return table


def _rows(key: str, dossier: Dossier) -> Iterable[tuple[str, str]]:
    totals, subject = dossier.totals, dossier.subject
    yield "account", key
    yield "retweets by officials", f"{totals.retweet:,}" + (f", and {totals.quote:,} quotes" if totals.quote else "")
    yield "officials", f"{dossier.distinct_officials:,} of {', '.join(dossier.countries) or 'no State'}"
    if dossier.officials:
        top = dossier.officials[0]
        amplified = top.retweets + top.quotes
        share = amplified / max(1, totals.retweet + totals.quote)
        yield "top official", f"{_handle(top.handle) or top.id}: {amplified:,} ({share:.0%})"
    source = {"snowflake": " (from its id)", "directory": " (as its directory says)", "reported": " (as reported)"}.get(
        subject.created_at_source or "", ""
    )
    yield "account created", f"{day(subject.created_at)}{source}"
    if subject.followers is not None:
        yield "followers", f"{subject.followers:,} as of {day(dossier.followers_as_of)}"
    yield "first amplified", _first(dossier)
    if dossier.first_officials:
        first = (f"{_handle(each.handle) or each.id} {day(each.at)}" for each in dossier.first_officials)
        yield "first officials", ", ".join(first)
    yield "last amplified", day(dossier.last_amplified_at)
    if dossier.seen_since:
        listed = (f"{country} {day(at) if at is not None else 'ever'}" for country, at in dossier.seen_since.items())
        yield "officials seen since", ", ".join(listed)
    gone = gone_in_words(dossier.gone_with_original, dossier.gone_with_official, dossier.gone_unknown)
    if gone:
        yield "gone since, and counted", gone
    if dossier.withdrawn:
        yield "taken back, and not counted", f"{dossier.withdrawn:,}"
    windows = (
        f"{figures.amplifications:,} by {figures.distinct_officials:,} in {name}"
        for name, figures in dossier.windows.items()
    )
    yield "windows to the last", ", ".join(windows)
    followers = ", ".join(_handle(follower.handle) or follower.id for follower in dossier.following[:_MAX_FOLLOWERS])
    more = f" and {totals.follow - _MAX_FOLLOWERS:,} more" if totals.follow > _MAX_FOLLOWERS else ""
    yield "followed by", counted(totals.follow, "official") + (f": {followers}{more}" if followers else "")
    yield "answered, mentioned", f"{totals.reply:,} and {totals.mention:,} times by officials"
    if dossier.links.posts:
        domains = ", ".join(f"{domain} {posts:,}" for domain, posts in dossier.links.domains.items())
        yield "posts linking to officials", f"{dossier.links.posts:,}: {domains}"
    if dossier.text_matches.posts:
        yield "posts sharing official text", f"{dossier.text_matches.posts:,}; the best: {_match(dossier)}"
    notice = dossier.suspension
    if notice is not None:
        yield (
            STATUS_WORDS[notice.status],
            days_of(notice.precision, notice.not_before, notice.not_after or notice.at, notice.seen_again_at),
        )
    yield "state-engagement score", _score(dossier)


def _match(dossier: Dossier) -> str:
    best = dossier.text_matches.best[0]
    return (
        f"post {best.post_id} of {day(best.at)} has {best.shared} of its {best.of} fingerprints in common with post "
        f"{best.official_post_id} by {_handle(best.handle) or best.official} of {day(best.official_at)}"
    )


def _score(dossier: Dossier) -> str:
    terms = (f"{term.name} {term.points:.1f}" for term in dossier.score.contributions if term.points)
    return f"{dossier.score.total:.1f} of 100 = {' + '.join(terms) or 'nothing'}"


def _first(dossier: Dossier) -> str:
    if dossier.first_amplified_at is None:
        return "never"
    age = dossier.age_at_first_amplification_days
    if age is None:
        return day(dossier.first_amplified_at)
    created = dossier.subject.created_at
    same_month = created is not None and (created.year, created.month) == (
        dossier.first_amplified_at.year,
        dossier.first_amplified_at.month,
    )
    note = ", in the month of creation" if same_month else ""
    return f"{day(dossier.first_amplified_at)}, {age:.1f} days after creation{note}"


def _handle(handle: str | None) -> str | None:
    return None if handle is None else "@" + printable(handle)


def day(at: datetime | None) -> str:
    """The UTC day, or that it is not known."""
    return "unknown" if at is None else f"{at:%Y-%m-%d}"
