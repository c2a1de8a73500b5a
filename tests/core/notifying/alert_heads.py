"""The head of an alert as NOTIFY reads it, made up for tests."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from msgspec.structs import replace

from streams.core.clock import SECOND_US, from_us, to_us
from streams.core.notifying.notices import AlertHead
from streams.events import Account

__all__ = ["NOON_US", "alert_head"]

NOON_US: Final = to_us(datetime(2021, 1, 21, 12, tzinfo=UTC))


def alert_head(alert_id: str = "a1", *, as_of_us: int = NOON_US, hours: float = 1.0, **changes: Any) -> AlertHead:
    """An alert as of that time that lasts so many hours, with changes."""
    made = AlertHead(
        id=alert_id,
        dedup_key=alert_id,
        rule="new-account-burst",
        severity="warning",
        mode="live",
        status="firing",
        platform="twitter",
        subject=Account(id="12", handle="somebody"),
        countries=("IR",),
        fired_at=from_us(as_of_us - 60 * SECOND_US),
        as_of=from_us(as_of_us),
        expires_at=from_us(as_of_us) + timedelta(hours=hours),
        figures={"amplifications": 20},
        evidence_total=20,
        summary="@somebody was amplified 20 times.",
    )
    return replace(made, **changes)
