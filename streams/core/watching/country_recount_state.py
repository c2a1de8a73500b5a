"""What a State's ledger has of corrections: one that is under way, and the rosters that others replaced."""

from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from streams.core.country_event import CountryEvent
from streams.core.subject_event import SubjectEvent, subject_key
from streams.core.tracking.recount_state import Superseded

__all__ = [
    "CountryRecount",
    "CountryRecountState",
    "CountryRecounted",
    "KeptEvents",
    "under_current_roster",
    "valid_digest",
    "with_roster_digest",
]


class CountryRecount(Struct, frozen=True, array_like=True, tag="country_recount"):
    """A correction that is under way: its id, and how many events, with how many bytes, were applied since it was
    announced; they are in `KeptEvents`. `too_many`: of more than may be kept none is.

    `unknown` are the keys of the counts of watches whose posts the ledger had forgotten by then. `held_us`: since when,
    by the clock of whoever corrects, nothing is said of the State's aftermaths; `None` before that. `before` are the
    standings of then of subjects that TRACK spoke of since, as bytes of the ledger, by `platform:id`. `officials`:
    posts of changed officials were put right. `taken` posts are not in the evidence and count as they did.
    """

    country: str
    correction: str
    kept: int = 0
    kept_bytes: int = 0
    too_many: bool = False
    unknown: tuple[str, ...] = ()
    held_us: int | None = None
    before: dict[str, bytes] = {}
    officials: bool = False
    taken: int = 0


class KeptEvents(Struct, frozen=True, array_like=True, tag="kept_events"):
    """What was applied in one batch while a correction was under way, encoded, and how many with those before."""

    country: str
    kept: int
    events: tuple[bytes, ...]


class CountryRecounted(Struct, frozen=True, kw_only=True):
    """What a correction made of a State's ledger, told when its aftermaths are recounted. Of the `unknown`
    aftermaths, by id with platform and subject, nothing has changed. `why` says why nothing was counted at all.
    """

    country: str
    correction: str
    old_digest: str
    new_digest: str
    at_us: int
    reason: str
    taken: int = 0
    unknown: dict[str, tuple[str, str]] = {}
    why: str = ""


class CountryRecountState(Struct, frozen=True, array_like=True, tag="country_corrected"):
    """The rosters that corrections replaced, the last correction, and what is still to be told of it."""

    country: str
    superseded: tuple[Superseded, ...] = ()
    correction: str = ""
    answer: CountryRecounted | None = None


def under_current_roster(superseded: Sequence[Superseded], event: CountryEvent) -> CountryEvent | None:
    """The event as the rosters that stand now say it; `None` where a correction has counted what is in it."""
    for each in superseded:
        if not each.covers(event.roster_digest, event.source):
            continue
        accounts = {known.id for known in (event.official, event.subject) if known is not None}
        if event.coverage is not None:
            accounts.update(event.coverage.officials or ())
        if not {subject_key(event.platform, known) for known in accounts}.isdisjoint(each.changed):
            return None
        event = replace(event, roster_digest=each.new_digest)
    return event


def valid_digest(superseded: Sequence[Superseded], digest: str) -> str:
    """The digest of the roster that stands now in place of one."""
    for each in superseded:
        if digest == each.old_digest:
            digest = each.new_digest
    return digest


def with_roster_digest(digest: str, events: Iterable[SubjectEvent]) -> tuple[SubjectEvent, ...]:
    """The same words under that roster, but for what rests on none. A post may be in the ledger under a roster that a
    correction replaced, and TRACK takes no word on a changed account from that.
    """
    return tuple(replace(each, roster_digest=digest) if each.roster_digest else each for each in events)
