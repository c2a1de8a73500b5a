"""Which subjects' own posts are looked at: those that officials keep amplifying. Decided once, and only a correction of
the roster takes it back.

Counts amplifications whether or not they were taken back later, and States as they were said at the time: so that the
decision does not depend on the order in which things arrive.
"""

from streams.core.tracked import TrackedAccount
from streams.core.tracking.subject import SubjectState, TrackPolicy

__all__ = ["followed_account", "is_followed"]


def is_followed(state: SubjectState, policy: TrackPolicy) -> bool:
    """Whether the subject's own posts are asked for: from the third amplification on that finds it no official."""
    if state.followed:
        return True
    if len(state.amplifications) < policy.followed_from:
        return False
    counted = state.evicted_as_no_official
    return counted + sum(not kept.subject_is_official for kept in state.amplifications) >= policy.followed_from


def followed_account(state: SubjectState, policy: TrackPolicy) -> TrackedAccount | None:
    """What SCREEN is to be told, or `None` where it knows already. Notes in the state what was told."""
    if set(state.states) <= set(state.followed) or not is_followed(state, policy):
        return None
    state.followed = sorted({*state.followed, *state.states})
    return TrackedAccount(platform=state.platform, id=state.subject_id, countries=tuple(state.followed))
