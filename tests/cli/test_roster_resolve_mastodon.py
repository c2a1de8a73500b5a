"""`antiphon roster resolve` of accounts on Mastodon, against servers on the loopback address that answer WebFinger."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from click.testing import Result

from tests.cli.conftest import Antiphon
from tools.servers.local_server import Fail, in_a_thread
from tools.servers.mastodon import Mastodon

_HEADER = "platform,account_id,handle,name,country,category,source_url,valid_from,valid_to"
_SAID = "name,FR,diplomat,https://example.org/,,"
_PROFILE = "https://social.example/@embassy"

_Resolve: TypeAlias = Callable[..., Result]


@pytest.fixture
def social() -> Iterator[Mastodon]:
    """The server `social.example`, with one user."""
    server = Mastodon("social.example")
    server.add_user("embassy")
    with in_a_thread(server):
        yield server


@pytest.fixture
def resolve(antiphon: Antiphon, social: Mastodon, tmp_path: Path) -> _Resolve:
    """Resolves a roster of these rows; `example.org` is asked at the same server."""

    def run(*rows: str) -> Result:
        path = tmp_path / "roster.csv"
        path.write_text("\n".join([_HEADER, *(f"mastodon,{row},{_SAID}" for row in rows)]) + "\n")
        places = ",".join(f"{name}={social.url}" for name in ("social.example", "example.org"))
        options = ("--out", str(tmp_path / "out.csv"), "--force", "--mastodon", places, "--json")
        return antiphon("roster", "resolve", str(path), *options)

    return run


def _only(result: Result) -> dict[str, Any]:
    (account,) = json.loads(result.stdout)["accounts"]
    return dict(account)


def test_a_handle_gets_the_address_of_the_profile_that_says_so_too(resolve: _Resolve, tmp_path: Path) -> None:
    result = resolve(",@embassy@social.example")
    assert (result.exit_code, _only(result)["outcome"]) == (0, "resolved")
    assert (tmp_path / "out.csv").read_text().splitlines()[1] == f"mastodon,{_PROFILE},@embassy@social.example,{_SAID}"


def test_an_address_gets_its_handle_and_both_are_confirmed(resolve: _Resolve, tmp_path: Path) -> None:
    result = resolve(f"{_PROFILE},")
    assert _only(result)["outcome"] == "resolved"
    assert (tmp_path / "out.csv").read_text().splitlines()[1] == f"mastodon,{_PROFILE},embassy@social.example,{_SAID}"
    assert _only(resolve(f"{_PROFILE},Embassy@social.example"))["outcome"] == "confirmed"


def test_a_handle_may_have_another_host_than_the_server(resolve: _Resolve, social: Mastodon) -> None:
    """A domain names accounts of a server below it, which says so."""
    for asked in ("embassy@example.org", "embassy@social.example"):
        social.names[asked] = "embassy@example.org", _PROFILE
    account = _only(resolve(",embassy@example.org"))
    assert (account["outcome"], account["account_id"]) == ("resolved", _PROFILE)
    moved = _only(resolve(f"{_PROFILE},embassy@social.example"))
    assert (moved["outcome"], moved["handle"]) == ("moved", "embassy@example.org")


@pytest.mark.parametrize(
    ("names", "row"),
    [
        # Any domain can let its names lead to the profile of somebody else.
        ({"office@example.org": ("office@example.org", _PROFILE)}, ",office@example.org"),
        # Any server can say that a profile has the name of somebody else.
        ({"embassy@social.example": ("office@example.org", _PROFILE)}, f"{_PROFILE},"),
        ({"embassy@social.example": ("office@example.org", _PROFILE)}, ",embassy@social.example"),
        (
            {"embassy@social.example": ("embassy@social.example", "javascript://social.example/@embassy")},
            ",embassy@social.example",
        ),
        ({"embassy@social.example": ("embassy@social.example", "")}, ",embassy@social.example"),
        ({"embassy@social.example": ("x" * 300, _PROFILE)}, f"{_PROFILE},"),
        ({}, ",embassy"),
        ({}, "12,"),
    ],
)  # fmt: skip
def test_one_direction_alone_is_not_believed(
    resolve: _Resolve, social: Mastodon, tmp_path: Path, names: dict[str, tuple[str, str]], row: str
) -> None:
    """Nothing is written into the roster."""
    social.names |= names
    result = resolve(row)
    assert (result.exit_code, _only(result)["outcome"]) == (1, "disagrees")
    assert (tmp_path / "out.csv").read_text().splitlines()[1] == f"mastodon,{row},{_SAID}"


def test_who_is_gone_has_vanished_and_a_server_that_fails_leaves_it_unknown(
    resolve: _Resolve, social: Mastodon
) -> None:
    assert _only(resolve(",nobody@social.example"))["outcome"] == "vanished"
    social.faults += [Fail(410, b"")]
    assert _only(resolve(f"{_PROFILE},"))["outcome"] == "vanished"
    social.faults += [Fail(403, b"no")]
    account = _only(resolve(f"{_PROFILE},embassy@social.example"))
    assert (account["outcome"], account["account_id"]) == ("unknown", _PROFILE)
