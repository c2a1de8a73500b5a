"""What a correction made of aftermaths and of the alerts on them: as they were told before it, and as they stand."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, TypeVar

import msgspec

from streams.core.backtest import Results
from streams.core.clock import to_us
from streams.core.corrections.correction import Correction, FigureChange
from streams.core.corrections.entry_changes import EntryChange
from streams.core.corrections.outcomes import Outcome, compare
from streams.core.corrections.unknown import unknown_terms, unless_unknown
from streams.core.enriched import Alert
from streams.core.watching.aftermath_figures import AFTERMATH_FIGURES
from streams.core.watching.aftermath_records import Aftermath
from streams.kafka.reading import read_topic
from streams.refusal import DECODE_ERRORS
from streams.settings import Settings
from streams.topic_names import AFTERMATHS, ALERTS

__all__ = ["aftermath_corrections", "read_aftermaths"]

_aftermath: Final = msgspec.json.Decoder(Aftermath)
_alert: Final = msgspec.json.Decoder(Alert)
_Record = TypeVar("_Record", Aftermath, Alert)
_OF_AFTERMATHS: Final = next(iter(AFTERMATH_FIGURES))
_MOST_ACCOUNTS: Final = 100
_FORGOTTEN: Final = "its watch is over for so long that it is forgotten, and not recounted"


async def read_aftermaths(settings: Settings, until_us: int | None = None) -> Results:
    """The aftermaths that stand, and the alerts on them, as far as they were written by then. Raises `BrokerError`."""
    found = Results()
    aftermaths = await _last_records(settings, AFTERMATHS, _aftermath, until_us)
    alerts = await _last_records(settings, ALERTS, _alert, until_us)
    found.aftermaths = {name: each for name, each in aftermaths.items() if each.status != "void"}
    found.alerts = {
        name: each for name, each in alerts.items() if each.status != "retracted" and _OF_AFTERMATHS in each.figures
    }
    return found


async def _last_records(
    settings: Settings, topic: str, decoder: msgspec.json.Decoder[_Record], until_us: int | None
) -> dict[str, _Record]:
    """The last record of each id that was written by then."""
    found: dict[str, _Record] = {}
    async for record in read_topic(settings, topic):
        if until_us is not None and record.timestamp * 1_000 > until_us:
            continue
        try:
            decoded = decoder.decode(record.value or b"")
        except DECODE_ERRORS:
            continue
        found[decoded.id] = decoded
    return found


def aftermath_corrections(
    begun: Correction,
    before: Results,
    after: Results,
    changes: Sequence[EntryChange],
    kept: Iterable[str],
    forgotten_us: int = 0,
) -> Iterator[Correction]:
    """A record for each that does not stand as it was told. Of the accounts of `changes` that are not `kept` (by key)
    nothing that they did before the correction is in the evidence: what of their State would stand cannot be known. No
    more can what began before `forgotten_us`: WATCH has forgotten the watch and counts it no more.
    """
    compared = compare(before, after)
    known = frozenset(kept)
    counting = [change for change in changes if not change.only_renames]
    terms = unknown_terms((each for each in counting if each.account not in known), to_us(begun.at))
    for outcome in (*compared.aftermaths, *compared.alerts):
        found = unless_unknown(outcome, terms)
        if found.kind == "stands" and _is_forgotten(found, counting, forgotten_us):
            found = msgspec.structs.replace(found, kind="cannot_be_known", why=_FORGOTTEN)
        if found.kind != "stands":
            mine = (each for each in counting if outcome.country in {entry.country for entry in each.entries})
            accounts = tuple(each.account for each in mine)[:_MOST_ACCOUNTS]
            yield _record(begun, found, accounts, before, after)


def _is_forgotten(outcome: Outcome, changes: Iterable[EntryChange], forgotten_us: int) -> bool:
    began = outcome.fired_at[0]
    countries = {entry.country for change in changes for entry in change.entries}
    return began is not None and to_us(began) < forgotten_us and outcome.country in countries


def _record(
    begun: Correction, outcome: Outcome, accounts: tuple[str, ...], before: Results, after: Results
) -> Correction:
    is_alert = bool(outcome.rule)
    follower = _follower(outcome, (after.alerts if is_alert else after.aftermaths).values())
    old = (before.alerts if is_alert else before.aftermaths).get(outcome.id)
    return msgspec.structs.replace(
        begun,
        about="alert" if is_alert else "aftermath",
        outcome=outcome.kind,
        platform=outcome.platform,
        subject_id=outcome.subject.id,
        country=outcome.country,
        alert_id=outcome.id if is_alert else None,
        aftermath_id=None if is_alert else outcome.id,
        rule=outcome.rule or None,
        accounts=accounts,
        severity_before=outcome.severity[0],
        severity_after=outcome.severity[1],
        figures=tuple(_figures(old, follower)),
        superseded_by=None if follower is None or follower.id == outcome.id else follower.id,
        why=outcome.why,
    )


def _follower(outcome: Outcome, after: Iterable[Any]) -> Any:
    """The record that stands now: of the same id, or the one that the comparison found to be the same."""
    records = list(after)
    same = next((each for each in records if each.id == outcome.id), None)
    if same is not None or outcome.kind == "would_not_have_fired":
        return same
    for each in records:
        at = each.fired_at if isinstance(each, Alert) else each.opened_at
        mine = (each.platform, each.subject.id, each.rule if isinstance(each, Alert) else "")
        if mine == (outcome.platform, outcome.subject.id, outcome.rule) and at == outcome.fired_at[1]:
            return each
    return None


def _figures(old: Alert | Aftermath | None, new: Alert | Aftermath | None) -> Iterator[FigureChange]:
    """All figures that are numbers, before and after."""
    one, other = _numbers(old), _numbers(new)
    for name in dict.fromkeys((*one, *other)):
        yield FigureChange(figure=name, before=one.get(name), after=other.get(name))


def _numbers(record: Alert | Aftermath | None) -> dict[str, float | int | bool | None]:
    if record is None:
        return {}
    if isinstance(record, Alert):
        return record.figures
    said = msgspec.structs.asdict(record)
    found: dict[str, Any] = {name: value for name, value in said.items() if isinstance(value, int | float)}
    found["possible_successors"] = len(record.possible_successors)
    return found
