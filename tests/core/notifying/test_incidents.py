"""Which alerts are sent at a time: nobody misses one or its end, nobody is told in vain, whatever dies or is away.

The Alertmanagers are models here: the real ones are in tests/agents.
"""

from collections import Counter
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from streams.core.clock import SECOND_US, to_us
from streams.core.notifying.floods import FLOOD_ALERT
from streams.core.notifying.incidents import Incidents, IncidentSelection
from streams.core.notifying.notices import AlertHead, NotifyPolicy
from streams.core.rulebook.rules import SEVERITIES, Severity
from tests.core.notifying.alert_heads import NOON_US, alert_head
from tests.core.notifying.notify_run import FAST, NotifyRun, incidents_of, labels

_WHAT = ("new", "new", "new", "update", "raise", "retract", "away", "back", "wait", "wait")
_AWAY_US = 600 * SECOND_US  # for longer than 15 minutes an Alertmanager would end all by itself


def _run(seed: int) -> NotifyRun:
    """A run of 10 to 80 acts in which NOTIFY and the Alertmanagers fail, and then no longer."""
    random = Random(seed)
    run = NotifyRun(random, random.choice([0.0, 0.02, 0.2]))
    for _ in range(random.randint(10, 80)):
        _act(run, random.choice(_WHAT), random.randrange(8))
        for model in run.models:
            if model.away_since_us is not None and run.now_us - model.away_since_us > _AWAY_US:
                model.away_since_us = None
        run.step(random.randrange(25))
    run.deaths = 0.0
    for model in run.models:
        model.away_since_us = None
    return run


def _act(run: NotifyRun, what: str, number: int) -> None:
    alert_id = f"a{number}"
    known = run.topic.get(alert_id, (None, 0))[0]
    if what == "new" and known is None:
        mode = "shadow" if number == 7 else "live"
        age_us = 2 * FAST.max_age_us if number == 6 else 0
        hours = 0.005 if number == 5 else 10.0
        run.publish(alert_head(alert_id, as_of_us=run.now_us - age_us, hours=hours, mode=mode))
    elif known is None or known.status == "retracted":
        pass
    elif what == "update":
        run.publish(replace(known, evidence_total=known.evidence_total + 1))
    elif what == "raise":
        run.publish(replace(known, severity=run.random.choice(SEVERITIES), countries=("IR", "RU")))
    elif what == "retract":
        run.publish(replace(known, status="retracted"))
    if what in ("away", "back"):
        run.models[number % 2].away_since_us = run.now_us if what == "away" else None


@pytest.mark.slow
def test_every_alert_is_sent_once_to_each_alertmanager_and_its_end_once_whatever_happens() -> None:
    covered: Counter[str] = Counter()
    for seed in range(120):
        run = _run(seed)
        covered["killed"] += bool(run.killed)
        for _ in range(10):
            run.step(110)  # longer than an end is sent
        going_on = sorted(
            head.id
            for head, _at_us in run.topic.values()
            if head.status == "firing" and to_us(head.expires_at) > run.now_us and head.id not in ("a6", "a7")
        )
        assert [model.firing(run.now_us) for model in run.models] == [going_on, going_on], seed
        for model in run.models:
            assert max(model.begun.values(), default=1) == 1, seed
            assert model.begun - model.ended == Counter(going_on), seed
            assert {"a6", "a7"}.isdisjoint(model.begun), seed
        covered["going on"] += bool(going_on)
        covered["over"] += any(model.ended for model in run.models)
        covered["back-fill"] += "a6" in run.topic
        covered["shadow"] += "a7" in run.topic
        covered["over by itself"] += "a5" in run.models[0].ended
    assert min(covered.values()) > 15, covered
    assert len(covered) == 6, covered


@pytest.mark.slow
def test_what_is_over_and_old_leaves_nothing_behind() -> None:
    """Not in memory, and a restart brings nothing of it back."""
    begun = 0
    for seed in range(50):
        run = _run(seed)
        begun += len(run.models[0].begun)
        for _ in range(50):
            run.step(3_600)
        assert len(run.incidents) == 0, seed
        run.start()
        assert (len(run.incidents), run.step(1).notices) == (0, []), seed
    assert begun > 100


@pytest.mark.slow
def test_the_order_in_which_partitions_are_read_changes_nothing() -> None:
    for seed in range(50):
        run = _run(seed)
        found = set()
        for other in range(5):
            run.random = Random(other)
            run.random.random = lambda: 1.0  # type: ignore[method-assign]  # no compaction in between
            run.start()
            found.add(repr(run.incidents.select(run.now_us)))
        assert len(found) == 1, seed


