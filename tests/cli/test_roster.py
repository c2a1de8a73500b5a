"""`antiphon roster`: every problem of a file, what a good one holds, and what a publication changed."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from streams.cases import KHAMENEI_SITE
from streams.kafka.administration import create_topics, end_offsets
from streams.settings import load_settings
from tests.cli.conftest import Antiphon
from tests.cli.terminal import obeyed
from tools.kafka.running_broker import RunningBroker

_HEADER = "platform,account_id,handle,name,country,category,source_url,valid_from,valid_to"
_GOOD = [
    "twitter,1,one,One,IR,leader,https://example.org/,,",
    "twitter,2,two,Two,IR,diplomat,https://example.org/,,2020-06-30",
    "twitter,2,two,Two,IR,government,https://example.org/,2020-07-01,",
    "twitter,,three,Three,FR,state_media,https://example.org/,,",
]


def _file(path: Path, lines: list[str]) -> str:
    path.write_text("\n".join([_HEADER, *lines]) + "\n")
    return str(path)


@pytest.fixture
def good(tmp_path: Path) -> str:
    return _file(tmp_path / "good.csv", _GOOD)


def _columns(line: str) -> list[str]:
    return line.split()


def test_a_good_roster_is_counted_by_state_and_category(antiphon: Antiphon, good: str) -> None:
    result = antiphon("roster", "check", good)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == f"{good} is a valid roster."
    assert ["FR", "1", "1"] in map(_columns, lines)
    assert ["IR", "1", "1", "1", "3"] in map(_columns, lines)
    assert ["all", "1", "1", "1", "1", "4"] in map(_columns, lines)
    assert "3 accounts, 4 entries" in lines
    assert lines[-1].startswith("digest ")
    assert "1 by handle alone" in result.stdout


def test_a_good_roster_as_json(antiphon: Antiphon, good: str) -> None:
    document = json.loads(antiphon("roster", "check", good, "--json").stdout)
    assert document["valid"] is True
    assert (document["entries"], document["accounts"], document["by_handle_alone"]) == (4, 3, 1)
    assert document["countries"] == {"FR": 1, "IR": 3}
    assert document["categories"] == {"leader": 1, "diplomat": 1, "government": 1, "parliament": 0, "state_media": 1}
    assert len(document["digest"]) == 64


def test_the_bundled_cases_roster_is_good(antiphon: Antiphon) -> None:
    result = antiphon("roster", "check", str(KHAMENEI_SITE.roster))
    assert result.exit_code == 0
    assert "19 accounts, 19 entries" in result.stdout
    assert "1 domain: khamenei.ir" in result.stdout.splitlines()
    document = json.loads(antiphon("roster", "check", str(KHAMENEI_SITE.roster), "--json").stdout)
    assert document["domains"] == ["khamenei.ir"]


def test_every_problem_is_printed_with_line_column_and_remedy(antiphon: Antiphon, tmp_path: Path) -> None:
    wrong = _file(
        tmp_path / "wrong.csv",
        [
            _GOOD[0],
            "twitter,5,five,\x1b[31mFive,IR,leader,https://example.org/,,",
            "twitter,6,six,Six,ir,leeder,https://example.org/,2020-13-01,",
            "twitter,1,one,One,IR,leader,https://example.org/,,",
        ],
    )
    result = antiphon("roster", "check", wrong, COLUMNS="150")
    assert result.exit_code == 1
    assert obeyed(result.stdout) == []
    found = [_columns(line)[:2] for line in result.stdout.splitlines() if line.strip()[:1].isdigit()]
    assert found[:4] == [["3", "name"], ["4", "country"], ["4", "category"], ["4", "valid_from"]]
    assert found[4][0] == "5"
    assert "write IR" in result.stdout
    assert "has 5 problems" in result.stdout
    document = json.loads(antiphon("roster", "check", wrong, "--json").stdout)
    assert [problem["line"] for problem in document["problems"]] == [3, 4, 4, 4, 5]
    assert all(problem["remedy"] for problem in document["problems"])


def test_twenty_problems_are_enough_for_a_screen_and_all_are_there_for_the_asking(
    antiphon: Antiphon, tmp_path: Path
) -> None:
    wrong = _file(tmp_path / "wrong.csv", [f"twitter,{n},h{n},,XX,leader,https://example.org/,," for n in range(1, 51)])
    few, every = antiphon("roster", "check", wrong), antiphon("roster", "check", wrong, "--all")
    assert few.stdout.count("unknown State") == 20
    assert "… and 30 more (--all, --json)" in few.stdout
    assert every.stdout.count("unknown State") == 50
    assert "more (" not in every.stdout


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "is not UTF-8"),
        (_HEADER.encode(), "the file names no official"),
        (_HEADER.encode().replace(b",", b";"), "separate the columns by commas"),
    ],
)
def test_a_file_that_is_no_roster_is_reported_as_such(
    content: bytes, said: str, antiphon: Antiphon, tmp_path: Path
) -> None:
    file = tmp_path / "roster.csv"
    file.write_bytes(content)
    result = antiphon("roster", "check", str(file))
    assert result.exit_code == 1
    assert said in result.stdout
    assert obeyed(result.stdout) == []


def test_a_wrong_domain_is_reported_with_the_right_one(antiphon: Antiphon, tmp_path: Path) -> None:
    file = tmp_path / "roster.csv"
    file.write_text(f"{_HEADER},domains\n{_GOOD[0]},https://Khamenei.ir/\n{_GOOD[1]},two.ir;two.example\n")
    result = antiphon("roster", "check", str(file), COLUMNS="150")
    assert result.exit_code == 1
    assert "has 1 problem:" in result.stdout
    assert "'https://Khamenei.ir/' is no host name in lower case" in result.stdout
    assert "write khamenei.ir" in result.stdout


@pytest.mark.parametrize("name", ["missing.csv", "."])
def test_a_missing_file_and_a_directory_are_errors_with_a_remedy(name: str, antiphon: Antiphon, tmp_path: Path) -> None:
    result = antiphon("roster", "check", str(tmp_path / name))
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith(f"antiphon: error: {tmp_path}")
    assert "name a roster file" in result.stderr


def _publish(antiphon: Antiphon, file: str, broker: RunningBroker, prefix: str, *more: str) -> dict[str, Any]:
    result = antiphon(
        *("roster", "publish", file, "--broker", broker.address, "--topic-prefix", prefix, "--json", *more),
        ANTIPHON_TRANSACTIONS=str(broker.is_real_kafka).lower(),
    )
    assert result.exit_code == 0, result.stderr
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def test_a_publication_says_what_changed_and_a_dry_run_changes_nothing(
    broker: RunningBroker, topic_prefix: str, antiphon: Antiphon, good: str, tmp_path: Path
) -> None:
    settings = load_settings({"broker": broker.address, "topic_prefix": topic_prefix})
    asyncio.run(create_topics(settings))
    first = _publish(antiphon, good, broker, topic_prefix)
    assert first["previous_digest"] is None
    assert first["added"] == ["twitter:1", "twitter:2", "twitter:@three"]
    assert first["entries"] == 4
    assert first["topic"] == f"{topic_prefix}officials"

    again = _publish(antiphon, good, broker, topic_prefix)
    assert again["unchanged"] is True
    assert (again["added"], again["removed"], again["changed"]) == ([], [], [])

    other = _file(
        tmp_path / "other.csv",
        [_GOOD[0].replace("leader", "diplomat"), *_GOOD[1:3], "twitter,9,nine,,FR,leader,https://example.org/,,"],
    )
    before = asyncio.run(end_offsets(settings, "officials"))
    result = antiphon(
        *("roster", "publish", other, "--broker", broker.address, "--topic-prefix", topic_prefix, "--dry-run")
    )
    assert "would be in force" in result.stdout
    assert asyncio.run(end_offsets(settings, "officials")) == before
    changed = _publish(antiphon, other, broker, topic_prefix)
    assert changed["previous_digest"] == first["digest"]
    assert changed["added"] == ["twitter:9"]
    assert changed["removed"] == ["twitter:@three"]
    assert changed["changed"] == ["twitter:1"]

    result = antiphon(
        *("roster", "publish", good, "--broker", broker.address, "--topic-prefix", topic_prefix),
        ANTIPHON_TRANSACTIONS=str(broker.is_real_kafka).lower(),
    )
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1:] == [
        "  1 added",
        "    + twitter:@three",
        "  1 removed",
        "    - twitter:9",
        "  1 changed",
        "    ~ twitter:1",
    ]


def test_a_wrong_roster_is_not_published(
    broker: RunningBroker, topic_prefix: str, antiphon: Antiphon, tmp_path: Path
) -> None:
    """It is refused before the broker is asked for anything: no topic is there."""
    wrong = _file(tmp_path / "wrong.csv", ["twitter,1,one,One,XX,leader,https://example.org/,,"])
    result = antiphon("roster", "publish", wrong, "--broker", broker.address, "--topic-prefix", topic_prefix)
    assert result.exit_code == 2
    assert "line 2, country: unknown State 'XX'" in result.stderr


def test_without_topics_a_publication_says_how_to_make_them(
    broker: RunningBroker, topic_prefix: str, antiphon: Antiphon, good: str
) -> None:
    result = antiphon("roster", "publish", good, "--broker", broker.address, "--topic-prefix", topic_prefix)
    assert result.exit_code == 3
    assert f"has no topic {topic_prefix}officials" in result.stderr
    assert "`antiphon topics create`" in result.stderr


def test_a_broker_without_transactions_is_recognised(embedded: str, antiphon: Antiphon, good: str) -> None:
    antiphon("topics", "create", "--broker", embedded)
    result = antiphon("roster", "publish", good, "--broker", embedded)
    assert result.exit_code == 3
    assert "ANTIPHON_TRANSACTIONS=false" in result.stderr
    result = antiphon("roster", "publish", good, "--broker", embedded, ANTIPHON_TRANSACTIONS="false")
    assert result.exit_code == 0
    assert result.stdout.startswith("The roster is in force on officials: 4 entries")
