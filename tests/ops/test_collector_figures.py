"""What dashboards and rules ask of collectors, asked of a real Prometheus that scrapes a real collector."""

import json
import time
from pathlib import Path

from streams.kafka.loopback import free_port
from tests.collectors.collecting import Collection, settings_for
from tests.collectors.lines_server import lines_server
from tests.ops.prometheus import Prometheus, require_prometheus
from tests.ops.queries import FALLBACK, is_of_collectors, metrics_named, panel_queries, rule_queries, with_variables
from tools.kafka.running_broker import RunningBroker

_SECONDS = 45.0
_CUT_SECONDS = 8.0


def test_every_question_about_collectors_has_an_answer(kafka: RunningBroker, topic_prefix: str, tmp_path: Path) -> None:
    """Panels without what they fall back to, and each series of a rule; the source skips some lines and is cut off."""
    require_prometheus()
    settings = settings_for(kafka.address, topic_prefix, metrics_port=free_port())
    target = f"127.0.0.1:{settings.metrics_port}"
    job = {"job_name": "antiphon-collectors", "static_configs": [{"targets": [target]}]}
    config = {"global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "scrape_configs": [job]}
    panels = [FALLBACK.sub("", each.expr) for each in panel_queries() if is_of_collectors(each.expr)]
    rules = [each.expr for each in rule_queries() if is_of_collectors(each.expr)]
    asked = {*panels, *(name for expr in rules for name in metrics_named(expr))}
    assert len(asked) > 15
    with (
        Prometheus(json.dumps(config)) as prometheus,
        lines_server(200_000, lines_per_second=500) as server,
        Collection(settings, tmp_path, lines_port=server.port, first_pause_seconds=5).running() as subject,
    ):
        server.log[::7] = [b'{"n": %d, "skip": "seventh"}\n' % number for number in range(0, len(server.log), 7)]
        subject.wait_until("it collects", lambda: server.sent > 500)
        deadline = time.monotonic() + _SECONDS
        lacking, cut_at = asked, 0.0
        while lacking:
            if (
                time.monotonic() - cut_at > _CUT_SECONDS
            ):  # a rise is seen for ten seconds, and each question takes its time
                server.cut()
                cut_at = time.monotonic()
            lacking = {expr for expr in lacking if not prometheus.query(with_variables(expr, window="10s"))}
            assert not lacking or time.monotonic() < deadline, lacking
            time.sleep(0.3)
