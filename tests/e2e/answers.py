"""Every expression in ops/ about workers, asked of a real Prometheus until each has an answer. Those about collectors
are asked in tests/ops/test_collector_figures.py, those about consoles in tests/console/web/test_prometheus.py.

Panels are asked without what they fall back to in a quiet world: here each must have figures of its own.
"""

import math
import re
import time
from typing import Any, Final

from tests.ops.prometheus import Prometheus, PrometheusError
from tests.ops.queries import (
    FALLBACK,
    Query,
    annotation_queries,
    is_of_collectors,
    is_of_console,
    metrics_named,
    panel_queries,
    recording_rules,
    rule_queries,
    with_variables,
)

__all__ = ["all_answered", "to_be_answered"]

_RETRY_SECONDS: Final = 60.0
_WINDOW: Final = "5m"  # longer than it took to come here: what happened once is a rate, too
_SELECTOR: Final = re.compile(r"\b(?:antiphon\w+|up|ALERTS)\{[^{}]*\}")


def to_be_answered() -> list[Query]:
    """All that must have an answer: panels, annotations, recorded figures, and each series and selector of a rule."""
    asked = _of_workers()
    found = [Query(place=each.place, expr=FALLBACK.sub("", each.expr), legend=each.legend) for each in asked]
    found += [Query(place="recorded", expr=rule["record"]) for rule in recording_rules()]
    for each in [*asked, *(rule for rule in rule_queries() if not is_of_collectors(rule.expr))]:
        found += [Query(place=each.place, expr=name) for name in sorted(metrics_named(each.expr))]
        found += [Query(place=each.place, expr=selector) for selector in _SELECTOR.findall(each.expr)]
    unique = {(each.expr, each.legend): each for each in found}
    return list(unique.values())


def all_answered(prometheus: Prometheus) -> int:
    """How many expressions there are, once each has had an answer. Raises `AssertionError` that names the others."""
    lacking = dict.fromkeys(to_be_answered(), "not asked")
    asked = len(lacking)
    deadline = time.monotonic() + _RETRY_SECONDS
    while lacking:
        answers = {query: _lack(prometheus, query) for query in lacking}
        lacking = {query: lack for query, lack in answers.items() if lack is not None}
        assert not lacking or time.monotonic() < deadline, [
            f"{query.place}: {query.expr!r}: {lack}" for query, lack in lacking.items()
        ]
        time.sleep(0.5 if lacking else 0.0)
    # As they stand, with what they fall back to.
    for query in _of_workers():
        assert prometheus.query(with_variables(query.expr, window=_WINDOW)), query
    rules = prometheus.rules()
    assert len(rules) == len(rule_queries())
    assert {rule["health"] for rule in rules} == {"ok"}, rules
    assert _is_refused(prometheus, "sum by ("), "what it cannot read would not be noticed"
    return asked


def _of_workers() -> list[Query]:
    asked = (*panel_queries(), *annotation_queries())
    return [each for each in asked if not is_of_collectors(each.expr) and not is_of_console(each.expr)]


def _is_refused(prometheus: Prometheus, expr: str) -> bool:
    try:
        prometheus.query(expr)
    except PrometheusError as error:
        return "parse error" in str(error)
    return False


def _lack(prometheus: Prometheus, query: Query) -> str | None:
    samples: list[dict[str, Any]] = prometheus.query(with_variables(query.expr, window=_WINDOW))
    if not samples:
        return "no data"
    if not any(math.isfinite(float(sample["value"][1])) for sample in samples):
        return "no number"
    named = set(re.findall(r"\{\{(\w+)\}\}", query.legend))
    if not all(named <= sample["metric"].keys() for sample in samples):
        return f"a legend of {named} for {samples[0]['metric']}"
    return None
