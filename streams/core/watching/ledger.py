"""What WATCH remembers of one or more States: the records of its ledger, and what a store of them must answer.

Owns shapes, keys and codecs. Where the records are kept (memory, disk) is the store's business: `streams.ledger`.
All times are µs since 1970 UTC. Every record is found by its key and replaced whole; a store derives its indexes.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Protocol, TypeAlias

import msgspec
from msgspec import Struct

from streams.core.country_event import PostKind, Standing
from streams.core.gone import Deleted
from streams.core.officials import Category
from streams.core.subject_event import Coordinates
from streams.core.watching.counted import Counted
from streams.core.watching.covered import CoverageSources, SeenSince, SourceSpans, Untold
from streams.core.watching.keys import (
    amplified_account_key,
    counted_prefix,
    country_time_key,
    coverage_sources_key,
    entry_key,
    forgotten_key,
    notices_key,
    original_key,
    owed_key,
    published_hashes_key,
    raw_read_key,
    seen_since_key,
    source_spans_key,
    standing_key,
    text_key,
    unattributed_key,
    unmatched_deletion_key,
    untold_key,
)
from streams.core.watching.owed import Owed
from streams.events import Account

__all__ = [
    "Amplified",
    "AmplifiedAccount",
    "CountryTime",
    "Entry",
    "Forgotten",
    "Ledger",
    "OfficialNotices",
    "OriginalGone",
    "PublishedHashes",
    "RawRead",
    "Record",
    "StandingRecord",
    "SubjectText",
    "Unattributed",
    "UnmatchedDeletion",
    "decode_record",
    "encode_record",
    "record_key",
]


class Entry(Struct, frozen=True, array_like=True, tag="entry"):
    """An official's post. `references` are the keys under which it may refer to an account: `i:ID` for one that it
    quotes, answers or mentions, `h:handle` (as `roster.handle_key`) for one named in its text or links.
    `fingerprints` are those of its text, empty for retweets. `noticed`: when it was noticed to be gone, `observed_us`:
    when it was last seen; `deleted_us` follows from both: since when it is gone, `None` where it is not.
    `named_otherwise` are the ids of accounts that other reports name in place of `subject`, at most eight.
    """

    platform: str
    post_id: str
    country: str
    official: str
    handle: str | None
    category: Category
    kind: PostKind
    at_us: int
    text: str
    lang: str | None
    subject: str | None
    original: str | None
    references: tuple[str, ...]
    fingerprints: tuple[int, ...]
    source: Coordinates
    digest: str
    deleted_us: int | None = None
    deletion_source: Coordinates | None = None
    subject_is_official: bool = False
    noticed: Deleted | None = None
    observed_us: int | None = None
    named_otherwise: tuple[str, ...] = ()


class UnmatchedDeletion(Struct, frozen=True, array_like=True, tag="unmatched_deletion"):
    """A deletion of a post that is not in the ledger, or not yet, by an official or, where `official` and `country` are
    empty, by nobody knows whom. `last_us`: when it was noticed for the last time, where that is later.
    """

    platform: str
    post_id: str
    official: str
    handle: str | None
    category: Category
    country: str
    at_us: int
    source: Coordinates
    last_us: int | None = None

    @property
    def noticed(self) -> Deleted:
        """When the post was noticed to be gone."""
        return Deleted(self.at_us, self.at_us if self.last_us is None else self.last_us)


class OfficialNotices(Struct, frozen=True, array_like=True, tag="notices"):
    """The notices of an official's own account, by time: when, and whether it is gone."""

    platform: str
    country: str
    official: str
    notices: tuple[tuple[int, bool], ...]


class OriginalGone(Struct, frozen=True, array_like=True, tag="original"):
    """A tracked subject's own post is gone, and so is every retweet of it."""

    platform: str
    country: str
    post_id: str
    at_us: int


class Unattributed(Struct, frozen=True, array_like=True, tag="unattributed"):
    """Officials' quotes, by post id, of a post of which is not known whose it is. `at_us` is the newest one's time."""

    platform: str
    post_id: str
    country: str
    at_us: int
    quotes: tuple[str, ...]


