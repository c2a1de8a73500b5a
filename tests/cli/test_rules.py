"""`antiphon rules check`: every problem with its line, or what the rules mean."""

import json
from pathlib import Path

import pytest

from streams.rules_loading import bundled_rules
from tests.cli.conftest import Antiphon
from tests.cli.terminal import obeyed

_WRONG = """\
[rules.x]
description = "d"
severity = "warnin"
quiet = "7d"
[rules.x.when]
age_dayz = { at_most = 3 }
"""


def test_without_a_file_the_bundled_rules_are_printed_in_words(antiphon: Antiphon) -> None:
    result = antiphon("rules", "check", COLUMNS="120")
    assert result.exit_code == 0
    assert result.stdout.startswith("the bundled rules: 8 rules, digest ")
    for rule in bundled_rules().rules:
        assert rule.description in result.stdout
        [line] = [
            line for line in result.stdout.splitlines() if line.startswith(rule.name) and rule.digest[:12] in line
        ]
        assert rule.severity in line
        assert rule.mode in line
        assert " days" in line
    assert "    officials that amplified the account in the 7d up to then: at least 3\n" in result.stdout
    assert "  critical while also\n" in result.stdout


def test_no_line_is_wider_than_the_terminal(antiphon: Antiphon) -> None:
    for columns in (80, 120):
        result = antiphon("rules", "check", COLUMNS=str(columns))
        assert max(map(len, result.stdout.splitlines())) <= columns


def test_json_has_every_condition_in_figures_and_in_words(antiphon: Antiphon) -> None:
    document = json.loads(antiphon("rules", "check", "--json").stdout)
    rules = bundled_rules()
    assert document["valid"] is True
    assert document["digest"] == rules.digest
    assert [rule["name"] for rule in document["rules"]] == [rule.name for rule in rules.rules]
    assert document["rules"][0]["quiet_seconds"] == 7 * 86_400
    age = {"figure": "age_days", "at_most": 90.0, "words": "age of the account: at most 90 days"}
    assert age in document["rules"][0]["when"]
    assert document["rules"][0]["escalations"][0]["severity"] == "critical"
    assert [rule["on"] for rule in document["rules"]] == [rule.on for rule in rules.rules]


def test_a_rule_for_one_state_is_printed_as_such(antiphon: Antiphon, tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(
        '[rules.x]\ndescription = "d"\nseverity = "info"\nquiet = "90m"\nmode = "shadow"\nwhen.retweets.at_least = 5\n'
        "[rules.x.countries.CN]\nretweets = { at_least = 50 }\n"
    )
    result = antiphon("rules", "check", str(file))
    assert result.exit_code == 0
    assert "90 minutes" in result.stdout
    assert "shadow" in result.stdout
    assert (
        "instead, while CN leads the amplifications\n    retweets by officials since creation: at least 50"
        in result.stdout
    )


def test_a_wrong_file_gets_each_problem_with_line_and_remedy(antiphon: Antiphon, tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(_WRONG)
    result = antiphon("rules", "check", str(file), COLUMNS="160")
    assert result.exit_code == 1
    assert "has 2 problems" in result.stdout
    rows = {int(line.split()[0]): line for line in result.stdout.splitlines() if line.strip()[:1].isdigit()}
    assert "'warnin' is not a severity" in rows[3]
    assert "did you mean warning?" in rows[3]
    assert "'age_dayz' is not a figure" in rows[6]
    assert "did you mean age_days?" in rows[6]
    result = antiphon("rules", "check", str(file), "--json")
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert document["valid"] is False
    assert [problem["line"] for problem in document["problems"]] == [3, 6]


@pytest.mark.parametrize(
    ("content", "status", "said"),
    [
        (b"\x89PNG\r\n\x1a\n\x00\x00", 2, "is not UTF-8 text"),
        (b"", 1, "there are no rules"),
        (b"[rules.x", 1, "this is not TOML"),
        (b"\x1b[31m = 1", 1, "this is not TOML"),
    ],
)
def test_a_file_that_is_no_rule_file_is_refused(
    content: bytes, status: int, said: str, antiphon: Antiphon, tmp_path: Path
) -> None:
    file = tmp_path / "rules.toml"
    file.write_bytes(content)
    result = antiphon("rules", "check", str(file))
    assert result.exit_code == status
    assert said in result.stdout + result.stderr
    assert obeyed(result.stdout + result.stderr) == []


def test_a_missing_file_and_a_directory_are_said_to_be_that(antiphon: Antiphon, tmp_path: Path) -> None:
    missing, directory = antiphon("rules", "check", str(tmp_path / "no")), antiphon("rules", "check", str(tmp_path))
    assert (missing.exit_code, directory.exit_code) == (2, 2)
    assert "There is no rule file" in missing.stderr
    assert "Is a directory" in directory.stderr
    for path in (tmp_path / "no", tmp_path):  # what a worker reads is of no use where two files are compared
        compared = antiphon("rules", "diff", "bundled", str(path))
        assert compared.exit_code == 2
        assert "`bundled` stands for" in compared.stderr
        assert "worker" not in compared.stderr


def test_a_rule_on_an_aftermath_is_printed_as_such(antiphon: Antiphon, tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(
        '[rules.x]\non = "aftermath"\ndescription = "d"\nseverity = "info"\nquiet = "90m"\n'
        "when.silent_share.at_least = 0.8\n[rules.x.countries.CN]\nsilent_share = { at_least = 0.9 }\n"
    )
    result = antiphon("rules", "check", str(file))
    assert result.exit_code == 0
    [line] = [line for line in result.stdout.splitlines() if line.startswith("x ") and " aftermath " in line]
    assert "info" in line
    assert "    share of the silent in those that had amplified the account: at least 80 %\n" in result.stdout
    assert "  instead, for officials of CN\n" in result.stdout
