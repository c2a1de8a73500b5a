"""TLS, SCRAM and an authorizer on a real Kafka: all works with the rights that docs/operations.md names, and what is
wrong is one sentence with its remedy.
"""

import asyncio
import base64
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import quote

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import CreateAclsRequest
from msgspec.structs import replace

from streams.cases import KHAMENEI_SITE
from streams.core.rosters.roster_file import parse_roster
from streams.errors import AntiphonError
from streams.formats.registry import readers_named
from streams.jobs.collection import collect
from streams.jobs.drain import wait_until_drained
from streams.jobs.ingestion import ingest
from streams.jobs.workers import Workers, environment_of
from streams.kafka.administration import create_topics, end_offsets
from streams.kafka.failures import BrokerError
from streams.kafka.loopback import LOOPBACK, free_port
from streams.kafka.readiness import require_ready
from streams.kafka.roster_topic import publish_roster
from streams.settings import Secret, Settings
from tools.kafka.jars import Unavailable, kafka_install
from tools.kafka.node import Kafka

pytestmark = pytest.mark.slow

_PASSWORD: Final = "of a broker that lives for a test"  # noqa: S105 - and is no secret
_WRONG: Final = "of another broker, and 'wrong' here"
_MECHANISMS: Final = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
_SCRAM: Final = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
_SUBJECT: Final = b"1280000000000000001"
_OPERATIONS: Final = Path(__file__).parents[2] / "docs" / "operations.md"

# Kafka's numbers for what the table of rights in docs/operations.md has in words.
_RESOURCES: Final = {"topics": 2, "groups": 3, "transactional ids": 5}
_ALLOWED: Final = {"Read": 3, "Write": 4, "Create": 5, "Describe": 8, "DescribeConfigs": 10}
_PREFIXED, _ALLOW = 4, 3
_SecureBroker: TypeAlias = tuple[Settings, dict[str, str]]


def _certificate(directory: Path) -> Path:
    """A key with its certificate for the loopback address, as `broker.p12`; returns the certificate as PEM."""
    keytool = kafka_install().java.resolve().with_name("keytool")
    program = str(keytool) if keytool.exists() else shutil.which("keytool")
    if program is None:
        raise Unavailable("there is no keytool beside Java")
    store = ["-keystore", str(directory / "broker.p12"), "-storepass", "secret", "-alias", "broker"]
    made = ["-genkeypair", "-keyalg", "EC", "-dname", "CN=broker", "-validity", "2", "-storetype", "PKCS12"]
    extensions = ["-ext", f"SAN=ip:{LOOPBACK}", "-ext", "bc=ca:true", "-ext", "ku=digitalSignature,keyCertSign"]
    certificate = directory / "ca.pem"
    for command in ([*made, *extensions], ["-exportcert", "-rfc", "-file", str(certificate)]):
        subprocess.run([program, *command, *store], check=True, capture_output=True, timeout=60)
    return certificate


@pytest.fixture(scope="module")
def secure(on_a_secure_broker: _SecureBroker) -> Settings:
    """The settings of a user with the documented rights and no others, on a broker with SASL_SSL and an authorizer."""
    return on_a_secure_broker[0]


