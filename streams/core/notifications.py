"""The record of `notifications`: what of an alert Alertmanagers took, and when each first did.

Several workers write it without talking to one another: what two of them know is merged, the earlier time of a state
stands, and whatever order they write in, they come to the same record.
"""

from typing import Annotated, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct

from streams.core.rulebook.rules import Severity
from streams.events import Utc

__all__ = [
    "Acceptance",
    "Notification",
    "NotifiedState",
    "decode_notification",
    "encode_notification",
    "merged",
]

NotifiedState: TypeAlias = Literal["firing", "expired", "retracted", "on_trial"]
"""`firing`, or how it ended: it `expired`, was `retracted`, or its rule went `on_trial`."""
_MOST: Final = 96  # three severities in four states at eight Alertmanagers

_Id: TypeAlias = Annotated[str, Meta(pattern="^[!-~]{1,128}$")]


class Acceptance(Struct, frozen=True, kw_only=True):
    """An Alertmanager took one state of an alert for the first time. Whom it told, and when, is its own business."""

    severity: Severity
    """The severity that was told; an alert that became more severe was told at each."""
    state: NotifiedState
    """Whether it was told as firing, or how it had ended."""
    receiver: Annotated[str, Meta(max_length=255)]
    """Host of the Alertmanager."""
    accepted_at: Utc
    """When it first accepted this state, by the clock of the worker that sent it."""
    published_at: Utc
    """When the version of the alert that was sent was written to the topic `alerts`."""


class Notification(Struct, frozen=True, kw_only=True):
    """What of one alert was accepted by Alertmanagers. That a state is not here does not say that nobody was told of
    it: records may be lost, and are not needed by anything but people.

    Key in Kafka: the id of the alert.
    """

    alert_id: _Id
    """The id of the alert."""
    accepted: Annotated[tuple[Acceptance, ...], Meta(max_length=_MOST)]
    """Each state at each receiver once, the earliest first; repeats are not recorded. At most 96."""


encode_notification: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Notification).decode


def decode_notification(payload: bytes) -> Notification:
    """The record of its bytes. Raises `msgspec.DecodeError`."""
    return _decode(payload)


def merged(one: Notification | None, other: Notification) -> Notification:
    """What both say of an alert. Of a state at a receiver the earlier acceptance stands; an end counts only where the
    receiver was told that it fires, at that severity.
    """
    found: dict[tuple[str, str, str], Acceptance] = {}
    for each in sorted((*(() if one is None else one.accepted), *other.accepted), key=_order):
        found.setdefault((each.severity, each.state, each.receiver), each)
    kept = [
        each for each in found.values() if each.state == "firing" or (each.severity, "firing", each.receiver) in found
    ]
    return Notification(alert_id=other.alert_id, accepted=tuple(kept[:_MOST]))


def _order(each: Acceptance) -> tuple[object, ...]:
    return each.accepted_at, each.state != "firing", each.receiver, each.severity, each.state, each.published_at
