"""Who did it: what the platform does, what the owner does, and what nobody knows are three things."""

from datetime import timedelta
from typing import Final

import msgspec
import pytest

from streams.cli.report import rule_figures
from streams.core.backtest import Results
from streams.core.clock import DAY_US, HOUR_US, from_us
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


def _run(*notices: SubjectEvent) -> TrackRun:
    young = Account(id="12", followers=150, created_at=from_us(BASE_US - 10 * DAY_US))
    retweets = [
        msgspec.structs.replace(retweet(number, official=OFFICIALS[number % 6]), subject=young) for number in range(18)
    ]
    return TrackRun(bundled_rules(), TrackPolicy()).run([placed([*retweets, *notices])])


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
        ("reinstated", "the account is back since 2020-09-06."),
    ],
)
def test_the_sentence_says_who_did_it(status: SuspensionStatus, words: str) -> None:
    noticed = msgspec.structs.replace(_notice(status, 5), at_us=BASE_US + 17 * HOUR_US)
    (alert,) = [alert for alert in _run(noticed).standing.values() if alert.rule == "new-account-burst"]
    assert alert.summary.endswith(words)


def test_lead_times_end_with_the_first_suspension_by_the_platform_after_the_alert() -> None:
    run = _run(
        _notice("deleted", 2),
        _notice("deactivated", 3),
        _notice("suspended", 5),
        _notice("reinstated", 8),
        _notice("suspended", 300),
    )
    results = Results(amplifications=[], dossiers=run.dossiers, alerts=run.standing, aftermaths={})
    (burst,) = [alert for alert in run.standing.values() if alert.rule == "new-account-burst"]
    days = (from_us(BASE_US + 5 * DAY_US) - burst.fired_at) / timedelta(days=1)
    assert rule_figures(results)["new-account-burst"]["lead_days"] == [round(days, 2)]
