"""A run whose input could not be used, or only in part, says so and does not end with status 0."""

import bz2
import gzip
import json
import random
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from streams.cases import KHAMENEI_SITE
from tests.cli.conftest import Antiphon

_LINES = KHAMENEI_SITE.events.read_bytes().splitlines(keepends=True)
_ROSTER = str(KHAMENEI_SITE.roster)


def _backtest(antiphon: Antiphon, path: Path, *more: str, form: str = "canonical") -> tuple[int, dict[str, Any], str]:
    result = antiphon("backtest", str(path), "--format", form, "--roster", _ROSTER, "--json", *more)
    return result.exit_code, json.loads(result.stdout), result.stderr


def test_a_file_of_another_format_is_an_error_that_names_the_right_one(antiphon: Antiphon, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"".join(_LINES[:50]))
    status, document, said = _backtest(antiphon, path, form="twitter-v1")
    assert (status, [fault["kind"] for fault in document["faults"]]) == (1, ["nothing_read"])
    assert "no event in 50 lines (50 not_an_event)" in said
    assert "--format canonical" in said


def test_a_file_with_nothing_that_counts_is_an_error(antiphon: Antiphon, tmp_path: Path) -> None:
    path = tmp_path / "limits.jsonl"
    path.write_bytes(b'{"limit":{"track":1}}\n' * 9)
    status, _, said = _backtest(antiphon, path, form="twitter-v1")
    assert (status, "no event in 9 lines (9 limit)" in said) == (1, True)


@pytest.mark.parametrize(("bad", "status"), [(0, 0), (5, 0), (15, 1)])
def test_a_good_part_refused_is_an_error_and_a_few_lines_are_not(
    antiphon: Antiphon, tmp_path: Path, bad: int, status: int
) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"".join(_LINES[: 100 - bad]) + b"garbage\n" * bad)
    found, document, said = _backtest(antiphon, path)
    assert found == status
    assert ("15 of 100 lines were refused (15 not_json)" in said) == bool(status)
    assert len(document["faults"]) == status


def test_events_that_are_refused_for_their_time_are_no_events_of_the_file(antiphon: Antiphon, tmp_path: Path) -> None:
    path = tmp_path / "suspended.csv"
    path.write_text("user_id,suspended_at\n1359411781432246349,1400-01-12\n")
    status, _, said = _backtest(antiphon, path, form="suspensions-csv")
    assert (status, "no event in 2 lines (1 bad_time, 1 header)" in said) == (1, True)
    assert "--format canonical" not in said, "the line was read well; its time is wrong"


