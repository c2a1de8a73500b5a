"""Judgement and episodes: when a rule holds, how severe, for whom, and what late events make of alerts already told."""

from datetime import timedelta
from typing import Any, Final

import msgspec
import pytest
from hypothesis import event as covered
from hypothesis import given
from hypothesis import strategies as st

from streams.core.clock import DAY_US, HOUR_US, from_us
from streams.core.enriched import Alert
from streams.core.rulebook.rules import Condition, Escalation, Rule, RuleSet
from streams.core.subject_event import SubjectEvent
from streams.core.tracking.judge import condition_holds
from streams.events import Account
from tests.core.tracking.strategies import BASE_US, OFFICIALS, retweet
from tests.core.tracking.track_run import TrackRun

QUIET_US: Final = 7 * DAY_US
ANY: Final = Condition(figure="amplifications", at_least=1)
THREE_IN_A_DAY: Final = Condition(figure="distinct_officials_24h", at_least=3)


def _rule(*when: Condition, **changes: Any) -> RuleSet:
    rule = Rule(
        name="rule",
        description="one",
        severity="info",
        mode="live",
        quiet_us=QUIET_US,
        when=when,
        countries={},
        escalations=(),
        digest="digest",
    )
    return RuleSet(rules=(msgspec.structs.replace(rule, **changes),), digest="all")


def _amplified(day: float, by: int = 0, **changes: Any) -> SubjectEvent:
    """A retweet so many days after the start, by one of the officials."""
    at_us = BASE_US + int(day * DAY_US)
    plain = retweet(int(day * 1_000) * 100 + by, official=OFFICIALS[by], at_us=at_us)
    return msgspec.structs.replace(plain, **changes)


def _burst(day: float) -> list[SubjectEvent]:
    """Three officials within three hours."""
    return [_amplified(day + official / 24, official) for official in range(3)]


def _suspended(day: float, status: str = "suspended") -> SubjectEvent:
    changes = {"kind": "suspension", "official": None, "status": status, "event_id": f"s{day}"}
    return msgspec.structs.replace(_amplified(day), **changes)


def _alerts(run: TrackRun) -> list[Alert]:
    return sorted(run.standing.values(), key=lambda alert: alert.fired_at)


@pytest.mark.parametrize(
    ("condition", "day", "ended_on"), [("suspended", 3, 3), ("suspended", 9, 1), ("amplifications", 9, None)]
)
def test_a_reinstatement_ends_an_episode_of_a_rule_that_asks_for_a_suspension_and_no_other(
    condition: str, day: int, ended_on: int | None
) -> None:
    """At its own time, or, where the quiet time is over by then, before."""
    when = Condition(figure="suspended", equals=True) if condition == "suspended" else ANY
    run = TrackRun(_rule(when)).run([[_amplified(0), _suspended(1), _suspended(day, "reinstated")]])
    (alert,) = _alerts(run)
    assert alert.status == ("firing" if ended_on is None else "expired")
    assert alert.as_of == from_us(BASE_US + (ended_on or 0) * DAY_US)
    assert alert.expires_at == (alert.as_of if ended_on == day else alert.as_of + timedelta(microseconds=QUIET_US))


_numbers = st.integers(-3, 3) | st.floats(-3, 3)


@given(st.none() | _numbers, _numbers)
def test_a_condition_on_a_number_is_met_refuted_or_where_unknown_neither(value: float | None, bound: float) -> None:
    least = condition_holds(Condition(figure="followers", at_least=bound), value)
    most = condition_holds(Condition(figure="followers", at_most=bound), value)
    if value is None:
        assert least is None
        assert most is None
        return
    assert (least, most) == (not value < bound, not value > bound)
    covered("on the bound" if value == bound else "beside it")


@given(st.none() | st.booleans(), st.booleans())
def test_a_condition_on_a_truth_is_met_refuted_or_where_unknown_neither(value: bool | None, wanted: bool) -> None:
    met = condition_holds(Condition(figure="suspended", equals=wanted), value)
    assert met is (None if value is None else value is wanted)


def test_an_unknown_figure_keeps_a_rule_from_holding_whatever_it_asks() -> None:
    few, many = Condition(figure="followers", at_most=10**9), Condition(figure="followers", at_least=0)
    for condition in (few, many):
        run = TrackRun(_rule(ANY, condition)).run([[_amplified(0)]])
        assert not run.alerts
        run.batch([_amplified(1, subject=Account(id="12", followers=7))])
        (alert,) = _alerts(run)
        assert alert.fired_at == from_us(BASE_US + DAY_US)


