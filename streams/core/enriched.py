"""The enriched records: what Antiphon writes for other systems. Public contract; schemas are generated from here."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from streams.core.officials import Category, Official
from streams.core.rules import Mode, Severity
from streams.core.subject_event import Coordinates
from streams.events import Account, SuspensionStatus, Utc

__all__ = [
    "Alert",
    "AlertStatus",
    "Amplification",
    "Dossier",
    "Evidence",
    "OfficialFigures",
    "SuspensionRecord",
    "Totals",
    "WindowFigures",
]

Count: TypeAlias = Annotated[int, Meta(ge=0)]
AlertStatus: TypeAlias = Literal["firing", "expired", "retracted"]


class Amplification(Struct, frozen=True, kw_only=True):
    """An official retweeted or quoted a subject that is not itself. `id`: that of the retweet or the quoting post.

    Key in Kafka: the subject's `platform:id`. `source` says where the raw event stands.
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
    state: str
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
    """The last suspension notice: what was observed and when."""

    status: SuspensionStatus
    at: Utc
    event_id: str


class Dossier(Struct, frozen=True, kw_only=True):
    """Everything counted about one subject, in figures. Key in Kafka: `platform:id`; the last record is the valid one.

    `officials` are those that amplified it, most amplifications first. `age_at_first_amplification_days` is in days,
    to the millisecond. `withdrawn` counts amplifications that officials took back: they are in no other figure.
    `dropped` counts events that could not be told from duplicates.
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
    states: tuple[str, ...]
    suspension: SuspensionRecord | None
    withdrawn: Count
    dropped: Count
    roster_digest: str


class Evidence(Struct, frozen=True, kw_only=True):
    """One event an alert rests on: its id, who acted, when, and where the raw event stands.

    `withdrawn_at` is when the official took the amplification back, if it had by `as_of`: it counts no more.
    """

    event_id: str
    kind: Literal["retweet", "quote", "suspension"]
    at: Utc
    official: str | None
    source: Coordinates
    withdrawn_at: Utc | None = None


class Alert(Struct, frozen=True, kw_only=True):
    """A rule held for a subject. States what was observed, never who runs an account.

    `id` is a hash of rule, subject and `episode` (0 for the subject's first alert of that rule): an update has the
    same id. `fired_at` is the event time at which the rule first held; `figures` are as of `as_of`, the last event
    of the episode, and `fired_figures` as of `fired_at`. It is firing until `expires_at` unless `status` says it
    `expired` by then or was `retracted` because a late event joined it to another episode. `evidence` lists the newest
    events it rests on, `evidence_total` how many there are.
    """

    id: str
    rule: str
    severity: Severity
    mode: Mode
    status: AlertStatus
    platform: str
    subject: Account
    states: tuple[str, ...]
    episode: Count
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
