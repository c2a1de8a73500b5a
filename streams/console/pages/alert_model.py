"""The model of an alert's page: what its `.json` gives, and all that the page shows."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from streams.console.pages.alert_states import ShownState
from streams.console.pages.rule_lines import FigureLine, RuleLines
from streams.core.corrections.correction import Correction
from streams.core.enriched import Alert
from streams.core.notifications import Acceptance
from streams.core.rulebook.figures import FigureValue

__all__ = [
    "AftermathSummary",
    "AlertPage",
    "Caution",
    "EventLine",
    "OfficialLine",
    "ProofLine",
    "RecountLine",
    "VersionChange",
    "VersionLine",
]


class Caution(Struct, frozen=True, kw_only=True):
    """What must be read before anything else is believed."""

    kind: Literal["caution", "note"]
    """`caution` where what is below does not stand as it is."""
    words: str
    """A sentence or two."""
    alert_id: str | None = None
    """The alert that it leads to."""


class OfficialLine(Struct, frozen=True, kw_only=True):
    """An official's part in the alert, and the term on the roster that makes it one."""

    key: str
    """`platform:id`."""
    handle: str | None
    """Its handle without @, where one is known."""
    name: str | None
    """Its name on the roster."""
    country: str | None
    """Its State."""
    category: str | None
    """What kind of official it is."""
    source_url: str | None
    """The public source of its term; null where the roster of the alert is not kept."""
    since: datetime | None
    """Where the term begins; null for no bound."""
    until: datetime | None
    """Where the term ends, itself outside; null for no bound."""
    listed: int
    """Its events below that were not taken back."""
    taken_back: int
    """Those that it took back."""
    stated: int | None
    """How many the alert says it is, for the five that it names."""
    first_at: datetime
    """Its first event."""
    last_at: datetime
    """Its last event."""


class EventLine(Struct, frozen=True, kw_only=True):
    """An event that the alert rests on."""

    kind: str
    """What happened: retweet, quote, suspension, deletion."""
    id: str
    """The id of the event."""
    at: datetime
    """When it happened."""
    official: str | None
    """`platform:id` of the official who acted; null for a notice."""
    handle: str | None
    """The official's handle, without @."""
    name: str | None
    """The official's name on the roster."""
    country: str | None
    """The official's State."""
    category: str | None
    """What kind of official it is."""
    source_url: str | None
    """The public source of its term on the roster."""
    link: str | None
    """Where people see the post; nothing says that it is still there."""
    named: bool
    """Whether the record of the alert names it: the newest are."""
    withdrawn_at: datetime | None
    """When the official took it back, if it had by then."""
    deleted_at: datetime | None
    """When it was noticed to be gone, by whatever cause, if that is kept."""
    place: str
    """Where the raw event stood: topic, partition and offset, or file and line."""
    sha256: str | None
    """SHA-256 of the bytes; null where they are not kept."""
    received_at: datetime | None
    """When the bytes came to the raw topic."""
    observed_at: datetime | None
    """When a collector saw the event."""
    bytes: int | None
    """How many bytes there are; null where they are not kept."""
    raw: str | None
    """The bytes as text, where they are UTF-8 and few; the page of the event has all."""
    withheld: str
    """Why nobody may keep the bytes."""
    text: str
    """The text of the post, where it came with it."""
    lang: str | None
    """Its language, as the platform tells it."""


class VersionChange(Struct, frozen=True, kw_only=True):
    """A field in which a version differs from the one before."""

    field: str
    """Its name; of a figure, `figures.NAME`."""
    before: str
    """What it was, as JSON."""
    after: str
    """What it is, as JSON."""


class VersionLine(Struct, frozen=True, kw_only=True):
    """A version of the alert as it was published."""

    number: int
    """From 1, the oldest."""
    written_at: datetime | None
    """When it was written to the topic; null where nobody knows."""
    sha256: str
    """SHA-256 of the record."""
    place: str
    """Where the record stands."""
    sentence: str
    """What it said; empty where it cannot be read."""
    severity: str | None
    """How urgent it was."""
    problem: str
    """Why it cannot be read, or is withheld."""
    changes: tuple[VersionChange, ...]
    """In what it differs from the one before; evidence and where it stands are left out."""


class AftermathSummary(Struct, frozen=True, kw_only=True):
    """What a State's officials did after the account was gone."""

    id: str
    """The id of the aftermath."""
    country: str
    """The State."""
    status: str
    """Open or closed."""
    opened_at: datetime
    """When the watch began."""
    deletions: int
    """Posts that officials deleted in the watch."""
    references: int
    """Posts that refer to the account."""


class ProofLine(Struct, frozen=True, kw_only=True):
    """How to get the file from which anybody can recompute the alert."""

    command: str
    """For a shell."""
    verify: str
    """The command that checks the file."""
    kept: int
    """How many of the events below have their bytes."""
    missing: int
    """How many have not."""


class RecountLine(Struct, frozen=True, kw_only=True):
    """The figures of a moment, recounted from the kept events."""

    at: datetime
    """The moment."""
    figures: dict[str, FigureValue]
    """The figures by name; empty where nothing can be counted."""
    holds: bool | None
    """Whether the rule's conditions were all met then; null where one of them is neither met nor refuted."""
    events: int
    """How many kept events up to then were counted."""
    taken_as_counted: int
    """How many amplifications of then are counted without their bytes, as the records have them."""
    words: str
    """What the figures rest on, or why there are none."""


class AlertPage(Struct, frozen=True, kw_only=True):
    """An alert, or a version of it, with what it rests on."""

    alert: Alert
    """The record as it was published."""
    state: ShownState
    """What it is now."""
    state_words: str
    """The same in words."""
    cautions: tuple[Caution, ...]
    """What must be read first."""
    next_step: str
    """What a person on call can do next."""
    does_not_say: tuple[str, ...]
    """What follows from no alert."""
    rule: RuleLines | None
    """The rule; null where its file is not kept."""
    rule_file: str | None
    """Digest of the rule file that has it; null where none is kept."""
    roster_kept: bool
    """Whether the roster by which it was judged is kept here."""
    figures: tuple[FigureLine, ...]
    """All figures, where the rule is not known."""
    officials: tuple[OfficialLine, ...]
    """Those who acted, most events first: the first 250."""
    officials_total: int
    """How many they are."""
    events: tuple[EventLine, ...]
    """The newest events that it rests on, newest first."""
    events_total: int
    """How many events the alert says it rests on."""
    events_words: str
    """What of them is below, and what is not."""
    versions: tuple[VersionLine, ...]
    """Oldest to newest."""
    version: int
    """The number of the version that is shown."""
    acceptances: tuple[Acceptance, ...]
    """When an Alertmanager first took which state of the alert, of all its versions; empty where nothing is known."""
    acceptance_words: str
    """What is known of when people were notified."""
    written_words: str
    """When the version that is shown was written."""
    corrections: tuple[Correction, ...]
    """What became of it by corrections, the newest first."""
    aftermaths: tuple[AftermathSummary, ...]
    """What officials did after the account was gone."""
    proof: ProofLine
    """How to prove it."""
    recount: RecountLine | None
    """The figures of the moment that was asked for; null where none was."""
