"""The enriched records: what Antiphon writes for other systems. Public contract; schemas are generated from here."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from streams.core.officials import Category, Official
from streams.core.rulebook.rules import Mode, Severity
from streams.core.subject_event import Coordinates
from streams.events import Account, Precision, SuspensionStatus, Utc

__all__ = [
    "Alert",
    "AlertStatus",
    "Amplification",
    "Contribution",
    "Dossier",
    "Evidence",
    "FirstOfficial",
    "Follower",
    "Links",
    "OfficialFigures",
    "Score",
    "SuspensionRecord",
    "TextMatch",
    "TextMatches",
    "Totals",
    "WindowFigures",
]

Count: TypeAlias = Annotated[int, Meta(ge=0)]
AlertStatus: TypeAlias = Literal["firing", "expired", "retracted"]


class Amplification(Struct, frozen=True, kw_only=True):
    """An official retweeted or quoted a subject that is not itself. `id`: that of the retweet or the quoting post.

    Key in Kafka: the subject's `platform:id`. `source` says where the raw event stands. Of several records with one id
    the last one is the valid one.
    """

    id: str
    kind: Literal["retweet", "quote"]
    platform: str
    at: Utc
    official: Official
    subject: Account
    subject_is_official: bool
    post_id: str | None
    roster_digest: str
    source: Coordinates


class Totals(Struct, frozen=True, kw_only=True):
    """Engagement by officials since the account's creation, by kind. `follow` counts officials that follow it now."""

    retweet: Count
    quote: Count
    reply: Count
    mention: Count
    follow: Count


class OfficialFigures(Struct, frozen=True, kw_only=True):
    """One amplifying official's part. `first_at` and `last_at` are its first and last amplification of the subject."""

    id: str
    handle: str | None
    country: str
    category: Category
    retweets: Count
    quotes: Count
    first_at: Utc
    last_at: Utc


class WindowFigures(Struct, frozen=True, kw_only=True):
    """Figures of the window of that length that ends with the last amplification: (t - w, t]."""

    amplifications: Count
    distinct_officials: Count


class SuspensionRecord(Struct, frozen=True, kw_only=True):
    """A suspension notice: what was observed and when, and between which times it happened.

    `precision` is the notice's. `not_before` and `not_after` bound when the account was suspended, gone or back, by the
    notice and by when the account was seen; `null` where nothing does. `seen_again_at`: it was there so long after
    `not_after`, with no notice in between. Then it was gone later, or back by then.
    """

    status: SuspensionStatus
    at: Utc
    event_id: str
    precision: Precision | None = None
    not_before: Utc | None = None
    not_after: Utc | None = None
    seen_again_at: Utc | None = None


class Follower(Struct, frozen=True, kw_only=True):
    """An official that follows the subject now, and since when, as far as it was seen."""

    id: str
    handle: str | None
    country: str
    since: Utc


class FirstOfficial(Struct, frozen=True, kw_only=True):
    """One of the officials that amplified the subject first, and when it did so for the first time."""

    id: str
    handle: str | None
    country: str
    category: Category
    at: Utc


class Links(Struct, frozen=True, kw_only=True):
    """The subject's own posts that link to domains on the roster: how many, and how many to each domain.

    At most 50 domains, those with the most posts. Looked for from the third amplification on.
    """

    posts: Count = 0
    domains: dict[str, Count] = {}


class TextMatch(Struct, frozen=True, kw_only=True):
    """A post of the subject whose text an official post shares: `shared` of the `of` fingerprints of its text.

    `at` is the time of the subject's post, or of the retweet by which it was known first; `handle` is the official's.
    """

    post_id: str
    at: Utc
    official: str
    handle: str | None
    official_post_id: str
    official_at: Utc
    shared: Count
    of: Count


class TextMatches(Struct, frozen=True, kw_only=True):
    """How many posts of the subject share text with an official post of an amplifying State; the best five of them."""

    posts: Count = 0
    best: tuple[TextMatch, ...] = ()


class Contribution(Struct, frozen=True, kw_only=True):
    """One term of the state-engagement score: `points`, at most `weight`, that follow from `value`.

    An unknown `value` is `null` and contributes nothing.
    """

    name: str
    value: float | None
    weight: float
    points: float


class Score(Struct, frozen=True, kw_only=True):
    """The state-engagement score: how much the officials of States engage with the subject, from 0 to 100.

    A sum of visible contributions, explained in docs/score.md; for sorting a list, never a verdict.
    """

    total: float = 0.0
    contributions: tuple[Contribution, ...] = ()


