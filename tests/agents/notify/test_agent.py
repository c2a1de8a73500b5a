"""NOTIFY from a real Kafka to a real Alertmanager, and what comes out of it at a webhook."""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from random import Random

import pytest
from msgspec.structs import replace

from streams.core.noticing.notices import BUDGET_ALERT
from streams.kafka.administration import create_topics
from streams.settings import Secret, Settings
from tests.agents.notify.notifying import Notifying, alert, notifications, publish, write
from tests.ops.alertmanager import Alertmanager, Receiver, quick_config, require_alertmanager, wait_until
from tests.pipeline.crew import Crew
from tools.kafka.running_broker import RunningBroker

_SETTLED_SECONDS = 1.2  # several rounds, and several of Alertmanager's group intervals


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    require_alertmanager()
    with Receiver() as made:
        yield made


@pytest.fixture
def alertmanager(receiver: Receiver) -> Iterator[Alertmanager]:
    with Alertmanager(quick_config(receiver.url)) as made:
        yield made


@pytest.fixture
def settings(kafka: RunningBroker, topic_prefix: str, alertmanager: Alertmanager) -> Settings:
    made = Settings(
        broker=kafka.address,
        topic_prefix=topic_prefix,
        session_timeout_seconds=4.0,
        alertmanager_urls=Secret(alertmanager.url),
        notify_resend_seconds=0.3,
        evidence_url="https://example.org/{platform}/{subject}?alert={id}",
        runbook_url="https://example.org/runbooks/",
    )
    asyncio.run(create_topics(made))
    return made


def test_an_alert_is_told_once_updated_silently_raised_aloud_and_told_to_be_over(
    settings: Settings, receiver: Receiver, alertmanager: Alertmanager
) -> None:
    with Notifying(settings) as notify:
        publish(settings, alert("a1"))
        wait_until("told", lambda: receiver.told("firing", antiphon_id="a1"))
        [told] = receiver.told("firing", antiphon_id="a1")
        assert told["labels"] == {
            "alertname": "NewAccountBurst",
            "antiphon_id": "a1",
            "platform": "twitter",
            "rule": "new-account-burst",
            "severity": "warning",
            "countries": "IR",
            "subject": "somebody",
        }
        assert told["annotations"]["summary"] == "@somebody was amplified 20 times by 5 officials of IR."
        assert told["annotations"]["figures"].splitlines() == [
            "amplifications: 20",
            "top_official_share: 0.25",
            "suspended: no",
            "followers: unknown",
        ]
        link = "https://example.org/twitter/1280000000000000001?alert=a1"
        assert told["generatorURL"] == told["annotations"]["evidence_url"] == link
        assert told["annotations"]["runbook_url"] == "https://example.org/runbooks/new-account-burst"

        publish(settings, alert("a1", summary="@somebody was amplified 21 times."))
        wait_until(
            "updated",
            lambda: (
                [held["annotations"]["summary"] for held in alertmanager.alerts(antiphon_id="a1")]
                == ["@somebody was amplified 21 times."]
            ),
        )
        time.sleep(_SETTLED_SECONDS)
        assert len(receiver.messages) == 1

        publish(settings, alert("a1", severity="critical"))
        wait_until("raised", lambda: receiver.told("firing", antiphon_id="a1", severity="critical"))
        time.sleep(_SETTLED_SECONDS)
        assert receiver.told("resolved", antiphon_id="a1") == [], "more severe is not over"
        publish(settings, alert("a1", severity="critical", status="retracted"))
        wait_until("over", lambda: receiver.told("resolved", antiphon_id="a1", severity="warning"))
        wait_until("over", lambda: receiver.told("resolved", antiphon_id="a1", severity="critical"))
        wait_until("done with", lambda: notify.count("resolved"))
        assert notifications(settings)["a1"].resolved
        assert (notify.count("sent"), notify.count("resolved"), notify.value("antiphon_notify_firing")) == (1, 1, 0)
        assert notify.value("antiphon_notify_delay_seconds_count") == 1
        assert time.time() - notify.value("antiphon_notify_last_success_timestamp_seconds") < 10


