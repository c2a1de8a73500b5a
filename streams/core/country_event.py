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
    "post",
    "deletion",
    "subject_post",
    "subject_deletion",
    "notice",
    "standing",
    "coverage",
    "retraction",
    "tick",
    "recount_open",
    "recount",
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
    """From when on it is certainly suspended, in µs since 1970 UTC."""
    status: SuspensionStatus
    """What became of the account."""
    event_id: str
    """The id of the first notice."""
    source: Coordinates
    """Where that notice stands."""
    reinstated_us: StoredInt | None = None
    """When it was back, in µs since 1970 UTC; null while it is not."""
    not_before_us: StoredInt | None = None
    """Since when it may have been suspended, in µs since 1970 UTC; null where nobody knows."""
    precision: Precision | None = None
    """What the time of the first notice is."""
    seen_again: bool = False
    """No notice says that it ended, but the account was seen again."""


class Amplifier(Struct, frozen=True, array_like=True):
    """One official's amplifications of a subject, without those taken back before its suspension; times in µs."""

    id: str
    """The platform's id of the official's account."""
    handle: str | None
    """Its handle, without @."""
    category: Category
    """What kind of official the account is."""
    amplifications: StoredInt
    """Amplifications, without those taken back before the suspension."""
    first_us: StoredInt
    """The first of them, in µs since 1970 UTC."""
    last_us: StoredInt
    """The last of them, in µs since 1970 UTC."""


class Standing(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """TRACK's word on a suspended subject to one State: its suspensions, and which of its officials amplified it.

    The higher `version` is the newer one. Without suspension periods every watch for the subject is void. `absences`
    are the spans for which its posts were gone, and every retweet of them.
    """

    version: StoredInt
    """Rises with each word on the same subject; of two the higher is valid."""
    periods: tuple[SuspensionPeriod, ...] = ()
    """Suspensions of the subject."""
    amplifiers: tuple[Amplifier, ...] = ()
    """Officials of the State that amplified it."""
    absences: tuple[Absence, ...] = ()
    """When the account was gone, as far as is known."""


class ReadUpTo(Struct, frozen=True, array_like=True):
    """How far SCREEN has read one partition of a raw topic: `at_us` is the newest event time in it (µs), 0 where the
    worker has read nothing yet. An `idle` partition is read to the end of its log and brought nothing for a time.
    """

    partition: StoredInt
    """The partition of the raw topic."""
    at_us: StoredInt
    """The newest event time read there, in µs since 1970 UTC; 0 where nothing was read yet."""
    idle: bool = False
    """It is read to its end and brought nothing for a time: it holds nothing back."""


class RawProgress(Struct, frozen=True, kw_only=True):
    """What one worker had read of the raw partitions assigned to it at `as_of_us` by its clock (µs).

    `partitions` is the number of partitions of every raw topic, `read` the assigned ones, both by plain topic name.
    `roster` is the digest of the one by which it screens whatever it reads next.
    """

    as_of_us: StoredInt
    """When this was said, in µs since 1970 UTC."""
    partitions: dict[str, StoredInt]
    """How many partitions each raw topic has, by plain name."""
    read: dict[str, tuple[ReadUpTo, ...]]
    """How far the partitions of this worker are read, by plain name of their topic."""
    roster: str = ""
    """Digest of the roster by which it screens whatever it reads next."""


class SourceCoverage(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a source saw, or did not see, of the officials of a State: the raw event's own words, times in µs.

    `officials` are those of the State that it names; `None` is for all.
    """

    source: str
    """Who says so."""
    seen: bool
    """Whether the span was seen, or was missed."""
    since_us: StoredInt | None = None
    """Where the span begins, in µs since 1970 UTC."""
    until_us: StoredInt | None = None
    """Where the span ends, in µs since 1970 UTC."""
    officials: tuple[str, ...] | None = None
    """Ids of the officials concerned; null for all."""
    closed_by: Literal["replay", "back_fill"] | None = None
    """What brought the events of a missed span afterwards."""


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
    - `retraction`: a person retracts the alert `event_id` about `subject`, see `streams.core.retractions`.
    - `coverage`: what a source saw of the platform; `event_id` names the span, of which the last word is the valid one.
    - `tick`: with `progress`, how far a worker has read its raw partitions, from which WATCH takes the watermark;
      without, event time has come as far as `at_us` (the end of a run over files). `country` is empty.
    - `recount_open`, `recount`: a correction of the roster begins to put the State's ledger right, and a part of what
      takes the place of what was wrong, packed (`country_recounts`).
    """

    kind: CountryEventKind
    """What happened."""
    country: str
    """The State whose officials it concerns; empty for ticks."""
    platform: str
    """The platform."""
    event_id: str
    """The id of the raw event, or a name of its own."""
    at_us: StoredInt
    """Event time, in µs since 1970 UTC."""
    source: Coordinates
    """Where the raw event stands."""
    roster_digest: str = ""
    """Digest of the roster by which it was screened."""
    official: Official | None = None
    """The official concerned."""
    post_kind: PostKind = "post"
    """Of a post: what kind of post."""
    text: str = ""
    """Of a post: its text, cut."""
    lang: str | None = None
    """Of a post: its language, as the platform tells it."""
    links: tuple[str, ...] = ()
    """Of a post: addresses that it links to."""
    about: tuple[Account, ...] = ()
    """Of a post: accounts that it mentions, answers or quotes."""
    subject: Account | None = None
    """The subject concerned."""
    subject_is_official: bool = False
    """Whether the subject was on the roster at the event's time."""
    post_id: str | None = None
    """The post that is passed on, quoted or gone."""
    versions: tuple[str, ...] = ()
    """Of a post: its further ids, one for each later version."""
    original_versions: tuple[str, ...] = ()
    """Of a post: further ids of the post that is passed on or quoted."""
    author_unknown: bool = False
    """The author of the quoted post is not known."""
    quoted_handle: str | None = None
    """The handle of the quoted post's author, where a link is all that says it."""
    standing: Standing | None = None
    """What TRACK says of a subject: suspensions, and who amplified it."""
    progress: RawProgress | None = None
    """How far raw topics were read."""
    status: SuspensionStatus | None = None
    """Of a notice: what became of the account."""
    observed_us: StoredInt | None = None
    """When a collector saw it, in µs since 1970 UTC; null where that is not known."""
    coverage: SourceCoverage | None = None
    """What a source saw, or did not see."""
    retraction: bytes | None = None
    """Of a retraction: the alert and the reason."""
    recount: bytes | None = None
    """What takes the place of what the State's ledger has of some accounts, packed."""


_decoder: Final = msgspec.json.Decoder(CountryEvent)
_encoder: Final = msgspec.json.Encoder()


def decode_country_event(payload: bytes) -> CountryEvent:
    """Decode one internal event; raises `msgspec.DecodeError` on bytes that no agent of ours wrote."""
    return _decoder.decode(payload)


def encode_country_event(event: CountryEvent) -> bytes:
    """Encode one internal event as JSON."""
    return _encoder.encode(event)
