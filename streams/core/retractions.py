"""Alerts that a person ends with a reason: the order on its way to the agent that writes the alert, what the agent
keeps of it, and what the alert's record says from then on.

A retraction holds for the alert as it was then. An alert that becomes more severe than that fires again.
"""

from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from streams.core.clock import StoredInt, from_us
from streams.core.country_event import CountryEvent
from streams.core.enriched import Alert
from streams.core.identity import dedup_key, watch_about
from streams.core.rulebook.rules import SEVERITIES
from streams.core.subject_event import Coordinates, SubjectEvent, subject_key

__all__ = [
    "Retraction",
    "RetractionOrder",
    "as_retracted",
    "decode_retraction",
    "retraction_of",
    "retraction_order",
    "strongest",
]

_SOURCE: Final = Coordinates("retraction", 0, 0)


class Retraction(Struct, frozen=True, array_like=True):
    """What an agent keeps: when (µs since 1970 UTC), why, and the severity up to which it holds."""

    at_us: int
    reason: str
    severity: int

    def holds(self, alert: Alert) -> bool:
        """Whether the alert is no more severe than what was retracted."""
        return SEVERITIES.index(alert.severity) <= self.severity


class RetractionOrder(Struct, frozen=True, kw_only=True):
    """Asks the agent that writes an alert to retract it. `alert` is its record as whoever asks has read it: an agent
    that knows the alert no more (its rule is not in force, or it was recounted) writes that, retracted.
    """

    at_us: StoredInt
    reason: str
    alert: Alert


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(RetractionOrder).decode


def decode_retraction(payload: bytes | None) -> RetractionOrder:
    """The order in an event. Raises `msgspec.DecodeError` for bytes that are none."""
    return _decode(payload or b"")


def retraction_of(order: RetractionOrder) -> Retraction:
    """What is kept of an order."""
    return Retraction(order.at_us, order.reason, SEVERITIES.index(order.alert.severity))


def strongest(known: Retraction | None, new: Retraction) -> Retraction:
    """Of two of the same alert the first stands, unless the other one is of a higher severity: an order that comes
    twice changes nothing.
    """
    return new if known is None or new.severity > known.severity else known


def as_retracted(alert: Alert, retraction: Retraction) -> Alert:
    """The alert's record, retracted."""
    return replace(
        alert,
        status="retracted",
        superseded_by=None,
        retracted_at=from_us(retraction.at_us),
        retracted_because=retraction.reason,
    )


def retraction_order(alert: Alert, reason: str, at_us: int) -> SubjectEvent | CountryEvent:
    """The event that asks for it: to TRACK for an alert about an account, to WATCH for one about an aftermath. Raises
    `ValueError` for an alert that neither of them wrote.
    """
    packed = _encode(RetractionOrder(at_us=at_us, reason=reason, alert=alert))
    if alert.dedup_key == dedup_key(alert.rule, subject_key(alert.platform, alert.subject.id)):
        return SubjectEvent(
            kind="retraction",
            platform=alert.platform,
            event_id=alert.id,
            at_us=at_us,
            subject=alert.subject,
            source=_SOURCE,
            retraction=packed,
        )
    for country in alert.countries:
        if alert.dedup_key == dedup_key(alert.rule, watch_about(country, alert.platform, alert.subject.id)):
            return CountryEvent(
                kind="retraction",
                country=country,
                platform=alert.platform,
                event_id=alert.id,
                at_us=at_us,
                subject=alert.subject,
                source=_SOURCE,
                retraction=packed,
            )
    raise ValueError(f"alert {alert.id} has a dedup_key that is not of its rule and subject")
