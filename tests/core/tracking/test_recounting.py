"""A subject recounted: orders that come twice, too late or for nobody, evidence that is gone, and bounds."""

from typing import Final

import pytest
from msgspec.structs import replace

from streams.core.clock import DAY_US, HOUR_US
from streams.core.corrections.correction import Correction, corrections_of
from streams.core.recounts import (
    RecountOrder,
    decode_recount,
    encode_recount,
    engagement_name,
    recount_event,
    recount_open_event,
)
from streams.core.subject_event import Coordinates, SubjectEvent
from streams.core.tracking.subject import TrackPolicy
from streams.events import Account
from tests.core.tracking.one_rule import one_rule
from tests.core.tracking.strategies import BASE_US, OFFICIALS, retweet
from tests.core.tracking.track_run import TrackRun

_KEY: Final = "twitter:12"
_LEFT: Final = f"twitter:{OFFICIALS[2].id}"
_RULES: Final = one_rule("burst", "distinct_officials", 3, quiet_us=7 * DAY_US)


def _events(digest: str = "roster") -> list[SubjectEvent]:
    """Each of three officials, twice."""
    return [
        replace(retweet(number, official=OFFICIALS[number % 3], at_us=BASE_US + number * HOUR_US), roster_digest=digest)
        for number in range(6)
    ]


def _order(name: str = "c1") -> RecountOrder:
    """The third official is off the roster; all is in the evidence."""
    events = tuple(event for event in _events("new") if event.official != OFFICIALS[2])
    return RecountOrder(
        correction=name,
        old_digest="roster",
        new_digest="new",
        at_us=BASE_US,
        reason="no official",
        events=events,
        known=tuple(engagement_name(is_follow=False, event_id=f"{number:06}") for number in (2, 5)),
        accounts=(_LEFT,),
        changed={_LEFT: False},
        cut={"retweets/0": 6},
    )


class _Run:
    def __init__(self, policy: TrackPolicy | None = None) -> None:
        self.track = TrackRun(_RULES, policy)
        self.corrections: list[Correction] = []

    def batch(self, *events: SubjectEvent) -> None:
        for changes in self.track.batch(events):
            for recounted in changes.recounted:
                self.corrections += corrections_of(recounted)

    def open(self, name: str = "c1") -> None:
        self.batch(recount_open_event("twitter", "12", name, BASE_US))

    def order(self, order: RecountOrder) -> None:
        self.batch(recount_event("twitter", "12", order, encode_recount(order)))

    @property
    def retweets(self) -> int:
        return self.track.dossiers[_KEY].totals.retweet


@pytest.fixture
def run() -> _Run:
    """Six retweets by three officials, for which an alert was told."""
    run = _Run()
    run.batch(*_events())
    assert [alert.status for alert in run.track.alerts.values()] == ["firing"]
    return run


def test_of_an_announcement_nothing_is_said(run: _Run) -> None:
    """Its state is written down, that is all; with an event in the same batch the dossier is."""
    announced = recount_open_event("twitter", "12", "c1", BASE_US)
    [changes] = run.track.batch([announced])
    assert (changes.dossier, changes.alerts, changes.standings, changes.tracked) == (None, (), (), None)
    assert changes.subject.state.recount is not None
    [changes] = run.track.batch([announced, retweet(9, official=OFFICIALS[0], at_us=BASE_US + 9 * HOUR_US)])
    assert changes.dossier is not None
    assert changes.dossier.totals.retweet == 7


def test_an_order_takes_back_what_does_not_hold_and_says_so(run: _Run) -> None:
    run.open()
    run.order(_order())
    [alert] = run.track.alerts.values()
    assert (run.retweets, alert.status) == (4, "retracted")
    correction, subject = run.corrections
    assert (correction.outcome, correction.alert_id, correction.accounts) == (
        "would_not_have_fired",
        alert.id,
        (_LEFT,),
    )
    assert {each.figure: (each.before, each.after) for each in correction.figures}["distinct_officials"] == (3, None)
    assert (subject.about, subject.outcome, subject.reason) == ("subject", "recounted", "no official")


def test_put_back_the_alert_is_the_same_one_with_the_same_figures(run: _Run) -> None:
    before = dict(run.track.alerts)
    dossier = run.track.dossiers[_KEY]
    run.open()
    run.order(_order())
    run.open("c2")
    back = replace(
        _order("c2"), old_digest="new", new_digest="roster", events=tuple(_events()), known=(), changed={_LEFT: True}
    )
    run.order(back)
    assert run.track.alerts == before
    assert run.track.dossiers[_KEY] == dossier
    assert [each.outcome for each in run.corrections if each.about == "alert"] == [
        "would_not_have_fired",
        "would_have_fired_anew",
    ]


def test_an_order_that_comes_twice_or_was_not_announced_changes_nothing(run: _Run) -> None:
    before = run.track.states[_KEY]
    run.order(_order())
    assert (run.track.states[_KEY], run.corrections) == (before, [])
    run.open()
    run.order(_order())
    once, corrections = run.track.states[_KEY], list(run.corrections)
    run.order(_order())
    run.open()
    run.order(_order())
    assert (run.track.states[_KEY], run.corrections) == (once, corrections)


