"""`antiphon roster resolve`, against a directory and an AppView on the loopback address."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
from click.testing import Result

from streams.core.rosters.roster_file import parse_roster
from streams.rosters import BLUESKY_GOVERNMENTS
from tests.cli.conftest import Antiphon
from tools.servers.appview import AppView
from tools.servers.bluesky_accounts import Accounts, LocalAccount, plc_did
from tools.servers.local_server import Fail, in_a_thread
from tools.servers.plc import Directory

_HEADER = "platform,account_id,handle,name,country,category,source_url,valid_from,valid_to"
_SAID = "name,FR,diplomat,https://example.org/,,"

_Resolve: TypeAlias = Callable[..., Result]


class _World:
    def __init__(self) -> None:
        self.accounts = Accounts()
        self.appview = AppView(self.accounts)
        self.directory = Directory(self.accounts)

    def add(self, name: str, handle: str) -> str:
        return self.accounts.add(LocalAccount(did=plc_did(name), handle=handle)).did


@pytest.fixture
def world() -> Iterator[_World]:
    made = _World()
    with in_a_thread(made.appview, made.directory):
        yield made


@pytest.fixture
def resolve(antiphon: Antiphon, world: _World) -> _Resolve:
    def run(*arguments: str) -> Result:
        servers = ("--appview", world.appview.url, "--directory", world.directory.url)
        return antiphon("roster", "resolve", *arguments, *servers)

    return run


def _file(folder: Path, *rows: str) -> Path:
    path = folder / "roster.csv"
    path.write_text("\n".join([_HEADER, *rows]) + "\n")
    return path


def test_a_handle_gets_its_id_where_both_directions_agree(world: _World, resolve: _Resolve, tmp_path: Path) -> None:
    """Other platforms stay as they are, and so does every other character of the file."""
    did = world.add("embassy", "embassy.gouv.example")
    path = _file(
        tmp_path, f"bluesky,,@Embassy.gouv.example,{_SAID}", 'twitter,12,one,"a ""name""",FR,leader,https://e.org/,,'
    )
    before = path.read_bytes()
    out = tmp_path / "resolved.csv"
    result = resolve(str(path), "--out", str(out))
    assert result.exit_code == 0, result.output
    assert path.read_bytes() == before
    first, second, third = out.read_text().splitlines()
    assert first == _HEADER
    assert second == f"bluesky,{did},@Embassy.gouv.example,{_SAID}"
    assert third == path.read_text().splitlines()[2]
    assert "1 resolved" in result.stdout
    assert "1 account of other platforms" in result.stdout


def test_without_a_place_to_write_the_difference_is_shown(world: _World, resolve: _Resolve, tmp_path: Path) -> None:
    did = world.add("embassy", "embassy.gouv.example")
    path = _file(tmp_path, f"bluesky,,embassy.gouv.example,{_SAID}")
    before = path.read_bytes()
    result = resolve(str(path))
    assert result.exit_code == 0
    assert f"+bluesky,{did},embassy.gouv.example,{_SAID}" in result.stdout.splitlines()
    assert "Nothing was written" in result.stderr
    assert path.read_bytes() == before


def test_a_handle_that_leads_to_an_account_with_another_name_is_not_taken(
    world: _World, resolve: _Resolve, tmp_path: Path
) -> None:
    """Anybody can let his domain lead to an account; the account has to agree."""
    did = world.add("other", "somebody.example")
    world.appview.misled["embassy.gouv.example"] = did
    path = _file(tmp_path, f"bluesky,,embassy.gouv.example,{_SAID}")
    result = resolve(str(path), "--json")
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    (account,) = document["accounts"]
    assert (account["outcome"], document["changes"]) == ("disagrees", 0)
    assert "somebody.example" in account["detail"]


