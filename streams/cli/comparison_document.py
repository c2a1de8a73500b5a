"""A comparison for machines: one JSON document."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from streams.cli.comparison_report import paged_alerts
from streams.core.clock import from_us
from streams.core.corrections.entry_changes import EntryChange
from streams.core.corrections.outcomes import OUTCOMES, Compared, Outcome
from streams.core.corrections.responsible import Responsible
from streams.core.corrections.rule_changes import RuleChange
from streams.core.rosters.roster import RosterEntry

__all__ = ["changes_document", "compared_document", "rule_changes_document"]


def changes_document(changes: Sequence[EntryChange]) -> list[dict[str, Any]]:
    """Each account that differs, with its terms in both rosters."""
    return [
        {
            "account": change.account,
            "shown": change.shown,
            "kinds": change.kinds,
            "only_renames": change.only_renames,
            "before": [_entry(entry) for entry in change.before],
            "after": [_entry(entry) for entry in change.after],
        }
        for change in changes
    ]


def rule_changes_document(changes: Sequence[RuleChange]) -> list[dict[str, Any]]:
    """Each rule that differs, with both digests."""
    return [
        {
            "rule": change.name,
            "kinds": change.kinds,
            "decides": change.decides,
            "digests": [None if rule is None else rule.digest for rule in (change.before, change.after)],
        }
        for change in changes
    ]


def compared_document(
    compared: Compared, changes: Sequence[EntryChange] = (), responsible: Mapping[str, Responsible] | None = None
) -> dict[str, Any]:
    """Alerts and aftermaths with what becomes of each, scores, officials, and who would have to be told."""

    def described(outcome: Outcome) -> dict[str, Any]:
        found = (responsible or {}).get(outcome.id)
        because = None
        if found is not None:
            sets = [[changes[number].account for number in each] for each in found.sets]
            because = {"accounts": sets, "smallest": found.searched}
        return {name: getattr(outcome, name) for name in outcome.__struct_fields__} | {"because_of": because}

    return {
        "alerts": {"counts": _counts(compared.alerts), "outcomes": [described(each) for each in compared.alerts]},
        "aftermaths": {
            "counts": _counts(compared.aftermaths),
            "outcomes": [described(each) for each in compared.aftermaths],
        },
        "scores": compared.scores,
        "became_officials": compared.became_officials,
        "ceased_to_be_officials": compared.ceased_to_be,
        "paged_alerts": [each.id for each in paged_alerts(compared)],
    }


def _counts(outcomes: Sequence[Outcome]) -> dict[str, int]:
    count = Counter(each.kind for each in outcomes)
    return {kind: count[kind] for kind in OUTCOMES if count[kind]}


def _entry(entry: RosterEntry) -> dict[str, Any]:
    bounds = {"valid_from": entry.valid_from_us, "valid_to": entry.valid_to_us}
    described = {
        name: getattr(entry, name)
        for name in ("platform", "account_id", "handle", "name", "country", "category", "source_url", "domains")
    }
    return described | {name: None if us is None else from_us(us) for name, us in bounds.items()}
