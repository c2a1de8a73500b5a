"""Every expression in ops/, asked of a real Prometheus that scrapes a real worker while a small world bustles.

Panels are asked without what they fall back to in a quiet world: here each must have figures of its own.
"""

import asyncio
import json
import math
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from streams.brokers.administration import create_topics
from streams.brokers.loopback import LOOPBACK, free_port
from streams.brokers.roster_topic import publish_roster
from streams.settings import Secret, Settings
from streams.topics import TOPICS
from tests.agents.vital_signs import working
from tests.brokers.running import RunningBroker
from tests.ops.alertmanager import Alertmanager, Receiver, quick_config, require_alertmanager
from tests.ops.bustle import BUSTLING_ROSTER, bustle
from tests.ops.prometheus import Prometheus, PrometheusError, require_prometheus
from tests.ops.queries import (
    FALLBACK,
    OPS,
    Query,
    annotation_queries,
    metrics_named,
    panel_queries,
    recording_rules,
    rule_queries,
    with_variables,
)

_PATIENCE_SECONDS: Final = 60.0
_WINDOW: Final = "60s"
_SELECTOR: Final = re.compile(r"\b(?:antiphon\w+|up|ALERTS)\{[^{}]*\}")


def _config(worker_port: int) -> str:
    """The rules as they are. Scraped and judged every second, so that seconds will do."""
    return json.dumps(
        {
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(OPS / "prometheus" / "rules" / "*.yml")],
            "scrape_configs": [
                {"job_name": "antiphon", "static_configs": [{"targets": [f"{LOOPBACK}:{worker_port}"]}]},
            ],
        }
    )


@contextmanager
def _bustling(settings: Settings) -> Iterator[None]:
    is_enough = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(bustle(settings, is_enough)), daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_enough.set()
        thread.join(20)


def _expected() -> list[Query]:
    """All that must have an answer: panels, annotations, recorded figures, and each selector of a rule."""
    asked = [*panel_queries(), *annotation_queries()]
    found = [Query(place=each.place, expr=FALLBACK.sub("", each.expr), legend=each.legend) for each in asked]
    found += [Query(place="recorded", expr=rule["record"]) for rule in recording_rules()]
    for each in [*asked, *rule_queries()]:
        found += [Query(place=each.place, expr=name) for name in sorted(metrics_named(each.expr))]
        found += [Query(place=each.place, expr=selector) for selector in _SELECTOR.findall(each.expr)]
    unique = {(each.expr, each.legend): each for each in found}
    return list(unique.values())


def _lacks(query: Query, samples: list[dict[str, Any]]) -> str | None:
    if not samples:
        return "no data"
    if not any(math.isfinite(float(sample["value"][1])) for sample in samples):
        return "no number"
    named = set(re.findall(r"\{\{(\w+)\}\}", query.legend))
    if not all(named <= sample["metric"].keys() for sample in samples):
        return f"a legend of {named} for {samples[0]['metric']}"
    return None


@pytest.mark.slow
def test_every_expression_has_an_answer_while_a_worker_works(
    kafka: RunningBroker, topic_prefix: str, tmp_path: Path
) -> None:
    require_prometheus()
    require_alertmanager()
    with Receiver() as receiver, Alertmanager(quick_config(receiver.url)) as alertmanager:
        settings = Settings(
            broker=kafka.address,
            topic_prefix=topic_prefix,
            session_timeout_seconds=6.0,
            commit_interval_seconds=0.3,
            canary_interval_seconds=0.5,
            metrics_port=free_port(),
            alertmanager_urls=Secret(alertmanager.url),
            notify_resend_seconds=2.0,
        )
        asyncio.run(create_topics(settings, partitions={topic.name: min(topic.partitions, 2) for topic in TOPICS}))
        asyncio.run(publish_roster(settings, BUSTLING_ROSTER))
        with (
            working(settings, tmp_path / "log") as worker,
            Prometheus(_config(settings.metrics_port)) as prometheus,
            _bustling(settings),
        ):
            expected = _expected()
            assert len(expected) > 80
            answered = 0
            lacking: list[tuple[Query, str]] = []
            deadline = time.monotonic() + _PATIENCE_SECONDS
            while expected:
                lacking = []
                for query in expected:
                    samples = prometheus.query(with_variables(query.expr, window=_WINDOW))
                    if (lack := _lacks(query, samples)) is not None:
                        lacking.append((query, lack))
                answered += len(expected) - len(lacking)
                expected = [query for query, _lack in lacking]
                assert worker.process.poll() is None, worker.log
                assert not expected or time.monotonic() < deadline, [
                    f"{query.place}: {query.expr!r}: {lack}" for query, lack in lacking
                ]
                time.sleep(0.5)
            assert answered > 80

            # As they stand, with what they fall back to.
            for query in [*panel_queries(), *annotation_queries()]:
                assert prometheus.query(with_variables(query.expr, window=_WINDOW)), query
            rules = prometheus.rules()
            assert len(rules) == len(rule_queries())
            assert {rule["health"] for rule in rules} == {"ok"}, rules
            # Of thirty events one is garbage, and nothing else is amiss.
            assert {rule["name"] for rule in rules if rule.get("state") == "firing"} == {"AntiphonDeadLetters"}
            with pytest.raises(PrometheusError, match="parse error"):
                prometheus.query("sum by (")
