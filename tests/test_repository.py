"""What is in the repository: nothing that names the machine it was written on, and locks that fit the project."""

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Final

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_ROOT: Final = Path(__file__).parents[1]
_LOCKS: Final = ("requirements.lock", "requirements-dev.lock")

# Home directories and work trees, and the hosts of package registries: true on one machine, wrong on the next.
_MACHINE_PATH: Final = re.compile(rb"(?<![\w.~-])/(?:root|work|workspace|home/[a-z]\w*|Users/\w+)/")
_REGISTRY: Final = re.compile(
    rb"(?:pypi|pythonhosted|maven|npmjs|crates|debian|proxy\.golang)\.(?:org|com|io)(?:/|\b)|--(?:extra-index|index|find)-(?:url|links)"
)
_PIN: Final = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)


def _files() -> list[Path]:
    """The files that git has or would add. Skips outside a git checkout."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=_ROOT,
        capture_output=True,
        check=False,
    )
    if listing.returncode != 0:
        pytest.skip("not a git checkout")
    return [path for name in listing.stdout.split(b"\0") if name and (path := _ROOT / name.decode()).is_file()]


def _pins(lock: str) -> dict[str, str]:
    return {canonicalize_name(name): version for name, version in _PIN.findall((_ROOT / lock).read_text("utf-8"))}


def _project() -> dict[str, list[Requirement]]:
    """The requirements of the project by group: `run`, and each extra and dependency group by its name."""
    with (_ROOT / "pyproject.toml").open("rb") as file:
        toml = tomllib.load(file)
    groups = (
        {"run": toml["project"]["dependencies"]} | toml["project"]["optional-dependencies"] | toml["dependency-groups"]
    )
    return {name: [Requirement(line) for line in lines] for name, lines in groups.items()}


@pytest.mark.parametrize("pattern", [_MACHINE_PATH, _REGISTRY], ids=["a path of one machine", "a package registry"])
def test_no_file_names_the_place_it_was_written_at(pattern: re.Pattern[bytes]) -> None:
    files = _files()
    assert _ROOT / "pyproject.toml" in files
    named = [
        f"{path.relative_to(_ROOT)}: {found[0]!r}" for path in files if (found := pattern.search(path.read_bytes()))
    ]
    assert named == []


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        # Written with a gap, so that this file does not name them either.
        (_MACHINE_PATH, "see /_work/notes"),
        (_MACHINE_PATH, "'/_root/.venv'"),
        (_MACHINE_PATH, "cd /_home/ada/antiphon"),
        (_REGISTRY, "--_index-url somewhere"),
        (_REGISTRY, "https://pypi_.org/simple"),
    ],
)
def test_such_a_name_would_be_found(pattern: re.Pattern[bytes], line: str) -> None:
    assert pattern.search(line.replace("_", "").encode())


@pytest.mark.parametrize(
    "line", ["../work/notes", "https://example.org/home/ada/", "~/work/x", "/workers/1", "/rooted/"]
)
def test_a_relative_path_or_an_address_is_no_such_name(line: str) -> None:
    assert not _MACHINE_PATH.search(line.encode())


@pytest.mark.parametrize(
    ("lock", "groups"),
    [
        ("requirements.lock", ["run", "embedded", "build"]),
        ("requirements-dev.lock", ["run", "embedded", "build", "dev", "fuzz"]),
    ],
)
def test_a_lock_pins_everything_that_the_project_asks_for(lock: str, groups: list[str]) -> None:
    """A failure means that pyproject.toml changed and `make lock` was not run."""
    pins, project = _pins(lock), _project()
    assert groups[-1] in project
    for requirement in (requirement for group in groups for requirement in project[group]):
        version = pins.get(canonicalize_name(requirement.name))
        assert version is not None, f"{lock} lacks {requirement.name}"
        assert requirement.specifier.contains(version), f"{lock} has {requirement.name} {version}"


def test_the_development_lock_is_the_other_one_and_more() -> None:
    run, dev = _pins("requirements.lock"), _pins("requirements-dev.lock")
    assert run.items() < dev.items()


@pytest.mark.parametrize("lock", _LOCKS)
def test_every_pin_carries_hashes(lock: str) -> None:
    entries = re.split(r"\n(?=[A-Za-z0-9])", (_ROOT / lock).read_text("utf-8"))[1:]
    assert len(entries) == len(_pins(lock)) > 20
    assert [entry.split("\n")[0] for entry in entries if "--hash=sha256:" not in entry] == []
