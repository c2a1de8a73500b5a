"""What people read: from a real Kafka through NOTIFY and a real Alertmanager with the shipped routes and templates.

Slack, PagerDuty and the mail server are receivers of the test's own that keep what they are sent.
"""

import asyncio
import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct
from msgspec.structs import replace

from streams.core.enriched import Alert, AlertOfficial
from streams.core.notifying.floods import FLOOD_ALERT
from streams.events import Account
from streams.kafka.administration import create_topics
from streams.rules_loading import bundled_rules
from streams.settings import Secret, Settings
from tests.agents.notify.notifying import Notifying, alert, publish
from tests.ops.alertmanager import require_alertmanager, wait_until
from tests.ops.mail_sink import MailSink
from tests.ops.shipped import shipped_config
from tools.alertmanager import Alertmanager, Receiver
from tools.kafka.running_broker import RunningBroker

_RULES = {rule.name: rule for rule in bundled_rules().rules}
_FIRED = datetime.now(UTC) - timedelta(minutes=90)
_AS_OF = datetime.now(UTC)
_EXPIRES = _AS_OF + timedelta(days=7)


class _Receivers(Struct):
    """Everybody that the shipped routes know."""

    on_call: Receiver
    analysts: Receiver
    archive: Receiver
    services: Receiver
    mail: MailSink

    def slack(self) -> list[tuple[str, str]]:
        """Title and text of what the analysts read in Slack, in order."""
        sent = [message["attachments"][0] for message in self.services.messages if "attachments" in message]
        return [(each["title"], each["text"].strip()) for each in sent]

    def pagers(self) -> list[dict[str, Any]]:
        """What PagerDuty was sent, in order."""
        return [message for message in self.services.messages if "routing_key" in message]


@pytest.fixture
def receivers(request: pytest.FixtureRequest) -> Iterator[_Receivers]:
    require_alertmanager()
    with (
        Receiver() as on_call,
        Receiver() as analysts,
        Receiver() as archive,
        Receiver() as services,
        MailSink() as mail,
    ):
        made = _Receivers(on_call, analysts, archive, services, mail)
        yield made
        _keep_pictures(made, request.node.name)


@pytest.fixture
def settings(kafka: RunningBroker, topic_prefix: str, receivers: _Receivers) -> Iterator[Settings]:
    webhooks = {"on-call": receivers.on_call.url, "analysts": receivers.analysts.url, "archive": receivers.archive.url}
    config = shipped_config(webhooks, services=receivers.services.url, smarthost=receivers.mail.address)
    with Alertmanager(config) as alertmanager:
        made = Settings(
            broker=kafka.address,
            topic_prefix=topic_prefix,
            alertmanager_urls=Secret(alertmanager.url),
            notify_resend_seconds=10.0,
            notify_rule_limit=2,
            environment="live",
            evidence_url="https://evidence.example.org/{id}",
            runbook_url="https://runbooks.example.org/rules/{rule}.md",
        )
        asyncio.run(create_topics(made))
        yield made


def _burst(**changes: Any) -> Alert:
    """A new account that officials of Russia amplified, by the rule for bursts."""
    figures = {"age_days": 5.00081018814, "distinct_officials_7d": 3, "followers": None, "suspended": False}
    made = alert(
        "a1",
        rule_digest=_RULES["new-account-burst"].digest,
        subject=Account(
            id="1280", handle="new_voice", created_at=_FIRED - timedelta(days=5), created_at_source="snowflake"
        ),
        countries=("RU",),
        fired_at=_FIRED,
        as_of=_AS_OF,
        expires_at=_EXPIRES,
        figures=figures,
        fired_figures=figures,
        officials=tuple(
            AlertOfficial(id=str(number), handle=f"official_{number}", country="RU", amplifications=4 - number)
            for number in range(1, 4)
        ),
        officials_total=3,
        evidence_total=6,
        summary="@new_voice was amplified 6 times by 3 officials of RU; 3 times by @official_1 alone.",
    )
    return replace(made, **changes)


_JOINED = _burst(
    countries=("IR", "RU"),
    figures={"age_days": 5.4, "distinct_officials_7d": 4, "followers": 1280, "suspended": False},
    summary="@new_voice was amplified 7 times by 4 officials of IR, RU; 3 times by @official_1 alone.",
    officials_total=4,
    evidence_total=7,
)
_WORSE = replace(
    _JOINED,
    severity="critical",
    figures=_JOINED.figures | {"distinct_officials_7d": 8},
    summary="@new_voice was amplified 11 times by 8 officials of IR, RU; 3 times by @official_1 alone.",
    officials_total=8,
    evidence_total=11,
    dropped_amplifications=2,
)


