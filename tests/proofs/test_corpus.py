"""Proofs that earlier versions made verify in this one, for ever."""

from pathlib import Path
from typing import Final

import pytest

from streams.proofs.answers import Answer
from tests.proofs.forging import checked, files_in
from tools.proofs.make_corpus import CORPUS

_PROOFS: Final = sorted(CORPUS.glob("*.zip"))


def test_there_are_proofs_of_every_kind() -> None:
    """Of a subject, of alerts, and without texts."""
    kinds = {path.stem.partition("-format-")[2].split("-", 1)[1].split("-")[0] for path in _PROOFS}
    assert kinds == {"subject", "alert"}
    assert any("without-texts" in path.stem for path in _PROOFS)


@pytest.mark.parametrize("path", _PROOFS, ids=lambda path: path.stem)
def test_a_kept_proof_verifies(path: Path) -> None:
    """What was told follows from the events by this version's code; without texts only what looks at none."""
    verdict = checked(path.read_bytes())
    records = [name for name in files_in(path.read_bytes()) if name.startswith(("alert", "dossier", "aftermath"))]
    answers = {check.question: check.answer for check in verdict.checks}
    if "without-texts" in path.stem:
        assert verdict.answer is Answer.NOT_CHECKABLE
        assert {answers[name] for name in records} == {Answer.OK, Answer.NOT_CHECKABLE}
    else:
        assert verdict.answer is Answer.OK
        assert "failed" not in answers.values()
        assert sum(answers[name] is Answer.OK for name in records) >= 2
