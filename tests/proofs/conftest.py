"""Proofs of the small story, made once."""

import os
from collections.abc import Callable
from typing import TypeAlias

import msgspec
import pytest

from streams.core.enriched import Alert
from streams.formats.registry import readers_named
from streams.jobs.proof_of_files import ProofInputs, proof_of_files
from streams.proofs.finding import Proof
from tests.proofs.forging import files_in
from tools.proofs.story import ROSTER, RULES, story, written

Prove: TypeAlias = Callable[..., Proof]


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("ANTIPHON_") or name == "COLUMNS":
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def prove(tmp_path_factory: pytest.TempPathFactory) -> Prove:
    """Proves something of events, of those of the small story unless others are given."""

    def make(
        what: str, events: bytes | None = None, *, roster: bytes = ROSTER, rules: bytes = RULES, redact: bool = False
    ) -> Proof:
        path = tmp_path_factory.mktemp("events") / "events.ndjson"
        path.write_bytes(written(story()) if events is None else events)
        inputs = ProofInputs(
            paths=(str(path),),
            readers=readers_named("canonical"),
            roster_csv=roster,
            roster_path="roster.csv",
            rules_toml=rules,
            rules_path="rules.toml",
        )
        return proof_of_files(inputs, what, redact=redact)

    return make


class _Proof(bytes):
    """Whose bytes fill no report of a test that failed."""

    def __repr__(self) -> str:
        return f"<proof of {len(self):,} bytes>"


@pytest.fixture(scope="session")
def subject_proof(prove: Prove) -> bytes:
    """All records about the subject: two alerts on it, one on the aftermath, its dossier and the aftermath."""
    return _Proof(prove("@new_voice").file)


@pytest.fixture(scope="session")
def alert_ids(subject_proof: bytes) -> dict[str, str]:
    """The ids of the alerts of the small story, by their rules."""
    alerts = [data for name, data in files_in(subject_proof).items() if name.startswith("alerts/")]
    return {alert.rule: alert.id for alert in (msgspec.json.decode(data, type=Alert) for data in alerts)}


@pytest.fixture(scope="session")
def alert_proof(prove: Prove, alert_ids: dict[str, str]) -> bytes:
    """Of the first alert on the subject."""
    return _Proof(prove(alert_ids["three-officials"]).file)
