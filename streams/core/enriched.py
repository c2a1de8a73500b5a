"""The enriched records: what Antiphon writes for other systems. Public contract; schemas are generated from here."""

from typing import Final, Literal, TypeAlias

from msgspec import Struct

from streams.core.dossier_parts import (
    Count,
    FirstOfficial,
    Follower,
    Links,
    OfficialFigures,
    Score,
    TextMatches,
    Totals,
    WindowFigures,
)
from streams.core.officials import Official
from streams.core.rulebook.rules import Mode, Severity
from streams.core.subject_event import Coordinates
from streams.events import Account, Precision, SuspensionStatus, Utc

__all__ = [
    "ALERT_OFFICIALS",
    "Alert",
    "AlertOfficial",
    "AlertStatus",
    "Amplification",
    "Dossier",
    "Evidence",
    "SuspensionRecord",
]

AlertStatus: TypeAlias = Literal["firing", "expired", "retracted"]
ALERT_OFFICIALS: Final = 5
"""How many officials an alert names: as many as a message has room for. Dossier and aftermath have the others."""


class Amplification(Struct, frozen=True, kw_only=True):
    """An official retweeted or quoted a subject that is not itself. `id`: that of the retweet or the quoting post.

    Key in Kafka: the subject's `platform:id`. `source` says where the raw event stands. Of several records with one id
    the last one is the valid one.
    """

    id: str
    """The id of the retweet, or of the quoting post."""
    kind: Literal["retweet", "quote"]
    """Whether the post was passed on unchanged or quoted."""
    platform: str
    """The platform."""
    at: Utc
    """When the official did it (event time, UTC)."""
    official: Official
    """Who did it, as of that time."""
    subject: Account
    """Whose post it was."""
    subject_is_official: bool
    """Whether the subject was on the roster at that time."""
    post_id: str | None
    """The id of the subject's post; null where that is not known."""
    roster_digest: str
    """Digest of the roster by which it was screened."""
    source: Coordinates
    """Where the raw event stands: topic, partition, offset."""


class SuspensionRecord(Struct, frozen=True, kw_only=True):
    """A suspension notice: what was observed and when, and between which times it happened.

    `precision` is the notice's. `not_before` and `not_after` bound when the account was suspended, gone or back, by the
    notice and by when the account was seen; `null` where nothing does. `seen_again_at`: it was there so long after
    `not_after`, with no notice in between. Then it was gone later, or back by then.
    """

    status: SuspensionStatus
    """What became of the account."""
    at: Utc
    """The time that the notice gives."""
    event_id: str
    """The id of the notice."""
    precision: Precision | None = None
    """What that time is; null counts as a time of noticing."""
    not_before: Utc | None = None
    """The earliest moment at which it can have happened; null where nothing bounds it."""
    not_after: Utc | None = None
    """The latest moment at which it can have happened; null where nothing bounds it."""
    seen_again_at: Utc | None = None
    """The account was there at this time, without a notice of its return."""


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
    """The platform of the subject."""
    subject: Account
    """The account, as known last."""
    subject_is_official: bool
    """Whether it was on the roster, by its newest event."""
    totals: Totals
    """Engagement by officials since the account's creation, by kind."""
    distinct_officials: Count
    """Officials that amplified it."""
    officials: tuple[OfficialFigures, ...]
    """Those officials, most amplifications first; at most 500."""
    windows: dict[str, WindowFigures]
    """Figures of the windows that end with the last amplification, by length: 1h, 24h, 7d, 30d."""
    first_amplified_at: Utc | None
    """The first amplification; null before there is one."""
    last_amplified_at: Utc | None
    """The last amplification; null before there is one."""
    age_at_first_amplification_days: float | None
    """The account's age then, in days; null where its creation is unknown."""
    countries: tuple[str, ...]
    """States whose officials amplified it."""
    suspension: SuspensionRecord | None
    """The newest notice that it was suspended, is gone or is back."""
    withdrawn: Count
    """Amplifications that officials took back: in no other figure."""
    gone_with_original: Count
    """Amplifications that are gone with their original: in all figures."""
    gone_with_official: Count
    """Amplifications that are gone with the official's own account: in all figures."""
    gone_unknown: Count
    """Amplifications that are gone and nobody knows how: in all figures."""
    dropped: Count
    """Reports that came too late to be told from duplicates, or by officials beyond the limit."""
    roster_digest: str
    """Digest of the roster by which the newest event was screened."""
    following: tuple[Follower, ...] = ()
    """The first 50 officials that follow it now."""
    first_officials: tuple[FirstOfficial, ...] = ()
    """The first five officials that amplified it."""
    links: Links = Links()
    """Its own posts that link to domains on the roster."""
    text_matches: TextMatches = TextMatches()
    """Its own posts that share text with official posts."""
    score: Score = Score()
    """The state-engagement score with its terms."""
    dropped_amplifications: Count = 0
    """Dropped reports of amplifications: where there are any, figures are lower bounds."""
    followers_as_of: Utc | None = None
    """When the subject had its number of followers."""
    suspensions: tuple[SuspensionRecord, ...] = ()
    """The newest 16 notices, oldest first."""
    seen_since: dict[str, Utc | None] = {}
    """By State of `countries`: since when any source saw its officials on the platform; null for since ever."""


