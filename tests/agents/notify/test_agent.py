"""NOTIFY from a real Kafka to a real Alertmanager, and what comes out of it at a webhook."""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from random import Random

import pytest
from msgspec.structs import replace

from streams.agents.notify import agent
from streams.core.notifying.floods import FLOOD_ALERT
from streams.kafka.administration import create_topics
from streams.kafka.client import admin, consumer
from streams.settings import Secret, Settings
from streams.topic_names import NOTIFICATIONS
from tests.agents.notify.notifying import Notifying, alert, notifications, publish
from tests.ops.alertmanager import quick_config, require_alertmanager, wait_until
from tests.pipeline.crew import Crew
from tools.alertmanager import Alertmanager, Receiver
from tools.kafka.running_broker import RunningBroker

_QUIET_SECONDS = 1.8  # several rounds, and several of Alertmanager's group intervals


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
        notify_resend_seconds=0.5,
        environment="t",
        evidence_url="https://example.org/{platform}/{subject}?alert={id}",
        runbook_url="https://example.org/runbooks/",
    )
    asyncio.run(create_topics(made))
    return made


def test_an_alert_is_notified_once_updated_silently_raised_aloud_and_resolved(
    settings: Settings, receiver: Receiver, alertmanager: Alertmanager
) -> None:
    with Notifying(settings) as notify:
        publish(settings, alert("a1"))
        wait_until("told", lambda: receiver.received("firing", antiphon_id="t:a1"))
        [alert_sent] = [
            each for each in receiver.received("firing", antiphon_id="t:a1") if "country" not in each["labels"]
        ]
        assert alert_sent["labels"] == {
            "alertname": "NewAccountBurst",
            "antiphon_id": "t:a1",
            "environment": "t",
            "platform": "twitter",
            "rule": "new-account-burst",
            "severity": "warning",
            "subject": "1280000000000000001",
        }
        assert alert_sent["annotations"]["summary"] == "@somebody was amplified 20 times by 5 officials of IR."
        assert alert_sent["annotations"]["handle"] == "somebody"
        assert alert_sent["annotations"]["figures"].splitlines() == [
            "retweets and quotes by officials since creation: 20",
            "share of that official in all amplifications: 25 %",
            "the platform has suspended the account: no",
            "followers, as last reported by then: not known: no source said how many by then",
        ]
        link = "https://example.org/twitter/1280000000000000001?alert=a1"
        assert alert_sent["generatorURL"] == alert_sent["annotations"]["evidence_url"] == link
        assert alert_sent["annotations"]["runbook_url"] == "https://example.org/runbooks/new-account-burst"

        publish(settings, alert("a1", summary="@somebody was amplified 21 times."))
        wait_until(
            "updated",
            lambda: (
                {held["annotations"]["summary"] for held in alertmanager.alerts(antiphon_id="t:a1")}
                == {"@somebody was amplified 21 times."}
            ),
        )
        time.sleep(_QUIET_SECONDS)
        assert len(receiver.messages) == 1

        publish(settings, alert("a1", severity="critical"))
        wait_until("raised", lambda: receiver.received("firing", antiphon_id="t:a1", severity="critical"))
        time.sleep(_QUIET_SECONDS)
        assert [message["status"] for message in receiver.messages] == ["firing"] * 2, "more severe is not over"
        publish(settings, alert("a1", severity="critical", status="retracted"))
        wait_until("over", lambda: receiver.received("resolved", antiphon_id="t:a1", severity="critical"))
        time.sleep(_QUIET_SECONDS)
        assert [message["status"] for message in receiver.messages] == ["firing", "firing", "resolved"]
        assert notify.value("antiphon_notify_alerts", outcome="firing") == 0
        assert notify.value("antiphon_notify_delay_seconds_count") > 0
        assert time.time() - notify.value("antiphon_notify_last_success_timestamp_seconds") < 10
        wait_until("its end is recorded", lambda: len(notifications(settings, "a1")[-1].accepted) == 3)
        *_earlier, recorded = notifications(settings, "a1")
        assert [(each.severity, each.state, each.receiver) for each in recorded.accepted] == [
            ("warning", "firing", "127.0.0.1"),
            ("critical", "firing", "127.0.0.1"),
            ("critical", "retracted", "127.0.0.1"),
        ]
        assert all(each.published_at <= each.accepted_at <= datetime.now(UTC) for each in recorded.accepted)


