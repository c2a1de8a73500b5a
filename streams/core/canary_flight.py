"""Canaries under way: sent in rounds, one for each partition, and seen again or not. Times come in."""

from collections import OrderedDict
from typing import Final

__all__ = ["CanaryFlight"]

_MOST_ROUNDS: Final = 1_000  # nearly three hours of them, and who waits for longer knows enough


class CanaryFlight:
    """The canaries of one sender. `name` is like no other sender's; `now_seconds` is the time of day.

    A canary goes through one partition of each topic, by its number. The slowest partition is what
    counts: the others would hide one that stands still.
    """

    def __init__(self, name: str, now_seconds: float) -> None:
        self._name = name
        self._began_seconds = now_seconds
        self._round = 0
        self._sent: OrderedDict[int, tuple[float, float]] = OrderedDict()  # by round: time of day, monotonic time
        self._newest: list[tuple[int, float]] = []  # of each partition the round last seen, and when that was sent

    def send(self, partitions: int, now_seconds: float, monotonic_seconds: float) -> list[str]:
        """Begin a round: the ids of its canaries, by partition."""
        # A partition that is new while others are not begins now: its partition has only just been made.
        began_seconds = now_seconds if self._newest else self._began_seconds
        self._newest = [*self._newest[:partitions], *[(0, began_seconds)] * (partitions - len(self._newest))]
        self._round += 1
        self._sent[self._round] = (now_seconds, monotonic_seconds)
        if len(self._sent) > _MOST_ROUNDS:
            self._sent.popitem(last=False)
        return [f"{self._name}-{partition}-{self._round}" for partition in range(partitions)]

    def see(self, canary_id: str, monotonic_seconds: float) -> float | None:
        """One has arrived: how many seconds it took; `None` for another sender's, and for one that is of no interest
        any more, since it came before or a later one did. Never raises, whatever the record.
        """
        name, _, rest = canary_id.rpartition("-")
        name, _, partition = name.rpartition("-")
        if name != self._name or not (_is_number(partition) and _is_number(rest)):
            return None
        sent = self._sent.get(int(rest))
        if sent is None or int(partition) >= len(self._newest) or int(rest) <= self._newest[int(partition)][0]:
            return None
        self._newest[int(partition)] = (int(rest), sent[0])
        return max(0.0, monotonic_seconds - sent[1])

    @property
    def last_seen_seconds(self) -> float:
        """When the newest canary that came through was sent, of the partition where that is longest ago; the time
        at which it all began for one that none has come through.
        """
        return min((sent for _round, sent in self._newest), default=self._began_seconds)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 20 and (text == "0" or text[0] != "0")
