"""The ledger of WATCH: what a store of its records must answer, and how records are found and written down.

Owns keys and codec. Where the records are kept (memory, disk) is the store's business: `streams.ledger`. Every record
is found by its key and replaced whole; a store derives its indexes.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Protocol, TypeAlias

import msgspec

from streams.core.watching.country_recount_state import CountryRecount, CountryRecountState, KeptEvents
from streams.core.watching.keys import (
    amplified_account_key,
    country_corrected_key,
    country_recount_key,
    country_time_key,
    coverage_sources_key,
    entry_key,
    forgotten_key,
    kept_events_prefix,
    notices_key,
    original_key,
    pending_seen_since_key,
    pending_sweeps_key,
    published_hashes_key,
    raw_read_key,
    seen_since_key,
    source_spans_key,
    standing_key,
    text_key,
    unattributed_key,
    unmatched_deletion_key,
    version_key,
    watch_counts_prefix,
)
from streams.core.watching.pending_sweeps import PendingSweeps
from streams.core.watching.records import (
    AmplifiedAccount,
    CountryTime,
    Entry,
    Forgotten,
    OfficialNotices,
    OriginalGone,
    PostVersion,
    PublishedHashes,
    RawRead,
    StandingRecord,
    SubjectText,
    Unattributed,
    UnmatchedDeletion,
)
from streams.core.watching.source_spans import CoverageSources, PendingSeenSince, SeenSince, SourceSpans
from streams.core.watching.watch_counts import WatchCounts

__all__ = [
    "Ledger",
    "Record",
    "decode_record",
    "encode_record",
    "record_key",
]

Record: TypeAlias = (
    Entry
    | UnmatchedDeletion
    | OfficialNotices
    | OriginalGone
    | PostVersion
    | Unattributed
    | StandingRecord
    | AmplifiedAccount
    | SubjectText
    | Forgotten
    | CountryTime
    | RawRead
    | PublishedHashes
    | WatchCounts
    | PendingSweeps
    | CoverageSources
    | SourceSpans
    | SeenSince
    | PendingSeenSince
    | CountryRecount
    | KeptEvents
    | CountryRecountState
)

_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final[msgspec.msgpack.Decoder[Record]] = msgspec.msgpack.Decoder(Record)


def record_key(record: Record) -> bytes:
    """The key under which a record is kept and written to the changelog; unique over all kinds."""
    match record:
        case Entry():
            return entry_key(record.platform, record.post_id)
        case UnmatchedDeletion():
            return unmatched_deletion_key(record.official, record.platform, record.post_id)
        case OfficialNotices():
            return notices_key(record.country, record.platform, record.official)
        case OriginalGone():
            return original_key(record.country, record.platform, record.post_id)
        case PostVersion():
            return version_key(record.country, record.platform, record.version)
        case StandingRecord():
            return standing_key(record.country, record.platform, record.subject.id)
        case AmplifiedAccount():
            return amplified_account_key(record.country, record.platform, record.subject.id)
        case SubjectText():
            return text_key(record.country, record.platform, record.post_id)
        case Forgotten():
            return forgotten_key(record.country)
        case CountryTime():
            return country_time_key(record.country)
        case RawRead():
            return raw_read_key()
        case Unattributed():
            return unattributed_key(record.country, record.platform, record.post_id)
        case PendingSweeps():
            return pending_sweeps_key()
        case PublishedHashes():
            return published_hashes_key(record.country, record.platform, record.subject)
        case CoverageSources():
            return coverage_sources_key(record.country, record.platform)
        case SourceSpans():
            return source_spans_key(record.country, record.platform, record.source, seen=record.seen)
        case SeenSince():
            return seen_since_key(record.country, record.platform)
        case PendingSeenSince():
            return pending_seen_since_key()
        case CountryRecount():
            return country_recount_key(record.country)
        case KeptEvents():
            return kept_events_prefix(record.country) + b"%06d" % record.kept
        case CountryRecountState():
            return country_corrected_key(record.country)
        case WatchCounts():
            return watch_counts_prefix(record.country, record.platform, record.subject) + record.interval.encode()


def encode_record(record: Record) -> bytes:
    """A record as MessagePack."""
    return _encoder.encode(record)


def decode_record(payload: bytes) -> Record:
    """A record from its bytes; raises `msgspec.DecodeError` on broken ones, which must stop the worker."""
    return _decoder.decode(payload)


class Ledger(Protocol):
    """A store of records. What was put is found by the next call; lists come in the order of (time, post id)."""

    def get(self, key: bytes) -> Record | None:
        """The record of a key (`record_key`)."""

    def read_ahead(self, keys: Iterable[bytes]) -> None:
        """These will be asked for soon: a store may read them together."""

    def put(self, record: Record) -> None:
        """Keep a record in place of the one with its key."""

    def discard(self, key: bytes) -> None:
        """Forget the record of a key, if there is one."""

    def references(self, country: str, keys: Sequence[str], from_us: int, to_us: int) -> list[Entry]:
        """The entries of a State with `from_us <= at_us < to_us` that refer to an account by any of the keys."""

    def deletions(self, country: str, from_us: int, to_us: int) -> list[Entry]:
        """The entries of a State with `from_us <= deleted_us < to_us`, in the order of (deleted_us, post id)."""

    def retweets_gone(self, platform: str, original: str) -> list[Entry]:
        """The retweets of a post that are gone, of all States, in the order of (deleted_us, post id)."""

    def unmatched_deletions(self, country: str, from_us: int, to_us: int) -> int:
        """How many deletions of unknown posts a State's officials made with `from_us <= at_us < to_us`."""

    def posts_of(self, country: str, officials: Sequence[str], from_us: int, to_us: int) -> dict[str, int]:
        """How many entries each of these officials has with `from_us <= at_us < to_us`; those with none are absent."""

    def entries_sharing(self, country: str, fingerprints: Sequence[int]) -> dict[str, int]:
        """Of the State's entries, by key as text (`platform:post_id`), how many of the fingerprints each has."""

    def texts_sharing(self, country: str, fingerprints: Sequence[int]) -> dict[str, int]:
        """Of the texts of subjects, by `platform:post_id`, how many of the fingerprints each has."""

    def texts_of(self, country: str, platform: str, subject: str, limit: int) -> list[SubjectText]:
        """The newest texts of a subject, newest last."""

    def standings(self, country: str, marks: Sequence[str], from_us: int, to_us: int) -> list[StandingRecord]:
        """The standings of a State with one of the marks (`standing_marks`) in `[from_us, to_us)`, in any order."""

    def opened(self, country: str, after: tuple[int, str], to_us: int, limit: int) -> list[tuple[int, StandingRecord]]:
        """The first `limit` suspensions after this `(opened_us, "platform:id")` and before `to_us`, in that order."""

    def posts_by(self, country: str, official: str) -> list[Entry]:
        """All entries of an official of the State, in any order."""

    def beginning_with(self, prefix: bytes) -> list[Record]:
        """The records whose keys begin so, in the order of their keys."""

    def amplified_accounts(self, country: str, from_us: int, to_us: int) -> Iterator[AmplifiedAccount]:
        """The subjects whose first amplification by the State's officials is in `[from_us, to_us)`, in that order."""
