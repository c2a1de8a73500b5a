"""Why an input was refused: the closed list of reasons, and what a dead letter carries."""

from collections import Counter
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct

__all__ = ["DeadLetter", "LetterSample", "Reason", "Rejection"]

_SAMPLE_LETTERS: Final = 1_000
_SAMPLE_BYTES: Final = 2_097_152


class Reason(StrEnum):
    """The closed list of reasons for a dead letter; each is a metric label and a header value."""

    NOT_JSON = "not_json"  # the bytes are not UTF-8 JSON
    TOO_LARGE = "too_large"  # longer than the reader's limit
    TOO_DEEP = "too_deep"  # nested beyond what a parser may follow
    NOT_AN_EVENT = "not_an_event"  # JSON, but a required field is missing or of the wrong type
    UNKNOWN_SHAPE = "unknown_shape"  # JSON of a message kind that the format does not know
    BAD_TIME = "bad_time"  # an event time that cannot be read
    FUTURE_TIME = "future_time"  # an event time ahead of the clock by more than the allowed skew
    NO_SUBJECT = "no_subject"  # a retweet that does not say whose post it passes on
    BAD_BATCH = "bad_batch"  # a record batch that unpacks to more than the limit, or cannot be read
    BAD_FILE = "bad_file"  # a compressed input that breaks off or is damaged


class Rejection(Struct, frozen=True, kw_only=True):
    """One refused input: the reason and a short, bounded, printable detail that names the place."""

    reason: Reason
    detail: str


class DeadLetter(Struct, frozen=True, kw_only=True):
    """A refused input as it stands in the `dead-letters` topic.

    `payload` is the original bytes, untouched; a payload above the size limit is cut and `size` (bytes) and `sha256`
    describe the whole. `topic` is the source topic or file, `offset` the record's offset or the line number (from 1).
    `replays` counts how often this input had been sent again from a dead letter before it was refused this time. Where
    the record's key or its headers had to be cut as well, `key_size` and `key_sha256` describe the whole key,
    `headers_count`, `headers_size` and `headers_sha256` all headers (their names and values, one after the other).
    """

    reason: Reason
    detail: str
    topic: str
    partition: int
    offset: int
    payload: bytes
    size: int
    sha256: str
    replays: Annotated[int, Meta(ge=0, le=9_999)] = 0
    key_size: Annotated[int, Meta(ge=0)] = 0
    key_sha256: str = ""
    headers_count: Annotated[int, Meta(ge=0)] = 0
    headers_size: Annotated[int, Meta(ge=0)] = 0
    headers_sha256: str = ""

    def cuts(self) -> list[str]:
        """What of the input the letter does not have, in words; nothing where it has all of it."""
        cuts = [f"payload: {len(self.payload):,} of {self.size:,} bytes"] if len(self.payload) < self.size else []
        if self.key_size:
            cuts.append(f"key: cut, {self.key_size:,} bytes")
        if self.headers_count:
            cuts.append(f"headers: cut, {self.headers_count:,} of {self.headers_size:,} bytes")
        return cuts


class LetterSample:
    """The dead letters of one run in bounded memory: `counts` has all of them, `kept` the first of each reason.

    Of each reason 1,000 letters are kept, and no further one once their payloads are 2 MiB together.
    """

    def __init__(self, *, most_letters: int = _SAMPLE_LETTERS, most_bytes: int = _SAMPLE_BYTES) -> None:
        self.counts: Counter[Reason] = Counter()
        self.kept: list[DeadLetter] = []
        self._most_letters = most_letters
        self._most_bytes = most_bytes
        self._kept_bytes: Counter[Reason] = Counter()

    def add_letter(self, letter: DeadLetter) -> None:
        """Count one that is made already."""
        self.add(letter.reason, lambda: letter)

    def add(self, reason: Reason, letter: Callable[[], DeadLetter]) -> None:
        """Count one; `letter` is called only where it is kept."""
        self.counts[reason] += 1
        if self.counts[reason] <= self._most_letters and self._kept_bytes[reason] < self._most_bytes:
            self.kept.append(made := letter())
            self._kept_bytes[reason] += len(made.payload)
