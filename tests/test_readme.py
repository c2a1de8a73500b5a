"""The README is checked against the code: what it names exists, and what exists is named."""

import re
from pathlib import Path

import msgspec
from click.testing import CliRunner

from streams.cli.main import cli
from streams.formats.registry import FORMATS
from streams.settings import Settings

_README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def test_every_setting_is_in_the_table_with_its_variable() -> None:
    """And no variable that is none."""
    named = set(re.findall(r"`ANTIPHON_([A-Z_]+)`", _README)) - {"CONFIG"}
    assert named == {field.name.upper() for field in msgspec.structs.fields(Settings)}


def test_the_default_of_every_setting_is_the_codes() -> None:
    rows = dict(re.findall(r"^\| `ANTIPHON_([A-Z_]+)` \| ([^|]+) \|", _README, re.MULTILINE))
    for field in msgspec.structs.fields(Settings):
        shown = rows[field.name.upper()].strip("`")
        match field.default:
            case None | "":
                assert shown in {"none", "the bundled rules", "see below"}, field.name
            case bool(default):
                assert shown == str(default).lower(), field.name
            case int(default) | float(default):
                assert float(shown) == default, field.name
            case default:
                assert shown == default, field.name


def test_every_command_and_format_it_names_exists() -> None:
    """Commands by their help."""
    commands = set(re.findall(r"antiphon ([a-z][a-z-]+)", _README))
    assert {"demo", "backtest", "worker", "ingest"} <= commands
    for command in commands:
        assert CliRunner().invoke(cli, [command, "--help"]).exit_code == 0, command
    assert all(f"`{name}`" in _README for name in FORMATS)
