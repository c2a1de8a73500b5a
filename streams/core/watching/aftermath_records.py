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
    """The platform's id of the official's account."""
    handle: str | None
    """Its handle, without @."""
    category: Category
    """What kind of official the account is."""
    amplifications: Count
    """Its amplifications of the subject, without those taken back before."""
    references: Count
    """Its posts in the watch that refer to the subject."""
    deletions: Count
    """Its posts that it deleted in the watch."""
    posts: Count | None
    """Its posts in the watch; null while the watch is open."""
    silent: bool
    """It amplified the subject and did not refer to it in the watch, so far."""


class AftermathReference(Struct, frozen=True, kw_only=True):
    """An official's post that refers to the subject: passes it on, quotes, answers or mentions it, names its handle or
    links to it. `text` is cut."""

    official: str
    """The platform's id of the official."""
    handle: str | None
    """Its handle, without @."""
    post_id: str
    """The post."""
    kind: PostKind
    """What kind of post."""
    at: Utc
    """When it was posted."""
    text: str
    """Its text, cut."""
    lang: str | None
    """Its language, as the platform tells it."""
    text_withheld: bool = False
    """The post is deleted, and its text is withheld for that; then `text` is empty."""


class AftermathDeletion(Struct, frozen=True, kw_only=True):
    """An official's post that is gone. `text` is cut.

    `concerns_subject`: it referred to the subject. `shared_fingerprints` and `shared_words` are those that it has in
    common with what the subject posted in the ledger's days before the suspension.
    """

    official: str
    """The platform's id of the official."""
    handle: str | None
    """Its handle, without @."""
    post_id: str
    """The post that is gone."""
    kind: PostKind
    """What kind of post it was."""
    posted_at: Utc
    """When it was posted."""
    deleted_at: Utc
    """When it was deleted, as far as is known."""
    lang: str | None
    """Its language, as the platform told it."""
    text: str
    """Its text, cut."""
    concerns_subject: bool
    """Whether it referred to the subject."""
    shared_fingerprints: Count
    """Fingerprints in common with the subject's posts."""
    shared_words: tuple[str, ...]
    """Rare words in common with the subject's posts."""
    text_withheld: bool = False
    """Texts of deleted posts of this platform are withheld; then `text` and `shared_words` are empty."""


class PossibleSuccessor(Struct, frozen=True, kw_only=True):
    """An account that resembles the subject and that the same officials took up after its suspension: no more is known.

    `officials` are those that had amplified the subject too, at most 50, the first first; `officials_in_common` counts
    them all. `first_amplified_at` is when the first of them took the account up, `noticed_at` when enough of them had.
    `amplifications` are theirs among the first 20 by the State's officials. Closeness is from 0 to 1, `null` where one
    of the two has no handle or name. `shared_fingerprints` of `fingerprints` are found in texts of both. `reasons` say
    in words which of it led to its being listed.
    """

    subject: Account
    """The account."""
    officials_in_common: Count
    """Officials that had amplified the suspended account and took this one up."""
    officials: tuple[str, ...]
    """Their ids, the first first; at most 50."""
    amplifications: Count
    """Their amplifications among its first 20 by officials of the State."""
    first_amplified_at: Utc
    """When the first of them took it up."""
    noticed_at: Utc
    """When enough of them had."""
    days_after_suspension: Figure
    """Days from the suspension to the first of them."""
    age_days: Figure
    """The account's age then, in days."""
    handle_closeness: Figure | None
    """How close the two handles are, from 0 to 1; null where one has none."""
    name_closeness: Figure | None
    """How close the two names are, from 0 to 1; null where one has none."""
    shared_fingerprints: Count
    """Fingerprints found in texts of both."""
    fingerprints: Count
    """Fingerprints of this account's texts."""
    reasons: tuple[str, ...]
    """In words, what led to its being listed."""


class UnseenSpan(Struct, frozen=True, kw_only=True):
    """A span of the watch in which nobody saw what some of the amplifying officials did: at most so many of them."""

    since: Utc
    """Where the span begins."""
    until: Utc
    """Where the span ends."""
    officials: Count
    """The most officials that were unseen at once."""


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
    """Since when any source saw the platform; null for since ever."""
    unseen_share: Figure
    """Share of the watch in which nobody saw what these officials posted, from 0 to 1."""
    deletions_unseen_share: Figure
    """The same of what they deleted."""
    deletions_unseen_share_before: Figure
    """The same of what they deleted in the 30 days before."""
    unseen_spans: Count
    """How many spans went unseen."""
    unseen: tuple[UnseenSpan, ...]
    """The first 50 of them."""
    says_nothing_of_silence: bool
    """Too much was unseen to call anybody silent."""
    says_nothing_of_deletions: bool
    """Too much was unseen to compare deletions with those before."""


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
    """32 hex digits that name the aftermath."""
    country: str
    """The State whose officials were watched."""
    platform: str
    """The platform of the subject."""
    subject: Account
    """The account that was suspended."""
    number: Count
    """0 for the subject's first suspension, as far as is known."""
    status: AftermathStatus
    """Open, closed, or void: it turned out not to stand, and its figures are zero."""
    closed_because: ClosedBecause | None
    """Why the watch ended; null while it is open."""
    opened_at: Utc
    """When the watch began: the account was certainly suspended."""
    ends_at: Utc
    """When the watch ends unless the account returns before."""
    closed_at: Utc | None
    """When it was closed; null while it is open."""
    suspension: SuspensionRecord
    """The notice that opened it."""
    officials: tuple[AftermathOfficial, ...]
    """Officials that amplified the subject, referred to it or deleted posts; most amplifications first."""
    amplifying_officials: Count
    """Officials of the State that had amplified the subject."""
    silent_officials: Count
    """Those of them that did not refer to it in the watch."""
    references: Count
    """Posts in the watch that refer to the subject."""
    references_before: Count
    """The same in the 30 days before."""
    listed_references: tuple[AftermathReference, ...]
    """The first of them."""
    deletions: Count
    """Posts of officials deleted in the watch."""
    deletions_before: Count
    """The same in the 30 days before."""
    expected_deletions: Figure
    """Deletions to be expected in the watch, from the 30 days before."""
    deletion_ratio: Figure
    """Deletions to expected ones, of which at least one is taken to be expected."""
    deletions_by_account: dict[str, Count]
    """Deletions by handle, or by id where none is known; at most 500."""
    deletions_by_language: dict[str, Count]
    """Deletions by language, `und` where it is unknown; at most 50."""
    deletions_unknown: Count
    """Deletions of what is not known to be a post of the ledger's days."""
    gone_with_original: Count
    """Posts that are gone with their original: no deletions."""
    gone_with_official: Count
    """Posts that are gone with the official's own account: no deletions."""
    gone_unknown: Count
    """Posts that are gone and nobody knows how: no deletions."""
    listed_deletions: tuple[AftermathDeletion, ...]
    """Deletions that concern the subject, or share most with it."""
    possible_successors: tuple[PossibleSuccessor, ...]
    """Accounts that resemble it and that the same officials took up."""
    roster_digest: str
    """Digest of the roster by which the newest event was screened."""
    superseded_by: str | None = None
    """The id under which it goes on, where a late notice moved it."""
    references_uncertain: Count = 0
    """References before, of a time when the account may have been gone already."""
    deletions_uncertain: Count = 0
    """Deletions before, of a time when the account may have been gone already."""
    coverage: AftermathCoverage | None = None
    """What was seen of these officials; null where no source tells."""
