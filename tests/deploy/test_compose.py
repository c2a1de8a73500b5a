"""docker-compose.yml: valid by the standard's schema, hardened in every service, and made of settings that are real.

`compose-spec.schema.json.gz` is `schema/compose-spec.json` of the Go module github.com/compose-spec/compose-go v2.16.2
(Apache-2.0), which is what docker compose itself reads; it is compressed and otherwise unchanged.
"""

import gzip
import json
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

import click
import pytest
import yaml
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from streams.cases import KHAMENEI_SITE
from streams.cli.main import cli
from streams.collectors.registry import COLLECTORS
from streams.collectors.settings import variable_of
from streams.console.web.addresses import find_place
from streams.console.web.routes import ROUTES
from streams.console.web.settings import load_console_settings
from streams.kafka.child_process import start_child, stop_child
from streams.kafka.loopback import LOOPBACK, free_port
from streams.settings import load_settings
from tests.deploy.composition import COMPOSE_FILE, composition, variables
from tests.deploy.dockerfile import DOCKERFILE, stages
from tests.kafka.traffic import create_topic, read_all, send_all
from tools.kafka.jars import Unavailable
from tools.kafka.node import Kafka

_ROOT: Final = COMPOSE_FILE.parent
_SCHEMA: Final = json.loads(gzip.decompress(Path(__file__).with_name("compose-spec.schema.json.gz").read_bytes()))
_SECRETS: Final = {"GRAFANA_ADMIN_PASSWORD": "secret", "CONSOLE_TOKEN": "a-token-of-some-length"}
_STACK: Final = composition(_SECRETS)
_SERVICES: Final[dict[str, dict[str, Any]]] = _STACK["services"]
_LASTING: Final = {name for name, service in _SERVICES.items() if service.get("restart") == "unless-stopped"}
_OURS: Final = {name for name, service in _SERVICES.items() if service["image"].startswith("antiphon:")}

_COLLECTORS: Final = {collector.name for collector in COLLECTORS}
_WITHOUT_A_KEY: Final = {"jetstream", "enrich", "mastodon"}

_each_service = pytest.mark.parametrize("name", _SERVICES)


def test_the_file_is_valid_by_the_standards_schema() -> None:
    Draft202012Validator.check_schema(_SCHEMA)
    problems = [f"{error.json_path}: {error.message}" for error in Draft202012Validator(_SCHEMA).iter_errors(_STACK)]
    assert problems == []
    broken = {**_STACK, "services": {**_SERVICES, "worker": {**_SERVICES["worker"], "read-only": True}}}
    assert not Draft202012Validator(_SCHEMA).is_valid(broken), "the schema refuses nothing"


def test_everything_that_lasts_and_everything_that_runs_once_is_there() -> None:
    assert {"kafka", "worker", "evidence", "console", "prometheus", "alertmanager", "grafana", *_COLLECTORS} == _LASTING
    assert {"topics", "antiphon", "case"} == _SERVICES.keys() - _LASTING
    assert "profiles" not in _SERVICES["topics"]
    assert _SERVICES["case"]["profiles"] == ["case"]
    profiles = {name: _SERVICES[name]["profiles"] for name in _COLLECTORS}
    assert {name for name, each in profiles.items() if each == ["live"]} == _WITHOUT_A_KEY
    assert {name for name, each in profiles.items() if each == ["x"]} == {"x-activity", "x-compliance"}
    for name, service in _SERVICES.items():
        for other, terms in service.get("depends_on", {}).items():
            awaited = "service_healthy" if other in _LASTING else "service_completed_successfully"
            assert terms == {"condition": awaited}, f"{name} waits for {other}"


@_each_service
def test_a_service_can_do_no_more_than_it_must(name: str) -> None:
    service = _SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert int(service["user"].partition(":")[0]) > 0
    limits = service["deploy"]["resources"]["limits"]
    assert limits.keys() == {"cpus", "memory", "pids"}
    for port in service.get("ports", []):
        assert port.startswith("127.0.0.1:"), f"{port} is open to the network"
    for volume in service.get("volumes", []):
        source, _target, *mode = volume.split(":")
        if source.startswith("."):
            assert mode == ["ro"], f"{volume} can be written to"
        else:
            assert source in _STACK["volumes"]


@_each_service
def test_an_image_is_pinned_or_built_here(name: str) -> None:
    service = _SERVICES[name]
    if name in _OURS:
        assert service["build"] == "."
        assert service["user"] == next(i.rest for i in stages(DOCKERFILE.read_text())[1] if i.name == "USER")
    else:
        assert re.fullmatch(r"[a-z]+/[a-z]+:v?\d+\.\d+\.\d+", service["image"])


