"""`antiphon roster import`: a roster on standard output or in a file, and on standard error what was not taken."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Antiphon
from tests.cli.terminal import obeyed

_SAID = ("--platform", "twitter", "--country", "RU", "--category", "diplomat", "--source", "https://example.org/list")


@pytest.fixture
def handles(tmp_path: Path) -> str:
    path = tmp_path / "handles.txt"
    path.write_text("@rusembusa\nhttps://x.com/rusembswiss\n")
    return str(path)


def test_the_roster_goes_to_standard_output_and_the_report_to_standard_error(antiphon: Antiphon, handles: str) -> None:
    result = antiphon("roster", "import", handles, *_SAID)
    assert result.exit_code == 0
    assert result.stdout == (
        "platform,account_id,handle,name,country,category,source_url,valid_from,valid_to\n"
        "twitter,,rusembusa,,RU,diplomat,https://example.org/list,,\n"
        "twitter,,rusembswiss,,RU,diplomat,https://example.org/list,,\n"
    )
    assert "2 accounts taken from 2 entries" in result.stderr
    assert "not taken" not in result.stderr


def test_standard_input_is_read(antiphon: Antiphon) -> None:
    result = antiphon("roster", "import", "-", *_SAID, piped=b"one\n")
    assert result.stdout.splitlines()[1] == "twitter,,one,,RU,diplomat,https://example.org/list,,"


def test_a_file_is_written_and_passes_the_check(antiphon: Antiphon, handles: str, tmp_path: Path) -> None:
    out = tmp_path / "roster.csv"
    assert antiphon("roster", "import", handles, *_SAID, "--out", str(out)).exit_code == 0
    assert antiphon("roster", "check", str(out)).exit_code == 0


def test_a_file_is_overwritten_only_by_force_and_the_list_itself_never(
    antiphon: Antiphon, handles: str, tmp_path: Path
) -> None:
    out = tmp_path / "roster.csv"
    out.write_text("mine")
    refused = antiphon("roster", "import", handles, *_SAID, "--out", str(out))
    assert refused.exit_code == 2
    assert "--force" in refused.stderr
    assert out.read_text() == "mine"
    assert antiphon("roster", "import", handles, *_SAID, "--out", str(out), "--force").exit_code == 0
    assert out.read_text() != "mine"
    itself = antiphon("roster", "import", handles, *_SAID, "--out", handles, "--force")
    assert (itself.exit_code, "is the list itself" in itself.stderr) == (2, True)


def test_what_is_not_taken_is_named_with_count_place_reason_and_remedy(antiphon: Antiphon, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(
        "handle;account_id;country\n" + "\x1b[31mx;;FR\n" + "".join(f"h{n};1.2E+18;FR\n" for n in range(5)) + "ok;;FR\n"
    )
    result = antiphon("roster", "import", str(path), *_SAID, COLUMNS="150")
    assert result.exit_code == 1
    assert obeyed(result.stderr) == []
    assert "6 not taken" in result.stderr
    assert [row for row in result.stdout.splitlines() if ",ok," in row]
    rows = [line.split() for line in result.stderr.splitlines()]
    assert ["5", "account_id", "line", "3"] in [row[:4] for row in rows]
    assert "--without-ids" in result.stderr


def test_with_json_the_report_is_whole_and_the_roster_is_in_the_file(antiphon: Antiphon, tmp_path: Path) -> None:
    path, out = tmp_path / "list.csv", tmp_path / "roster.csv"
    path.write_text("handle,facebook\n" + "no handle,a\n" * 1_200 + "ok,b\nok,\n")
    result = antiphon("roster", "import", str(path), *_SAID, "--json", "--out", str(out))
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert (document["taken"], document["repeated"], document["not_taken"]) == (1, 1, 1_200)
    assert document["not_taken_by_column"] == {"handle": 1_200}
    assert (len(document["untaken"]), document["omitted"]) == (1_000, 200)
    assert document["untaken"][0] == {
        "place": "line 2",
        "column": "handle",
        "what": "'no handle' is no handle",
        "remedy": "write handles alone, with @ before each, and notes in a column of their own",
    }
    assert document["passed_over"] == {"accounts of facebook": 1_201}
    assert document["columns"] == {"handle": "handle"}
    assert out.read_text().splitlines()[1].startswith("twitter,,ok,")
    assert "platform," not in antiphon("roster", "import", str(path), *_SAID, "--json").stdout.split("{")[0]


def test_a_guessed_encoding_is_said(antiphon: Antiphon, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes("handle;name\none;Министерство иностранных дел\ntwo;Посольство России\n".encode("cp1251"))
    result = antiphon("roster", "import", str(path), *_SAID)
    assert result.exit_code == 0
    assert "Read as cp1251, which is a guess" in result.stderr
    document = json.loads(antiphon("roster", "import", str(path), *_SAID, "--json").stdout)
    assert document["guessed_encodings"] == ["cp1251"]


def test_nothing_taken_writes_nothing_and_is_no_success(antiphon: Antiphon, handles: str, tmp_path: Path) -> None:
    out = tmp_path / "roster.csv"
    result = antiphon("roster", "import", handles, "--out", str(out), COLUMNS="150")
    assert (result.exit_code, result.stdout, out.exists()) == (1, "", False)
    for option in ("--platform twitter", "--country FR", "--category diplomat", "--source https://"):
        assert option in result.stderr


def test_nine_tenths_taken_is_a_success_and_less_is_none(antiphon: Antiphon, tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("".join(f"h{n}\n" for n in range(9)) + "no handle\n")
    assert antiphon("roster", "import", str(path), *_SAID).exit_code == 0
    path.write_text("".join(f"h{n}\n" for n in range(8)) + "no handle\n")
    assert antiphon("roster", "import", str(path), *_SAID).exit_code == 1


def test_a_day_that_may_be_two_is_asked_for_and_taken_when_said(antiphon: Antiphon, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("handle;since\none;03/04/2020\n")
    refused = antiphon("roster", "import", str(path), *_SAID)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "line 2, valid_from: '03/04/2020' may be two days" in refused.stderr
    assert "--dates dmy or mdy" in refused.stderr
    assert ",2020-04-03,\n" in antiphon("roster", "import", str(path), *_SAID, "--dates", "dmy").stdout
    assert ",2020-03-04,\n" in antiphon("roster", "import", str(path), *_SAID, "--dates", "mdy").stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--country", "Atlantis"), "unknown State"),
        (("--country", "FR", "--country", "DE"), "--country is given 2 times"),
        (("--country", "Texas=Atlantis"), "unknown State"),
        (("--category", "spokesman"), "unknown category"),
        (("--source", "a list"), "no web address"),
        (("--platform", "Twitter X"), "no name of a platform"),
        (("--dates", "ymd"), "dmy"),
    ],
)
def test_an_option_that_cannot_be_right_is_refused(
    arguments: tuple[str, ...], said: str, antiphon: Antiphon, handles: str
) -> None:
    result = antiphon("roster", "import", handles, *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"%PDF-1.4 x", "is a PDF"),
        (b"name,born\nA,1970\n", "has no column of accounts; it has: name, born"),
    ],
)
def test_a_file_that_is_no_list_is_reported_as_such(
    content: bytes, said: str, antiphon: Antiphon, tmp_path: Path
) -> None:
    path = tmp_path / "list"
    path.write_bytes(content)
    result = antiphon("roster", "import", str(path), *_SAID)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
