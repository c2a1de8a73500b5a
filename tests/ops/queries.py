"""Every PromQL expression in ops/, and the names in it. Knows how dashboards and rules are laid out."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml
from msgspec import Struct
from prometheus_client import CollectorRegistry, Histogram

from streams.collectors.metrics import CollectorMetrics
from streams.console.web.metrics import ConsoleMetrics
from streams.metrics import Metrics

__all__ = [
    "DASHBOARDS",
    "FALLBACK",
    "OPS",
    "RULES",
    "Query",
    "alert_rules",
    "annotation_queries",
    "is_of_collectors",
    "is_of_console",
    "labels_of",
    "metrics_named",
    "panel_queries",
    "panels_of",
    "recording_rules",
    "rule_queries",
    "series_labels",
    "with_variables",
]

OPS: Final = Path(__file__).parents[2] / "ops"
_RULE_FILE: Final = OPS / "prometheus" / "rules" / "antiphon.rules.yml"
RULES: Final[list[dict[str, Any]]] = [
    rule for group in yaml.safe_load(_RULE_FILE.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]
]
DASHBOARDS: Final[dict[str, dict[str, Any]]] = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((OPS / "grafana" / "dashboards").glob("*.json"))
}

FALLBACK: Final = re.compile(r" or on \(\) (?:\(?0 \* max|\(1 - max|vector)\(.*$")
"""How an expression that is empty in a quiet world says what to show then: nothing happened, as a process that answers
knows, or else -1, which is shown as missing.
"""

_OTHERS: Final = {
    "up": {"job", "instance", "environment"},
    "ALERTS": {"alertname", "alertstate", "severity", "topic", "instance", "environment"},
    "alertmanager_notifications_total": {"integration"},
    "alertmanager_notifications_failed_total": {"integration"},
}
_NAME: Final = re.compile(r"(?<![\w:\"$])(antiphon[\w:]+|alertmanager_\w+|up|ALERTS)\b(?!\")")
_MATCHERS: Final = re.compile(r"\{([^{}]*)\}")
_MATCHER: Final = re.compile(r'([A-Za-z_]\w*)\s*(?:=~|!~|!=|=)\s*"[^"]*"')
_CLAUSE: Final = re.compile(r"\b(?:by|on|ignoring|without)\s*\(([^()]*)\)")
_STRING: Final = re.compile(r'"[^"]*"')
_COLLECTORS_JOB: Final = 'job="antiphon-collectors"'


class Query(Struct, frozen=True, kw_only=True):
    """One expression, and where it stands."""

    place: str
    expr: str
    legend: str = ""


def panels_of(dashboard: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All panels, rows among them, those in rows too."""
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", ())


def panel_queries() -> list[Query]:
    """What the panels of all dashboards ask."""
    return [
        Query(place=f"{name}: {panel['title']}", expr=target["expr"], legend=target["legendFormat"])
        for name, dashboard in DASHBOARDS.items()
        for panel in panels_of(dashboard)
        for target in panel.get("targets", ())
    ]


def annotation_queries() -> list[Query]:
    """What the annotations of all dashboards ask."""
    return [
        Query(place=f"{name}: {annotation['name']}", expr=annotation["expr"], legend=annotation["titleFormat"])
        for name, dashboard in DASHBOARDS.items()
        for annotation in dashboard["annotations"]["list"]
    ]


def recording_rules() -> list[dict[str, Any]]:
    """The rules that name a figure."""
    return [rule for rule in RULES if "record" in rule]


def alert_rules() -> list[dict[str, Any]]:
    """The rules that tell somebody."""
    return [rule for rule in RULES if "alert" in rule]


def rule_queries() -> list[Query]:
    """What all rules ask."""
    return [Query(place=rule.get("record") or f"alert {rule['alert']}", expr=rule["expr"]) for rule in RULES]


def with_variables(expr: str, *, window: str) -> str:
    """The expression as Grafana sends it: each interval is `window`, and of every other variable all is chosen."""
    return (
        expr.replace("$__rate_interval", window)
        .replace("$__range", window)
        .replace("$__interval", window)
        .replace("$country", ".*")
        .replace("$environment", ".*")
        .replace("$job", "antiphon.*")
        .replace("$instance", ".*")
    )


def series_labels() -> dict[str, set[str]]:
    """The labels of every series that there can be, of workers, collectors and consoles, and of the rules."""
    labels = dict(_OTHERS)
    families = (
        Metrics(CollectorRegistry()),
        CollectorMetrics(CollectorRegistry()),
        ConsoleMetrics(CollectorRegistry()),
    )
    collectors: list[Any] = [each for metrics in families for each in metrics.registry._collector_to_names]
    for collector in collectors:
        own = {*collector._labelnames, "job", "instance", "environment"}
        for family in collector.describe():
            if isinstance(collector, Histogram):
                labels |= {f"{family.name}_{end}": own for end in ("sum", "count")}
                labels[f"{family.name}_bucket"] = own | {"le"}
            else:
                labels[family.name + ("_total" if family.type == "counter" else "")] = own
    for rule in recording_rules():
        grouped = _CLAUSE.search(rule["expr"])
        # The outermost aggregation comes first, in each of ours.
        labels[rule["record"]] = set() if grouped is None else _words(grouped[1])
    return labels


def is_of_collectors(expr: str) -> bool:
    """Whether an expression asks for nothing but what processes of `antiphon collect` say, or whether they answer."""
    return _COLLECTORS_JOB in expr or all(name.startswith("antiphon_collector_") for name in metrics_named(expr))


def is_of_console(expr: str) -> bool:
    """Whether it asks for nothing but what a console says."""
    return all(name.startswith("antiphon_console_") for name in metrics_named(expr))


def metrics_named(expr: str) -> set[str]:
    """The series that an expression asks for."""
    return set(_NAME.findall(_STRING.sub('""', expr)))


def labels_of(expr: str) -> set[str]:
    """The labels that an expression matches, groups or joins by."""
    matched = {label for inside in _MATCHERS.findall(expr) for label in _MATCHER.findall(inside)}
    return matched.union(*(_words(inside) for inside in _CLAUSE.findall(expr)))


def _words(text: str) -> set[str]:
    return {word.strip() for word in text.split(",") if word.strip()}