def _at(moment: datetime) -> str:
    return moment.strftime("%-d %B %Y, %H:%M UTC")


def _text(summary: str, who: str, why: str, sure: str) -> str:
    return (
        f"{summary}\n\n"
        f"Since: {_at(_FIRED)}; last seen {_at(_AS_OF)}\n"
        f"Who: @official_1 (RU, 3 times), @official_2 (RU, 2 times), @official_3 (RU, once){who}\n"
        "Why it is told: Several officials amplified a new account within a week.\n"
        f"{why}\n"
        f"How sure: Counted from {sure}; the day of its creation is worked out from its id.\n"
        "What to do: Look at the evidence: who amplified what, and when. An alert is a reason to look, not a finding. "
        "If somebody listed here is no official, correct the roster.\n"
        "Evidence: https://evidence.example.org/a1\n"
        "Runbook: https://runbooks.example.org/rules/new-account-burst.md"
    )


_OFFICIALS_IN_A_WEEK = "officials that amplified the account in the 7d up to then: at least"
_FIRST_TEXT = _text(
    _burst().summary,
    "",
    f"age of the account: at most 90 days; it was 5 days\n{_OFFICIALS_IN_A_WEEK} 3; it was 3",
    "6 events",
)
_JOINED_TEXT = _text(
    _JOINED.summary,
    " and 1 more",
    f"age of the account: at most 90 days; it was 5 days\n{_OFFICIALS_IN_A_WEEK} 3; it was 3, and is 4",
    "7 events",
)
_WORSE_TEXT = _text(
    _WORSE.summary,
    " and 5 more",
    f"age of the account: at most 90 days; it was 5 days\n{_OFFICIALS_IN_A_WEEK} 3; it was 3, and is 8\n"
    f"critical, since {_OFFICIALS_IN_A_WEEK} 8; it was 3, and is 8",
    "11 events; counts are lower bounds, since 2 reports were too late or too many to be counted",
)
_OVER_TEXT = f"Over: Taken back: by what is known now the rule did not hold.\n{_WORSE_TEXT}"
_TITLE = "Several officials amplified a new account within a week: @new_voice (twitter) [live]"


def test_people_read_one_alert_that_another_state_joins_that_becomes_critical_and_that_is_taken_back(
    settings: Settings, receivers: _Receivers
) -> None:
    """On every route that is shipped, in whole texts; nobody is told of an end before the end."""
    with Notifying(settings):
        publish(settings, _burst())
        _wait("the analysts are told", lambda: len(receivers.slack()) == 1)
        publish(settings, _JOINED)
        _wait("of the other State", lambda: len(receivers.slack()) == 2)
        _wait("its desk is told", lambda: len(receivers.mail.messages) == 1)
        publish(settings, _WORSE)
        _wait("of the escalation", lambda: (len(receivers.slack()), len(receivers.mail.messages)) == (3, 2))
        _wait("whoever is on call", lambda: receivers.pagers())
        publish(settings, replace(_WORSE, status="retracted"))
        _wait("of the end", lambda: (len(receivers.slack()), len(receivers.mail.messages)) == (4, 3))
        _wait("whoever is on call", lambda: len(receivers.pagers()) == 2)
        _wait("the archive", lambda: len(receivers.archive.messages) == 4)
    assert receivers.slack() == [
        (f"[WARNING] {_TITLE}", _FIRST_TEXT),
        (f"[WARNING] {_TITLE}", _JOINED_TEXT),
        (f"[CRITICAL] {_TITLE}", _WORSE_TEXT),
        (f"[OVER] {_TITLE}", _OVER_TEXT),
    ]
    assert [(mail["Subject"], _plain(mail)) for mail in receivers.mail.messages] == [
        (f"[WARNING] {_TITLE}", _JOINED_TEXT),
        (f"[CRITICAL] {_TITLE}", _WORSE_TEXT),
        (f"[OVER] {_TITLE}", _OVER_TEXT),
    ]
    fired, over = receivers.pagers()
    assert (fired["event_action"], over["event_action"]) == ("trigger", "resolve")
    assert fired["dedup_key"] == over["dedup_key"]
    assert fired["payload"]["summary"] == f"[CRITICAL] {_TITLE}"
    assert fired["payload"]["severity"] == "critical"
    assert fired["payload"]["custom_details"]["text"].strip() == _WORSE_TEXT
    assert fired["client_url"] == "https://evidence.example.org/a1"
    everybody = [receivers.analysts, receivers.archive]
    assert [[each["status"] for each in receiver.messages] for receiver in everybody] == [
        ["firing", "firing", "firing", "resolved"]
    ] * 2


