"""What a run found, as tables for people and as one JSON document for machines."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from streams.cli.report_aftermath import print_aftermath
from streams.cli.report_dossier import day, dossier_table
from streams.cli.terminal import counted
from streams.core.backtest import Results
from streams.core.enriched import Alert, Dossier
from streams.core.lead_time import lead_time
from streams.core.subject_event import subject_key
from streams.deadletters import DeadLetter, Reason
from streams.formats.tally import Tally
from streams.printable import printable

__all__ = ["alerted_dossiers", "document_of", "print_report", "print_rules", "print_sampled", "rule_figures"]

_MAX_SUBJECTS = 20
_MAX_AFTERMATHS = 10
_MANY_OFFICIALS = 5
_SEVERITY_STYLES = {"critical": "bold red", "warning": "yellow", "info": "cyan"}


def alerted_dossiers(results: Results) -> list[tuple[str, Dossier, list[Alert]]]:
    """The subjects with alerts, most amplified first: key, dossier, alerts in the order in which they fired."""
    alerts: dict[str, list[Alert]] = defaultdict(list)
    for alert in results.alerts.values():
        alerts[subject_key(alert.platform, alert.subject.id)].append(alert)
    found = [
        (key, results.dossiers[key], sorted(of_subject, key=lambda a: (a.fired_at, a.rule)))
        for key, of_subject in alerts.items()
        if key in results.dossiers
    ]
    return sorted(found, key=lambda item: (-item[1].totals.retweet - item[1].totals.quote, item[0]))


def rule_figures(results: Results) -> dict[str, dict[str, Any]]:
    """Per rule: alerts, subjects, and the lead times: days from firing to the first known suspension after it, at least
    (`lead_days`) and at most (`lead_days_at_most`), as far as it is known when that was.
    """
    figures: dict[str, dict[str, Any]] = {}
    for alert in sorted(results.alerts.values(), key=lambda a: (a.rule, a.fired_at, a.id)):
        entry = figures.setdefault(
            alert.rule, {"alerts": 0, "subjects": set(), "lead_days": [], "lead_days_at_most": []}
        )
        entry["alerts"] += 1
        entry["subjects"].add(subject_key(alert.platform, alert.subject.id))
        dossier = results.dossiers.get(subject_key(alert.platform, alert.subject.id))
        lead = lead_time(alert.fired_at, () if dossier is None else dossier.suspensions)
        if lead is not None:
            entry["lead_days"].append(lead[0])
            entry["lead_days_at_most"].append(lead[1])
    return {rule: entry | {"subjects": len(entry["subjects"])} for rule, entry in figures.items()}


def document_of(results: Results, tally: Tally, refused: Mapping[Reason, int], **more: Any) -> dict[str, Any]:
    """One document: counts, alerted subjects with their dossiers and alerts, and figures per rule."""
    return {
        **more,
        "lines": tally.lines,
        "events": _taken(tally, refused),
        "skipped": dict(tally.skipped),
        "dead_letters": sum(refused.values()),
        "refused": {str(reason): count for reason, count in sorted(refused.items())},
        "amplifications": len(results.amplifications),
        "amplified_subjects": len(_amplified(results)),
        "engaged_subjects": len(results.dossiers),
        "aftermaths": sorted(results.aftermaths.values(), key=lambda each: (each.opened_at, each.id)),
        "rules": rule_figures(results),
        "alerted": [
            {"key": key, "dossier": dossier, "alerts": alerts} for key, dossier, alerts in alerted_dossiers(results)
        ],
    }


def print_report(
    console: Console, results: Results, tally: Tally, refused: Mapping[Reason, int], seconds: float
) -> None:
    """The tables: each alerted subject by the numbers, its alerts, and a closing line with the account of the run."""
    found = alerted_dossiers(results)
    for key, dossier, alerts in found[:_MAX_SUBJECTS]:
        console.print(dossier_table(key, dossier))
        of_subject = [alert for alert in alerts if not _is_of_aftermath(alert)]
        if of_subject:
            console.print(Text(printable(max(of_subject, key=lambda alert: alert.as_of).summary)))
            console.print(alerts_table(of_subject))
    _print_aftermaths(console, results)
    if len(found) > _MAX_SUBJECTS:
        console.print(
            Text(f"… and {len(found) - _MAX_SUBJECTS} more subjects with alerts (--out DIR writes all of them)")
        )
    if not found:
        console.print(Text("No rule held for any subject."))
    skipped, letters = sum(tally.skipped.values()), sum(refused.values())
    console.print()
    console.print(
        Text(
            f"{tally.lines:,} lines: {_taken(tally, refused):,} events, {skipped:,} skipped by name, "
            f"{letters:,} dead letters. {counted(len(results.amplifications), 'amplification')} of "
            f"{counted(len(_amplified(results)), 'subject')}; officials engaged with {len(results.dossiers):,} in all. "
            f"{counted(len(results.alerts), 'alert')}, in {seconds:.1f} s."
        )
    )


def _taken(tally: Tally, refused: Mapping[Reason, int]) -> int:
    """Events without those that were refused after they had been read: these are dead letters."""
    return tally.events - (sum(refused.values()) - sum(tally.rejected.values()))


def _amplified(results: Results) -> set[tuple[str, str]]:
    """The accounts that were amplified; with many more, officials engaged otherwise."""
    return {(each.platform, each.subject.id) for each in results.amplifications}


def print_sampled(console: Console, refused: Mapping[Reason, int], letters: Sequence[DeadLetter]) -> None:
    """By reason how many were refused, where more were than are kept."""
    total = sum(refused.values())
    if total == len(letters):
        return
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in sorted(refused.items(), key=lambda each: -each[1]))
    console.print(Text(f"Refused by reason: {reasons}."))
    console.print(
        Text(f"Only the first {len(letters):,} dead letters are kept (--out DIR writes them); all are counted.")
    )


def _print_aftermaths(console: Console, results: Results) -> None:
    """Those with alerts, possible successors or several officials, the earliest first."""
    alerts: dict[tuple[str, str, str], list[Alert]] = defaultdict(list)
    for alert in sorted(results.alerts.values(), key=lambda each: (each.fired_at, each.rule)):
        if _is_of_aftermath(alert):
            alerts[(alert.platform, alert.subject.id, alert.countries[0])].append(alert)
    shown = [
        each
        for each in results.aftermaths.values()
        if each.amplifying_officials >= _MANY_OFFICIALS
        or each.possible_successors
        or (each.platform, each.subject.id, each.country) in alerts
    ]
    for aftermath in sorted(shown, key=lambda each: (each.opened_at, each.id))[:_MAX_AFTERMATHS]:
        print_aftermath(console, aftermath, alerts[(aftermath.platform, aftermath.subject.id, aftermath.country)])
    if len(shown) > _MAX_AFTERMATHS:
        console.print(Text(f"… and {len(shown) - _MAX_AFTERMATHS} more aftermaths (--out DIR writes all of them)"))


def _is_of_aftermath(alert: Alert) -> bool:
    """Whether the alert's rule looks at an aftermath: then its figures are other ones."""
    return "amplifications" not in alert.figures and "silent_officials" in alert.figures


