"""The plain count agrees with the core, and notices whatever can be wrong with an implementation's results."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.tally import Figures, Tally
from bench.world import World
from streams.core.backtest import Backtest
from streams.core.subject_event import Coordinates
from streams.events import decode_event
from streams.ledger.memory import MemoryLedger
from streams.rules_loading import bundled_rules

_NOW_US = 2_000_000_000_000_000


def _tally(events: int, seed: int) -> Tally:
    tally = Tally()
    for event in World(events, seed).events():
        tally.note(event)
    return tally


@pytest.fixture(scope="module")
def tally() -> Tally:
    return _tally(30_000, 1)


@pytest.mark.slow
def test_the_plain_count_is_what_the_core_counts() -> None:
    """Two counts that share no code."""
    world = World(30_000, 5)
    tally = _tally(30_000, 5)
    backtest = Backtest(world.roster, bundled_rules(), MemoryLedger(), now_us=_NOW_US)
    for placed in world.events():
        source = Coordinates(placed.topic, placed.partition, placed.offset)
        assert backtest.feed(decode_event(placed.value), source) is None
    results = backtest.finish()
    assert len(results.amplifications) > 100
    figures = {
        dossier.subject.id: Figures(dossier.totals.retweet + dossier.totals.quote, dossier.distinct_officials)
        for dossier in results.dossiers.values()
    }
    assert max(figure.distinct_officials for figure in figures.values()) > 1
    assert tally.complaints([reported.id for reported in results.amplifications], figures, tally.ends) == []


Fault = Callable[[list[str], dict[str, Figures]], None]


def _forget_one(reported: list[str], figures: dict[str, Figures]) -> None:
    reported.pop()


def _report_one_twice(reported: list[str], figures: dict[str, Figures]) -> None:
    reported.append(reported[0])


def _report_one_of_a_bystander(reported: list[str], figures: dict[str, Figures]) -> None:
    reported.append("not an official's")


def _count_one_too_many(reported: list[str], figures: dict[str, Figures]) -> None:
    subject, right = next(iter(figures.items()))
    figures[subject] = Figures(right.amplifications + 1, right.distinct_officials)


def _miss_an_official(reported: list[str], figures: dict[str, Figures]) -> None:
    subject, right = next(iter(figures.items()))
    figures[subject] = Figures(right.amplifications, right.distinct_officials - 1)


def _leave_out_a_subject(reported: list[str], figures: dict[str, Figures]) -> None:
    figures.popitem()


def _make_up_a_subject(reported: list[str], figures: dict[str, Figures]) -> None:
    figures["nobody"] = Figures(1, 1)


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault",
    [
        _forget_one,
        _report_one_twice,
        _report_one_of_a_bystander,
        _count_one_too_many,
        _miss_an_official,
        _leave_out_a_subject,
        _make_up_a_subject,
    ],
)
def test_a_wrong_result_is_noticed(tally: Tally, fault: Fault) -> None:
    reported, figures = list(tally.amplified), tally.figures(tally.amplified)
    assert tally.complaints(reported, figures, tally.ends) == []
    fault(reported, figures)
    assert tally.complaints(reported, figures, tally.ends) != []


@given(st.data())
def test_results_of_a_part_are_right_if_they_reach_as_far_as_was_committed(tally: Tally, data: st.DataObject) -> None:
    """An implementation that is stopped may have reported more than it committed, never less."""
    ends = {place: data.draw(st.integers(0, end)) for place, end in tally.ends.items()}
    within = [i for i, a in tally.amplified.items() if a.offset < ends[(a.topic, a.partition)]]
    beyond = [event_id for event_id in tally.amplified if event_id not in set(within)]
    more = data.draw(st.lists(st.sampled_from(beyond), unique=True)) if beyond else []
    reported = within + more
    assert tally.complaints(reported, tally.figures(reported), ends) == []
    if within:
        lost = data.draw(st.sampled_from(within))
        reported = [event_id for event_id in reported if event_id != lost]
        assert tally.complaints(reported, tally.figures(reported), ends) != []


@given(st.data())
def test_what_is_under_way_between_stages_may_be_missing_and_nothing_else(tally: Tally, data: st.DataObject) -> None:
    """It is durable, so that it is no loss; figures are those of what was told."""
    under_way = data.draw(st.sets(st.sampled_from(list(tally.amplified)), min_size=1))
    reported = [event_id for event_id in tally.amplified if event_id not in under_way]
    figures = tally.figures(reported)
    assert tally.complaints(reported, figures, tally.ends, under_way) == []
    lost = data.draw(st.sampled_from(sorted(under_way)))
    assert tally.complaints(reported, figures, tally.ends, under_way - {lost}) != []
