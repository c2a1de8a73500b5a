"""`antiphon alerts`: the most urgent first, from the topic or from files, with an end by Ctrl-C that is no error."""

import json
import signal
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.core.enriched import Alert
from streams.schemas.examples import EXAMPLES
from streams.settings import Settings
from tests.cli.asked import case_files, options_of, own_topics, write_records
from tests.cli.conftest import Antiphon
from tests.cli.terminal import PROGRAM, clean_environment, obeyed
from tools.kafka.running_broker import RunningBroker

_NOW = datetime.now(UTC)


def _alert(number: int, **changes: Any) -> Alert:
    example = EXAMPLES["alert"][1]
    assert isinstance(example, Alert)
    firing: dict[str, Any] = {
        "fired_at": _NOW - timedelta(hours=number),
        "as_of": _NOW,
        "expires_at": _NOW + timedelta(days=1),
    }
    return msgspec.structs.replace(example, id=f"{number:032x}", **{**firing, **changes})


@pytest.fixture(scope="module")
def five(broker: RunningBroker) -> Iterator[Settings]:
    """Five alerts of XK, of which one was written twice. Tests write alerts of other States beside them."""
    with own_topics(broker) as settings:
        write_records(
            settings,
            _alert(1, severity="info"),
            _alert(2),
            _alert(3, severity="critical", status="expired"),
            _alert(4, countries=("XK", "IR"), rule="single-patron", fired_at=_NOW - timedelta(days=30)),
            _alert(5, status="retracted", fired_at=_NOW - timedelta(days=40), as_of=_NOW - timedelta(days=39)),
            _alert(2, severity="critical"),
        )
        yield settings


def _numbers(antiphon: Antiphon, *arguments: str) -> list[int]:
    result = antiphon("alerts", *arguments, "--json")
    assert result.exit_code == 0, result.stderr
    return [int(each["alert"]["id"], 16) for each in json.loads(result.stdout)["alerts"]]


def test_the_most_urgent_is_first_and_filters_leave_the_others_out(antiphon: Antiphon, five: Settings) -> None:
    where = (*options_of(five), "--country", "xk")
    assert _numbers(antiphon, *where) == [2, 4, 1, 3, 5]
    assert _numbers(antiphon, *where, "--firing") == [2, 4, 1]
    assert _numbers(antiphon, *options_of(five), "--country", "ir") == [4]
    assert _numbers(antiphon, *where, "--rule", "single-patron") == [4]
    assert _numbers(antiphon, *where, "--since", "3d") == [2, 4, 1, 3]
    assert _numbers(antiphon, *where, "--since", "2099-01-01") == []
    assert _numbers(antiphon, *where, "--limit", "2") == [2, 4]


def test_the_table_says_what_fires_and_how_many_there_are(antiphon: Antiphon, five: Settings) -> None:
    result = antiphon("alerts", *options_of(five), "--country", "XK", "--limit", "3", COLUMNS="80")
    assert result.exit_code == 0, result.stderr
    rows = [line.split()[:2] for line in result.stdout.splitlines()[2:5]]
    assert rows == [["critical", "firing"], ["warning", "firing"], ["info", "firing"]]
    assert "3 alerts of 5" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_no_alert_is_said(antiphon: Antiphon, tmp_path: Path) -> None:
    (tmp_path / "alerts.ndjson").touch()
    result = antiphon("alerts", "--from", str(tmp_path))
    assert (result.exit_code, result.stdout) == (0, "0 alerts.\n")


def test_files_of_a_run_have_alerts_that_are_over(antiphon: Antiphon, tmp_path: Path) -> None:
    results = case_files(tmp_path)
    document = json.loads(antiphon("alerts", "--from", str(results), "--json").stdout)
    assert [each["state"] for each in document["alerts"]] == ["over"] * 5
    assert document["alerts"][0]["alert"]["rule"] == "amplified-then-suspended"
    assert _numbers(antiphon, "--from", str(results), "--firing") == []


def test_nothing_from_outside_reaches_the_terminal_as_it_is(antiphon: Antiphon, tmp_path: Path) -> None:
    hostile = "evil\x1b]0;owned\x07\u202e"
    account = msgspec.structs.replace(_alert(1).subject, handle=hostile)
    alert = _alert(1, subject=account, rule=hostile, countries=(hostile,))
    (tmp_path / "alerts.ndjson").write_bytes(msgspec.json.encode(alert) + b"\nno alert\n")
    for more in ((), ("--json",)):
        result = antiphon("alerts", "--from", str(tmp_path), *more)
        assert result.exit_code == 0
        assert obeyed(result.stdout) == []
    assert antiphon("alerts", "--from", str(tmp_path)).stdout.endswith(
        "1 record left out, which no version of Antiphon wrote.\n"
    )


def test_what_fires_is_followed_to_its_end_until_ctrl_c(five: Settings) -> None:
    """Each as one line of JSON: those that are there, the least urgent first, then what is written."""
    of_fr = {"countries": ("FR",)}
    write_records(
        five, _alert(11, severity="info", **of_fr), _alert(12, **of_fr), _alert(13, status="expired", **of_fr)
    )
    command = [*PROGRAM, "alerts", *options_of(five), "--firing", "--follow", "--json", "--country", "FR"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=clean_environment()) as running:
        assert running.stdout is not None
        lines = [json.loads(running.stdout.readline()) for _ in range(2)]
        assert [int(line["alert"]["id"], 16) for line in lines] == [11, 12]
        write_records(five, _alert(16, **of_fr), _alert(16, status="expired", **of_fr))
        lines = [json.loads(running.stdout.readline()) for _ in range(2)]
        running.send_signal(signal.SIGINT)
        assert running.wait(timeout=30) == 0
    assert [line["state"] for line in lines] == ["firing", "over"]


def test_a_time_that_is_none_is_refused(antiphon: Antiphon) -> None:
    result = antiphon("alerts", "--since", "yesterdayish", "--from", ".")
    assert result.exit_code == 2
    assert "--since 'yesterdayish' is no time" in result.stderr
