"""Whether an incident is told to people: paged, held back, or nothing at all. Pure: the clock and the count come in."""

import msgspec

from streams.core.clock import from_us, to_us
from streams.core.noticing.incident import ends_us, is_history
from streams.core.noticing.notices import AlertHead, NoticePolicy, labels_of
from streams.core.noticing.notification import Decision, Notification

__all__ = ["decide", "relabelled", "utc_day"]


def utc_day(at_us: int) -> str:
    """The UTC day of a time, as `2021-01-21`."""
    return from_us(at_us).date().isoformat()


def decide(
    alert: AlertHead,
    published_us: int,
    now_us: int,
    before: Notification | None,
    paged: int,
    policy: NoticePolicy,
) -> Notification | None:
    """What is to be written down about an incident that is not being told; `None` where nothing changes.

    `alert` is the one that stands for it, as it was last published, `before` what was decided last, and `paged` how
    many incidents of its rule were paged on this UTC day. An incident that was decided about is judged anew when it is
    published again: a back-fill that turns out to go on, a rule that leaves shadow mode, on a later day one that was
    beyond the budget. An alert that fired after the end of what was decided about begins it anew.
    """
    last = before
    if before is not None and to_us(alert.fired_at) > to_us(before.ends_at):
        before = None
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
        dedup_key=alert.dedup_key,
        rule=alert.rule,
        decision=decision,
        day=day,
        decided_at=from_us(now_us),
        ends_at=alert.expires_at,
        labels=labels_of(alert, before.labels if before else None) if decision == "page" else {},
        times=last.times + 1 if last and (last.decision, last.day) == (decision, day) else 1,
    )


def relabelled(before: Notification, alert: AlertHead) -> Notification | None:
    """What is to be written down where an incident that is being told has become more severe; `None` where not."""
    labels = labels_of(alert, before.labels)
    if labels == before.labels:
        return None
    return msgspec.structs.replace(
        before, labels=labels, former=(before.labels, *before.former), ends_at=alert.expires_at
    )
