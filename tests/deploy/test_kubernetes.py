"""ops/kubernetes: valid by the server's schemas, in the strictest pod standard, and made of settings that are real.

`kubernetes.schemas.json.gz` has the schemas of these kinds, strict, of Kubernetes 1.37, as the package
kubernetes-validate 1.37.0 (Apache-2.0) ships them, without their descriptions.
"""

import copy
import gzip
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import click
import pytest
import yaml
from jsonschema import Draft202012Validator

from streams.cli.main import cli
from streams.rules_loading import load_rules
from streams.settings import Settings, load_settings

_FOLDER: Final = Path(__file__).parents[2] / "ops" / "kubernetes"
_KUSTOMIZATION: Final[dict[str, Any]] = yaml.safe_load((_FOLDER / "kustomization.yaml").read_text("utf-8"))
_SCHEMAS: Final = json.loads(gzip.decompress(Path(__file__).with_name("kubernetes.schemas.json.gz").read_bytes()))
_RESOURCES: Final[list[dict[str, Any]]] = [
    resource
    for name in (*_KUSTOMIZATION["resources"], "secret.example.yaml")
    for resource in yaml.safe_load_all((_FOLDER / name).read_text("utf-8"))
]


def _problems(resource: dict[str, Any]) -> list[str]:
    schema = {**_SCHEMAS["kinds"][resource["kind"]], "$defs": _SCHEMAS["$defs"]}
    return [f"{error.json_path}: {error.message}" for error in Draft202012Validator(schema).iter_errors(resource)]


def _named(kind: str) -> dict[str, Any]:
    [found] = [resource for resource in _RESOURCES if resource["kind"] == kind]
    return found


def _pods() -> Iterator[tuple[str, dict[str, Any]]]:
    for resource in _RESOURCES:
        match resource["kind"]:
            case "StatefulSet" | "Job":
                yield resource["kind"], resource["spec"]["template"]["spec"]
            case "CronJob":
                yield resource["kind"], resource["spec"]["jobTemplate"]["spec"]["template"]["spec"]


_each_pod = pytest.mark.parametrize("pod", [pod for _kind, pod in _pods()], ids=[kind for kind, _pod in _pods()])


@pytest.mark.parametrize("resource", _RESOURCES, ids=lambda each: f"{each['kind']}-{each['metadata']['name']}")
def test_a_resource_is_valid_by_the_servers_schema(resource: dict[str, Any]) -> None:
    assert _problems(resource) == []


def test_the_schemas_refuse_what_the_server_would() -> None:
    changes: tuple[dict[str, Any], ...] = ({"replicas": "two"}, {"replica": 2}, {"template": []})
    for change in changes:
        broken = copy.deepcopy(_named("StatefulSet"))
        broken["spec"] |= change
        assert _problems(broken), change


def test_every_file_is_part_of_it_but_the_example_of_the_secret() -> None:
    files = {path.name for path in _FOLDER.iterdir()}
    assert files == {*_KUSTOMIZATION["resources"], "kustomization.yaml", "rules.toml", "secret.example.yaml"}
    assert "secret.example.yaml" not in _KUSTOMIZATION["resources"], "no secret is applied from a checkout"


def test_kustomize_builds_it_and_what_it_builds_is_valid() -> None:
    """Names of generated ConfigMaps carry a hash: a change of the settings or the rules restarts the workers."""
    if (kubectl := shutil.which("kubectl")) is None:
        pytest.skip("left out: kubectl, which has kustomize")
    built = subprocess.run([kubectl, "kustomize", str(_FOLDER)], capture_output=True, check=True).stdout
    resources = list(yaml.safe_load_all(built))
    assert len(resources) == len(_RESOURCES) - 1 + len(_KUSTOMIZATION["configMapGenerator"])
    assert [problem for each in resources for problem in _problems(each)] == []
    [workers] = [each for each in resources if each["kind"] == "StatefulSet"]
    [container] = workers["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "antiphon:0.1.0"
    assert container["envFrom"][0]["configMapRef"]["name"].startswith("antiphon-")


def test_what_is_configured_are_settings_and_the_secret_is_named_and_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    settings, rules = _KUSTOMIZATION["configMapGenerator"]
    values = dict(each.split("=", 1) for each in settings["literals"])
    secret = _named("Secret")["stringData"]
    for name, value in (values | secret).items():
        monkeypatch.setenv(name, value)
    loaded = load_settings({}, config_file=None)
    assert loaded.environment == "live"
    assert loaded.expected_workers == _named("StatefulSet")["spec"]["replicas"]
    assert not {name for name in values if any(word in name for word in ("PASSWORD", "URLS", "USERNAME"))}
    [file] = rules["files"]
    assert load_rules(_FOLDER / file) == load_rules(None), "the rules are not those that Antiphon comes with"
    assert values["ANTIPHON_RULES_FILE"] == f"/etc/antiphon/{file}"


@_each_pod
def test_a_pod_can_do_no_more_than_it_must(pod: dict[str, Any]) -> None:
    """The pod security standard `restricted`, which the namespace enforces, and a root file system to read only."""
    assert _named("Namespace")["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    [container] = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"]["requests"].keys() >= {"cpu", "memory"}
    assert "memory" in container["resources"]["limits"]
    assert [next(iter(each.values()))["name"] for each in container["envFrom"]] == ["antiphon", "antiphon"]
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
    assert "env" not in container, "settings are in one place"


@_each_pod
def test_a_pod_runs_a_command_that_there_is(pod: dict[str, Any]) -> None:
    [container] = pod["containers"]
    command: click.Command = cli
    arguments = list(container["args"])
    while isinstance(command, click.Group) and arguments:
        found = command.get_command(click.Context(cli), arguments.pop(0))
        assert found is not None, container["args"]
        command = found
    known = {name for parameter in command.params for name in parameter.opts}
    assert {each for each in arguments if each.startswith("--")} <= known


def test_workers_are_probed_end_gracefully_and_never_all_at_once() -> None:
    workers = _named("StatefulSet")["spec"]
    pod = workers["template"]["spec"]
    [container] = pod["containers"]
    probes = {name: container[name]["httpGet"]["path"] for name in container if name.endswith("Probe")}
    assert probes == {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}
    assert pod["terminationGracePeriodSeconds"] > Settings().delivery_timeout_seconds
    budget = _named("PodDisruptionBudget")["spec"]
    assert budget["maxUnavailable"] == 1 < workers["replicas"]
    for selector in (budget["selector"], workers["selector"]):
        assert selector["matchLabels"] == workers["template"]["metadata"]["labels"]
    assert _named("Service")["spec"]["selector"] == workers["template"]["metadata"]["labels"]


def test_nobody_reaches_a_pod_but_whom_the_policy_names() -> None:
    policy = _named("NetworkPolicy")["spec"]
    assert (policy["podSelector"], set(policy["policyTypes"])) == ({}, {"Ingress", "Egress"})
    assert all(rule.get("from") and rule.get("ports") for rule in policy["ingress"])
    assert all(rule.get("to") and rule.get("ports") for rule in policy["egress"])
    assert {port["port"] for rule in policy["egress"] for port in rule["ports"]} == {53, 9092, 9093}
