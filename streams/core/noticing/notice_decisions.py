"""Whether an alert is told to people: paged, held back, or nothing at all. Pure: the clock and the count come in."""

from typing import Final

import msgspec

from streams.core.clock import from_us, to_us
from streams.core.noticing.notices import AlertHead, NoticePolicy, labels_of
from streams.core.noticing.notification import Decision, Notification

__all__ = ["decide", "ends_us", "is_history", "utc_day"]

_MOST_FORMER: Final = 4  # a severity has three values; more former label sets than that come of States that come and go


def utc_day(at_us: int) -> str:
    """The UTC day of a time, as `2021-01-21`."""
    return from_us(at_us).date().isoformat()


def ends_us(alert: AlertHead) -> int:
    """Until when an alert fires, in µs since 1970 UTC; 0 where it does not, whatever the time."""
    if alert.status != "firing" or alert.mode != "live":
        return 0
    return to_us(alert.expires_at)


def decide(
    alert: AlertHead,
    published_us: int,
    now_us: int,
    before: Notification | None,
    paged: int,
    policy: NoticePolicy,
) -> Notification | None:
    """What is to be written down about an alert as it was last published; `None` where nothing changes.

    `before` is what was decided so far, `paged` how many alerts of its rule were paged on this UTC day. An alert that
    is paged stays so until its end was told. One that was not is judged anew when it is published again: a back-fill
    that turns out to go on, a rule that leaves shadow mode, and on a later day one that was beyond the budget.
    """
    if before is not None and before.is_open:
        return _relabelled(before, alert, now_us)
    if before is None:
        if is_history(alert, published_us, now_us, policy):
            return None
    elif ends_us(alert) <= now_us:
        return None
    day = utc_day(now_us)
    if (
        before is not None
        and before.decision == "over_budget"
        # Only what is published after the decision is news: else each restart on a later day would judge anew.
        and (before.day >= day or published_us <= to_us(before.decided_at))
    ):
        return None
    decision: Decision = "page"
    if alert.mode == "shadow":
        decision = "shadow"
    elif published_us - to_us(alert.as_of) > policy.max_age_us:
        decision = "back_fill"
    elif paged >= policy.daily_budget:
        decision = "over_budget"
    if before is not None and before.decision == decision and decision in ("shadow", "back_fill"):
        return None
    return Notification(
        alert_id=alert.id,
        rule=alert.rule,
        decision=decision,
        day=day,
        decided_at=from_us(now_us),
        ends_at=alert.expires_at,
        labels=labels_of(alert, before.labels if before else None) if decision == "page" else {},
    )


def is_history(alert: AlertHead, published_us: int, now_us: int, policy: NoticePolicy) -> bool:
    """Nothing to decide about: taken back, or over and published so long ago that nobody waits for it."""
    over = alert.status != "firing" or to_us(alert.expires_at) <= now_us
    return alert.status == "retracted" or (over and now_us - published_us > policy.max_age_us)


def _relabelled(before: Notification, alert: AlertHead, now_us: int) -> Notification | None:
    if ends_us(alert) <= now_us:
        return None  # its end is told with the labels by which it is known
    labels = labels_of(alert, before.labels)
    if labels == before.labels:
        return None
    former = (before.labels, *(other for other in before.former if other not in (labels, before.labels)))
    return msgspec.structs.replace(before, labels=labels, former=former[:_MOST_FORMER], ends_at=alert.expires_at)
