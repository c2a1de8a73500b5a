"""NOTIFY's desk in runs with crashes and absences: nobody misses an alert or its end, and nobody is told in vain.

Alerts are published and change, time passes, Alertmanagers come and go, NOTIFY is killed at any point. What is written
down survives, everything else is lost. The Alertmanagers are models: the real ones are in tests/agents.
"""

from collections import Counter
from collections.abc import Iterator
from random import Random

from msgspec import Struct
from msgspec.structs import replace

from streams.core.clock import SECOND_US, to_us
from streams.core.noticing.notices import BUDGET_ALERT
from tests.core.noticing.alert_heads import alert_head
from tests.core.noticing.desk_run import FAST, DeskRun


class _Act(Struct, frozen=True):
    what: str
    number: int
    seconds: int


_WHAT = ("new", "new", "new", "update", "raise", "retract", "away", "back", "wait", "wait")


def _runs(runs: int) -> Iterator[tuple[int, DeskRun]]:
    """Seeds, and what came of each: runs of 10 to 80 acts, at the end of which nobody is away."""
    for seed in range(runs):
        random = Random(seed)
        run = DeskRun(random, random.choice([0.0, 0.02, 0.2]))
        for _ in range(random.randint(10, 80)):
            _play(run, _Act(random.choice(_WHAT), random.randrange(8), random.randrange(40)))
        for model in run.models:
            model.away = False
        run.deaths = 0.0
        yield seed, run


def _play(run: DeskRun, act: _Act) -> None:
    alert_id = f"a{act.number}"
    known = run.topic.get(alert_id)
    if act.what == "new" and known is None:
        mode = "shadow" if act.number == 7 else "live"
        age_us = 2 * FAST.max_age_us if act.number == 6 else 0
        hours = 0.005 if act.number == 5 else 10.0
        run.publish(alert_head(alert_id, as_of_us=run.now_us - age_us, hours=hours, mode=mode))
    elif act.what == "update" and known is not None:
        run.publish(replace(known[0], evidence_total=known[0].evidence_total + 1))
    elif act.what == "raise" and known is not None:
        severity = ("info", "warning", "critical")[act.seconds % 3]
        run.publish(replace(known[0], severity=severity))
    elif act.what == "retract" and known is not None:
        run.publish(replace(known[0], status="retracted"))
    elif act.what in ("away", "back"):
        run.models[act.number % 2].away = act.what == "away"
    run.step(act.seconds)


def test_every_alert_is_told_to_each_alertmanager_and_then_its_end_whatever_happens() -> None:
    covered: Counter[str] = Counter()
    for seed, run in _runs(300):
        for _ in range(20):
            run.step(11)
        # Everybody knows exactly what is going on.
        paged = {alert_id: each for alert_id, each in run.log.items() if each.decision == "page"}
        going_on = sorted(
            alert_id
            for alert_id in paged
            if run.topic[alert_id][0].status == "firing" and to_us(run.topic[alert_id][0].expires_at) > run.now_us
        )
        assert [model.firing(run.now_us) for model in run.models] == [going_on, going_on], seed
        assert all(each.told_at is not None for each in paged.values()), seed
        assert all(each.resolved == (alert_id not in going_on) for alert_id, each in paged.items()), seed
        # The others were told nothing: a back-fill, a rule in shadow, what is beyond the budget.
        assert {alert_id for model in run.models for alert_id in model.begun} == set(paged), seed
        assert len(paged) <= FAST.daily_budget, seed
        held_back = [each for each in run.log.values() if each.decision == "over_budget"]
        summaries = [
            notice.annotations["held_back"]
            for model in run.models
            for notice in model.held.values()
            if notice.labels["alertname"] == BUDGET_ALERT
        ]
        assert summaries == ([str(len(held_back))] * 2 if held_back else []), seed
        covered.update(each.decision for each in run.log.values())
        covered["over"] += any(each.resolved for each in paged.values())
        covered["going on"] += bool(going_on)
        covered["relabelled"] += any(each.former for each in paged.values())
        covered["killed"] += bool(run.killed)
    assert min(covered.values()) > 30, covered
    assert len(covered) == 8, covered


