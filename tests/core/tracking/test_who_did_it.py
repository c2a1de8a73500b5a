"""Who did it: what the platform does, what the owner does, and what nobody knows are three things."""

from datetime import timedelta
from itertools import permutations
from typing import Final

import msgspec
import pytest

from streams.cli.report import rule_figures
from streams.core.backtest import Results
from streams.core.clock import DAY_US, HOUR_US, from_us
from streams.core.enriched import Alert
from streams.core.subject_event import SubjectEvent
from streams.core.tracking.subject import TrackPolicy
from streams.events import Account, SuspensionStatus
from streams.rules_loading import bundled_rules
from tests.core.tracking.strategies import BASE_US, OFFICIALS, placed, retweet
from tests.core.tracking.track_run import TrackRun

KEY: Final = "twitter:12"


def _notice(status: SuspensionStatus, day: int) -> SubjectEvent:
    return msgspec.structs.replace(
        retweet(0),
        kind="suspension",
        event_id=f"{status}-{day}",
        at_us=BASE_US + day * DAY_US,
        official=None,
        status=status,
        precision="exact",
    )


def _amplified() -> list[SubjectEvent]:
    young = Account(id="12", followers=150, created_at=from_us(BASE_US - 10 * DAY_US))
    return [
        msgspec.structs.replace(retweet(number, official=OFFICIALS[number % 6]), subject=young) for number in range(18)
    ]


def _run_of(batches: list[list[SubjectEvent]]) -> TrackRun:
    return TrackRun(bundled_rules(), TrackPolicy()).run(batches)


def _run(*notices: SubjectEvent) -> TrackRun:
    return _run_of([placed([*_amplified(), *notices])])


def _rules(run: TrackRun) -> set[str]:
    return {alert.rule for alert in run.standing.values()}


def test_only_what_the_platform_did_is_a_suspension_to_the_rules() -> None:
    assert "amplified-then-suspended" in _rules(_run(_notice("suspended", 5)))
    for status in ("deactivated", "deleted", "reinstated"):
        assert _rules(_run(_notice(status, 5))) == _rules(_run())


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("suspended", "noted as suspended by the platform on 2020-09-06."),
        ("deactivated", "noted as deactivated by its owner on 2020-09-06."),
        ("deleted", "noted as gone (by whom is not known) on 2020-09-06."),
        ("reinstated", "noted as there on 2020-09-06, and never as gone."),
    ],
)
def test_the_sentence_says_who_did_it(status: SuspensionStatus, words: str) -> None:
    noticed = msgspec.structs.replace(_notice(status, 5), at_us=BASE_US + 17 * HOUR_US)
    (alert,) = [alert for alert in _run(noticed).standing.values() if alert.rule == "new-account-burst"]
    assert alert.summary.endswith(words)


def _suspended_alerts(run: TrackRun) -> list[Alert]:
    return [alert for alert in run.standing.values() if alert.rule == "amplified-then-suspended"]


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_a_return_ends_the_alert_and_its_sentence_says_so_in_whatever_order_it_arrives(order: tuple[int, ...]) -> None:
    """Amplifications afterwards, which otherwise go on with an alert, do not."""
    later = msgspec.structs.replace(retweet(99), at_us=BASE_US + 9 * DAY_US)
    parts = (_amplified(), [_notice("suspended", 5)], [_notice("reinstated", 8)], [later])
    run = _run_of([parts[number] for number in order])
    (alert,) = _suspended_alerts(run)
    back = from_us(BASE_US + 8 * DAY_US)
    assert (alert.status, alert.as_of, alert.expires_at) == ("expired", back, back)
    assert (alert.fired_figures["suspended"], alert.figures["suspended"]) == (True, False)
    assert alert.summary.endswith("; the account is back since 2020-09-13.")
    assert [item.event_id for item in alert.evidence[-2:]] == ["suspended-5", "reinstated-8"]


def test_an_account_that_is_suspended_again_soon_goes_on_with_the_alert_that_its_return_ended() -> None:
    run = _run(_notice("suspended", 5), _notice("reinstated", 8), _notice("suspended", 12))
    (alert,) = _suspended_alerts(run)
    assert (alert.status, alert.as_of) == ("firing", from_us(BASE_US + 12 * DAY_US))
    assert alert.expires_at - alert.as_of == timedelta(days=30)
    assert alert.summary.endswith("; noted as suspended by the platform on 2020-09-17.")


def test_an_account_that_is_suspended_again_much_later_has_another_alert() -> None:
    run = _run(_notice("suspended", 5), _notice("reinstated", 8), _notice("suspended", 60))
    first, second = sorted(_suspended_alerts(run), key=lambda alert: alert.fired_at)
    assert (first.status, first.as_of) == ("expired", from_us(BASE_US + 8 * DAY_US))
    assert (second.status, second.as_of) == ("firing", from_us(BASE_US + 60 * DAY_US))


def test_what_the_owner_does_afterwards_is_no_return_of_a_suspended_account() -> None:
    run = _run(_notice("suspended", 5), _notice("deactivated", 8))
    assert [alert.status for alert in _suspended_alerts(run)] == ["firing"]


def test_a_return_ends_no_alert_that_asks_for_no_suspension() -> None:
    returned = {alert.rule: alert for alert in _run(_notice("reinstated", 8)).standing.values()}
    assert returned == {alert.rule: alert for alert in _run().standing.values()} != {}


def test_a_return_is_remembered_when_the_notices_of_it_are_no_longer_retained() -> None:
    """The alert goes on with a suspension soon after, under the same id, as where everything is retained."""
    policy = TrackPolicy(suspensions=1, amplifications=64)
    events = [*_amplified(), _notice("suspended", 5), _notice("reinstated", 8)]
    run = TrackRun(bundled_rules(), policy).run([event] for event in events)
    again = [msgspec.structs.replace(retweet(100 + n), at_us=BASE_US + 9 * DAY_US + n) for n in range(100)]
    run.run([again, [_notice("reinstated", 10)], [_notice("reinstated", 11)]])
    (alert,) = _suspended_alerts(run)
    assert (alert.status, alert.as_of) == ("expired", from_us(BASE_US + 8 * DAY_US))
    run.run([[_notice("suspended", 12)]])
    (again_alert,) = _suspended_alerts(run)
    assert (again_alert.id, again_alert.status) == (alert.id, "firing")


def test_lead_times_end_with_the_first_suspension_by_the_platform_after_the_alert() -> None:
    run = _run(
        _notice("deleted", 2),
        _notice("deactivated", 3),
        _notice("suspended", 5),
        _notice("reinstated", 8),
        _notice("suspended", 300),
    )
    results = Results(dossiers=run.dossiers, alerts=run.standing)
    (burst,) = [alert for alert in run.standing.values() if alert.rule == "new-account-burst"]
    days = (from_us(BASE_US + 5 * DAY_US) - burst.fired_at) / timedelta(days=1)
    assert rule_figures(results)["new-account-burst"]["lead_days"] == [round(days, 2)]
