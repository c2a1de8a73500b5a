"""The format `canonical`: what was written as an event is read as the same event."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.deadletters import Reason, Rejection
from streams.events import Event, encode_event
from streams.formats.canonical import CanonicalReader
from tests.formats.canonical_events import events

READER = CanonicalReader()
LINE = (
    b'{"kind":"retweet","platform":"twitter","id":"2","at":"2020-07-30T12:00:00Z",'
    b'"actor":{"id":"10"},"subject":{"id":"20","created_at":"2020-07-01T00:00:00Z"}}'
)


@pytest.mark.slow
@given(events)
@settings(max_examples=200)
def test_every_event_is_read_as_it_was_written(event: Event) -> None:
    assert READER.read(encode_event(event)) == (event,)


@given(st.binary(max_size=20))
def test_what_an_event_does_not_name_is_ignored(value: bytes) -> None:
    """A newer producer may send more fields: a reader of today reads the rest."""
    line = LINE[:-1] + b',"a_later_field":' + msgspec.json.encode(value.hex()) + b"}"
    assert READER.read(line) == READER.read(LINE)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b'"retweet"', b'"poke"', Reason.UNKNOWN_SHAPE),
        (b'"kind":"retweet",', b"", Reason.NOT_AN_EVENT),
        (b'"2020-07-30T12:00:00Z"', b'"yesterday"', Reason.BAD_TIME),
        (b'"2020-07-30T12:00:00Z"', b'"2020-07-30T12:00:00"', Reason.BAD_TIME),
        (b'"2020-07-30T12:00:00Z"', b"1596110400", Reason.BAD_TIME),
        (b'"at":"2020-07-30T12:00:00Z",', b"", Reason.NOT_AN_EVENT),
        (b'"actor":{"id":"10"}', b'"actor":{"id":""}', Reason.NOT_AN_EVENT),
        (b'"2020-07-30T12:00:00Z"', b'"9999-12-31T23:59:59-00:01"', Reason.BAD_TIME),
        (b'"2020-07-01T00:00:00Z"', b'"0001-01-01T00:00:00+00:01"', Reason.BAD_TIME),
    ],
)
def test_a_broken_event_is_refused_for_what_is_wrong_with_it(old: bytes, new: bytes, reason: Reason) -> None:
    assert old in LINE
    reading = READER.read(LINE.replace(old, new))
    assert isinstance(reading, Rejection)
    assert reading.reason is reason


@pytest.mark.parametrize("place", ["actor", "mentions", "reply_to", "quotes", "subject", "observed_at"])
def test_no_time_anywhere_in_an_event_is_beyond_what_utc_holds(place: str) -> None:
    """The core converts every time to UTC, where the last day of the calendar can overflow."""
    last_day = "9999-12-31T23:59:59-00:01"
    account = {"id": "20", "created_at": last_day}
    event: dict[str, object] = {
        "kind": "post",
        "platform": "x",
        "id": "1",
        "at": "2020-07-30T12:00:00Z",
        "actor": {"id": "10"},
    }
    if place == "subject":
        event |= {"kind": "follow"}
    event[place] = {
        "mentions": [account],
        "reply_to": {"post_id": "5", "account": account},
        "quotes": {"post_id": "5", "account": account},
        "observed_at": last_day,
    }.get(place, account)
    reading = READER.read(msgspec.json.encode(event))
    assert isinstance(reading, Rejection)
    assert reading.reason is Reason.BAD_TIME
    in_utc = msgspec.json.encode(event).replace(last_day.encode(), b"9999-12-31T23:59:59Z")
    assert isinstance(READER.read(in_utc), tuple)


def test_a_refusal_names_the_place() -> None:
    reading = READER.read(LINE.replace(b'"subject":{"id":"20"', b'"subject":{"id":20'))
    assert isinstance(reading, Rejection)
    assert "$.subject.id" in reading.detail
