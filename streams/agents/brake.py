"""Refused inputs: how a dead letter looks on the wire, and the brake that stops a worker when refusals run on."""

import hashlib
from collections import deque
from collections.abc import Sequence
from typing import Final

from streams.agents.outbox import OutgoingRecord
from streams.deadletters import DeadLetter, Reason, Rejection
from streams.errors import AntiphonError

__all__ = ["Brake", "TooManyRefusalsError", "dead_letter_record", "letter_of", "read_dead_letter"]

# Above this, the topic would refuse the record; the hash still identifies the whole.
PAYLOAD_LIMIT_BYTES: Final = 900_000
_WINDOW: Final = 10_000


class TooManyRefusalsError(AntiphonError):
    """Refused inputs beyond the limits: a bug or an attack, not data."""


def letter_of(
    rejection: Rejection,
    payload: bytes,
    topic: str,
    partition: int,
    offset: int,
    *,
    whole: tuple[int, str] | None = None,
) -> DeadLetter:
    """The dead letter for refused bytes. `whole` is size and SHA-256 of the input where `payload` is only its start."""
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
    )


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
        )
    except KeyError as error:
        raise ValueError(f"not a dead letter: header {error} is missing") from None


class Brake:
    """Counts refusals in a row and among the last 10,000 records; raises `TooManyRefusalsError` beyond the limits."""

    def __init__(self, *, run: int, share: float) -> None:
        self._run_limit = run
        self._window_limit = int(share * _WINDOW)
        self._run = 0
        self._window: deque[tuple[int, int]] = deque()  # (records, refused) of each batch
        self._records = 0
        self._refused = 0

    def observe(self, records: int, refused: int, trailing: int) -> None:
        """Take note of a batch: its records, the refused ones among them, and how many in a row were the last."""
        self._run = self._run + refused if refused == records else trailing
        self._window.append((records, refused))
        self._records += records
        self._refused += refused
        while self._records - self._window[0][0] >= _WINDOW:
            gone = self._window.popleft()
            self._records -= gone[0]
            self._refused -= gone[1]
        if self._run >= self._run_limit:
            raise TooManyRefusalsError(
                f"{self._run} raw records in a row were refused",
                remedy="see `antiphon dead-letters list`; mend the source, or raise dead_letter_run",
            )
        if self._records >= _WINDOW and self._refused > self._window_limit * self._records / _WINDOW:
            raise TooManyRefusalsError(
                f"{self._refused} of the last {self._records} raw records were refused",
                remedy="see `antiphon dead-letters list`; mend the source, or raise dead_letter_share",
            )