def test_an_alert_that_late_events_replace_and_whose_states_change_is_told_once(
    settings: Settings, receiver: Receiver, alertmanager: Alertmanager
) -> None:
    """Whichever of the two records is read first: the topic has several partitions, and here they are written apart."""
    names = [f"r{number}" for number in range(6)]
    with Notifying(replace(settings, notify_daily_budget=len(names))) as notify:
        publish(settings, *(alert(f"{name}-old", dedup_key=name) for name in names))
        wait_until("told", lambda: _told(receiver, "firing") == set(names))
        old = [alert(f"{name}-old", dedup_key=name, status="retracted", superseded_by=f"{name}-new") for name in names]
        new = [alert(f"{name}-new", dedup_key=name, countries=("IR", "RU"), summary="replaced") for name in names]
        publish(settings, *old[:3], *new[3:])
        wait_until("read", lambda: notify.value("antiphon_records_total", topic="alerts") == 12)
        time.sleep(_SETTLED_SECONDS)
        publish(settings, *new[:3], *old[3:])
        wait_until("read", lambda: notify.value("antiphon_records_total", topic="alerts") == 18)
        wait_until(
            "updated",
            lambda: all(
                [held["annotations"]["summary"] for held in alertmanager.alerts(antiphon_id=name)] == ["replaced"]
                for name in names
            ),
        )
        time.sleep(_SETTLED_SECONDS)
        assert _told(receiver, "resolved") == set()
        assert [len(receiver.told("firing", antiphon_id=name)) for name in names] == [1] * len(names)
        assert (notify.count("sent"), notify.count("over_budget")) == (len(names), 0)
        assert notify.value("antiphon_notify_firing") == len(names)
        assert {key: each.times for key, each in notifications(settings).items()} == dict.fromkeys(names, 1)


def test_an_alert_that_expires_is_told_to_be_over_without_anybody_saying_so(
    settings: Settings, receiver: Receiver
) -> None:
    with Notifying(settings):
        publish(settings, alert("e1", expires_at=datetime.now(UTC) + timedelta(seconds=1)))
        publish(settings, alert("e2", expires_at=datetime.now(UTC) - timedelta(seconds=1)))
        wait_until("over", lambda: _told(receiver, "resolved") == {"e1", "e2"})
        assert [len(receiver.told("firing", antiphon_id=name)) for name in ("e1", "e2")] == [1, 1]


def test_a_restart_of_alertmanager_in_the_middle_loses_and_repeats_nothing(
    settings: Settings, receiver: Receiver, alertmanager: Alertmanager
) -> None:
    with Notifying(settings) as notify:
        publish(settings, alert("before"))
        wait_until("told", lambda: receiver.told("firing", antiphon_id="before"))
        alertmanager.stop()
        publish(settings, alert("meanwhile"))
        wait_until("tried in vain", lambda: notify.count("failed"))
        alertmanager.start()
        wait_until("told afterwards", lambda: receiver.told("firing", antiphon_id="meanwhile"))
        wait_until("sent again", lambda: alertmanager.alerts(antiphon_id="before"))
        time.sleep(_SETTLED_SECONDS)
        assert [len(receiver.told("firing", antiphon_id=name)) for name in ("before", "meanwhile")] == [1, 1]
        publish(settings, alert("before", status="retracted"))
        wait_until("over", lambda: receiver.told("resolved", antiphon_id="before"))


def test_what_is_silenced_reaches_nobody_until_the_silence_ends(
    settings: Settings, receiver: Receiver, alertmanager: Alertmanager
) -> None:
    silence = alertmanager.amtool(
        "silence", "add", "--author=test", "--comment=known", "--duration=1h", "antiphon_id=quiet", "subject=somebody"
    )
    with Notifying(settings):
        publish(settings, alert("quiet"), alert("loud"))
        wait_until("the other one is told", lambda: receiver.told("firing", antiphon_id="loud"))
        wait_until(
            "known as suppressed",
            lambda: [held["status"]["state"] for held in alertmanager.alerts(antiphon_id="quiet")] == ["suppressed"],
        )
        time.sleep(_SETTLED_SECONDS)
        assert receiver.told("firing", antiphon_id="quiet") == []
        alertmanager.amtool("silence", "expire", silence)
        wait_until("told", lambda: receiver.told("firing", antiphon_id="quiet"))


def test_of_two_alertmanagers_the_one_that_is_away_holds_nobody_back_and_learns_all_later(
    settings: Settings, receiver: Receiver
) -> None:
    with Receiver() as other_receiver, Alertmanager(quick_config(other_receiver.url)) as other:
        other.stop()
        urls = f"{settings.alertmanager_urls}, {other.url}"
        with Notifying(replace(settings, alertmanager_urls=Secret(urls))) as notify:
            publish(settings, alert("t1"))
            wait_until("tried in vain", lambda: notify.count("failed"))
            wait_until("told", lambda: receiver.told("firing", antiphon_id="t1"))
            assert other_receiver.messages == []
            other.start()
            wait_until("told by the other one", lambda: other_receiver.told("firing", antiphon_id="t1"))
            publish(settings, alert("t1", status="retracted"))
            wait_until("over", lambda: all(_told(each, "resolved") == {"t1"} for each in (receiver, other_receiver)))


