"""Whatever a line holds, every reader answers: events that survive the wire, a known name, or a bounded reason."""

import json
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.deadletters import Reason, Rejection
from streams.events import decode_event, encode_event
from streams.formats import canonical
from streams.formats.bluesky import jetstream, tap
from streams.formats.canonical import CanonicalReader
from streams.formats.mapped import mapped
from streams.formats.mastodon import mastodon
from streams.formats.reader import Reading, Skipped
from streams.formats.registry import FORMATS
from streams.formats.suspensions import suspensions_csv
from streams.formats.telegram import telegram
from streams.formats.twitter import twitter_archive, twitter_v1
from streams.formats.x import x_activity, x_compliance, x_v2, zeeschuimer
from streams.printable import printable
from tests.formats.canonical_events import events
from tests.formats.payloads import NOTICES, STATUSES, hostile_values, mutated_lines, sample_payloads, to_line

pytestmark = pytest.mark.slow

SKIPPED_NAMES = {
    "canonical": canonical.SKIPPED_NAMES,
    "twitter-archive": twitter_archive.SKIPPED_NAMES,
    "twitter-v1": twitter_v1.SKIPPED_NAMES,
    "jetstream": jetstream.SKIPPED_NAMES,
    "mastodon": mastodon.SKIPPED_NAMES,
    "suspensions-csv": suspensions_csv.SKIPPED_NAMES,
    "tap": tap.SKIPPED_NAMES,
    "telegram": telegram.SKIPPED_NAMES,
    "x-activity": x_activity.SKIPPED_NAMES,
    "x-compliance": x_compliance.SKIPPED_NAMES,
    "x-v2": x_v2.SKIPPED_NAMES,
    "zeeschuimer": zeeschuimer.SKIPPED_NAMES,
}
SKIPPED_NAMES |= {name: mapped.SKIPPED_NAMES for name in FORMATS if name.startswith("mapped:")}
JSON_FORMATS = {name for name in FORMATS if name != "suspensions-csv" and not name.startswith("mapped:")}


def outcome(format_name: str, line: bytes) -> str:
    """Read the line, hold the reading to the contract of every reader, and say in a word what it was."""
    return outcome_of(FORMATS[format_name].read(line), SKIPPED_NAMES[format_name])


def outcome_of(reading: Reading, skipped_names: frozenset[str]) -> str:
    """As `outcome`, of a reading."""
    match reading:
        case tuple():
            assert reading
            for event in reading:
                assert decode_event(encode_event(event)) == event
                assert CanonicalReader().read(encode_event(event)) == (event,)
            return type(reading[0]).__name__
        case Skipped(name):
            assert name in skipped_names
            return "skipped"
        case Rejection(reason=reason, detail=detail):
            assert isinstance(reason, Reason)
            assert 0 < len(detail) <= 200
            assert printable(detail) == detail
            return reason


def test_no_bytes_make_a_reader_raise() -> None:
    """Each line goes to every reader: making it takes longer than reading it."""
    seen: dict[str, Counter[str]] = {name: Counter() for name in FORMATS}
    json_text = st.recursive(hostile_values, st.lists).map(to_line)
    cut_json = st.builds(lambda line, cut: line[: len(line) * cut // 100], json_text, st.integers(0, 100))

    @given(st.one_of(st.binary(max_size=200), json_text, cut_json))
    @settings(max_examples=400)
    def check(line: bytes) -> None:
        for name, counts in seen.items():
            counts[outcome(name, line)] += 1

    check()
    for name, counts in seen.items():
        assert counts[Reason.NOT_AN_EVENT] > 10, name
        assert (counts[Reason.NOT_JSON] > 10) == (name != "suspensions-csv"), name


def test_a_payload_broken_anywhere_gives_events_that_survive_the_wire_or_a_reason() -> None:
    seen: Counter[str] = Counter()

    compliance = [NOTICES[name] for name in ("delete", "user_suspend", "user_unsuspend", "user_delete")]
    stream_events = [NOTICES[name] for name in ("follow", "user_update")]
    groups = [list(STATUSES.values()), compliance, stream_events, list(NOTICES.values()), sample_payloads()]

    @given(st.sampled_from(groups).flatmap(mutated_lines))
    @settings(max_examples=300)
    def check(line: bytes) -> None:
        seen[outcome("twitter-v1", line)] += 1

    check()
    assert {"Post", "Retweet", "Deletion", "Suspension", "Follow", "Profile", "skipped"} <= seen.keys()
    assert {"not_an_event", "bad_time", "unknown_shape"} <= seen.keys()


def test_a_canonical_event_broken_anywhere_gives_an_event_that_survives_the_wire_or_a_reason() -> None:
    seen: Counter[str] = Counter()

    @given(st.data())
    @settings(max_examples=200)
    def check(data: st.DataObject) -> None:
        payload = json.loads(encode_event(data.draw(events)))
        seen[outcome("canonical", data.draw(mutated_lines([payload])))] += 1

    check()
    assert {"not_an_event", "bad_time"} <= seen.keys()
    assert len(seen.keys() & {"Post", "Retweet", "Deletion", "Suspension", "Follow", "Profile"}) > 2


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"user": ' + b"[" * 500_000, Reason.TOO_DEEP),
        (b'{"text": ' * 100_000, Reason.TOO_DEEP),
        (b'{"text": "\xff"}', Reason.NOT_JSON),
        (b'{"kind": "post", "text": "\xed\xa0\x80"}', Reason.NOT_JSON),
        (b'{"id": NaN}', Reason.NOT_JSON),
        (b'{"id": "\\ud800"}', Reason.NOT_JSON),
        (b'{"id": "\x00"}', Reason.NOT_JSON),
        (b'{"user": {"id": ' + b"9" * 5_000 + b'}, "actor": 5}', Reason.NOT_AN_EVENT),
        (b'[{"id_str": "1"}', Reason.NOT_JSON),
        (b'[{"id_str": "1"}]', Reason.NOT_AN_EVENT),
        (b"true", Reason.NOT_AN_EVENT),
        (b'{"kind": 1, "user": 1} trailing', Reason.NOT_JSON),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_broken_json_is_refused_for_what_is_wrong_with_it(line: bytes, reason: Reason) -> None:
    for format_name in JSON_FORMATS:
        assert outcome(format_name, line) == reason


@pytest.mark.parametrize("line", [b"", b" ", b"\r", b"\t \r"])
def test_a_blank_line_is_skipped_by_name(line: bytes) -> None:
    """The stream keeps a quiet connection alive with empty lines."""
    for reader in FORMATS.values():
        assert reader.read(line) == Skipped("blank")


@pytest.mark.parametrize("format_name", sorted(JSON_FORMATS))
def test_a_detail_is_short_however_long_the_names_in_a_payload(format_name: str) -> None:
    for payload in ({"kind": "k" * 5_000}, {"k" * 5_000: 1}, {"user": "u", "k" * 5_000: []}):
        assert outcome(format_name, to_line(payload)) in {Reason.UNKNOWN_SHAPE, Reason.NOT_AN_EVENT}


def test_a_terminal_escape_in_a_payload_never_reaches_a_detail() -> None:
    reading = FORMATS["twitter-v1"].read(to_line({"event": "\x1b[2J\u202eevil"}))
    assert isinstance(reading, Rejection)
    assert reading.reason is Reason.UNKNOWN_SHAPE
    assert "evil" in reading.detail
    assert reading.detail.isprintable()
