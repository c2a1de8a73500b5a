"""What would have become of past alerts and aftermaths: the results of two runs over the same events, compared.

Digests, sentences and handles of officials are no figures: two records that differ in nothing else are the same.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias, get_args

from msgspec import Struct

from streams.core.backtest import Results
from streams.core.corrections.moved_figures import moved_in_aftermath, moved_in_alert
from streams.core.enriched import Alert, Dossier
from streams.core.rulebook.rules import SEVERITIES
from streams.core.subject_event import subject_key
from streams.core.watching.aftermath_records import Aftermath
from streams.events import Account

__all__ = [
    "OUTCOMES",
    "Compared",
    "Outcome",
    "OutcomeKind",
    "ScoreMove",
    "compare",
    "same_effect",
    "unpublished",
    "worst_first",
]

OutcomeKind: TypeAlias = Literal[
    "would_not_have_fired",
    "would_have_fired_anew",
    "severity",
    "another_state_leads",
    "fires_earlier",
    "fires_later",
    "figures_change",
    "cannot_be_known",
    "stands",
]
OUTCOMES: Final[tuple[OutcomeKind, ...]] = get_args(OutcomeKind)
"""The worst first."""

MOVED_POINTS: Final = 5.0
"""Points of the state-engagement score (0 to 100) from which on a move is told."""

_Record: TypeAlias = Alert | Aftermath


class Outcome(Struct, frozen=True, kw_only=True):
    """What becomes of one alert or aftermath. An aftermath fires when it opens, and has no rule and no severity.

    `id` is that of the old record, or of the new one where there was none. `moved` has each figure that differs, old
    and new, those of the moment at which it fired with ` when fired` behind the name; it is empty where there is
    only one record. `leads` is the State with most amplifications, by the dossier. `earlier_by_seconds` is negative
    where it fires later. `live`: people were told, as far as
    NOTIFY's rules go. `as_of` is up to when the old record says anything. `why` says what cannot be known.
    """

    kind: OutcomeKind
    id: str
    platform: str
    subject: Account
    rule: str = ""
    country: str = ""
    live: bool = False
    severity: tuple[str | None, str | None] = (None, None)
    fired_at: tuple[datetime | None, datetime | None] = (None, None)
    leads: tuple[str | None, str | None] = (None, None)
    moved: dict[str, tuple[Any, Any]] = {}
    earlier_by_seconds: float = 0.0
    as_of: datetime | None = None
    why: str = ""

    @property
    def subject_key(self) -> str:
        """The subject's key, `platform:id`."""
        return subject_key(self.platform, self.subject.id)

    @property
    def until(self) -> datetime | None:
        """When the old record fired, or the new one where there was none."""
        return self.fired_at[0] or self.fired_at[1]


class ScoreMove(Struct, frozen=True, kw_only=True):
    """A dossier whose score moves by `MOVED_POINTS` or more; 0 where there is none."""

    platform: str
    subject: Account
    before: float
    after: float


class Compared(Struct, frozen=True, kw_only=True):
    """Two runs compared: alerts and aftermaths, the worst first; `became_officials` and `ceased` are subjects that the
    one roster has as officials and the other has not.
    """

    alerts: tuple[Outcome, ...]
    aftermaths: tuple[Outcome, ...]
    scores: tuple[ScoreMove, ...]
    became_officials: tuple[Account, ...] = ()
    ceased_to_be: tuple[Account, ...] = ()


def compare(old: Results, new: Results, concerns: Callable[[_Record], bool] = lambda _record: True) -> Compared:
    """What differs between two runs, of the records that the comparison `concerns`."""
    leads = _leading(old.dossiers), _leading(new.dossiers)
    alerts = [
        _alert(one, other, leads)
        for one, other in _pairs(old.alerts.values(), new.alerts.values(), _about_alert, _span_of_alert, concerns)
    ]
    aftermaths = [
        _aftermath(one, other)
        for one, other in _pairs(
            old.aftermaths.values(), new.aftermaths.values(), _about_aftermath, _span_of_aftermath, concerns
        )
    ]
    return Compared(
        alerts=tuple(sorted(alerts, key=worst_first)),
        aftermaths=tuple(sorted(aftermaths, key=worst_first)),
        scores=tuple(_scores(old.dossiers, new.dossiers)),
        became_officials=tuple(_officials(old.dossiers, new.dossiers)),
        ceased_to_be=tuple(_officials(new.dossiers, old.dossiers)),
    )


def same_effect(one: Outcome, other: Outcome | None) -> bool:
    """Whether two sets of changes lead to the same for an alert or aftermath."""
    if other is None or one.kind != other.kind:
        return False
    match one.kind:
        case "severity":
            return one.severity == other.severity
        case "another_state_leads":
            return one.leads == other.leads
        case "fires_earlier" | "fires_later" | "would_have_fired_anew":
            return one.fired_at == other.fired_at
        case "figures_change":
            return one.moved == other.moved
        case _:
            return True


def unpublished(alert: Alert) -> Outcome:
    """An alert that no run has to be compared with: it stands, as far as is known."""
    return _alert(alert, alert, ({}, {}))


def worst_first(outcome: Outcome) -> tuple[Any, ...]:
    """Sorts outcomes."""
    severity = outcome.severity[0] or outcome.severity[1]
    weight = -SEVERITIES.index(severity) if severity in SEVERITIES else 0
    return OUTCOMES.index(outcome.kind), not outcome.live, weight, outcome.until, outcome.rule, outcome.id


