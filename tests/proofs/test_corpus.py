"""Proofs that earlier versions made verify in this one, for ever."""

from pathlib import Path
from typing import Final

import pytest

from streams.proofs.answers import Answer
from streams.proofs.seals import Trusted
from streams.proofs.signing_keys import PublicKey
from streams.proofs.timestamps import Authorities
from tests.proofs.forging import checked, files_in
from tools.proofs.make_corpus import CORPUS

_PROOFS: Final = sorted(CORPUS.glob("*.zip"))
_SEALED: Final = [path for path in _PROOFS if path.stem.endswith("-sealed")]


def test_there_are_proofs_of_every_kind() -> None:
    """Of a subject, of alerts, without texts, and sealed."""
    kinds = {path.stem.partition("-format-")[2].split("-", 1)[1].split("-")[0] for path in _PROOFS}
    assert kinds == {"subject", "alert"}
    assert any("without-texts" in path.stem for path in _PROOFS)
    assert _SEALED


@pytest.mark.parametrize("path", _PROOFS, ids=lambda path: path.stem)
def test_a_kept_proof_verifies(path: Path) -> None:
    """What was published follows from the events by this version's code; without texts only what looks at none."""
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


@pytest.mark.parametrize("path", _SEALED, ids=lambda path: path.stem)
def test_the_seals_of_a_kept_proof_verify(path: Path) -> None:
    """For somebody with the key and the authority's root, also when the authority's certificates have run out."""
    key = PublicKey(path.with_suffix(".key.pem").read_bytes(), "the key")
    authorities = Authorities(path.with_suffix(".authority.pem").read_bytes(), "the authority")
    verdict = checked(path.read_bytes(), Trusted(key=key, authorities=authorities))
    answers = {check.question: check.answer for check in verdict.checks}
    assert verdict.answer is answers["signature"] is answers["time stamp"] is Answer.OK