def test_severity_rises_within_an_episode_never_falls_and_starts_anew_with_the_next() -> None:
    escalation = Escalation(severity="critical", when=(THREE_IN_A_DAY,))
    run = TrackRun(_rule(ANY, escalations=(escalation,)))
    published = []
    for events in ([_amplified(0)], _burst(1), [_amplified(5)], [_amplified(20)]):
        run.batch(events)
        published.append([(alert.severity, alert.status) for alert in _alerts(run)])
    assert published == [
        [("info", "firing")],
        [("critical", "firing")],
        [("critical", "firing")],
        [("critical", "expired"), ("info", "firing")],
    ]


def test_of_several_escalations_that_hold_the_highest_counts() -> None:
    escalations = tuple(Escalation(severity=severity, when=(ANY,)) for severity in ("critical", "warning"))
    (alert,) = _alerts(TrackRun(_rule(ANY, escalations=escalations)).run([[_amplified(0)]]))
    assert alert.severity == "critical"


def test_an_escalation_holds_only_where_its_rule_does() -> None:
    escalation = Escalation(severity="critical", when=(ANY,))
    assert not TrackRun(_rule(THREE_IN_A_DAY, escalations=(escalation,))).run([[_amplified(0)]]).alerts


def test_a_suspension_raises_a_severity_that_asks_for_it() -> None:
    """No amplification need follow: an event that moves a figure of the rule is a moment to judge it at."""
    escalation = Escalation(severity="critical", when=(Condition(figure="suspended", equals=True),))
    run = TrackRun(_rule(ANY, escalations=(escalation,))).run([[_amplified(0)], [_suspended(1)]])
    (alert,) = _alerts(run)
    assert alert.severity == "critical"
    assert alert.as_of == from_us(BASE_US + DAY_US)


def test_a_suspension_neither_starts_nor_extends_an_alert_of_a_rule_that_looks_at_nothing_it_moves() -> None:
    run = TrackRun(_rule(ANY)).run([[_amplified(0)], [_suspended(1)]])
    (alert,) = _alerts(run)
    assert alert.as_of == from_us(BASE_US)


def test_the_conditions_of_a_state_replace_all_others_while_it_leads_the_amplifications() -> None:
    """Officials 0 and 1 are of IR, 2 and 3 of RU."""
    rules = _rule(THREE_IN_A_DAY, countries={"RU": (Condition(figure="quotes", at_least=1),)})
    quote = {"kind": "quote"}
    assert not TrackRun(rules).run([[_amplified(0, 0, **quote)]]).alerts, "IR leads: three officials are needed"
    assert TrackRun(rules).run([[_amplified(0, 2, **quote)]]).alerts, "RU leads: a quote is enough"
    assert not TrackRun(rules).run([[_amplified(n / 9, n) for n in (2, 3, 4)]]).alerts, "RU leads: no quote"
    assert not TrackRun(rules).run([[_amplified(0, 0), _amplified(0.1, 2, **quote)]]).alerts, "of equals the first"


def test_an_account_on_the_roster_has_a_dossier_and_no_alert() -> None:
    run = TrackRun(_rule(ANY)).run([[_amplified(0, subject_is_official=True)]])
    assert run.dossiers["twitter:12"].subject_is_official
    assert not run.alerts
    run.batch([_amplified(1)])
    (alert,) = _alerts(run)
    assert alert.fired_at == from_us(BASE_US + DAY_US), "when it was on the roster no more"


def test_an_alert_expires_when_the_next_event_comes_after_its_quiet_period_and_not_at_its_end() -> None:
    first = _amplified(0)
    for late_us, episodes in ((0, 1), (1, 2)):
        after = retweet(999, at_us=first.at_us + QUIET_US + late_us)
        alerts = _alerts(TrackRun(_rule(ANY)).run([[first], [after]]))
        assert len(alerts) == episodes
        assert alerts[0].status == ("firing" if episodes == 1 else "expired")
        last_us = after.at_us if episodes == 1 else first.at_us
        assert alerts[0].expires_at == from_us(last_us + QUIET_US)


def test_amplifications_extend_an_alert_though_the_rule_holds_no_more() -> None:
    run = TrackRun(_rule(THREE_IN_A_DAY)).run([_burst(0), [_amplified(5)]])
    (alert,) = _alerts(run)
    assert alert.as_of == from_us(BASE_US + 5 * DAY_US)
    assert alert.fired_figures["distinct_officials_24h"] == 3
    assert alert.figures["distinct_officials_24h"] == 1


