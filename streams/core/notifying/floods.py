"""The alert that stands for the alerts of a rule that are not sent one by one, since there are too many.

An Alertmanager says nothing of an annotation that changes. So that people hear of a flood that grows, one more alert
joins the same group at each doubling of the number: all of them say the present number.
"""

from collections.abc import Iterator
from typing import Final

from streams.core.notifying.notices import MAX_LABEL, Notice, NotifyPolicy, clean, runbook_link
from streams.core.rulebook.rules import Severity

__all__ = ["FLOOD_ALERT", "flood_notices"]

FLOOD_ALERT: Final = "AntiphonAlertFlood"
_NEVER: Final = 2**62
_FIRST_STEP: Final = 10


def flood_notices(rule: str, severity: Severity, held_back: int, policy: NotifyPolicy) -> list[Notice]:
    """As severe as the alerts that it stands for. Critical ones are always sent: no flood keeps them back."""
    annotations = _annotations(rule, severity, held_back, policy)
    return [
        Notice(
            labels={
                "alertname": FLOOD_ALERT,
                "environment": policy.environment_label,
                "more_than": str(step),
                "rule": clean(rule, MAX_LABEL),
                "severity": severity,
            },
            annotations=annotations,
            ends_us=_NEVER,
        )
        for step in _steps(held_back)
    ]


def _steps(held_back: int) -> Iterator[int]:
    """0, 10, 20, 40 and so on, below the number."""
    step = 0
    while step < held_back:
        yield step
        step = 2 * step or _FIRST_STEP


def _annotations(rule: str, severity: Severity, held_back: int, policy: NotifyPolicy) -> dict[str, str]:
    """How many there are, what is still told, and what to do."""
    name = clean(rule, MAX_LABEL)
    kind = "warning" if severity == "warning" else f"alert of severity {severity}"
    kinds = "warnings" if severity == "warning" else f"alerts of severity {severity}"
    count = f"1 more {kind}" if held_back == 1 else f"{held_back:,} more {kinds}"
    are = "is" if held_back == 1 else "are"
    return {
        "title": f"Flood of alerts of the rule {name}",
        "summary": f"{count} of the rule {name} {are} not told one by one: the {policy.limit:,} that came first are. "
        "Critical alerts, and alerts that become more severe after they were told, are always told.",
        "held_back": str(held_back),
        "severity": severity,
        "next": f"List all of them: antiphon alerts --firing --rule {name}. Many at once are more often a wrong "
        "roster, a changed rule or a back-fill than many accounts.",
    } | runbook_link("AntiphonAlertFlood", policy)
