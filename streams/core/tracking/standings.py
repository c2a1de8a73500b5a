"""TRACK's word on a suspended subject to each State whose officials amplified it, whenever it changes."""

from typing import Final

from streams.core.clock import from_us
from streams.core.content_hash import content_hash
from streams.core.country_event import Amplifier, CountryEvent, Standing
from streams.core.tracking.removal_reasons import absences, sightings
from streams.core.tracking.shares import shares_of
from streams.core.tracking.subject import SubjectState
from streams.core.tracking.suspension_periods import suspension_periods_of
from streams.events import Account

__all__ = ["changed_standings"]

_VOID: Final = 0  # what stands for "none of your officials' amplifications stands, or it was never suspended"


def changed_standings(state: SubjectState, position: int) -> tuple[CountryEvent, ...]:
    """The standings that differ from what each State was told last; notes in the state what it is told now.

    An amplification counts if it was not taken back before the first suspension period: to take it back afterwards is
    part of what an aftermath is about, and must not undo it. A State of which none counts, and every State of a subject
    without a suspension period, is told of none.

    A version is the position in the log up to which the state was told, 0 where there is no log. So a state that went
    back with its changelog, and is told in other batches, gives the same words the same version and later ones a higher
    one; a count of changes would start below what WATCH knows, and WATCH would take what is new for old.
    """
    if not state.suspensions:
        return ()
    periods = suspension_periods_of(state.periods, state.suspensions, sightings(state))
    gone = absences(state)
    amplifiers = _amplifiers(state, periods[0].opened_us) if periods else {}
    subject, notice = _subject(state), state.suspensions[-1]
    version = max(state.standing_version + 1, position)
    changed: list[CountryEvent] = []
    for name in sorted({*amplifiers, *state.standings, *(state.states if gone else ())}):
        mine = amplifiers.get(name, ())
        hashed = (
            content_hash((subject, state.is_official[2], periods if mine else (), mine, gone))
            if mine or gone
            else _VOID
        )
        if state.standings.get(name) == hashed:
            continue
        state.standings[name] = hashed
        state.standing_version = version
        changed.append(
            CountryEvent(
                kind="standing",
                country=name,
                platform=state.platform,
                event_id=notice.event_id,
                at_us=notice.at_us,
                source=notice.source,
                roster_digest=state.digests[state.roster[2]],
                subject=subject,
                subject_is_official=state.is_official[2],
                standing=Standing(version=version, periods=periods if mine else (), amplifiers=mine, absences=gone),
            )
        )
    return tuple(changed)


def _amplifiers(state: SubjectState, suspended_us: int) -> dict[str, tuple[Amplifier, ...]]:
    """The officials of each State whose amplifications had not been taken back by then, in the order of their ids."""
    retained = (kept for kept in state.amplifications if kept.withdrawn_us is None or kept.withdrawn_us >= suspended_us)
    evicted = (
        gone for gone in state.evicted_gone if gone.withdrawn_us is not None and gone.withdrawn_us >= suspended_us
    )
    shares = shares_of(state, [*retained, *evicted])
    by_country: dict[str, list[Amplifier]] = {}
    for official_id, share in sorted(shares.items()):
        official = state.officials[official_id]
        amplifier = Amplifier(
            official_id, official.handle, official.category, share.amplifications, share.first_us, share.last_us
        )
        by_country.setdefault(official.state, []).append(amplifier)
    return {name: tuple(amplifiers) for name, amplifiers in by_country.items()}


def _subject(state: SubjectState) -> Account:
    """The subject by what identifies it; what changes from day to day would be news all the time."""
    snapshot = state.snapshot
    return Account(
        id=state.subject_id,
        handle=snapshot.handle,
        name=snapshot.name,
        created_at=None if snapshot.created_us is None else from_us(snapshot.created_us),
        created_at_source=snapshot.created_source,
    )
