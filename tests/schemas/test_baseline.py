"""The baseline: what the last release promised is still true, and a broken promise is told."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from streams.schemas import BASELINE, breaks, check, export, generate, record_baseline

SCHEMAS = Path(__file__).parents[2] / "schemas"


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`schemas/` with a baseline that is what the code says now. Tests only read it."""
    path = tmp_path_factory.mktemp("schemas")
    export(path)
    record_baseline(path)
    assert check(path) == []
    return path


@pytest.fixture
def released(exported: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(exported, tmp_path, dirs_exist_ok=True))


def _edit(path: Path, change: Callable[[Any], object]) -> None:
    content = json.loads(path.read_bytes())
    change(content)
    path.write_text(json.dumps(content))


def test_the_project_breaks_nothing_it_has_released() -> None:
    assert check(SCHEMAS) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        (
            "alert.schema.json",
            lambda s: (s["properties"].update(score={"type": "number"}), s["required"].append("score")),
            "alert.schema.json: score: the new schema no longer has the field",
        ),
        (
            "dossier.schema.json",
            lambda s: s["properties"]["withdrawn"].update(minimum=1),
            "dossier.schema.json: withdrawn: the new schema allows numbers below 1, the old one does not",
        ),
        (
            "retweet.schema.json",
            lambda s: s["required"].remove("subject"),
            "retweet.schema.json: subject: the old schema allows its absence, the new one does not",
        ),
        (
            "suspension.schema.json",
            lambda s: s["examples"][0].update(status="paused"),
            "suspension.schema.json: example 1 of the last release is refused: Invalid enum value 'paused'",
        ),
        (
            "asyncapi.json",
            lambda d: d["channels"].update(old=d["channels"]["posts"]),
            "asyncapi.json: the topic old is gone",
        ),
        (
            "asyncapi.json",
            lambda d: d["channels"]["posts"].update(messages={"other": {}}),
            "asyncapi.json: the topic posts carries another payload",
        ),
        (
            "asyncapi.json",
            lambda d: d["channels"]["alerts"]["bindings"]["kafka"]["topicConfiguration"].update(
                {"cleanup.policy": ["delete"]}
            ),
            "asyncapi.json: the topic alerts is cleaned up by compact, it was by delete",
        ),
        (
            "asyncapi.json",
            lambda d: d["components"]["messages"]["dossier"]["bindings"]["kafka"]["key"].update(pattern="^[0-9]+$"),
            "asyncapi.json: the key of dossiers: the new schema allows what `pattern` '^[0-9]+$' excludes",
        ),
    ],
)
def test_what_the_last_release_promised_and_this_one_breaks_is_reported(
    released: Path, file: str, change: Callable[[Any], object], message: str
) -> None:
    """The baseline is changed to what an earlier release might have been."""
    _edit(released / BASELINE / file, change)
    [problem] = check(released)
    assert problem.startswith(message)


def test_a_payload_that_is_gone_is_reported(released: Path) -> None:
    shutil.copy(released / BASELINE / "post.schema.json", released / BASELINE / "story.schema.json")
    assert breaks(released / BASELINE) == [
        "story.schema.json: the schema is gone, and with it the payload it described"
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    "content", [b"", b"\xff", b"[]", b"{", b"{}", b"[" * 100_000, b'{"channels": {"posts": {}}}', b'{"channels": 1}']
)
def test_a_damaged_baseline_is_reported_and_not_used(released: Path, content: bytes) -> None:
    (released / BASELINE / "asyncapi.json").write_bytes(content)
    assert check(released) == ["baseline/asyncapi.json is missing or damaged; restore it from the last release"]


def test_a_missing_directory_or_baseline_is_reported(tmp_path: Path) -> None:
    assert len(check(tmp_path / "none")) == 1
    export(tmp_path)
    [problem] = check(tmp_path)
    assert "there is no baseline" in problem


def test_recording_a_baseline_keeps_the_schemas_of_topics_and_drops_what_is_gone(released: Path) -> None:
    (released / BASELINE / "gone.schema.json").write_text("{}")
    record_baseline(released)
    kept = {path.name: path.read_bytes() for path in (released / BASELINE).iterdir()}
    made = {name: content for name, content in generate().items() if "/" not in name}
    assert kept == {name: content for name, content in made.items() if not name.startswith("console-")}
    assert kept != made
