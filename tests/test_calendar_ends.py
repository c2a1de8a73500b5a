"""The ends of the calendar with their offsets, at every door for times: read or refused, never an error."""

from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.agents.screen.progress_reports import event_time_us
from streams.core.backtest import Backtest
from streams.core.clock import DAY_US, FIRST_US, LAST_US, from_us
from streams.core.rosters.roster import Roster
from streams.core.rosters.roster_dates import parse_bound_us
from streams.core.subject_event import Coordinates
from streams.events import Event, decode_event
from streams.formats.canonical import CanonicalReader
from streams.formats.suspensions.suspensions_csv import COLUMNS, SuspensionsCsvReader
from streams.formats.twitter.twitter_v1_fields import parse_created_at, parse_timestamp_ms
from streams.ledger.memory import MemoryLedger
from streams.rules_loading import bundled_rules
from tests.core.tracking.strategies import OFFICIALS, retweet
from tests.core.tracking.track_run import TrackRun
from tests.core.watching.watch_events import standing, tick
from tests.core.watching.watch_run import WatchRun

_offsets = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))
_near = st.sampled_from([FIRST_US, LAST_US]).flatmap(
    lambda end: st.integers(0, 2 * DAY_US).map(lambda d: end + (d if end < 0 else -d))
)
_times = st.tuples(_near, _offsets).map(lambda each: from_us(each[0]).replace(tzinfo=each[1]).isoformat())
_bodies = st.sampled_from(
    [
        {"kind": "retweet", "actor": {"id": "o1"}, "subject": {"id": "12"}},
        {"kind": "post", "actor": {"id": "12"}, "text": "@x"},
        {"kind": "follow", "actor": {"id": "o1"}, "subject": {"id": "12"}},
        {"kind": "suspension", "actor": {"id": "12"}, "status": "suspended"},
        {"kind": "deletion", "actor": {"id": "o1"}, "post_id": "9"},
        {"kind": "profile", "actor": {"id": "12"}},
    ]
)


@pytest.mark.slow
@settings(max_examples=60)
@given(_bodies, _times, _times, _times)
def test_a_raw_event_is_read_or_refused(body: dict[str, object], at: str, observed_at: str, created_at: str) -> None:
    """By the reader of files, by SCREEN, and by what goes on from there, at any time of day and under any skew."""
    actor = {**body["actor"], "created_at": created_at}  # type: ignore[dict-item]
    line = msgspec.json.encode(
        {"platform": "twitter", "id": "1", "at": at, "observed_at": observed_at, **body, "actor": actor}
    )
    assert CanonicalReader().read(line)
    event_time_us(line, LAST_US)
    event: Event = decode_event(line)
    for now_us in (FIRST_US, 0, LAST_US + 2 * DAY_US):
        backtest = Backtest(Roster([]), bundled_rules(), MemoryLedger(), now_us=now_us)
        backtest.feed(event, Coordinates("posts", 0, 0))
        backtest.finish()


@given(st.integers(0, 400).map(lambda days: LAST_US - days * DAY_US))
def test_an_alert_whose_end_is_beyond_the_calendar_ends_with_it(at_us: int) -> None:
    run = TrackRun(bundled_rules())
    run.batch([retweet(number, official=OFFICIALS[number], at_us=at_us) for number in range(6)])
    assert all(alert.expires_at <= from_us(LAST_US) for alert in run.alerts.values())


def test_a_watch_whose_end_is_beyond_the_calendar_ends_with_it() -> None:
    days = (LAST_US - 1_599_336_000_000_000) / DAY_US - 1
    run = WatchRun(bundled_rules())
    run.batch([standing(opened=(days,)), tick(days)])
    assert [aftermath.ends_at.year for aftermath in run.aftermaths.values()] == [9999]


@given(_times, st.booleans())
def test_the_dates_of_a_roster_are_read_or_refused(text: str, last: bool) -> None:
    for written in (text, text[:10]):
        try:
            from_us(parse_bound_us(written, last=last))
        except ValueError:
            continue


@given(_near, st.integers(0, 10**25))
def test_foreign_payloads_are_read_or_refused(at_us: int, number: int) -> None:
    at = from_us(at_us)
    parse_created_at(f"Mon {at:%b %d %H:%M:%S} +0000 {at.year:04}")
    assert parse_timestamp_ms(number) is None or parse_timestamp_ms(number) <= datetime.max.replace(tzinfo=UTC)  # type: ignore[operator]
    parse_timestamp_ms(str(number))
    reader = SuspensionsCsvReader()
    reader.read(",".join(COLUMNS).encode())
    row = dict.fromkeys(COLUMNS, "") | {
        "user_id": "12",
        "observed_date": at.date().isoformat(),
        "account_created_date": "0001-01-01",
    }
    reader.read(",".join({**row, "reversed_date": at.date().isoformat()}[column] for column in COLUMNS).encode())
