"""What is read faster is what is shipped: the same rules, each time in them a twelfth."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.hurry import FACTOR, hurried_prometheus, hurried_rules
from tests.ops.queries import OPS, RULES
from tools.alertmanager import with_webhook

_TEXT = (OPS / "prometheus" / "rules" / "antiphon.rules.yml").read_text(encoding="utf-8")
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3_600, "d": 86_400}
_TIME = re.compile(r"\b(\d+)(ms|[smhd])\b")


def _rules(text: str) -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]


def _seconds(text: str) -> list[float]:
    return [int(number) * _UNITS[unit] for number, unit in _TIME.findall(text)]


def test_every_window_and_every_for_is_a_twelfth_of_what_it_was() -> None:
    compared = 0
    for before, after in zip(RULES, _rules(hurried_rules(_TEXT)), strict=True):
        for key in ("expr", "for"):
            was, now = _seconds(before.get(key, "")), _seconds(after.get(key, ""))
            assert now == pytest.approx([seconds / FACTOR for seconds in was]), before
            compared += len(was)
    assert compared > 30


def test_of_numbers_only_seconds_change_and_of_all_else_nothing() -> None:
    changed = set[tuple[str, str]]()
    for before, after in zip(RULES, _rules(hurried_rules(_TEXT)), strict=True):
        assert {key: before[key] for key in before if key not in ("expr", "for")} == {
            key: after[key] for key in after if key not in ("expr", "for")
        }
        was, now = (re.split(r"(\d[\d.]*)", _TIME.sub("T", rule["expr"])) for rule in (before, after))
        assert was[::2] == now[::2]
        changed |= {pair for pair in zip(was[1::2], now[1::2], strict=True) if pair[0] != pair[1]}
    assert changed == {("60", "5"), ("180", "15"), ("300", "25"), ("960", "80"), ("1800", "150")}


def test_a_time_that_would_not_be_whole_milliseconds_is_refused() -> None:
    with pytest.raises(ValueError, match="1s cannot be divided by 12"):
        hurried_rules("x[1s] > 0.6")


def test_times_are_divided_and_shares_are_not() -> None:
    assert hurried_rules("x[3s] > 0.6") == "x[250ms] > 0.6"
    assert hurried_rules("name:rate1d > 60 and y >= 20") == "name:rate1d > 5 and y >= 20"


def test_prometheus_takes_what_comes_of_it(tmp_path: Path) -> None:
    if shutil.which("promtool") is None:
        pytest.skip("left out: promtool: install the package prometheus")
    rules = tmp_path / "rules.yml"
    rules.write_text(hurried_rules(_TEXT), "utf-8")
    shipped = (OPS / "prometheus" / "prometheus.yml").read_text("utf-8")
    config = tmp_path / "prometheus.json"
    config.write_text(hurried_prometheus(shipped, str(rules), ["127.0.0.1:2"], workers=["127.0.0.1:1"]), "utf-8")
    done = subprocess.run(["promtool", "check", "config", config], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(RULES)} rules found" in done.stdout


def test_the_shipped_routes_stay_and_each_receiver_gets_a_webhook() -> None:
    shipped = (OPS / "alertmanager" / "alertmanager.yml").read_text("utf-8")
    before, after = yaml.safe_load(shipped), yaml.safe_load(with_webhook(shipped, "http://127.0.0.1:1/"))
    assert after["route"] == before["route"]
    assert [each["name"] for each in after["receivers"]] == [each["name"] for each in before["receivers"]]
    assert all(each["webhook_configs"][0]["send_resolved"] for each in after["receivers"])


def test_a_receiver_that_notifies_somebody_already_is_not_overwritten() -> None:
    routing = "route: {receiver: a}\nreceivers: [{name: a, webhook_configs: [{url: 'http://example.org/'}]}]"
    with pytest.raises(ValueError, match="receiver a"):
        with_webhook(routing, "http://127.0.0.1:1/")