def test_a_flood_keeps_no_critical_alert_back_and_says_how_many_it_stands_for(
    settings: Settings, receivers: _Receivers
) -> None:
    lesser = [alert(f"b{number}", rule_digest=_RULES["new-account-burst"].digest, countries=()) for number in range(6)]
    with Notifying(settings):
        publish(settings, *lesser, alert("i1", rule="low-profile", severity="info", countries=()))
        _wait(
            "the flood is told", lambda: [each for each in receivers.slack() if each[0].startswith("[WARNING] Flood")]
        )
        publish(settings, replace(_WORSE, countries=()))
        _wait("whoever is on call", lambda: receivers.pagers())
        publish(settings, *(alert(f"c{number}", countries=()) for number in range(20)))
        _wait("that it grew", lambda: len([each for each in receivers.slack() if "Flood" in each[0]]) > 1)
    [first, *_others, last] = [text for title, text in receivers.slack() if "Flood" in title]
    expected = (
        "not told one by one: the 2 that came first are. Critical alerts, and alerts that become more severe after "
        "they were told, are always told.\n"
        "What to do: List all of them: antiphon alerts --firing --rule new-account-burst. Many at once are more often "
        "a wrong roster, a changed rule or a back-fill than many accounts.\n"
        "Runbook: https://runbooks.example.org/rules/AntiphonAlertFlood.md"
    )
    assert first == f"4 more warnings of the rule new-account-burst are {expected}"
    assert last == f"24 more warnings of the rule new-account-burst are {expected}"
    [page] = receivers.pagers()
    assert page["payload"]["summary"] == f"[CRITICAL] {_TITLE}"
    assert page["payload"]["custom_details"]["text"].strip() == _WORSE_TEXT
    assert receivers.slack().count((f"[CRITICAL] {_TITLE}", _WORSE_TEXT)) == 1
    assert {each["labels"]["severity"] for each in receivers.archive.received("firing", alertname=FLOOD_ALERT)} == {
        "warning"
    }


def test_two_environments_that_see_the_same_are_two_alerts_and_the_end_of_one_ends_no_other(
    settings: Settings, receivers: _Receivers
) -> None:
    staging = replace(settings, topic_prefix=f"{settings.topic_prefix}staging-", environment="staging")
    asyncio.run(create_topics(staging))
    with Notifying(settings), Notifying(staging):
        publish(settings, _burst())
        publish(staging, _burst())
        _wait("both are told", lambda: len(receivers.slack()) == 2)
        publish(staging, _burst(status="retracted", retracted_at=_AS_OF, retracted_because="no <officials> of RU"))
        _wait("the end of one", lambda: len(receivers.slack()) == 3)
    live, other = f"[WARNING] {_TITLE}", f"[WARNING] {_TITLE}".replace("[live]", "[staging]")
    assert sorted(receivers.slack()[:2]) == [(live, _FIRST_TEXT), (other, _FIRST_TEXT)]
    over = f"Over: Retracted by hand on {_at(_AS_OF)}: no ‹officials> of RU\n{_FIRST_TEXT}"
    assert receivers.slack()[2] == (f"[OVER] {_TITLE}".replace("[live]", "[staging]"), over)
    ids = {each["groupLabels"]["antiphon_id"] for each in receivers.analysts.messages}
    assert ids == {"live:a1", "staging:a1"}


def _wait(what: str, holds: Callable[[], object]) -> None:
    wait_until(what, holds, seconds=40)


def _plain(mail: Any) -> str:
    return str(mail.get_body(("plain",)).get_content()).replace("\r\n", "\n").strip()


def _keep_pictures(receivers: _Receivers, scene: str) -> None:
    """`ANTIPHON_TEST_MESSAGES=FOLDER` keeps what each scene sent, in a folder of its own there, to be looked at: the
    mails' HTML, what Slack shows as text, PagerDuty's messages and the archive's webhooks.
    """
    if folder := os.environ.get("ANTIPHON_TEST_MESSAGES"):
        place = Path(folder, scene)
        place.mkdir(parents=True, exist_ok=True)
        for number, mail in enumerate(receivers.mail.messages):
            body = mail.get_body(("html",))
            assert body is not None
            Path(place, f"mail-{number}.html").write_text(body.get_content(), encoding="utf-8")
        texts = "\n\n".join(f"{title}\n{text}" for title, text in receivers.slack())
        Path(place, "slack.txt").write_text(texts, encoding="utf-8")
        for name, messages in (("pagerduty", receivers.pagers()), ("webhook", receivers.archive.messages)):
            Path(place, f"{name}.json").write_text(json.dumps(messages, indent=1), encoding="utf-8")