def test_a_compressed_file_that_breaks_off_before_its_first_line_is_said_to(antiphon: Antiphon, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl.bz2"
    path.write_bytes(bz2.compress(b"".join(_LINES))[:200])
    result = antiphon("backtest", str(path), "--roster", _ROSTER, "--json")
    assert (result.exit_code, "breaks off at line 1" in result.stderr) == (1, True)
    assert "Get the file again" in result.stderr
    assert "no known format" not in result.stderr


def test_a_file_that_breaks_off_is_an_error_though_most_of_it_was_read(antiphon: Antiphon, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl.gz"
    whole = gzip.compress(b"".join(_LINES))
    path.write_bytes(whole[: len(whole) * 9 // 10])
    status, document, said = _backtest(antiphon, path)
    assert (status, [fault["kind"] for fault in document["faults"]]) == (1, ["breaks_off"])
    assert "breaks off at line" in said


def test_one_bad_file_among_good_ones_is_named(antiphon: Antiphon, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.jsonl", tmp_path / "bad.jsonl"
    good.write_bytes(b"".join(_LINES))
    bad.write_bytes(b"\n\n")
    status, document, _ = _backtest(antiphon, good, str(bad))
    assert (status, [fault["path"] for fault in document["faults"]]) == (1, [str(bad)])
    assert document["events"] == len(_LINES)


def test_a_roster_of_which_nobody_acted_is_a_warning(antiphon: Antiphon, tmp_path: Path) -> None:
    path, roster = tmp_path / "events.jsonl", tmp_path / "roster.csv"
    path.write_bytes(b"".join(_LINES))
    rows = Path(_ROSTER).read_text("utf-8").splitlines()
    roster.write_text("\n".join([rows[0], rows[1].replace(rows[1].split(",")[1], "99")]), "utf-8")
    result = antiphon("backtest", str(path), "--format", "canonical", "--roster", str(roster))
    assert result.exit_code == 0
    assert "antiphon: warning: " in result.stderr


def _amplifications(many: int) -> list[bytes]:
    """Retweets of one new account by six officials of the case, an hour apart."""
    officials = [line.split(",")[1] for line in Path(_ROSTER).read_text("utf-8").splitlines()[1:] if line.split(",")[1]]
    began = datetime(2020, 1, 10, tzinfo=UTC)
    subject = {"id": "1212312345678901249", "handle": "relay", "created_at": "2020-01-01T00:00:00Z"}
    return [
        json.dumps(
            {
                "kind": "retweet",
                "platform": "twitter",
                "id": str(10**18 + n * 1_003),
                "at": (began + timedelta(hours=n)).isoformat(),
                "actor": {"id": officials[n % 6]},
                "subject": subject,
            }
        ).encode()
        + b"\n"
        for n in range(many)
    ]


@pytest.mark.slow
def test_timelines_in_any_order_give_what_they_give_in_the_order_of_time(antiphon: Antiphon, tmp_path: Path) -> None:
    """More amplifications than a subject's state holds one by one: 1,400, newest first, shuffled, and in two files."""
    oldest_first = _amplifications(1_400)
    mixed = random.Random(5).sample(oldest_first, len(oldest_first))
    written: dict[str, dict[str, Any]] = {}
    for name, lines in {"plain": oldest_first, "reversed": oldest_first[::-1], "mixed": mixed}.items():
        path = tmp_path / f"{name}.jsonl"
        path.write_bytes(b"".join(lines))
        _, document, _ = _backtest(antiphon, path)
        written[name] = document["alerted"][0]
        for alert in written[name]["alerts"]:
            alert["evidence"] = [item | {"source": None} for item in alert["evidence"]]
    assert written["plain"]["dossier"]["totals"]["retweet"] == 1_400
    assert written["plain"]["dossier"]["dropped"] == 0
    assert written["reversed"] == written["mixed"] == written["plain"]


@pytest.mark.slow
def test_standard_input_gives_what_the_file_gives(tmp_path: Path) -> None:
    """What tracked accounts posted is read a second time, also where the input is a pipe."""
    command = [
        sys.executable,
        "-m",
        "streams.cli.main",
        "backtest",
        "--format",
        "canonical",
        "--roster",
        _ROSTER,
        "--json",
    ]
    whole = b"".join(_LINES)
    path = tmp_path / "events.jsonl"
    path.write_bytes(whole)
    piped = subprocess.run([*command, "-"], input=whole, capture_output=True, check=True, timeout=120).stdout
    read = subprocess.run([*command, str(path)], capture_output=True, check=True, timeout=120).stdout
    by_pipe, by_file = (json.loads(each) for each in (piped, read))
    links = by_file["alerted"][0]["dossier"]["links"]
    assert links["posts"] > 0
    assert by_pipe["alerted"][0]["dossier"] == by_file["alerted"][0]["dossier"]


def test_authors_trimmed_to_an_id_are_known_by_the_handle_that_the_id_has_elsewhere(
    antiphon: Antiphon, tmp_path: Path
) -> None:
    """A roster by handle alone; the whole statuses come last."""
    rows = [row.split(",") for row in Path(_ROSTER).read_text("utf-8").splitlines()]
    ids = [row[1] for row in rows[1:] if row[1]][:6]
    handles = dict(zip(ids, (f"official_{n}" for n in range(6)), strict=True))
    roster = tmp_path / "roster.csv"
    named = [
        ["twitter", "", handle, "", "IR", "diplomat", "https://example.org", "", "", ""] for handle in handles.values()
    ]
    roster.write_text("\n".join(",".join(row) for row in [rows[0], *named]), "utf-8")
    trimmed = _amplifications(60)
    whole = [json.loads(line) for line in _amplifications(66)[60:]]
    for event in whole:
        event["actor"]["handle"] = handles[event["actor"]["id"]]
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"".join(trimmed) + b"".join(json.dumps(event).encode() + b"\n" for event in whole))
    result = antiphon("backtest", str(path), "--format", "canonical", "--roster", str(roster), "--json")
    assert json.loads(result.stdout)["alerted"][0]["dossier"]["totals"]["retweet"] == 66


def test_copies_of_a_post_that_name_different_accounts_are_said_with_an_example(
    antiphon: Antiphon, tmp_path: Path
) -> None:
    """And listed in the document, those that tell more first; the same in either order."""
    common = {"platform": "twitter", "id": "900", "at": "2020-09-01T08:00:00Z", "actor": {"id": "90000001009"}}
    retweet = {"kind": "retweet", **common, "subject": {"id": "11"}}
    quote = {"kind": "post", **common, "text": "see", "quotes": {"post_id": "7", "account": {"id": "22"}}}
    path = tmp_path / "copies.jsonl"
    for copies in ([retweet, quote], [quote, retweet]):
        path.write_text("".join(json.dumps(each) + "\n" for each in copies))
        status, document, said = _backtest(antiphon, path)
        expected = {"platform": "twitter", "post_id": "900", "accounts": ["twitter:11", "twitter:22"]}
        assert (status, document["contradictions"], document["contradictions_total"]) == (0, [expected], 1)
        assert "1 post by officials, of which copies name different accounts as passed on or quoted" in said
        assert "as post 900 does for twitter:11 and twitter:22; the copy that tells more names the first." in said


def _seen(antiphon: Antiphon, *paths: Path) -> tuple[int, dict[str, Any], str]:
    result = antiphon("backtest", *map(str, paths), "--roster", _ROSTER, "--json")
    return result.exit_code, json.loads(result.stdout), result.stderr


def test_without_a_format_each_file_is_read_as_its_first_lines_say(antiphon: Antiphon, tmp_path: Path) -> None:
    """Posts and a list of suspensions in one run, as analysts have them beside each other."""
    (tmp_path / "events.jsonl").write_bytes(b"".join(_LINES[:50]))
    (tmp_path / "suspended.csv").write_bytes(b"user_id;date\n1359411781432246349;2021-04-01\n")
    status, document, said = _seen(antiphon, tmp_path)
    assert (status, document["events"], said) == (0, 51, "")
    assert {(file["format"], file["shape"], file["events"]) for file in document["files"]} == {
        ("canonical", "lines", 50),
        ("suspensions-csv", "CSV rows", 1),
    }
    assert {file["why"] for file in document["files"]} == {"its first line is an event"}


def test_people_are_told_what_each_file_was_read_as(antiphon: Antiphon, tmp_path: Path) -> None:
    path = tmp_path / "events.json"
    path.write_bytes(b"[" + b",".join(_LINES[:50]) + b"]")
    shown = antiphon("backtest", str(path), "--roster", _ROSTER).stdout
    assert "events.json: read as canonical (JSON array): its first line is an event." in shown


def test_a_file_of_no_known_format_is_an_error_and_nothing_of_it_is_read(antiphon: Antiphon, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(b"Dear colleague,\nhere are the data.\n")
    status, document, said = _seen(antiphon, path)
    assert (status, document["lines"], document["dead_letters"]) == (1, 0, 0)
    assert [fault["kind"] for fault in document["faults"]] == ["not_recognised"]
    assert "notes.txt is of no known format" in said
    assert "antiphon formats" in said
    path.write_bytes(b'{"id":"20","text":"x","author_id":"7"}\n')
    assert "It looks like posts of X's API v2 taken out of their pages" in " ".join(_seen(antiphon, path)[2].split())


def test_in_a_folder_what_is_skipped_by_name_or_empty_is_no_fault_and_what_is_unknown_is(
    antiphon: Antiphon, tmp_path: Path
) -> None:
    (tmp_path / "1.jsonl").write_bytes(b"".join(_LINES[:50]))
    (tmp_path / "2.jsonl").write_bytes(b'{"limit":{"track":1}}\n' * 9)
    (tmp_path / "3.jsonl").write_bytes(b"")
    (tmp_path / "4.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert _seen(antiphon, tmp_path)[0] == 0
    (tmp_path / "README.txt").write_bytes(b"What is in here.\n")
    (tmp_path / "list.7z").write_bytes(b"7z\xbc\xaf\x27\x1c\x00\x04")
    status, document, said = _seen(antiphon, tmp_path)
    assert (status, document["events"]) == (1, 50)
    assert [fault["kind"] for fault in document["faults"]] == ["not_recognised", "unreadable"]
    assert "leave it out if it is no data" in " ".join(said.lower().split())


def test_many_faults_are_told_in_a_few_lines(antiphon: Antiphon, tmp_path: Path) -> None:
    for number in range(200):
        (tmp_path / f"{number:03}.txt").write_bytes(b"no data\n")
    (tmp_path / "events.jsonl").write_bytes(b"".join(_LINES[:50]))
    status, document, said = _seen(antiphon, tmp_path)
    assert (status, document["faults_total"], document["files_total"]) == (1, 200, 201)
    assert len(said.splitlines()) < 30
    assert "190 not recognised" in said
