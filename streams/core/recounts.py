"""A recount: what a subject's evidence says under another roster, on its way to TRACK, and how it is written down.

Whoever corrects a roster asks TRACK with `recount_open` to keep what it applies from then on, reads the evidence, and
sends the order with `recount`.
"""

import zlib
from functools import lru_cache
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from streams.core.clock import StoredInt
from streams.core.subject_event import Coordinates, SubjectEvent
from streams.events import Account

__all__ = [
    "ORDER_BYTES",
    "RecountOrder",
    "decode_recount",
    "encode_recount",
    "engagement_name",
    "recount_event",
    "recount_open_event",
    "unpacked",
]

ORDER_BYTES: Final = 700_000
"""Of an order, packed: with a third more as JSON it fits into a message."""
_MOST_UNPACKED: Final = 134_217_728
_SOURCE: Final = Coordinates("correction", 0, 0)


class RecountOrder(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is to take the place of what was counted of one subject under the roster `old_digest`.

    `correction` is the id of the correction, `at_us` when it was ordered, `reason` why. `events` are those that the
    evidence leads to under `new_digest`. `known` names the engagements (`engagement_name`) that the evidence has and
    that count no more. `accounts` are the keys of the changed accounts that touched the subject. `changed` has all
    changed accounts by key, and whether each is still on the roster at some time. What stands in a raw partition
    before `cut` (by `topic/partition`) is in the evidence. With `give_up`, a reason, nothing is recounted.
    """

    correction: str
    old_digest: str
    new_digest: str
    at_us: StoredInt
    reason: str = ""
    events: tuple[SubjectEvent, ...] = ()
    known: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    changed: dict[str, bool] = {}
    cut: dict[str, StoredInt] = {}
    give_up: str = ""


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(RecountOrder)
_Order = TypeVar("_Order", bound=Struct)


def engagement_name(*, is_follow: bool, event_id: str) -> str:
    """What an engagement is known by, as a text."""
    return f"{'follow' if is_follow else 'post'}/{event_id}"


def encode_recount(order: Struct) -> bytes:
    """The order, packed. Whoever sends it asks whether it has more than `ORDER_BYTES`."""
    return zlib.compress(_encoder.encode(order), 6)


@lru_cache(maxsize=1)  # whoever carries it out has asked before whether it is one
def decode_recount(payload: bytes) -> RecountOrder:
    """The order of a record. Raises `msgspec.DecodeError` for bytes that are none."""
    return unpacked(payload, _decoder)


def unpacked(payload: bytes, decoder: "msgspec.msgpack.Decoder[_Order]") -> _Order:
    """What `encode_recount` packed. Raises `msgspec.DecodeError` for other bytes."""
    unpacking = zlib.decompressobj()
    try:
        found = unpacking.decompress(payload, _MOST_UNPACKED)
    except zlib.error as error:
        raise msgspec.DecodeError(f"the recount is not packed: {error}") from None
    if not unpacking.eof:
        raise msgspec.DecodeError("the recount breaks off, or is too large unpacked")
    return decoder.decode(found)


def recount_open_event(platform: str, subject_id: str, correction: str, at_us: int) -> SubjectEvent:
    """What asks TRACK to keep what it applies to a subject from here on."""
    return SubjectEvent(
        kind="recount_open",
        platform=platform,
        event_id=correction,
        at_us=at_us,
        subject=Account(id=subject_id),
        source=_SOURCE,
    )


def recount_event(platform: str, subject_id: str, order: RecountOrder, packed: bytes) -> SubjectEvent:
    """The order as a subject event."""
    return SubjectEvent(
        kind="recount",
        platform=platform,
        event_id=order.correction,
        at_us=order.at_us,
        subject=Account(id=subject_id),
        source=_SOURCE,
        recount=packed,
    )
