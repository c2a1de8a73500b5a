"""A watch: the span of event time after one suspension of a subject in which a State's officials are looked at. It
opens when the account is certainly suspended.

Owns when it opens, ends and closes. What happened in it is `aftermath_count`.
"""

from msgspec import Struct

from streams.core.clock import DAY_US
from streams.core.country_event import Amplifier, SuspensionPeriod
from streams.core.identity import aftermath_id, interval_start, watch_about
from streams.core.watching.aftermath_records import AftermathStatus, ClosedBecause
from streams.core.watching.change_set import ChangeSet
from streams.core.watching.records import StandingRecord
from streams.core.watching.references import account_keys
from streams.core.watching.watch_policy import WatchPolicy
from streams.events import Account

__all__ = ["WatchPeriod", "watch_of", "watches_of"]


class WatchPeriod(Struct, frozen=True, kw_only=True):
    """One watch. All times are µs; it lasts from `opened_us` up to, not including, `until_us`: its planned end
    `ends_us`, or the account's reinstatement. Its baseline is from `baseline_us` to `opened_us`; after `not_before_us`
    the account may have been suspended already.

    `amplifiers` are the officials that had amplified the subject by then; `keys` those by which posts refer to it.
    `number` counts the subject's suspensions, and moves with a late notice of an earlier one. What names the watch is
    `interval`: the time interval in which it opened, and which of the suspensions in it it is.
    """

    country: str
    platform: str
    subject: Account
    number: int
    interval: str
    period: SuspensionPeriod
    amplifiers: tuple[Amplifier, ...]
    digest: str
    baseline_us: int
    not_before_us: int
    opened_us: int
    ends_us: int
    until_us: int
    keys: tuple[str, ...]
    amplifier_ids: frozenset[str]

    @property
    def about(self) -> str:
        """What its aftermath and its alerts are about."""
        return watch_about(self.country, self.platform, self.subject.id)

    @property
    def id(self) -> str:
        """The id of its aftermath."""
        return aftermath_id(self.about, self.interval)

    def goes_on_as(self, other: "WatchPeriod") -> bool:
        """Whether the other one, under what is known now, is for the same suspension, or for one that overlaps it."""
        mine, theirs = self.period, other.period
        return (theirs.reinstated_us is None or mine.opened_us <= theirs.reinstated_us) and (
            mine.reinstated_us is None or theirs.opened_us <= mine.reinstated_us
        )

    @property
    def reinstated(self) -> bool:
        """Whether the account came back before the watch had run its time."""
        return self.until_us < self.ends_us

    def status(self, watermark_us: int) -> tuple[AftermathStatus, ClosedBecause | None]:
        """Whether it is open, and what closed it, when event time has come as far as `watermark_us`."""
        if self.reinstated:
            return "closed", "reinstated"
        return ("closed", "elapsed") if watermark_us >= self.ends_us else ("open", None)

    def changed_by(self, changes: ChangeSet, watermark_before_us: int, watermark_us: int) -> bool:
        """Whether a batch may have changed what it found, by posts, deletions or the passing of event time."""
        if watermark_before_us < self.ends_us <= watermark_us or (self.platform, self.subject.id) in changes.texts:
            return True
        first_us, until_us, platform = self.baseline_us, self.until_us, self.platform
        if any(first_us <= at_us < until_us and where in (None, platform) for where, at_us in changes.deletions):
            return True
        if any(first_us <= at_us < until_us for key in self.keys for at_us in changes.referred(platform, key)):
            return True
        # How much each official posted, and was seen, is counted when the watch is over; what comes late corrects it.
        if self.status(watermark_us)[0] == "open":
            return False
        if changes.extensions.get(platform, until_us) < until_us:
            return True
        return any(self.opened_us <= at_us < until_us for at_us in changes.posted())


def watches_of(standing_record: StandingRecord, policy: WatchPolicy) -> list[WatchPeriod]:
    """The watches of a subject, one for each suspension before which officials of the State had amplified it."""
    numbers = range(len(standing_record.standing.periods))
    return [watch for number in numbers if (watch := watch_of(standing_record, number, policy)).amplifiers]


def watch_of(standing_record: StandingRecord, number: int, policy: WatchPolicy) -> WatchPeriod:
    """The watch for one suspension, whether or not anybody had amplified the subject by then."""
    period = standing_record.standing.periods[number]
    opened_us = period.opened_us
    ends_us = opened_us + policy.watch_days * DAY_US
    until_us = ends_us if period.reinstated_us is None else min(ends_us, max(opened_us, period.reinstated_us))
    amplifiers = tuple(each for each in standing_record.standing.amplifiers if each.first_us <= opened_us)
    baseline_us = opened_us - policy.baseline_days * DAY_US
    return WatchPeriod(
        country=standing_record.country,
        platform=standing_record.platform,
        subject=standing_record.subject,
        number=number,
        interval=_interval(standing_record, number, policy),
        period=period,
        amplifiers=amplifiers,
        amplifier_ids=frozenset(amplifier.id for amplifier in amplifiers),
        digest=standing_record.digest,
        baseline_us=baseline_us,
        not_before_us=baseline_us - 1 if period.not_before_us is None else period.not_before_us,
        opened_us=opened_us,
        ends_us=ends_us,
        until_us=until_us,
        keys=account_keys(standing_record.subject),
    )


def _interval(standing_record: StandingRecord, number: int, policy: WatchPolicy) -> str:
    """An interval is as long as a watch. Few accounts are suspended twice in so short a time."""
    intervals = [
        interval_start(period.opened_us, policy.watch_days * DAY_US)
        for period in standing_record.standing.periods[: number + 1]
    ]
    return f"{intervals[number]}/{intervals.count(intervals[number]) - 1}"
