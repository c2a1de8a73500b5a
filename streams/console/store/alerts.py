"""What is asked of alerts: lists with their facets, one alert, its versions."""

from collections import Counter
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any, Final, TypeAlias

import msgspec
from msgspec import Struct

from streams.console.store.answers import AlertFacets, AlertRow, AlertsFound, StoredAlert, written_at
from streams.console.store.connections import Connections
from streams.console.store.paging import Keyset, page_rows
from streams.console.store.questions import MOST_ROWS, AlertFilter, AlertSort, PageOf
from streams.console.store.searching import hits_of
from streams.console.store.tables import unpack
from streams.core.clock import from_us
from streams.core.enriched import Alert
from streams.events import Account
from streams.refusal import DECODE_ERRORS

__all__ = ["AlertQuestions"]

_decode: Final = msgspec.json.Decoder(Alert).decode
_BY: Final[dict[AlertSort, str]] = {"fired": "fired_us", "severity": "rank"}
_COLUMNS: Final = "id, alert, kind, account, handle, name, fired_us, as_of_us, expires_us, summary, written_ms"
_Conditions: TypeAlias = tuple[list[str], list[object]]


class _Kind(Struct, frozen=True):
    """What alerts have in common, by which they are filtered and counted: a store has some hundreds of such kinds."""

    rule: str
    severity: str
    mode: str
    status: str
    platform: str
    countries: tuple[str, ...]


_PARTS: Final[dict[str, tuple[Callable[[AlertFilter], tuple[str, ...]], Callable[[_Kind], tuple[str, ...]]]]] = {
    "rules": (lambda wanted: wanted.rules, lambda kind: (kind.rule,)),
    "severities": (lambda wanted: wanted.severities, lambda kind: (kind.severity,)),
    "modes": (lambda wanted: wanted.modes, lambda kind: (kind.mode,)),
    "statuses": (lambda wanted: wanted.statuses, lambda kind: (kind.status,)),
    "countries": (lambda wanted: wanted.countries, lambda kind: kind.countries),
    "platforms": (lambda wanted: wanted.platforms, lambda kind: (kind.platform,)),
}


