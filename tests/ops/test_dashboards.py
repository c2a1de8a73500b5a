"""The dashboards and their provisioning: sound as Grafana's types read them, and they name only what there is.

No Grafana runs here: what is checked is the structure, and tests/e2e runs what they ask.
"""

import copy
import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard
from prometheus_client import CollectorRegistry

from streams.collectors.metrics import CollectorMetrics
from streams.console.web.metrics import ConsoleMetrics
from streams.metrics import Metrics
from streams.settings import Settings
from tests.ops.panels import shown
from tests.ops.queries import (
    DASHBOARDS,
    OPS,
    RULES,
    Query,
    annotation_queries,
    labels_of,
    metrics_named,
    panel_queries,
    panels_of,
    series_labels,
)

_PROVISIONING = OPS / "grafana" / "provisioning"
_PANELS = [(name, panel) for name, board in DASHBOARDS.items() for panel in panels_of(board) if panel["type"] != "row"]
_TYPES = {"timeseries", "stat", "table", "alertGroups"}
_UNITS = {"short", "s", "bytes", "suffix:records/s", "suffix:events/s", "currencyUSD", "percentunit"}
_VARIABLES = ["datasource", "environment", "job", "instance"]
_OF_OUR_OWN = re.compile(r"\b(SCREEN|TRACK|WATCH|NOTIFY|[Cc]anary|[Ss]tandstill|[Ff]enced|[Ll]edger|[Ss]ubject)s?\b")
"""Words that nobody knows who has not read the architecture: not in a title."""
_BUILT_IN = {"__rate_interval", "__range", "__interval"}

_each_dashboard = pytest.mark.parametrize("name", DASHBOARDS)
_each_panel = pytest.mark.parametrize(
    "panel", [panel for _name, panel in _PANELS], ids=[f"{name}-{panel['title']}" for name, panel in _PANELS]
)


def _provisioned(what: str) -> dict[str, Any]:
    (file,) = (_PROVISIONING / what).glob("*.yml")
    provisioned: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert provisioned["apiVersion"] == 1
    return provisioned


def _thresholds(panel: dict[str, Any]) -> list[float]:
    steps = panel.get("fieldConfig", {}).get("defaults", {}).get("thresholds", {}).get("steps", ())
    return [step["value"] for step in steps if step["value"] is not None]


_SOURCES = {source["uid"]: source for source in _provisioned("datasources")["datasources"]}


def test_both_dashboards_are_there_and_lead_to_each_other_and_to_the_console() -> None:
    assert DASHBOARDS.keys() == {"amplification", "pipeline"}
    uids = {name: board["uid"] for name, board in DASHBOARDS.items()}
    assert len(set(uids.values())) == len(uids)
    for board in DASHBOARDS.values():
        others = {f"/d/{uid}" for uid in uids.values()} - {f"/d/{board['uid']}"}
        assert {link["url"] for link in board["links"]} == others | {"${console}"}
        (console,) = (each for each in board["templating"]["list"] if each["name"] == "console")
        assert (console["type"], console["skipUrlSync"]) == ("textbox", True), "no link sets where it leads"


