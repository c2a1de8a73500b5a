"""The dossier: everything counted about one subject, as of its last event, in figures people and programs can read."""

from streams.core.clock import from_us
from streams.core.enriched import Dossier, OfficialFigures, SuspensionRecord, Totals, WindowFigures
from streams.core.figures import WINDOWS
from streams.core.moment import Moment
from streams.core.subject import Kept, SubjectState
from streams.events import Account

__all__ = ["dossier_of", "has_engagement"]

_FOREVER_US = 2**62


def has_engagement(state: SubjectState) -> bool:
    """Whether any official ever engaged with the subject: without that there is no dossier."""
    return bool(state.amplifications or state.contacts or state.settled_amplifications or state.settled_contacts)


def dossier_of(state: SubjectState) -> Dossier:
    """The dossier. Windows end with the last amplification that stands; withdrawn ones are only counted as such."""
    moment = Moment(state, _FOREVER_US)
    officials = _officials(state, moment.live)
    first_us = moment.first_amplified_us()
    last_us = moment.last_amplified_us()
    age = moment.age_days(first_us)
    has_contacts = bool(state.contacts or state.settled_contacts)
    snapshot = state.snapshot
    return Dossier(
        platform=state.platform,
        subject=Account(
            id=state.subject_id,
            handle=snapshot.handle,
            name=snapshot.name,
            created_at=None if snapshot.created_us is None else from_us(snapshot.created_us),
            created_at_source=snapshot.created_source,
            followers=snapshot.followers,
            verified=snapshot.verified,
        ),
        subject_is_official=state.is_official[2],
        totals=Totals(
            retweet=sum(official.retweets for official in officials),
            quote=sum(official.quotes for official in officials),
            reply=moment.contacts_of("reply") if has_contacts else 0,
            mention=moment.contacts_of("mention") if has_contacts else 0,
            follow=moment.follows() if has_contacts else 0,
        ),
        distinct_officials=len(officials),
        officials=officials,
        windows=_windows(state, first_us, last_us),
        first_amplified_at=None if first_us is None else from_us(first_us),
        last_amplified_at=None if last_us is None else from_us(last_us),
        age_at_first_amplification_days=None if age is None else round(age, 8),  # a millisecond is 1.2e-8 days
        states=tuple(sorted({official.state for official in officials})),
        suspension=_suspension(state),
        withdrawn=state.withdrawn,
        dropped=state.dropped,
        roster_digest=state.digests[state.roster[2]],
    )


def _officials(state: SubjectState, live: list[Kept]) -> tuple[OfficialFigures, ...]:
    """Each amplifying official's part: what is settled plus what is retained, most amplifications first."""
    parts: dict[str, list[int]] = {}  # retweets, quotes, first, last
    for official_id, official in state.officials.items():
        if official.first_us is not None and official.last_us is not None:
            parts[official_id] = [official.retweets, official.quotes, official.first_us, official.last_us]
    for kept in live:
        part = parts.get(kept.official)
        if part is None:
            part = parts[kept.official] = [0, 0, kept.at_us, kept.at_us]
        part[0 if kept.kind == "retweet" else 1] += 1
        part[2] = min(part[2], kept.at_us)
        part[3] = max(part[3], kept.at_us)
    ranked = sorted(parts.items(), key=lambda item: (-item[1][0] - item[1][1], item[0]))
    return tuple(
        OfficialFigures(
            id=official_id,
            handle=state.officials[official_id].handle,
            state=state.officials[official_id].state,
            category=state.officials[official_id].category,
            retweets=retweets,
            quotes=quotes,
            first_at=from_us(first_us),
            last_at=from_us(last_us),
        )
        for official_id, (retweets, quotes, first_us, last_us) in ranked
    )


def _windows(state: SubjectState, first_us: int | None, last_us: int | None) -> dict[str, WindowFigures]:
    if last_us is None:
        return dict.fromkeys(WINDOWS, WindowFigures(amplifications=0, distinct_officials=0))
    if first_us == last_us and len(state.amplifications) == 1 and not state.settled_amplifications:  # most subjects
        return dict.fromkeys(WINDOWS, WindowFigures(amplifications=1, distinct_officials=1))
    moment = Moment(state, last_us, known_us=_FOREVER_US)
    return {
        name: WindowFigures(
            amplifications=moment.window_amplifications(hours), distinct_officials=moment.window_officials(hours)
        )
        for name, hours in WINDOWS.items()
    }


def _suspension(state: SubjectState) -> SuspensionRecord | None:
    if not state.suspensions:
        return None
    last = state.suspensions[-1]
    return SuspensionRecord(status=last.status, at=from_us(last.at_us), event_id=last.event_id)
