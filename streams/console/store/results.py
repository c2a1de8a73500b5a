"""What a store answers: rows of lists, records with their bytes, kept events, rosters, and how far it has read.

Times are aware UTC; `None` where nobody knows one: a file does not say when its records were written.
"""

from datetime import datetime
from typing import Generic, TypeVar

from msgspec import Struct, field

from streams.core.clock import from_us
from streams.core.enriched import Alert
from streams.core.evidence import EvidenceKey
from streams.core.rosters.roster import Roster, RosterEntry
from streams.core.subject_event import Coordinates
from streams.core.watching.aftermath_records import Aftermath
from streams.events import Account, AccountEvent, Event, decode_event
from streams.refusal import DECODE_ERRORS

__all__ = [
    "AlertFacets",
    "AlertRow",
    "AmplifiedAccountRow",
    "EventRow",
    "Found",
    "KnownOfficial",
    "Matrix",
    "MatrixCell",
    "RosterRow",
    "RuleFile",
    "StoreProgress",
    "StoreStatus",
    "StoredAftermath",
    "StoredAlert",
    "SubjectRow",
    "TopicStatus",
    "written_at",
]

_Row_co = TypeVar("_Row_co", covariant=True)


class Found(Struct, Generic[_Row_co], frozen=True, kw_only=True):
    """A page of a list; `next` and `previous` are cursors, `None` where there is nothing more. `cut`: of what a text
    was found in only the first thousands were looked at.
    """

    rows: tuple[_Row_co, ...]
    next: str | None = None
    previous: str | None = None
    cut: bool = False


class AlertRow(Struct, frozen=True, kw_only=True):
    """An alert in a list. `number` grows with each alert that is new to the store. `superseded`: it was retracted and
    became part of another one.
    """

    number: int
    id: str
    rule: str
    rule_digest: str
    severity: str
    mode: str
    status: str
    superseded: bool
    platform: str
    subject: Account
    countries: tuple[str, ...]
    fired_at: datetime
    as_of: datetime
    expires_at: datetime
    summary: str
    written_at: datetime | None


class AlertFacets(Struct, frozen=True, kw_only=True):
    """How many alerts of a filter there are, in all and by what. An alert counts for each of its countries.
    `all_states` is how many of all alerts are in each state, whatever the filter.
    """

    total: int
    states: dict[str, int]
    rules: dict[str, int]
    severities: dict[str, int]
    modes: dict[str, int]
    statuses: dict[str, int]
    countries: dict[str, int]
    platforms: dict[str, int]
    all_states: dict[str, int]


class StoredAlert(Struct, frozen=True, kw_only=True):
    """An alert, or a version of one, with the bytes of its record. `alert` is `None` where they are withheld, or are
    none that this version of Antiphon reads: then `withheld` or `problem` says so. `place` is where the record stands.
    """

    alert: Alert | None
    value: bytes | None
    sha256: str
    written_at: datetime | None
    place: str
    withheld: str = ""
    problem: str = ""


class SubjectRow(Struct, frozen=True, kw_only=True):
    """A subject in a list. `suspension` is the status of the newest notice, `None` where there is none."""

    key: str
    platform: str
    account: Account
    countries: tuple[str, ...]
    score: float
    amplifications: int
    officials: int
    first_amplified_at: datetime | None
    last_amplified_at: datetime | None
    suspension: str | None
    is_official: bool


class KnownOfficial(Struct, frozen=True, kw_only=True):
    """An account that is or was on a roster: as the records name it last, and its terms on the roster in force."""

    key: str
    handle: str | None
    country: str
    category: str
    terms: tuple[RosterEntry, ...] = ()


class AmplifiedAccountRow(Struct, frozen=True, kw_only=True):
    """What one official did with one subject, as the subject's dossier has it."""

    subject: SubjectRow
    amplifications: int
    first_at: datetime
    last_at: datetime


