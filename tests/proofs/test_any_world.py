"""Whatever happens in a world, its records can be proved: the closure has all that they rest on."""

from collections import Counter
from itertools import islice
from pathlib import Path

import pytest

from streams.core.rosters.roster_file import parse_roster
from streams.core.rosters.roster_text import roster_text
from streams.formats.registry import readers_named
from streams.jobs.proof_of_files import ProofInputs, proofs_of_files
from streams.proofs.answers import Answer
from streams.proofs.proof_target import RecordsByTopic
from streams.rules_loading import bundled_rules_text
from tests.pipeline.world import World

_EVENTS = 1_200


@pytest.mark.slow
@pytest.mark.parametrize("seed", [5, 17])
def test_what_was_told_of_a_world_is_proved(seed: int, tmp_path: Path) -> None:
    """Each rule's first alerts, and some subjects; late, doubled, withdrawn and text-sharing events among theirs."""
    world = World(seed=seed, events=_EVENTS)
    path = tmp_path / "world.ndjson"
    world.write(path)
    inputs = ProofInputs(
        paths=(str(path),),
        readers=readers_named("canonical"),
        roster_csv=roster_text(world.roster),
        roster_path="roster.csv",
        rules_toml=bundled_rules_text().encode(),
        rules_path="rules.toml",
    )

    def choose(records: RecordsByTopic) -> list[str]:
        rules = Counter[str]()
        alerts: list[str] = []
        for alert, _ in records["alerts"]:
            rules[alert.rule] += 1
            if rules[alert.rule] <= 4:
                alerts.append(alert.id)
        subjects = [f"{dossier.platform}:{dossier.subject.id}" for dossier, _ in islice(records["dossiers"], 6)]
        return alerts + subjects

    proofs = proofs_of_files(inputs, choose)
    assert len(proofs) >= 10
    for proof in proofs:
        assert proof.verdict.answer is Answer.OK, proof.verdict
    assert min(proof.events for proof in proofs) < _EVENTS / 20, "most proofs are small"


def test_a_roster_written_as_csv_is_the_same_roster(tmp_path: Path) -> None:
    """By its digest, also with handles alone, domains and terms."""
    text = (
        "platform,account_id,handle,name,country,category,source_url,valid_from,valid_to,domains\n"
        'twitter,1,one,"Name, with ""quotes""",IR,leader,https://example.org/,2020-01-01,2021-02-03,a.example b.org\n'
        "twitter,,two,,FR,diplomat,https://example.org/,2020-01-01T01:02:03.000004Z,,\n"
    )
    roster = parse_roster(text.encode(), "roster.csv")
    again = parse_roster(roster_text(roster), "again.csv")
    assert again.digest == roster.digest
    assert again == roster