def test_grafana_is_configured_with_the_data_sources_and_the_folder() -> None:
    """The addresses are those of the services in docker-compose.yml, the folder is where that file mounts ours."""
    services = yaml.safe_load((OPS.parent / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    assert {source["type"] for source in _SOURCES.values()} == {"prometheus", "alertmanager"}
    for source in _SOURCES.values():
        found = re.fullmatch(r"http://(\w+):(\d+)", source["url"])
        assert found is not None
        assert f"--web.listen-address=:{found[2]}" in services[found[1]]["command"]
    (provider,) = _provisioned("dashboards")["providers"]
    path = provider["options"]["path"]
    assert f"./ops/grafana/dashboards:{path}:ro" in services["grafana"]["volumes"]
    assert any(mount.startswith("./ops/grafana/provisioning:") for mount in services["grafana"]["volumes"])


@_each_dashboard
def test_a_dashboard_has_ids_of_its_own_and_panels_that_do_not_overlap(name: str) -> None:
    board = DASHBOARDS[name]
    assert board["title"]
    assert board["description"].endswith(".")
    assert board["editable"] is False
    assert board.get("id") is None, "an id is what one Grafana's database gave it"
    panels = list(panels_of(board))
    assert not [each for each, count in Counter(panel["id"] for panel in panels).items() if count > 1]
    assert not [each for each, count in Counter(panel["title"] for panel in panels).items() if count > 1]
    for panel in panels:
        assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24
    shown_together = [board["panels"], *(panel["panels"] for panel in panels if panel["type"] == "row")]
    for one, other in chain.from_iterable(
        combinations([each["gridPos"] for each in some], 2) for some in shown_together
    ):
        is_beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        assert is_beside or one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"], (one, other)


@_each_dashboard
def test_alerts_are_marked_on_the_graphs_and_listed_from_alertmanager(name: str) -> None:
    board = DASHBOARDS[name]
    marked = set(chain.from_iterable(metrics_named(each["expr"]) for each in board["annotations"]["list"]))
    assert "ALERTS" in marked
    assert all(each["enable"] for each in board["annotations"]["list"])
    (listed,) = (panel for panel in panels_of(board) if panel["type"] == "alertGroups")
    # The one core panel that asks an Alertmanager; it finds its data source by name.
    assert listed["options"]["alertmanager"] == _SOURCES[listed["datasource"]["uid"]]["name"]
    assert _SOURCES[listed["datasource"]["uid"]]["type"] == "alertmanager"
    assert re.fullmatch(r'\w+=~".+"', listed["options"]["labels"])
    if name == "amplification":
        assert "antiphon_alert_updates_total" in marked
        assert listed["options"]["labels"].startswith("antiphon_id=")


@_each_dashboard
def test_which_prometheus_environment_job_and_instance_can_be_chosen(name: str) -> None:
    """Where all are chosen, none is left out, and every question is asked of the chosen ones."""
    board = DASHBOARDS[name]
    variables = board["templating"]["list"]
    assert [each["name"] for each in variables][:4] == _VARIABLES
    source, *others = variables
    assert (source["type"], source["query"], source["current"]["value"]) == (
        "datasource",
        "prometheus",
        "antiphon-prometheus",
    )
    for each in (each for each in others if each["type"] == "query"):
        assert (each["includeAll"], each["multi"], each["refresh"]) == (True, True, 2), "asked again with the time"
        assert each["allValue"] == ("antiphon.*" if each["name"] == "job" else ".*")
    asked = [each for each in (*panel_queries(), *annotation_queries()) if each.place.startswith(f"{name}:")]
    for query in asked:
        for selector in re.findall(r"\b(antiphon[\w:]+|up|ALERTS)(\{[^}]*\})?", re.sub(r'"[^"]*"', "", query.expr)):
            assert selector[1], f"{query.place} asks all of {selector[0]}"
        whole = re.findall(r"\b(?:antiphon_\w+|up)\{([^}]*)\}", query.expr)
        assert all('job=~"$job", instance=~"$instance"' in inside for inside in whole), query.place
        every = re.findall(r"\b(?:antiphon[\w:]+|up|ALERTS)\{([^}]*)\}", query.expr)
        assert all("$environment" in inside or "AntiphonAlive" in inside for inside in every), query.place


@_each_dashboard
def test_every_data_source_is_the_chosen_one(name: str) -> None:
    def sources(node: object) -> list[dict[str, str]]:
        match node:
            case dict():
                own = [node["datasource"]] if "datasource" in node else []
                return own + [each for value in node.values() for each in sources(value)]
            case list():
                return [each for value in node for each in sources(value)]
        return []

    found = sources(DASHBOARDS[name])
    assert len(found) > 20
    for source in found:
        if source["type"] == "prometheus":
            assert source["uid"] == "${datasource}"
        else:
            assert source["type"] == _SOURCES[source["uid"]]["type"]


@_each_dashboard
def test_the_first_row_says_whether_all_is_well_and_the_rest_is_folded(name: str) -> None:
    first, *others = DASHBOARDS[name]["panels"]
    assert (first["title"], first["type"], first["gridPos"]["x"], first["gridPos"]["y"]) == (
        "Is all well?",
        "stat",
        0,
        0,
    )
    open_ones = [panel for panel in others if panel["type"] != "row"]
    assert {panel["type"] for panel in open_ones} == {"stat", "alertGroups"}
    rows = [panel for panel in others if panel["type"] == "row"]
    assert len(rows) >= 2
    assert all(row["collapsed"] and row["panels"] for row in rows)


@pytest.mark.parametrize("name", DASHBOARDS)
def test_grafanas_own_types_read_a_dashboard_and_lose_nothing(name: str) -> None:
    """Those of grafana-foundation-sdk, which are generated from Grafana's schema. What the Prometheus data source adds
    to an annotation is not in the schema.
    """
    plugins.register_default_plugins()
    read = Dashboard.from_json(copy.deepcopy(DASHBOARDS[name]))
    written = json.loads(json.dumps(read, cls=JSONEncoder))
    lost = set(_lost(DASHBOARDS[name], written, ""))
    assert {place for place in lost if not place.startswith("/annotations/list/")} == set()


def _lost(before: Any, after: Any, place: str) -> Iterator[str]:
    match before, after:
        case dict(), dict():
            for key, value in before.items():
                yield from _lost(value, after.get(key), f"{place}/{key}")
        case list(), list() if len(before) == len(after):
            for number, (one, other) in enumerate(zip(before, after, strict=True)):
                yield from _lost(one, other, f"{place}/{number}")
        case _ if before != after:
            yield place


@_each_panel
def test_a_panel_says_what_it_shows_and_in_which_unit(panel: dict[str, Any]) -> None:
    assert panel["type"] in _TYPES
    assert re.match(r"[A-Z]", panel["title"])
    assert _OF_OUR_OWN.search(panel["title"]) is None
    assert panel["description"].endswith(".")
    if panel["type"] == "alertGroups":
        return
    assert panel["fieldConfig"]["defaults"]["noValue"] == "No data"
    assert panel["fieldConfig"]["defaults"]["unit"] in _UNITS
    assert [target["refId"] for target in panel["targets"]] == [chr(65 + n) for n in range(len(panel["targets"]))]
    for target in panel["targets"]:
        assert target["legendFormat"], "a legend that is an expression is none"
        assert target["instant"] is not target["range"]
        assert target["instant"] is (panel["type"] != "timeseries")


@_each_panel
def test_what_a_threshold_says_can_be_read_without_colour(panel: dict[str, Any]) -> None:
    """A graph draws it as a line, and its text names it; so does that of a single figure."""
    defaults = panel.get("fieldConfig", {}).get("defaults", {})
    steps = _thresholds(panel)
    if panel["type"] == "timeseries":
        assert (defaults["custom"]["thresholdsStyle"]["mode"] != "off") == bool(steps)
    elif panel["type"] != "stat":
        assert steps == []
    for value in steps:
        if value == 1 and panel["type"] == "stat":  # some, or none
            continue
        words = {"s": (f"{value:g} s", f"{value / 60:g} minutes"), "percentunit": (f"{value * 100:g} %",)}
        said = words.get(defaults["unit"], (f"{value:,}",))
        assert any(word in panel["description"] for word in said), value


@pytest.mark.parametrize(
    "panel", [panel for _name, panel in _PANELS if panel["type"] == "stat"], ids=lambda p: p["title"]
)
def test_a_figure_that_is_not_there_is_red_and_says_so(panel: dict[str, Any]) -> None:
    assert panel["options"]["colorMode"] == "background"
    assert panel["targets"][0]["expr"].endswith(" or on () vector(-1)")
    assert shown(panel, -1) == ("No data", "red")


@pytest.mark.parametrize("query", [*panel_queries(), *annotation_queries()], ids=lambda query: query.place)
def test_a_query_asks_for_series_labels_and_variables_that_there_are(query: Query) -> None:
    known = series_labels()
    named = metrics_named(query.expr)
    assert named
    assert named <= known.keys(), named - known.keys()
    labels = set(chain.from_iterable(known[name] for name in named))
    assert labels_of(query.expr) <= labels
    assert set(re.findall(r"\{\{(\w+)\}\}", query.legend)) <= labels | {"alertname"}
    board = DASHBOARDS[query.place.partition(":")[0]]
    variables = {variable["name"] for variable in board["templating"]["list"]}
    assert set(re.findall(r"\$(\w+)", query.expr)) <= variables | _BUILT_IN


def test_a_name_that_there_is_not_would_be_noticed() -> None:
    known = series_labels()
    assert metrics_named("sum by (topic) (rate(antiphon_recrods_total[5m]))") - known.keys() == {
        "antiphon_recrods_total"
    }
    assert metrics_named("rate(antiphon_records[5m])") - known.keys() == {"antiphon_records"}
    assert labels_of('antiphon_records_total{topics=~"a|b", job="x"}') == {"topics", "job"}
    assert labels_of("sum by (topic, le) (a) / on (x) b") == {"topic", "le", "x"}


def test_each_metric_is_shown_or_judged_somewhere() -> None:
    expressions = [query.expr for query in panel_queries()] + [rule["expr"] for rule in RULES]
    named = set(chain.from_iterable(map(metrics_named, expressions)))
    shown = (Metrics(CollectorRegistry()), CollectorMetrics(CollectorRegistry()), ConsoleMetrics(CollectorRegistry()))
    for family in (family for metrics in shown for family in metrics.registry.collect()):
        assert any(name.startswith(family.name) for name in named), family.name


def test_the_thresholds_on_the_graphs_are_those_of_the_alerts() -> None:
    """Or, of the one graph that shows how near a worker is to ending itself, the setting's default."""
    numbers = {
        float(number)
        for rule in RULES
        for number in re.findall(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.])", rule["expr"] if "alert" in rule else "")
    }
    drawn = {value for _name, panel in _PANELS for value in _thresholds(panel)}
    assert len(drawn) > 3
    some_or_none = 1.0
    assert drawn - numbers <= {Settings().stuck_after_seconds, some_or_none}


def test_files_are_where_docker_compose_expects_them() -> None:
    for path in ("prometheus/prometheus.yml", "grafana/provisioning", "grafana/dashboards"):
        assert Path(OPS, path).exists()
