"""What is asked of alerts: lists with their facets, one alert, its versions, when it was told."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from hashlib import sha256
from typing import Any, Final, TypeAlias

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from streams.console.store.connections import StoreConnections
from streams.console.store.filters import MOST_ROWS, AlertFilter, AlertSort, AlertStateName, PageOf
from streams.console.store.paging import Keyset, page_rows
from streams.console.store.results import AlertFacets, AlertRow, Found, StoredAlert, written_at
from streams.console.store.searching import hits_of
from streams.console.store.tables import unpack
from streams.core.clock import from_us
from streams.core.enriched import Alert
from streams.core.notifications import Notification, decode_notification
from streams.events import Account
from streams.refusal import DECODE_ERRORS

__all__ = ["AlertQueries"]

_decode: Final = msgspec.json.Decoder(Alert).decode
_BY: Final[dict[AlertSort, str]] = {"fired": "fired_us", "severity": "rank"}
_COLUMNS: Final = (
    "id, alert, kind, account, handle, name, fired_us, as_of_us, expires_us, summary, written_ms, rule_digest"
)
_Conditions: TypeAlias = tuple[list[str], list[object]]


class _Kind(Struct, frozen=True):
    """What alerts have in common, by which they are filtered and counted: a store has some hundreds of such kinds."""

    rule: str
    severity: str
    mode: str
    status: str
    superseded: bool
    platform: str
    countries: tuple[str, ...]
    is_over: bool = False
    """Of one whose record says that it fires: whether it has expired meanwhile."""

    @property
    def state(self) -> AlertStateName:
        """What it is."""
        if self.status == "retracted":
            return "superseded" if self.superseded else "retracted"
        return "expired" if self.status == "expired" or self.is_over else "firing"


_PARTS: Final[dict[str, tuple[Callable[[AlertFilter], tuple[str, ...]], Callable[[_Kind], tuple[str, ...]]]]] = {
    "states": (lambda wanted: wanted.states, lambda kind: (kind.state,)),
    "rules": (lambda wanted: wanted.rules, lambda kind: (kind.rule,)),
    "severities": (lambda wanted: wanted.severities, lambda kind: (kind.severity,)),
    "modes": (lambda wanted: wanted.modes, lambda kind: (kind.mode,)),
    "statuses": (lambda wanted: wanted.statuses, lambda kind: (kind.status,)),
    "countries": (lambda wanted: wanted.countries, lambda kind: kind.countries),
    "platforms": (lambda wanted: wanted.platforms, lambda kind: (kind.platform,)),
}


class AlertQueries(StoreConnections):
    """Questions about alerts."""

    _known_kinds: tuple[tuple[int, int], dict[int, _Kind]] = ((0, 0), {})  # replaced as a whole, by whichever thread

    def alerts(self, wanted: AlertFilter, page: PageOf) -> Found[AlertRow]:
        """A page of the alerts of a filter, the newest or the most severe first. Raises `CursorError`."""
        by = _BY[wanted.sort]
        keyset = Keyset(page, by, "id")
        with self.consistent():
            kinds = self._kinds()
            # Of what is recorded as firing some alerts may have expired: those are told apart by their own times.
            asked = _asked(wanted)
            running = {number for number, kind in kinds.items() if _counted_by(kind, asked) is _PARTS}
            over = {
                number for number, kind in kinds.items() if _counted_by(replace(kind, is_over=True), asked) is _PARTS
            }
            chosen = running | over
            conditions, cut = self._conditions(wanted)
            if not chosen or conditions is None:
                return Found(rows=())
            where, values = conditions
            if len(chosen) < len(kinds):
                where.append(f"kind IN ({_listed(chosen)})")
            for kind_numbers, condition in ((running - over, "expires_us > ?"), (over - running, "expires_us <= ?")):
                if kind_numbers:
                    where.append(f"(kind NOT IN ({_listed(kind_numbers)}) OR {condition})")
                    values.append(wanted.now_us)
            question = (
                f"SELECT {by}, {_COLUMNS} FROM alerts WHERE {' AND '.join([keyset.where, *where])} "  # noqa: S608  # own
                f"ORDER BY {keyset.order} LIMIT {keyset.limit}"
            )
            rows, following, previous = page_rows(keyset, self.rows(question, (*keyset.values, *values)))
        return Found(
            rows=tuple(_row(row[1:], kinds[row[3]]) for row in rows), next=following, previous=previous, cut=cut
        )

    def facets(self, wanted: AlertFilter) -> AlertFacets:
        """How many alerts the filter has. What is counted by a field is what there would be with any of its values."""
        with self.consistent():
            kinds = self._kinds()
            conditions, _cut = self._conditions(wanted)
            counts = [] if conditions is None else self._counts(wanted.now_us, *conditions)
            every = counts if conditions == ([], []) else self._counts(wanted.now_us, [], [])
        all_states = Counter[str]()
        for number, over, count in every:
            state = replace(kinds[number], is_over=bool(over)).state
            all_states[state] += count
        total, parts, asked = 0, {part: Counter[str]() for part in _PARTS}, _asked(wanted)
        for number, over, count in counts:
            kind = replace(kinds[number], is_over=True) if over else kinds[number]
            counted = _counted_by(kind, asked)
            total += count * (counted is _PARTS)
            for part in counted:
                for value in _PARTS[part][1](kind):
                    parts[part][value] += count
        by_count = {
            part: dict(sorted(found.items(), key=lambda each: (-each[1], each[0]))) for part, found in parts.items()
        }
        return AlertFacets(total=total, all_states=dict(all_states), **by_count)

    def _counts(self, now_us: int, where: list[str], values: list[object]) -> list[tuple[int, int, int]]:
        """Of each kind how many there are that have expired (1) or not (0)."""
        condition = f"WHERE {' AND '.join(where)}" if where else ""
        question = f"SELECT kind, expires_us <= ? AS over, count(*) FROM alerts {condition} GROUP BY kind, over"  # noqa: S608
        return self.rows(question, (now_us, *values))

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

    def notification(self, alert_id: str) -> Notification | None:
        """What is recorded of when Alertmanagers took the alert; `None` where nothing is."""
        row = self.row("SELECT body FROM notifications WHERE key = ?", (alert_id,))
        return None if row is None else decode_notification(unpack(row[0]))

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
        # What is there never changes: there may only be more.
        place = self.generation(), int(self.row("SELECT coalesce(max(id), 0) FROM alert_kinds")[0])
        if self._known_kinds[0] == place:
            return self._known_kinds[1]
        question = "SELECT id, rule, severity, mode, status, superseded, platform, countries FROM alert_kinds"
        kinds = {
            number: _Kind(rule, severity, mode, status, bool(superseded), platform, _split(countries))
            for number, rule, severity, mode, status, superseded, platform, countries in self.rows(question)
        }
        self._known_kinds = place, kinds
        return kinds

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


class _Asked(Struct, frozen=True):
    """What a filter asks of the kind, taken from it once: a store has hundreds of kinds."""

    parts: tuple[tuple[str, frozenset[str], Callable[[_Kind], tuple[str, ...]]], ...]
    without_retracted: bool


def _asked(wanted: AlertFilter) -> _Asked:
    return _Asked(
        parts=tuple((part, frozenset(of(wanted)), values_of) for part, (of, values_of) in _PARTS.items() if of(wanted)),
        without_retracted=not wanted.states and not wanted.statuses,
    )


def _counted_by(kind: _Kind, asked: _Asked) -> Collection[str]:
    """By which parts a kind is counted: by all where it meets the filter, and else by those without which it would."""
    counted: Collection[str] = _PARTS
    for part, values, values_of in asked.parts:
        if values.isdisjoint(values_of(kind)):
            counted = {part}.intersection(counted)
    if asked.without_retracted and kind.status == "retracted":
        counted = {"states", "statuses"}.intersection(counted)
    return counted


def _row(row: Any, kind: _Kind) -> AlertRow:
    number, alert, _kind, account, handle, name, fired_us, as_of_us, expires_us, summary, written_ms, rule_digest = row
    return AlertRow(
        number=number,
        id=alert,
        rule=kind.rule,
        rule_digest=rule_digest,
        severity=kind.severity,
        mode=kind.mode,
        status=kind.status,
        superseded=kind.superseded,
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


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(numbers)))


def _split(countries: str) -> tuple[str, ...]:
    return tuple(filter(None, countries.split(",")))
