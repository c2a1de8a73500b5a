"""The Dockerfile: what it promises, and its build stage run step by step without Docker, down to the demo."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

import pytest

from streams import __version__
from tests.deploy.dockerfile import DOCKERFILE, Instruction, stages

_ROOT: Final = DOCKERFILE.parent
_BUILD, _RUNTIME = stages(DOCKERFILE.read_text(encoding="utf-8"))


def _only(name: str, stage: list[Instruction]) -> Instruction:
    (found,) = (instruction for instruction in stage if instruction.name == name)
    return found


def test_the_image_runs_as_nobody_in_particular_and_is_built_from_a_pinned_one() -> None:
    for stage in (_BUILD, _RUNTIME):
        image, _, tag = stage[0].rest.partition(" ")[0].partition(":")
        assert image == "python"
        assert tag.count(".") == 2, "a version to the last number"
        assert tag.startswith("3.11."), "the Python that the tests run on"
    names = [instruction.name for instruction in _RUNTIME]
    user, _, group = _only("USER", _RUNTIME).rest.partition(":")
    assert int(user) > 0
    assert int(group) > 0
    assert "RUN" not in names[names.index("USER") :], "nothing is done as that user while the image is built"


def test_the_health_of_a_container_is_asked_where_the_worker_answers() -> None:
    environment = _only("ENV", _RUNTIME).pairs
    program = _only("HEALTHCHECK", _RUNTIME).words
    assert program[0] == "python"
    assert f"http://127.0.0.1:{environment['ANTIPHON_METRICS_PORT']}/healthz" in program[-1]
    compile(program[-1], "HEALTHCHECK", "exec")
    assert _only("ENTRYPOINT", _RUNTIME).words == ["antiphon"]
    assert _only("CMD", _RUNTIME).words == ["worker"]


def test_what_is_copied_reaches_the_builder_and_what_is_secret_does_not() -> None:
    """.dockerignore leaves everything out but what it names with a `!`."""
    lines = [line for line in (_ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    sent = {line.removeprefix("!") for line in lines if line.startswith("!")}
    copied = {
        source
        for instruction in _BUILD
        if instruction.name == "COPY"
        for source in instruction.rest.split()[:-1]
        if not source.startswith("--")
    }
    assert copied == sent
    assert not any(fnmatch(name, pattern) for name in (".env", ".git", "tests") for pattern in sent)


@pytest.mark.slow
def test_the_build_stage_makes_a_program_that_runs_the_demo(tmp_path: Path) -> None:
    """Its very commands, with the paths of the image under a directory of the test's own. Downloads what is pinned."""
    places = {"/opt/antiphon": tmp_path / "opt", "/src": tmp_path / "src"}
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ANTIPHON_", "PYTHON"))}
    here = tmp_path
    for instruction in _BUILD[1:]:
        match instruction.name:
            case "ENV":
                # What pip has in its cache is as good: the hashes say so.
                environment |= {name: v for name, v in instruction.pairs.items() if name != "PIP_NO_CACHE_DIR"}
            case "WORKDIR":
                here = places[instruction.rest]
                here.mkdir()
            case "COPY":
                *sources, target = shlex.split(instruction.rest)
                for source in sources:
                    _copy(_ROOT / source, here / target)
            case "RUN":
                words = [str(places.get(word, word)) for word in instruction.words]
                assert words[0] == "python"
                _run([sys.executable, *words[1:]], here, environment)
            case name:
                pytest.fail(f"the build stage has a {name}, which this test does not know")

    program = places["/opt/antiphon"] / "bin" / "antiphon"
    assert _run([str(program), "--version"], tmp_path, environment).split() == ["antiphon", __version__]
    installed = {
        path.name.partition("-")[0] for path in places["/opt/antiphon"].glob("lib/*/site-packages/*.dist-info")
    }
    assert "faust_streaming" in installed
    assert installed.isdisjoint({"pip", "hatchling", "editables", "pytest"})
    document = json.loads(_run([str(program), "demo", "--json"], tmp_path, environment))
    assert [subject["dossier"]["totals"]["retweet"] for subject in document["alerted"]] == [84]


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target / source.name)


def _run(command: list[str], directory: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, f"{shlex.join(command)}\n{done.stdout[-2_000:]}\n{done.stderr[-4_000:]}"
    return done.stdout
