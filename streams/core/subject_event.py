"""The internal event between SCREEN and TRACK: one thing that happened to one subject."""

from typing import Final, Literal, TypeAlias

import msgspec
from msgspec import Struct

from streams.core.clock import StoredInt
from streams.core.gone import RemovalReason
from streams.core.officials import Official
from streams.events import Account, Precision, SuspensionStatus

__all__ = [
    "AMPLIFICATION_KINDS",
    "ENGAGEMENT_KINDS",
    "STRENGTHS",
    "AmplificationKind",
    "Coordinates",
    "SubjectEvent",
    "SubjectEventKind",
    "decode_subject_event",
    "encode_subject_event",
    "subject_key",
    "subject_key_parts",
]

SubjectEventKind: TypeAlias = Literal[
    "retweet",
    "quote",
    "reply",
    "mention",
    "follow",
    "suspension",
    "profile",
    "withdrawal",
    "deletion",
    "post",
    "text_match",
    "seen_since",
    "recount_open",
    "recount",
    "retraction",
    "tick",
    "marker",
]
AmplificationKind: TypeAlias = Literal["retweet", "quote"]

AMPLIFICATION_KINDS: Final = frozenset({"retweet", "quote"})
ENGAGEMENT_KINDS: Final = frozenset({"retweet", "quote", "reply", "mention", "follow"})
STRENGTHS: Final[dict[str, int]] = {"retweet": 4, "quote": 3, "reply": 2, "mention": 1, "follow": 0}
"""How strongly a post engages: of two copies of one post the strongest stands, since a copy may lack what is retweeted,
quoted or answered, but never has it without reason. A follow is no post.
"""


class Coordinates(Struct, frozen=True, array_like=True):
    """Where an event was first written down: raw topic, partition, offset; in a backtest the file, 0 and the line."""

    topic: str
    """The raw topic, without prefix; in a backtest the file."""
    partition: StoredInt
    """The partition; 0 in a file."""
    offset: StoredInt
    """The offset; in a file the line, from 1."""


class SubjectEvent(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One engagement, suspension, profile, withdrawal, post or text match, addressed to its subject.

    `at_us` is the event time (µs since 1970 UTC), `observed_us` when a collector saw it, where that is known.
    `event_id` is the raw event's id: with `kind` it is what makes two events the same; a retweet, quote, reply or
    mention is one thing by the id alone. `official` is who acted, for engagement; `subject_is_official` holds at the
    event's time.

    - `withdrawal`: the amplification `event_id` by `official` was noticed to be gone at `at_us`, and last at `last_us`
      where that is later. `amplified_us` and `amplification_kind` say when it was made and how, so that it can leave
      totals whose parts are no longer kept: said only by who knows that it was `official` who made it. `by_official`:
      the official's own account was, or may have been, gone.
    - `deletion`: the subject's own post `post_id` is gone.
    - `post`: the subject's own post `event_id` links to the roster's `domains`.
    - `text_match`: the subject's own post `event_id` shares `shared` of its `of` fingerprints with the post `post_id`
      that `official` wrote at `matched_us`.
    - `suspension`: the account is suspended, gone or back, as `status` says, at a time of this `precision`.
    - `seen_since`: the officials of the State `country`, which amplified the subject, have been seen on the platform
      since `since_us`, 0 for since ever. The last word stands.
    - `recount_open`, `recount`: the correction `event_id` recounts the subject, see `streams.core.recounts`.
    - `retraction`: a person retracts the alert `event_id`, see `streams.core.retractions`.
    - `tick`: event time has come as far as `at_us`, for all subjects of the partition.
    - `marker`: says nothing.
    """

    kind: SubjectEventKind
    """What happened."""
    platform: str
    """The platform of the subject."""
    event_id: str
    """The id of the raw event."""
    at_us: StoredInt
    """Event time, in µs since 1970 UTC."""
    subject: Account
    """The account to which it happened."""
    source: Coordinates
    """Where the raw event stands."""
    roster_digest: str = ""
    """Digest of the roster by which it was screened."""
    subject_is_official: bool = False
    """Whether the subject was on the roster at the event's time."""
    official: Official | None = None
    """Who acted, for engagement."""
    post_id: str | None = None
    """The post that was passed on or quoted, is gone, or shares text."""
    active: bool = True
    """Of a follow: false where it ended."""
    status: SuspensionStatus | None = None
    """Of a suspension: what became of the account."""
    domains: tuple[str, ...] = ()
    """Of the subject's own post: the roster's domains that it links to."""
    shared: StoredInt = 0
    """Of a text match: fingerprints in common."""
    of: StoredInt = 0
    """Of a text match: fingerprints of the subject's post."""
    matched_us: StoredInt | None = None
    """Of a text match: when the official wrote the other post, in µs since 1970 UTC."""
    amplified_us: StoredInt | None = None
    """Of a withdrawal: when the amplification was made, in µs since 1970 UTC."""
    amplification_kind: AmplificationKind | None = None
    """Of a withdrawal: how the amplification was made."""
    observed_us: StoredInt | None = None
    """When a collector saw it, in µs since 1970 UTC; null where that is not known."""
    last_us: StoredInt | None = None
    """Of a withdrawal: when it was noticed last, where that is later, in µs since 1970 UTC."""
    by_official: RemovalReason | None = None
    """Of a withdrawal: whether the official's own account was gone, or may have been."""
    precision: Precision | None = None
    """Of a suspension: what its time is."""
    country: str | None = None
    """Of what was seen: the State whose officials amplified the subject."""
    since_us: StoredInt | None = None
    """Of what was seen: since when they have been, in µs since 1970 UTC; 0 for since ever."""
    recount: bytes | None = None
    """Of a correction: what takes the place of what was counted, packed."""
    retraction: bytes | None = None
    """Of a retraction: the alert and the reason."""


_decoder: Final = msgspec.json.Decoder(SubjectEvent)
_encoder: Final = msgspec.json.Encoder()


def subject_key(platform: str, account_id: str) -> str:
    """The key of an account everywhere: `platform:id`."""
    return f"{platform}:{account_id}"


def subject_key_parts(key: str) -> tuple[str, str]:
    """The platform and the id of a `subject_key`; an id may have colons."""
    platform, _, account_id = key.partition(":")
    return platform, account_id


def decode_subject_event(payload: bytes) -> SubjectEvent:
    """Decode one internal event; raises `msgspec.DecodeError` on bytes that SCREEN did not write."""
    return _decoder.decode(payload)


def encode_subject_event(event: SubjectEvent) -> bytes:
    """Encode one internal event as JSON."""
    return _encoder.encode(event)
