"""What makers of rows have in common: which record of a batch is the last of its key, and what cannot be read."""

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

import msgspec

from streams.core.enriched_topics import EnrichedTopic
from streams.faust_driver.batches import Record
from streams.refusal import DECODE_ERRORS

__all__ = ["Last", "Refused", "Rows", "last_of_each"]

Refused: TypeAlias = list[tuple[int, str]]
"""Records that cannot be read: offset, and why."""

Rows: TypeAlias = Callable[[int, Sequence[Record]], Refused]
"""Takes the next records of a partition."""

Last: TypeAlias = dict[str, tuple[Record, Any]]
"""By key the last record of a batch, and what it says: `None` where the key was deleted."""

_SHOWN: Final = 80


def last_of_each(topic: EnrichedTopic, records: Sequence[Record]) -> tuple[Last, Refused]:
    """The last record of each key that can be read. One whose key is not that of what it says is none of ours."""
    decode = msgspec.json.Decoder(topic.record).decode
    last: Last = {}
    refused: Refused = []
    for record in records:
        try:
            key = (record.key or b"").decode()
            if record.value is None:
                last.pop(key, None)
                last[key] = record, None
                continue
            decoded = decode(record.value)
        except DECODE_ERRORS as error:
            refused.append((record.offset, str(error)))
            continue
        if (own := topic.key(decoded)) != key:
            refused.append((record.offset, f"the key is {key[:_SHOWN]!r}, and the record is of {own[:_SHOWN]!r}"))
            continue
        last.pop(key, None)
        last[key] = record, decoded
    return last, refused