class MatrixCell(Struct, frozen=True, kw_only=True):
    """An official's amplifications of a subject: their places in the lists of the matrix."""

    official: int
    subject: int
    amplifications: int
    first_at: datetime
    last_at: datetime


class Matrix(Struct, frozen=True, kw_only=True):
    """The subjects of a State that its officials amplified most, and the officials that did, each with most first.

    Figures are the dossiers', which list up to 500 officials of a subject. `subjects_total` is how many subjects the
    State's officials amplified, `officials_total` how many officials did so with those of `subjects`.
    """

    country: str
    officials: tuple[KnownOfficial, ...]
    subjects: tuple[SubjectRow, ...]
    cells: tuple[MatrixCell, ...]
    subjects_total: int
    officials_total: int


class StoredAftermath(Struct, frozen=True, kw_only=True):
    """An aftermath with the bytes of its record and where that stands."""

    aftermath: Aftermath
    value: bytes
    sha256: str
    written_at: datetime | None
    place: str


class EventRow(Struct, frozen=True, kw_only=True):
    """A raw event as it was received. `value` is `None` where it is withheld, as `withheld` says; the hash stays.

    `event` is what the bytes say, `None` where they are withheld or of a version that is not known. `source` is where
    it stood: raw topic, partition and offset, or file, 0 and line.
    """

    key: EvidenceKey
    sha256: str
    value: bytes | None
    source: Coordinates | None
    observed_at: datetime | None
    received_at: datetime | None
    withheld: str
    event: AccountEvent | None

    @property
    def readable(self) -> Event | None:
        """What the bytes say, also where that is what a source saw."""
        if self.event is not None or self.value is None:
            return self.event
        try:
            return decode_event(self.value)
        except DECODE_ERRORS:
            return None


class RosterRow(Struct, frozen=True, kw_only=True):
    """A roster that was published, by its digest. `problem` says what of it is lost, where it is not whole."""

    digest: str
    published_at: datetime | None
    reason: str
    correction: bool
    in_force: bool
    roster: Roster | None = field(default=None)
    problem: str = ""


class RuleFile(Struct, frozen=True, kw_only=True):
    """A rule file as a worker read it: its text, the digest of all its rules, and those of each."""

    digest: str
    rules: tuple[str, ...]
    text: str | None
    written_at: datetime | None
    sha256: str
    withheld: str = ""


class TopicStatus(Struct, frozen=True, kw_only=True):
    """How far a topic, or a file, was read. `lag` is how many offsets are behind, over all partitions, `None` where
    nobody knows the end. `broken` records are none that this version of Antiphon reads; they are passed over.
    """

    topic: str
    partitions: int
    records: int
    read_to: int
    end: int | None
    lag: int | None
    newest_at: datetime | None
    broken: int = 0
    broken_at: str = ""
    broken_because: str = ""


class StoreProgress(Struct, frozen=True, kw_only=True):
    """A store that is being built: how many records were read, and how many there were when it began."""

    read: int
    of: int
    began_at: datetime
    why: str


class StoreStatus(Struct, frozen=True, kw_only=True):
    """What the store holds and how fresh it is. `kind` is `topics`, `folder`, or `empty` before anything was read.

    `generation` changes where the store was rebuilt; numbers of alerts begin again with it. `building` is there while
    another one is being built beside it. `problem` is why nothing is read just now, for people. `event_time` is the
    newest event time of any record. `counts` is how many of each kind there are. `note` is what has to be said wherever
    something of the store is shown: that a bundled case is in it, for example; mostly empty.
    """

    kind: str
    origin: str
    generation: int
    format: int
    built_at: datetime | None
    checked_at: datetime | None
    event_time: datetime | None
    topics: tuple[TopicStatus, ...]
    counts: dict[str, int]
    bytes: int
    roster_digest: str | None
    building: StoreProgress | None = None
    problem: str = ""
    note: str = ""


def written_at(written_ms: int) -> datetime | None:
    """When a record was written, of a count of ms; 0 stands for nobody knows."""
    return from_us(written_ms * 1_000) if written_ms else None
