"""`antiphon schemas`: written out, compared, and refused with a status where they differ."""

import json
import shutil
from pathlib import Path

import pytest

from streams.schemas import record_baseline
from streams.schemas.generate import generate
from tests.cli.conftest import Antiphon


@pytest.mark.slow
def test_what_is_exported_is_what_the_check_wants(antiphon: Antiphon, tmp_path: Path) -> None:
    where = tmp_path / "new" / "schemas"
    result = antiphon("schemas", "export", str(where))
    assert result.exit_code == 0
    files = generate()
    assert f"Wrote {len(files)} files" in result.stdout
    assert {name: (where / name).read_bytes() for name in files} == files
    record_baseline(where)
    assert antiphon("schemas", "check", str(where)).exit_code == 0


@pytest.mark.slow
def test_a_changed_and_a_missing_file_are_named(antiphon: Antiphon, tmp_path: Path) -> None:
    antiphon("schemas", "export", str(tmp_path))
    record_baseline(tmp_path)
    (tmp_path / "post.schema.json").write_text("{}")
    (tmp_path / "alert.schema.json").unlink()
    result = antiphon("schemas", "check", str(tmp_path))
    assert result.exit_code == 1
    assert len(result.stdout.splitlines()) == 2
    assert "post.schema.json is not what the code says" in result.stdout
    assert "alert.schema.json is missing" in result.stdout
    document = json.loads(antiphon("schemas", "check", str(tmp_path), "--json").stdout)
    assert document["valid"] is False
    assert len(document["problems"]) == 2


def test_without_a_baseline_the_check_says_so(antiphon: Antiphon, tmp_path: Path) -> None:
    antiphon("schemas", "export", str(tmp_path))
    shutil.rmtree(tmp_path / "baseline", ignore_errors=True)
    result = antiphon("schemas", "check", str(tmp_path))
    assert result.exit_code == 1
    assert "there is no baseline" in result.stdout


def test_a_place_that_cannot_be_written_to_is_one_sentence(antiphon: Antiphon, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    for where in (file, file / "below"):
        result = antiphon("schemas", "export", str(where))
        assert result.exit_code == 2
        assert result.stderr.startswith(f"antiphon: error: {where}: ")
        assert "name a directory that can be written to" in result.stderr


def test_export_as_json_lists_the_files(antiphon: Antiphon, tmp_path: Path) -> None:
    document = json.loads(antiphon("schemas", "export", str(tmp_path), "--json").stdout)
    assert sorted(document["files"]) == sorted(generate())
