"""When it was: a time of noticing is a bound, a day is a day, and whoever is amplified was there."""

from datetime import timedelta
from typing import Final

import msgspec
import pytest

from streams.cli.report import rule_figures
from streams.core.backtest import Results
from streams.core.clock import DAY_US, HOUR_US, from_us
from streams.core.enriched import SuspensionRecord
from streams.core.subject_event import SubjectEvent
from streams.core.tracking.subject import TrackPolicy
from streams.events import Account, Precision, SuspensionStatus
from streams.rules_loading import bundled_rules
from tests.core.tracking.strategies import BASE_US, OFFICIALS, placed, retweet
from tests.core.tracking.track_run import TrackRun

KEY: Final = "twitter:12"
_LAST_US: Final = BASE_US + 17 * HOUR_US  # 2020-09-06, 13:00


def _notice(
    at_us: int, precision: Precision | None = None, status: SuspensionStatus = "suspended", name: str = "n"
) -> SubjectEvent:
    return msgspec.structs.replace(
        retweet(0), kind="suspension", event_id=name, at_us=at_us, official=None, status=status, precision=precision
    )


def _run(*events: SubjectEvent) -> TrackRun:
    """Eighteen retweets of a young account, an hour apart, and these events."""
    young = Account(id="12", followers=150, created_at=from_us(BASE_US - 10 * DAY_US))
    retweets = [retweet(number, official=OFFICIALS[number % 6]) for number in range(18)]
    mine = [msgspec.structs.replace(each, subject=young) for each in [*retweets, *events]]
    return TrackRun(bundled_rules(), TrackPolicy()).run([placed(mine)])


def _suspension(run: TrackRun) -> SuspensionRecord:
    suspension = run.dossiers[KEY].suspension
    assert suspension is not None
    return suspension


@pytest.mark.parametrize(
    ("precision", "first_us", "last_us", "words"),
    [
        ("exact", BASE_US + 5 * DAY_US, BASE_US + 5 * DAY_US, "on 2020-09-10."),
        ("day", BASE_US + 4 * DAY_US + 4 * HOUR_US, BASE_US + 5 * DAY_US + 4 * HOUR_US - 1, "on 2020-09-10 (day)."),
        ("noticed", _LAST_US, BASE_US + 5 * DAY_US, "on 2020-09-10 (it happened between 2020-09-06 and 2020-09-10)."),
        (None, _LAST_US, BASE_US + 5 * DAY_US, "on 2020-09-10 (it happened between 2020-09-06 and 2020-09-10)."),
    ],
)
def test_a_notice_bounds_when_it_happened_as_far_as_it_says(
    precision: Precision | None, first_us: int, last_us: int, words: str
) -> None:
    run = _run(_notice(BASE_US + 5 * DAY_US, precision))
    assert (_suspension(run).not_before, _suspension(run).not_after) == (from_us(first_us), from_us(last_us))
    (alert,) = [alert for alert in run.standing.values() if alert.rule == "amplified-then-suspended"]
    assert alert.summary.endswith(f"noted as suspended by the platform {words}")


@pytest.mark.parametrize(
    ("precision", "least", "most"), [("exact", 5.0, 5.0), ("day", 4 + 4 / 24, 5 + 4 / 24), ("noticed", 17 / 24, 5.0)]
)
def test_lead_times_have_a_least_and_a_most(precision: Precision, least: float, most: float) -> None:
    run = _run(_notice(BASE_US + 5 * DAY_US, precision))
    results = Results(dossiers=run.dossiers, alerts=run.standing)
    figures = rule_figures(results)["new-account-burst"]
    (burst,) = [alert for alert in run.standing.values() if alert.rule == "new-account-burst"]
    fired = (burst.fired_at - from_us(BASE_US)) / timedelta(days=1)
    assert figures["lead_days"] == [round(least - fired, 2)]
    assert figures["lead_days_at_most"] == [pytest.approx(most - fired, abs=0.006)]


def test_an_amplification_on_the_day_of_a_suspension_came_before_it() -> None:
    """The list says the day; the retweet after noon shows that it was not in the morning."""
    noon_us = BASE_US + 16 * HOUR_US
    assert _suspension(_run(_notice(noon_us, "day"))).not_before == from_us(_LAST_US)
    assert _suspension(_run(_notice(noon_us, "day"))).seen_again_at is None


@pytest.mark.parametrize("precision", ["exact", "noticed", None])
def test_an_amplification_after_a_suspension_shows_that_it_came_later_or_that_the_account_was_back(
    precision: Precision | None,
) -> None:
    """Its watch ends there, and a further notice is of another suspension."""
    run = _run(_notice(BASE_US + 9 * HOUR_US, precision), _notice(BASE_US + 9 * DAY_US, precision, name="again"))
    first, second = run.dossiers[KEY].suspensions
    assert first.seen_again_at == from_us(BASE_US + 10 * HOUR_US)
    assert second.not_before == (from_us(BASE_US + 9 * DAY_US) if precision == "exact" else from_us(_LAST_US))
    for said in run.standings.values():
        assert said.standing is not None
        periods = [(period.opened_us, period.reinstated_us, period.seen_again) for period in said.standing.periods]
        assert periods == [
            (BASE_US + 9 * HOUR_US, BASE_US + 10 * HOUR_US, True),
            (BASE_US + 9 * DAY_US, None, False),
        ]
    (burst,) = [alert for alert in run.standing.values() if alert.rule == "new-account-burst"]
    assert "and seen again on 2020-09-06: it was gone later, or back by then" in burst.summary


def test_a_retweet_of_the_same_minute_shows_nothing() -> None:
    """The services of a platform learn of a suspension at different moments."""
    run = _run(_notice(_LAST_US - 30_000_000, "exact"))
    assert _suspension(run).seen_again_at is None


def test_an_account_that_was_amplified_before_its_return_was_noted_was_back_by_then() -> None:
    back = _run(
        _notice(BASE_US + 9 * HOUR_US + 1, "exact"),
        _notice(BASE_US + 9 * DAY_US, "noticed", "reinstated", name="back"),
    )
    suspension = _suspension(back)
    assert (suspension.not_before, suspension.not_after) == (
        from_us(BASE_US + 9 * HOUR_US + 1),
        from_us(BASE_US + 10 * HOUR_US),
    )


def test_an_account_that_was_amplified_only_after_it_was_noted_as_suspended_was_not_amplified_then_suspended() -> None:
    """Whoever retweets it shows that it was there; a notice after that counts."""
    early, late = _notice(BASE_US - DAY_US, "exact"), _notice(BASE_US + 5 * DAY_US, "exact", name="again")
    assert "amplified-then-suspended" not in {alert.rule for alert in _run(early).standing.values()}
    (alert,) = [each for each in _run(early, late).standing.values() if each.rule == "amplified-then-suspended"]
    assert alert.fired_at == from_us(BASE_US + 5 * DAY_US)
