"""What is looked at on the stage: each returns its figure in words, or `AssertionError` says what was wrong."""

import time
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from streams.core.enriched import Alert
from tests.e2e.case import LAST_RULE, MovedCase
from tests.e2e.stage import Firing, Stage
from tests.ops.alertmanager import wait_until
from tests.ops.panels import shown
from tests.ops.queries import DASHBOARDS, alert_rules, panels_of, with_variables
from tools.alertmanager import Alertmanager

__all__ = [
    "PROMISED_SECONDS",
    "announced_series_show_the_first",
    "are_over",
    "case_is_received",
    "dashboards_are_red",
    "end_is_received",
    "fires",
    "news_is_received",
    "nothing_fires",
]

PROMISED_SECONDS: Final = 10.0
"""From an event to the alert at whoever is told, as README says."""
_ALL_RECEIVED_SECONDS: Final = 30.0
_FIRES_SECONDS: Final = 90.0  # of which it needs ten on a machine with nothing else to do
_OVER_SECONDS: Final = 90.0
_CALM_AGAIN_SECONDS: Final = 60.0
_OF_A_FLOOD: Final = ("AntiphonDeadLetters", "warning")
_NEWS_RULE: Final = "new-account-burst"
_NEWS: Final = 5  # of the nine new accounts that officials amplify all the time
_LONG: Final = "5m"  # longer than it took to come here
_ROUNDS: Final = 3  # in which NOTIFY tells an end, and for which an alert fires at least


def case_is_received(stage: Stage, case: MovedCase, produced: dict[str, float]) -> str:
    """Each alert that the backtest makes of the case reaches the webhook, and none besides but of Prometheus' rules,
    which other scenes look at; in time those that an event decides.
    """
    expected = {_label_of(stage, alert) for alert in case.alerts}
    receiver = stage.receiver

    def received() -> set[str]:
        return {each["labels"].get("antiphon_id", "") for each in receiver.received("firing")} - {""}

    wait_until("all alerts of the case are told", lambda: received() >= expected, seconds=_ALL_RECEIVED_SECONDS)
    assert received() == expected, f"alerts besides those of the backtest: {received() - expected}"
    took: dict[str, float] = {}
    for alert in case.alerts:
        if alert.rule in produced:
            at = receiver.first_received_at("firing", antiphon_id=_label_of(stage, alert))
            assert at is not None
            took[alert.rule] = at - produced[alert.rule]
    figure = ", ".join(f"{rule} {seconds:.1f} s" for rule, seconds in took.items())
    assert LAST_RULE in took
    assert max(took.values()) <= PROMISED_SECONDS, f"late: {figure}"
    return f"{figure}; {len(expected)} alerts, as in the backtest"


def news_is_received(stage: Stage) -> str:
    """Alerts of events that happen now. Their groups wait (`group_wait` as shipped: 500 ms)."""
    took: dict[str, float] = {}

    def received() -> int:
        for alert in stage.receiver.received("firing", rule=_NEWS_RULE):
            name = alert["labels"]["antiphon_id"]
            arrived = stage.receiver.first_received_at("firing", antiphon_id=name)
            assert arrived is not None
            began = datetime.fromisoformat(alert["annotations"]["fired_at"]).timestamp()
            took.setdefault(name, _time_of_day(arrived) - began)
        return len(took)

    wait_until(f"{_NEWS} alerts of this moment are told", lambda: received() >= _NEWS)
    figure = f"{len(took)} alerts of {_NEWS_RULE}, {min(took.values()):.1f} to {max(took.values()):.1f} s"
    assert max(took.values()) <= PROMISED_SECONDS, f"late: {figure}"
    return figure


def announced_series_show_the_first(stage: Stage) -> str:
    """What was counted for the first time is a rise: the series were there, at 0, before."""
    rises: list[float] = []
    for selector in (
        'antiphon_amplifications_total{country="IR",category="leader"}',
        f'antiphon_alert_updates_total{{rule="{LAST_RULE}",severity="critical"}}',
    ):
        rises_now = partial(stage.prometheus.query, f"increase({selector}[{_LONG}]) > 0")
        wait_until(f"a rise of {selector}", rises_now)
        [least] = stage.prometheus.query(f"min_over_time({selector}[{_LONG}])")
        assert float(least["value"][1]) == 0, least
        [rise] = stage.prometheus.query(f"increase({selector}[{_LONG}])")
        rises.append(float(rise["value"][1]))
    return f"increase() shows {rises[0]:.0f} amplifications by leaders of IR, {rises[1]:.0f} update of the alert"