def test_news_waits_for_no_round_and_for_no_fetch(
    settings: Settings, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither for the next round nor, on the connection to the broker, behind a question that waits for more news."""
    monkeypatch.setattr(agent, "_ROUND_SECONDS", 60.0)
    monkeypatch.setattr(agent, "consumer", partial(consumer, fetch_max_wait_ms=30_000))
    with Notifying(settings) as notify:
        wait_until("it notifies", lambda: notify.value("antiphon_notify_last_success_timestamp_seconds"))
        for name in ("n1", "n2"):
            publish(settings, alert(name))
            wait_until("told", partial(receiver.received, "firing", antiphon_id=f"t:{name}"))


def test_an_alert_that_late_events_replace_is_notified_once(
    settings: Settings, receiver: Receiver, alertmanager: Alertmanager
) -> None:
    """Whichever of the two records is read first: the topic has several partitions, and here they are written apart."""
    names = [f"r{number}" for number in range(6)]
    patient = replace(settings, notify_resend_seconds=10.0)
    with Notifying(patient) as notify:
        publish(settings, *(alert(f"{name}-old", dedup_key=name) for name in names))
        wait_until("told", lambda: _received(receiver, "firing") == set(names))
        old = [alert(f"{name}-old", dedup_key=name, status="retracted", superseded_by=f"{name}-new") for name in names]
        new = [alert(f"{name}-new", dedup_key=name, summary="replaced") for name in names]
        publish(settings, *old[:3], *new[3:])
        wait_until("read", lambda: notify.value("antiphon_records_total", topic="alerts") == 12)
        time.sleep(_QUIET_SECONDS)
        publish(settings, *new[:3], *old[3:])
        wait_until("read", lambda: notify.value("antiphon_records_total", topic="alerts") == 18)
        wait_until(
            "updated",
            lambda: all(
                {held["annotations"]["summary"] for held in alertmanager.alerts(antiphon_id=f"t:{name}")}
                == {"replaced"}
                for name in names
            ),
        )
        time.sleep(_QUIET_SECONDS)
        assert _received(receiver, "resolved") == set()
        assert _messages(receiver, "firing") == dict.fromkeys(names, 1)
        assert notify.value("antiphon_notify_alerts", outcome="firing") == len(names)


def test_an_alert_that_expires_is_resolved_without_anybody_saying_so(settings: Settings, receiver: Receiver) -> None:
    with Notifying(replace(settings, notify_resend_seconds=2.0)) as notify:
        wait_until("it notifies", lambda: notify.value("antiphon_notify_last_success_timestamp_seconds"))
        publish(settings, alert("e1", expires_at=datetime.now(UTC) + timedelta(seconds=1)))
        publish(settings, alert("e2", expires_at=datetime.now(UTC) - timedelta(seconds=1)))
        wait_until("over", lambda: _received(receiver, "resolved") == {"e1", "e2"})
        assert _messages(receiver, "firing") == {"e1": 1, "e2": 1}


def test_a_restart_of_alertmanager_in_the_middle_loses_and_repeats_nothing(
    settings: Settings, receiver: Receiver, alertmanager: Alertmanager
) -> None:
    """Nor does it matter that there is nowhere any more to record what was told."""
    with Notifying(settings) as notify:
        publish(settings, alert("before"))
        wait_until("told", lambda: receiver.received("firing", antiphon_id="t:before"))
        wait_until("recorded", lambda: notifications(settings, "before"))
        asyncio.run(_delete_topic(settings, NOTIFICATIONS))
        alertmanager.stop()
        publish(settings, alert("meanwhile"))
        wait_until("tried in vain", lambda: notify.count("failed"))
        alertmanager.start()
        wait_until("told afterwards", lambda: receiver.received("firing", antiphon_id="t:meanwhile"))
        wait_until("sent again", lambda: alertmanager.alerts(antiphon_id="t:before"))
        time.sleep(_QUIET_SECONDS)
        assert _messages(receiver, "firing") == {"before": 1, "meanwhile": 1}
        publish(settings, alert("before", status="retracted"))
        wait_until("over", lambda: receiver.received("resolved", antiphon_id="t:before"))
        asyncio.run(create_topics(settings))
        for name in ("before", "meanwhile"):
            wait_until("recorded, once it can be", partial(notifications, settings, name), seconds=60)


def test_what_is_silenced_reaches_nobody_until_the_silence_ends(
    settings: Settings, receiver: Receiver, alertmanager: Alertmanager
) -> None:
    silence = alertmanager.amtool(
        "silence", "add", "--author=test", "--comment=known", "--duration=1h", "antiphon_id=t:quiet", "platform=twitter"
    )
    with Notifying(settings):
        publish(settings, alert("quiet"), alert("loud"))
        wait_until("the other one is told", lambda: receiver.received("firing", antiphon_id="t:loud"))
        wait_until(
            "known as suppressed",
            lambda: {held["status"]["state"] for held in alertmanager.alerts(antiphon_id="t:quiet")} == {"suppressed"},
        )
        time.sleep(_QUIET_SECONDS)
        assert receiver.received("firing", antiphon_id="t:quiet") == []
        alertmanager.amtool("silence", "expire", silence)
        wait_until("told", lambda: receiver.received("firing", antiphon_id="t:quiet"))


def test_of_two_alertmanagers_the_one_that_is_away_holds_nobody_back_and_learns_all_later(
    settings: Settings, receiver: Receiver
) -> None:
    with Receiver() as other_receiver, Alertmanager(quick_config(other_receiver.url)) as other:
        other.stop()
        urls = f"{settings.alertmanager_urls}, {other.url}"
        with Notifying(replace(settings, alertmanager_urls=Secret(urls))) as notify:
            publish(settings, alert("t1"))
            wait_until("tried in vain", lambda: notify.count("failed"))
            wait_until("told", lambda: receiver.received("firing", antiphon_id="t:t1"))
            assert other_receiver.messages == []
            other.start()
            wait_until("told by the other one", lambda: other_receiver.received("firing", antiphon_id="t:t1"))
            publish(settings, alert("t1", status="retracted"))
            wait_until(
                "over", lambda: all(_received(each, "resolved") == {"t1"} for each in (receiver, other_receiver))
            )


def test_a_cluster_of_two_alertmanagers_notifies_people_once(settings: Settings, receiver: Receiver) -> None:
    config = quick_config(receiver.url)
    with (
        Alertmanager(config, clustered=True) as first,
        Alertmanager(config, clustered=True, peers=[first.cluster_address]) as second,
        Notifying(replace(settings, alertmanager_urls=Secret(f"{first.url},{second.url}"))),
    ):
        publish(settings, alert("h1"))
        wait_until("told", lambda: receiver.received("firing", antiphon_id="t:h1"))
        wait_until("both know", lambda: all(each.alerts(antiphon_id="t:h1") for each in (first, second)))
        time.sleep(2 + _QUIET_SECONDS)  # the second waits two seconds for the first to tell
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
        wait_until("told", lambda: receiver.received("firing", antiphon_id="t:g1"))
        alert_sent = receiver.received("firing", antiphon_id="t:g1")[0]["annotations"]
        assert (alert_sent["summary"], alert_sent["countries"]) == ("right [31m  red", "-")
        # The topic has several partitions: the last of them may be read after the good one is told.
        wait_until("the others are counted", lambda: notify.count("rejected") == 4)


def test_alerts_at_the_ends_of_the_calendar_hold_nobody_back(settings: Settings, receiver: Receiver) -> None:
    """Legal RFC 3339 times that no year of UTC holds."""
    first = datetime.min.replace(tzinfo=timezone(timedelta(hours=14)))
    last = datetime.max.replace(tzinfo=timezone(timedelta(hours=-14)))
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
        wait_until("told", lambda: {"c1", "c2", "c4", "c5", "c6"} <= _received(receiver, "firing"))
        assert notify.count("rejected") == 0


def test_in_a_flood_one_alert_stands_for_the_rest_and_critical_ones_pass(
    settings: Settings, receiver: Receiver
) -> None:
    tight = replace(settings, notify_rule_limit=2)
    lesser = [alert(f"b{number}") for number in range(5)]
    for _life in range(2):
        with Notifying(tight) as notify:
            publish(settings, *lesser, alert("other", rule="single-patron"))
            wait_until("all is told", lambda: len(receiver.messages) == 4)
            wait_until(
                "three are summarised", lambda: notify.value("antiphon_notify_alerts", outcome="summarised") == 3
            )
            time.sleep(_QUIET_SECONDS)
            assert len(receiver.messages) == 4
    [summary] = receiver.received("firing", alertname=FLOOD_ALERT)[:1]
    assert summary["labels"]["rule"] == "new-account-burst"
    assert summary["annotations"]["held_back"] in {"1", "2", "3"}
    with Notifying(tight):
        publish(settings, alert("worse", severity="critical"), alert(lesser[-1].id, severity="critical"))
        wait_until("told", lambda: {"worse", lesser[-1].id} <= _received(receiver, "firing"))
        time.sleep(_QUIET_SECONDS)
        assert _received(receiver, "resolved") == set()


def test_a_back_fill_and_a_rule_in_shadow_are_not_notified(settings: Settings, receiver: Receiver) -> None:
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
        wait_until("the new one is told", lambda: receiver.received("firing", antiphon_id="t:new"))
        wait_until("all are read", lambda: notify.value("antiphon_notify_alerts", outcome="back_fill") == 1)
        time.sleep(_QUIET_SECONDS)
        assert len(receiver.messages) == 1
        publish(settings, alert("old", fired_at=old), alert("shadow"))
        wait_until("told", lambda: _received(receiver, "firing") == {"old", "shadow", "new"})
        wait_until("recorded", lambda: all(notifications(settings, name) for name in ("old", "shadow", "new")))
        assert notifications(settings, "retracted") == [], "Alertmanager took its end, and nobody was told of it before"


def test_all_workers_notify_and_people_receive_each_alert_once(settings: Settings, receiver: Receiver) -> None:
    with Notifying(settings) as second:
        with Notifying(settings) as first:
            publish(settings, alert("w1"))
            wait_until("both have sent it", lambda: first.count("sent") and second.count("sent"))
            publish(settings, alert("w2"))
            wait_until("told", lambda: receiver.received("firing", antiphon_id="t:w2"))
            wait_until("recorded", lambda: notifications(settings, "w2"))
        [*_, before] = notifications(settings, "w2")
        publish(settings, alert("w3"), alert("w1", status="retracted"))
        wait_until("told by the second", lambda: receiver.received("firing", antiphon_id="t:w3"))
        wait_until("over", lambda: receiver.received("resolved", antiphon_id="t:w1"))
        wait_until("its end is recorded", lambda: len(notifications(settings, "w1")[-1].accepted) == 2)
    # At most one more for a worker that wrote at the same moment, and none for one that begins after the others.
    [*_, after] = recorded = notifications(settings, "w2")
    assert (len(after.accepted), len(recorded) <= 4) == (1, True)
    assert after.accepted[0].accepted_at <= before.accepted[0].accepted_at
    with Notifying(settings) as third:
        publish(settings, alert("w4"))
        wait_until("recorded", lambda: notifications(settings, "w4"))
        assert third.count("sent") >= 3, "it has sent again what others had told"
        assert notifications(settings, "w2") == recorded
    assert _messages(receiver, "firing") == {"w1": 1, "w2": 1, "w3": 1, "w4": 1}


@pytest.mark.slow
def test_a_worker_killed_at_any_moment_loses_no_alert_and_repeats_none(
    settings: Settings, receiver: Receiver, tmp_path: Path
) -> None:
    """`NOTIFY_KILLS=20` is the long version."""
    kills = int(os.environ.get("NOTIFY_KILLS", "5"))
    random = Random(int(os.environ.get("NOTIFY_SEED", "2022")))
    quick = replace(settings, session_timeout_seconds=1.0, notify_rule_limit=10_000)
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
        over = names[::2]
        _end_while_one_is_frozen(crew, settings, receiver, names, over)
        _wait_until_received(receiver, "firing", names, crew)
        _wait_until_received(receiver, "resolved", over, crew)
        time.sleep(_QUIET_SECONDS)
    finally:
        crew.dismiss_all()
    assert len(names) > kills
    assert _messages(receiver, "firing") == dict.fromkeys(names, 1), crew.logs()
    assert _messages(receiver, "resolved") == dict.fromkeys(over, 1), crew.logs()


def _end_while_one_is_frozen(
    crew: Crew, settings: Settings, receiver: Receiver, names: list[str], over: list[str]
) -> None:
    """Then it wakes with all it knew: that these alerts fire."""
    [sleeper] = crew.members
    wait_until("it notifies", lambda: "notifying" in crew.log_of(sleeper), seconds=60)
    _wait_until_received(receiver, "firing", names, crew)
    other = crew.add()
    wait_until("the other one notifies", lambda: "notifying" in crew.log_of(other), seconds=60)
    crew.freeze(sleeper)
    publish(settings, *(alert(name, status="retracted") for name in over))
    names.append("frozen")
    publish(settings, alert(names[-1]))
    _wait_until_received(receiver, "resolved", over, crew)
    time.sleep(5.0)  # what it knew is out of date by then
    crew.thaw(sleeper)
    time.sleep(3 * settings.notify_resend_seconds)


async def _delete_topic(settings: Settings, name: str) -> None:
    async with admin(settings) as client:
        await client.delete_topics([settings.topic(name)])


def _messages(receiver: Receiver, status: str) -> dict[str, int]:
    """How many messages of that status there were about each incident."""
    return dict(
        Counter(
            message["groupLabels"]["antiphon_id"].removeprefix("t:")
            for message in receiver.messages
            if message["status"] == status and "antiphon_id" in message["groupLabels"]
        )
    )


def _received(receiver: Receiver, status: str) -> set[str]:
    return {
        alert["labels"]["antiphon_id"].removeprefix("t:")
        for alert in receiver.received(status)
        if "antiphon_id" in alert["labels"]
    }


def _wait_until_received(receiver: Receiver, status: str, names: list[str], crew: Crew) -> None:
    try:
        wait_until(f"{status} told of all", lambda: _received(receiver, status) >= set(names), seconds=60)
    except AssertionError as error:
        missing = sorted(set(names) - _received(receiver, status))
        raise AssertionError(f"{error}: {len(missing)} of {len(names)}, {missing[:5]}\n{crew.logs()}") from None
