"""What an alert is told as, and whether: properties over arbitrary alerts."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.clock import DAY_US, SECOND_US
from streams.core.enriched import Alert
from streams.core.noticing.notice_decisions import decide, utc_day
from streams.core.noticing.notices import (
    AlertHead,
    NoticePolicy,
    alert_name,
    annotations_of,
    clean,
    labels_of,
)
from streams.core.noticing.notification import decode_notification, encode_notification
from streams.events import Account
from tests.core.noticing.alert_heads import NOON_US, alert_head

_POLICY = NoticePolicy(
    evidence_url="https://example.org/{platform}/{subject}?alert={id}", runbook_url="https://example.org/runbooks/"
)


_text = st.text(st.characters(), max_size=300) | st.text(alphabet="\x00\n\u202e\ud800\u200cمa{}%", max_size=3_000)
_alerts = st.builds(
    alert_head,
    alert_id=st.text(alphabet=[chr(n) for n in range(33, 127)], min_size=1, max_size=128),
    rule=_text.map(lambda text: text[:200]),
    platform=_text,
    severity=st.sampled_from(["info", "warning", "critical"]),
    subject=st.builds(Account, id=_text, handle=st.none() | _text),
    countries=st.lists(_text, max_size=50).map(tuple),
    figures=st.dictionaries(_text, st.none() | st.booleans() | st.integers() | st.floats(), max_size=80),
    summary=_text,
)


@given(_alerts)
def test_whatever_an_alert_holds_its_labels_and_annotations_are_bounded_text(alert: AlertHead) -> None:
    """And valid UTF-8, and no label is empty, which to an Alertmanager is one that is not there."""
    labels, annotations = labels_of(alert), annotations_of(alert, _POLICY)
    assert set(labels) == {"alertname", "antiphon_id", "platform", "rule", "severity", "countries", "subject"}
    size = 0
    for value in (labels | annotations).values():
        assert value
        assert all(not _steers(line) for line in value.split("\n"))
        size += len(value.encode())
    assert all(len(value) <= 200 for value in labels.values())
    assert all("\n" not in value for name, value in annotations.items() if name != "figures")
    assert size < 40_000
    assert labels["antiphon_id"] == alert.id
    link = annotations.get("evidence_url", "https://example.org/")
    assert link.startswith("https://example.org/")
    assert link.isascii()
    assert len(link) <= 2_000


def _steers(text: str) -> bool:
    return any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 or c in "\u202a\u202b\u202c\u202d\u202e\u2028\u2029" for c in text)


def test_a_name_with_slashes_stays_one_part_of_a_link() -> None:
    hostile = alert_head(subject=Account(id="../../x?y#z"), platform="a/b")
    assert annotations_of(hostile, _POLICY)["evidence_url"] == (
        "https://example.org/a%2Fb/..%2F..%2Fx%3Fy%23z?alert=a1"
    )
    assert "{" not in annotations_of(alert_head("{platform}"), _POLICY)["evidence_url"]


def test_joiners_of_persian_spelling_stay_and_direction_marks_go() -> None:
    assert clean("می\u200cخواهم\u202egro", 100) == "می\u200cخواهم gro"
    assert clean("\u202e\x00 ", 100) == "-"
    assert clean("x" * 101, 100) == "x" * 99 + "…"


@pytest.mark.parametrize(("rule", "name"), [("new-account-burst", "NewAccountBurst"), ("x", "X"), ("", "-")])
def test_a_rule_is_named_as_alertmanagers_users_name_alerts(rule: str, name: str) -> None:
    assert alert_name(rule) == name


def test_a_subject_that_renames_itself_is_no_other_alert() -> None:
    told = labels_of(alert_head())
    renamed = labels_of(alert_head(subject=Account(id="12", handle="other")), told)
    assert renamed == told
    assert labels_of(alert_head(severity="critical"), told) != told


@pytest.mark.parametrize(
    ("alert", "published_s", "now_s", "decision"),
    [
        (alert_head(), 0, 0, "page"),
        (alert_head(), 86_400, 86_400, "page"),  # over, but published a moment ago and no older than it may be
        (alert_head(hours=48), 86_400, 86_400, "page"),
        (alert_head(hours=48), 86_401, 86_401, "back_fill"),
        (alert_head(), 0, 86_400, "page"),  # nobody was there to tell it when it fired
        (alert_head(), 0, 86_401, None),  # history
        (alert_head(status="expired"), 0, 0, "page"),
        (alert_head(status="retracted"), 0, 0, None),
        (alert_head(mode="shadow"), 0, 0, "shadow"),
    ],
)
def test_what_is_decided_of_a_new_alert(alert: AlertHead, published_s: int, now_s: int, decision: str | None) -> None:
    published_us, now_us = NOON_US + published_s * SECOND_US, NOON_US + now_s * SECOND_US
    found = decide(alert, published_us, now_us, None, 0, _POLICY)
    assert (found.decision if found else None) == decision


def test_of_a_rules_alerts_of_a_day_so_many_are_paged_as_its_budget_has() -> None:
    found = [decide(alert_head(), NOON_US, NOON_US, None, paged, _POLICY) for paged in (49, 50, 51)]
    assert [each.decision for each in found if each] == ["page", "over_budget", "over_budget"]


def test_what_was_beyond_the_budget_is_judged_anew_when_it_goes_on_on_another_day() -> None:
    held = decide(alert_head(), NOON_US, NOON_US, None, 50, _POLICY)
    assert held is not None
    tomorrow_us = NOON_US + DAY_US
    goes_on = alert_head(as_of_us=tomorrow_us, fired_at=alert_head().fired_at)
    assert decide(goes_on, NOON_US + 1, NOON_US + 1, held, 0, _POLICY) is None
    assert decide(alert_head(hours=48), NOON_US, tomorrow_us, held, 0, _POLICY) is None, "a restart is no news"
    again = decide(goes_on, tomorrow_us, tomorrow_us, held, 0, _POLICY)
    assert again is not None
    assert (again.decision, again.day) == ("page", utc_day(tomorrow_us))


def test_an_alert_that_fires_after_the_end_of_the_one_before_is_decided_about_by_itself() -> None:
    """Also one that is over by the time it is published. What used the budget of the day stays counted."""
    first = decide(alert_head(), NOON_US, NOON_US, None, 0, _POLICY)
    assert first is not None
    over = msgspec.structs.replace(first, resolved=True)
    later_us = NOON_US + 7_200 * SECOND_US
    second = decide(alert_head(as_of_us=later_us, status="expired"), later_us, later_us, over, 1, _POLICY)
    assert second is not None
    assert (second.decision, second.times) == ("page", 2)
    assert decide(alert_head(status="expired"), later_us, later_us, over, 1, _POLICY) is None


@given(st.builds(alert_head, severity=st.sampled_from(["info", "critical"]), hours=st.floats(0.1, 1_000)))
def test_a_decision_is_read_as_it_was_written(alert: AlertHead) -> None:
    found = decide(alert, NOON_US, NOON_US, None, 0, _POLICY)
    assert found is not None
    assert decode_notification(encode_notification(found)) == found


def test_the_head_of_an_alert_is_what_the_contract_says() -> None:
    """Every field of the head is one of the alert's, of the same type or a wider one."""
    theirs = {field.name for field in msgspec.structs.fields(Alert)}
    assert {field.name for field in msgspec.structs.fields(AlertHead)} < theirs
