"""What the last lines of a run say, counted again from the input and from the files of results."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from tests.cli.conftest import Antiphon
from tests.jobs.rosters import csv_of
from tests.pipeline.world import World


@pytest.fixture
def recording(tmp_path: Path) -> tuple[Path, Path]:
    """A world with lines that become no event: one that says nothing, one of no shape, and one from the future."""
    world = World(seed=3, events=800)
    lines = list(world.lines())
    future = msgspec.json.decode(lines[0])
    future["at"] = (datetime.now(tz=UTC) + timedelta(days=400)).isoformat()
    lines[100:100] = [b"", b"{}", msgspec.json.encode(future)]
    path, roster = tmp_path / "world.ndjson", tmp_path / "roster.csv"
    path.write_bytes(b"\n".join(lines) + b"\n")
    roster.write_bytes(csv_of(world.roster))
    return path, roster


@pytest.mark.slow
def test_the_closing_line_says_what_a_recount_says(
    antiphon: Antiphon, recording: tuple[Path, Path], tmp_path: Path
) -> None:
    """Each line is one of three things, amplified is not engaged with, and `--json` says the same."""
    path, roster = recording
    command = ("backtest", str(path), "--format", "canonical", "--roster", str(roster))
    said = antiphon(*command, "--out", str(tmp_path / "out"), COLUMNS="400").stdout
    numbers = re.search(
        r"([\d,]+) lines: ([\d,]+) events, ([\d,]+) skipped by name, ([\d,]+) dead letters\. ([\d,]+) amplifications "
        r"of ([\d,]+) subjects; officials engaged with ([\d,]+) in all\. ([\d,]+) alerts",
        " ".join(said.split()),
    )
    assert numbers is not None, said[-600:]
    lines, events, skipped, refused, amplifications, amplified, engaged, alerts = (
        int(number.replace(",", "")) for number in numbers.groups()
    )
    records = {
        file.stem: [msgspec.json.decode(line) for line in file.read_bytes().splitlines()]
        for file in (tmp_path / "out").iterdir()
    }
    assert lines == path.read_bytes().count(b"\n") == events + skipped + refused
    assert (skipped, refused) == (1, len(records["dead-letters"])) == (1, 2)
    assert amplifications == len(records["amplifications"])
    assert amplified == len({each["subject"]["id"] for each in records["amplifications"]})
    assert engaged == len(records["dossiers"])
    assert amplified < engaged
    assert alerts == len(records["alerts"]) > 0
    document = msgspec.json.decode(antiphon(*command, "--json").stdout)
    assert [document[key] for key in ("lines", "events", "dead_letters")] == [lines, events, refused]
    assert (document["amplified_subjects"], document["engaged_subjects"]) == (amplified, engaged)


def test_every_alerted_subjects_figures_are_those_of_its_amplifications(
    antiphon: Antiphon, recording: tuple[Path, Path], tmp_path: Path
) -> None:
    """Totals, officials and the top official's share by plain counts; what was taken back is told apart."""
    path, roster = recording
    command = ("backtest", str(path), "--format", "canonical", "--roster", str(roster))
    antiphon(*command, "--out", str(tmp_path / "out"))
    amplifications = [
        msgspec.json.decode(line) for line in (tmp_path / "out" / "amplifications.ndjson").read_bytes().splitlines()
    ]
    document = msgspec.json.decode(antiphon(*command, "--json").stdout)
    assert document["alerted"]
    for alerted in document["alerted"]:
        dossier = alerted["dossier"]
        ids = {each["id"] for each in amplifications if each["subject"]["id"] == dossier["subject"]["id"]}
        totals = dossier["totals"]
        assert totals["retweet"] + totals["quote"] + dossier["withdrawn"] == len(ids)
        assert (
            sum(each["retweets"] + each["quotes"] for each in dossier["officials"]) == len(ids) - dossier["withdrawn"]
        )
        assert dossier["distinct_officials"] == len(dossier["officials"])
