"""A record of evidence says what it is of, whatever an id holds, and what was withheld does not come back."""

from datetime import UTC, datetime
from hashlib import sha256
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.evidence import (
    EvidenceEntry,
    EvidenceFold,
    EvidenceKey,
    EvidenceRecordError,
    event_key,
    read_evidence_record,
)
from streams.core.evidence_records import (
    CHUNK_BYTES,
    EVENT_BYTES,
    EvidenceRecord,
    alert_evidence,
    event_evidence,
    roster_evidence,
    roster_of,
    rules_evidence,
    withheld_evidence,
)
from streams.core.rosters.roster import Roster, RosterEntry
from streams.core.rule_files.rule_file import parse_rules
from streams.core.subject_event import Coordinates
from streams.events import Account, Profile, decode_event, encode_event
from streams.rules_loading import bundled_rules_text
from tests.core.evidence_checks import is_intact

_AT = datetime(2020, 7, 20, 9, 30, tzinfo=UTC)
_SOURCE = Coordinates("profiles", 2, 40)
_ids = st.text(st.characters(codec="utf-8"), min_size=1, max_size=256)


def _payload(event_id: str = "1", name: str = "a") -> bytes:
    return encode_event(
        Profile(platform="twitter", id=event_id, at=_AT, observed_at=_AT, actor=Account(id="7", name=name))
    )


def _evidence_of(payload: bytes, source: Coordinates, received_us: int) -> EvidenceRecord:
    return event_evidence(decode_event(payload), payload, source, received_us)


def _read(record: EvidenceRecord, written_ms: int = 5) -> EvidenceEntry:
    return read_evidence_record(record.key, record.value, record.headers, written_ms)


@given(_ids, _ids)
def test_two_events_have_two_keys_of_bounded_length_that_are_read_back(one: str, other: str) -> None:
    keys = []
    for event_id in (one, other):
        record = _evidence_of(_payload(event_id), _SOURCE, 9_000)
        assert len(record.key) < 400
        keys.append(_read(record).key)
        assert keys[-1] == event_key(decode_event(_payload(event_id)), sha256(_payload(event_id)).hexdigest())
    assert (keys[0].id == keys[1].id) == (keys[0] == keys[1]) == (one == other)


@pytest.mark.parametrize("event_id", ["a/b", "/", "event/twitter/post/1", "a\nb", "x" * 256, "ಠ" * 256, "\x00" * 200])
def test_an_id_may_hold_anything(event_id: str) -> None:
    entry = _read(_evidence_of(_payload(event_id), _SOURCE, 9_000))
    assert (entry.key.kind, entry.key.platform, entry.key.event_kind) == ("event", "twitter", "profile")
    assert entry.key.id == event_id or (len(event_id) > 40 and "~" in entry.key.id)


def test_an_entry_tells_where_the_event_stood_and_when_it_was_seen() -> None:
    entry = _read(_evidence_of(_payload(), _SOURCE, 9_000))
    assert (entry.value, entry.source, entry.received_at) == (_payload(), _SOURCE, 9_000)
    assert entry.observed_at == int(_AT.timestamp()) * 1_000_000
    assert is_intact(entry)


def test_copies_of_one_event_that_differ_are_all_kept_and_the_same_bytes_are_one() -> None:
    """Of copies that differ every one may have been counted: the larger number of followers of two, for example."""
    fold = EvidenceFold()
    for name in ("a", "b", "a"):
        fold.apply(_read(_evidence_of(_payload(name=name), _SOURCE, 9_000)))
    assert sorted(entry.value or b"" for entry in fold.entries().values()) == [_payload(name="a"), _payload(name="b")]


def test_what_is_withheld_keeps_its_hash_and_stays_withheld_when_it_is_written_again() -> None:
    event = _evidence_of(_payload(), _SOURCE, 9_000)
    entry = _read(event)
    fold = EvidenceFold()
    for record in (event, *withheld_evidence(entry, "asked for"), event):
        fold.apply(_read(record))
    [found] = fold.entries().values()
    assert (found.value, found.withheld, found.sha256) == (None, "asked for", entry.sha256)
    assert (found.source, found.received_at, found.observed_at) == (_SOURCE, 9_000, entry.observed_at)
    assert not is_intact(found)


