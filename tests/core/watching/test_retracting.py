"""An alert about an aftermath that a person retracted: it stays so, whatever is learned of the watch."""

from typing import Final

import pytest
from msgspec.structs import replace

from streams.core.country_event import CountryEvent
from streams.core.enriched import Alert
from streams.core.retractions import retraction_order
from streams.core.watching.keys import published_hashes_key
from streams.core.watching.records import PublishedHashes
from streams.core.watching.watch_outcome import WatchOutcome
from streams.rules_loading import bundled_rules
from tests.core.watching.watch_events import SUBJECT, day, deletion, post, standing, tick
from tests.core.watching.watch_run import WatchRun

_RULE: Final = "clean-up"


def _retraction(alert: Alert, at_us: int = day(61)) -> CountryEvent:
    order = retraction_order(alert, "an archive was moved", at_us)
    assert isinstance(order, CountryEvent)
    return order


def _alert(run: WatchRun) -> Alert:
    [alert] = [alert for alert in run.alerts.values() if alert.rule == _RULE]
    return alert


@pytest.fixture
def run() -> WatchRun:
    """Twenty posts that are taken back two days after a suspension, and the alert of it retracted."""
    posts = [post(f"m{n}", -12) for n in range(20)]
    run = WatchRun(bundled_rules()).run(
        [[*posts, *(deletion(f"m{n}", 2) for n in range(20)), standing(), tick(60)]],
    )
    assert _alert(run).status == "firing"
    run.run([[_retraction(_alert(run))]])
    return run


def test_its_record_says_why(run: WatchRun) -> None:
    assert (_alert(run).status, _alert(run).retracted_because) == ("retracted", "an archive was moved")
    assert run.outcomes[WatchOutcome.RETRACTION] == 1


def test_what_comes_late_is_counted_and_does_not_bring_it_back(run: WatchRun) -> None:
    before = _alert(run).figures
    run.run([[post("late", -12), deletion("late", 3)]])
    assert _alert(run).figures != before
    assert _alert(run).status == "retracted"


def test_the_same_order_again_writes_nothing(run: WatchRun) -> None:
    published = run.published
    run.run([[_retraction(_alert(run), day(62))]])
    assert run.published == published


def test_a_watch_that_goes_on_under_another_name_takes_it_along(run: WatchRun) -> None:
    run.run([[standing(opened=(-7.5,), version=2)]])
    alerts = [alert for alert in run.alerts.values() if alert.rule == _RULE]
    assert len(alerts) == 2, "the case did not come up"
    assert {(alert.status, alert.superseded_by, alert.retracted_because) for alert in alerts} == {
        ("retracted", None, "an archive was moved")
    }


def test_a_more_severe_one_fires(run: WatchRun) -> None:
    record = run.ledger.get(published_hashes_key("IR", "twitter", SUBJECT.id))
    assert isinstance(record, PublishedHashes)
    lesser = {name: replace(each, severity=0) for name, each in record.retractions.items()}
    run.ledger.put(replace(record, retractions=lesser))
    run.run([[post("late", -12), deletion("late", 3)]])
    assert (_alert(run).status, _alert(run).retracted_because) == ("firing", None)


def test_an_alert_of_which_nothing_is_known_any_more_is_written_as_it_was_read(run: WatchRun) -> None:
    empty = WatchRun(bundled_rules()).run([[_retraction(replace(_alert(run), status="firing"))]])
    assert _alert(empty) == _alert(run)
