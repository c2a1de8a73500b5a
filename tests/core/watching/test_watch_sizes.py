"""What WATCH writes fits into a message for every legal input: ledger records, aftermaths, alerts, words to TRACK."""

from collections.abc import Iterator
from typing import Final

import msgspec
import pytest

from streams.core.bounds import RECORD_BYTES, VALUE_BYTES
from streams.core.clock import DAY_US, SECOND_US, from_us
from streams.core.country_event import (
    STATE_TEXT,
    Amplifier,
    CountryEvent,
    CountryEventKind,
    PostKind,
    Standing,
    SuspensionPeriod,
)
from streams.core.officials import Official
from streams.core.subject_event import Coordinates, encode_subject_event
from streams.core.tracked import encode_tracked
from streams.core.watching.ledger import Record, encode_record, record_key
from streams.core.watching.watch_policy import WatchPolicy
from streams.core.watching.watcher import Watcher
from streams.events import Account
from streams.ledger.memory import MemoryLedger
from streams.rules_loading import bundled_rules
from streams.topics import topic_named
from tests.core.tracking.extremes import longest_id

_OPENED_US: Final = 1_700_000_000 * SECOND_US
_OFFICIALS: Final = 4_096
_DELETING: Final = 200
_SUCCESSORS: Final = 60
_NAME: Final = "\x01" * 1_024
_WIDE: Final = "\U0001d538" * 300
_CREATED: Final = from_us(_OPENED_US + 3_600 * SECOND_US)
_SUBJECT: Final = Account(id="\x02" * 256, handle=_NAME, name=_NAME)


class _WeighingLedger(MemoryLedger):
    """Notes the largest record of each kind, as the changelog would have it."""

    def __init__(self) -> None:
        super().__init__()
        self.largest: dict[str, int] = {}

    def put(self, record: Record) -> None:
        size = len(encode_record(record)) + len(record_key(record))
        name = type(record).__name__
        self.largest[name] = max(size, self.largest.get(name, 0))
        super().put(record)


def _official(number: int) -> Official:
    return Official(id=longest_id(number), handle=f"{number}{_NAME}"[:1_024], country="XK", category="state_media")


def _event(kind: CountryEventKind, number: int, at_us: int, **more: object) -> CountryEvent:
    return CountryEvent(
        kind=kind,
        country="XK",
        platform="example",
        event_id=longest_id(number),
        at_us=at_us,
        source=Coordinates("posts", 0, number),
        roster_digest="d" * 64,
        **more,  # type: ignore[arg-type]  # fields of the event
    )


def _post(number: int, by: int, at_us: int, kind: PostKind, subject: Account) -> CountryEvent:
    words = " ".join(f"{number}w{index}{_WIDE}" for index in range(20))
    return _event(
        "post",
        number,
        at_us,
        official=_official(by),
        post_kind=kind,
        text=words[:STATE_TEXT],
        lang=f"{number}{_NAME}"[:1_024],
        links=("\U0001d538" * 1_024,) * 50,
        about=tuple(Account(id=f"{index:03}" + "\U0001d538" * 253, handle=_NAME) for index in range(52)),
        subject=subject,
        post_id=longest_id(number + 1),
    )


def _events() -> Iterator[CountryEvent]:
    """All officials of a State amplified a subject; many post about it and delete, and take other accounts up."""
    for number in range(_DELETING):
        yield _post(number, number, _OPENED_US - 3_600 * SECOND_US + number, "quote", _SUBJECT)
    amplifiers = tuple(
        Amplifier(longest_id(number)[-60:], _NAME[:42], "state_media", 3, _OPENED_US - DAY_US, _OPENED_US - 1)
        for number in range(_OFFICIALS - 2)
    ) + tuple(
        Amplifier(bounded.id, None, "state_media", 3, _OPENED_US - DAY_US, _OPENED_US - 1)
        for bounded in (Official(id=str(n), handle=None, country="XK", category="leader") for n in range(2))
    )
    period = SuspensionPeriod(_OPENED_US, "suspended", longest_id(1), Coordinates("suspensions", 0, 1))
    standing = Standing(version=1, periods=(period,), amplifiers=amplifiers)
    yield _event("standing", 1, _OPENED_US, subject=_SUBJECT, standing=standing)
    for number in range(_DELETING):
        yield _event(
            "deletion", 1_000_000 + number, _OPENED_US + number, official=_official(number), post_id=longest_id(number)
        )
    for number in range(_SUCCESSORS):
        account = Account(id=f"{number}\x03" * 64, handle=_NAME, name=_NAME, created_at=_CREATED)
        for by in range(2):
            official = Official(id=str(by), handle=None, country="XK", category="leader")
            post = _post(2_000_000 + 2 * number + by, 0, _OPENED_US + DAY_US, "retweet", account)
            yield msgspec.structs.replace(post, official=official)
    yield _event("tick", 9_000_000, _OPENED_US + 20 * DAY_US)


