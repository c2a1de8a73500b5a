"""What an alert's page says of when people were notified. What is not recorded is unknown, and not that nobody was."""

from collections.abc import Sequence
from datetime import timedelta

from streams.console.store.results import StoredAlert, StoreStatus
from streams.core.enriched import Alert
from streams.core.notifications import Acceptance
from streams.topic_names import NOTIFICATIONS

__all__ = ["acceptance_words", "written_words"]


def acceptance_words(alert: Alert, acceptances: Sequence[Acceptance], status: StoreStatus) -> str:
    """What the table of acceptances has, or why there is none."""
    if acceptances:
        return (
            "When an Alertmanager first accepted a state of this alert. Whom it notified, and when, is in its own log: "
            "silences and routes are its business."
        )
    if status.kind == "folder":
        return "Files of a run have no notifications: such a run sends nothing to anybody."
    if alert.mode == "shadow":
        return "None is recorded. The rule is on trial, and its alerts are sent to nobody."
    if all(topic.topic != NOTIFICATIONS for topic in status.topics):
        return f"Not known: the topic {NOTIFICATIONS}, which would say so, is not there."
    return "Not known: nothing is recorded of when it was sent to people, or whether it was."


def written_words(alert: Alert, stored: StoredAlert) -> str:
    """When the version that is shown was written, and how long after what it counts."""
    if stored.written_at is None:
        return "When this record was written is not known."
    late = stored.written_at - alert.as_of
    behind = f", {_span(late)} after the last event it counts" if late > timedelta(minutes=1) else ""
    return f"This record was written {stored.written_at:%Y-%m-%d %H:%M:%S} UTC{behind}."


def _span(length: timedelta) -> str:
    if length >= timedelta(days=2):
        return f"{length.days:,} days"
    minutes = int(length.total_seconds() // 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
