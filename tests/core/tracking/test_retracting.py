"""An alert that a person retracted: what brings it back, and what does not."""

from typing import Final

import msgspec
import pytest
from msgspec.structs import replace

from streams.core.clock import DAY_US, HOUR_US, from_us
from streams.core.enriched import Alert
from streams.core.recounts import RecountOrder, encode_recount, recount_event, recount_open_event
from streams.core.retractions import retraction_order
from streams.core.rulebook.rules import Condition, Escalation
from streams.core.subject_event import SubjectEvent
from streams.core.tracking.subject import TrackPolicy
from streams.core.tracking.track import TrackOutcome
from streams.events import Account
from tests.core.tracking.one_rule import one_rule
from tests.core.tracking.strategies import BASE_US, OFFICIALS, retweet
from tests.core.tracking.track_run import TrackRun

_QUIET_DAYS: Final = 7
_CRITICAL: Final = Escalation(severity="critical", when=(Condition(figure="amplifications", at_least=8),))
_RULES: Final = one_rule("burst", "distinct_officials", 2, quiet_us=_QUIET_DAYS * DAY_US, escalations=(_CRITICAL,))
_AT_US: Final = BASE_US + 30 * DAY_US


def _amplified(number: int, days: float = 0.0) -> SubjectEvent:
    return retweet(number, official=OFFICIALS[number % 2], at_us=BASE_US + int(days * DAY_US) + number * HOUR_US)


def _retraction(alert: Alert, reason: str = "no official", at_us: int = _AT_US) -> SubjectEvent:
    order = retraction_order(alert, reason, at_us)
    assert isinstance(order, SubjectEvent)
    return order


class _Run:
    def __init__(self, policy: TrackPolicy | None = None) -> None:
        self.track = TrackRun(_RULES, policy)
        self.written: list[Alert] = []

    def batch(self, *events: SubjectEvent) -> None:
        for changes in self.track.batch(events):
            self.written += changes.alerts

    @property
    def alert(self) -> Alert:
        [alert] = self.track.alerts.values()
        return alert


@pytest.fixture
def run() -> _Run:
    """Four retweets by two officials, and the alert of it retracted."""
    run = _Run()
    run.batch(*(_amplified(number) for number in range(4)))
    assert run.alert.status == "firing"
    run.batch(_retraction(run.alert))
    return run


def test_its_record_says_when_and_why(run: _Run) -> None:
    alert = run.alert
    assert (alert.status, alert.retracted_because, alert.retracted_at) == ("retracted", "no official", from_us(_AT_US))
    assert run.track.outcomes[TrackOutcome.RETRACTION] == 1


def test_what_happens_next_is_counted_and_does_not_bring_it_back(run: _Run) -> None:
    run.batch(_amplified(4, 1.0))
    run.batch(_amplified(5, 6.0))
    assert (run.alert.status, run.alert.retracted_because) == ("retracted", "no official")
    assert run.track.dossiers["twitter:12"].totals.retweet == 6


def test_the_same_order_again_changes_nothing(run: _Run) -> None:
    state, written = run.track.states["twitter:12"], len(run.written)
    run.batch(_retraction(run.alert, "again", _AT_US + 1))
    assert (run.track.states["twitter:12"], len(run.written)) == (state, written)


def test_an_alert_that_becomes_more_severe_fires_and_can_be_retracted_again(run: _Run) -> None:
    run.batch(*(_amplified(number) for number in range(4, 8)))
    assert (run.alert.severity, run.alert.status, run.alert.retracted_because) == ("critical", "firing", None)
    run.batch(_retraction(run.alert, "still none"))
    assert (run.alert.status, run.alert.retracted_because) == ("retracted", "still none")


def test_after_a_quiet_period_the_rule_fires_anew_under_another_id(run: _Run) -> None:
    run.batch(_amplified(4, _QUIET_DAYS + 1))
    statuses = [(alert.status, alert.retracted_because) for alert in run.track.alerts.values()]
    assert statuses == [("retracted", "no official"), ("firing", None)]


def test_late_events_that_move_its_beginning_leave_it_retracted(run: _Run) -> None:
    """It has another id then, and neither of the two fires."""
    run.batch(_amplified(4, -6.0), _amplified(5, -6.0))
    assert len(run.track.alerts) == 2, "the case did not come up"
    assert {alert.status for alert in run.track.alerts.values()} == {"retracted"}
    assert {(alert.superseded_by, alert.retracted_because) for alert in run.track.alerts.values()} == {
        (None, "no official")
    }


def test_it_stays_so_when_what_it_rests_on_is_no_longer_kept_one_by_one() -> None:
    run = _Run(TrackPolicy(amplifications=3, suspensions=3))
    run.batch(*(_amplified(number) for number in range(4)))
    run.batch(_retraction(run.alert))
    for number in range(4, 7):
        run.batch(_amplified(number, 1.0))
    assert run.alert.status == "retracted"


def test_recounted_by_a_correction_it_fires_if_it_holds(run: _Run) -> None:
    order = RecountOrder(
        correction="c1",
        old_digest="roster",
        new_digest="new",
        at_us=_AT_US,
        events=tuple(replace(_amplified(number), roster_digest="new") for number in range(4)),
        changed={f"twitter:{OFFICIALS[2].id}": False},
    )
    run.batch(recount_open_event("twitter", "12", "c1", _AT_US))
    run.batch(recount_event("twitter", "12", order, encode_recount(order)))
    assert run.alert.status == "firing"


def test_an_alert_that_is_counted_no_more_is_written_as_it_was_read() -> None:
    """Its rule is gone, or results were kept when states were recounted: nobody else would ever end it."""
    first = _Run()
    first.batch(*(_amplified(number) for number in range(4)))
    run = _Run()
    run.batch(_retraction(first.alert))
    assert run.alert == replace(
        first.alert, status="retracted", retracted_because="no official", retracted_at=from_us(_AT_US)
    )


def test_states_from_before_retractions_are_read(run: _Run) -> None:
    packed = msgspec.msgpack.decode(run.track.states["twitter:12"])
    position = next(index for index, value in enumerate(packed) if isinstance(value, dict) and "burst" in value)
    packed[position]["burst"].pop()
    run.track.states["twitter:12"] = msgspec.msgpack.encode(packed)
    run.batch(_amplified(4))
    assert run.alert.status == "firing"


def test_an_alert_of_nobody_is_refused(run: _Run) -> None:
    stranger = replace(run.alert, subject=Account(id="13"))
    with pytest.raises(ValueError, match="not of its rule and subject"):
        retraction_order(stranger, "why", _AT_US)