def test_what_is_over_and_old_leaves_nothing_behind() -> None:
    """Neither in memory nor in the topic; and a restart does not bring it back."""
    paged = 0
    for seed, run in _runs(100):
        run.step(0)
        paged += len(run.log)
        for _ in range(50):
            run.step(3_600)
        assert (run.log, len(run.desk), run.desk.lines) == ({}, 0, {}), seed
        begun = [model.begun.copy() for model in run.models]
        run.start()
        run.step(60)
        assert run.log == {}, seed
        assert [model.begun for model in run.models] == begun, seed
    assert paged > 100


def test_a_killed_notify_does_not_tell_twice_what_ended_while_it_was_away() -> None:
    run = DeskRun(Random(0), 0.0)
    run.publish(alert_head(hours=0.05))
    run.step(1)
    run.step(1)
    run.now_us += 600 * SECOND_US  # it expires meanwhile
    run.start()
    for _ in range(10):
        run.step(11)
    assert [model.begun for model in run.models] == [Counter(a1=1), Counter(a1=1)]
    assert run.log["a1"].resolved


def test_an_alert_that_is_over_when_it_is_published_fires_long_enough_to_be_noticed() -> None:
    """Three intervals: an Alertmanager waits for more of a group before it tells people."""
    run = DeskRun(Random(0), 0.0)
    run.publish(alert_head(status="expired"))
    firing = []
    for _ in range(8):
        run.step(5)
        firing.append(run.models[0].firing(run.now_us))
    assert firing == [["a1"]] * 6 + [[]] * 2


def test_an_alert_comes_to_life_again_while_its_end_is_being_told() -> None:
    run = DeskRun(Random(0), 0.0)
    run.publish(alert_head())
    run.step(1)
    run.step(60)
    run.publish(alert_head(status="retracted"))
    for pause in (1, 10, 10):  # all rounds are told, but that is not written down yet
        run.step(pause)
    assert run.models[0].firing(run.now_us) == []
    run.publish(alert_head())
    run.step(1)
    assert [model.firing(run.now_us) for model in run.models] == [["a1"], ["a1"]], "at once"
    assert not run.log["a1"].resolved


def test_alerts_that_are_published_at_once_share_the_budget_of_the_day() -> None:
    """Also with those of the same day that are over and old."""
    run = DeskRun(Random(0), 0.0)
    run.publish(alert_head("a1"))
    run.step(1)
    run.publish(alert_head("a1", status="retracted"))
    for _ in range(10):
        run.step(3_600)
    run.start()
    for number in range(2, 6):
        run.publish(alert_head(f"a{number}", as_of_us=run.now_us))
    run.step(1)
    assert [run.log[f"a{number}"].decision for number in range(1, 6)] == ["page"] * 3 + ["over_budget"] * 2


def test_the_end_of_an_alert_is_told_with_the_labels_by_which_it_is_known() -> None:
    """Whatever the record that takes it back says of its severity."""
    run = DeskRun(Random(0), 0.0)
    run.publish(alert_head())
    run.step(1)
    run.publish(alert_head(status="retracted", severity="critical"))
    for _ in range(10):
        run.step(11)
    assert run.log["a1"].labels["severity"] == "warning"
    assert {dict(labels)["severity"] for labels in run.models[0].held} == {"warning"}


def test_an_alertmanager_that_missed_the_end_is_told_when_it_is_back() -> None:
    """Also after the end that was known last, if it has heard of a later one."""
    run = DeskRun(Random(0), 0.0)
    run.publish(alert_head(hours=10))
    run.step(1)
    run.models[1].away = True
    run.publish(alert_head(hours=0.01))
    for _ in range(30):
        run.step(11)
    assert [model.firing(run.now_us) for model in run.models] == [[], ["a1"]]
    run.models[1].away = False
    run.step(1)
    assert [model.firing(run.now_us) for model in run.models] == [[], []]
