"""`antiphon roster diff` and `antiphon rules diff` over the bundled case: each line as fresh backtests have it."""

import json
from pathlib import Path
from typing import Any

import pytest

from streams.cases import KHAMENEI_SITE
from streams.rules_loading import bundled_rules_text
from tests.cli.conftest import Antiphon
from tests.cli.terminal import obeyed

_EVENTS = str(KHAMENEI_SITE.events)
_LEADERS_PERSIAN = "Khamenei_fa"


def _roster(tmp_path: Path, *without: str, **words: str) -> str:
    """The roster of the case without some accounts, and with words in place of others."""
    lines = KHAMENEI_SITE.roster.read_text().splitlines()
    kept = [line for line in lines if not any(f",{handle}," in line for handle in without)]
    text = "\n".join(kept) + "\n"
    for old, new in words.items():
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "new.csv"
    path.write_text(text)
    return str(path)


def _diff(antiphon: Antiphon, new: str) -> dict[str, Any]:
    result = antiphon("roster", "diff", str(KHAMENEI_SITE.roster), new, "--events", _EVENTS, "--json")
    assert result.exit_code in (0, 1), result.stderr
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def _backtest(antiphon: Antiphon, roster: str) -> dict[str, dict[str, Any]]:
    """The alerts of a fresh backtest by id."""
    result = antiphon("backtest", _EVENTS, "--roster", roster, "--json")
    return {alert["id"]: alert for each in json.loads(result.stdout)["alerted"] for alert in each["alerts"]}


@pytest.mark.slow
def test_without_the_leaders_persian_account_the_single_patron_would_not_have_fired(
    antiphon: Antiphon, tmp_path: Path
) -> None:
    """And every other alert changes or stands as fresh backtests under both rosters say."""
    new = _roster(tmp_path, _LEADERS_PERSIAN)
    document = _diff(antiphon, new)
    before, after = _backtest(antiphon, str(KHAMENEI_SITE.roster)), _backtest(antiphon, new)
    outcomes = document["alerts"]["outcomes"]
    by_rule = {each["rule"]: each for each in outcomes}
    assert {each["id"] for each in outcomes} == set(before)
    assert by_rule["single-patron"]["kind"] == "would_not_have_fired"
    assert by_rule["single-patron"]["because_of"] == {"accounts": [["twitter:90000001009"]], "smallest": True}
    gone = {each["rule"] for each in outcomes if each["kind"] == "would_not_have_fired"}
    assert gone == {alert["rule"] for alert in before.values()} - {alert["rule"] for alert in after.values()}
    for alert in after.values():
        [old] = [each for each in before.values() if each["rule"] == alert["rule"]]
        outcome = by_rule[alert["rule"]]
        assert outcome["fired_at"] == [old["fired_at"], alert["fired_at"]]
        assert outcome["severity"] == [old["severity"], alert["severity"]]
        moved = {name for name, value in old["figures"].items() if alert["figures"][name] != value}
        assert moved <= set(outcome["moved"])
        assert outcome["moved"]["amplifications"] == [
            old["figures"]["amplifications"],
            alert["figures"]["amplifications"],
        ]
    assert document["alerts"]["counts"]["would_not_have_fired"] == len(gone)
    assert set(document["paged_alerts"]) == set(before)
    assert document["changes_anything"] is True


@pytest.mark.slow
def test_people_read_counts_first_and_the_worst_first_with_the_entry_responsible(
    antiphon: Antiphon, tmp_path: Path
) -> None:
    new = _roster(tmp_path, _LEADERS_PERSIAN)
    for width in ("80", "130"):
        result = antiphon("roster", "diff", str(KHAMENEI_SITE.roster), new, "--events", _EVENTS, COLUMNS=width)
        assert result.exit_code == 1
        assert obeyed(result.stdout) == []
        lines = [line for line in result.stdout.splitlines() if ": read as " not in line and "new.csv" not in line]
        assert max(map(len, lines)) <= int(width)
        said = " ".join(result.stdout.split())
        assert "1 account differs: 1 removed." in said
        assert "- @Khamenei_fa removed: IR leader, always, khamenei.ir" in said
        assert "2,965 events from 2020-02-05 to 2021-02-19" in said
        assert "3 would not have fired, 1 fires later, 1 with other figures" in said
        assert (
            said.index("single-patron") < said.index("new-account-sustained") < said.index("amplified-then-suspended")
        )
        assert "To be informed: whoever was paged for single-patron on @Khamenei_site" in said


