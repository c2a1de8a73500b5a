"""An incident: all alerts of one rule about the same account, as NOTIFY knows them. People are told of it as one thing.

Alerts stand on several partitions: what replaces an alert may arrive before or after the record that takes it back.
"""

from msgspec import Struct

from streams.core.clock import to_us
from streams.core.noticing.notices import AlertHead, NoticePolicy
from streams.core.noticing.notification import Notification

__all__ = ["Incident", "Published", "ends_us", "is_history"]


class Published(Struct, frozen=True, gc=False):
    """An alert as it was published last, and when (µs)."""

    head: AlertHead
    at_us: int


class Incident(Struct, kw_only=True, gc=False):
    """What is decided of it, and its alerts by id: all while it is open, else those that may still be told."""

    decision: Notification | None = None
    alerts: dict[str, Published] = {}

    @property
    def is_open(self) -> bool:
        """Whether it is being told."""
        return self.decision is not None and self.decision.is_open

    @property
    def published_us(self) -> int:
        """When anything of it was published last."""
        return max((each.at_us for each in self.alerts.values()), default=0)

    @property
    def ends_us(self) -> int:
        """Until when it goes on, as far as is known; 0 where it is over, whatever the time."""
        return max((self._ends_us(each) for each in self.alerts.values()), default=0)

    @property
    def leading(self) -> Published | None:
        """The alert that stands for it: the one that lasts longest, of equals one that stands itself."""
        return max(self.alerts.values(), key=self._rank, default=None)

    @property
    def news(self) -> Published | None:
        """The alert that a new decision would be about; none where all were retracted."""
        standing = (each for each in self.alerts.values() if each.head.status != "retracted")
        return max(standing, key=self._rank, default=None)

    def _rank(self, published: Published) -> tuple[int, bool, int, str]:
        head = published.head
        return self._ends_us(published), head.status != "retracted", to_us(head.expires_at), head.id

    def _ends_us(self, published: Published) -> int:
        """An alert that was replaced goes on, with the content of what replaced it, until that has arrived."""
        head = published.head
        if head.status != "retracted" or head.superseded_by is None:
            return ends_us(head)
        seen: set[str] = set()
        latest = published
        while latest.head.status == "retracted" and latest.head.superseded_by is not None:
            seen.add(latest.head.id)
            successor = self.alerts.get(latest.head.superseded_by)
            if successor is None or successor.head.id in seen:  # or taken back by turns: the last word is still to come
                return _lasts_until_us(head)
            latest = successor
        return 0 if _is_since(latest, published) else _lasts_until_us(head)

    def forget_over(self, now_us: int) -> None:
        """While it is open: what is over by itself takes no room, unless it stands for the whole."""
        leading = self.leading
        self.alerts = {
            name: each
            for name, each in self.alerts.items()
            if each is leading or each.head.status == "retracted" or ends_us(each.head) > now_us
        }

    def forget_history(self, now_us: int, policy: NoticePolicy) -> None:
        """Alerts that nothing is to be decided about take no room."""
        self.alerts = {
            name: each for name, each in self.alerts.items() if not is_history(each.head, each.at_us, now_us, policy)
        }


def ends_us(alert: AlertHead) -> int:
    """Until when an alert fires by itself, in µs since 1970 UTC; 0 where it does not, whatever the time."""
    if alert.status != "firing" or alert.mode != "live":
        return 0
    return to_us(alert.expires_at)


def _lasts_until_us(replaced: AlertHead) -> int:
    return to_us(replaced.expires_at) if replaced.mode == "live" else 0


def _is_since(successor: Published, replaced: Published) -> bool:
    """Whether what is known of the successor is not older than the record that names it: both were published together,
    with one content. An older record of it is about less.
    """
    if successor.at_us > replaced.at_us:
        return True
    return successor.head.status != "retracted" and successor.head.as_of >= replaced.head.as_of


def is_history(alert: AlertHead, published_us: int, now_us: int, policy: NoticePolicy) -> bool:
    """Nothing to decide about: taken back, or over and published so long ago that nobody waits for it."""
    over = alert.status != "firing" or to_us(alert.expires_at) <= now_us
    return alert.status == "retracted" or (over and now_us - published_us > policy.max_age_us)
