"""Readers of other packages: the example of the documentation as an installed wheel, and what may be wrong."""

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.deadletters import Reason, Rejection
from streams.errors import InputError
from streams.events import Account, Follow
from streams.formats import extensions
from streams.formats.extensions import ExternalReader, external_readers
from streams.formats.reader import Skipped

_DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "formats.md"
_PIP: Final = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the example's wheel is installed."""
    section = _DOCUMENT.read_text().partition("## Readers of other packages")[2]
    [(project, module)] = re.findall(r"```toml\n(.*?)```.*?```python\n(.*?)```", section, re.DOTALL)
    source, wheels, target = (tmp_path_factory.mktemp(name) for name in ("source", "wheels", "target"))
    (source / "pyproject.toml").write_text(project)
    (source / "follow_pairs.py").write_text(module)
    build = (*_PIP, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(wheels), str(source))
    subprocess.run(build, check=True, timeout=120)
    [wheel] = wheels.glob("*.whl")
    subprocess.run((*_PIP, "install", "--no-deps", "--no-index", "--target", str(target), str(wheel)), check=True)
    return target


def _antiphon(installed: Path, *arguments: str) -> Any:
    command = (sys.executable, "-m", "streams.cli.main", *arguments, "--json")
    run = subprocess.run(
        command, env=os.environ | {"PYTHONPATH": str(installed)}, capture_output=True, timeout=60, check=False
    )
    assert run.stdout, run.stderr.decode()
    return json.loads(run.stdout)


@pytest.mark.slow
def test_the_documented_example_is_listed_recognised_and_read(installed: Path, tmp_path: Path) -> None:
    [listed] = [each for each in _antiphon(installed, "formats")["formats"] if each["name"] == "follow-pairs"]
    assert listed["holds"].startswith("Lines `TIME|FOLLOWER|FOLLOWED`")
    pairs = tmp_path / "pairs.txt"
    pairs.write_text("# who follows whom\n2021-01-21T00:00:00Z|11|700\n2021-01-22T00:00:00+01:00|12|700\nno|pair\n")
    roster = tmp_path / "roster.csv"
    header = "platform,account_id,handle,name,country,category,source_url,valid_from,valid_to"
    roster.write_text(f"{header}\ntwitter,11,,An embassy,IR,diplomat,https://example.org/,,\n")
    document = _antiphon(installed, "backtest", str(pairs), "--roster", str(roster))
    assert document["files"][0]["format"] == "follow-pairs"
    assert (document["events"], document["skipped"], document["refused"]) == (2, {"comment": 1}, {"not_an_event": 1})
    assert document["engaged_subjects"] == 1


class _Answering:
    """Gives one answer, or raises it."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def read(self, _line: bytes) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def _follow(**more: Any) -> Follow:
    said: dict[str, Any] = {
        "platform": "twitter",
        "id": "1",
        "at": datetime(2021, 1, 1, tzinfo=UTC),
        "actor": Account(id="1"),
    }
    return Follow(**(said | {"subject": Account(id="2")} | more))


@pytest.mark.parametrize(
    "answer",
    [
        ValueError("\x1b[2J"),
        RecursionError(),
        None,
        (),
        "text",
        ("text",),
        (_follow(at=datetime(2021, 1, 1)),),  # noqa: DTZ001 - no zone
        (_follow(id="x" * 10_000),),
        (_follow(platform="no such"),),
        (_follow(actor="1"),),
        Skipped(5),  # type: ignore[arg-type]
        Rejection(reason="own reason", detail=""),  # type: ignore[arg-type]
    ],
)
def test_whatever_else_a_reader_gives_is_a_rejection_that_names_it(answer: Any) -> None:
    reading = ExternalReader("theirs", _Answering(answer)).read(b"line")
    assert isinstance(reading, Rejection)
    assert reading.reason is Reason.NOT_AN_EVENT
    assert "the reader theirs failed: " in reading.detail
    assert reading.detail.isprintable()


@given(st.text(max_size=300))
def test_names_and_details_that_it_makes_up_are_made_safe(text: str) -> None:
    skipped = ExternalReader("theirs", _Answering(Skipped(text))).read(b"line")
    assert isinstance(skipped, Skipped)
    assert len(skipped.name) <= 64
    assert skipped.name.isprintable()
    refused = ExternalReader("theirs", _Answering(Rejection(reason=Reason.BAD_TIME, detail=text))).read(b"line")
    assert isinstance(refused, Rejection)
    assert refused.detail.isprintable()
    assert len(refused.detail) <= 200


@pytest.mark.parametrize(
    ("points", "says"),
    [
        ([("canonical", "streams.formats.canonical:CanonicalReader")], "another reader has this name"),
        ([("theirs", "json:JSONDecoder"), ("theirs", "json:JSONDecoder")], "it has no method `read`"),
        ([("theirs", "no_such_module:Reader")], "ModuleNotFoundError"),
        ([("theirs", "json:NoSuchName")], "AttributeError"),
        ([("theirs", "json:loads")], "TypeError"),
    ],
)
def test_what_cannot_be_used_is_an_error_that_names_it(
    points: list[tuple[str, str]], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [EntryPoint(name=name, value=value, group=extensions.GROUP) for name, value in points]
    monkeypatch.setattr(extensions, "entry_points", lambda **_group: found)
    with pytest.raises(InputError, match=says) as raised:
        external_readers(["canonical"])
    assert f"`{points[0][0]}`" in raised.value.message
    assert "docs/formats.md" in raised.value.remedy
