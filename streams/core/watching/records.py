"""What WATCH remembers of one or more States: the records of its ledger but those that have a module of their own.

Owns shapes alone. All times are µs since 1970 UTC. Every record is replaced whole.
"""

from msgspec import Struct

from streams.core.country_event import PostKind, Standing
from streams.core.gone import Deleted
from streams.core.officials import Category
from streams.core.retractions import Retraction
from streams.core.subject_event import Coordinates
from streams.events import Account

__all__ = [
    "Amplified",
    "AmplifiedAccount",
    "CountryTime",
    "Entry",
    "Forgotten",
    "OfficialNotices",
    "OriginalGone",
    "PostVersion",
    "PublishedHashes",
    "RawRead",
    "StandingRecord",
    "SubjectText",
    "Unattributed",
    "UnmatchedDeletion",
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


class PostVersion(Struct, frozen=True, array_like=True, tag="version"):
    """A later version of an edited post: whatever is told of it is told of the post, which has the first version's id.

    `author` is the id of its author, as told with the versions. `at_us` is the newest time at which an official of the
    State posted it, passed it on or was seen to have done so. `country` is empty for what tells no State: deletions
    that name nobody.
    """

    platform: str
    version: str
    country: str
    post_id: str
    author: str
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

    `successors` are the ids of the possible successors found for each watch, by its interval, `retractions` what a
    person said of an alert, by its id.
    """

    platform: str
    country: str
    subject: str
    hashes: dict[str, int]
    successors: dict[str, tuple[str, ...]] = {}
    retractions: dict[str, Retraction] = {}
