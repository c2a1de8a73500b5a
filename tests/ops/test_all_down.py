"""The first row of each dashboard with a real Prometheus, when no worker answers, and when it knows of none."""

import json
from pathlib import Path

import pytest

from streams.kafka.loopback import free_port
from tests.ops.alertmanager import wait_until
from tests.ops.panels import shown
from tests.ops.prometheus import Prometheus, require_prometheus
from tests.ops.queries import DASHBOARDS, OPS, panels_of, with_variables

_RULES = OPS / "prometheus" / "rules" / "antiphon.rules.yml"


@pytest.mark.slow
@pytest.mark.parametrize("targets", [2, 0], ids=["no worker answers", "none is known"])
def test_nothing_looks_well(targets: int, tmp_path: Path) -> None:
    require_prometheus()
    rules = tmp_path / "antiphon.rules.yml"
    rules.write_bytes(_RULES.read_bytes())
    addresses = [f"127.0.0.1:{free_port()}" for _ in range(targets)]
    job = {"job_name": "antiphon", "static_configs": [{"targets": addresses, "labels": {"environment": "live"}}]}
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(rules)],
        "scrape_configs": [job],
    }
    figures: dict[str, set[tuple[str, str]]] = {}
    with Prometheus(json.dumps(config)) as prometheus:
        wait_until("the workers are asked", lambda: len(prometheus.query("up == 0")) == targets)
        wait_until("the rules are judged", lambda: prometheus.query('ALERTS{alertname="AntiphonAlive"}'))
        for name, board in DASHBOARDS.items():
            for panel in (panel for panel in panels_of(board) if panel["type"] == "stat"):
                samples = prometheus.query(with_variables(panel["targets"][0]["expr"], window="60s"))
                assert samples, panel["title"]
                figures[f"{name}: {panel['title']}"] = {shown(panel, float(each["value"][1])) for each in samples}
    away = figures.pop("pipeline: Processes away")
    assert away == ({("2", "red")} if targets else {("No data", "red")})
    assert len(figures) > 10
    assert {name: what for name, what in figures.items() if what != {("No data", "red")}} == {}
