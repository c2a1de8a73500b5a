"""Possible successors: accounts that resemble a suspended one and that the same officials took up soon after.

Says what was observed and why an account is listed; never that it is a successor. Pure functions of two accounts.
"""

from collections.abc import Callable
from typing import Final

from streams.core.accounts import creation
from streams.core.clock import DAY_US, from_us, to_us
from streams.core.suspension_words import account_words, event_words
from streams.core.texts.closeness import CLOSE_HANDLES, CLOSE_NAMES, handle_closeness, name_closeness
from streams.core.watching.aftermath_records import PossibleSuccessor
from streams.core.watching.records import AmplifiedAccount
from streams.core.watching.watch import WatchPeriod
from streams.core.watching.watch_policy import WatchPolicy

__all__ = ["known_better", "may_succeed", "successor_of"]

_ENOUGH_OFFICIALS: Final = 2  # one official alone amplifies many new accounts
# Texts are close from a quarter of the fingerprints of the one with fewer on, as for a text match, and from eight on:
# one passage that many pass on has fewer.
_CLOSE_TEXTS: Final = 8
_CLOSE_SHARE: Final = 4


def successor_of(
    watch: WatchPeriod, amplified_account: AmplifiedAccount, own: AmplifiedAccount | None, policy: WatchPolicy
) -> PossibleSuccessor | None:
    """What speaks for an account's being a possible successor of the watch's subject; `None` where not enough does.

    `own` is the subject's own amplified account, which has its texts. All of it must hold: no official of the State
    amplified the account before the suspension; at least two of those that had amplified the subject, or the one there
    is, took it up within `successor_days`; the account's age is known and was at most `successor_age_days` when the
    first did; it was not created before the subject, as far as that is known; its handle, its name or its texts are
    close.
    """
    account, until_us = amplified_account.subject, watch.opened_us + policy.successor_days * DAY_US
    if (
        amplified_account.platform != watch.platform
        or account.id == watch.subject.id
        or not amplified_account.officials
    ):
        return None
    if not watch.opened_us <= amplified_account.first_us < until_us:
        return None
    amplifiers = {amplifier.id for amplifier in watch.amplifiers}
    common = sorted(
        (us, official)
        for official, us in amplified_account.officials.items()
        if official in amplifiers and us < until_us
    )
    enough = min(_ENOUGH_OFFICIALS, len(amplifiers))
    if not common or len(common) < enough or account.created_at is None:
        return None
    first_us, created_us = common[0][0], to_us(account.created_at)
    own_created_us, _ = creation(watch.platform, watch.subject, watch.opened_us)
    if not 0 <= first_us - created_us <= policy.successor_age_days * DAY_US:
        return None
    if own_created_us is not None and created_us <= own_created_us:
        return None
    handles = _closeness(watch.subject.handle, account.handle, handle_closeness)
    names = _closeness(watch.subject.name, account.name, name_closeness)
    sketch = () if own is None else own.sketch
    shared, of = (
        len(set(sketch).intersection(amplified_account.sketch)),
        min(len(sketch), len(amplified_account.sketch)),
    )
    gone = account_words(watch.period.status)
    reasons = []
    if handles is not None and handles >= CLOSE_HANDLES:
        reasons.append(f"its handle @{account.handle} is close to @{watch.subject.handle}")
    if names is not None and names >= CLOSE_NAMES:
        reasons.append(f"its name is close to that of {gone}")
    if shared >= _CLOSE_TEXTS and shared * _CLOSE_SHARE >= of:
        reasons.append(f"its posts share {shared} of {of} fingerprints with those of {gone}")
    if not reasons:
        return None
    days, age = (first_us - watch.opened_us) / DAY_US, (first_us - created_us) / DAY_US
    taken_up = f"{len(common)} of the {len(amplifiers)} officials that had amplified {gone} took it up"
    reasons.append(
        f"{taken_up}, the first {days:.1f} days after {event_words(watch.period.status)}, "
        f"when it was {age:.1f} days old"
    )
    officials = [official for _, official in common]
    return PossibleSuccessor(
        subject=account,
        officials_in_common=len(common),
        officials=tuple(officials[: policy.listed]),
        amplifications=sum(each.official in officials for each in amplified_account.first),
        first_amplified_at=from_us(first_us),
        noticed_at=from_us(common[enough - 1][0]),
        days_after_suspension=days,
        age_days=age,
        handle_closeness=handles,
        name_closeness=names,
        shared_fingerprints=shared,
        fingerprints=of,
        reasons=tuple(reasons),
    )


def may_succeed(amplified_account: AmplifiedAccount, policy: WatchPolicy) -> bool:
    """Whether the account may be a successor of any: it was taken up, and was young when some official did."""
    created_at = amplified_account.subject.created_at
    if created_at is None or not amplified_account.officials:
        return False
    created_us = to_us(created_at)
    return any(
        0 <= us - created_us <= policy.successor_age_days * DAY_US for us in amplified_account.officials.values()
    )


def known_better(before: AmplifiedAccount | None, after: AmplifiedAccount) -> bool:
    """Whether anything that `successor_of` looks at changed from one amplified account to the next."""
    return before is None or _looked_at(before) != _looked_at(after)


def _looked_at(amplified_account: AmplifiedAccount) -> tuple[object, ...]:
    return amplified_account.subject, amplified_account.officials, amplified_account.first, amplified_account.sketch


def _closeness(one: str | None, other: str | None, closeness: Callable[[str, str], float]) -> float | None:
    return closeness(one, other) if one and other else None
