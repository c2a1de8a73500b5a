"""What must be true of the results after corrections: all of it but for what a correction does not reach."""

from collections.abc import Set
from typing import Final

from msgspec.structs import asdict, replace

from streams.core.backtest import Results
from streams.core.dossier_parts import Score, TextMatches
from streams.core.enriched import Alert, Dossier
from streams.kafka.corrections_topic import read_corrections
from streams.rules_loading import bundled_rules
from streams.settings import Settings

__all__ = ["comparable", "flaws_of_corrections"]

_AFTERMATHS_ARE_COUNTED_ANEW: Final = False
"""Whether a correction reaches WATCH: its ledger, aftermaths, and the texts that later posts are compared with."""
_FROM_WATCH: Final = ("text_matches", "score")


def comparable(results: Results, expected: Results, countries: Set[str]) -> Results:
    """Without the digest of the roster: of a subject that was not touched it is that of an earlier one. Without
    dossiers that a correction has emptied, and nobody expects; and without what comes from WATCH: aftermaths of the
    States that were corrected, text matches, and since when officials are seen.
    """
    if _AFTERMATHS_ARE_COUNTED_ANEW:
        countries = frozenset()
    on_aftermaths = {rule.name for rule in bundled_rules().judged_on("aftermath").rules}
    return Results(
        amplifications=results.amplifications,
        dossiers={
            key: _dossier(dossier, countries)
            for key, dossier in results.dossiers.items()
            if key in expected.dossiers or any(asdict(dossier.totals).values())
        },
        alerts={
            key: _alert(alert, countries)
            for key, alert in results.alerts.items()
            if alert.rule not in on_aftermaths or alert.countries[0] not in countries
        },
        aftermaths={
            key: replace(each, roster_digest="")
            for key, each in results.aftermaths.items()
            if each.country not in countries
        },
    )


def _dossier(dossier: Dossier, countries: Set[str]) -> Dossier:
    """Also of another State's account: officials of the corrected one may have been the first to amplify it."""
    if not countries:
        return replace(dossier, roster_digest="")
    return replace(dossier, roster_digest="", text_matches=TextMatches(), score=Score(), seen_since={})


def _alert(alert: Alert, countries: Set[str]) -> Alert:
    if not countries:
        return replace(alert, roster_digest="")
    figures, fired = (
        {name: value for name, value in each.items() if name not in _FROM_WATCH}
        for each in (alert.figures, alert.fired_figures)
    )
    return replace(alert, roster_digest="", figures=figures, fired_figures=fired)


async def flaws_of_corrections(settings: Settings) -> tuple[int, list[str]]:
    """How many records there are, and which corrections did not finish, or could not count a subject anew."""
    records = await read_corrections(settings)
    last = {each.correction: each.outcome for each in records if each.about == "roster"}
    flaws = [f"{name} has only begun" for name, outcome in last.items() if outcome == "begun"]
    subjects = {(each.correction, each.subject_id): each for each in records if each.about == "subject"}
    flaws += [
        f"{each.subject_id} {each.outcome}: {each.why}"
        for each in subjects.values()
        if each.outcome in ("given_up", "cannot_be_known")
    ]
    return len(records), flaws
