"""How often a text that officials pass on shares enough with a post of theirs by chance: by set phrases alone.

A post more than a year away was hardly taken from the text, nor the text from it. So as many days of posts as a text
match looks at are looked at again, half of them a year before those and half a year after.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from streams.core.clock import DAY_US
from streams.core.watching.ledger import Ledger
from streams.core.watching.records import Entry, SubjectText
from streams.core.watching.text_matches import least_shared
from streams.core.watching.watch_policy import WatchPolicy

__all__ = ["TextMatches", "text_matches"]

_YEAR_US: Final = 365 * DAY_US
_ALL: Final = 1_000_000


class TextMatches(Struct, frozen=True, kw_only=True):
    """Of so many `texts`, those that match a post of the ledger's days around, and of as many days a year away.

    `posts_around` and `posts_away` are how many posts stood in these days, for a text on average.
    """

    texts: int
    around: int
    away: int
    posts_around: float
    posts_away: float


def text_matches(
    ledger: Ledger, state: str, platform: str, subjects: Iterable[str], posts_us: Sequence[int]
) -> TextMatches:
    """The texts of these subjects in a ledger. `posts_us`: when the State's officials posted, without retweets."""
    reach_us = WatchPolicy().ledger_days * DAY_US
    texts = [text for subject in subjects for text in ledger.texts_of(state, platform, subject, _ALL)]
    around = away = posts_around = posts_away = 0
    posts_us = sorted(posts_us)
    for text in texts:
        near = (text.at_us - reach_us, text.last_us + reach_us)
        far = ((near[0] - _YEAR_US, text.at_us - _YEAR_US), (text.last_us + _YEAR_US, near[1] + _YEAR_US))
        times = _matching_times(ledger, text)
        around += any(near[0] <= at_us <= near[1] for at_us in times)
        away += any(first <= at_us <= last for at_us in times for first, last in far)
        posts_around += _between(posts_us, *near)
        posts_away += sum(_between(posts_us, *span) for span in far)
    count = max(1, len(texts))
    return TextMatches(
        texts=len(texts),
        around=around,
        away=away,
        posts_around=posts_around / count,
        posts_away=posts_away / count,
    )


def _matching_times(ledger: Ledger, text: SubjectText) -> list[int]:
    """When officials other than its author posted what shares enough with a text."""
    least = least_shared(len(text.fingerprints))
    keys = (key for key, shared in ledger.entries_sharing(text.country, text.fingerprints).items() if shared >= least)
    entries = (ledger.get(f"e/{key}".encode()) for key in keys)
    return [entry.at_us for entry in entries if isinstance(entry, Entry) and entry.official != text.subject]


def _between(times_us: Sequence[int], first: int, last: int) -> int:
    return bisect_right(times_us, last) - bisect_left(times_us, first)
