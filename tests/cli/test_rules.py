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


def test_without_a_file_the_bundled_rules_are_told_in_words(antiphon: Antiphon) -> None:
    told = antiphon("rules", "check", COLUMNS="120")
    assert told.exit_code == 0
    assert told.stdout.startswith("the bundled rules: 8 rules, digest ")
    for rule in bundled_rules().rules:
        assert rule.description in told.stdout
        [line] = [line for line in told.stdout.splitlines() if line.startswith(rule.name) and rule.digest[:12] in line]
        assert rule.severity in line
        assert rule.mode in line
        assert " days" in line
    assert "    officials that amplified the account in the 7d up to then: at least 3\n" in told.stdout
    assert "  critical while also\n" in told.stdout


def test_no_line_is_wider_than_the_terminal(antiphon: Antiphon) -> None:
    for columns in (80, 120):
        told = antiphon("rules", "check", COLUMNS=str(columns))
        assert max(map(len, told.stdout.splitlines())) <= columns


def test_json_has_every_condition_in_figures_and_in_words(antiphon: Antiphon) -> None:
    told = json.loads(antiphon("rules", "check", "--json").stdout)
    rules = bundled_rules()
    assert told["valid"] is True
    assert told["digest"] == rules.digest
    assert [rule["name"] for rule in told["rules"]] == [rule.name for rule in rules.rules]
    assert told["rules"][0]["quiet_seconds"] == 7 * 86_400
    age = {"figure": "age_days", "at_most": 90.0, "words": "age of the account: at most 90 days"}
    assert age in told["rules"][0]["when"]
    assert told["rules"][0]["escalations"][0]["severity"] == "critical"
    assert [rule["on"] for rule in told["rules"]] == [rule.on for rule in rules.rules]


def test_a_rule_for_one_state_is_told_as_such(antiphon: Antiphon, tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(
        '[rules.x]\ndescription = "d"\nseverity = "info"\nquiet = "90m"\nmode = "shadow"\nwhen.retweets.at_least = 5\n'
        "[rules.x.countries.CN]\nretweets = { at_least = 50 }\n"
    )
    told = antiphon("rules", "check", str(file))
    assert told.exit_code == 0
    assert "90 minutes" in told.stdout
    assert "shadow" in told.stdout
    assert (
        "instead, while CN leads the amplifications\n    retweets by officials since creation: at least 50"
        in told.stdout
    )


def test_a_wrong_file_gets_each_problem_with_line_and_remedy(antiphon: Antiphon, tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(_WRONG)
    told = antiphon("rules", "check", str(file), COLUMNS="160")
    assert told.exit_code == 1
    assert "has 2 problems" in told.stdout
    rows = {int(line.split()[0]): line for line in told.stdout.splitlines() if line.strip()[:1].isdigit()}
    assert "'warnin' is not a severity" in rows[3]
    assert "did you mean warning?" in rows[3]
    assert "'age_dayz' is not a figure" in rows[6]
    assert "did you mean age_days?" in rows[6]
    told = antiphon("rules", "check", str(file), "--json")
    assert told.exit_code == 1
    document = json.loads(told.stdout)
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
    told = antiphon("rules", "check", str(file))
    assert told.exit_code == status
    assert said in told.stdout + told.stderr
    assert obeyed(told.stdout + told.stderr) == []


def test_a_missing_file_and_a_directory_are_said_to_be_that(antiphon: Antiphon, tmp_path: Path) -> None:
    missing, directory = antiphon("rules", "check", str(tmp_path / "no")), antiphon("rules", "check", str(tmp_path))
    assert (missing.exit_code, directory.exit_code) == (2, 2)
    assert "There is no rule file" in missing.stderr
    assert "Is a directory" in directory.stderr


def test_a_rule_on_an_aftermath_is_told_as_such(antiphon: Antiphon, tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(
        '[rules.x]\non = "aftermath"\ndescription = "d"\nseverity = "info"\nquiet = "90m"\n'
        "when.silent_share.at_least = 0.8\n[rules.x.countries.CN]\nsilent_share = { at_least = 0.9 }\n"
    )
    told = antiphon("rules", "check", str(file))
    assert told.exit_code == 0
    [line] = [line for line in told.stdout.splitlines() if line.startswith("x ") and " aftermath " in line]
    assert "info" in line
    assert "    share of the silent in those that had amplified the account: at least 80 %\n" in told.stdout
    assert "  instead, for officials of CN\n" in told.stdout
