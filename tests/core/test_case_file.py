"""What is known of an account, put together from records in the order of their topics."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from streams.core.alert_state import alert_state, urgency
from streams.core.case_file import Versions, linked_evidence, unseen_of
from streams.core.clock import to_us
from streams.core.enriched import Alert, Amplification
from streams.core.enriched_topics import enriched_topic_named
from streams.events import Coverage
from streams.schemas.examples import EXAMPLES

_ALERT: Any = EXAMPLES["alert"][1]
_AMPLIFICATION: Any = EXAMPLES["amplification"][1]
_AT = datetime(2026, 11, 1, tzinfo=UTC)
assert isinstance(_ALERT, Alert)
assert isinstance(_AMPLIFICATION, Amplification)


def _changed(**changes: Any) -> Alert:
    alert: Alert = msgspec.structs.replace(_ALERT, **changes)
    return alert


def test_the_last_record_of_an_alert_is_valid_and_the_earlier_ones_are_its_versions() -> None:
    versions = Versions[Alert](enriched_topic_named("alerts"))
    other = _changed(id="f" * 32, fired_at=_AT)
    for record in (_ALERT, other, _changed(severity="critical")):
        versions.take(record.id, record, 1_000)
    assert [[each.record.severity for each in of_one] for of_one in versions.all()] == [
        ["warning", "critical"],
        ["warning"],
    ]
    assert versions.all()[0][0].written_at == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
    versions.take(_ALERT.id, None, 2_000)
    assert versions.last() == [other]


def test_of_one_thing_at_most_so_many_versions_are_kept_and_the_newest() -> None:
    versions = Versions[Alert](enriched_topic_named("alerts"), most=2)
    for count in (1, 2, 3):
        versions.take(_ALERT.id, _changed(evidence_total=count), 0)
    assert [each.record.evidence_total for each in versions.all()[0]] == [2, 3]
    assert versions.all()[0][0].written_at is None


def test_a_record_that_is_about_somebody_else_by_now_takes_the_place_of_one_that_was_not() -> None:
    versions = Versions[Alert](enriched_topic_named("alerts"), concerns=lambda alert: "XK" in alert.countries)
    versions.take(_ALERT.id, _ALERT, 0)
    versions.take(_ALERT.id, _changed(countries=("IR",)), 0)
    assert versions.last() == []


def test_evidence_is_newest_first_with_the_handle_of_who_acted_and_a_link() -> None:
    assert [each.event_id for each in linked_evidence(_ALERT, None, [])] == [
        each.event_id for each in reversed(_ALERT.evidence)
    ]
    [first] = [e for e in linked_evidence(_ALERT, None, [_AMPLIFICATION]) if e.event_id == _AMPLIFICATION.id]
    assert first.handle == "minister_example"
    assert first.link == f"https://x.com/minister_example/status/{_AMPLIFICATION.id}"


def test_an_alert_fires_until_it_expires_whatever_its_record_says() -> None:
    before, after = to_us(_ALERT.expires_at) - 1, to_us(_ALERT.expires_at)
    assert (alert_state(_ALERT, before), alert_state(_ALERT, after)) == ("firing", "over")
    assert alert_state(_changed(status="expired"), before) == "over"
    assert alert_state(_changed(status="retracted"), before) == "retracted"


def test_the_most_urgent_alert_is_first() -> None:
    """What fires before what is over, then by severity, rules on trial last, the newest first."""
    now_us = to_us(_ALERT.expires_at) - 1
    over = _changed(id="over", severity="critical", status="expired")
    shadow = _changed(id="shadow", severity="critical", mode="shadow")
    critical = _changed(id="critical", severity="critical")
    newer = _changed(id="newer", fired_at=_ALERT.fired_at + timedelta(hours=1))
    taken_back = _changed(id="retracted", severity="critical", status="retracted")
    ordered = sorted([taken_back, _ALERT, over, newer, shadow, critical], key=lambda a: urgency(a, now_us))
    assert [each.id for each in ordered] == ["critical", "shadow", "newer", _ALERT.id, "over", "retracted"]


def _span(name: str, days: int, until: int | None, *, seen: bool = False, **more: Any) -> Coverage:
    end = None if until is None else _AT + timedelta(days=until)
    since = _AT + timedelta(days=days)
    return Coverage(
        platform="bluesky", id=name, at=end or since, source="jetstream", seen=seen, since=since, until=end, **more
    )


def test_what_went_unseen_are_the_gaps_that_nothing_brought_afterwards() -> None:
    records = [
        _span("seen", -30, None, seen=True),
        _span("gap", 1, None),
        _span("gap", 1, 2, reason="stopped"),
        _span("brought", 3, 4, closed_by="replay"),
        _span("long ago", -20, -19),
    ]
    unseen = unseen_of("bluesky", records, _AT, None)
    assert unseen.reported
    assert unseen.seen_since == _AT - timedelta(days=30)
    assert [(gap.id, gap.until) for gap in unseen.gaps] == [("gap", _AT + timedelta(days=2))]
    assert not unseen_of("twitter", records, _AT, None).reported
