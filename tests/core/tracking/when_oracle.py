"""When a subject was suspended or back, said again naively: each bound asked anew over all notices and sightings."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct, structs

from streams.core.enriched import SuspensionRecord
from streams.core.subject_event import SubjectEvent
from tests.core.tracking.facts import AMPLIFICATION, DAY, EPOCH, Fact, official_of, time_of

__all__ = ["PeriodFact", "at_the_latest", "last_observed", "records_of", "suspension_periods_of", "times_there"]

_SLACK: Final = timedelta(minutes=1)
_MICROSECOND: Final = timedelta(microseconds=1)


class PeriodFact(Struct, frozen=True):
    """One suspension: since when it is certain, until when, by which notice, since when at the earliest."""

    opened_at: datetime
    ended_at: datetime | None
    notice: str
    not_before: datetime | None
    seen_again: bool


def times_there(facts: Sequence[Fact], events: Sequence[SubjectEvent]) -> list[datetime]:
    """When the subject was there, as its own posts, its profiles and retweets of it, made or seen, prove. Of several
    reports of a text that matched the earliest stands.
    """
    there = [time_of(event.at_us) for event in events if event.kind in ("profile", "post")]
    matched: dict[str, int] = {}
    for event in events:
        if event.kind == "text_match":
            matched[event.event_id] = min(event.at_us, matched.get(event.event_id, event.at_us))
    there += map(time_of, matched.values())
    for retweet in (each for each in facts if each.kind == "retweet"):
        observed = last_observed(retweet, events)
        there += [retweet.at, *([observed] if observed > EPOCH else [])]
    return sorted(there)


def last_observed(retweet: Fact, events: Sequence[SubjectEvent]) -> datetime:
    """When a retweet was last seen, whichever of its reports stands."""
    times = [e.observed_us for e in events if e.observed_us is not None and _is_of(e, retweet) and _by(e, retweet)]
    return time_of(max(times)) if times else EPOCH


def _is_of(event: SubjectEvent, fact: Fact) -> bool:
    """Whether it is a report of that amplification, in whatever copy, or of its end."""
    return event.event_id == fact.id and event.kind in (*AMPLIFICATION, "reply", "mention", "withdrawal")


def _by(event: SubjectEvent, fact: Fact) -> bool:
    return event.kind != "withdrawal" or official_of(event).id == fact.official


def at_the_latest(notices: Sequence[Fact]) -> list[Fact]:
    """The notices with the last time at which each can have happened: of a day its end, unless the next came before."""
    return [structs.replace(notice, at=_latest(notices, index)) for index, notice in enumerate(notices)]


def _latest(notices: Sequence[Fact], index: int) -> datetime:
    notice = notices[index]
    if notice.precision != "day":
        return notice.at
    midnight = notice.at.replace(hour=0, minute=0, second=0, microsecond=0) + DAY - _MICROSECOND
    return min(midnight, _latest(notices, index + 1)) if index + 1 < len(notices) else midnight


def _earliest(notice: Fact) -> datetime | None:
    if notice.precision == "day":
        return notice.at.replace(hour=0, minute=0, second=0, microsecond=0)
    return notice.at if notice.precision == "exact" else None


def _not_before(notices: Sequence[Fact], index: int, there: Sequence[datetime]) -> datetime | None:
    """The last of: what the notice says, when the account was seen, when it was back, or gone, before."""
    notice, until = notices[index], _not_after(notices, index, there)
    times = [_earliest(notice)]
    if notice.status != "reinstated":
        times += [at for at in there if at <= until]
    if index and (notices[index - 1].status == "reinstated") != (notice.status == "reinstated"):
        times.append(_earliest(notices[index - 1]) or notices[index - 1].at)
    return max((at for at in times if at is not None and at <= until), default=None)


def _not_after(notices: Sequence[Fact], index: int, there: Sequence[datetime]) -> datetime:
    """The last time that the notice allows; whoever is seen after it was gone is back by then."""
    notice, latest = notices[index], _latest(notices, index)
    was_gone = index > 0 and notices[index - 1].status != "reinstated"
    if not was_gone or notice.status != "reinstated" or notice.precision == "exact":
        return latest
    gone = _latest(notices, index - 1)
    return min([latest, *(at for at in there if at > gone + _SLACK)])


def _seen_again(notices: Sequence[Fact], index: int, there: Sequence[datetime]) -> datetime | None:
    if notices[index].status == "reinstated":
        return None
    again = [at for at in there if at > _latest(notices, index) + _SLACK]
    if index + 1 < len(notices):
        again = [at for at in again if min(again) < _latest(notices, index + 1)]
    return min(again, default=None)


def records_of(notices: Sequence[Fact], there: Sequence[datetime]) -> list[SuspensionRecord]:
    """Each notice as a dossier tells it."""
    return [
        SuspensionRecord(
            status=notice.status,  # type: ignore[arg-type]  # one of the words of a status
            at=notice.at,
            event_id=notice.id,
            precision=notice.precision,
            not_before=_not_before(notices, index, there),
            not_after=_not_after(notices, index, there),
            seen_again_at=_seen_again(notices, index, there),
        )
        for index, notice in enumerate(notices)
    ]


def suspension_periods_of(notices: Sequence[Fact], there: Sequence[datetime]) -> list[PeriodFact]:
    """Each suspension once: a notice of it while the account is known to be suspended tells nothing new."""
    periods: list[tuple[int, PeriodFact]] = []
    for index, notice in enumerate(notices):
        if notice.status not in ("suspended", "deleted"):
            continue
        if periods:
            before, period = periods[-1]
            back = any(each.status == "reinstated" for each in notices[before:index])
            seen = any(period.opened_at + _SLACK < at < notice.at for at in there)
            if not back and not seen:
                continue
        periods.append((index, _period(notices, index, there)))
    return [period for _, period in periods]


def _period(notices: Sequence[Fact], index: int, there: Sequence[datetime]) -> PeriodFact:
    opened_at = _latest(notices, index)
    back = next((each for each in notices[index:] if each.status == "reinstated"), None)
    seen = [at for at in there if at > opened_at + _SLACK and (back is None or at < back.at)]
    ended_at = None
    if seen:
        ended_at = min(seen)
    elif back is not None:
        ended_at = max(opened_at, _earliest(back) or back.at)
    return PeriodFact(opened_at, ended_at, notices[index].id, _not_before(notices, index, there), bool(seen))
