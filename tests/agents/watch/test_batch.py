"""WATCH's work on one batch, without a broker: what is skipped, what is written where, what is forgotten."""

import msgspec
import pytest

from streams.agents.watch.batch import WatchedBatch, forget_old, subject_ticks, watch_batch
from streams.core.clock import DAY_US, HOUR_US
from streams.core.country_event import CountryEvent, encode_country_event
from streams.core.officials import Official
from streams.core.subject_event import Coordinates, decode_subject_event
from streams.core.tracked import decode_tracked, official_id_key
from streams.core.watching.ledger import record_key
from streams.core.watching.records import CountryTime, PostVersion
from streams.core.watching.watch_outcome import WatchOutcome
from streams.core.watching.watch_policy import WatchPolicy
from streams.core.watching.watcher import Watcher
from streams.deadletters import Reason
from streams.events import Account
from streams.kafka.dead_letter_record import read_dead_letter
from streams.ledger.sqlite import SqliteLedger
from streams.ledger.store import GRACE_US
from streams.rules_loading import bundled_rules
from tests.agents.records import MadeRecord
from tests.core.watching.watch_events import post, standing, tick
from tests.ledger.records import an_entry

_BEGIN_US = 1_640_995_200_000_000
_POLICY = WatchPolicy()


def _event(number: int, **fields: object) -> CountryEvent:
    event = CountryEvent(
        kind="post",
        country="IR",
        platform="twitter",
        event_id=str(number),
        at_us=_BEGIN_US + number,
        source=Coordinates("retweets", 0, number),
        official=Official(id="9", handle="official", country="IR", category="diplomat"),
        post_kind="retweet",
        subject=Account(id="7"),
        post_id="1",
    )
    return msgspec.structs.replace(event, **fields)


def _records(*events: CountryEvent) -> list[MadeRecord]:
    return [MadeRecord(offset, None, encode_country_event(event)) for offset, event in enumerate(events)]


def _watcher(ledger: SqliteLedger) -> Watcher:
    return Watcher(bundled_rules(), _POLICY, ledger)


def test_only_what_was_not_applied_yet_is_applied() -> None:
    """And the position never goes back."""
    ledger = SqliteLedger()
    records = _records(_event(0), _event(1), _event(2))
    watched = watch_batch(records, 0, 2, _watcher(ledger))
    assert (len(ledger), watched.position, watched.countries) == (1, 3, {"IR": 1})
    assert watched.newest_us == _BEGIN_US + 2
    watched = watch_batch(records, 0, 7, _watcher(ledger))
    assert (len(ledger), watched.position, watched.outputs, watched.newest_us) == (1, 7, [], None)


def test_a_batch_takes_so_many_standings_that_it_is_over_soon_and_leaves_the_rest_to_the_next() -> None:
    """Each opens a watch, which is counted whole: 500 together were seen to take minutes of a busy machine."""
    ledger = SqliteLedger()
    accounts = [Account(id=str(10**6 + number)) for number in range(100)]
    records = _records(*(standing(subject=account) for account in accounts), tick(1))
    found = []
    position = 0
    while position < len(records):
        watched = watch_batch(records[position:], 0, position, _watcher(ledger))
        found.append((watched.taken, len(watched.aftermaths)))
        position = watched.position
    assert found == [(64, 64), (37, 36)]


def test_a_withdrawal_goes_to_its_subject_and_an_official_s_id_to_everybody() -> None:
    """An official whom the roster has by handle alone is introduced under the key that such records have."""
    deletion = _event(5, kind="deletion", post_id="3", event_id="d", subject=None)
    watched = watch_batch(_records(_event(3), deletion), 0, 0, _watcher(SqliteLedger()))
    [output] = [record for record in watched.outputs if record.topic == "subject-events"]
    assert output.key == b"twitter:7"
    event = decode_subject_event(output.value or b"")
    assert (event.kind, event.event_id, event.at_us) == ("withdrawal", "3", _BEGIN_US + 5)
    [introduced] = [record for record in watched.outputs if record.topic == "tracked-accounts"]
    assert introduced.key == official_id_key("twitter", "9")
    assert decode_tracked(introduced.value or b"").handle == "official"


def test_a_tick_is_no_news_of_any_state() -> None:
    tick = CountryEvent(
        kind="tick", country="", platform="antiphon", event_id="t", at_us=_BEGIN_US, source=Coordinates("tick", 0, 0)
    )
    watched = watch_batch(_records(tick), 0, 0, _watcher(SqliteLedger()))
    assert (watched.countries, watched.newest_us, watched.position) == ({}, None, 1)


def test_track_receives_each_new_day_once() -> None:
    """In every partition, by way of the ledger: a batch that comes again in another life says the same."""
    ledger = SqliteLedger()
    hours = [0, 1, 23, 25, 26, 24, 49]
    new_days = []
    for number, hour in enumerate(hours):
        tick = _event(number, kind="tick", country="", official=None, subject=None, at_us=_BEGIN_US + hour * HOUR_US)
        new_days.append(watch_batch(_records(tick), 0, 0, _watcher(ledger)).new_day_us)
    assert new_days == [_BEGIN_US, None, None, _BEGIN_US + 25 * HOUR_US, None, None, _BEGIN_US + 49 * HOUR_US]
    events = {record.partition: decode_subject_event(record.value or b"") for record in subject_ticks(5, 3)}
    assert {number: (event.kind, event.at_us) for number, event in events.items()} == dict.fromkeys(
        range(3), ("tick", 5)
    )