def end_is_received(stage: Stage, case: MovedCase) -> str:
    """The alert that ends last is told to be over, after its end, within a round of Alertmanager's group."""
    [alert] = [alert for alert in case.alerts if alert.rule == LAST_RULE]
    left = (alert.expires_at - datetime.now(UTC)).total_seconds()
    # `group_interval` as shipped is a minute: an end waits for the next round. Then NOTIFY's own rounds.
    patience = max(left, 0.0) + 60.0 + _ROUNDS * stage.settings.notify_resend_seconds + PROMISED_SECONDS
    wait_until(
        "the end is told",
        lambda: stage.receiver.received("resolved", antiphon_id=_label_of(stage, alert)),
        seconds=patience,
    )
    arrived = stage.receiver.first_received_at("resolved", antiphon_id=_label_of(stage, alert))
    assert arrived is not None
    late = _time_of_day(arrived) - alert.expires_at.timestamp()
    assert late >= 0, f"told {-late:.1f} s before its end"
    return f"{late:.1f} s after its end; Alertmanager's group_interval, as shipped, is a minute"


def nothing_fires(stage: Stage, seconds: float) -> str:
    """For so long no rule fires, from some moment on: a minute lasts five seconds here, and when the machine is busy
    elsewhere for as long a worker that is sound looks as if it stood still for two. A rule that has a reason goes on.

    But the lesser one of the flood, which counts for half an hour, two minutes and a half here.
    """
    began = time.monotonic()

    def fired() -> set[Firing]:
        return stage.fired(seconds) - {_OF_A_FLOOD}

    time.sleep(seconds)
    try:
        wait_until("calm", lambda: not fired(), seconds=_CALM_AGAIN_SECONDS)
    except AssertionError:
        raise AssertionError(f"within {_CALM_AGAIN_SECONDS:.0f} s not calm: {_listed(fired())}") from None
    later = time.monotonic() - began - seconds
    return f"none of {len(alert_rules())} rules in {seconds:.0f} s" + (f", {later:.0f} s later" if later > 1 else "")


def dashboards_are_red(stage: Stage) -> str:
    """With no worker there, every single figure of the dashboards is red: it says that it has no data, or what is bad.
    Asked for the last seconds: what was counted in the hour before is still known, and shown.
    """
    began = time.monotonic()

    def seen() -> dict[str, set[tuple[str, str]]]:
        return {
            f"{name}: {panel['title']}": {
                shown(panel, float(each["value"][1]))
                for each in stage.prometheus.query(with_variables(panel["targets"][0]["expr"], window="8s"))
            }
            for name, board in DASHBOARDS.items()
            for panel in panels_of(board)
            if panel["type"] == "stat"
        }

    def others() -> dict[str, set[tuple[str, str]]]:
        return {name: what for name, what in seen().items() if not what or {color for _, color in what} != {"red"}}

    try:
        wait_until("all are red", lambda: not others(), seconds=_FIRES_SECONDS)
    except AssertionError:
        raise AssertionError(f"not red: {others()}") from None
    figures = seen()
    without = sum(what == {("No data", "red")} for what in figures.values())
    return f"{len(figures)} figures, {without} of them without data, after {time.monotonic() - began:.1f} s"


def fires(stage: Stage, name: str, *, at: Alertmanager, receiver: str | None = None) -> str:
    """The rule of that name that wakes somebody fires in Prometheus, and that Alertmanager hears of it; where a
    receiver is named, for it.
    """
    began = time.monotonic()
    wait_until(f"{name} fires", lambda: (name, "critical") in stage.firing(), seconds=_FIRES_SECONDS)
    fired = time.monotonic() - began
    held: list[dict[str, Any]] = []

    def is_held() -> bool:
        held[:] = at.alerts(alertname=name, severity="critical")
        return bool(held)

    wait_until(f"Alertmanager hears of {name}", is_held)
    arrived = time.monotonic() - began
    receivers = [each["name"] for each in held[0]["receivers"]]
    assert receiver is None or receivers == [receiver], receivers
    return f"fired after {fired:.1f} s, at Alertmanager after {arrived:.1f} s" + (
        f", for {receiver}" if receiver else ""
    )


def are_over(stage: Stage, *names: str, at: Alertmanager) -> str:
    """With a worker that is ready, the rules of these names that wake somebody fire no more, in Prometheus and in that
    Alertmanager.
    """
    began = time.monotonic()
    stage.await_worker()
    watched = {(name, "critical") for name in names}

    def left() -> set[Firing]:
        held = {(each["labels"]["alertname"], each["labels"]["severity"]) for each in at.alerts()}
        return (stage.firing() | held) & watched

    try:
        wait_until("over", lambda: not left(), seconds=_OVER_SECONDS)
    except AssertionError:
        raise AssertionError(f"after {_OVER_SECONDS:.0f} s still firing: {_listed(left())}") from None
    return f"after {time.monotonic() - began:.1f} s"


def _label_of(stage: Stage, alert: Alert) -> str:
    """What Alertmanager knows the alert by: a prefix of the topics names the environment, and `make e2e` has none."""
    environment = stage.settings.environment_name
    return f"{environment}:{alert.dedup_key}" if environment else alert.dedup_key


def _time_of_day(monotonic: float) -> float:
    return time.time() - (time.monotonic() - monotonic)


def _listed(firing: set[Firing]) -> str:
    return ", ".join(f"{name} ({severity})" for name, severity in sorted(firing))
