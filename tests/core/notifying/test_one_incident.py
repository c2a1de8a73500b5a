"""What TRACK and WATCH publish, as people hear of it: one running thing is one page, whatever late events make of it.

Alerts stand on several partitions: what replaces an alert may be read before or after the record that takes it back.
"""

from collections import Counter
from collections.abc import Iterable
from random import Random
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.json import decode, encode

from streams.core.clock import DAY_US, HOUR_US, SECOND_US, to_us
from streams.core.enriched import Alert
from streams.core.notifying.notices import AlertHead, NotifyPolicy
from streams.core.recounts import RecountOrder, encode_recount, recount_event, recount_open_event
from streams.core.rulebook.rules import Condition, Rule, RuleSet
from streams.core.subject_event import SubjectEvent
from streams.events import Account
from streams.rules_loading import bundled_rules
from tests.core.notifying.notify_run import NotifyRun
from tests.core.tracking.strategies import BASE_US, OFFICIALS, examples, retweet
from tests.core.tracking.track_run import TrackRun
from tests.core.watching.watch_events import day, deletion, post, standing, tick
from tests.core.watching.watch_run import WatchRun


def _rules(*, at_least: int = 3, quiet_days: int = 7) -> RuleSet:
    """So many officials in a day. The digest says what was changed."""
    digest = f"{at_least} {quiet_days}"
    rule = Rule(
        name="burst",
        description="one",
        severity="warning",
        mode="live",
        quiet_us=quiet_days * DAY_US,
        when=(Condition(figure="distinct_officials_24h", at_least=at_least),),
        countries={},
        escalations=(),
        digest=digest,
    )
    return RuleSet(rules=(rule,), digest=digest)


def _burst(days: float) -> list[SubjectEvent]:
    """Three officials within three hours."""
    return [_amplified(days + official / 24, official) for official in range(3)]


def _amplified(days: float, by: int = 0) -> SubjectEvent:
    number = round(days * 24) * 10 + by
    return retweet(number, official=OFFICIALS[by], at_us=BASE_US + round(days * DAY_US))


class _Recorded:
    """The records of `alerts` in the order in which they were published, and what they come to."""

    def __init__(self) -> None:
        self.transactions: list[list[AlertHead]] = []
        self.last: dict[str, Alert] = {}

    def add(self, alerts: Iterable[Alert]) -> None:
        """What one transaction leaves on the topic."""
        changed = [alert for alert in alerts if self.last.get(alert.id) != alert]
        self.last |= {alert.id: alert for alert in changed}
        self.transactions.append([decode(encode(alert), type=AlertHead) for alert in changed])

    def firing(self, now_us: int) -> list[str]:
        """What goes on in the end."""
        return sorted(
            {
                alert.dedup_key
                for alert in self.last.values()
                if alert.status == "firing" and to_us(alert.expires_at) > now_us
            }
        )


def _notified(recorded: _Recorded, random: Random, now_us: int, quiet_days: int) -> NotifyRun:
    """NOTIFY reads the records of each transaction in some order, works between any two, and dies now and then.

    What is over is told nobody: a back-fill is whatever is older than the quiet period.
    """
    policy = NotifyPolicy(resend_us=20 * SECOND_US, max_age_us=quiet_days * DAY_US, limit=3)
    run = NotifyRun(random, 0.05, policy)
    run.now_us = now_us
    for records in recorded.transactions:
        published_us = run.now_us
        for head in random.sample(records, len(records)):
            run.publish(head, published_us=published_us)
            for _ in range(random.randrange(3)):
                run.step(random.randrange(4))
    run.deaths = 0.0
    for _ in range(3):
        run.step(9)
    return run


def _assert_notified_once(run: NotifyRun, recorded: _Recorded) -> None:
    """What goes on was told once to each Alertmanager, and never as over."""
    going_on = recorded.firing(run.now_us)
    for model in run.models:
        assert model.firing(run.now_us) == going_on
        assert {key: (model.begun[key], model.ended[key]) for key in going_on} == dict.fromkeys(going_on, (1, 0))


@pytest.mark.parametrize("seed", range(6))
def test_a_running_burst_whose_earlier_ones_come_to_light_late_is_one_page(seed: int) -> None:
    """It was three pages and two resolves, each of them out of the budget of the day."""
    run, recorded = TrackRun(_rules()), _Recorded()
    for events in (_burst(60), _burst(0), _burst(40), _burst(20), [_amplified(57)], [_amplified(52, 1)], _burst(51)):
        run.batch(events)
        recorded.add(run.alerts.values())
    notify = _notified(recorded, Random(seed), BASE_US + 61 * DAY_US, 7)
    assert len(recorded.firing(notify.now_us)) == 1
    _assert_notified_once(notify, recorded)


@pytest.mark.parametrize("seed", range(6))
def test_other_rules_in_the_file_page_nobody_for_what_is_running(seed: int) -> None:
    """Longer and shorter quiet periods, which are other intervals; a threshold that goes down and comes back."""
    run, recorded = TrackRun(_rules()), _Recorded()
    for rules in (_rules(), _rules(quiet_days=10), _rules(quiet_days=5), _rules(at_least=1), _rules(), _rules()):
        run.rules = rules
        run.batch([*_burst(0), *(_amplified(number * 4.0) for number in range(8)), *_burst(30)])
        recorded.add(run.alerts.values())
    assert {alert.superseded_by is None for alert in recorded.last.values()} == {True, False}
    _assert_notified_once(_notified(recorded, Random(seed), BASE_US + 31 * DAY_US, 10), recorded)


