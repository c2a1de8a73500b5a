"""Amplifications taken back: before they arrive, while they are kept, long after; twice; by somebody else."""

from collections import Counter
from random import Random
from typing import Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.clock import DAY_US
from streams.core.subject_event import Coordinates, SubjectEvent
from streams.core.tracking.subject import TrackPolicy
from streams.core.tracking.track import TrackOutcome
from streams.rules_loading import bundled_rules
from tests.core.tracking.strategies import BASE_US, OFFICIALS, examples, placed, retweet
from tests.core.tracking.track_run import TrackRun

SMALL: Final = TrackPolicy(amplifications=8, evicted_withdrawals=64)
KEY: Final = "twitter:12"
_IRANIAN: Final = [official for official in OFFICIALS if official.country == "IR"]


def _taken_back(event: SubjectEvent, **changes: object) -> SubjectEvent:
    """What WATCH says once the official has deleted it."""
    withdrawal = msgspec.structs.replace(
        event,
        kind="withdrawal",
        at_us=BASE_US + 90 * DAY_US,
        amplified_us=event.at_us,
        amplification_kind=event.kind,
        source=Coordinates("deletions", 0, event.source.offset),
    )
    return msgspec.structs.replace(withdrawal, **changes)


def _counts(run: TrackRun) -> dict[str, int]:
    return {part.id: part.retweets + part.quotes for part in run.dossiers[KEY].officials}


