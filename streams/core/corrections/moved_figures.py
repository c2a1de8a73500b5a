"""Which figures of an alert or aftermath differ between two runs over the same events."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from streams.core.enriched import Alert
from streams.core.watching.aftermath_records import Aftermath

__all__ = ["moved_in_aftermath", "moved_in_alert"]

# Digests and sentences, and what is compared by itself.
_NO_FIGURES: Final = frozenset(
    {"id", "dedup_key", "rule", "platform", "subject", "roster_digest", "rule_digest", "summary", "superseded_by"}
    | {"retracted_at", "retracted_because"}
    | {"figures", "fired_figures", "evidence", "severity", "fired_at"}
)


def moved_in_alert(one: Alert, other: Alert) -> dict[str, tuple[Any, Any]]:
    """Each figure that differs, old and new, those of the moment at which it fired with ` when fired` behind."""
    moved = _moved(one.figures, other.figures)
    fired = _moved(one.fired_figures, other.fired_figures)
    moved |= {f"{name} when fired": values for name, values in fired.items()}
    moved |= _moved(_said(one), _said(other))
    listed = [[(each.event_id, each.kind, each.official) for each in alert.evidence] for alert in (one, other)]
    if listed[0] != listed[1] and not moved:
        moved["evidence"] = (len(listed[0]), len(listed[1]))
    return moved


def moved_in_aftermath(one: Aftermath, other: Aftermath) -> dict[str, tuple[Any, Any]]:
    """Each figure that differs, old and new."""
    return _moved(_said(one), _said(other))


def _said(record: Alert | Aftermath) -> dict[str, object]:
    """Everything that a record says in fields of its own, without names of officials."""
    said = _nameless(msgspec.to_builtins(record, builtin_types=(datetime,)))
    if "deletions_by_account" in said:  # goes by handle
        said["deletions_by_account"] = sorted(said["deletions_by_account"].values())
    return {name: value for name, value in said.items() if name not in _NO_FIGURES}


def _nameless(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _nameless(each) for name, each in value.items() if name not in ("handle", "source")}
    return [_nameless(each) for each in value] if isinstance(value, list | tuple) else value


def _moved(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Each figure that differs; of a list or table how long it is."""
    return {
        name: (_shown_value(one.get(name)), _shown_value(other.get(name)))
        for name in dict.fromkeys((*one, *other))
        if one.get(name) != other.get(name)
    }


def _shown_value(value: Any) -> Any:
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ", ".join(value)
    return len(value) if isinstance(value, list | dict) else value
