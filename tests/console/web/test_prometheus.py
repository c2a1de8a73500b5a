"""What the dashboards ask of a console, asked of a real Prometheus that reads a real console."""

import json

import pytest

from streams.console.store.reading import Store
from tests.console.web.running import running_console
from tests.ops.alertmanager import wait_until
from tests.ops.prometheus import Prometheus, require_prometheus
from tests.ops.queries import is_of_console, panel_queries, with_variables

_TOKEN = "-".join(["a", "token", "of", "some", "length"])


@pytest.mark.slow
def test_every_panel_about_a_console_has_an_answer(case_store: Store) -> None:
    require_prometheus()
    panels = [each.expr for each in panel_queries() if is_of_console(each.expr)]
    assert len(panels) >= 7
    with running_console(case_store, token=_TOKEN) as console:
        job = {
            "job_name": "antiphon-console",
            "static_configs": [{"targets": [f"127.0.0.1:{console.port}"], "labels": {"environment": "test"}}],
        }
        config = {"global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "scrape_configs": [job]}
        with Prometheus(json.dumps(config)) as prometheus:

            def lacking() -> list[str]:
                for _ in range(3):
                    console.ask("/alerts", Authorization=f"Bearer {_TOKEN}")
                    console.ask("/alerts.csv", Authorization=f"Bearer {_TOKEN}")
                    console.ask("/alerts")
                return [expr for expr in panels if not prometheus.query(with_variables(expr, window="60s"))]

            wait_until("all panels have an answer", lambda: not lacking())