@pytest.mark.parametrize("seed", range(6))
def test_a_late_notice_of_an_earlier_suspension_pages_nobody_for_the_running_aftermath(seed: int) -> None:
    """An earlier suspension, and an earlier notice of this one."""
    rules = msgspec.structs.replace(
        bundled_rules(), rules=tuple(rule for rule in bundled_rules().rules if rule.name == "clean-up")
    )
    run, recorded = WatchRun(rules), _Recorded()
    batches = [
        [post(f"p{number}", -12) for number in range(20)],
        [standing(opened=(0.0,)), *(deletion(f"p{number}", 2) for number in range(20))],
        [standing(opened=(-40.0, 0.0), version=2)],
        [standing(opened=(-40.0, -4.0), version=3)],
        [standing(opened=(-60.0, -40.0, -4.0), version=4), tick(8)],
    ]
    for events in batches:
        run.batch(events)
        recorded.add(run.alerts.values())
    assert {alert.status for alert in recorded.last.values()} == {"firing", "retracted"}
    notify = _notified(recorded, Random(seed), day(9), 30)
    assert len(recorded.firing(notify.now_us)) == 1
    _assert_notified_once(notify, recorded)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_a_correction_ends_what_was_told_once_and_what_is_put_back_is_told_once_more(seed: int) -> None:
    """An official leaves the roster, and the alert does not hold; other alerts go on and nobody hears of them."""
    run, recorded = TrackRun(_rules()), _Recorded()
    others = [msgspec.structs.replace(event, subject=Account(id="13")) for event in _burst(0)]
    run.batch([*_burst(0), *others])
    recorded.add(run.alerts.values())
    now_us = BASE_US + DAY_US
    notify = NotifyRun(Random(seed), 0.05, NotifyPolicy(resend_us=20 * SECOND_US, max_age_us=30 * DAY_US, limit=3))
    notify.now_us = now_us

    def counts() -> dict[str, tuple[int, int]]:
        published_us = notify.now_us
        for head in recorded.transactions.pop():
            notify.publish(head, published_us=published_us)
        for _ in range(120):  # a label that is gone ends by itself, in 15 minutes
            notify.step(9)
        [one, _other] = notify.models
        return {run.alerts[name].subject.id: (one.begun[key], one.ended[key]) for name, key in keys.items()}

    keys = {name: alert.dedup_key for name, alert in run.alerts.items()}
    assert counts() == {"12": (1, 0), "13": (1, 0)}
    order = RecountOrder(
        correction="c1",
        old_digest="roster",
        new_digest="new",
        at_us=now_us,
        events=tuple(_burst(0)[:2]),
        changed={f"twitter:{OFFICIALS[2].id}": False},
    )
    run.batch([recount_open_event("twitter", "12", "c1", now_us)])
    run.batch([recount_event("twitter", "12", order, encode_recount(order))])
    recorded.add(run.alerts.values())
    assert counts() == {"12": (1, 1), "13": (1, 0)}
    back = msgspec.structs.replace(order, correction="c2", events=tuple(_burst(0)))
    run.batch([recount_open_event("twitter", "12", "c2", now_us)])
    run.batch([recount_event("twitter", "12", back, encode_recount(back))])
    recorded.add(run.alerts.values())
    assert counts() == {"12": (2, 1), "13": (1, 0)}


_hours: Final = st.integers(0, 40 * 24)
_events: Final = st.lists(st.tuples(_hours, st.integers(0, 3)), min_size=3, max_size=20, unique=True)


@pytest.mark.slow
def test_late_events_in_any_order_page_nobody_twice_for_what_is_running() -> None:
    """Whatever joins, begins earlier or turns up before: one page, and no end as long as it goes on."""
    seen = Counter[str]()

    @examples(150)
    @given(_events, st.integers(1, 3), st.sampled_from([1, 2, 5]), st.integers(0, 2**32))
    def check(chosen: list[tuple[int, int]], at_least: int, quiet_days: int, seed: int) -> None:
        random = Random(seed)
        rules = _rules(at_least=at_least, quiet_days=quiet_days)
        events = [_amplified(hours / 24, by) for hours, by in chosen]
        now_us = max(event.at_us for event in events) + HOUR_US // 2  # nothing ends while it is read
        late = random.sample(events, len(events))
        run, recorded = TrackRun(rules), _Recorded()
        while late:
            batch = [late.pop() for _ in range(min(len(late), random.randint(1, 4)))]
            run.batch(batch)
            recorded.add(run.alerts.values())
        others: dict[str, Any] = TrackRun(rules).run([sorted(events, key=lambda event: event.at_us)]).standing
        assert {name: _content(alert) for name, alert in run.standing.items()} == {
            name: _content(alert) for name, alert in others.items()
        }
        notify = _notified(recorded, random, now_us, quiet_days)
        _assert_notified_once(notify, recorded)
        for name, alert in run.alerts.items():
            if alert.superseded_by is not None:
                seen["replaced"] += 1
                assert alert.status == "retracted"
                assert alert.superseded_by in run.alerts
                assert alert.superseded_by != name
        seen["going on"] += bool(recorded.firing(now_us))
        seen["several episodes"] += len(run.standing) > 1

    check()
    assert min(seen["replaced"], seen["going on"], seen["several episodes"]) > 20, seen


def _content(alert: Alert) -> Alert:
    return msgspec.structs.replace(alert, evidence=())
