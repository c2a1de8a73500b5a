"""What TRACK writes fits into a message for every legal input, under its own bounds, and counts right all the same."""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.bounds import RECORD_BYTES, bounded_subject_event
from streams.core.country_event import encode_country_event
from streams.core.subject_event import SubjectEvent, subject_key
from streams.core.tracking.outcome import TrackOutcome
from streams.core.tracking.subject import TrackPolicy
from streams.rules_loading import bundled_rules
from streams.topics import topic_named
from tests.core.tracking.extremes import IDS, SUBJECT, engagements, every_bound, longest_id
from tests.core.tracking.oracle import Oracle, as_known, by_subject, without_sources
from tests.core.tracking.strategies import arrangements, campaigns, copies
from tests.core.tracking.test_track_oracle import differences
from tests.core.tracking.track_run import TrackRun

_OVERHEAD: Final = 2_048  # of a batch with one record, its key and its headers
_POLICY: Final = TrackPolicy()


def _run(events: Sequence[SubjectEvent]) -> TrackRun:
    return TrackRun(bundled_rules()).run([events])


def assert_all_fits(run: TrackRun) -> None:
    """Each record, as the agent encodes it, into a message of its topic."""
    sizes = {
        "subject-states": [len(state) for state in run.states.values()],
        "dossiers": [len(msgspec.json.encode(dossier)) for dossier in run.dossiers.values()],
        "alerts": [len(msgspec.json.encode(alert)) for alert in run.alerts.values()],
        "amplifications": [len(msgspec.json.encode(each)) for each in run.amplifications.values()],
        "country-events": [len(encode_country_event(standing)) for standing in run.standings.values()],
    }
    largest = {topic: max(found) for topic, found in sizes.items() if found}
    assert {
        topic: size for topic, size in largest.items() if size + _OVERHEAD > topic_named(topic).max_message_bytes
    } == {}
    assert max(largest["dossiers"], largest.get("alerts", 0)) <= RECORD_BYTES


@pytest.mark.slow
@pytest.mark.parametrize("platform", IDS)
def test_a_subject_of_as_many_officials_as_there_may_be_fits_and_each_of_them_counts(platform: str) -> None:
    """4,096 officials, each with its retweet, and everything again: exact figures, on every platform's longest ids."""
    events = list(engagements(_POLICY.officials, _POLICY.officials, platform))
    run = _run(events)
    run.batch(events)
    assert_all_fits(run)
    [dossier] = run.dossiers.values()
    assert dossier.totals.retweet == dossier.distinct_officials == _POLICY.officials
    assert len(dossier.officials) == 500
    assert run.outcomes.keys() <= {TrackOutcome.APPLIED, TrackOutcome.DUPLICATE, TrackOutcome.REPEATED}
    assert max(run.published.values()) == 1


@pytest.mark.slow
def test_a_subject_that_meets_every_bound_with_the_longest_ids_fits() -> None:
    """All lists full at once: what is engaged, taken back, waiting, noticed, posted."""
    run = _run(list(every_bound(_POLICY)))
    assert_all_fits(run)
    subject = run.subject(subject_key("bluesky", SUBJECT))
    assert subject is not None
    state = subject.state
    assert len(state.officials) == _POLICY.officials
    assert len(state.amplifications) > _POLICY.amplifications
    assert len(state.contacts) > _POLICY.contacts
    assert len(state.suspensions) > _POLICY.suspensions
    assert len(state.pending) == _POLICY.pending_withdrawals
    assert len(state.evicted_gone) == _POLICY.evicted_withdrawals
    assert state.own is not None
    assert (len(state.own.links), len(state.own.matches)) == (_POLICY.links, _POLICY.text_matches)


@pytest.mark.slow
def test_a_subject_with_events_from_more_raw_partitions_than_are_kept_apart_goes_on() -> None:
    """What is read again changes nothing but may be counted as dropped twice."""
    events = [
        msgspec.structs.replace(event, source=msgspec.structs.replace(event.source, partition=number))
        for number, event in enumerate(engagements(_POLICY.fences + 10, 1, "twitter"))
    ]
    run = _run(events)
    subject = run.subject(subject_key("twitter", IDS["twitter"](0)))
    assert subject is not None
    assert len(subject.state.fences) == _POLICY.fences
    [dossier] = run.dossiers.values()
    assert dossier.totals.retweet == len(events)


def _lengthened(event: SubjectEvent, lengthen: Callable[[str], str]) -> SubjectEvent:
    official = event.official
    return msgspec.structs.replace(
        event,
        event_id=lengthen(event.event_id),
        official=None if official is None else msgspec.structs.replace(official, id=lengthen(official.id)),
        subject=msgspec.structs.replace(event.subject, id=lengthen(event.subject.id)),
    )


@st.composite
def _long_campaigns(draw: st.DrawFn) -> tuple[list[SubjectEvent], list[list[SubjectEvent]]]:
    history = draw(campaigns())
    long = [_lengthened(event, lambda short: longest_id(0)[: 255 - len(short)] + short) for event in history]
    long += draw(copies(long))
    batches = draw(arrangements(long))
    return as_known(event for batch in batches for event in batch), batches


@pytest.mark.slow
@given(_long_campaigns())
def test_long_ids_change_no_figure_whatever_the_order(arranged: tuple[list[SubjectEvent], object]) -> None:
    """Dossiers and alerts are what the oracle makes of events whose ids are as they are kept."""
    events, batches = arranged
    run = TrackRun(bundled_rules()).run(batches)  # type: ignore[arg-type]  # the lists of the strategy
    for key, mine in by_subject(events).items():
        oracle = Oracle([bounded_subject_event(event) for event in mine], run.rules)
        dossier = oracle.dossier()
        assert (dossier is not None) is (key in run.dossiers)
        if dossier is not None:
            found = msgspec.structs.replace(run.dossiers[key], score=dossier.score)
            assert differences({key: found}, {key: dossier}) == []
        mine_standing = {
            name: without_sources(alert)
            for name, alert in run.standing.items()
            if subject_key(alert.platform, alert.subject.id) == key
        }
        assert differences(mine_standing, oracle.alerts()) == []
