"""`antiphon collect`: the list, the help of a collector, and what is refused before anything is read."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from streams.cli.collect_progress import progress_line
from streams.collectors.progress import SourceProgress
from streams.collectors.registry import COLLECTORS
from streams.settings import Settings
from tests.cli.conftest import Antiphon
from tests.collectors.lines_collector import collector_environment


def _lines(directory: Path, *arguments: str, **own: object) -> subprocess.CompletedProcess[str]:
    environment = collector_environment(Settings(broker="127.0.0.1:1"), directory, **own)
    command = [sys.executable, "-m", "streams.cli.main", "collect", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60, env=environment | {"COLUMNS": "100"}
    )


def test_without_a_name_it_lists_the_collectors(antiphon: Antiphon) -> None:
    result = antiphon("collect")
    assert result.exit_code == 0
    for collector in COLLECTORS:
        assert collector.name in result.stdout
        assert collector.summary in result.stdout
    listed = json.loads(antiphon("collect", "--json").stdout)["collectors"]
    assert [each["name"] for each in listed] == [each.name for each in COLLECTORS]


def test_a_name_that_there_is_not_is_answered_with_the_one_that_was_meant(antiphon: Antiphon) -> None:
    result = antiphon("collect", "jetsream")
    assert result.exit_code == 2
    assert "did you mean 'jetstream'?" in result.stderr


@pytest.mark.slow
def test_the_help_of_a_collector_teaches_it_and_names_each_setting_with_variable_and_default(tmp_path: Path) -> None:
    result = _lines(tmp_path, "lines", "--help")
    assert result.returncode == 0
    words = " ".join(result.stdout.split())
    assert "Reads numbered lines of a server on this machine." in words
    assert "a second instance shuts the first out (status 3)" in words
    assert "--port N Port of the server of lines. [ANTIPHON_COLLECT_LINES_PORT, else 0]" in words
    assert "--with-cursor true|false" in words
    assert "--key" not in words, "a secret is no option: everybody would see it"
    assert "Secret, never an option: ANTIPHON_COLLECT_LINES_KEY. What the server wants to know." in words
    assert "[collect.lines]" in words


@pytest.mark.slow
def test_a_wrong_setting_is_named_before_anything_is_connected(tmp_path: Path) -> None:
    result = _lines(tmp_path, "lines", "--port", "70000")
    assert result.returncode == 2
    assert "antiphon: error: port: Expected `int` <= 65535" in result.stderr


@pytest.mark.slow
def test_a_broker_that_is_not_there_is_status_3_with_a_remedy(tmp_path: Path) -> None:
    result = _lines(tmp_path, "lines", lines_port=1)
    assert result.returncode == 3
    assert "no Kafka broker answers at 127.0.0.1:1" in result.stderr


def test_the_line_on_a_terminal_has_rate_lag_gaps_reconnects_and_what_is_not_connected() -> None:
    sources = [
        SourceProgress(source="jetstream", is_connected=True, events=1_234, gaps=1, reconnects=2),
        SourceProgress(source="jetstream-accounts", events=6, reconnects=1),
    ]
    line = progress_line("jetstream", sources, 480.4)
    assert line == (
        "jetstream: 480 events/s · 1,240 in all · lag 0.0 s · 1 gaps · 3 reconnects · not connected: jetstream-accounts"
    )
