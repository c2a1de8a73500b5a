"""What an alert is at a moment, in the words of the pages."""

from datetime import datetime
from typing import Final, TypeAlias

from streams.console.store.filters import AlertStateName
from streams.core.enriched import Alert

__all__ = ["STATE_MEANINGS", "ShownState", "shown_state", "shown_state_of"]

ShownState: TypeAlias = AlertStateName

STATE_MEANINGS: Final[dict[ShownState, str]] = {
    "firing": "it stands, and has not expired",
    "expired": "it stands, and nothing new has come for as long as the rule waits",
    "retracted": "it was taken back: by what came later, or by a person",
    "superseded": "it was taken back: what came later made it part of another alert",
}


def shown_state(alert: Alert, now: datetime) -> ShownState:
    """`firing`, `expired`, `retracted`, or `superseded` by another alert."""
    return shown_state_of(alert.status, alert.expires_at, now, is_superseded=alert.superseded_by is not None)


def shown_state_of(status: str, expires_at: datetime, now: datetime, *, is_superseded: bool) -> ShownState:
    """The same of the parts of an alert, as `streams.core.alert_state` has it."""
    if status == "retracted":
        return "superseded" if is_superseded else "retracted"
    return "firing" if status == "firing" and expires_at > now else "expired"
