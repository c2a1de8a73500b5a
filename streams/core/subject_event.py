"""The internal event between SCREEN and TRACK: one thing that happened to one subject."""

from typing import Final, Literal, TypeAlias

import msgspec
from msgspec import Struct

from streams.core.clock import StoredInt
from streams.core.gone import Fate
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
    partition: StoredInt
    offset: StoredInt


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
    - `tick`: event time has come as far as `at_us`, for all subjects of the partition.
    - `marker`: says nothing.
    """

    kind: SubjectEventKind
    platform: str
    event_id: str
    at_us: StoredInt
    subject: Account
    source: Coordinates
    roster_digest: str = ""
    subject_is_official: bool = False
    official: Official | None = None
    post_id: str | None = None
    active: bool = True
    status: SuspensionStatus | None = None
    domains: tuple[str, ...] = ()
    shared: StoredInt = 0
    of: StoredInt = 0
    matched_us: StoredInt | None = None
    amplified_us: StoredInt | None = None
    amplification_kind: AmplificationKind | None = None
    observed_us: StoredInt | None = None
    last_us: StoredInt | None = None
    by_official: Fate | None = None
    precision: Precision | None = None
    country: str | None = None
    since_us: StoredInt | None = None


_decoder: Final = msgspec.json.Decoder(SubjectEvent)
_encoder: Final = msgspec.json.Encoder()


def subject_key(platform: str, account_id: str) -> str:
    """The key of an account everywhere: `platform:id`."""
    return f"{platform}:{account_id}"


def decode_subject_event(payload: bytes) -> SubjectEvent:
    """Decode one internal event; raises `msgspec.DecodeError` on bytes that SCREEN did not write."""
    return _decoder.decode(payload)


def encode_subject_event(event: SubjectEvent) -> bytes:
    """Encode one internal event as JSON."""
    return _encoder.encode(event)
