"""How a dead letter looks on the wire: the original bytes as the record's value, the rest as headers."""

import hashlib
from collections.abc import Sequence
from typing import Final

from streams.brokers.outbox import OutgoingRecord
from streams.deadletters import DeadLetter, Reason, Rejection

__all__ = [
    "PAYLOAD_LIMIT_BYTES",
    "REPLAYS_HEADER",
    "dead_letter_record",
    "letter_of",
    "read_dead_letter",
    "replay_headers",
    "replays_of",
]

# Above this, the topic would refuse the record; the hash still identifies the whole.
PAYLOAD_LIMIT_BYTES: Final = 900_000

REPLAYS_HEADER: Final = "antiphon-replays"
"""The header of a raw record that was sent again from a dead letter: how often that has happened to these bytes."""

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
    size, sha256 = whole or (len(payload), hashlib.sha256(payload).hexdigest())
    return DeadLetter(
        reason=rejection.reason,
        detail=rejection.detail,
        topic=topic,
        partition=partition,
        offset=offset,
        payload=payload[:PAYLOAD_LIMIT_BYTES],
        size=size,
        sha256=sha256,
        replays=replays,
    )


def replays_of(headers: Sequence[tuple[str, bytes]]) -> int:
    """How often a raw record has been sent again from a dead letter, by its headers: 0 to 9,999, 0 for nonsense."""
    return max((_count(value) for name, value in headers if name == REPLAYS_HEADER), default=0)


def replay_headers(replays: int) -> list[tuple[str, bytes]]:
    """The headers of a raw record that is sent again for the `replays`-th time."""
    return [(REPLAYS_HEADER, str(replays).encode())]


def dead_letter_record(letter: DeadLetter, key: bytes | None = None) -> OutgoingRecord:
    """The record for the `dead-letters` topic: the original bytes as its value, the rest as headers."""
    headers = {
        "reason": letter.reason,
        "detail": letter.detail,
        "topic": letter.topic,
        "partition": str(letter.partition),
        "offset": str(letter.offset),
        "size": str(letter.size),
        "sha256": letter.sha256,
    }
    if letter.replays:
        headers["replays"] = str(letter.replays)
    encoded = [(name, value.encode("utf-8", "backslashreplace")) for name, value in headers.items()]
    return OutgoingRecord("dead-letters", key, letter.payload, encoded)


def read_dead_letter(value: bytes | None, headers: Sequence[tuple[str, bytes]]) -> DeadLetter:
    """The dead letter from a record. Raises `ValueError` for a record that `dead_letter_record` did not write."""
    texts = {name: header.decode("utf-8", "replace") for name, header in headers}
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
        )
    except KeyError as error:
        raise ValueError(f"not a dead letter: header {error} is missing") from None


def _count(value: bytes | None) -> int:
    return min(int(value), _MOST_REPLAYS) if value and value.isdigit() and len(value) <= 9 else 0
