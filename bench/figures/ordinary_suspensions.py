"""Suspensions of ordinary subjects, simulated and seeded: accounts that officials amplified, and that did nothing.

What could not have happened afterwards, a retweet or a quote of a suspended account, is left out.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Final, TypeAlias

from bench.figures.parliament import Status
from streams.core.enriched import Amplification
from streams.events import Post, Retweet, Suspension

__all__ = ["LEAST_OFFICIALS", "MANY_OFFICIALS", "MOMENTS", "Moment", "still_possible", "suspended_once"]

LEAST_OFFICIALS: Final = 2
MANY_OFFICIALS: Final = 5  # what `silence` asks for
_WATCH: Final = timedelta(days=14)
_NOTICED_AFTER: Final = timedelta(hours=1)

Moment: TypeAlias = Callable[[Sequence[Amplification], datetime, Random], datetime | None]
"""When an account is suspended, given its amplifications by time and the end of what is known, if there is such a time.

The watch must end before that end."""


def _while_amplified(amplifications: Sequence[Amplification], end: datetime, random: Random) -> datetime | None:
    """An hour after one of its amplifications, drawn from those by when five officials had amplified it, or two where
    it never were five. The more is said of it the likelier it is: the hardest time for `silence`.
    """
    officials: set[str] = set()
    few: list[datetime] = []
    many: list[datetime] = []
    for amplification in amplifications:
        if amplification.at + _NOTICED_AFTER + _WATCH > end:
            break
        officials.add(amplification.official.id)
        if len(officials) >= LEAST_OFFICIALS:
            few.append(amplification.at)
        if len(officials) >= MANY_OFFICIALS:
            many.append(amplification.at)
    return random.choice(many or few) + _NOTICED_AFTER if few else None


def _later(amplifications: Sequence[Amplification], end: datetime, random: Random) -> datetime | None:
    """Some time after its last amplification, all of them alike."""
    last = amplifications[-1].at
    room = end - _WATCH - last
    if len({each.official.id for each in amplifications}) < LEAST_OFFICIALS or room <= _NOTICED_AFTER:
        return None
    return last + _NOTICED_AFTER + (room - _NOTICED_AFTER) * random.random()


MOMENTS: Final[dict[str, Moment]] = {"while amplified": _while_amplified, "later": _later}
"""When accounts are suspended, by the name that it has in tables."""


def suspended_once(
    amplifications: Iterable[Amplification], end: datetime, moment: Moment, seed: int
) -> dict[str, Suspension]:
    """The suspension of each account, by its id, that at least two officials had amplified by then and that is no
    official's itself.
    """
    by_subject: defaultdict[str, list[Amplification]] = defaultdict(list)
    for amplification in amplifications:
        if not amplification.subject_is_official:
            by_subject[amplification.subject.id].append(amplification)
    random = Random(f"{seed} suspensions")
    found: dict[str, Suspension] = {}
    for subject, of_subject in sorted(by_subject.items()):
        of_subject.sort(key=lambda each: (each.at, each.id))
        at = moment(of_subject, end, random)
        if at is not None:
            newest = of_subject[-1]
            found[subject] = Suspension(
                platform=newest.platform, id=f"suspended-{subject}", at=at, actor=newest.subject, status="suspended"
            )
    return found


def still_possible(statuses: Iterable[Status], suspensions: Mapping[str, Suspension]) -> Iterator[Status]:
    """The statuses without retweets and quotes of accounts that were suspended by then."""
    for status in statuses:
        quoted = status.quotes.account if isinstance(status, Post) and status.quotes is not None else None
        subject = status.subject if isinstance(status, Retweet) else quoted
        suspension = None if subject is None else suspensions.get(subject.id)
        if suspension is None or status.at < suspension.at:
            yield status