def test_a_change_of_names_only_changes_nothing_and_says_so(antiphon: Antiphon, tmp_path: Path) -> None:
    new = _roster(tmp_path, **{"The leader, in Farsi": "Somebody", "officials/khamenei_fa": "officials/elsewhere"})
    result = antiphon("roster", "diff", str(KHAMENEI_SITE.roster), new, "--events", _EVENTS)
    assert result.exit_code == 0
    assert "1 account only named or sourced otherwise, which no figure looks at: @Khamenei_fa" in result.stdout
    assert "Nothing that is counted changes." in result.stdout
    assert _diff(antiphon, new)["changes_anything"] is False


def test_equal_rosters_differ_in_nothing_and_the_status_says_it(antiphon: Antiphon) -> None:
    roster = str(KHAMENEI_SITE.roster)
    result = antiphon("roster", "diff", roster, roster, "--events", _EVENTS)
    assert (result.exit_code, "no account differs" in result.stdout) == (0, True)


def test_without_events_the_entries_alone_are_compared(antiphon: Antiphon, tmp_path: Path) -> None:
    result = antiphon("roster", "diff", str(KHAMENEI_SITE.roster), _roster(tmp_path, _LEADERS_PERSIAN))
    assert result.exit_code == 1
    assert "No events were looked at" in result.stdout


@pytest.mark.parametrize("command", ["roster", "rules"])
def test_a_file_that_is_missing_or_no_roster_is_wrong_use(command: str, antiphon: Antiphon, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("nothing of the kind\n")
    for file in (str(tmp_path / "missing"), str(wrong)):
        result = antiphon(command, "diff", file, file)
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.startswith("antiphon: error: ")


def test_events_that_cannot_be_read_end_it_before_it_says_that_anything_stands(
    antiphon: Antiphon, tmp_path: Path
) -> None:
    wrong = tmp_path / "events.ndjson"
    wrong.write_text('{"nothing": "known"}\n')
    new = _roster(tmp_path, _LEADERS_PERSIAN)
    result = antiphon("roster", "diff", str(KHAMENEI_SITE.roster), new, "--events", str(wrong))
    assert (result.exit_code, result.stdout) == (2, "")
    assert "events.ndjson" in result.stderr


@pytest.mark.slow
def test_a_rule_with_a_higher_bound_fires_later_and_the_rules_that_do_not_differ_are_not_judged(
    antiphon: Antiphon, tmp_path: Path
) -> None:
    text = bundled_rules_text()
    bound = "top_official_amplifications = { at_least = 20 }"
    assert bound in text
    new = tmp_path / "rules.toml"
    new.write_text(text.replace(bound, "top_official_amplifications = { at_least = 30 }"))
    compared = ("rules", "diff", "bundled", str(new))
    document = json.loads(antiphon(*compared, "--json").stdout)
    assert [(change["rule"], change["kinds"]) for change in document["changes"]] == [("single-patron", ["conditions"])]
    result = antiphon(*compared, "--events", _EVENTS, "--roster", str(KHAMENEI_SITE.roster))
    assert result.exit_code == 1
    assert "1 rule differs, 7 do not." in result.stdout
    assert "Past alerts of the rules that differ: 1 fires later" in result.stdout
    assert "single-patron" in result.stdout


def test_rules_whose_descriptions_differ_decide_the_same(antiphon: Antiphon, tmp_path: Path) -> None:
    new = tmp_path / "rules.toml"
    new.write_text(bundled_rules_text().replace("One official amplified a young account", "An official amplified one"))
    result = antiphon("rules", "diff", "bundled", str(new))
    assert result.exit_code == 0
    assert "No rule decides otherwise." in result.stdout
