"""The internal event on its way to WATCH: one thing that concerns the officials of one State."""

from typing import Final, Literal, TypeAlias

import msgspec
from msgspec import Struct

from streams.core.clock import StoredInt
from streams.core.gone import Absence
from streams.core.officials import Category, Official
from streams.core.subject_event import Coordinates
from streams.events import Account, Precision, SuspensionStatus

__all__ = [
    "STATE_TEXT",
    "Amplifier",
    "CountryEvent",
    "CountryEventKind",
    "PostKind",
    "RawProgress",
    "ReadUpTo",
    "SourceCoverage",
    "Standing",
    "SuspensionPeriod",
    "decode_country_event",
    "encode_country_event",
]

CountryEventKind: TypeAlias = Literal[
    "post", "deletion", "subject_post", "subject_deletion", "notice", "standing", "coverage", "tick"
]
PostKind: TypeAlias = Literal["post", "reply", "quote", "retweet"]

STATE_TEXT: Final = 4_000
"""Characters of a post's text that travel; platforms' ordinary posts are shorter."""


class SuspensionPeriod(Struct, frozen=True, array_like=True):
    """One suspension of a subject, from the first notice of it to its reversal, `None` while it stands (µs).

    From `opened_us` on it is certain; it may have begun since `not_before_us`, `None` where nobody knows since when.
    `seen_again`: no notice says that it ended, but the account was there again at `reinstated_us`.
    """

    opened_us: StoredInt
    status: SuspensionStatus
    event_id: str
    source: Coordinates
    reinstated_us: StoredInt | None = None
    not_before_us: StoredInt | None = None
    precision: Precision | None = None
    seen_again: bool = False


class Amplifier(Struct, frozen=True, array_like=True):
    """One official's amplifications of a subject, without those taken back before its suspension; times in µs."""

    id: str
    handle: str | None
    category: Category
    amplifications: StoredInt
    first_us: StoredInt
    last_us: StoredInt


class Standing(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """TRACK's word on a suspended subject to one State: its suspensions, and which of its officials amplified it.

    The higher `version` is the newer one. Without suspension periods every watch for the subject is void. `absences`
    are the spans for which its posts were gone, and every retweet of them.
    """

    version: StoredInt
    periods: tuple[SuspensionPeriod, ...] = ()
    amplifiers: tuple[Amplifier, ...] = ()
    absences: tuple[Absence, ...] = ()


class ReadUpTo(Struct, frozen=True, array_like=True):
    """How far SCREEN has read one partition of a raw topic: `at_us` is the newest event time in it (µs), 0 where the
    worker has read nothing yet. An `idle` partition is read to the end of its log and brought nothing for a time.
    """

    partition: StoredInt
    at_us: StoredInt
    idle: bool = False


class RawProgress(Struct, frozen=True, kw_only=True):
    """What one worker had read of the raw partitions assigned to it at `as_of_us` by its clock (µs).

    `partitions` is the number of partitions of every raw topic, `read` the assigned ones, both by plain topic name.
    """

    as_of_us: StoredInt
    partitions: dict[str, StoredInt]
    read: dict[str, tuple[ReadUpTo, ...]]


class SourceCoverage(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a source saw, or did not see, of the officials of a State: the raw event's own words, times in µs.

    `officials` are those of the State that it names; `None` is for all.
    """

    source: str
    seen: bool
    since_us: StoredInt | None = None
    until_us: StoredInt | None = None
    officials: tuple[str, ...] | None = None
    closed_by: Literal["replay", "back_fill"] | None = None


class CountryEvent(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One post, deletion, subject's post, standing, coverage or tick, addressed to the State `country` (its Kafka key).

    `event_id` is the raw event's id, for posts the post's own. `at_us` is the event time (µs since 1970 UTC),
    `observed_us` when a collector saw the post.

    - `post`: `official` wrote, or with `post_kind` `retweet` passed on, a post. `subject` is whom it retweets or
      quotes, unless that is itself; `post_id` the post retweeted or quoted, `about` every other account it quotes,
      answers or mentions, by id and handle. `author_unknown`: it quotes a post of which is not said whose it is but,
      where there is one, by the `quoted_handle` in a link.
    - `deletion`: the post `post_id` by `official` is gone. Where nobody knows whose it is, `official` is `None` and
      `country` empty.
    - `subject_deletion`: the post `post_id` by a tracked subject, `subject`, is gone.
    - `notice`: the account of `official` is suspended, gone or back, as `status` says.
    - `subject_post`: a tracked subject, `subject`, wrote a post of its own.
    - `standing`: TRACK's word on `subject`.
    - `coverage`: what a source saw of the platform; `event_id` names the span, of which the last word is the valid one.
    - `tick`: with `progress`, how far a worker has read its raw partitions, from which WATCH takes the watermark;
      without, event time has come as far as `at_us` (the end of a run over files). `country` is empty.
    """

    kind: CountryEventKind
    country: str
    platform: str
    event_id: str
    at_us: StoredInt
    source: Coordinates
    roster_digest: str = ""
    official: Official | None = None
    post_kind: PostKind = "post"
    text: str = ""
    lang: str | None = None
    links: tuple[str, ...] = ()
    about: tuple[Account, ...] = ()
    subject: Account | None = None
    subject_is_official: bool = False
    post_id: str | None = None
    author_unknown: bool = False
    quoted_handle: str | None = None
    standing: Standing | None = None
    progress: RawProgress | None = None
    status: SuspensionStatus | None = None
    observed_us: StoredInt | None = None
    coverage: SourceCoverage | None = None


_decoder: Final = msgspec.json.Decoder(CountryEvent)
_encoder: Final = msgspec.json.Encoder()


def decode_country_event(payload: bytes) -> CountryEvent:
    """Decode one internal event; raises `msgspec.DecodeError` on bytes that no agent of ours wrote."""
    return _decoder.decode(payload)


def encode_country_event(event: CountryEvent) -> bytes:
    """Encode one internal event as JSON."""
    return _encoder.encode(event)
