"""What all tests of the command line share: no settings or width from outside, and commands run in this process."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
from click.testing import CliRunner, Result

from streams.cli.main import cli
from streams.kafka.embedded import EmbeddedBroker
from streams.settings import Settings
from tests.cli.asked import case_files, own_topics, write_case
from tools.kafka.running_broker import RunningBroker

Antiphon: TypeAlias = Callable[..., Result]


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("ANTIPHON_") or name == "COLUMNS":
            monkeypatch.delenv(name)


@pytest.fixture
def antiphon() -> Antiphon:
    """Runs a command in this process: `antiphon("rules", "check")`. Its `stdout` and `stderr` are apart."""

    def run(*arguments: str, piped: bytes | None = None, **variables: str) -> Result:
        return CliRunner().invoke(cli, arguments, input=piped, prog_name="antiphon", env=variables)

    return run


@pytest.fixture
def embedded() -> Iterator[str]:
    """The address of an embedded broker of the test's own, for what it does otherwise than Kafka."""
    if sys.platform != "linux":
        pytest.skip("the embedded broker runs on Linux only")
    with EmbeddedBroker() as broker:
        yield broker.address


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the bundled case."""
    return case_files(tmp_path_factory.mktemp("case"))


@pytest.fixture(scope="module")
def written(broker: RunningBroker, results: Path) -> Iterator[Settings]:
    """The same in topics. Tests write about accounts of their own beside it."""
    with own_topics(broker) as settings:
        write_case(settings, results)
        yield settings