class AlertQuestions(Connections):
    """Questions about alerts."""

    def alerts(self, wanted: AlertFilter, page: PageOf) -> AlertsFound:
        """A page of the alerts of a filter, the newest or the most severe first. Raises `CursorError`."""
        by = _BY[wanted.sort]
        keyset = Keyset(page, by, "id")
        with self.consistent():
            kinds = self._kinds()
            chosen = [number for number, kind in kinds.items() if _matches(kind, wanted)]
            conditions, cut = self._conditions(wanted)
            if not chosen or conditions is None:
                return AlertsFound(rows=())
            where, values = conditions
            if len(chosen) < len(kinds):
                where.append(f"kind IN ({', '.join(map(str, chosen))})")
            question = (
                f"SELECT {by}, {_COLUMNS} FROM alerts WHERE {' AND '.join([keyset.where, *where])} "  # noqa: S608  # own
                f"ORDER BY {keyset.order} LIMIT {keyset.limit}"
            )
            rows, following, previous = page_rows(keyset, self.rows(question, (*keyset.values, *values)))
        return AlertsFound(
            rows=tuple(_row(row[1:], kinds[row[3]]) for row in rows), next=following, previous=previous, cut=cut
        )

    def facets(self, wanted: AlertFilter) -> AlertFacets:
        """How many alerts the filter has. What is counted by a field is what there would be with any of its values."""
        counts: dict[int, int] = {}
        with self.consistent():
            kinds = self._kinds()
            conditions, _cut = self._conditions(wanted)
            if conditions is not None:
                where, values = conditions
                condition = f"WHERE {' AND '.join(where)}" if where else ""
                counts = dict(self.rows(f"SELECT kind, count(*) FROM alerts {condition} GROUP BY kind", values))  # noqa: S608
        total = sum(count for number, count in counts.items() if _matches(kinds[number], wanted))
        by_kind = [(kinds[number], count) for number, count in counts.items()]
        parts = {part: _counted(by_kind, wanted, part) for part in _PARTS}
        return AlertFacets(total=total, **parts)

    def newest_alert(self) -> int:
        """The number of the alert that came to the store last, 0 where there is none. Begins anew with a generation."""
        return int(self.row("SELECT coalesce(max(id), 0) FROM alerts")[0])

    def alerts_since(self, number: int) -> int:
        """How many alerts that stand came to the store after that number."""
        question = (
            "SELECT count(*) FROM alerts JOIN alert_kinds AS k ON k.id = kind WHERE alerts.id > ? "
            "AND k.status <> 'retracted'"
        )
        return int(self.row(question, (number,))[0])

    def alert(self, alert_id: str) -> StoredAlert | None:
        """The valid record of an alert, also of a retracted one."""
        question = "SELECT body, written_ms, place FROM alerts JOIN alert_bodies USING (id) WHERE alert = ?"  # one row
        row = self.row(question, (alert_id,))
        return None if row is None else _stored(unpack(row[0]), row[1], row[2])

    def alert_versions(self, alert_id: str) -> tuple[StoredAlert, ...]:
        """Every version that is kept, as first told to newest. Without evidence the valid one alone."""
        question = (
            "SELECT body, written_ms, place, sha256, withheld FROM alert_versions "
            "WHERE alert = ? ORDER BY place LIMIT ?"
        )
        versions = tuple(
            _stored(None if body is None else unpack(body), written_ms, f"evidence/0@{place}", digest, withheld)
            for body, written_ms, place, digest, withheld in self.rows(question, (alert_id, MOST_ROWS))
        )
        if versions:
            return versions
        valid = self.alert(alert_id)
        return () if valid is None else (valid,)

    def alerts_of(self, key: str) -> tuple[StoredAlert, ...]:
        """The alerts about a subject (`platform:id`), the newest first, retracted ones too."""
        question = (
            "SELECT body, written_ms, place FROM alerts JOIN alert_bodies USING (id) WHERE subject = ? "
            "ORDER BY fired_us DESC, id DESC LIMIT ?"
        )
        rows = self.rows(question, (key, MOST_ROWS))
        return tuple(_stored(unpack(body), written_ms, place) for body, written_ms, place in rows)

    def alerts_by_rule(self) -> dict[str, int]:
        """How many alerts that stand each rule has, by its digest."""
        question = (
            "SELECT rule_digest, count(*) FROM alerts JOIN alert_kinds AS k ON k.id = kind "
            "WHERE k.status <> 'retracted' GROUP BY rule_digest"
        )
        return dict(self.rows(question))

    def _kinds(self) -> dict[int, _Kind]:
        question = "SELECT id, rule, severity, mode, status, platform, countries FROM alert_kinds"
        return {row[0]: _Kind(row[1], row[2], row[3], row[4], row[5], _split(row[6])) for row in self.rows(question)}

    def _conditions(self, wanted: AlertFilter) -> tuple[_Conditions | None, bool]:
        """What is asked besides the kind; `None` where a text has nothing to look for."""
        where: list[str] = []
        values: list[object] = []
        for condition, value in (
            ("subject = ?", wanted.subject or None),
            ("fired_us >= ?", wanted.since_us),
            ("fired_us < ?", wanted.until_us),
        ):
            if value is not None:
                where.append(condition)
                values.append(value)
        cut = False
        if wanted.text.strip():
            hits = hits_of(self, "alerts", wanted.text)
            if hits is None:
                return None, False
            where.append(hits.where)
            values += hits.values
            cut = hits.cut
        return (where, values), cut


def _matches(kind: _Kind, wanted: AlertFilter, but: str = "") -> bool:
    for part, (asked_of, told_by) in _PARTS.items():
        if part == but:
            continue
        asked = asked_of(wanted)
        if part == "statuses" and not asked:
            if kind.status == "retracted":
                return False
        elif asked and not set(asked).intersection(told_by(kind)):
            return False
    return True


def _counted(counts: Sequence[tuple[_Kind, int]], wanted: AlertFilter, part: str) -> dict[str, int]:
    found: Counter[str] = Counter()
    for kind, number in counts:
        if _matches(kind, wanted, but=part):
            for value in _PARTS[part][1](kind):
                found[value] += number
    return dict(sorted(found.items(), key=lambda each: (-each[1], each[0])))


def _row(row: Any, kind: _Kind) -> AlertRow:
    number, alert, _kind, account, handle, name, fired_us, as_of_us, expires_us, summary, written_ms = row
    return AlertRow(
        number=number,
        id=alert,
        rule=kind.rule,
        severity=kind.severity,
        mode=kind.mode,
        status=kind.status,
        platform=kind.platform,
        subject=Account(id=account, handle=handle, name=name),
        countries=kind.countries,
        fired_at=from_us(fired_us),
        as_of=from_us(as_of_us),
        expires_at=from_us(expires_us),
        summary=summary,
        written_at=written_at(written_ms),
    )


def _stored(
    value: bytes | None, written_ms: int, place: str, digest: str | None = None, withheld: str = ""
) -> StoredAlert:
    alert, problem = None, ""
    if value is not None:
        try:
            alert = _decode(value)
        except DECODE_ERRORS as error:
            problem = f"this version of Antiphon cannot read it: {error}"
    return StoredAlert(
        alert=alert,
        value=value,
        sha256=digest or sha256(value or b"").hexdigest(),
        written_at=written_at(written_ms),
        place=place,
        withheld=withheld,
        problem=problem,
    )


def _split(countries: str) -> tuple[str, ...]:
    return tuple(filter(None, countries.split(",")))