class Evidence(Struct, frozen=True, kw_only=True):
    """One event an alert rests on: its id, who acted, when, and where the raw event stands.

    `withdrawn_at` is when the official took the amplification back, if it had by `as_of`: it counts no more.
    """

    event_id: str
    """The id of the raw event."""
    kind: Literal["retweet", "quote", "suspension", "deletion"]
    """What kind of event."""
    at: Utc
    """When it happened (event time, UTC)."""
    official: str | None
    """The platform's id of the official who acted; null for a notice."""
    source: Coordinates
    """Where the raw event stands: topic, partition, offset."""
    withdrawn_at: Utc | None = None
    """When the official took it back, if it had by `as_of`."""


class AlertOfficial(Struct, frozen=True, kw_only=True):
    """One official's part in an alert: how often it had amplified the subject by the alert's `as_of`."""

    id: str
    """The official's account."""
    handle: str | None
    """Its handle without @, where it is known."""
    country: str
    """The official's State (ISO 3166-1 alpha-2)."""
    amplifications: Count
    """How often it had amplified the subject."""


class Alert(Struct, frozen=True, kw_only=True):
    """A rule held for a subject. States what was observed, never who runs an account.

    `id` is a hash of rule, subject and the time interval in which the alert fired; intervals are as long as the rule's
    quiet period. An update has the same id. `fired_at` is the event time at which the rule first held; `figures` are
    as of `as_of`, the last event of the episode, and `fired_figures` as of `fired_at`. It is firing until `expires_at`
    unless `status` says it `expired` by then, or before, where the account is back and the rule asks for its
    suspension (`as_of` and `expires_at` are then when that was noted), or was `retracted`, because late events left
    nothing of it, or made it part of the alert `superseded_by` (then the content is that alert's), or because a person
    retracted it: then it says when and why, goes on being counted, and is firing again only if it becomes more severe
    than it was. All alerts of a rule
    about one subject (on an aftermath, and one State) have the same `dedup_key`: those that follow one another without
    a gap are one running thing for people. `evidence` lists the newest events it rests on, `evidence_total` how many
    there are. `dropped_amplifications` as in the dossier: figures are lower bounds where it is not 0. `officials` are
    the five that had amplified the subject most by `as_of`, of `officials_total`.
    """

    id: str
    """32 hex digits; an update has the same id."""
    dedup_key: str
    """The same for all alerts of the rule about the subject (of rules on an aftermath: and the State)."""
    rule: str
    """The name of the rule."""
    severity: Severity
    """How urgent it is."""
    mode: Mode
    """Live, or shadow: on trial, and sent to nobody."""
    status: AlertStatus
    """Firing until `expires_at`, expired, or retracted."""
    platform: str
    """The platform of the subject."""
    subject: Account
    """The account that the alert is about."""
    countries: tuple[str, ...]
    """States whose officials are concerned."""
    fired_at: Utc
    """When the rule first held (event time, UTC)."""
    as_of: Utc
    """The last event of the episode: the moment of `figures`."""
    expires_at: Utc
    """When it ends unless something more happens."""
    figures: dict[str, float | int | bool | None]
    """Figures as of `as_of`, by name: number or truth value; null is unknown."""
    fired_figures: dict[str, float | int | bool | None]
    """The same as of `fired_at`."""
    evidence: tuple[Evidence, ...]
    """The newest events that it rests on: a list with a bound."""
    evidence_total: Count
    """How many there are in all."""
    summary: str
    """What was observed, in a sentence."""
    rule_digest: str
    """Digest of the rule."""
    roster_digest: str
    """Digest of the roster by which the newest event was screened."""
    superseded_by: str | None = None
    """Of a retracted alert: the id of the alert that it became part of."""
    dropped_amplifications: Count = 0
    """Amplifications that came too late: figures are lower bounds where this is not 0."""
    officials: tuple[AlertOfficial, ...] = ()
    """The five that had amplified the subject most by `as_of`, most first."""
    officials_total: Count = 0
    """How many had in all; of an aftermath, those of its State."""
    retracted_at: Utc | None = None
    """When a person retracted it (UTC); null where nobody did."""
    retracted_because: str | None = None
    """The reason that was given for it."""