def test_a_cluster_of_two_alertmanagers_tells_people_once(settings: Settings, receiver: Receiver) -> None:
    config = quick_config(receiver.url)
    with (
        Alertmanager(config, clustered=True) as first,
        Alertmanager(config, clustered=True, peers=[first.cluster_address]) as second,
        Notifying(replace(settings, alertmanager_urls=Secret(f"{first.url},{second.url}"))),
    ):
        publish(settings, alert("h1"))
        wait_until("told", lambda: receiver.told("firing", antiphon_id="h1"))
        wait_until("both know", lambda: all(each.alerts(antiphon_id="h1") for each in (first, second)))
        time.sleep(2 + _SETTLED_SECONDS)  # the second waits two seconds for the first to tell
        assert len(receiver.messages) == 1


def test_what_is_no_alert_on_the_topic_holds_nobody_back(settings: Settings, receiver: Receiver) -> None:
    good = alert("g1", summary="right\x1b[31m \u202ered\x00", countries=())
    with Notifying(settings) as notify:
        publish(
            settings,
            (b"k", b"garbage"),
            (b"k", b'{"id":"other"}'),
            (b"\xff", b"\xff"),
            (b"k", b"[" * 100_000),
            (b"unknown", None),
            good,
        )
        wait_until("told", lambda: receiver.told("firing", antiphon_id="g1"))
        [told] = receiver.told("firing", antiphon_id="g1")
        assert (told["annotations"]["summary"], told["labels"]["countries"]) == ("right [31m  red", "-")
        # The topic has several partitions: the last of them may be read after the good one is told.
        wait_until("the others are counted", lambda: notify.count("rejected") == 4)


def test_alerts_at_the_ends_of_the_calendar_and_foreign_decisions_hold_nobody_back(
    settings: Settings, receiver: Receiver
) -> None:
    """Legal RFC 3339 times that no year of UTC holds; a decision that NOTIFY did not write."""
    first = datetime.min.replace(tzinfo=timezone(timedelta(hours=14)))
    last = datetime.max.replace(tzinfo=timezone(timedelta(hours=-14)))
    write(settings, "notifications", (b"n1", b"garbage"), (b"\xff", b"{}"))
    publish(
        settings,
        alert("c1", fired_at=first),
        alert("c2", expires_at=last),
        alert("c3", fired_at=first, as_of=first, expires_at=first),
        alert("c4", fired_at=last, as_of=last, expires_at=last),
        alert("c5", figures={"amplifications": 10**300}),
        alert("c6"),
    )
    with Notifying(settings) as notify:
        wait_until("told", lambda: {"c1", "c2", "c4", "c5", "c6"} <= _told(receiver, "firing"))
        assert notify.count("rejected") == 2
    with Notifying(settings) as again:
        wait_until("taken up again", lambda: again.value("antiphon_notify_firing") >= 5)


def test_beyond_the_daily_budget_of_a_rule_one_alert_stands_for_the_rest(
    settings: Settings, receiver: Receiver
) -> None:
    tight = replace(settings, notify_daily_budget=2)
    with Notifying(tight) as notify:
        publish(settings, *(alert(f"b{number}") for number in range(5)), alert("other", rule="single-patron"))
        wait_until("all is told", lambda: len(receiver.messages) == 4)
        [summary] = receiver.told("firing", alertname=BUDGET_ALERT)
        assert summary["labels"]["rule"] == "new-account-burst"
        assert "held_back" in summary["annotations"]
        wait_until("all of them are held back", lambda: notify.count("over_budget") == 3)
    with Notifying(tight) as again:
        publish(settings, alert("b9"))
        wait_until("held back", lambda: again.count("over_budget"))
        time.sleep(_SETTLED_SECONDS)
        assert len(receiver.messages) == 4
    decisions = Counter(each.decision for each in notifications(settings).values())
    assert decisions == {"page": 3, "over_budget": 4}


def test_a_back_fill_and_a_rule_in_shadow_are_written_down_and_not_told(settings: Settings, receiver: Receiver) -> None:
    """Until the one goes on, and the other is set live."""
    old = datetime.now(UTC) - timedelta(days=3)
    with Notifying(settings) as notify:
        publish(
            settings,
            alert("old", fired_at=old, as_of=old),
            alert("shadow", mode="shadow"),
            alert("retracted", status="retracted"),
            alert("new"),
        )
        wait_until("the new one is told", lambda: receiver.told("firing", antiphon_id="new"))
        time.sleep(_SETTLED_SECONDS)
        assert len(receiver.messages) == 1
        assert (notify.count("back_fill"), notify.count("shadow"), notify.count("sent")) == (1, 1, 1)
        publish(settings, alert("old", fired_at=old), alert("shadow"))
        wait_until("told", lambda: _told(receiver, "firing") == {"old", "shadow", "new"})
    assert {name: each.decision for name, each in notifications(settings).items()} == dict.fromkeys(
        ("old", "shadow", "new"), "page"
    )


