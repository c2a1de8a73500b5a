"""One subject's state: what TRACK keeps, bounded, and how it is written down.

Owns the shape and the codec. What changes it is `track`; what follows from it is `moment`, `judge`, `dossier`.
"""

from operator import attrgetter
from typing import Final

import msgspec
from msgspec import Struct, field

from streams.core.country_event import SuspensionPeriod
from streams.core.gone import Deleted, RemovalReason
from streams.core.officials import Category
from streams.core.retractions import Retraction
from streams.core.subject_event import Coordinates, SubjectEventKind
from streams.core.tracking.own_posts import OwnPosts
from streams.core.tracking.recount_state import RecountUnderWay, Superseded
from streams.events import AccountSource, Precision, SuspensionStatus

__all__ = [
    "NOT_JUDGED",
    "Episode",
    "Gone",
    "GoneEvicted",
    "OfficialState",
    "RetainedEngagement",
    "RetainedSuspension",
    "RetractedSpan",
    "RuleHistory",
    "Sent",
    "Snapshot",
    "Subject",
    "SubjectState",
    "TrackPolicy",
    "Withdrawal",
    "decode_subject",
    "encode_subject",
    "engagement_key",
    "order",
]

NOT_JUDGED: Final = -1


class TrackPolicy(Struct, frozen=True, kw_only=True):
    """Bounds on what is kept for one subject; what they push out is counted, never silently gone.

    1,024 amplifications are three times what the busiest ordinary subject of four years of French parliamentary
    retweets had in any 30 days; older ones stay as totals and hourly counts.
    """

    amplifications: int = 1_024
    contacts: int = 1_024  # replies, mentions and follows
    officials: int = 4_096
    suspensions: int = 64
    profiles: int = 128  # reports of followers that no retained engagement carries
    pending_withdrawals: int = 256
    evidence: int = 32
    evicted_withdrawals: int = 1_024  # amplifications taken back that are no longer retained
    links: int = 256  # own posts that link to official domains
    text_matches: int = 128  # own posts whose text an official post shares
    fences: int = 4_096  # raw partitions
    unengaged_days: int = 30  # of event time, for the suspension of a subject that no official engaged with
    unengaged_profile_days: int = 0  # likewise for a subject of which only profiles are known; 0: not kept
    sightings: int = 128  # times at which the subject was seen, besides those of retained engagements
    originals: int = 256  # own posts that are deleted
    followed_from: int = 3  # amplifications from which on the subject's own posts are looked at


class Gone(Struct, array_like=True):
    """An amplification that was noticed to be gone: when, of which post it was, and what WATCH says of its official's
    own account. `reason` follows from these and from the state (`streams.core.tracking.removal_reasons`): `None` where
    it is not gone after all.
    """

    deleted: Deleted
    original: str | None = None
    by_official: RemovalReason | None = None
    reason: RemovalReason | None = None


class RetainedEngagement(Struct, array_like=True):
    """One retained engagement. `held` caches the judgement of the rules at this time, two bits a rule.

    `observed_us` is when it was last seen. `withdrawn_us` is when it was taken back, as follows from `gone`.
    """

    at_us: int
    event_id: str
    kind: SubjectEventKind
    official: str
    source: Coordinates
    digest: int  # index into SubjectState.digests: the roster that said so
    subject_is_official: bool = False
    followers: int | None = None
    active: bool = True
    withdrawn_us: int | None = None
    folded: bool = False  # already part of RuleHistory
    held: int = NOT_JUDGED
    observed_us: int | None = None
    gone: Gone | None = None


class RetainedSuspension(Struct, array_like=True):
    """One retained suspension notice; judged like an engagement."""

    at_us: int
    event_id: str
    status: SuspensionStatus
    source: Coordinates
    digest: int
    subject_is_official: bool = False
    folded: bool = False
    held: int = NOT_JUDGED
    precision: Precision | None = None

    @property
    def kind(self) -> SubjectEventKind:
        """Always `suspension`."""
        return "suspension"


class OfficialState(Struct, array_like=True):
    """An official that engaged with the subject: who it is, and the part of its figures that is no longer retained."""

    handle: str | None
    state: str
    category: Category
    seen_us: int
    retweets: int = 0
    quotes: int = 0
    first_us: int | None = None
    last_us: int | None = None
    follow_us: int | None = None  # since when, by evicted events, it follows or no longer does; None without any
    follows: bool = False