@pytest.fixture(scope="module")
def on_a_secure_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_SecureBroker]:
    """Those settings, and the broker's addresses by protocol: without TLS it takes every mechanism."""
    directory = tmp_path_factory.mktemp("secure")
    port, inside, controller, plain = free_port(), free_port(), free_port(), free_port()
    settings = Settings(
        broker=f"{LOOPBACK}:{port}",
        topic_prefix="secure-",
        security_protocol="SASL_SSL",
        sasl_mechanism="SCRAM-SHA-512",
        sasl_username="antiphon",
        sasl_password=Secret(_PASSWORD),
        ssl_ca_file=str(directory / "ca.pem"),
        session_timeout_seconds=4.0,
        commit_interval_seconds=0.3,
    )
    listeners = f"PLAINTEXT://{LOOPBACK}:{inside},SECURE://{LOOPBACK}:{port},OPEN://{LOOPBACK}:{plain}"
    try:
        _certificate(directory)
        node = Kafka(
            port=inside,
            format_arguments=[
                argument
                for mechanism in _MECHANISMS[1:]
                for argument in ("--add-scram", f'{mechanism}=[name="antiphon",password="{_PASSWORD}"]')
            ],
            properties={
                "listeners": f"{listeners},CONTROLLER://{LOOPBACK}:{controller}",
                "advertised.listeners": listeners,
                "controller.quorum.voters": f"1@{LOOPBACK}:{controller}",
                "listener.security.protocol.map": (
                    "PLAINTEXT:PLAINTEXT,SECURE:SASL_SSL,OPEN:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT"
                ),
                "inter.broker.listener.name": "PLAINTEXT",
                "sasl.enabled.mechanisms": "SCRAM-SHA-512",
                "listener.name.secure.scram-sha-512.sasl.jaas.config": _SCRAM,
                "listener.name.open.sasl.enabled.mechanisms": ",".join(_MECHANISMS),
                "listener.name.open.scram-sha-256.sasl.jaas.config": _SCRAM,
                "listener.name.open.scram-sha-512.sasl.jaas.config": _SCRAM,
                "listener.name.open.plain.sasl.jaas.config": (
                    f'org.apache.kafka.common.security.plain.PlainLoginModule required user_antiphon="{_PASSWORD}";'
                ),
                "ssl.keystore.type": "PKCS12",
                "ssl.keystore.location": str(directory / "broker.p12"),
                "ssl.keystore.password": "secret",
                "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
                "super.users": "User:ANONYMOUS",  # who comes by the plain listener: the broker, and this test
            },
        )
    except Unavailable as reason:
        pytest.skip(f"left out: a real Apache Kafka: {reason}")
    with node:
        asyncio.run(_grant(node.address, settings))
        ports = {"SASL_SSL": port, "SASL_PLAINTEXT": plain, "PLAINTEXT": inside}
        yield settings, {protocol: f"{LOOPBACK}:{each}" for protocol, each in ports.items()}


def _rights() -> list[tuple[str, str]]:
    """Resource and operation of each right in the table of docs/operations.md."""
    rows = re.findall(
        r"^\| (topics|groups|transactional ids) [A-Z]+\*[^|]*\| ([^|]+) \|", _OPERATIONS.read_text(), re.MULTILINE
    )
    return [(resource, operation) for resource, operations in rows for operation in operations.strip().split(", ")]


async def _grant(address: str, settings: Settings) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    try:
        for resource, operation in _rights():
            name = settings.topic_prefix if resource == "topics" else settings.group
            answer = await admin._send_to_controller(
                CreateAclsRequest(
                    _RESOURCES[resource], name, _PREFIXED, "User:antiphon", "*", _ALLOWED[operation], _ALLOW
                )
            )
            assert [code for code, _message in answer.creation_responses] == [0], answer
    finally:
        await admin.close()


@pytest.mark.slow
def test_the_whole_pipeline_runs_with_the_documented_rights_over_tls(secure: Settings, tmp_path: Path) -> None:
    """Topics, roster, ingestion, a worker with all agents and its transactions, and the results."""
    assert len(_rights()) == 9
    of_the_subject = [line for line in KHAMENEI_SITE.events.read_bytes().splitlines(keepends=True) if _SUBJECT in line]
    events = tmp_path / "events.ndjson"
    events.write_bytes(b"".join(of_the_subject))

    async def prepare() -> dict[tuple[str, int], int]:
        await create_topics(secure)
        await publish_roster(secure, parse_roster(KHAMENEI_SITE.roster.read_bytes(), "roster.csv"))
        await require_ready(secure)
        done = await ingest([str(events)], readers_named("canonical"), secure)
        return done.written

    written = asyncio.run(prepare())
    with Workers(secure, 1) as crew:
        asyncio.run(wait_until_drained(secure, written, lambda _remaining: crew.check()))
    results, letters = asyncio.run(collect(secure))
    assert results.dossiers[f"twitter:{_SUBJECT.decode()}"].totals.retweet == 84
    assert letters == []