@_each_service
def test_what_lasts_says_how_it_is_and_what_ends_does_not(name: str) -> None:
    health = _SERVICES[name]["healthcheck"]
    if name in _LASTING:
        assert {"test", "interval", "timeout", "retries", "start_period"} <= health.keys()
        assert "logging" in _SERVICES[name]
    else:
        assert health == {"disable": True}
        assert _SERVICES[name]["restart"] == "no"


def test_collectors_are_what_the_program_has_and_what_prometheus_asks() -> None:
    """One container of each: a second one shuts the first out."""
    scraped = yaml.safe_load((_ROOT / "ops" / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    (job,) = (job for job in scraped["scrape_configs"] if job["job_name"] == "antiphon-collectors")
    assert set(job["dns_sd_configs"][0]["names"]) == _COLLECTORS
    for name in _COLLECTORS:
        service = _SERVICES[name]
        assert service["command"] == ["collect", name]
        assert service["healthcheck"]["test"] == _SERVICES["worker"]["healthcheck"]["test"]
        assert "replicas" not in service["deploy"]


def test_settings_of_collectors_are_settings_that_they_have_and_secrets_are_files() -> None:
    """A name that no collector knows would end its container at once."""
    for collector in COLLECTORS:
        service = _SERVICES[collector.name]
        known = {variable_of(collector.name, field) for field in collector.settings.__struct_fields__}
        given = {name for name in service["environment"] if name.startswith("ANTIPHON_COLLECT_")}
        assert given <= known
        named = {f"/run/secrets/{name}" for name in service.get("secrets", ())}
        assert named == {value for value in service["environment"].values() if str(value).startswith("/run/secrets/")}
        assert {name.removeprefix("/run/secrets/") for name in named} <= _STACK["secrets"].keys()


def test_a_worker_is_asked_for_its_health_as_its_image_is_and_can_be_scaled() -> None:
    runtime = stages(DOCKERFILE.read_text())[1]
    (asked,) = (instruction.words for instruction in runtime if instruction.name == "HEALTHCHECK")
    worker = _SERVICES["worker"]
    assert worker["healthcheck"]["test"] == ["CMD", *asked]
    assert "ports" not in worker, "a port of the host can be given to one container only"
    assert "container_name" not in worker
    assert composition({**_SECRETS, "WORKERS": "3"})["services"]["worker"]["deploy"]["replicas"] == "3"


def test_what_the_file_takes_from_outside_is_documented_with_its_default() -> None:
    """One .env: every variable stands in .env.example, with the default the file has, and none besides."""
    documented: dict[str, str | None] = {}
    for line in (_ROOT / ".env.example").read_text(encoding="utf-8").splitlines():
        if found := re.fullmatch(r"(#?)([A-Z][A-Z_]*)=(.*)", line):
            documented[found[2]] = found[3] if found[1] else None
    assert documented == variables()
    assert ".env" in (_ROOT / ".gitignore").read_text().splitlines()
    for secret in _SECRETS:
        with pytest.raises(KeyError, match=secret):
            composition({name: value for name, value in _SECRETS.items() if name != secret})


def test_alerts_lead_to_the_console_which_asks_for_its_token() -> None:
    """Also where somebody else's machine is: the address is a variable, and so are the names that it answers to."""
    service = _SERVICES["console"]
    settings = load_console_settings(environ=service["environment"])
    (port,) = service["ports"]
    assert settings.token == _SECRETS["CONSOLE_TOKEN"]
    assert port == f"127.0.0.1:8081:{settings.port}"
    assert settings.host_names == {"127.0.0.1", "localhost"}
    link = load_settings(environ=_SERVICES["worker"]["environment"]).evidence_url
    assert link == "http://127.0.0.1:8081/alerts/{id}"
    assert find_place(ROUTES, "/alerts/" + "0" * 32) is not None
    assert f":{settings.port}/healthz" in " ".join(service["healthcheck"]["test"])


@pytest.mark.parametrize("name", sorted(_OURS))
def test_settings_and_commands_of_our_own_services_are_real(name: str) -> None:
    service = _SERVICES[name]
    settings = load_settings(environ=service["environment"])
    assert settings.broker == "kafka:29092"
    assert f"STACK://{settings.broker}" in _SERVICES["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"]
    commands = [service["command"]]
    if "entrypoint" in service:  # a script
        commands = [line.split() for line in service["command"][0].splitlines() if line.startswith("antiphon ")]
        commands = [[word for word in words[1:] if "$" not in word] for words in commands]
        assert len(commands) == 2
    for words in commands:
        command: click.Command = cli
        context = click.Context(cli, info_name="antiphon")
        for word in words:
            if isinstance(command, click.Group):
                _, found, _ = command.resolve_command(context, [word])
                assert found is not None, word
                command = found
        assert not isinstance(command, click.Group), words
        assert CliRunner().invoke(command, ["--help"]).exit_code == 0


def test_the_case_finds_its_files_in_the_package() -> None:
    """The script asks Python for the folder, and names two files in it."""
    script = _SERVICES["case"]["command"][0]
    assert {KHAMENEI_SITE.roster.name, KHAMENEI_SITE.events.name} == set(re.findall(r"\$case/([\w.]+)", script))
    assert KHAMENEI_SITE.roster.parent == KHAMENEI_SITE.events.parent
    (code,) = re.findall(r"python -c '(.*)'\)", script)
    printed: list[Path] = []
    exec(code, {"print": printed.append})  # noqa: S102 - the very line of the file
    assert printed == [KHAMENEI_SITE.events.parent]
    assert subprocess.run(["sh", "-nc", script], check=False).returncode == 0


@pytest.mark.slow
def test_the_stack_has_the_kafka_that_the_tests_run_on() -> None:
    """Its version, and a broker with the very settings of the service serves transactions."""
    pom = ET.parse(_ROOT / "tools" / "kafka" / "pom.xml")  # noqa: S314 - a file of our own
    (version,) = (element.text for element in pom.iter() if element.tag.endswith("kafka.version"))
    assert _SERVICES["kafka"]["image"] == f"apache/kafka:{version}"

    # As the image does: KAFKA_NODE_ID is node.id. Addresses and directories are those of the test.
    given = {
        name.removeprefix("KAFKA_").lower().replace("_", "."): value
        for name, value in _SERVICES["kafka"]["environment"].items()
        if name.startswith("KAFKA_") and name != "KAFKA_HEAP_OPTS"
    }
    port, stack, controller = free_port(), free_port(), free_port()
    listeners = f"STACK://{LOOPBACK}:{stack},HOST://{LOOPBACK}:{port}"
    del given["log.dirs"]
    given["listeners"] = f"{listeners},CONTROLLER://{LOOPBACK}:{controller}"
    given["advertised.listeners"] = listeners
    given["controller.quorum.voters"] = f"1@{LOOPBACK}:{controller}"
    try:
        node = Kafka(port=port, properties=given)
    except Unavailable as reason:
        pytest.skip(f"left out: a real Apache Kafka: {reason}")
    with node:
        for address in (node.address, f"{LOOPBACK}:{stack}"):
            topic = f"t{address[-2:]}-{stack == int(address.rpartition(':')[2])}"
            create_topic(address, topic)
            send_all(address, topic, [b"1", b"2"], transaction=f"tx-{topic}")
            assert read_all(address, topic, 2) == [b"1", b"2"]


@pytest.mark.parametrize(
    ("name", "program", "configuration"),
    [
        ("prometheus", "prometheus", "ops/prometheus"),
        ("alertmanager", "prometheus-alertmanager", "ops/alertmanager"),
    ],
)
def test_a_service_starts_with_the_very_command_of_the_file(
    name: str, program: str, configuration: str, tmp_path: Path
) -> None:
    """By the Debian package of the same program, and is ready where the health check asks."""
    if shutil.which(program) is None:
        pytest.skip(f"left out: {program} of the Debian package {program}")
    service = _SERVICES[name]
    port = free_port()
    places = {f"/etc/{name}": str(_ROOT / configuration), f"/{name}": str(tmp_path / "data")}
    command = []
    for word in service["command"]:
        flag, _, value = word.partition("=")
        for place, here in places.items():
            if value == place or value.startswith(place + "/"):
                value = here + value.removeprefix(place)
                break
        command.append(f"{flag}={LOOPBACK}:{port}" if flag == "--web.listen-address" else f"{flag}={value}")
    asked = service["healthcheck"]["test"][-1]
    container_port = re.findall(r"127\.0\.0\.1:(\d+)/", asked)[0]
    assert f"--web.listen-address=:{container_port}" in service["command"]
    assert any(published.endswith(f":{container_port}") for published in service["ports"])
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = start_child([program, *command], output=output)
    try:
        deadline = time.monotonic() + 30
        while not _answers(asked.replace(container_port, str(port))):
            assert process.poll() is None, log.read_text()[-3_000:]
            assert time.monotonic() < deadline, log.read_text()[-3_000:]
            time.sleep(0.1)
    finally:
        stop_child(process, timeout_seconds=10)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - a loopback address
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