class Snapshot(Struct, array_like=True):
    """The newest known value of each field of the subject's account, with the event time that told it."""

    handle: str | None = None
    handle_us: int = 0
    name: str | None = None
    name_us: int = 0
    followers: int | None = None
    followers_us: int = 0
    verified: bool | None = None
    verified_us: int = 0
    created_us: int | None = None
    created_source: AccountSource | None = None


class Withdrawal(Struct, array_like=True):
    """A deletion whose amplification has not arrived yet."""

    event_id: str
    official: str
    at_us: int  # the first time
    gone: Gone | None = None
    observed_us: int | None = None


class GoneEvicted(Struct, array_like=True):
    """An amplification that was noticed to be gone and is no longer retained.

    `withdrawn_us` is when it was taken back; then, and only then, it is in no total. `counted`: it ever was in one, or
    would be if it were not gone; false where it came too late, or is another's.
    """

    at_us: int
    event_id: str
    kind: SubjectEventKind
    official: str
    withdrawn_us: int | None = None
    gone: Gone | None = None
    observed_us: int | None = None
    counted: bool = True


class Episode(Struct, array_like=True):
    """One span in which a rule's alert fires; `severity` is an index into SEVERITIES, the highest so far.

    `returned`: its last event is that the account is back, and the rule asks for a suspension. `fired_figures` and
    `figures` are as of `fired_us` and `last_us`; `None` until somebody works them out.
    """

    fired_us: int
    last_us: int
    severity: int
    digest: int
    closed: bool = False
    fired_figures: dict[str, float | int | bool | None] | None = None
    figures: dict[str, float | int | bool | None] | None = None
    returned: bool = False


class Sent(Struct, frozen=True, array_like=True):
    """An alert as it was last sent: the interval in its id (µs), the span of its episode, and a hash of the content."""

    interval_us: int
    fired_us: int
    last_us: int
    content: int


class RetractedSpan(Struct, frozen=True, array_like=True):
    """The span of an episode whose alert a person retracted, as it was then."""

    fired_us: int
    last_us: int
    retraction: Retraction


class RuleHistory(Struct, array_like=True):
    """What is remembered of a rule for one subject beyond what is retained.

    `under_way` is the episode that crosses the horizon of what is retained. `sent` has each alert that is not older, as
    it was last sent. `retracted` are by time.
    """

    under_way: Episode | None = None
    sent: list[Sent] = field(default_factory=list)
    retracted: list[RetractedSpan] = field(default_factory=list)


