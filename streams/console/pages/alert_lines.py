"""Alerts as lines of a list."""

from datetime import datetime

from msgspec import Struct

from streams.console.pages.alert_states import ShownState, shown_state_of
from streams.console.store.results import AlertRow
from streams.core.subject_event import subject_key
from streams.events import Account

__all__ = ["AlertLine", "alert_line"]


class AlertLine(Struct, frozen=True, kw_only=True):
    """An alert in the list."""

    id: str
    """32 hex digits."""
    state: ShownState
    """What it is now."""
    severity: str
    """How urgent it is."""
    rule: str
    """The name of its rule."""
    rule_digest: str
    """The digest of its rule as it was."""
    mode: str
    """Live, or shadow: on trial, and sent to nobody."""
    status: str
    """What its record says: firing, expired or retracted."""
    platform: str
    """The platform of the account."""
    key: str
    """`platform:id` of the account."""
    subject: Account
    """The account that it is about."""
    countries: tuple[str, ...]
    """States whose officials are concerned."""
    fired_at: datetime
    """When the rule first held."""
    as_of: datetime
    """The last event that it counts."""
    expires_at: datetime
    """When it ends unless something more happens."""
    sentence: str
    """What was observed."""


def alert_line(row: AlertRow, now: datetime) -> AlertLine:
    """The row, with what the alert is at that moment."""
    return AlertLine(
        id=row.id,
        state=shown_state_of(row.status, row.expires_at, now, is_superseded=row.superseded),
        severity=row.severity,
        rule=row.rule,
        rule_digest=row.rule_digest,
        mode=row.mode,
        status=row.status,
        platform=row.platform,
        key=subject_key(row.platform, row.subject.id),
        subject=row.subject,
        countries=row.countries,
        fired_at=row.fired_at,
        as_of=row.as_of,
        expires_at=row.expires_at,
        sentence=row.summary,
    )
