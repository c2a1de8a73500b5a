"""Canaries under way: sent in rounds, one for each lane, and seen again or not. Times come in; knows no topics."""

from collections import OrderedDict
from typing import Final

__all__ = ["CanaryFlight"]

_MOST_ROUNDS: Final = 1_000  # nearly three hours of them, and who waits for longer knows enough


class CanaryFlight:
    """The canaries of one sender. `name` is like no other sender's; `now_seconds` is the time of day.

    A lane is a way through the pipeline: one partition of each topic. The slowest lane is what counts: the others would
    hide one that stands still.
    """

    def __init__(self, name: str, now_seconds: float) -> None:
        self._name = name
        self._began_seconds = now_seconds
        self._round = 0
        self._sent: OrderedDict[int, tuple[float, float]] = OrderedDict()  # by round: time of day, monotonic time
        self._newest: list[tuple[int, float]] = []  # of each lane the round last seen, and when that was sent

    def send(self, lanes: int, now_seconds: float, monotonic_seconds: float) -> list[str]:
        """Begin a round: the ids of its canaries, by lane."""
        # A lane that is new while others are not begins now: its partition has only just been made.
        began_seconds = now_seconds if self._newest else self._began_seconds
        self._newest = [*self._newest[:lanes], *[(0, began_seconds)] * (lanes - len(self._newest))]
        self._round += 1
        self._sent[self._round] = (now_seconds, monotonic_seconds)
        if len(self._sent) > _MOST_ROUNDS:
            self._sent.popitem(last=False)
        return [f"{self._name}-{lane}-{self._round}" for lane in range(lanes)]

    def see(self, canary_id: str, monotonic_seconds: float) -> float | None:
        """One has arrived: how many seconds it took; `None` for another sender's, and for one that is of no interest
        any more, since it came before or a later one did. Never raises on anything a stranger can write.
        """
        name, _, rest = canary_id.rpartition("-")
        name, _, lane = name.rpartition("-")
        if name != self._name or not (_is_number(lane) and _is_number(rest)):
            return None
        sent = self._sent.get(int(rest))
        if sent is None or int(lane) >= len(self._newest) or int(rest) <= self._newest[int(lane)][0]:
            return None
        self._newest[int(lane)] = (int(rest), sent[0])
        return max(0.0, monotonic_seconds - sent[1])

    @property
    def last_seen_seconds(self) -> float:
        """When the newest canary that came through was sent, of the lane where that is longest ago; the time at which
        it all began for one that none has come through.
        """
        return min((sent for _round, sent in self._newest), default=self._began_seconds)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 20 and (text == "0" or text[0] != "0")