def _long(number: int) -> str:
    """An id or a handle as long as any that is kept."""
    return f"{number:08}" + "\U0001d538" * ((VALUE_BYTES - 8) // 4)


def _retweet_and_deletion(number: int, by: int) -> Iterator[CountryEvent]:
    """An official passed on what the subject said in the watch, and took that back."""
    official = Official(id=_long(by), handle=_long(by), country="XK", category="state_media")
    at_us = _OPENED_US + number
    retweet = _event("post", 0, at_us, official=official, post_kind="retweet", subject=_SUBJECT, post_id="1")
    yield msgspec.structs.replace(retweet, event_id=str(number))
    deletion = _event("deletion", 0, at_us + 1, official=official, post_id=str(number))
    yield msgspec.structs.replace(deletion, event_id=f"d{number}")


@pytest.mark.slow
def test_what_a_watch_counted_fits_however_many_officials_delete() -> None:
    """7,000 officials of a State, with the longest ids, each passed the subject on in the watch and took that back, a
    hundred of them twice. Those that had amplified it before are kept by name, then those that took most back; of the
    others it is kept how many there are.
    """
    crowd, twice, amplifying = 7_000, 100, 2_000
    ledger = _WeighingLedger()
    watcher = Watcher(bundled_rules(), WatchPolicy(), ledger)
    period = SuspensionPeriod(_OPENED_US, "suspended", "s", Coordinates("suspensions", 0, 1))
    amplifiers = tuple(
        Amplifier(_long(by), None, "state_media", 3, _OPENED_US - DAY_US, _OPENED_US - 1) for by in range(amplifying)
    )
    standing = Standing(version=1, periods=(period,), amplifiers=amplifiers)
    watcher.apply(_event("standing", 1, _OPENED_US, subject=_SUBJECT, standing=standing))
    for number in range(1, crowd + twice + 1):
        for event in _retweet_and_deletion(number, number if number <= crowd else 2 * crowd + 1 - number):
            watcher.apply(event)
    watcher.apply(_event("tick", 1, _OPENED_US + 20 * DAY_US))
    [aftermath] = watcher.flush().aftermaths
    assert ledger.largest["WatchCounts"] + 2_048 < topic_named("country-ledger").max_message_bytes
    assert (aftermath.references, aftermath.deletions) == (crowd + twice, crowd + twice)
    assert (aftermath.amplifying_officials, aftermath.silent_officials) == (amplifying, 1), "one did not"
    assert sum(count == 2 for count in aftermath.deletions_by_account.values()) == twice
    assert len(aftermath.deletions_by_account) == WatchPolicy().listed_officials


@pytest.mark.slow
def test_all_that_watch_writes_fits() -> None:
    """A State of 4,096 amplifying officials with the longest ids, of which 200 post and delete."""
    ledger = _WeighingLedger()
    watcher = Watcher(bundled_rules(), WatchPolicy(), ledger)
    outputs = [said for event in _events() for said in watcher.apply(event)]
    changes = watcher.flush()
    overhead = 2_048
    assert max(ledger.largest.values()) + overhead < topic_named("country-ledger").max_message_bytes
    assert {"Entry", "StandingRecord", "AmplifiedAccount", "PublishedHashes", "WatchCounts"} <= ledger.largest.keys()
    [aftermath] = changes.aftermaths
    assert (aftermath.amplifying_officials, aftermath.deletions) == (_OFFICIALS, _DELETING)
    assert aftermath.possible_successors
    assert len(msgspec.json.encode(aftermath)) <= RECORD_BYTES
    assert all(len(msgspec.json.encode(alert)) <= RECORD_BYTES for alert in changes.alerts)
    assert changes.alerts
    assert (
        max(len(encode_subject_event(each)) for each in outputs) + overhead
        < topic_named("subject-events").max_message_bytes
    )
    assert max(len(encode_tracked(each)) for each in changes.tracked) <= RECORD_BYTES
    assert watcher.shortened
