"""A moment of a subject's history: the named figures (`streams.core.figures`) as they were at one event time.

Computed from what is retained and, for what is not, from totals; each figure is worked out when asked for.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final

from streams.core.clock import DAY_US, HOUR_US
from streams.core.figures import WINDOWS, FigureValue
from streams.core.subject import Kept, SubjectState, SuspensionKept

__all__ = ["Moment"]


def _at(kept: Kept | SuspensionKept) -> int:
    return kept.at_us


def _time_of_profile(profile: tuple[int, int]) -> int:
    return profile[0]


class Moment:
    """The figures of `state` at `at_us` (µs since 1970 UTC): events at that very time are part of it.

    Amplifications that were taken back by `known_us` (by default the moment itself) do not count.
    """

    __slots__ = ("_by_official", "_live", "at_us", "known_us", "state")

    def __init__(self, state: SubjectState, at_us: int, *, known_us: int | None = None) -> None:
        self.state = state
        self.at_us = at_us
        self.known_us = at_us if known_us is None else known_us
        self._live: list[Kept] | None = None
        self._by_official: Counter[str] | None = None

    def figure(self, name: str) -> FigureValue:
        """The figure of that name; `None` where it is unknown. Raises `KeyError` for a name not in FIGURES."""
        return _FIGURES[name](self)

    @property
    def retained(self) -> list[Kept]:
        """The retained amplifications up to this moment, oldest first, those taken back among them."""
        kept_list = self.state.amplifications
        return kept_list[: bisect_right(kept_list, self.at_us, key=_at)]

    @property
    def live(self) -> list[Kept]:
        """The retained amplifications up to this moment that had not been taken back by then, oldest first."""
        if self._live is None:
            live = self.retained
            if self.state.withdrawn:
                live = [kept for kept in live if kept.withdrawn_us is None or kept.withdrawn_us > self.known_us]
            self._live = live
        return self._live

    @property
    def by_official(self) -> Counter[str]:
        """Amplifications by each official up to this moment."""
        if self._by_official is None:
            counts = Counter(kept.official for kept in self.live)
            if self.state.settled_amplifications:
                for official_id, official in self.state.officials.items():
                    settled = official.retweets + official.quotes
                    if settled:
                        counts[official_id] += settled
            self._by_official = counts
        return self._by_official

    @property
    def by_state(self) -> Counter[str]:
        """Amplifications by the officials of each State."""
        officials = self.state.officials
        counts: Counter[str] = Counter()
        for official_id, count in self.by_official.items():
            counts[officials[official_id].state] += count
        return counts

    @property
    def leading_state(self) -> str | None:
        """The State with the most amplifications; of equals the first in the alphabet."""
        return min(self.by_state.items(), key=lambda item: (-item[1], item[0]), default=(None, 0))[0]

    @property
    def top_official(self) -> tuple[str, int] | None:
        """The official with the most amplifications and their number; of equals the one with the smallest id."""
        return min(self.by_official.items(), key=lambda item: (-item[1], item[0]), default=None)

    def first_amplified_us(self) -> int | None:
        """The time of the first live amplification."""
        times = [o.first_us for o in self.state.officials.values() if o.first_us is not None]
        if self.live:
            times.append(self.live[0].at_us)
        return min(times, default=None)

    def last_amplified_us(self) -> int | None:
        """The time of the last live amplification."""
        times = [o.last_us for o in self.state.officials.values() if o.last_us is not None]
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

    def suspended(self) -> bool:
        """Whether the last notice by this moment says that the account is suspended or deleted."""
        notices = self.state.suspensions
        until = bisect_right(notices, self.at_us, key=_at)
        return until > 0 and notices[until - 1].status in ("suspended", "deleted")

    def amplifications_of(self, kind: str) -> int:
        """Live retweets or quotes up to this moment."""
        officials = self.state.officials.values()
        settled = sum(o.retweets if kind == "retweet" else o.quotes for o in officials)
        return settled + sum(1 for kept in self.live if kept.kind == kind)

    def contacts_of(self, kind: str) -> int:
        """Replies or mentions up to this moment."""
        state = self.state
        settled = state.settled_replies if kind == "reply" else state.settled_mentions
        return settled + sum(1 for kept in self._contacts() if kept.kind == kind)

    def follows(self) -> int:
        """Officials whose last follow event up to this moment was a follow."""
        following = {i: o.follows for i, o in self.state.officials.items() if o.follow_us is not None}
        following.update({kept.official: kept.active for kept in self._contacts() if kept.kind == "follow"})
        return sum(following.values())

    def _contacts(self) -> Iterable[Kept]:
        contacts = self.state.contacts
        return contacts[: bisect_right(contacts, self.at_us, key=_at)]

    def in_window(self, hours: int) -> list[Kept]:
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
        """Officials with an amplification in (t - w, t]: exact, as each official's last settled time is kept."""
        officials = {kept.official for kept in self.in_window(hours)}
        if self.state.settled_amplifications:
            since_us = self.at_us - hours * HOUR_US
            officials |= {i for i, o in self.state.officials.items() if o.last_us is not None and o.last_us > since_us}
        return len(officials)

    def top_share(self) -> float | None:
        """The top official's share of all amplifications; unknown while there are none."""
        top = self.top_official
        return None if top is None else top[1] / self.by_official.total()


def _amplifications_in(hours: int) -> Callable[[Moment], FigureValue]:
    return lambda moment: moment.window_amplifications(hours)


def _officials_in(hours: int) -> Callable[[Moment], FigureValue]:
    return lambda moment: moment.window_officials(hours)


_FIGURES: Final[dict[str, Callable[[Moment], FigureValue]]] = {
    "suspended": Moment.suspended,
    "age_days": lambda m: m.age_days(m.at_us),
    "followers": Moment.followers,
    "age_at_first_amplification_days": lambda m: m.age_days(m.first_amplified_us()),
    "amplifications": lambda m: m.by_official.total(),
    "retweets": lambda m: m.amplifications_of("retweet"),
    "quotes": lambda m: m.amplifications_of("quote"),
    "replies": lambda m: m.contacts_of("reply"),
    "mentions": lambda m: m.contacts_of("mention"),
    "follows": Moment.follows,
    "distinct_officials": lambda m: len(m.by_official),
    "distinct_states": lambda m: len(m.by_state),
    "top_official_amplifications": lambda m: m.top_official[1] if m.top_official else 0,
    "top_official_share": Moment.top_share,
    **{f"amplifications_{name}": _amplifications_in(hours) for name, hours in WINDOWS.items()},
    **{f"distinct_officials_{name}": _officials_in(hours) for name, hours in WINDOWS.items()},
}