def test_a_tombstone_ends_an_entry() -> None:
    fold = EvidenceFold()
    record = alert_evidence("ab" * 16, b"{}")
    fold.apply(_read(record))
    fold.apply(read_evidence_record(record.key, None, (), 6))
    assert fold.entries() == {}


def test_an_event_larger_than_the_topic_takes_is_withheld_with_its_size_and_hash() -> None:
    payload = _payload()[:-1] + b" " * EVENT_BYTES + b"}"
    entry = _read(_evidence_of(payload, _SOURCE, 9_000))
    assert (entry.value, entry.withheld) == (None, f"too large: {len(payload)} bytes")
    assert entry.sha256 == sha256(payload).hexdigest()


def _entry(number: int) -> RosterEntry:
    return RosterEntry(
        platform="twitter",
        account_id=str(number),
        handle=f"official_{number}",
        country="FR",
        category="diplomat",
        name="ಠ" * 200,
        source_url="https://example.org/" + "x" * 200,
    )


def test_a_roster_is_put_together_from_its_chunks_in_any_order_and_from_nothing_less() -> None:
    roster = Roster(_entry(number) for number in range(2_000))
    records = list(roster_evidence(roster))
    assert len(records) > 1
    assert all(len(record.value or b"") <= CHUNK_BYTES for record in records)
    chunks = list(map(_read, records))
    Random(1).shuffle(chunks)
    assert roster_of(chunks) == roster
    other = list(map(_read, roster_evidence(Roster(_entry(number) for number in range(3_000)))))
    for wrong in ([], chunks[1:], [*chunks[1:], other[0]], [*chunks[1:], chunks[1]]):
        with pytest.raises(EvidenceRecordError):
            roster_of(wrong)


def test_an_empty_roster_has_one_chunk() -> None:
    assert roster_of(map(_read, roster_evidence(Roster([])))) == Roster([])


def test_rules_are_kept_as_the_text_that_was_read_and_name_every_rule_in_it() -> None:
    text = bundled_rules_text()
    rules = parse_rules(text, "the bundled rules")
    entry = _read(rules_evidence(rules, text))
    assert entry.key.digest == rules.digest
    assert entry.rule_digests == tuple(rule.digest for rule in rules.rules)
    assert parse_rules((entry.value or b"").decode(), "kept") == rules


def test_versions_of_an_alert_have_keys_of_their_own() -> None:
    keys = [_read(alert_evidence("ab" * 16, value)).key for value in (b"{}", b"[]")]
    assert keys[0].id == keys[1].id == "ab" * 16
    assert keys[0] != keys[1]


@pytest.mark.parametrize(
    "key",
    [
        EvidenceKey("event", "0" * 64, "x", "post", "a/b"),
        EvidenceKey("roster", "1" * 64, chunk=12),
        EvidenceKey("rules", "2" * 64),
        EvidenceKey("alert", "3" * 64, id="ab" * 16),
    ],
)
def test_every_key_is_read_back(key: EvidenceKey) -> None:
    headers = [("sha256", b"0" * 64)]
    assert read_evidence_record(str(key).encode(), b"", headers, 1).key == key


@pytest.mark.parametrize(
    ("key", "headers"),
    [
        (None, [("sha256", b"0" * 64)]),
        (b"\xff", [("sha256", b"0" * 64)]),
        (b"event/twitter/post/1", [("sha256", b"0" * 64)]),
        (b"rules/" + b"0" * 64, []),
        (b"rules/" + b"0" * 64, [("sha256", b"0" * 64), ("offset", b"-1")]),
        (b"withheld/rules/" + b"0" * 64, [("sha256", b"0" * 64)]),
    ],
)
def test_a_record_of_somebody_elses_is_told(key: bytes | None, headers: list[tuple[str, bytes | None]]) -> None:
    with pytest.raises(EvidenceRecordError):
        read_evidence_record(key, b"", headers, 1)
