"""What alerts are at a moment, in lists and counts; and deletions by what is gone."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from msgspec import Struct
from msgspec.structs import replace

from streams.console.store.building import StoreBuilding
from streams.console.store.filters import AlertFilter, AlertStateName, PageOf
from streams.console.store.reading import Store
from streams.console.store.writing import PartitionPart
from streams.core.clock import to_us
from streams.core.enriched import Alert
from streams.core.evidence_records import event_evidence
from streams.core.subject_event import Coordinates
from streams.events import Account, Deletion, Event, Retweet, encode_event
from tests.console.case_records import in_file


class _Record(Struct, frozen=True):
    offset: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]] = []
    timestamp: int = 1_700_000_000_000


@pytest.fixture
def alert(case_folder: Path) -> Alert:
    found: Alert = in_file(case_folder, "alerts")[0]
    return found


@pytest.fixture
def states(alert: Alert, tmp_path: Path) -> Iterator[Store]:
    """An alert of each state, and two that their records call firing: one of them has expired meanwhile."""
    alerts = [
        replace(alert, id="firing", status="firing"),
        replace(alert, id="over", status="firing", expires_at=alert.as_of + timedelta(hours=1)),
        replace(alert, id="closed", status="expired"),
        replace(alert, id="gone", status="retracted"),
        replace(alert, id="part", status="retracted", superseded_by="firing"),
    ]
    records = [_Record(place, each.id.encode(), msgspec.json.encode(each)) for place, each in enumerate(alerts)]
    with StoreBuilding(tmp_path, kind="topics", origin="") as building:
        building.writer.take([PartitionPart(topic="alerts", partition=0, records=records, next=len(records))])
        building.put_in_place()
    store = Store(tmp_path)
    yield store
    store.close()


def _wanted(alert: Alert, *wanted: AlertStateName) -> AlertFilter:
    return AlertFilter(states=wanted, now_us=to_us(alert.as_of + timedelta(hours=2)))


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (("firing",), {"firing"}),
        (("expired",), {"over", "closed"}),
        (("retracted",), {"gone"}),
        (("superseded",), {"part"}),
        (("firing", "superseded"), {"firing", "part"}),
        (("firing", "expired"), {"firing", "over", "closed"}),
        ((), {"firing", "over", "closed"}),
    ],
)
def test_alerts_are_found_by_what_they_are_now(
    states: Store, alert: Alert, wanted: tuple[AlertStateName, ...], expected: set[str]
) -> None:
    """Whatever their records say: one that nobody closed has expired all the same."""
    asked = _wanted(alert, *wanted)
    assert {row.id for row in states.alerts(asked, PageOf()).rows} == expected
    assert states.facets(asked).total == len(expected)


def test_states_are_counted_under_any_filter(states: Store, alert: Alert) -> None:
    """Each count is how many alerts the list has with it."""
    for asked in (_wanted(alert), _wanted(alert, "firing")):
        assert states.facets(asked).states == {"expired": 2, "firing": 1, "retracted": 1, "superseded": 1}
    assert states.facets(_wanted(alert, "expired")).severities == {alert.severity: 2}


def test_a_deletion_is_found_by_what_is_gone(alert: Alert, tmp_path: Path) -> None:
    """By the id of the post, on its platform; other deletions of the account are not."""
    actor, subject = Account(id="1"), Account(id="2")
    events: list[Event] = [
        Retweet(platform="twitter", id="a", at=alert.as_of, actor=actor, subject=subject),
        Deletion(platform="twitter", id="d1", at=alert.as_of, post_id="a", actor=actor),
        Deletion(platform="twitter", id="d2", at=alert.as_of + timedelta(hours=1), post_id="a"),
        Deletion(platform="twitter", id="d3", at=alert.as_of, post_id="b", actor=actor),
        Deletion(platform="x-other", id="d4", at=alert.as_of, post_id="a", actor=actor),
    ]
    records = []
    for place, event in enumerate(events):
        made = event_evidence(event, encode_event(event), Coordinates("raw", 0, place), 0)
        records.append(_Record(place, made.key, made.value, made.headers))
    with StoreBuilding(tmp_path, kind="topics", origin="") as building:
        building.writer.take([PartitionPart(topic="evidence", partition=0, records=records, next=len(records))])
        building.put_in_place()
    store = Store(tmp_path)
    found = store.deletions_of("twitter", ["a", "c"])
    assert {post: [each.key.id for each in deletions] for post, deletions in found.items()} == {"a": ["d1", "d2"]}
    assert {each.key.id for each in store.events_of_subject("twitter:1").rows} == {"a", "d1", "d3"}
    store.close()