class Dossier(Struct, frozen=True, kw_only=True):
    """Everything counted about one subject, in figures. Key in Kafka: `platform:id`; the last record is the valid one.

    `officials` are those that amplified it, most amplifications first: at most 500 of the `distinct_officials`, while
    `totals` counts the amplifications of all. `age_at_first_amplification_days` is in days,
    to the millisecond. `withdrawn` counts amplifications that officials took back: they are in no other figure. Those
    that are gone with their original (`gone_with_original`), with the official's own account (`gone_with_official`), or
    nobody knows how (`gone_unknown`), are in all figures.
    `dropped` counts reports that came too late to be told from duplicates, or are by officials beyond the limit, and
    `dropped_amplifications` those of them that say that somebody amplified it: where there are any, figures are lower
    bounds. `following` lists the first 50 officials that follow
    it now, `first_officials` the first five that amplified it. `followers_as_of` is when the subject had its
    `followers`: where that was observed later than the engagement it came with, no rule takes it for that time's.
    `suspensions` are the newest 16 notices that the account was suspended, deactivated, gone or back, oldest first.
    `seen_since` says, by State of `countries`, from when on any source saw its officials on the platform, `null` for
    since ever: what they did before was not seen. A State of which no source says anything is absent, and so are all
    where the subject is an official itself.
    """

    platform: str
    subject: Account
    subject_is_official: bool
    totals: Totals
    distinct_officials: Count
    officials: tuple[OfficialFigures, ...]
    windows: dict[str, WindowFigures]
    first_amplified_at: Utc | None
    last_amplified_at: Utc | None
    age_at_first_amplification_days: float | None
    countries: tuple[str, ...]
    suspension: SuspensionRecord | None
    withdrawn: Count
    gone_with_original: Count
    gone_with_official: Count
    gone_unknown: Count
    dropped: Count
    roster_digest: str
    following: tuple[Follower, ...] = ()
    first_officials: tuple[FirstOfficial, ...] = ()
    links: Links = Links()
    text_matches: TextMatches = TextMatches()
    score: Score = Score()
    dropped_amplifications: Count = 0
    followers_as_of: Utc | None = None
    suspensions: tuple[SuspensionRecord, ...] = ()
    seen_since: dict[str, Utc | None] = {}


class Evidence(Struct, frozen=True, kw_only=True):
    """One event an alert rests on: its id, who acted, when, and where the raw event stands.

    `withdrawn_at` is when the official took the amplification back, if it had by `as_of`: it counts no more.
    """

    event_id: str
    kind: Literal["retweet", "quote", "suspension", "deletion"]
    at: Utc
    official: str | None
    source: Coordinates
    withdrawn_at: Utc | None = None


class Alert(Struct, frozen=True, kw_only=True):
    """A rule held for a subject. States what was observed, never who runs an account.

    `id` is a hash of rule, subject and the time interval in which the alert fired; intervals are as long as the rule's
    quiet period. An update has the same id. `fired_at` is the event time at which the rule first held; `figures` are
    as of `as_of`, the last event of the episode, and `fired_figures` as of `fired_at`. It is firing until `expires_at`
    unless `status` says it `expired` by then, or before, where the account is back and the rule asks for its
    suspension (`as_of` and `expires_at` are then when that was noted), or was `retracted`, because late events left
    nothing of it, or made it part of the alert `superseded_by`: then the content is that alert's. All alerts of a rule
    about one subject (on an aftermath, and one State) have the same `dedup_key`: those that follow one another without
    a gap are one running thing for people. `evidence` lists the newest events it rests on, `evidence_total` how many
    there are. `dropped_amplifications` as in the dossier: figures are lower bounds where it is not 0.
    """

    id: str
    dedup_key: str
    rule: str
    severity: Severity
    mode: Mode
    status: AlertStatus
    platform: str
    subject: Account
    countries: tuple[str, ...]
    fired_at: Utc
    as_of: Utc
    expires_at: Utc
    figures: dict[str, float | int | bool | None]
    fired_figures: dict[str, float | int | bool | None]
    evidence: tuple[Evidence, ...]
    evidence_total: Count
    summary: str
    rule_digest: str
    roster_digest: str
    superseded_by: str | None = None
    dropped_amplifications: Count = 0
