"""Settings of collectors: where they may stand, and what is refused."""

import re
from pathlib import Path

import msgspec
import pytest

from streams.collectors.settings import CollectSettings, load_collect_settings, variable_of
from streams.errors import ConfigurationError
from streams.settings import load_settings
from tests.collectors.lines_collector import LinesSettings

_NAMES = ("lines", "lines-far")
_OPERATIONS = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")


def _load(
    environ: dict[str, str], path: Path | None = None, name: str = "lines"
) -> tuple[CollectSettings, LinesSettings]:
    return load_collect_settings(
        name, LinesSettings, _NAMES, environ=environ, config_file=None if path is None else str(path)
    )


def test_a_variable_goes_before_the_file_and_an_option_before_both(tmp_path: Path) -> None:
    path = tmp_path / "antiphon.toml"
    path.write_text(
        'app_id = "a"\n[collect]\nqueue_events = 7\n[collect.lines]\nport = 1\n[collect.lines-far]\nport = 2\n'
    )
    environ = {"ANTIPHON_COLLECT_SILENT_SECONDS": "9", "ANTIPHON_COLLECT_LINES_KEY": "s3cret"}
    shared, own = _load(environ, path)
    assert (shared.queue_events, shared.silent_seconds) == (7, 9.0)
    assert (own.port, repr(own.key)) == (1, "'***'")
    assert _load({variable_of("lines", "port"): "5"}, path)[1].port == 5
    assert _load({"ANTIPHON_COLLECT_LINES_FAR_PORT": "6"}, path, "lines-far")[1].port == 6
    given = load_collect_settings("lines", LinesSettings, _NAMES, {"port": "8"}, environ=environ, config_file=str(path))
    assert given[1].port == 8


def test_other_commands_pass_over_what_collectors_are_told(tmp_path: Path) -> None:
    path = tmp_path / "antiphon.toml"
    path.write_text('app_id = "a"\n[collect]\nqueue_events = 7\n[collect.lines]\nport = 1\n')
    environ = {"ANTIPHON_COLLECT_LINES_PORT": "1", "ANTIPHON_COLLECT_QUEUE_EVENTS": "1"}
    assert load_settings(environ=environ, config_file=str(path)).app_id == "a"


@pytest.mark.parametrize(
    ("environ", "text", "says"),
    [
        ({"ANTIPHON_COLLECT_QUEUE_BITES": "1"}, "", r"ANTIPHON_COLLECT_QUEUE_BITES: there is no such setting"),
        ({"ANTIPHON_COLLECT_LINES_POORT": "1"}, "", r"ANTIPHON_COLLECT_LINES_POORT: there is no such setting"),
        ({"ANTIPHON_COLLECT_QUEUE_BYTES": "1"}, "", r"ANTIPHON_COLLECT_QUEUE_BYTES: Expected `int` >= 65536"),
        ({"ANTIPHON_COLLECT_LINES_PORT": "x"}, "", r"ANTIPHON_COLLECT_LINES_PORT: Expected `int`"),
        ({}, "[collect]\nqueue_byte = 1", r"antiphon.toml: collect.queue_byte: there is no such setting"),
        ({}, "[collect.lies]\nport = 1", r"antiphon.toml: collect.lies: there is no collector of that name"),
        ({}, "[collect.lines]\nport = 'x'", r"antiphon.toml: collect.lines.port: Expected `int`"),
        ({}, "collect = 1", r"antiphon.toml: collect is no table"),
    ],
)
def test_what_is_wrong_is_refused_with_its_key(environ: dict[str, str], text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "antiphon.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=says):
        _load(environ, path)


def test_the_table_of_the_operations_guide_has_every_setting_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `ANTIPHON_COLLECT_([A-Z_]+)` \| ([\d.]+) \|", _OPERATIONS, re.MULTILINE))
    fields = {field.name.upper(): field.default for field in msgspec.structs.fields(CollectSettings)}
    assert rows.keys() == fields.keys()
    assert {name: float(value) for name, value in rows.items()} == fields