@pytest.mark.parametrize(
    ("change", "said", "remedy"),
    [
        ({"sasl_password": Secret("wrong")}, "refuses the connection", "sasl_password"),
        ({"sasl_mechanism": "PLAIN"}, "refuses the connection", "sasl_mechanism"),
        ({"ssl_ca_file": None}, "not trusted (TLS: CERTIFICATE_VERIFY_FAILED)", "ssl_ca_file"),
        ({"topic_prefix": "other-"}, "authorization failed", "rights"),
    ],
)
def test_what_is_wrong_is_reported_with_its_remedy(
    secure: Settings, change: dict[str, str | None], said: str, remedy: str
) -> None:
    """And never with the password."""
    with pytest.raises(AntiphonError) as raised:
        asyncio.run(create_topics(replace(secure, **change)))
    assert isinstance(raised.value, BrokerError)
    assert said in raised.value.message
    assert remedy in raised.value.remedy
    assert _PASSWORD not in raised.value.message


@pytest.mark.parametrize(
    ("listener", "protocol"),
    [
        ("SASL_SSL", "PLAINTEXT"),
        ("SASL_SSL", "SASL_PLAINTEXT"),
        ("SASL_PLAINTEXT", "PLAINTEXT"),
        ("SASL_PLAINTEXT", "SASL_SSL"),
        ("PLAINTEXT", "SASL_PLAINTEXT"),
        ("PLAINTEXT", "SSL"),
    ],
)
def test_who_speaks_another_protocol_than_the_listener_is_told_so(
    on_a_secure_broker: _SecureBroker, listener: str, protocol: str
) -> None:
    settings = replace(on_a_secure_broker[0], security_protocol=protocol, broker=on_a_secure_broker[1][listener])
    with pytest.raises(BrokerError) as raised:
        asyncio.run(create_topics(settings))
    assert settings.broker in raised.value.message
    assert "security_protocol" in raised.value.remedy
    assert "AIOKafka" not in raised.value.message


@pytest.mark.parametrize("mechanism", _MECHANISMS)
def test_no_password_is_in_what_a_program_says_with_debug(on_a_secure_broker: _SecureBroker, mechanism: str) -> None:
    """The right one and a wrong one, over each mechanism, with all that aiokafka logs of its requests."""
    settings, addresses = on_a_secure_broker
    settings = replace(
        settings, broker=addresses["SASL_PLAINTEXT"], security_protocol="SASL_PLAINTEXT", sasl_mechanism=mechanism
    )
    for password in (_PASSWORD, _WRONG):
        done = subprocess.run(
            [sys.executable, "-m", "streams.cli.main", "--debug", "topics", "create"],
            env=environment_of(replace(settings, sasl_password=Secret(password))),
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        said = done.stdout + done.stderr
        assert (done.returncode == 0) == (password == _PASSWORD), said
        assert "SaslHandShakeRequest" in said
        assert "SaslAuthenticate" in said
        for known in (password.encode(), f"\0antiphon\0{password}".encode()):
            for form in (known.decode(), repr(known)[2:-1], base64.b64encode(known).decode(), known.hex()):
                assert form not in said
        assert quote(password, safe="") not in said


def test_no_right_is_needed_to_learn_that_there_are_none(secure: Settings) -> None:
    """A user without rights on the topics is told that they are missing, not left waiting."""
    asyncio.run(create_topics(secure))
    with pytest.raises(BrokerError) as raised:
        asyncio.run(require_ready(replace(secure, topic_prefix="other-")))
    assert "lacks" in raised.value.message
    assert asyncio.run(end_offsets(secure, "posts"))