@pytest.mark.slow
def test_whenever_an_amplification_is_taken_back_its_official_has_one_less_and_only_once() -> None:
    """However many others there are since, in any order and any number of copies; another official takes nothing."""
    seen = Counter[str]()
    numbers = st.integers(0, 39)

    @examples(75)
    @given(
        st.integers(1, 8) | st.integers(9, 40),  # up to 8 are kept
        st.lists(numbers, max_size=12) | st.just([*range(0, 40, 3), 0]),
        st.lists(numbers, max_size=6),
        st.sets(st.integers(1, 30), max_size=4),
        st.randoms(use_true_random=False),
    )
    def check(count: int, taken: list[int], others: list[int], cuts: set[int], order: Random) -> None:
        happened = [
            msgspec.structs.replace(
                retweet(number, official=OFFICIALS[number % 3], at_us=BASE_US + number * DAY_US),
                kind="quote" if number % 4 == 3 else "retweet",
            )
            for number in range(count)
        ]
        # Official o12 amplified nothing: it can take nothing back, whatever it deletes.
        withdrawals = [_taken_back(happened[number]) for number in taken if number < count]
        withdrawals += [_taken_back(happened[number], official=OFFICIALS[-1]) for number in others if number < count]
        order.shuffle(withdrawals)
        # Those of amplifications that are still kept may come before what they take back.
        early = [each for each in withdrawals if count <= 8 and order.random() < 0.5]
        arrived = placed([*early, *happened, *(each for each in withdrawals if each not in early)])
        run = TrackRun(bundled_rules(), SMALL)
        edges = sorted({min(cut, len(arrived)) for cut in cuts} | {len(arrived)})
        start = 0
        for edge in edges:
            run.batch(arrived[start:edge])
            start = edge
        gone = {number for number in taken if number < count}
        left = Counter(OFFICIALS[number % 3].id for number in range(count) if number not in gone)
        assert _counts(run) == left
        dossier = run.dossiers[KEY]
        assert dossier.withdrawn == len(gone)
        quotes = sum(number % 4 == 3 for number in range(count) if number not in gone)
        assert (dossier.totals.quote, dossier.totals.retweet) == (quotes, left.total() - quotes)
        weeks = {(event.at_us // (7 * DAY_US)) for number, event in enumerate(happened) if number not in gone}
        assert {term.name: term.value for term in dossier.score.contributions}["weeks_amplified"] == len(weeks)
        seen["evicted"] += count > 18 and any(number < count - 10 for number in gone)
        seen["retained"] += any(number >= count - 8 for number in gone)
        seen["waiting"] += len(early) > 0
        seen["twice"] += len(gone) < len([number for number in taken if number < count])
        seen["by somebody else"] += any(number < count for number in others)
        seen["all of an official"] += len(left) < min(3, count)

    check()
    covered = ("evicted", "retained", "waiting", "twice", "by somebody else", "all of an official")
    assert {what: seen[what] for what in covered if seen[what] < 5} == {}


@pytest.mark.slow
def test_who_takes_back_after_a_suspension_stays_an_amplifier_of_the_suspended_account() -> None:
    """To delete quotes is part of a clean-up and must not undo the aftermath that tells of it; before, it counts."""
    seen = Counter[str]()
    suspended_us = BASE_US + 60 * DAY_US
    days = st.sampled_from([50, 59, 60, 61, 90])

    @examples(75)
    @given(
        st.integers(1, 40),
        st.dictionaries(st.integers(0, 39), days, max_size=20) | days.map(lambda day: dict.fromkeys(range(40), day)),
        st.randoms(use_true_random=False),
    )
    def check(count: int, taken: dict[int, int], order: Random) -> None:
        happened = [
            msgspec.structs.replace(retweet(number, official=_IRANIAN[number % 3]), kind="quote")
            for number in range(count)
        ]
        taken = {number: day for number, day in taken.items() if number < count}
        then = [_taken_back(happened[number], at_us=BASE_US + day * DAY_US) for number, day in taken.items()]
        then += order.sample(then, len(then) // 2)
        notice = msgspec.structs.replace(retweet(0), kind="suspension", event_id="s", at_us=suspended_us, official=None)
        then.append(msgspec.structs.replace(notice, status="suspended", source=Coordinates("suspensions", 0, 0)))
        order.shuffle(then)
        run = TrackRun(bundled_rules(), SMALL).run([happened, placed(then, partitions=1)])
        said = run.standings.get((KEY, "IR"))
        amplifiers = () if said is None or said.standing is None else said.standing.amplifiers
        standing_record = Counter(_IRANIAN[number % 3].id for number in range(count) if taken.get(number, 60) >= 60)
        assert {each.id: each.amplifications for each in amplifiers} == standing_record
        seen["evicted, before"] += any(day < 60 and number < count - 10 for number, day in taken.items())
        seen["evicted, after"] += any(day >= 60 and number < count - 10 for number, day in taken.items())
        seen["retained, before"] += any(day < 60 and number >= count - 8 for number, day in taken.items())
        seen["retained, after"] += any(day >= 60 and number >= count - 8 for number, day in taken.items())
        seen["all taken back"] += len(taken) == count

    check()
    covered = ("evicted, before", "evicted, after", "retained, before", "retained, after", "all taken back")
    assert {what: seen[what] for what in covered if seen[what] < 5} == {}


def test_what_was_taken_back_before_it_left_is_not_taken_back_again() -> None:
    happened = [retweet(number) for number in range(30)]
    run = TrackRun(bundled_rules(), SMALL).run(
        [happened[:8], [_taken_back(happened[2])], happened[8:], [_taken_back(happened[2])]]
    )
    assert run.dossiers[KEY].withdrawn == 1
    assert _counts(run) == {"o1": 29}
    assert run.outcomes[TrackOutcome.DUPLICATE] == 1


def test_a_withdrawal_that_waits_takes_nothing_else_back_when_it_comes_again() -> None:
    """Its amplification came too late to be counted: it is in no total that a repetition could take it from."""
    happened = [retweet(number) for number in range(30)]
    late = msgspec.structs.replace(happened.pop(3), source=Coordinates("late", 0, 1))
    run = TrackRun(bundled_rules(), SMALL).run([[_taken_back(late)], happened, [late], [_taken_back(late)]])
    dossier = run.dossiers[KEY]
    assert (dossier.withdrawn, dossier.dropped) == (0, 1)
    assert _counts(run) == {"o1": 29}


def test_beyond_what_is_remembered_a_withdrawal_is_dropped_and_counted() -> None:
    """Whether it was counted before cannot be told any more, so it is not."""
    policy = TrackPolicy(amplifications=4, evicted_withdrawals=2)
    happened = [retweet(number) for number in range(20)]
    newest_first = [_taken_back(happened[number]) for number in (9, 8, 7, 6)]
    run = TrackRun(bundled_rules(), policy).run([happened, placed(newest_first, partitions=1)])
    dossier = run.dossiers[KEY]
    assert (dossier.withdrawn, dossier.dropped) == (3, 1)
    assert _counts(run) == {"o1": 17}
    assert run.outcomes[TrackOutcome.TOO_OLD] == 1


def test_a_withdrawal_that_does_not_say_what_it_takes_back_waits_as_long_as_it_takes() -> None:
    """Written by somebody else than WATCH: only the amplification itself can tell, and it has left."""
    happened = [retweet(number) for number in range(30)]
    unstated = _taken_back(happened[0], amplified_us=None, amplification_kind=None)
    run = TrackRun(bundled_rules(), SMALL).run([happened, [unstated], [unstated]])
    assert run.dossiers[KEY].withdrawn == 0
    assert _counts(run) == {"o1": 30}
    state = run.subject(KEY)
    assert state is not None
    assert [each.event_id for each in state.state.pending] == ["000000"]