def test_an_end_is_sent_for_fifteen_minutes_also_by_who_was_not_there() -> None:
    run = NotifyRun(Random(0))
    run.publish(alert_head("expires", hours=0.5), alert_head("retracted"))
    run.step(1_800 - 300)
    run.publish(alert_head("retracted", status="retracted"))
    for seconds, firing, over in [(0, ["expires"], ["retracted"]), (301, [], ["expires", "retracted"])]:
        selection = run.step(seconds)
        assert (sorted(incidents_of(selection)), sorted(incidents_of(selection, is_over=True))) == (firing, over)
    run.start()
    assert sorted(incidents_of(run.step(500), is_over=True)) == ["expires", "retracted"]
    assert incidents_of(run.step(200), is_over=True) == ["expires"]
    assert run.step(300).notices == []


def test_a_notify_that_is_gone_for_less_than_fifteen_minutes_ends_nothing_and_for_longer_keeps_nothing_firing() -> None:
    run = NotifyRun(Random(0))
    run.publish(alert_head(hours=100))
    run.step(1)
    model = run.models[0]
    assert model.firing(run.now_us + 899 * SECOND_US) == ["a1"]
    assert model.firing(run.now_us + 901 * SECOND_US) == []


def test_an_alert_that_is_over_when_it_is_published_fires_long_enough_to_be_noticed() -> None:
    """Three intervals: an Alertmanager waits for more of a group before it tells people. And no update makes it fire
    anew.
    """
    run = NotifyRun(Random(0))
    run.publish(alert_head(status="expired", hours=0))
    firing = [incidents_of(run.step(seconds)) for seconds in (1, 28, 2)]
    assert firing == [["a1"], ["a1"], []]
    run.publish(alert_head(status="expired", hours=0, evidence_total=21))
    assert incidents_of(run.step(1)) == []


def test_an_alert_that_is_retracted_before_anybody_read_it_is_not_notified() -> None:
    """Only that it is over, which Alertmanager passes on where it was told of it before."""
    run = NotifyRun(Random(0))
    run.publish(alert_head(status="retracted"))
    assert {notice.is_over for notice in run.step(1).notices} == {True}


def test_the_end_of_an_alert_is_sent_with_the_labels_by_which_it_is_known() -> None:
    """Whatever the record that takes it back says of its severity. The lesser severities come first: as long as a
    higher one fires, Alertmanager inhibits their ends.
    """
    run = NotifyRun(Random(0))
    run.publish(alert_head())
    fired = [labels(notice) for notice in run.step(60).notices]
    run.publish(alert_head(status="retracted", severity="critical"))
    over = [notice for notice in run.step(60).notices if notice.is_over]
    assert {labels(notice) for notice in over} == set(fired)
    assert [notice.labels["severity"] for notice in over] == ["info", "info", "warning", "warning"]


@pytest.mark.parametrize(
    ("age_s", "published_s", "is_sent"),
    [(0, 0, True), (3_600, 0, True), (3_601, 0, False), (0, -7_200, True)],
    ids=["now", "as old as it may be", "a back-fill", "published when nobody was there"],
)
def test_a_back_fill_is_not_sent(age_s: int, published_s: int, is_sent: bool) -> None:
    published_us = NOON_US + published_s * SECOND_US
    run = NotifyRun(Random(0))
    run.publish(alert_head(as_of_us=published_us - age_s * SECOND_US, hours=10), published_us=published_us)
    selection = run.step(0)
    assert incidents_of(selection) == ["a1"] * is_sent
    assert (selection.firing, selection.back_fill) == (is_sent, not is_sent)


def test_a_back_fill_that_goes_on_is_sent_and_a_late_correction_ends_nothing() -> None:
    run = NotifyRun(Random(0))
    old = alert_head(as_of_us=NOON_US - 7_200 * SECOND_US, hours=10)
    run.publish(old)
    assert incidents_of(run.step(1)) == []
    run.publish(alert_head(as_of_us=NOON_US, hours=10))
    assert incidents_of(run.step(1)) == ["a1"]
    run.publish(old)
    assert incidents_of(run.step(1)) == ["a1"]
    run.incidents = Incidents(FAST)
    for head, at_us in [record for log in run.logs for record in log]:
        run.incidents.take(head, at_us, run.now_us)
    assert incidents_of(run.step(1)) == ["a1"], "after a restart, too"


def test_a_rule_in_shadow_is_sent_when_it_is_set_live_and_over_when_it_is_set_back() -> None:
    run = NotifyRun(Random(0))
    sent = []
    for mode in ("shadow", "live", "shadow"):
        run.publish(alert_head(mode=mode))
        sent.append(incidents_of(run.step(40)))
    assert sent == [[], ["a1"], []]
    assert incidents_of(run.step(1), is_over=True) == ["a1"]


