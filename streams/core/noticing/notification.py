"""The internal record of what NOTIFY decided about an incident: the topic `notifications`, one record each.

Written before anything is sent, so that a restart neither repeats a decision nor forgets one.
"""

from typing import Final, Literal, TypeAlias

import msgspec
from msgspec import Struct

from streams.events import Utc

__all__ = ["Decision", "Notification", "decode_notification", "encode_notification"]

Decision: TypeAlias = Literal["page", "back_fill", "over_budget", "shadow"]


class Notification(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was decided about an incident, the alerts of one `dedup_key`, and how far it came.

    `day` is the UTC day whose budget the decision counts in, `times` how often it was decided so on that day: an
    incident may end and begin again. `ends_at` is when it ends, as far as was known when this was written. `told_at` is
    when an Alertmanager first took it, `resolved` that its end was told, too. `labels` are those it is sent with;
    `former` are those of a lower severity under which people know it: they go on firing, and end with it.
    """

    dedup_key: str
    rule: str
    decision: Decision
    day: str
    decided_at: Utc
    ends_at: Utc
    told_at: Utc | None = None
    resolved: bool = False
    labels: dict[str, str] = {}
    former: tuple[dict[str, str], ...] = ()
    times: int = 1

    @property
    def is_open(self) -> bool:
        """Whether there is still something to send."""
        return self.decision == "page" and not self.resolved

    @property
    def told_as(self) -> tuple[dict[str, str], ...]:
        """All labels under which it is told."""
        return (self.labels, *self.former) if self.labels else ()


_decoder: Final = msgspec.json.Decoder(Notification)
_encoder: Final = msgspec.json.Encoder()


def decode_notification(payload: bytes) -> Notification:
    """Decode one record; raises `msgspec.DecodeError` on bytes that NOTIFY did not write."""
    return _decoder.decode(payload)


def encode_notification(notification: Notification) -> bytes:
    """Encode one record as JSON."""
    return _encoder.encode(notification)
