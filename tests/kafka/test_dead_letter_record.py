"""A dead letter fits into what a default broker takes, whatever it was made of, and tells what it does not have."""

import hashlib
from collections import Counter

import pytest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from hypothesis import given
from hypothesis import strategies as st

from streams.deadletters import Reason
from streams.kafka.batch_writer import LARGEST_BATCH_BYTES, OutgoingRecord
from streams.kafka.dead_letter_record import (
    REPLAYS_HEADER,
    dead_letter_record,
    letter_of,
    original_headers,
    read_dead_letter,
    replay_headers,
)
from streams.refusal import rejection

_FILE = "\U0010ffff" * 200  # the longest source that a letter names, each character of four bytes
_REFUSAL = rejection(Reason.NOT_AN_EVENT, "ಠ" * 200)
_NOTHING_CUT_BYTES = 1_040_000  # parts of this size together leave room for all that a letter adds
_UNUSED_BYTES = 1_000  # at most so much of a full record stays free

_sizes = st.sampled_from([0, 1, 63, 64, 8_191, 8_192, 65_535, 65_536, 150_000, 898_450, 1_048_576, 3_000_000])
_headers = st.one_of(
    st.lists(st.tuples(st.sampled_from(["", "h", "ü" * 300]), st.none() | _sizes), max_size=4),
    st.sampled_from([300, 20_000]).map(lambda count: [("h", 3)] * count),
)


def _batch_bytes(record: OutgoingRecord) -> int:
    """The size of the record batch that goes to the broker."""
    builder = DefaultRecordBatchBuilder(
        2, 0, is_transactional=1, producer_id=2**40, producer_epoch=3, base_sequence=9, batch_size=2**30
    )
    builder.append(0, timestamp=2**42, key=record.key, value=record.value, headers=list(record.headers))
    return len(builder.build())


@pytest.mark.slow
def test_every_letter_fits_and_what_it_lacks_it_describes() -> None:
    """Key, headers and payload of every size that a batch may unfold to, from the source with the longest name."""
    seen = Counter[str]()

    @given(_sizes, st.none() | _sizes, _headers, st.integers(0, 3))
    def fits(payload_bytes: int, key_bytes: int | None, sizes: list[tuple[str, int | None]], replays: int) -> None:
        payload = b"\xff" * payload_bytes
        key = None if key_bytes is None else b"k" * key_bytes
        headers = [(name, None if size is None else b"v" * size) for name, size in sizes]
        letter = letter_of(_REFUSAL, payload, _FILE, 2**31 - 1, 2**63 - 1, replays=replays)
        record = dead_letter_record(letter, key, headers)
        encoded_bytes = _batch_bytes(record)
        assert encoded_bytes <= LARGEST_BATCH_BYTES

        read = read_dead_letter(record.value, record.headers)
        headers_written, kept = dict(record.headers), original_headers(record.headers)
        assert (read.reason, read.detail, read.topic, read.replays) == (
            _REFUSAL.reason,
            _REFUSAL.detail,
            _FILE,
            replays,
        )
        assert payload.startswith(read.payload)
        assert (read.size, read.sha256) == (len(payload), hashlib.sha256(payload).hexdigest())
        if key is None or record.key is None:
            assert record.key is key
        elif record.key != key:
            seen["key cut"] += 1
            assert key.startswith(record.key)
            assert (read.key_size, read.key_sha256) == (len(key), hashlib.sha256(key).hexdigest())
        assert (read.key_size > 0) == (record.key != key)
        assert kept == headers[: len(kept)]
        whole = b"".join(name.encode() + (value or b"") for name, value in headers)
        if len(kept) < len(headers):
            seen["headers cut"] += 1
            described = (read.headers_count, read.headers_size, read.headers_sha256)
            assert described == (len(headers), len(whole), hashlib.sha256(whole).hexdigest())
        assert ("headers_count" in headers_written) == (len(kept) < len(headers))

        in_all = payload_bytes + len(key or b"") + len(whole) + 14 * len(headers)
        if in_all <= _NOTHING_CUT_BYTES:
            seen["whole"] += 1
            assert not read.cuts()
        if read.cuts():
            left_out = headers[len(kept)] if len(kept) < len(headers) else ("", None)
            next_header_bytes = len(left_out[0].encode()) + len(left_out[1] or b"")
            assert encoded_bytes >= LARGEST_BATCH_BYTES - _UNUSED_BYTES - next_header_bytes
            seen["payload cut"] += len(read.payload) < read.size
            seen["with room for every part"] += min(len(read.payload), len(record.key or b"")) >= 60_000

    fits()
    assert min(seen[name] for name in ("whole", "payload cut", "key cut", "headers cut")) >= 5, seen
    assert seen["with room for every part"]


def test_no_part_that_is_too_large_takes_the_room_of_the_others() -> None:
    """A payload that fits beside 64 KiB of key and of headers is whole; so are these beside any payload."""
    large = b"x" * 3_000_000
    record = dead_letter_record(letter_of(_REFUSAL, b"p" * 900_000, "posts", 1, 2), large, [("h", large)])
    assert record.value == b"p" * 900_000
    record = dead_letter_record(letter_of(_REFUSAL, large, "posts", 1, 2), b"k" * 65_000, [("h", b"v" * 65_000)])
    assert (len(record.key or b""), original_headers(record.headers)) == (65_000, [("h", b"v" * 65_000)])


@given(st.lists(st.tuples(st.sampled_from(["a", "reason", REPLAYS_HEADER]), st.none() | st.binary(max_size=4))))
def test_headers_of_other_applications_are_neither_taken_for_the_dead_letters_own_nor_lost(
    headers: list[tuple[str, bytes | None]],
) -> None:
    """They come back as they were when the input is sent again; how often that has happened is said once."""
    record = dead_letter_record(letter_of(_REFUSAL, b"", "posts", 1, 2), None, headers)
    assert read_dead_letter(record.value, record.headers).reason is _REFUSAL.reason
    sent = replay_headers(4, original_headers(record.headers))
    assert sent == [header for header in headers if header[0] != REPLAYS_HEADER] + [(REPLAYS_HEADER, b"4")]


def test_a_letter_that_is_whole_can_be_sent_again() -> None:
    """To a raw topic with the same limit: what a letter adds is more than what sending again adds."""
    for payload_bytes in range(1_046_000, 1_048_600, 7):
        record = dead_letter_record(letter_of(_REFUSAL, b"p" * payload_bytes, "posts", 1, 2), b"k" * 100, [("h", b"v")])
        letter = read_dead_letter(record.value, record.headers)
        if letter.cuts():
            assert payload_bytes > 1_046_000, "no letter of this range was whole"
            return
        again = replay_headers(9_999, original_headers(record.headers))
        assert _batch_bytes(OutgoingRecord("posts", record.key, record.value, again)) <= LARGEST_BATCH_BYTES
    raise AssertionError("nothing was ever cut")