def test_one_that_becomes_more_severe_goes_on_under_the_severity_by_which_it_is_known() -> None:
    """So nobody is told of an end. A lower severity, another handle and other States change no label either."""
    run = NotifyRun(Random(0))
    sent = []
    for severity, handle, countries in [
        ("info", "first", ("IR",)),
        ("warning", "second", ("IR", "RU")),
        ("critical", None, ("IR", "RU")),
        ("info", "fourth", ("IR", "RU", "SY")),
    ]:
        head = alert_head(severity=severity, countries=countries)
        run.publish(replace(head, subject=replace(head.subject, handle=handle)))
        sent.append({labels(notice) for notice in run.step(1).notices})
    assert sent[0] < sent[1] < sent[2] < sent[3]
    assert [len(each) for each in sent] == [1 * 2, 2 * 3, 3 * 3, 3 * 4]
    assert [dict(each.labels)["severity"] for each in run.step(1).notices if "country" not in each.labels] == [
        "critical",
        "warning",
        "info",
    ]


def test_one_that_begins_after_the_end_of_the_last_one_is_as_severe_as_it_is_itself() -> None:
    run = NotifyRun(Random(0))
    run.publish(alert_head("first", dedup_key="one", severity="critical", hours=0.1))
    run.step(360)
    again = alert_head("second", dedup_key="one", as_of_us=run.now_us + 120 * SECOND_US, severity="warning")
    run.step(180)
    run.publish(again)
    assert {notice.labels["severity"] for notice in run.step(1).notices} == {"info", "warning"}


def test_an_alert_that_was_replaced_goes_on_until_its_successor_is_read_and_the_successor_is_the_same_to_people() -> (
    None
):
    """As severe, and no back-fill, whatever the successor is by itself. Without one it ends after three intervals."""
    run = NotifyRun(Random(0))
    heads = {name: alert_head(f"{name}1", dedup_key=name, severity="critical", hours=10) for name in ("a", "b")}
    run.publish(*heads.values())
    sent = {labels(notice) for notice in run.step(1_000).notices}
    for name, head in heads.items():
        run.publish(replace(head, severity="warning", status="retracted", superseded_by=f"{name}2"))
    assert {labels(notice) for notice in run.step(25).notices if not notice.is_over} == sent
    run.publish(alert_head("a2", dedup_key="a", as_of_us=NOON_US - 7_200 * SECOND_US, hours=10, severity="warning"))
    selection = run.step(5)
    assert (incidents_of(selection), incidents_of(selection, is_over=True)) == (["a"], ["b"])
    assert {labels(notice) for notice in selection.notices} == sent


def test_an_alert_of_which_no_notice_can_be_made_is_rejected_once_and_the_others_are_sent() -> None:
    incidents = Incidents(FAST)
    bad = alert_head("bad", severity="critical", figures={"amplifications": object()})
    for head in (alert_head("a1"), bad, alert_head("a2")):
        incidents.take(head, NOON_US, NOON_US)
    selections = [incidents.select(NOON_US + 1), incidents.select(NOON_US + 2)]
    assert [incidents_of(each) for each in selections] == [["a1", "a2"]] * 2
    assert [[alert_id for alert_id, _error in each.rejected] for each in selections] == [["bad"], []]


def _flood(run: NotifyRun, severity: Severity, count: int, **changes: Any) -> None:
    for number in range(count):
        run.publish(alert_head(f"{severity}{number:04}", severity=severity, **changes))
        run.now_us += 1


def test_a_critical_alert_passes_before_all_others_however_many_there_are() -> None:
    policy = NotifyPolicy(limit=3)
    run = NotifyRun(Random(0), policy=policy)
    _flood(run, "info", 1_000)
    _flood(run, "warning", 1_000)
    _flood(run, "critical", 20)
    selection = run.step(1)
    severities = [notice.labels["severity"] for notice in selection.notices[:6]]
    assert severities == ["critical", "critical", "warning", "warning", "info", "info"]
    assert incidents_of(selection)[:20] == [f"critical{number:04}" for number in range(20)]
    assert incidents_of(selection)[20:] == [
        f"{severity}{number:04}" for severity in ("warning", "info") for number in range(3)
    ]
    assert (selection.firing, selection.summarised) == (26, 1_994)
    summaries = [notice for notice in selection.notices if notice.labels["alertname"] == FLOOD_ALERT]
    assert {(each.labels["severity"], each.annotations["held_back"]) for each in summaries} == {
        ("info", "997"),
        ("warning", "997"),
    }