def test_an_announcement_without_an_order_counts_on_and_a_later_correction_begins_anew(run: _Run) -> None:
    run.open("lost")
    run.batch(replace(retweet(6, at_us=BASE_US + 6 * HOUR_US), roster_digest="new"))
    assert run.retweets == 7
    run.open()
    run.batch(replace(retweet(7, at_us=BASE_US + 7 * HOUR_US), roster_digest="new"))
    late = tuple(replace(event, roster_digest="new") for event in (retweet(6, at_us=BASE_US + 6 * HOUR_US),))
    run.order(replace(_order(), events=(*_order().events, *late)))
    assert run.retweets == 6


@pytest.mark.parametrize("when", ["before the order", "after it"])
def test_what_a_late_screen_says_by_the_old_roster_counts_under_the_new_one(run: _Run, when: str) -> None:
    """The same raw events again: of the official that left nothing, of the others nothing new."""
    run.open()
    if when == "before the order":
        run.batch(*_events())
    run.order(_order())
    right = run.track.states[_KEY]
    run.batch(*_events())
    assert run.retweets == 4
    assert run.track.states[_KEY] == right
    # Behind the cut it is an official's again, whatever the digest: the roster was put in force once more.
    run.batch(replace(retweet(9, official=OFFICIALS[2]), source=replace(_events()[0].source, offset=9)))
    assert run.retweets == 5


def test_what_the_evidence_has_no_more_is_taken_as_counted_unless_its_account_is_on_no_roster(run: _Run) -> None:
    """Of six events one is left."""
    run.open()
    run.order(replace(_order(), events=_order().events[:1], known=()))
    assert run.retweets == 4
    assert (run.corrections[-1].outcome, run.corrections[-1].taken) == ("taken_as_counted", 3)


def test_a_subject_with_more_than_is_kept_one_by_one_stands_as_it_was() -> None:
    run = _Run(TrackPolicy(amplifications=4))
    run.batch(*_events())
    run.open()
    before = run.retweets
    run.order(_order())
    assert run.retweets == before
    assert [(each.outcome, each.about) for each in run.corrections] == [("cannot_be_known", "subject")]
    subject = run.track.subject(_KEY)
    assert subject is not None
    assert subject.state.recount is None


def test_more_events_than_are_kept_meanwhile_give_the_order_up(run: _Run) -> None:
    run.open()
    run.batch(*(replace(event, event_id=f"m{n}") for n in range(170) for event in _events()))
    counted = run.retweets
    run.order(_order())
    assert run.retweets == counted
    assert [each.outcome for each in run.corrections] == ["given_up"]


def test_of_a_subject_of_which_nothing_is_left_the_dossier_says_so(run: _Run) -> None:
    run.open()
    changed = {f"twitter:{official.id}": False for official in OFFICIALS[:3]}
    run.order(replace(_order(), events=(), known=(), changed=changed))
    dossier = run.track.dossiers[_KEY]
    assert (dossier.totals.retweet, dossier.officials, dossier.roster_digest) == (0, (), "new")


def test_since_when_a_state_was_seen_that_no_longer_amplifies_an_account_is_not_told_of_it(run: _Run) -> None:
    """WATCH may have told it between the announcement and the order, by the roster of before."""
    words = [
        SubjectEvent(
            kind="seen_since",
            platform="twitter",
            event_id=country,
            at_us=BASE_US,
            subject=Account(id="12"),
            source=Coordinates("coverage", 0, 0),
            country=country,
            since_us=BASE_US,
        )
        for country in ("IR", "RU")
    ]
    run.open()
    run.batch(*words)
    assert run.track.dossiers[_KEY].seen_since.keys() == {"IR", "RU"}
    run.order(_order())
    assert run.track.dossiers[_KEY].seen_since.keys() == {"IR"}


def test_an_account_is_followed_for_the_states_of_the_new_roster_or_no_more(run: _Run) -> None:
    """SCREEN is told so, also when all is put back."""
    every = tuple(engagement_name(is_follow=False, event_id=f"{number:06}") for number in range(6))
    corrections = []
    for name, events in (("c1", _order().events[:3]), ("c2", _order().events[:2]), ("c3", tuple(_events("new")))):
        corrections.append(run.track.tracked[_KEY].countries)
        run.open(name)
        run.order(replace(_order(name), events=events, known=every, changed={_LEFT: name == "c3"}))
    assert [*corrections, run.track.tracked[_KEY].countries] == [("IR", "RU"), ("IR",), (), ("IR", "RU")]


def test_an_order_is_read_as_it_was_written_and_one_that_breaks_off_is_refused() -> None:
    packed = encode_recount(_order())
    assert decode_recount(packed) == _order()
    for broken in (b"", packed[:-4], b"x" + packed):
        with pytest.raises(ValueError, match=r"recount|packed"):
            decode_recount(broken)