def alerts_table(alerts: list[Alert]) -> Table:
    """Each alert with the figures of the moment at which it fired: so many times, by so many officials."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)  # so it fits into 80 columns
    for column in ("alert", "severity", "fired"):
        table.add_column(column, no_wrap=True)
    for column in ("times", "by", "age"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("until", no_wrap=True)
    for alert in alerts:
        figures = alert.fired_figures
        age = figures.get("age_days")
        table.add_row(
            Text(alert.rule + (" (shadow)" if alert.mode == "shadow" else "")),
            Text(alert.severity, _SEVERITY_STYLES[alert.severity]),
            Text(day(alert.fired_at)),
            Text(str(figures.get("amplifications"))),
            Text(str(figures.get("distinct_officials"))),
            Text("?" if age is None else f"{age:.0f} d"),
            Text(day(alert.expires_at)),
        )
    return table


def print_rules(console: Console, results: Results) -> None:
    """Per rule: alerts, subjects, and, where a suspension is known, how long before it the rule fired."""
    table = Table(title=Text("rules", "bold"), title_justify="left")
    table.add_column("rule")
    for column in ("alerts", "subjects", "lead time before a suspension"):
        table.add_column(column, justify="right")
    for rule, entry in rule_figures(results).items():
        lead = _lead(entry["lead_days"], entry["lead_days_at_most"])
        table.add_row(Text(rule), f"{entry['alerts']:,}", f"{entry['subjects']:,}", lead)
    console.print(table)


def _lead(least: list[float], most: list[float]) -> str:
    if not least:
        return "none known"
    if least == most:
        return f"median {median(least):.1f} days, {len(least)} known"
    return f"median at least {median(least):.1f} and at most {median(most):.1f} days, {len(least)} known"
