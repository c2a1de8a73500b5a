"""What an alert is sent as: properties over arbitrary alerts."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.enriched import Alert
from streams.core.notifying.notices import (
    AlertHead,
    NotifyPolicy,
    alert_name,
    clean,
    countries_of,
    labels_of,
)
from streams.core.notifying.wording import annotations_of
from streams.events import Account
from tests.core.notifying.alert_heads import alert_head

_POLICY = NotifyPolicy(
    evidence_url="https://example.org/{platform}/{subject}?alert={id}", runbook_url="https://example.org/runbooks/"
)


def _said(alert: AlertHead, *, is_over: bool = False) -> dict[str, str]:
    return annotations_of(alert, _POLICY, alert.severity, alert.fired_at, is_over=is_over)


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
    labels, annotations = labels_of(alert, _POLICY), _said(alert, is_over=len(alert.summary) % 2 == 0)
    assert set(labels) == {"alertname", "antiphon_id", "environment", "platform", "rule", "subject"}
    labels |= {f"country {number}": country for number, country in enumerate(countries_of(alert))}
    size = 0
    for value in (labels | annotations).values():
        assert value
        assert all(not _steers(line) for line in value.split("\n"))
        size += len(value.encode())
    assert all(len(value) <= 200 for value in labels.values())
    assert all("\n" not in value for name, value in annotations.items() if name not in ("figures", "why"))
    assert size < 80_000
    assert labels["antiphon_id"] == alert.id
    link = annotations.get("evidence_url", "https://example.org/")
    assert link.startswith("https://example.org/")
    assert link.isascii()
    assert len(link) <= 2_000


def _steers(text: str) -> bool:
    return any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 or c in "\u202a\u202b\u202c\u202d\u202e\u2028\u2029" for c in text)


def test_a_name_with_slashes_stays_one_part_of_a_link() -> None:
    hostile = alert_head(subject=Account(id="../../x?y#z"), platform="a/b")
    assert _said(hostile)["evidence_url"] == ("https://example.org/a%2Fb/..%2F..%2Fx%3Fy%23z?alert=a1")
    assert "{" not in _said(alert_head("{platform}"))["evidence_url"]


def test_joiners_of_persian_spelling_stay_and_direction_marks_go() -> None:
    assert clean("می\u200cخواهم\u202egro", 100) == "می\u200cخواهم gro"
    assert clean("\u202e\x00 ", 100) == "-"
    assert clean("x" * 101, 100) == "x" * 99 + "…"


@pytest.mark.parametrize(
    ("rule", "name"), [("new-account-burst", "NewAccountBurst"), ("x", "X"), ("", "-"), ("silence", "OfficialsSilent")]
)
def test_a_rule_is_named_as_alertmanagers_users_name_alerts(rule: str, name: str) -> None:
    assert alert_name(rule) == name


def test_the_head_of_an_alert_is_what_the_contract_says() -> None:
    """Every field of the head is one of the alert's, of the same type or a wider one."""
    theirs = {field.name for field in msgspec.structs.fields(Alert)}
    assert {field.name for field in msgspec.structs.fields(AlertHead)} < theirs
