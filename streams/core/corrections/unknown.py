"""What cannot be known of the past: an account that was not on the roster was passed over, and its events are gone with
the raw topics.
"""

from collections.abc import Iterable, Iterator, Sequence, Set

from msgspec import Struct
from msgspec.structs import replace

from streams.core.clock import day_of, to_us
from streams.core.corrections.entry_changes import EntryChange
from streams.core.corrections.outcomes import Compared, Outcome, unpublished, worst_first
from streams.core.enriched import Alert
from streams.core.rosters.roster import RosterEntry
from streams.core.subject_event import subject_key

__all__ = ["UnknownTerm", "unknown_terms", "unless_unknown", "with_unknown"]

_ALWAYS: tuple[int, int] = (-(2**62), 2**62)


class UnknownTerm(Struct, frozen=True, kw_only=True):
    """A time in which an account would have been an official, and of which nobody kept what it did (µs)."""

    shown: str
    platform: str
    country: str
    from_us: int
    until_us: int

    @property
    def why(self) -> str:
        """The same in words."""
        return f"what {self.shown} did before {day_of(self.until_us)} was not kept: it was not on the roster"


def unknown_terms(changes: Iterable[EntryChange], kept_since_us: int | None) -> tuple[UnknownTerm, ...]:
    """Those of the changes, where raw events are kept since then; `None`: since ever.

    An account that is named by its id in place of its handle, or the other way round, was on the roster before.
    """
    if kept_since_us is None:
        return ()
    found: list[UnknownTerm] = []
    for change in changes:
        known = [_bounds(entry) for entry in change.before]
        for entry in change.after:
            for start, end in _without(_bounds(entry), known):
                end = min(end, kept_since_us)
                if start < end:
                    found.append(
                        UnknownTerm(
                            shown=change.shown,
                            platform=entry.platform,
                            country=entry.country,
                            from_us=start,
                            until_us=end,
                        )
                    )
    return tuple(found)


def with_unknown(
    compared: Compared, terms: Sequence[UnknownTerm], published: Iterable[Alert], touched: Set[str]
) -> Compared:
    """The comparison, in which nothing stands that an unknown term may have changed. Of the `published` alerts
    those are added that could not be counted: on `touched` subjects, or of a time of which something is not known.
    """
    counted = {each.id for each in compared.alerts}
    alerts = [unless_unknown(each, terms) for each in compared.alerts]
    for alert in published:
        if alert.id in counted or alert.status == "retracted":
            continue
        outcome = unpublished(alert)
        if subject_key(alert.platform, alert.subject.id) in touched:
            why = "not all events that it rests on are kept"
            alerts.append(replace(outcome, kind="cannot_be_known", why=why))
        elif (unknown := unless_unknown(outcome, terms)) is not outcome:
            alerts.append(unknown)
    aftermaths = [unless_unknown(each, terms) for each in compared.aftermaths]
    return replace(
        compared,
        alerts=tuple(sorted(alerts, key=worst_first)),
        aftermaths=tuple(sorted(aftermaths, key=worst_first)),
    )


def unless_unknown(outcome: Outcome, terms: Sequence[UnknownTerm]) -> Outcome:
    """The outcome; where it stands and an unknown term may have changed it, that it cannot be known."""
    if outcome.kind != "stands" or outcome.as_of is None:
        return outcome
    as_of_us = to_us(outcome.as_of)
    for term in terms:
        if outcome.country not in ("", term.country):  # an aftermath looks at the officials of its State alone
            continue
        if term.platform == outcome.platform and term.from_us <= as_of_us:
            return replace(outcome, kind="cannot_be_known", why=term.why)
    return outcome


def _bounds(entry: RosterEntry) -> tuple[int, int]:
    return (
        _ALWAYS[0] if entry.valid_from_us is None else entry.valid_from_us,
        _ALWAYS[1] if entry.valid_to_us is None else entry.valid_to_us,
    )


def _without(span: tuple[int, int], known: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The parts of a span that none of the known ones has."""
    start, end = span
    for since, until in sorted(known):
        if until <= start or since >= end:
            continue
        if start < since:
            yield start, since
        start = max(start, until)
    if start < end:
        yield start, end
