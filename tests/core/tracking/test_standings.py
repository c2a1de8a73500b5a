"""TRACK's words on suspended subjects to WATCH, when a state goes back with its changelog and is told again."""

from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from streams.core.country_event import CountryEvent
from streams.core.subject_event import SubjectEvent
from streams.rules_loading import bundled_rules
from tests.core.tracking.strategies import examples, placed, suspended
from tests.core.tracking.track_run import TrackRun

Standings = dict[tuple[str, str], CountryEvent]


@pytest.mark.slow
@examples(75)
@given(suspended().flatmap(st.permutations), st.data())
def test_of_a_state_that_went_back_the_words_of_the_highest_version_are_the_last(
    arrived: list[SubjectEvent], data: st.DataObject
) -> None:
    """WATCH keeps the highest version. What TRACK says in its second life, in other batches, must not be lost."""
    assume(arrived)
    events = placed(arrived)
    first, second = (_cuts(data, len(events)) for _ in range(2))
    stopped_at = data.draw(st.sampled_from(first))
    gone_back_to = data.draw(st.sampled_from([cut for cut in first if cut <= stopped_at]))
    known: Standings = {}
    before = _life(events, [cut for cut in first if cut <= gone_back_to], known)
    _life(events, [cut for cut in first if cut <= stopped_at], known)
    _life(events, [gone_back_to, *(cut for cut in second if cut > gone_back_to)], known, before)
    assert _words(known) == _words(TrackRun(bundled_rules()).run([events]).standings)


def _life(
    events: list[SubjectEvent], cuts: list[int], known: Standings, before: dict[str, bytes] | None = None
) -> dict[str, bytes]:
    """TRACK over the batches between these places, from the states `before`; returns the states after it."""
    run = TrackRun(bundled_rules())
    run.states.update(before or {})
    run.position = cuts[0]
    for start, end in pairwise(cuts):
        run.batch(events[start:end])
        _hear(known, run.standings)
    return run.states


def _cuts(data: st.DataObject, length: int) -> list[int]:
    """Where batches begin and end: the first at 0, the last at `length`."""
    return sorted({0, length, *data.draw(st.lists(st.integers(0, length), max_size=6))})


def _hear(known: Standings, said: Standings) -> None:
    """As WATCH does: of each subject and State the highest version stays."""
    for key, event in said.items():
        before = known.get(key)
        assert event.standing is not None
        if before is None or (before.standing is not None and before.standing.version < event.standing.version):
            known[key] = event


def _words(standings: Standings) -> dict[tuple[str, str], object]:
    """What was said, without versions; States that were told of nothing and never of anything are alike."""
    return {
        key: (event.subject, event.subject_is_official, event.standing.periods, event.standing.amplifiers)
        for key, event in standings.items()
        if event.standing is not None and (event.standing.periods or event.standing.amplifiers)
    }
