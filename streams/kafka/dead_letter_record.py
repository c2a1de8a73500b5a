"""How a dead letter looks on the wire: the original bytes as the record's value and key, the rest as headers.

A default broker takes every one: payload, key and headers share what a record batch may hold, and what is cut is told.
"""

import hashlib
from collections.abc import Sequence
from typing import Final, TypeAlias

from streams.deadletters import DeadLetter, Reason, Rejection
from streams.kafka.outgoing_record import LARGEST_BATCH_BYTES, OutgoingRecord
from streams.topic_names import DEAD_LETTERS

__all__ = [
    "REPLAYS_HEADER",
    "Headers",
    "dead_letter_record",
    "letter_of",
    "original_headers",
    "read_dead_letter",
    "replay_headers",
    "replays_of",
]

Headers: TypeAlias = Sequence[tuple[str, bytes | None]]

REPLAYS_HEADER: Final = "antiphon-replays"
"""The header of a raw record that was sent again from a dead letter: how often that has happened to these bytes."""

# The headers of the refused record follow those of the letter, with this before their names.
_ORIGINAL: Final = "original-"
# What key and headers may take of a record that is too large as a whole; the rest is the payload's. What one part
# leaves of its share the others have.
_SHARE_BYTES: Final = 65_536
# The record batch's own 61 bytes, the record's own, of at most 5 bytes each its length, time, offset and counts, and
# the five headers that tell of a cut.
_RESERVED_BYTES: Final = 61 + 40 + 5 * 100

_MOST_REPLAYS: Final = 9_999  # as far as a header is believed: anybody may write raw records, and headers, too


def letter_of(
    rejection: Rejection,
    payload: bytes,
    topic: str,
    partition: int,
    offset: int,
    *,
    whole: tuple[int, str] | None = None,
    replays: int = 0,
) -> DeadLetter:
    """The dead letter for refused bytes. `whole` is size and SHA-256 of the input where `payload` is only its start;
    `replays` is what `replays_of` says of the raw record.
    """
    size, sha256 = whole or (len(payload), _sha256(payload))
    return DeadLetter(
        reason=rejection.reason,
        detail=rejection.detail,
        topic=topic,
        partition=partition,
        offset=offset,
        payload=payload[:LARGEST_BATCH_BYTES],
        size=size,
        sha256=sha256,
        replays=replays,
    )


def replays_of(headers: Headers) -> int:
    """How often a raw record has been sent again from a dead letter, by its headers: 0 to 9,999, 0 for nonsense."""
    return max((_count(value) for name, value in headers if name == REPLAYS_HEADER), default=0)


def replay_headers(replays: int, original: Headers = ()) -> list[tuple[str, bytes | None]]:
    """The headers of a raw record that is sent again for the `replays`-th time, and had the `original` ones before."""
    kept = [(name, value) for name, value in original if name != REPLAYS_HEADER]
    return [*kept, (REPLAYS_HEADER, str(replays).encode())]


def dead_letter_record(letter: DeadLetter, key: bytes | None = None, original: Headers = ()) -> OutgoingRecord:
    """The record for the `dead-letters` topic, of which an encoded batch holds at most `LARGEST_BATCH_BYTES`.

    `key` and `original` are those of the refused record. What does not fit is cut at its end: `size` and `sha256`,
    `key_size` and `key_sha256`, `headers_count`, `headers_size` and `headers_sha256` describe the whole of each part,
    the latter two only where it was cut.
    """
    texts = {
        "reason": letter.reason,
        "detail": letter.detail,
        "topic": letter.topic,
        "partition": str(letter.partition),
        "offset": str(letter.offset),
        "size": str(letter.size),
        "sha256": letter.sha256,
    }
    if letter.replays:
        texts["replays"] = str(letter.replays)
    own: list[tuple[str, bytes | None]] = [
        (name, value.encode("utf-8", "backslashreplace")) for name, value in texts.items()
    ]
    sizes = [_header_bytes(_ORIGINAL + name, value) for name, value in original]
    key_bytes, headers_bytes = len(key or b""), sum(sizes)

    room = LARGEST_BATCH_BYTES - _RESERVED_BYTES - sum(_header_bytes(*header) for header in own)
    payload = letter.payload[: room - min(key_bytes, _SHARE_BYTES) - min(headers_bytes, _SHARE_BYTES)]
    room -= len(payload)
    kept_key = None if key is None else key[: room - min(headers_bytes, _SHARE_BYTES)]
    room -= len(kept_key or b"")
    kept = 0
    while kept < len(sizes) and (room := room - sizes[kept]) >= 0:
        kept += 1

    if key is not None and kept_key is not None and len(kept_key) < key_bytes:
        own += [("key_size", b"%d" % key_bytes), ("key_sha256", _sha256(key).encode())]
    if kept < len(original):
        size, sha256 = _summary(original)
        own += [("headers_count", b"%d" % len(original)), ("headers_size", b"%d" % size)]
        own += [("headers_sha256", sha256.encode())]
    own += [(_ORIGINAL + name, value) for name, value in original[:kept]]
    return OutgoingRecord(DEAD_LETTERS, kept_key, payload, own)


def read_dead_letter(value: bytes | None, headers: Headers) -> DeadLetter:
    """The dead letter from a record. Raises `ValueError` for a record that `dead_letter_record` did not write."""
    texts = {name: (header or b"").decode("utf-8", "replace") for name, header in headers}
    try:
        return DeadLetter(
            reason=Reason(texts["reason"]),
            detail=texts["detail"],
            topic=texts["topic"],
            partition=int(texts["partition"]),
            offset=int(texts["offset"]),
            payload=value or b"",
            size=int(texts["size"]),
            sha256=texts["sha256"],
            replays=_count(texts.get("replays", "0").encode()),
            key_size=int(texts.get("key_size", "0")),
            key_sha256=texts.get("key_sha256", ""),
            headers_count=int(texts.get("headers_count", "0")),
            headers_size=int(texts.get("headers_size", "0")),
            headers_sha256=texts.get("headers_sha256", ""),
        )
    except KeyError as error:
        raise ValueError(f"not a dead letter: header {error} is missing") from None


def original_headers(headers: Headers) -> list[tuple[str, bytes | None]]:
    """The headers of the refused record, as far as its letter has them."""
    return [(name.removeprefix(_ORIGINAL), value) for name, value in headers if name.startswith(_ORIGINAL)]


def _sha256(payload: bytes) -> str:
    return hashlib.sha256(payload).hexdigest()


def _summary(headers: Headers) -> tuple[int, str]:
    """Bytes and SHA-256 of all names and values, one after the other."""
    size, digest = 0, hashlib.sha256()
    for name, value in headers:
        for part in (name.encode("utf-8", "backslashreplace"), value or b""):
            size += len(part)
            digest.update(part)
    return size, digest.hexdigest()


def _header_bytes(name: str, value: bytes | None) -> int:
    """What a header takes in a record: name and value, each after its length."""
    encoded = len(name.encode("utf-8", "backslashreplace"))
    return _length_bytes(encoded) + encoded + _length_bytes(len(value or b"")) + len(value or b"")


def _length_bytes(length: int) -> int:
    # A zigzag varint: six bits in the first byte, seven in each other one.
    return 1 if length < 64 else 2 if length < 8_192 else 3 if length < 1_048_576 else 4


def _count(value: bytes | None) -> int:
    return min(int(value), _MOST_REPLAYS) if value and value.isdigit() and len(value) <= 9 else 0