def test_a_late_event_that_joins_two_episodes_retracts_the_second_alert() -> None:
    run = TrackRun(_rule(THREE_IN_A_DAY)).run([_burst(0), _burst(10)])
    first, second = _alerts(run)
    assert (first.status, second.status) == ("expired", "firing")
    run.batch([_amplified(5)])
    (joined,) = _alerts(run)
    assert joined.id == first.id
    assert joined.status == "firing"
    assert (joined.fired_at, joined.as_of) == (first.fired_at, second.as_of)
    retracted = run.alerts[second.id]
    assert (retracted.status, retracted.superseded_by) == ("retracted", joined.id)
    assert (retracted.fired_at, retracted.as_of, retracted.figures) == (joined.fired_at, joined.as_of, joined.figures)


def test_an_alert_of_which_nothing_is_left_is_retracted() -> None:
    """An earlier creation time came to light: the account was never new."""
    young, old = (Account(id="12", created_at=from_us(BASE_US - days * DAY_US)) for days in (10, 400))
    rules = _rule(Condition(figure="age_days", at_most=90))
    run = TrackRun(rules).run([[_amplified(0, subject=young)], [_amplified(1, subject=old)]])
    assert [(alert.status, alert.superseded_by) for alert in run.alerts.values()] == [("retracted", None)]


def test_an_earlier_episode_that_appears_late_gives_the_running_alert_no_other_id() -> None:
    """However many there are, and in whatever order they come to light."""
    run = TrackRun(_rule(THREE_IN_A_DAY)).run([_burst(40)])
    (running,) = _alerts(run)
    for day in (0, 20, 10, 30):
        run.batch(_burst(day))
        kept = run.alerts[running.id]
        assert (kept.status, kept.fired_at, kept.expires_at) == ("firing", running.fired_at, running.expires_at)
    assert [alert.status for alert in _alerts(run)] == ["expired"] * 4 + ["firing"]
    assert {alert.dedup_key for alert in run.alerts.values()} == {running.dedup_key}


def test_a_rule_of_another_quiet_period_goes_on_with_the_alert_and_replaces_its_id() -> None:
    run = TrackRun(_rule(ANY)).run([[_amplified(0)], [_amplified(30)]])
    first, running = _alerts(run)
    run.rules = _rule(ANY, quiet_us=40 * DAY_US, digest="longer")
    run.rules = msgspec.structs.replace(run.rules, digest="longer")
    run.batch([_amplified(31)])
    (joined,) = _alerts(run)
    assert joined.fired_at == first.fired_at
    assert {run.alerts[alert.id].superseded_by for alert in (first, running)} <= {joined.id, None}
    assert (run.alerts[running.id].status, run.alerts[running.id].superseded_by) == ("retracted", joined.id)


@pytest.mark.parametrize(("base", "same"), [(0, True), (3, False)])
@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_late_event_pre_dates_an_alert_which_keeps_its_id_or_is_replaced(missing: int, base: int, same: bool) -> None:
    """One of three officials' earlier amplification arrives last: the rule held by then already. Intervals of seven
    days begin on Thursdays; the first day is a Saturday.
    """
    begin = [_amplified(base + official / 24, official) for official in range(3)]
    events = [*begin, _amplified(base + 2), *_burst(base + 4)]
    late = events[missing]
    run = TrackRun(_rule(THREE_IN_A_DAY)).run([[event for event in events if event is not late]])
    (first,) = _alerts(run)
    assert first.fired_at == from_us(BASE_US + (base + 4) * DAY_US + 2 * HOUR_US)
    run.batch([late])
    (alert,) = _alerts(run)
    assert (alert.id == first.id) is same
    assert alert.dedup_key == first.dedup_key
    assert alert.fired_at == from_us(BASE_US + base * DAY_US + 2 * HOUR_US)
    assert alert.as_of == first.as_of
    if not same:
        replaced = run.alerts[first.id]
        assert (replaced.status, replaced.superseded_by) == ("retracted", alert.id)
        assert replaced.expires_at == alert.expires_at


