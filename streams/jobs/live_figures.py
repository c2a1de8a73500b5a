"""What a live view shows: whom officials amplified in the last hours, and the alerts. Pure, and bounded in memory."""

from collections import OrderedDict, deque
from typing import Final

import msgspec
from msgspec import Struct

from streams.core.clock import HOUR_US, to_us
from streams.core.enriched import Alert, Amplification
from streams.core.rulebook.rules import SEVERITIES
from streams.events import Account, Profile

__all__ = ["LiveFigures", "LiveSubject"]

_WINDOW_US: Final = 24 * HOUR_US
_MOST_AMPLIFICATIONS: Final = 100_000
_MOST_ALERTS: Final = 1_000
_MOST_PROFILES: Final = 20_000


class LiveSubject(Struct, frozen=True, kw_only=True):
    """One subject: amplifications in the last hour and in 24 hours, and by how many officials of which countries.
    `last_us`: the event time of the newest.
    """

    platform: str
    subject: Account
    is_official: bool
    last_hour: int
    last_day: int
    officials: int
    countries: tuple[str, ...]
    last_us: int


class LiveFigures:
    """Takes what the pipeline publishes, in any order, and says what of it is of the last 24 hours.

    Keeps 100,000 amplifications, and of as many subjects as that profiles, 20,000 of the newest. `dropped` counts
    amplifications that had to go early.
    """

    def __init__(self) -> None:
        self._amplifications: OrderedDict[tuple[str, str, str], Amplification] = OrderedDict()
        self._alerts: OrderedDict[str, Alert] = OrderedDict()
        self._profiles: OrderedDict[tuple[str, str], Account] = OrderedDict()
        self.amplifications = 0
        self.dropped = 0

    def amplified(self, amplification: Amplification) -> None:
        """An official amplified somebody; the same one again changes nothing but itself."""
        key = (amplification.platform, amplification.kind, amplification.id)
        if key not in self._amplifications:
            self.amplifications += 1
            if len(self._amplifications) >= _MOST_AMPLIFICATIONS:
                self._amplifications.popitem(last=False)
                self.dropped += 1
        self._amplifications[key] = amplification

    def alerted(self, alert: Alert) -> bool:
        """The newest record of an alert; whether it fires and did not before."""
        before = self._alerts.pop(alert.id, None)
        if len(self._alerts) >= _MOST_ALERTS:
            self._alerts.popitem(last=False)
        self._alerts[alert.id] = alert
        return alert.status == "firing" and (before is None or before.status != "firing")

    def learned(self, profile: Profile) -> None:
        """Somebody looked an account up. What this profile does not say stays as another one said it."""
        key = (profile.platform, profile.actor.id)
        before, account = self._profiles.pop(key, None), profile.actor
        if len(self._profiles) >= _MOST_PROFILES:
            self._profiles.popitem(last=False)
        if before is not None:
            said = {name: value for name, value in msgspec.structs.asdict(account).items() if value is not None}
            account = msgspec.structs.replace(before, **said)
        self._profiles[key] = account

    def alerts(self) -> list[Alert]:
        """Those that were not retracted, the most severe first, and of these the newest."""
        kept = [alert for alert in self._alerts.values() if alert.status != "retracted"]
        kept.sort(key=lambda alert: alert.fired_at, reverse=True)
        return sorted(kept, key=lambda alert: SEVERITIES.index(alert.severity), reverse=True)

    def rows(self, now_us: int, most: int) -> list[LiveSubject]:
        """The subjects of the last 24 hours, those first that most officials amplified, then most often."""
        self._forget(now_us - _WINDOW_US)
        of: dict[tuple[str, str], deque[Amplification]] = {}
        for each in self._amplifications.values():
            of.setdefault((each.platform, each.subject.id), deque()).append(each)
        rows = [self._row(key, found, now_us) for key, found in of.items()]
        rows.sort(key=lambda each: (-each.officials, -each.last_day, -each.last_us, each.subject.id))
        return rows[:most]

    def _row(self, key: tuple[str, str], found: deque[Amplification], now_us: int) -> LiveSubject:
        newest = max(found, key=lambda each: each.at)
        return LiveSubject(
            platform=key[0],
            subject=self._profiles.get(key, newest.subject),
            is_official=newest.subject_is_official,
            last_hour=sum(to_us(each.at) > now_us - HOUR_US for each in found),
            last_day=len(found),
            officials=len({each.official.id for each in found}),
            countries=tuple(sorted({each.official.country for each in found})),
            last_us=to_us(newest.at),
        )

    def _forget(self, before_us: int) -> None:
        old = [key for key, each in self._amplifications.items() if to_us(each.at) < before_us]
        for key in old:
            del self._amplifications[key]
