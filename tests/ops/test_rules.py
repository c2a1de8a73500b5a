"""ops/prometheus is what Prometheus takes, its rules fire when they should, and each alert has its runbook."""

import os
import re
import shutil
import subprocess
from collections import Counter
from itertools import chain
from pathlib import Path

import pytest
import yaml

from streams.core.notifying.floods import FLOOD_ALERT
from streams.rules_loading import bundled_rules
from streams.topics import TOPICS
from tests.ops.queries import (
    OPS,
    Query,
    alert_rules,
    labels_of,
    metrics_named,
    panel_queries,
    recording_rules,
    rule_queries,
    series_labels,
)

_PROMETHEUS = OPS / "prometheus"
_RUNBOOKS = OPS / "runbooks"
_TESTS = sorted((_PROMETHEUS / "tests").glob("*.test.yml"))
_ALERT_RUNBOOKS = _RUNBOOKS / "rules"
_ALWAYS = "AntiphonAlive"
_SECTIONS = ["Meaning", "First look", "What to do", "Escalation"]


def _promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    if shutil.which("promtool") is None:
        part = "promtool: install the package prometheus"
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            pytest.fail(f"CI must not leave out {part}", pytrace=False)
        pytest.skip(f"left out: {part}")
    return subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, check=False, timeout=120)


def test_prometheus_takes_the_configuration_and_the_rules_in_it() -> None:
    done = _promtool("check", "config", _PROMETHEUS / "prometheus.yml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 rule files found" in done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("file", _TESTS, ids=lambda path: path.name.partition(".")[0])
def test_rules_fire_when_they_should_and_only_then(file: Path) -> None:
    done = _promtool("test", "rules", file)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_has_cases_in_which_it_fires_and_in_which_it_does_not() -> None:
    """Each severity of it, too."""
    fires: Counter[tuple[str, str]] = Counter()
    is_quiet: Counter[str] = Counter()
    for file in _TESTS:
        for test in yaml.safe_load(file.read_text(encoding="utf-8"))["tests"]:
            for case in test["alert_rule_test"]:
                for expected in case.get("exp_alerts", ()):
                    fires[case["alertname"], expected["exp_labels"]["severity"]] += 1
                is_quiet[case["alertname"]] += not case.get("exp_alerts")
    alerts = {(rule["alert"], rule["labels"]["severity"]) for rule in alert_rules()}
    assert fires.keys() == alerts
    assert {name for name, count in is_quiet.items() if count} == {name for name, _severity in alerts} - {_ALWAYS}


@pytest.mark.slow
def test_a_rule_that_never_fires_is_noticed(tmp_path: Path) -> None:
    """The cases can fail: in a copy in which every threshold of time is a hundred times as long, they do."""
    shutil.copytree(_PROMETHEUS, tmp_path / "prometheus")
    rules = tmp_path / "prometheus" / "rules" / "antiphon.rules.yml"
    text, changed = re.subn(r"^( +for: \d+)m$", r"\g<1>00m", rules.read_text(encoding="utf-8"), flags=re.MULTILINE)
    rules.write_text(text, encoding="utf-8")
    assert changed > 5
    assert _promtool("test", "rules", tmp_path / "prometheus" / "tests" / "notify.test.yml").returncode != 0


def test_each_alert_has_its_runbook_and_each_runbook_its_alert() -> None:
    alerts = {rule["alert"] for rule in alert_rules()}
    assert {path.stem for path in _RUNBOOKS.glob("*.md")} == alerts
    for rule in alert_rules():
        assert rule["annotations"]["runbook_url"] == f"ops/runbooks/{rule['alert']}.md"
        assert rule["annotations"]["summary"].endswith(".")
        assert rule["labels"].keys() == {"severity"}
        assert rule["annotations"]["impact"].endswith(".")
        assert rule["labels"]["severity"] in ({"none"} if rule["alert"] == _ALWAYS else {"warning", "critical"})


def test_each_rule_on_accounts_has_its_runbook_and_so_has_a_flood_of_them() -> None:
    rules = {rule.name for rule in bundled_rules().rules}
    assert {path.stem for path in _ALERT_RUNBOOKS.glob("*.md")} == rules | {FLOOD_ALERT}


@pytest.mark.parametrize("path", sorted(_RUNBOOKS.rglob("*.md")), ids=lambda path: path.stem)
def test_a_runbook_says_what_whoever_is_on_call_asks(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    title, *sections = re.split(r"^#+ ", text, flags=re.MULTILINE)[1:]
    assert title.strip() == path.stem
    assert [section.partition("\n")[0] for section in sections] == _SECTIONS
    for section in sections:
        assert len(section.partition("\n")[2].split()) > 15, section
    known = series_labels()
    named = set(re.findall(r"antiphon_\w+|antiphon:[\w:]+", text)) - {"antiphon_id"}  # a label in Alertmanager
    assert named <= known.keys(), named - known.keys()
    for other in re.findall(r"\]\((?!http)([^)#]+)", text):
        assert (_RUNBOOKS / other).exists(), other


@pytest.mark.parametrize("query", rule_queries(), ids=lambda query: query.place)
def test_a_rule_asks_for_series_and_labels_that_there_are(query: Query) -> None:
    known = series_labels()
    named = metrics_named(query.expr)
    assert named or query.expr == "vector(1)"
    assert named <= known.keys(), named - known.keys()
    assert labels_of(query.expr) <= set(chain.from_iterable(known[name] for name in named))


def test_each_figure_that_is_recorded_is_used() -> None:
    used = set(chain.from_iterable(metrics_named(query.expr) for query in [*rule_queries(), *panel_queries()]))
    assert {rule["record"] for rule in recording_rules()} <= used


def test_the_rules_know_the_raw_topics() -> None:
    raw = "|".join(topic.name for topic in TOPICS if topic.role == "raw")
    found = [topics for query in rule_queries() for topics in re.findall(r'topic=~"([^"]*)"', query.expr)]
    assert set(found) == {raw}