def test_a_late_withdrawal_retracts_an_alert_that_it_takes_the_ground_from() -> None:
    """What was taken back before the rule held never counted towards it; what was taken back after, did."""
    events = _burst(0)
    for hours, status in ((1.5, "retracted"), (2, "retracted"), (2.5, "firing")):
        at_us = BASE_US + int(hours * HOUR_US)
        withdrawal = msgspec.structs.replace(events[1], kind="withdrawal", at_us=at_us)
        run = TrackRun(_rule(THREE_IN_A_DAY)).run([events, [withdrawal]])
        assert [alert.status for alert in run.alerts.values()] == [status]


def test_a_late_suspension_is_known_at_the_amplifications_after_it() -> None:
    run = TrackRun(_rule(ANY, Condition(figure="suspended", equals=False))).run([[_amplified(2)], [_suspended(1)]])
    assert [alert.status for alert in run.alerts.values()] == ["retracted"]


def test_late_news_of_the_followers_is_known_at_the_amplifications_after_it() -> None:
    profile = _amplified(1, kind="profile", official=None, subject=Account(id="12", followers=7))
    run = TrackRun(_rule(Condition(figure="followers", at_most=10))).run([[_amplified(2)], [profile]])
    (alert,) = _alerts(run)
    assert alert.fired_at == from_us(BASE_US + 2 * DAY_US)


def test_a_correction_of_the_state_of_an_official_holds_for_all_it_ever_did() -> None:
    run = TrackRun(_rule(Condition(figure="distinct_countries", at_least=2)))
    run.run([[_amplified(0, 0), _amplified(1, 1)]])
    assert not run.alerts
    run.batch([_amplified(3, 1, official=msgspec.structs.replace(OFFICIALS[1], country="SY"))])
    (alert,) = _alerts(run)
    assert alert.fired_at == from_us(BASE_US + DAY_US)


def test_an_alert_is_published_again_only_where_it_changed() -> None:
    run = TrackRun(_rule(ANY)).run([_burst(0)])
    run.alerts.clear()
    run.batch(_burst(0))
    assert not run.alerts
    run.batch([_amplified(1)])
    assert len(run.alerts) == 1


def test_evidence_keeps_what_was_taken_back_and_says_so() -> None:
    events = _burst(0)
    taken_back = msgspec.structs.replace(events[1], kind="withdrawal", at_us=BASE_US + 3 * HOUR_US)
    for batches in ([[*events, taken_back, _amplified(1)]], [[_amplified(1)], [taken_back], events]):
        run = TrackRun(_rule(ANY)).run(batches)
        (alert,) = _alerts(run)
        assert [item.withdrawn_at for item in alert.evidence] == [None, from_us(taken_back.at_us), None, None]
        assert (alert.evidence_total, alert.figures["amplifications"]) == (4, 3)
        earlier = msgspec.structs.replace(taken_back, at_us=BASE_US + 2 * HOUR_US)
        run.batch([earlier])
        assert _alerts(run)[0].evidence[1].withdrawn_at == from_us(earlier.at_us), "the earliest notice counts"


def test_the_summary_says_when_the_creation_time_is_only_read_from_the_id() -> None:
    at_us = BASE_US - 60 * DAY_US
    by_id = Account(id=str(((at_us // 1_000) - 1_288_834_974_657) << 22), handle="site")
    reported = msgspec.structs.replace(by_id, created_at=from_us(at_us))
    for account, created in ((by_id, "2020-07-07 (from its id)"), (reported, "2020-07-07")):
        events = [msgspec.structs.replace(event, subject=account) for event in (*_burst(0), _amplified(2))]
        (alert,) = _alerts(TrackRun(_rule(ANY)).run([events]))
        assert alert.summary.startswith(f"@site, created {created}, was amplified 4 times")


def test_the_summary_of_an_alert_states_counts_and_dates() -> None:
    account = Account(id="12", handle="site", created_at=from_us(BASE_US - 60 * DAY_US))
    events = [msgspec.structs.replace(event, subject=account) for event in (*_burst(0), _amplified(2))]
    run = TrackRun(_rule(ANY, quiet_us=30 * DAY_US, when=(ANY, Condition(figure="suspended", equals=True))))
    run.run([[*events, _suspended(9)]])
    (alert,) = _alerts(run)
    assert alert.summary == (
        "@site, created 2020-07-07, was amplified 4 times by 3 officials of IR, RU from 2020-09-05 to 2020-09-07; "
        "2 times by @leader_fa alone; noted as suspended by the platform on 2020-09-14 "
        "(it happened between 2020-09-07 and 2020-09-14)."
    )