class StandingRecord(Struct, frozen=True, array_like=True, tag="standing"):
    """The newest standing of a suspended subject with a State. `at_us` is the time of the newest notice it rests on.

    Watches that opened before `final_us` are forgotten (`forgetting`): nothing finds the standing by them any more.
    """

    platform: str
    country: str
    subject: Account
    standing: Standing
    digest: str
    at_us: int = 0
    final_us: int = 0

    @property
    def last_us(self) -> int:
        """The newest time that it tells of."""
        periods, absences = self.standing.periods, self.standing.absences
        times = [at_us for period in periods for at_us in (period.opened_us, period.reinstated_us) if at_us is not None]
        times += [absence.until_us for absence in absences if absence.until_us is not None]
        return max([self.at_us, *times])


class Amplified(Struct, frozen=True, array_like=True):
    """One amplification among the first of a subject by a State's officials."""

    at_us: int
    post_id: str
    kind: PostKind
    official: str
    source: Coordinates


class AmplifiedAccount(Struct, frozen=True, array_like=True, tag="amplified_account"):
    """Which officials of a State amplified a subject, the first ones with their first times; the account as last seen.

    `handle_us` and `name_us` are when its handle and name were told. `first` are its first amplifications. `sketch`
    stands for all its texts: the smallest of their fingerprints. Each of the three is a bounded set that grows by
    union, so that it is the same whatever came first and however often. Without `officials` only its texts are known.
    `kept_us`: until then it is kept as if it had been seen.
    """

    platform: str
    country: str
    subject: Account
    seen_us: int
    officials: dict[str, int]
    handle_us: int = 0
    name_us: int = 0
    first: tuple[Amplified, ...] = ()
    sketch: tuple[int, ...] = ()
    kept_us: int = 0

    @property
    def first_us(self) -> int:
        """When the first official of the State amplified it."""
        return min(self.officials.values())


class SubjectText(Struct, frozen=True, array_like=True, tag="text"):
    """The text of a subject's post, as an official of the State passed it on or as the subject posted it.

    `at_us` and `last_us` are the first and the last time at which it was posted or passed on. `match` is the official
    post it was last reported to overlap with, and `shared` how many fingerprints they share.
    """

    platform: str
    post_id: str
    country: str
    subject: str
    at_us: int
    text: str
    fingerprints: tuple[int, ...]
    match: str | None = None
    shared: int = 0
    last_us: int = 0


class CountryTime(Struct, frozen=True, array_like=True, tag="country_time"):
    """The newest event time of a State's own events; the empty State stands for the watermark, which closes watches."""

    country: str
    at_us: int


class Forgotten(Struct, frozen=True, array_like=True, tag="forgotten"):
    """How far back a State's watches are forgotten: those that opened before this time are over for good."""

    country: str
    before_us: int


class RawRead(Struct, frozen=True, array_like=True, tag="raw"):
    """What the workers told of the raw partitions, for the watermark (`streams.core.watching.watermark`).

    `read` has, by raw topic and in the order of partitions, the newest event time of each (0 for none) and how many
    reports in a row found it idle, 0 where it is not. `candidate_us` is the watermark that is not confirmed yet.
    """

    read: dict[str, tuple[tuple[int, int], ...]] = {}
    candidate_us: int | None = None


class PublishedHashes(Struct, frozen=True, array_like=True, tag="published_hashes"):
    """Hashes of what was last published for a subject's watches with a State: each aftermath, each alert, by id.

    `successors` are the ids of the possible successors found for each watch, by its interval.
    """

    platform: str
    country: str
    subject: str
    hashes: dict[str, int]
    successors: dict[str, tuple[str, ...]] = {}


Record: TypeAlias = (
    Entry
    | UnmatchedDeletion
    | OfficialNotices
    | OriginalGone
    | Unattributed
    | StandingRecord
    | AmplifiedAccount
    | SubjectText
    | Forgotten
    | CountryTime
    | RawRead
    | PublishedHashes
    | Counted
    | Owed
    | CoverageSources
    | SourceSpans
    | SeenSince
    | Untold
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
        case Owed():
            return owed_key()
        case PublishedHashes():
            return published_hashes_key(record.country, record.platform, record.subject)
        case CoverageSources():
            return coverage_sources_key(record.country, record.platform)
        case SourceSpans():
            return source_spans_key(record.country, record.platform, record.source, seen=record.seen)
        case SeenSince():
            return seen_since_key(record.country, record.platform)
        case Untold():
            return untold_key()
        case Counted():
            return counted_prefix(record.country, record.platform, record.subject) + record.interval.encode()


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

    def amplified_accounts(self, country: str, from_us: int, to_us: int) -> Iterator[AmplifiedAccount]:
        """The subjects whose first amplification by the State's officials is in `[from_us, to_us)`, in that order."""