def test_a_flood_that_grows_is_told_again_at_each_doubling_with_the_number_of_then() -> None:
    """Alertmanager tells people of alerts that join a group and of no annotation that changes."""
    run = NotifyRun(Random(0), policy=replace(FAST, limit=2))
    steps: list[tuple[int, list[int]]] = []
    for number in range(2 + 251):
        run.publish(alert_head(f"f{number}", rule="burst"))
        flood = [each for each in run.step(0.001).notices if each.labels.get("more_than") is not None]
        if not steps or len(flood) != len(steps[-1][1]):
            steps.append((run.step(0).summarised, sorted(int(each.labels["more_than"]) for each in flood)))
        assert len({each.annotations["summary"] for each in flood}) <= 1
    assert steps == [
        (0, []),
        (1, [0]),
        (11, [0, 10]),
        (21, [0, 10, 20]),
        (41, [0, 10, 20, 40]),
        (81, [0, 10, 20, 40, 80]),
        (161, [0, 10, 20, 40, 80, 160]),
    ]
    assert flood[0].annotations["summary"].startswith("251 more warnings of the rule burst are not told one by one")


def test_a_flood_of_lesser_alerts_makes_no_summary_of_a_higher_severity() -> None:
    run = NotifyRun(Random(0), policy=replace(FAST, limit=2))
    _flood(run, "info", 5)
    flood = [each for each in run.step(1).notices if each.labels["alertname"] == FLOOD_ALERT]
    assert {each.labels["severity"] for each in flood} == {"info"}


@pytest.mark.parametrize(
    ("changes", "ended"),
    [
        ({"hours": 0.1}, "quiet"),
        ({"status": "expired", "hours": 0.0}, "reinstated"),
        ({"status": "retracted"}, "retracted"),
        ({"status": "retracted", "superseded_by": "a2"}, "superseded"),
        ({"mode": "shadow"}, "shadow"),
    ],
)
def test_an_end_says_why(changes: dict[str, Any], ended: str) -> None:
    run = NotifyRun(Random(0))
    run.publish(alert_head())
    assert "ended" not in run.step(60).notices[0].annotations
    run.publish(alert_head(**changes))
    over = [notice for notice in run.step(600).notices if notice.is_over]
    assert {notice.annotations["ended"] for notice in over} == {ended}
    assert all(notice.annotations["ended_because"].endswith(".") for notice in over)


def test_beyond_the_limit_a_rule_takes_no_place_of_another_one_and_what_ends_makes_room() -> None:
    run = NotifyRun(Random(0), policy=replace(FAST, limit=2))
    _flood(run, "warning", 4)
    _flood(run, "info", 1, rule="other")
    selection = run.step(40)
    assert sorted(incidents_of(selection)) == ["info0000", "warning0000", "warning0001"]
    run.publish(alert_head("warning0000", status="retracted"))
    assert sorted(incidents_of(run.step(1))) == ["info0000", "warning0001", "warning0002"]


@pytest.mark.slow
def test_as_long_as_nothing_ends_whatever_is_sent_is_sent_on() -> None:
    """In a flood, too: newcomers and those that become more severe push nobody out, and escalations of what is sent
    are sent."""
    seen = Counter[str]()
    for seed in range(40):
        random = Random(seed)
        run = NotifyRun(random, policy=replace(FAST, limit=random.randint(1, 4)))
        heads: dict[str, AlertHead] = {}
        sent: set[frozenset[tuple[str, str]]] = set()
        for number in range(60):
            name = random.choice(list(heads)) if heads and random.random() < 0.5 else f"a{number}"
            before = heads.get(name)
            rank = 0 if before is None else SEVERITIES.index(before.severity)
            heads[name] = alert_head(name, severity=random.choice(SEVERITIES[rank:]), countries=())
            run.publish(heads[name])
            selection = run.step(random.random())
            now = {labels(notice) for notice in selection.notices}
            assert sent <= now | _summary(selection), seed
            names_sent = {dict(each)["antiphon_id"] for each in sent if "antiphon_id" in dict(each)}
            if name in names_sent and heads[name] != before:
                seen["escalated"] += 1
                assert heads[name].severity in _severities(selection, name), seed
            seen["summarised"] += bool(selection.summarised)
            sent = now
    assert min(seen.values()) > 30, seen


def _summary(selection: IncidentSelection) -> set[frozenset[tuple[str, str]]]:
    """The summary ends where all that it stood for became critical."""
    left = {notice.labels["severity"] for notice in selection.notices if notice.labels["alertname"] == FLOOD_ALERT}
    return {
        frozenset(
            {
                "alertname": FLOOD_ALERT,
                "environment": "default",
                "more_than": str(step),
                "rule": "new-account-burst",
                "severity": severity,
            }.items()
        )
        for step in (0, 10, 20, 40)
        for severity in SEVERITIES
        if severity not in left or step
    }


def _severities(selection: IncidentSelection, name: str) -> set[str]:
    return {each.labels["severity"] for each in selection.notices if each.labels.get("antiphon_id") == name}
