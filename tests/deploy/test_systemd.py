"""ops/systemd: a unit that systemd takes, that can do little, and whose settings are real."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from streams.settings import Settings, load_settings

_FOLDER: Final = Path(__file__).parents[2] / "ops" / "systemd"
_UNIT: Final = _FOLDER / "antiphon-worker@.service"
_MOST_EXPOSED: Final = 1.5
"""Of 10. What is left is the network, which it needs, and the root directory, which is read-only."""


def _values(name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", _UNIT.read_text("utf-8"), re.MULTILINE)


@pytest.fixture
def unit(tmp_path: Path) -> str:
    """The unit of worker 1, of a program that is there."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("left out: systemd-analyze")
    path = tmp_path / "antiphon-worker@1.service"
    path.write_text(_UNIT.read_text("utf-8").replace("/opt/antiphon/bin/antiphon", "/bin/true"), "utf-8")
    return str(path)


def test_systemd_takes_it_without_a_word(unit: str) -> None:
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_it_can_do_little_besides_talking_to_the_network(unit: str) -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", unit]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
    assert found is not None, said
    assert float(found[1]) <= _MOST_EXPOSED


def test_what_it_and_its_example_set_are_settings() -> None:
    lines = (_FOLDER / "worker.env.example").read_text("utf-8").splitlines()
    of_file = [line.lstrip("#") for line in lines if re.match(r"#?ANTIPHON_", line)]
    of_unit = [each for value in _values("Environment") for each in value.replace("%i", "1").split()]
    given = dict(each.split("=", 1) for each in (*of_file, *of_unit) if each.startswith("ANTIPHON_"))
    settings = load_settings(environ=given)
    assert (settings.metrics_port, settings.environment) == (9_101, "live")
    assert settings.data_dir == f"/var/lib/{_values('StateDirectory')[0].replace('%i', '1')}"


def test_it_is_begun_anew_for_ever_and_ends_in_order() -> None:
    assert (_values("Restart"), _values("StartLimitIntervalSec")) == (["always"], ["0"])
    assert int(_values("TimeoutStopSec")[0]) > Settings().delivery_timeout_seconds
