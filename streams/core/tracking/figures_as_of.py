"""What is counted of a subject as of an event time: the parts of the figures in `tracking.subject_figures`.

Computed from what is retained and, for what is not, from totals, when it is asked for.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping
from operator import attrgetter
from typing import Final

from streams.core.clock import DAY_US, HOUR_US
from streams.core.suspension_times import SLACK_US, latest_times
from streams.core.tracking.subject import OfficialState, RetainedEngagement, SubjectState

__all__ = ["FOREVER_US", "Evicted", "FiguresAsOf", "FiguresOverTime"]

FOREVER_US: Final = 2**62
"""Later than anything that happens: the moment at which everything known counts."""

_at: Final = attrgetter("at_us")
_official: Final = attrgetter("official")


def _time_of_profile(profile: tuple[int, int]) -> int:
    return profile[0]


class Evicted:
    """The amplifications that are no longer retained, summed up once for many moments of a state.

    Good for as long as nothing more is evicted. `by_official` are their numbers, `first_us` and `last_us` the times of
    the first and the last of them, `None` where there are none.
    """

    __slots__ = ("_last_times", "_latest", "by_official", "first_us", "last_us")

    def __init__(self, officials: Mapping[str, OfficialState]) -> None:
        self.by_official: Counter[str] = Counter()
        by_last: list[tuple[int, str]] = []
        firsts: list[int] = []
        for official_id, official in officials.items():
            if official.first_us is not None and official.last_us is not None:
                self.by_official[official_id] = official.retweets + official.quotes
                firsts.append(official.first_us)
                by_last.append((official.last_us, official_id))
        by_last.sort()
        self.first_us: int | None = min(firsts, default=None)
        self.last_us: int | None = by_last[-1][0] if by_last else None
        self._last_times = [last_us for last_us, _ in by_last]
        self._latest = [official_id for _, official_id in by_last]

    @staticmethod
    def of(state: SubjectState) -> "Evicted":
        """What is evicted of a state; by far the most have nothing, and share that."""
        return Evicted(state.officials) if state.evicted_amplifications else _NOTHING_EVICTED

    def officials_since(self, at_us: int) -> list[str]:
        """Officials whose last evicted amplification is later than that."""
        return self._latest[bisect_right(self._last_times, at_us) :]


_NOTHING_EVICTED: Final = Evicted({})


class FiguresAsOf:
    """The figures of `state` at `at_us` (µs since 1970 UTC): events at that very time are part of it.

    Amplifications that were taken back by `known_us` (by default the moment itself) do not count. `evicted` is passed
    in by whoever asks for many moments of one state. Good for as long as the state does not change.
    """

    __slots__ = ("_by_official", "_evicted", "_live", "at_us", "known", "known_us", "state")

    def __init__(
        self, state: SubjectState, at_us: int, *, known_us: int | None = None, evicted: Evicted | None = None
    ) -> None:
        self.state = state
        self.at_us = at_us
        self.known_us = at_us if known_us is None else known_us
        self._evicted = Evicted.of(state) if evicted is None else evicted
        self._live: list[RetainedEngagement] | None = None
        self._by_official: Counter[str] | None = None
        self.known: dict[str, float | int | bool | None] = {}  # figures that were asked for, by name

    @property
    def retained(self) -> list[RetainedEngagement]:
        """The retained amplifications up to this time, oldest first, those taken back among them."""
        kept_list = self.state.amplifications
        return kept_list[: bisect_right(kept_list, self.at_us, key=_at)]

    @property
    def live(self) -> list[RetainedEngagement]:
        """The retained amplifications up to this time that had not been taken back by then, oldest first."""
        if self._live is None:
            live = self.retained
            if self.state.withdrawn:
                live = [kept for kept in live if kept.withdrawn_us is None or kept.withdrawn_us > self.known_us]
            self._live = live
        return self._live

    @property
    def by_official(self) -> Counter[str]:
        """Amplifications by each official up to this time."""
        if self._by_official is None:
            evicted = self._evicted.by_official
            self._by_official = Counter(evicted) if evicted else Counter()
            self._by_official.update(map(_official, self.live))
        return self._by_official

    @property
    def by_country(self) -> Counter[str]:
        """Amplifications by the officials of each State."""
        officials = self.state.officials
        counts: Counter[str] = Counter()
        for official_id, count in self.by_official.items():
            counts[officials[official_id].state] += count
        return counts

    @property
    def leading_country(self) -> str | None:
        """The State with the most amplifications; of equals the first in the alphabet."""
        return min(self.by_country.items(), key=lambda item: (-item[1], item[0]), default=(None, 0))[0]

    @property
    def top_official(self) -> tuple[str, int] | None:
        """The official with the most amplifications and their number; of equals the one with the smallest id."""
        counts = self.by_official
        if not counts:
            return None
        most = max(counts.values())
        return min(official_id for official_id, count in counts.items() if count == most), most

    def first_amplified_us(self) -> int | None:
        """The time of the first live amplification."""
        times = [] if self._evicted.first_us is None else [self._evicted.first_us]
        if self.live:
            times.append(self.live[0].at_us)
        return min(times, default=None)

    def last_amplified_us(self) -> int | None:
        """The time of the last live amplification."""
        times = [] if self._evicted.last_us is None else [self._evicted.last_us]
        if self.live:
            times.append(self.live[-1].at_us)
        return max(times, default=None)

    def age_days(self, at_us: int | None) -> float | None:
        """The account's age in days at a time; `None` while its creation is unknown or said to be later than that."""
        created_us = self.state.snapshot.created_us
        if created_us is None or at_us is None or created_us > at_us:
            return None
        return (at_us - created_us) / DAY_US

    def followers(self) -> int | None:
        """Followers as last reported by this moment, with an event or by a profile; of equals in time the larger."""
        if self.state.snapshot.followers is None:
            return None  # nobody ever said: no need to ask every event
        reports: list[tuple[int, int]] = []
        for kept_list in (self.state.amplifications, self.state.contacts):
            for kept in reversed(kept_list[: bisect_right(kept_list, self.at_us, key=_at)]):
                if reports and kept.at_us < reports[-1][0]:
                    break
                if kept.followers is not None:
                    reports.append((kept.at_us, kept.followers))
        profiles = self.state.profiles
        until = bisect_right(profiles, self.at_us, key=_time_of_profile)
        reports += profiles[max(0, until - 1) : until]
        return max(reports)[1] if reports else None

    def suspended(self) -> bool | None:
        """Whether the last notice by this moment says that the platform suspended the account.

        `None` where it says that the account is gone, and not by whom, and where an official retweeted it since: then
        it was suspended later, or is back.
        """
        notices = self.state.suspensions
        until = bisect_right(notices, self.at_us, key=_at)
        if until == 0 or notices[until - 1].status in ("reinstated", "deactivated"):
            return False
        if notices[until - 1].status == "deleted":
            return None
        since_us = latest_times(notices[:until])[-1] + SLACK_US
        retained = self.retained
        later = retained[bisect_right(retained, since_us, key=_at) :]
        return None if any(kept.kind == "retweet" for kept in later) else True

    def amplifications_of(self, kind: str) -> int:
        """Live retweets or quotes up to this time."""
        officials = self.state.officials.values()
        evicted = sum(o.retweets if kind == "retweet" else o.quotes for o in officials)
        return evicted + sum(1 for kept in self.live if kept.kind == kind)

    def contacts_of(self, kind: str) -> int:
        """Replies or mentions up to this time."""
        state = self.state
        evicted = state.evicted_replies if kind == "reply" else state.evicted_mentions
        return evicted + sum(1 for kept in self._contacts() if kept.kind == kind)

    def follows(self) -> int:
        """Officials whose last follow event up to this time was a follow."""
        following = {i: o.follows for i, o in self.state.officials.items() if o.follow_us is not None}
        following.update({kept.official: kept.active for kept in self._contacts() if kept.kind == "follow"})
        return sum(following.values())

    def _contacts(self) -> Iterable[RetainedEngagement]:
        contacts = self.state.contacts
        return contacts[: bisect_right(contacts, self.at_us, key=_at)]

    def in_window(self, hours: int) -> list[RetainedEngagement]:
        """The retained live amplifications in (t - w, t]."""
        live = self.live
        return live[bisect_right(live, self.at_us - hours * HOUR_US, key=_at) :]

    def window_amplifications(self, hours: int) -> int:
        """Amplifications in (t - w, t]. What is no longer retained counts by the whole hour it fell in."""
        count = len(self.in_window(hours))
        if self.state.hours:
            since_hour = (self.at_us - hours * HOUR_US) // HOUR_US
            count += sum(n for hour, n in self.state.hours.items() if hour > since_hour)
        return count

    def window_officials(self, hours: int) -> int:
        """Officials with an amplification in (t - w, t]: exact, as each official's last evicted time is kept."""
        officials = set(map(_official, self.in_window(hours)))
        officials.update(self._evicted.officials_since(self.at_us - hours * HOUR_US))
        return len(officials)

    def top_share(self) -> float | None:
        """The top official's share of all amplifications; unknown while there are none."""
        top = self.top_official
        return None if top is None else top[1] / self.by_official.total()


class FiguresOverTime:
    """Moments of one state that does not change meanwhile, each worked out once however many alerts look at it."""

    __slots__ = ("_evicted", "_known", "state")

    def __init__(self, state: SubjectState) -> None:
        self.state = state
        self._evicted = Evicted.of(state)
        self._known: dict[int, FiguresAsOf] = {}

    def at(self, at_us: int) -> FiguresAsOf:
        """The moment at that time."""
        known = self._known.get(at_us)
        if known is None:
            known = self._known[at_us] = FiguresAsOf(self.state, at_us, evicted=self._evicted)
        return known