def test_a_record_that_no_agent_of_ours_wrote_is_set_aside_and_the_next_one_counts() -> None:
    records = [MadeRecord(4, b"IR", b"{}"), MadeRecord(5, b"IR", encode_country_event(_event(1)))]
    watched = watch_batch(records, 3, 0, _watcher(SqliteLedger()))
    assert (watched.countries, watched.position) == ({"IR": 1}, 6)
    (letter,) = watched.set_aside
    assert letter in watched.outputs
    assert (letter.topic, letter.key, letter.value) == ("dead-letters", b"IR", b"{}")
    dead_letter = read_dead_letter(letter.value, letter.headers)
    assert (dead_letter.reason, dead_letter.topic, dead_letter.partition, dead_letter.offset) == (
        Reason.NOT_AN_EVENT,
        "country-events",
        3,
        4,
    )


def _news_of(new_day_us: int | None = None, **countries: int) -> WatchedBatch:
    return WatchedBatch([], (), (), countries, 0, None, new_day_us)


def test_what_no_event_to_come_can_concern_is_forgotten_after_the_grace_a_step_at_a_time() -> None:
    """Counted back from the newest event of its own State; one that is heard of no more keeps what it has."""
    ledger = SqliteLedger()
    days = _POLICY.ledger_days + _POLICY.slack_days
    for number in range(300):
        ledger.put(an_entry(str(number), _BEGIN_US + number))
    ledger.put(an_entry("young", _BEGIN_US + 300))
    ledger.put(an_entry("elsewhere", _BEGIN_US, country="RU"))
    ledger.put(CountryTime("IR", _BEGIN_US + days * DAY_US + 300))
    now_us = _BEGIN_US
    assert forget_old(ledger, _news_of(IR=1, RU=1), _POLICY, now_us) == 0
    assert forget_old(ledger, _news_of(IR=1), _POLICY, now_us + GRACE_US - 1) == 0
    gone = [forget_old(ledger, _news_of(IR=60, RU=1), _POLICY, now_us + GRACE_US) for _ in range(4)]
    assert gone == [120, 120, 60, 0]
    assert len(ledger) == 2
    assert ledger.get(record_key(an_entry("young", 0))) is not None


def test_what_is_of_no_state_is_forgotten_on_a_new_day_whether_or_not_anything_is_deleted_by_nobody_knows_whom() -> (
    None
):
    """Such as which post a version is one of: a deletion that names nobody asks for it."""
    ledger = SqliteLedger()
    version = PostVersion("twitter", "2", "", "1", "7", _BEGIN_US)
    ledger.put(version)
    ledger.put(CountryTime("", _BEGIN_US + (_POLICY.ledger_days + _POLICY.slack_days) * DAY_US + 1))
    assert forget_old(ledger, _news_of(IR=1), _POLICY, _BEGIN_US) == 0
    assert forget_old(ledger, _news_of(IR=1), _POLICY, _BEGIN_US + GRACE_US) == 0
    assert forget_old(ledger, _news_of(new_day_us=1, IR=1), _POLICY, _BEGIN_US + GRACE_US) == 1
    assert ledger.get(record_key(version)) is None


@pytest.mark.parametrize("quiet", [False, True])
def test_suspensions_are_forgotten_when_the_watermark_has_come_so_far_whether_or_not_their_state_posts(
    quiet: bool,
) -> None:
    """A State of which nothing is heard is looked at once a day of event time."""
    ledger = SqliteLedger()
    watcher = _watcher(ledger)
    events = [post("p", 0), standing(), tick(20)]
    watch_batch(_records(*events), 0, 0, watcher)
    now_us = _BEGIN_US
    assert forget_old(ledger, _news_of(IR=1), _POLICY, now_us) == 0
    later_us = now_us + GRACE_US
    news = _news_of(new_day_us=1) if quiet else _news_of(IR=1)
    assert forget_old(ledger, news, _POLICY, later_us) == 1, "what tells that a count rests on all that there was"
    watch_batch(_records(tick(_POLICY.remembered_days + 1)), 0, 0, watcher)
    ledger.flush()
    assert forget_old(ledger, news, _POLICY, later_us) == 3
    assert forget_old(ledger, news, _POLICY, later_us) == 0
    gone = {key for key, value in ledger.flush().items() if value is None}
    assert {key[:2] for key in gone} == {b"s/", b"r/", b"c/"}
    late = watch_batch(_records(standing(version=2, by=7)), 0, 0, watcher)
    assert (late.aftermaths, late.alerts) == ((), ())
    assert watcher.outcomes[WatchOutcome.TOO_LATE] == 1
