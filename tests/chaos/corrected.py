"""What must be true of the results after corrections: all of it, as of a run that had the last roster from the
start.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import TypeVar

from msgspec.structs import asdict, replace

from streams.core.backtest import Results
from streams.core.corrections.correction import Correction
from streams.core.enriched import Alert, Dossier
from streams.core.rosters.roster import Roster
from streams.core.subject_event import subject_key
from streams.core.watching.aftermath_records import Aftermath
from streams.rules_loading import bundled_rules

__all__ = ["comparable", "flaws_of_corrections"]

_Record = TypeVar("_Record", Dossier, Alert, Aftermath)


def comparable(
    results: Results, expected: Results, rosters: Sequence[Roster], corrections: Iterable[Correction]
) -> Results:
    """As the oracle has them, but for two things. What the last correction did not touch may rest on any of the rosters
    that were in force: it is the same under each. And a dossier that a correction has emptied stays, and says so.
    """
    last = [each for each in corrections if each.about in ("roster", "subject")]
    last = [each for each in last if each.correction == last[-1].correction]
    touched = {subject_key(each.platform or "", each.subject_id or "") for each in last if each.about == "subject"}
    on_subjects = {rule.name for rule in bundled_rules().judged_on("subject").rules}
    recounted = {key for key, each in results.dossiers.items() if subject_key(*_account(each)) in touched}
    recounted |= {
        key
        for key, each in results.alerts.items()
        if each.rule in on_subjects and subject_key(*_account(each)) in touched
    }
    return Results(
        amplifications=results.amplifications,
        dossiers={
            key: dossier
            for key, dossier in _under_last(results.dossiers, rosters, recounted).items()
            if key in expected.dossiers or any(asdict(dossier.totals).values())
        },
        alerts=_under_last(results.alerts, rosters, recounted),
        aftermaths=_under_last(results.aftermaths, rosters, recounted),
    )


def _account(record: Dossier | Alert) -> tuple[str, str]:
    return record.platform, record.subject.id


def _under_last(records: Mapping[str, _Record], rosters: Sequence[Roster], recounted: Set[str]) -> dict[str, _Record]:
    """The records, those that were not recounted as if they had been told under the last roster."""
    known = {roster.digest for roster in rosters}
    return {
        key: replace(each, roster_digest=rosters[-1].digest)
        if key not in recounted and each.roster_digest in known
        else each
        for key, each in records.items()
    }


def flaws_of_corrections(records: Sequence[Correction]) -> list[str]:
    """Which corrections did not finish, and what they could not recount."""
    last = {each.correction: each.outcome for each in records if each.about == "roster"}
    flaws = [f"{name} has only begun" for name, outcome in last.items() if outcome == "begun"]
    said = {
        (each.correction, each.about, each.subject_id, each.country, each.aftermath_id): each
        for each in records
        if each.about in ("subject", "country", "aftermath")
    }
    flaws += [
        f"{each.subject_id or each.country} {each.outcome}: {each.why}"
        for each in said.values()
        if each.outcome in ("given_up", "cannot_be_known")
    ]
    return flaws