def test_one_worker_notifies_and_another_takes_over(settings: Settings, receiver: Receiver) -> None:
    with Notifying(settings) as first:
        publish(settings, alert("w1"))
        wait_until("told", lambda: receiver.told("firing", antiphon_id="w1"))
        with Notifying(settings) as second:
            publish(settings, alert("w2"))
            wait_until("told", lambda: receiver.told("firing", antiphon_id="w2"))
            first.__exit__(None, None, None)
            publish(settings, alert("w3"), alert("w1", status="retracted"))
            wait_until("told by the second", lambda: receiver.told("firing", antiphon_id="w3"))
            wait_until("over", lambda: receiver.told("resolved", antiphon_id="w1"))
            assert second.count("sent") >= 1
    assert [len(receiver.told("firing", antiphon_id=name)) for name in ("w1", "w2", "w3")] == [1, 1, 1]


@pytest.mark.slow
def test_a_worker_killed_at_any_moment_loses_no_alert_and_repeats_none(
    settings: Settings, receiver: Receiver, tmp_path: Path
) -> None:
    """`NOTIFY_KILLS=20` is the long version."""
    kills = int(os.environ.get("NOTIFY_KILLS", "5"))
    random = Random(int(os.environ.get("NOTIFY_SEED", "2022")))
    quick = replace(settings, agents="track", session_timeout_seconds=1.0, notify_daily_budget=10_000)
    crew = Crew(quick, tmp_path)
    names: list[str] = []
    try:
        crew.add()
        for life in range(kills):
            began = time.monotonic()
            # From the first moment of a life, in which it has read nothing yet, to long after it has told everything.
            ends = began + random.uniform(0.0, 4.5)
            while time.monotonic() < ends:
                names.append(f"life{life}-{len(names)}")
                publish(settings, alert(names[-1]))
                time.sleep(min(random.uniform(0.0, 0.5), max(0.0, ends - time.monotonic())))
            crew.kill_one(random)
        _freeze_for_longer_than_the_session(crew, quick, names)
        _wait_until_told(receiver, "firing", names, crew)
        publish(settings, *(alert(name, status="retracted") for name in names[::2]))
        _wait_until_told(receiver, "resolved", names[::2], crew)
    finally:
        crew.dismiss_all()
    assert len(names) > kills
    for status, expected in (("firing", names), ("resolved", names[::2])):
        groups = Counter(
            message["commonLabels"]["antiphon_id"] for message in receiver.messages if message["status"] == status
        )
        assert groups == Counter(expected), crew.logs()


def _freeze_for_longer_than_the_session(crew: Crew, settings: Settings, names: list[str]) -> None:
    """The worker that notifies, while another one is there; then it wakes with all it knew."""
    [sleeper] = crew.members
    wait_until("it notifies", lambda: "notifying" in crew.log_of(sleeper))
    other = crew.add()
    wait_until("the other one is there", lambda: "worker ready" in crew.log_of(other))
    crew.freeze(sleeper)
    wakes = time.monotonic() + 1.5 * settings.session_timeout_seconds  # the broker counts from its last heartbeat
    names.append("frozen")
    publish(settings, alert(names[-1]))
    wait_until("the other one notifies", lambda: "notifying" in crew.log_of(other))
    time.sleep(max(0.0, wakes - time.monotonic()))
    crew.thaw(sleeper)
    # It looks at the clock, or is shut out at its next write: whichever comes first.
    ends = ("frozen for longer than the session timeout", "another worker notifies")
    wait_until("it gives its turn up", lambda: any(end in crew.log_of(sleeper) for end in ends))


def _told(receiver: Receiver, status: str) -> set[str]:
    return {told["labels"]["antiphon_id"] for told in receiver.told(status)}


def _wait_until_told(receiver: Receiver, status: str, names: list[str], crew: Crew) -> None:
    try:
        wait_until(f"{status} told of all", lambda: _told(receiver, status) >= set(names), seconds=30)
    except AssertionError as error:
        missing = sorted(set(names) - _told(receiver, status))
        raise AssertionError(f"{error}: {len(missing)} of {len(names)}, {missing[:5]}\n{crew.logs()}") from None
