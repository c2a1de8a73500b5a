"""What a subject event teaches besides itself: about the account, its followers, the official, the roster.

Each keeps the newest or best of what was said, with a fixed choice between equals, so that order does not matter.
"""

from bisect import bisect_left, insort
from typing import Final

import msgspec

from streams.core.accounts import CERTAINTY, creation
from streams.core.clock import DAY_US
from streams.core.officials import Official
from streams.core.subject_event import SubjectEvent
from streams.core.tracking.subject import (
    NOT_JUDGED,
    Episode,
    OfficialState,
    RetainedEngagement,
    RetainedSuspension,
    SubjectState,
    TrackPolicy,
)

__all__ = [
    "DIGESTS_KEPT",
    "digest_index",
    "followers_of",
    "forget_unused_digests",
    "judge_again_from",
    "keep_report",
    "note_followers",
    "publish_again",
    "update_account",
    "update_official",
]

DIGESTS_KEPT: Final = 16
# WATCH knows neither the newest roster nor whether the subject was on it: what SCREEN said of both stands.
_FROM_WATCH: Final = frozenset({"withdrawal", "text_match"})
# What the changelog's MessagePack holds. Nobody has more: a larger count is somebody's mistake, and unknown.
_MOST_FOLLOWERS: Final = 2**63 - 1


def update_account(state: SubjectState, event: SubjectEvent) -> None:
    """Keep the newest value of each account field; on equal times the larger one, so that order does not matter."""
    account = event.subject
    snapshot = state.snapshot
    at_us = event.at_us
    seen_us = at_us if event.observed_us is None else max(at_us, event.observed_us)
    if account.handle is not None and (at_us, account.handle) > (snapshot.handle_us, snapshot.handle or ""):
        snapshot.handle, snapshot.handle_us = account.handle, at_us
    if account.name is not None and (at_us, account.name) > (snapshot.name_us, snapshot.name or ""):
        snapshot.name, snapshot.name_us = account.name, at_us
    followers = _counted(event)
    if followers is not None:
        known = -1 if snapshot.followers is None else snapshot.followers
        if (seen_us, followers) > (snapshot.followers_us, known):
            snapshot.followers, snapshot.followers_us = followers, seen_us
    if account.verified is not None:
        verified = -1 if snapshot.verified is None else int(snapshot.verified)
        if (at_us, int(account.verified)) > (snapshot.verified_us, verified):
            snapshot.verified, snapshot.verified_us = account.verified, at_us
    _update_creation(state, event)
    if event.kind in _FROM_WATCH:
        return
    newest = (at_us, event.event_id)
    if newest >= state.roster[:2]:
        digest = event.roster_digest
        if newest == state.roster[:2]:
            digest = max(digest, state.digests[state.roster[2]])
        state.roster = (*newest, digest_index(state, digest))
    if (*newest, event.subject_is_official) > state.is_official:
        state.is_official = (*newest, event.subject_is_official)


def followers_of(event: SubjectEvent) -> int | None:
    """The subject's followers at the event's time as the event tells them. What was observed more than a day later says
    nothing of that time; a number beyond all accounts counts as not said.
    """
    if event.observed_us is not None and event.observed_us > event.at_us + DAY_US:
        return None
    return _counted(event)


def _counted(event: SubjectEvent) -> int | None:
    followers = event.subject.followers
    return followers if followers is not None and followers <= _MOST_FOLLOWERS else None


def _update_creation(state: SubjectState, event: SubjectEvent) -> None:
    """A reported creation time beats one that follows from an id, see `CERTAINTY`; of equals the earlier stays."""
    snapshot = state.snapshot
    if snapshot.created_source == "reported" and event.subject.created_at is None:
        return  # an id says nothing better
    created_us, source = creation(event.platform, event.subject, event.at_us)
    if created_us is None:
        return
    new_rank = (CERTAINTY[source], -created_us)
    if snapshot.created_us is None or new_rank > (CERTAINTY[snapshot.created_source], -snapshot.created_us):
        snapshot.created_us, snapshot.created_source = created_us, source
        judge_again_from(state, 0)


def digest_index(state: SubjectState, digest: str) -> int:
    """Rosters change seldom: a list of the digests seen is short, and a number in each event is small."""
    digests = state.digests
    if digests and digests[-1] == digest:  # nearly always
        return len(digests) - 1
    try:
        return digests.index(digest)
    except ValueError:
        if len(state.digests) >= DIGESTS_KEPT:
            forget_unused_digests(state)
        state.digests.append(digest)
        return len(state.digests) - 1


def update_official(state: SubjectState, official: Official, at_us: int, policy: TrackPolicy) -> bool:
    """Keep the newest of what is said of an official; false where the subject has as many officials as it may."""
    known = state.officials.get(official.id)
    if known is None:
        if len(state.officials) >= policy.officials:
            return False
        state.officials[official.id] = OfficialState(official.handle, official.country, official.category, at_us)
    elif (at_us, official.handle or "", official.country, official.category) > (
        known.seen_us,
        known.handle or "",
        known.state,
        known.category,
    ):
        if official.country != known.state:
            judge_again_from(state, 0)  # a rule may look at States
        known.handle, known.state, known.category = official.handle, official.country, official.category
        known.seen_us = at_us
    return True


def keep_report(state: SubjectState, report: tuple[int, int], policy: TrackPolicy) -> bool:
    """Add a report of followers that no retained engagement carries; false where it changes nothing."""
    if report in state.profiles:
        return False
    if len(state.profiles) >= policy.profiles:
        if report < state.profiles[0]:
            return False
        del state.profiles[0]
    insort(state.profiles, report)
    return True


def note_followers(state: SubjectState, event: SubjectEvent, policy: TrackPolicy) -> None:
    """Keep a report of followers that came with no engagement."""
    followers = followers_of(event)
    if followers is not None and keep_report(state, (event.at_us, followers), policy):
        judge_again_from(state, event.at_us)


def publish_again(state: SubjectState) -> None:
    """Forget what was sent: evidence changed in place, which shows in no figure of the alerts that list it."""
    for history in state.histories.values():
        history.sent = [msgspec.structs.replace(sent, content=0) for sent in history.sent]


def judge_again_from(state: SubjectState, at_us: int) -> None:
    """Forget the judgements at and after a time: something before them changed."""
    for kept_list in (state.amplifications, state.contacts, state.suspensions):
        if kept_list and kept_list[-1].at_us >= at_us:
            for kept in kept_list[bisect_left(kept_list, at_us, key=_time) :]:
                kept.held = NOT_JUDGED


def _time(kept: RetainedEngagement | RetainedSuspension) -> int:
    return kept.at_us


def forget_unused_digests(state: SubjectState) -> None:
    """Rosters change for years; only those that something retained was judged by are worth their 64 bytes."""
    holders: list[RetainedEngagement | RetainedSuspension | Episode] = [
        *state.amplifications,
        *state.contacts,
        *state.suspensions,
    ]
    holders += [history.under_way for history in state.histories.values() if history.under_way is not None]
    used = sorted({holder.digest for holder in holders} | {state.roster[2]})
    renumbered = {old: new for new, old in enumerate(used)}
    for holder in holders:
        holder.digest = renumbered[holder.digest]
    state.roster = (*state.roster[:2], renumbered[state.roster[2]])
    state.digests = [state.digests[old] for old in used]