def _pairs(
    old: Iterable[Any],
    new: Iterable[Any],
    about: Callable[[Any], str],
    span: Callable[[Any], tuple[datetime, datetime]],
    concerns: Callable[[_Record], bool],
) -> list[tuple[Any, Any]]:
    """Which record of the one run is which of the other: by id; of the same thing, those whose times overlap; then the
    others in the order of time.
    """
    groups: dict[str, tuple[list[Any], list[Any]]] = defaultdict(lambda: ([], []))
    for place, records in enumerate((old, new)):
        for record in records:
            if concerns(record):
                groups[about(record)][place].append(record)
    found: list[tuple[Any, Any]] = []
    for before, after in groups.values():
        by_id = {each.id: each for each in after}
        known = {each.id for each in before}
        left = sorted((each for each in before if each.id not in by_id), key=lambda each: (span(each), each.id))
        right = sorted((each for each in after if each.id not in known), key=lambda each: (span(each), each.id))
        found += [(each, by_id[each.id]) for each in before if each.id in by_id]
        for overlapping in (True, False):
            for one in tuple(left):
                for other in right:
                    if not overlapping or (span(one)[0] <= span(other)[1] and span(other)[0] <= span(one)[1]):
                        found.append((one, other))
                        left.remove(one)
                        right.remove(other)
                        break
        found += [(one, None) for one in left]
        found += [(None, other) for other in right]
    return found


def _about_alert(alert: Alert) -> str:
    return alert.dedup_key


def _about_aftermath(aftermath: Aftermath) -> str:
    return f"{aftermath.country}\n{subject_key(aftermath.platform, aftermath.subject.id)}"


def _span_of_alert(alert: Alert) -> tuple[datetime, datetime]:
    return alert.fired_at, alert.expires_at


def _span_of_aftermath(aftermath: Aftermath) -> tuple[datetime, datetime]:
    return aftermath.opened_at, aftermath.ends_at


def _alert(
    one: Alert | None, other: Alert | None, leads: tuple[Mapping[str, str | None], Mapping[str, str | None]]
) -> Outcome:
    known = one or other
    if known is None:
        raise ValueError("nothing is compared with nothing")
    moved = {} if one is None or other is None else moved_in_alert(one, other)
    key = subject_key(known.platform, known.subject.id)
    is_of_aftermath = "amplifications" not in known.figures
    leading = (None, None) if is_of_aftermath else (leads[0].get(key), leads[1].get(key))
    severity = None if one is None else one.severity, None if other is None else other.severity
    fired_at = None if one is None else one.fired_at, None if other is None else other.fired_at
    return Outcome(
        kind=_kind(one, other, moved, severity, fired_at, leading),
        id=known.id,
        platform=known.platform,
        subject=known.subject,
        rule=known.rule,
        country=known.countries[0] if is_of_aftermath and known.countries else "",
        live=known.mode == "live",
        severity=severity,
        fired_at=fired_at,
        leads=leading,
        moved=moved,
        earlier_by_seconds=_earlier_by(*fired_at),
        as_of=None if one is None else one.as_of,
    )


def _aftermath(one: Aftermath | None, other: Aftermath | None) -> Outcome:
    known = one or other
    if known is None:
        raise ValueError("nothing is compared with nothing")
    moved = {} if one is None or other is None else moved_in_aftermath(one, other)
    fired_at = None if one is None else one.opened_at, None if other is None else other.opened_at
    return Outcome(
        kind=_kind(one, other, moved, (None, None), fired_at, (None, None)),
        id=known.id,
        platform=known.platform,
        subject=known.subject,
        country=known.country,
        fired_at=fired_at,
        moved=moved,
        earlier_by_seconds=_earlier_by(*fired_at),
        as_of=None if one is None else one.ends_at,
    )


def _kind(
    one: _Record | None,
    other: _Record | None,
    moved: Mapping[str, Any],
    severity: tuple[str | None, str | None],
    fired_at: tuple[datetime | None, datetime | None],
    leads: tuple[str | None, str | None],
) -> OutcomeKind:
    if one is None:
        return "would_have_fired_anew"
    if other is None:
        return "would_not_have_fired"
    if severity[0] != severity[1] or "mode" in moved:
        return "severity"
    if moved and leads[0] != leads[1]:
        return "another_state_leads"
    if fired_at[0] != fired_at[1]:
        return "fires_earlier" if _earlier_by(*fired_at) > 0 else "fires_later"
    return "figures_change" if moved else "stands"


def _earlier_by(old: datetime | None, new: datetime | None) -> float:
    return 0.0 if old is None or new is None else (old - new).total_seconds()


def _leading(dossiers: Mapping[str, Dossier]) -> dict[str, str | None]:
    """The State with the most amplifications of each subject; of equals the first in the alphabet, as rules have it."""
    found: dict[str, str | None] = {}
    for key, dossier in dossiers.items():
        counts: dict[str, int] = defaultdict(int)
        for official in dossier.officials:
            counts[official.country] += official.retweets + official.quotes
        found[key] = min(counts, key=lambda country: (-counts[country], country), default=None)
    return found


def _scores(old: Mapping[str, Dossier], new: Mapping[str, Dossier]) -> list[ScoreMove]:
    found: list[ScoreMove] = []
    for key in old.keys() | new.keys():
        one, other = old.get(key), new.get(key)
        known = one or other
        before, after = (0.0 if each is None else each.score.total for each in (one, other))
        if known is not None and abs(after - before) >= MOVED_POINTS:
            found.append(ScoreMove(platform=known.platform, subject=known.subject, before=before, after=after))
    return sorted(found, key=lambda each: (-abs(each.after - each.before), each.platform, each.subject.id))


def _officials(old: Mapping[str, Dossier], new: Mapping[str, Dossier]) -> Sequence[Account]:
    """Subjects that are officials by the second and were none by the first."""
    become = [
        key
        for key, dossier in new.items()
        if dossier.subject_is_official and key in old and not old[key].subject_is_official
    ]
    return [new[key].subject for key in sorted(become)]