def test_an_account_that_claims_a_handle_which_does_not_lead_to_it_is_not_believed(
    world: _World, resolve: _Resolve, tmp_path: Path
) -> None:
    """Anybody can write any handle into his document."""
    did = world.add("impostor", "embassy.gouv.example")
    world.appview.misled["embassy.gouv.example"] = plc_did("the embassy itself")
    path = _file(tmp_path, f"bluesky,{did},embassy.gouv.example,{_SAID}")
    result = resolve(str(path), "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["outcomes"] == {"disagrees": 1}


def test_moved_and_vanished_accounts_are_told_and_a_move_is_written_only_when_asked(
    world: _World, resolve: _Resolve, tmp_path: Path
) -> None:
    """The id stays; the handle is the new one, which leads back."""
    moved = world.add("moved", "new.gouv.example")
    gone = world.add("gone", "gone.gouv.example")
    world.accounts.by_did[gone].status = "deleted"
    path = _file(
        tmp_path,
        f"bluesky,{moved},old.gouv.example,{_SAID}",
        f"bluesky,{gone},gone.gouv.example,{_SAID}",
        f"bluesky,,nobody.gouv.example,{_SAID}",
    )
    result = resolve(str(path), "--write")
    assert result.exit_code == 1
    assert "1 moved, 2 vanished" in result.stdout
    assert "its handle is new.gouv.example" in result.stdout
    lines = path.read_text().splitlines()
    assert lines[1] == f"bluesky,{moved},new.gouv.example,{_SAID}"
    assert lines[2:] == [f"bluesky,{gone},gone.gouv.example,{_SAID}", f"bluesky,,nobody.gouv.example,{_SAID}"]


def test_a_roster_that_would_be_wrong_is_not_written(world: _World, resolve: _Resolve, tmp_path: Path) -> None:
    """Two lines turn out to be of one account for the same time."""
    did = world.add("embassy", "embassy.gouv.example")
    world.appview.misled["second.gouv.example"] = did
    world.directory.also["embassy.gouv.example"] = ["second.gouv.example"]
    path = _file(tmp_path, f"bluesky,,embassy.gouv.example,{_SAID}", f"bluesky,,second.gouv.example,{_SAID}")
    before = path.read_bytes()
    result = resolve(str(path), "--write")
    assert result.exit_code == 2
    assert "duplicate of line 2" in result.stderr
    assert path.read_bytes() == before


def test_a_server_that_fails_leaves_an_account_unknown_and_unchanged(
    world: _World, resolve: _Resolve, tmp_path: Path
) -> None:
    did = world.add("embassy", "embassy.gouv.example")
    world.directory.faults = [Fail(403)]
    path = _file(tmp_path, f"bluesky,{did},embassy.gouv.example,{_SAID}")
    result = resolve(str(path), "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["outcomes"] == {"unknown": 1}


def test_an_existing_file_is_overwritten_only_with_force(world: _World, resolve: _Resolve, tmp_path: Path) -> None:
    world.add("embassy", "embassy.gouv.example")
    path = _file(tmp_path, f"bluesky,,embassy.gouv.example,{_SAID}")
    out = tmp_path / "out.csv"
    out.write_text("mine")
    assert resolve(str(path), "--out", str(out)).exit_code == 2
    assert out.read_text() == "mine"
    assert not world.appview.asked
    assert resolve(str(path), "--out", str(out), "--force").exit_code == 0
    assert out.read_text().startswith(_HEADER)


def test_the_roster_to_begin_with_names_accounts_below_domains_of_governments_alone() -> None:
    """Each row has its own domain as its source and among its domains, and no id that nobody verified."""
    roster = parse_roster(BLUESKY_GOVERNMENTS.read_bytes(), str(BLUESKY_GOVERNMENTS))
    assert len(roster.entries) > 100
    for entry in roster.entries:
        assert entry.platform == "bluesky"
        assert entry.account_id is None
        assert entry.handle is not None
        assert entry.handle.endswith({"US": ".gov", "EU": ".europa.eu"}[entry.country])
        assert entry.source_url == f"https://{entry.handle}/"
        assert entry.domains == (entry.handle,)