class SubjectState(Struct, array_like=True):
    """Everything TRACK keeps about one subject. All times are µs since 1970 UTC.

    Lists of events are sorted by `order`: two events may share an id where they differ in kind.
    """

    platform: str
    subject_id: str
    snapshot: Snapshot
    amplifications: list[RetainedEngagement] = field(default_factory=list)
    contacts: list[RetainedEngagement] = field(default_factory=list)
    suspensions: list[RetainedSuspension] = field(default_factory=list)
    profiles: list[tuple[int, int]] = field(default_factory=list)  # (time, followers): reports that nothing above holds
    officials: dict[str, OfficialState] = field(default_factory=dict)
    hours: dict[int, int] = field(default_factory=dict)  # evicted amplifications by whole hour since 1970
    evicted_amplifications: int = 0
    evicted_contacts: int = 0
    evicted_suspensions: int = 0
    evicted_replies: int = 0
    evicted_mentions: int = 0
    pending: list[Withdrawal] = field(default_factory=list)
    withdrawn: int = 0
    dropped: int = 0
    digests: list[str] = field(default_factory=list)
    roster: tuple[int, str, int] = (0, "", 0)  # (time, event id, digest) of the newest event
    is_official: tuple[int, str, bool] = (0, "", False)  # (time, event id, on the roster) of the newest event
    fences: dict[str, int] = field(default_factory=dict)  # "topic/partition" -> highest raw offset applied
    rules_digest: str = ""
    histories: dict[str, RuleHistory] = field(default_factory=dict)
    states: list[str] = field(default_factory=list)  # those whose officials amplified it, as said at the time
    weeks: dict[int, int] = field(default_factory=dict)  # evicted amplifications by whole week since 1970
    evicted_gone: list[GoneEvicted] = field(default_factory=list)  # of evicted amplifications; in order
    evicted_gone_lost: int = 0
    own: OwnPosts | None = None
    periods: list[SuspensionPeriod] = field(default_factory=list)  # by the notices that are no longer retained
    standings: dict[str, int] = field(default_factory=dict)  # hash of what each State was told of its suspensions
    standing_version: int = 0
    followed: list[str] = field(default_factory=list)  # the States for which SCREEN was told to follow it
    evicted_as_no_official: int = 0  # evicted amplifications that found the subject off the roster
    dropped_amplifications: int = 0  # of what was dropped: figures are lower bounds from then on
    removal_reasons: dict[RemovalReason, int] = field(default_factory=dict)  # of what is gone, all together
    lost_removal_reasons: dict[RemovalReason, int] = field(default_factory=dict)  # of what `evicted_gone` had to forget
    seen: list[int] = field(default_factory=list)  # sightings that nothing retained tells of; sorted
    notices: list[tuple[int, bool]] = field(default_factory=list)  # evicted ones: when, and whether it is gone
    originals: dict[str, int] = field(default_factory=dict)  # own posts that are deleted, and since when
    evicted_up_to: tuple[int, str, str] = (0, "", "")  # `order` of the last amplification that is evicted
    seen_since: dict[str, int] = field(default_factory=dict)  # by State, as WATCH told it; 0 for since ever
    recount: RecountUnderWay | None = None
    recounted: str = ""  # the last correction that recounted it
    superseded: list[Superseded] = field(default_factory=list)


order = attrgetter("at_us", "event_id", "kind")


def engagement_key(kind: str, event_id: str) -> tuple[bool, str]:
    """What makes two engagements of a subject the same: the id of the post, whatever a copy takes it for, or of the
    follow.
    """
    return kind == "follow", event_id


class Subject:
    """A live subject: its state and an index of the event ids in it. The index is rebuilt, never written down."""

    __slots__ = ("by_id", "state")

    def __init__(self, state: SubjectState) -> None:
        self.state = state
        self.by_id: dict[tuple[bool, str], RetainedEngagement] = {
            engagement_key(kept.kind, kept.event_id): kept for kept in (*state.amplifications, *state.contacts)
        }


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(SubjectState)


def encode_subject(subject: Subject) -> bytes:
    """The subject's state as MessagePack, for the changelog."""
    return _encoder.encode(subject.state)


def decode_subject(payload: bytes) -> Subject:
    """The subject from its changelog record; `msgspec.DecodeError` on broken bytes, which must stop the worker."""
    state = _decoder.decode(payload)
    if not state.states and state.amplifications:  # written before States were kept
        state.states = sorted({state.officials[kept.official].state for kept in state.amplifications})
    if not state.removal_reasons and (state.withdrawn or state.pending or state.evicted_gone):
        _fill_in_deletions(state)
    return Subject(state)


def _fill_in_deletions(state: SubjectState) -> None:
    """Of a state written before it was asked why an amplification is gone: every one was taken back."""
    for kept in state.amplifications:
        if kept.gone is None and kept.withdrawn_us is not None:
            kept.gone = Gone(Deleted(kept.withdrawn_us, kept.withdrawn_us))
    for pending in state.pending:
        if pending.gone is None:
            pending.gone = Gone(Deleted(pending.at_us, pending.at_us))
    for evicted in state.evicted_gone:
        if evicted.gone is None:
            evicted.counted = bool(evicted.withdrawn_us)
            at_us, evicted.withdrawn_us = evicted.withdrawn_us or 0, evicted.withdrawn_us or None
            evicted.gone = Gone(Deleted(at_us, at_us))
    known = sum(kept.withdrawn_us is not None for kept in state.amplifications)
    known += sum(evicted.withdrawn_us is not None for evicted in state.evicted_gone)
    if state.withdrawn > known:
        state.lost_removal_reasons = {RemovalReason.TAKEN_BACK: state.withdrawn - known}
