"""The enriched record of an aftermath: what a State's officials did after a subject was suspended. Public contract."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from streams.core.country_event import PostKind
from streams.core.enriched import SuspensionRecord
from streams.core.officials import Category
from streams.events import Account, Utc

__all__ = [
    "Aftermath",
    "AftermathCoverage",
    "AftermathDeletion",
    "AftermathOfficial",
    "AftermathReference",
    "AftermathStatus",
    "ClosedBecause",
    "PossibleSuccessor",
    "UnseenSpan",
]

Count: TypeAlias = Annotated[int, Meta(ge=0)]
Figure: TypeAlias = Annotated[float, Meta(ge=0)]
AftermathStatus: TypeAlias = Literal["open", "closed", "void"]
ClosedBecause: TypeAlias = Literal["elapsed", "reinstated"]


class AftermathOfficial(Struct, frozen=True, kw_only=True):
    """One official's part. `amplifications` are all but those taken back before; the other counts are of the watch.

    `silent`: it amplified the subject and did not refer to it in the watch, so far. `posts` are counted when the watch
    is closed, and `null` before.
    """

    id: str
    handle: str | None
    category: Category
    amplifications: Count
    references: Count
    deletions: Count
    posts: Count | None
    silent: bool


class AftermathReference(Struct, frozen=True, kw_only=True):
    """An official's post that refers to the subject: passes it on, quotes, answers or mentions it, names its handle or
    links to it. `text` is cut."""

    official: str
    handle: str | None
    post_id: str
    kind: PostKind
    at: Utc
    text: str
    lang: str | None


class AftermathDeletion(Struct, frozen=True, kw_only=True):
    """An official's post that is gone. `text` is cut.

    `concerns_subject`: it referred to the subject. `shared_fingerprints` and `shared_words` are those that it has in
    common with what the subject posted in the ledger's days before the suspension.
    """

    official: str
    handle: str | None
    post_id: str
    kind: PostKind
    posted_at: Utc
    deleted_at: Utc
    lang: str | None
    text: str
    concerns_subject: bool
    shared_fingerprints: Count
    shared_words: tuple[str, ...]


class PossibleSuccessor(Struct, frozen=True, kw_only=True):
    """An account that resembles the subject and that the same officials took up after its suspension: no more is known.

    `officials` are those that had amplified the subject too, at most 50, the first first; `officials_in_common` counts
    them all. `first_amplified_at` is when the first of them took the account up, `noticed_at` when enough of them had.
    `amplifications` are theirs among the first 20 by the State's officials. Closeness is from 0 to 1, `null` where one
    of the two has no handle or name. `shared_fingerprints` of `fingerprints` are found in texts of both. `reasons` say
    in words which of it led to its being listed.
    """

    subject: Account
    officials_in_common: Count
    officials: tuple[str, ...]
    amplifications: Count
    first_amplified_at: Utc
    noticed_at: Utc
    days_after_suspension: Figure
    age_days: Figure
    handle_closeness: Figure | None
    name_closeness: Figure | None
    shared_fingerprints: Count
    fingerprints: Count
    reasons: tuple[str, ...]


class UnseenSpan(Struct, frozen=True, kw_only=True):
    """A span of the watch in which nobody saw what some of the amplifying officials did: at most so many of them."""

    since: Utc
    until: Utc
    officials: Count


class AftermathCoverage(Struct, frozen=True, kw_only=True):
    """What was seen of the officials that had amplified the subject, in the words of the sources of its platform.

    `seen_since` is from when on any source saw the platform, `null` for since ever. `unseen_share` is the share of the
    watch, over these officials, in which nobody saw what they posted, `deletions_unseen_share` what they deleted, and
    `deletions_unseen_share_before` that of the 30 days before. What a source brought afterwards counts as seen; a
    back-fill brings posts and no deletions. `unseen` lists the first 50 of `unseen_spans`. Where
    `says_nothing_of_silence`, too much was unseen to call anybody silent; where `says_nothing_of_deletions`, to compare
    deletions with those before. Of an open watch it is what is known of its whole time, with gaps that go on.
    """

    seen_since: Utc | None
    unseen_share: Figure
    deletions_unseen_share: Figure
    deletions_unseen_share_before: Figure
    unseen_spans: Count
    unseen: tuple[UnseenSpan, ...]
    says_nothing_of_silence: bool
    says_nothing_of_deletions: bool


class Aftermath(Struct, frozen=True, kw_only=True):
    """What the officials of one State did after a subject they had amplified was suspended. Counts, never motives.

    Key in Kafka: `id`, a hash of State, subject and the time interval in which the watch opened; the last record of
    an id is the valid one. `number` is 0 for the subject's first suspension, as far as is known. The watch lasts from
    `opened_at` to `ends_at`, or until the account is reinstated; from then on it is `closed`. It is `void` where the
    suspension, or the amplifications, turned out not to stand: its figures are zero. Where a late notice let it open in
    another interval, `superseded_by` is the id under which it goes on.

    `officials` amplified the subject before, referred to it or deleted posts, those with most amplifications first.
    `references_before` and `deletions_before` are counted over the 30 days before, `expected_deletions` scales them to
    the watch, and `deletion_ratio` compares: deletions to expected ones, of which at least one is taken to be expected.
    The watch opens when the account is certainly suspended: where `suspension` leaves it open since when, what was said
    and deleted meanwhile counts as before, and `references_uncertain` and `deletions_uncertain` say how much of it is.
    `deletions_by_account` goes by handle, or by id where none is known, `deletions_by_language` by language, or `und`.
    At most 500 accounts and 50 languages are named, those with most deletions. `deletions_unknown` counts deletions of
    what is not known to be the official's post of the ledger's days. Posts that are gone and that nobody took back are
    no deletions: those gone with their original (`gone_with_original`), with the official's own account
    (`gone_with_official`), and those of which nobody knows (`gone_unknown`). Listed are the deletions that concern the
    subject or share most with it, and the first references. Lists are bounded, and get shorter still where the record
    would have more than a megabyte; counts count all. `coverage` says how much of the time nobody saw, and is `null`
    where no source tells what it saw of the platform. Counts are of what was seen: where something was not, they are
    lower bounds. An official that was unseen for more than the setting `unseen_share` of the watch is not `silent`.
    """

    id: str
    country: str
    platform: str
    subject: Account
    number: Count
    status: AftermathStatus
    closed_because: ClosedBecause | None
    opened_at: Utc
    ends_at: Utc
    closed_at: Utc | None
    suspension: SuspensionRecord
    officials: tuple[AftermathOfficial, ...]
    amplifying_officials: Count
    silent_officials: Count
    references: Count
    references_before: Count
    listed_references: tuple[AftermathReference, ...]
    deletions: Count
    deletions_before: Count
    expected_deletions: Figure
    deletion_ratio: Figure
    deletions_by_account: dict[str, Count]
    deletions_by_language: dict[str, Count]
    deletions_unknown: Count
    gone_with_original: Count
    gone_with_official: Count
    gone_unknown: Count
    listed_deletions: tuple[AftermathDeletion, ...]
    possible_successors: tuple[PossibleSuccessor, ...]
    roster_digest: str
    superseded_by: str | None = None
    references_uncertain: Count = 0
    deletions_uncertain: Count = 0
    coverage: AftermathCoverage | None = None
