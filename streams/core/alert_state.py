"""What an alert is at a moment: running, over, or taken back; and which of several a person must see first."""

from typing import Final, Literal, TypeAlias

from streams.core.clock import to_us
from streams.core.enriched import Alert
from streams.core.rulebook.rules import SEVERITIES

__all__ = ["AlertState", "alert_state", "urgency"]

AlertState: TypeAlias = Literal["firing", "over", "retracted"]

_STATES: Final[tuple[AlertState, ...]] = ("firing", "over", "retracted")


def alert_state(alert: Alert, now_us: int) -> AlertState:
    """`firing` while it stands and has not expired by that moment; `over` from then on, whatever its record says."""
    if alert.status == "retracted":
        return "retracted"
    return "firing" if alert.status == "firing" and to_us(alert.expires_at) > now_us else "over"


def urgency(alert: Alert, now_us: int) -> tuple[int, int, bool, int, str]:
    """Sorts alerts: those that fire first, by severity, those of a rule on trial after the others, newest first."""
    state = _STATES.index(alert_state(alert, now_us))
    return (state, -SEVERITIES.index(alert.severity), alert.mode == "shadow", -to_us(alert.fired_at), alert.id)
