"""`antiphon export`: what stands on a topic as a file, the last record of each thing, in an order of its own."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.core.enriched import Alert
from streams.core.enriched_topics import ENRICHED_TOPICS
from streams.schemas.examples import EXAMPLES
from streams.settings import Settings
from tests.cli.asked import options_of, own_topics, write_records
from tests.cli.conftest import Antiphon
from tools.kafka.running_broker import RunningBroker


@pytest.fixture(scope="module")
def versions(broker: RunningBroker) -> Iterator[Settings]:
    """Alerts of which one was written three times, one deleted, and one is a stranger's."""
    with own_topics(broker) as settings:
        write_records(
            settings,
            _alert(1),
            _alert(2, countries=("IR",)),
            _alert(1, severity="critical"),
            _alert(3),
            _alert(1, rule="another-rule"),
            ("alerts", f"{3:032x}".encode(), b""),
            ("alerts", b"x", b"not an alert"),
        )
        yield settings


def _alert(number: int, **changes: Any) -> Alert:
    example = EXAMPLES["alert"][1]
    assert isinstance(example, Alert)
    return msgspec.structs.replace(example, id=f"{number:032x}", **changes)


def _exported(antiphon: Antiphon, path: Path, topic: str, *arguments: str) -> list[dict[str, Any]]:
    result = antiphon("export", topic, "--out", str(path), *arguments)
    assert result.exit_code == 0, result.stderr
    return [json.loads(line) for line in path.read_bytes().splitlines()]


@pytest.mark.parametrize("topic", ENRICHED_TOPICS, ids=lambda topic: topic.name)
def test_a_topic_of_eight_partitions_becomes_the_file_that_the_run_wrote(
    topic: Any, antiphon: Antiphon, written: Settings, results: Path, tmp_path: Path
) -> None:
    """Byte for byte, in the order that depends on the records alone."""
    path = tmp_path / "out.ndjson"
    _exported(antiphon, path, topic.name, *options_of(written))
    assert path.read_bytes() == (results / f"{topic.name}.ndjson").read_bytes()
    for ending in ("csv", "parquet"):
        of_topic, of_files = tmp_path / f"topic.{ending}", tmp_path / f"files.{ending}"
        assert antiphon("export", topic.name, *options_of(written), "--out", str(of_topic)).exit_code == 0
        assert antiphon("export", topic.name, "--from", str(results), "--out", str(of_files)).exit_code == 0
        assert of_topic.read_bytes() == of_files.read_bytes()


def test_the_last_record_of_each_alert_is_taken_or_all_of_them(
    antiphon: Antiphon, versions: Settings, tmp_path: Path
) -> None:
    last = _exported(antiphon, tmp_path / "a.ndjson", "alerts", *options_of(versions))
    assert [(int(each["id"], 16), each["rule"]) for each in last] == [(1, "another-rule"), (2, "new-account-burst")]
    every = _exported(antiphon, tmp_path / "a.ndjson", "alerts", *options_of(versions), "--versions", "all")
    assert [int(each["id"], 16) for each in every] == [1, 1, 1, 2, 3]
    assert [each["severity"] for each in every[:3]] == ["warning", "critical", "warning"]


def test_an_earlier_version_never_stands_in_for_a_last_one_that_is_not_asked_for(
    antiphon: Antiphon, versions: Settings, tmp_path: Path
) -> None:
    where = options_of(versions)
    assert _exported(antiphon, tmp_path / "a.ndjson", "alerts", *where, "--rule", "another-rule")[0]["id"].endswith("1")
    found = _exported(antiphon, tmp_path / "a.ndjson", "alerts", *where, "--rule", "new-account-burst")
    assert [int(each["id"], 16) for each in found] == [2]
    assert len(_exported(antiphon, tmp_path / "a.ndjson", "alerts", *where, "--country", "ir")) == 1


def test_what_no_version_wrote_is_left_out_and_counted(antiphon: Antiphon, versions: Settings, tmp_path: Path) -> None:
    result = antiphon("export", "alerts", *options_of(versions), "--out", str(tmp_path / "a.csv"))
    assert "Wrote 2 records of 7 on alerts" in result.stderr
    assert "record left out, which no version of Antiphon wrote" in " ".join(result.stderr.split())
    assert [each.name for each in tmp_path.iterdir()] == ["a.csv"]


@pytest.mark.slow
def test_a_span_of_time_is_from_its_beginning_up_to_but_not_including_its_end(
    antiphon: Antiphon, results: Path, tmp_path: Path
) -> None:
    path = tmp_path / "a.ndjson"
    every = _exported(antiphon, path, "amplifications", "--from", str(results))
    middle = every[300]["at"]
    before = _exported(antiphon, path, "amplifications", "--from", str(results), "--until", middle)
    after = _exported(antiphon, path, "amplifications", "--from", str(results), "--since", middle)
    assert before + after == every
    assert [each["at"] < middle for each in every] == [True] * len(before) + [False] * len(after)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("alerts", "--out", "a.xlsx"), "a.xlsx does not say by its ending"),
        (("dossiers", "--out", "a.csv", "--rule", "x"), "records of dossiers have no rule"),
        (("alerts", "--out", "nowhere/a.csv"), "cannot be written"),
        (("alerts", "--out", "a.csv", "--since", "x"), "--since 'x' is no time"),
        (("subject-events", "--out", "a.csv"), "is not one of"),
    ],
)
def test_wrong_usage_is_refused_before_anything_is_read(
    arguments: tuple[str, ...], said: str, antiphon: Antiphon
) -> None:
    result = antiphon("export", *arguments, "--broker", "127.0.0.1:1")
    assert result.exit_code == 2
    assert said in result.stderr


def test_parquet_without_its_library_is_refused_with_what_to_install(
    antiphon: Antiphon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    result = antiphon("export", "alerts", "--out", "a.parquet")
    assert result.exit_code == 2
    assert "antiphon[parquet]" in result.stderr
