"""The page *status*: how far everything was read, what sources saw and missed, which roster and rules are in force."""

from datetime import datetime
from typing import Final

from msgspec import Struct

from streams import __version__
from streams.console.pages.page import PageAnswer, PageRequest
from streams.console.store.connections import NoStoreError
from streams.console.store.reading import Store
from streams.console.store.results import StoreStatus
from streams.events import Coverage

__all__ = ["RosterInForce", "RuleFileRead", "SourceSpan", "StatusPage", "status_page"]

_MOST_SPANS: Final = 100  # of each platform


class RosterInForce(Struct, frozen=True, kw_only=True):
    """The roster by which events are judged now."""

    digest: str
    """SHA-256 of its entries, in hex."""
    published_at: datetime | None
    """When it was published; null where nobody knows."""
    entries: int
    """How many entries it has."""
    reason: str
    """Why it was published, as the publisher says; may be empty."""


class RuleFileRead(Struct, frozen=True, kw_only=True):
    """A rule file that a worker read when it started, the newest first."""

    digest: str
    """The digest of all its rules."""
    read_at: datetime | None
    """When a worker read it; null where nobody knows."""
    rules: int
    """How many rules it has."""


class SourceSpan(Struct, frozen=True, kw_only=True):
    """A span of time that a source saw of the officials of a platform, or missed."""

    platform: str
    """The platform."""
    source: str
    """Who says so."""
    seen: bool
    """Whether the span was seen, or was missed."""
    since: datetime | None
    """Where it begins; null for since ever, or since nobody knows when."""
    until: datetime | None
    """Where it ends; null while it goes on."""
    officials: int | None
    """How many officials it concerns; null for all of the platform's on the roster."""
    reason: str | None
    """Why the span was missed."""
    closed_by: str | None
    """What brought the events of a missed span afterwards."""


class StatusPage(Struct, frozen=True, kw_only=True):
    """What the console knows of itself and of what it reads."""

    version: str
    """That of Antiphon."""
    store: StoreStatus
    """What was read, how far, and how large the store is."""
    roster: RosterInForce | None
    """The roster in force; null where none can be read here."""
    rule_files: tuple[RuleFileRead, ...]
    """The rule files that are kept."""
    spans: tuple[SourceSpan, ...]
    """What sources saw and missed, the newest first."""
    spans_cut: bool
    """Whether there are more spans than are listed."""
    oldest_evidence_at: datetime | None
    """When the oldest kept raw event was received: it is the next to be deleted."""


def status_page(store: Store, request: PageRequest) -> PageAnswer:
    """Also while there is no store: then it says how far the first one is."""
    request.only()
    status = store.status()
    try:
        roster, rule_files, oldest = _roster(store), _rule_files(store), store.oldest_event_received_at()
        found = [span for platform in store.covered_platforms() for span in store.coverage(platform)]
    except NoStoreError:
        roster, rule_files, oldest, found = None, (), None, []
    model = StatusPage(
        version=__version__,
        store=status,
        roster=roster,
        rule_files=rule_files,
        spans=tuple(_span(span) for span in found[:_MOST_SPANS]),
        spans_cut=len(found) > _MOST_SPANS,
        oldest_evidence_at=oldest,
    )
    return PageAnswer(title="Status", template="status.html", model=model)


def _roster(store: Store) -> RosterInForce | None:
    found = store.roster_in_force()
    if found is None:
        return None
    entries = 0 if found.roster is None else len(found.roster.entries)
    return RosterInForce(digest=found.digest, published_at=found.published_at, entries=entries, reason=found.reason)


def _rule_files(store: Store) -> tuple[RuleFileRead, ...]:
    return tuple(
        RuleFileRead(digest=file.digest, read_at=file.written_at, rules=len(file.rules)) for file in store.rule_files()
    )


def _span(span: Coverage) -> SourceSpan:
    return SourceSpan(
        platform=span.platform,
        source=span.source,
        seen=span.seen,
        since=span.since,
        until=span.until,
        officials=None if span.officials is None else len(span.officials),
        reason=span.reason,
        closed_by=span.closed_by,
    )
