"""Progress: up to where each partition has been dealt with. Decides what may be committed; does no I/O.

Faust's own acknowledgements are not used for that: it acknowledges a message when the agent raised, and messages of an
earlier group generation that it skips.
"""

from collections.abc import Callable, Iterable, Mapping
from threading import Lock
from typing import TypeAlias

__all__ = ["Progress"]

_Note: TypeAlias = Callable[[], str]


class Progress:
    """The next offset of each (topic, partition), as far as the agents have finished, for one group generation."""

    def __init__(self) -> None:
        self._finished: dict[tuple[str, int], int] = {}
        self._given: dict[tuple[str, int], tuple[int, int]] = {}
        self._committed: dict[tuple[str, int], int] = {}
        self._notes: dict[tuple[str, int], _Note] = {}  # of what is finished
        self._taken: dict[tuple[str, int], tuple[int, _Note]] = {}  # with the offset that is being committed
        self._generation = -1
        # Agents, commits and rebalances call from the event loop; `note` is called from the consumer's thread, which
        # sends the commit.
        self._lock = Lock()

    def give(self, topic: str, partition: int, generation: int, first_offset: int, next_offset: int) -> None:
        """Note that an agent is given what stands between these offsets."""
        with self._lock:
            if generation == self._generation:
                begin, end = self._given.get((topic, partition), (first_offset, next_offset))
                self._given[topic, partition] = (begin, max(end, next_offset))

    def unfinished(self, topic: str, partition: int) -> int | None:
        """Up to where a partition is done if an agent has more of it than it has finished; `None` if it has not."""
        with self._lock:
            begin, end = self._given.get((topic, partition), (0, 0))
            finished = max(begin, self._finished.get((topic, partition), 0))
            return finished if end > finished else None

    def finish(self, topic: str, partition: int, generation: int, next_offset: int, note: _Note = str) -> bool:
        """Note that everything below `next_offset` is done, and the text to commit with it. Refused (`False`) for a
        batch of an earlier generation: the partition may be somebody else's by now, and if not, it is read again from
        the committed offset."""
        with self._lock:
            if generation != self._generation:
                return False
            tp = (topic, partition)
            if next_offset >= self._finished.get(tp, 0):
                self._finished[tp] = next_offset
                self._notes[tp] = note
            return True

    def begin(self, generation: int) -> None:
        """A new group generation: nothing is finished in it yet, and what was committed before is not known."""
        with self._lock:
            self._generation = generation
            self._finished.clear()
            self._given.clear()
            self._committed.clear()
            self._notes.clear()
            self._taken.clear()

    @property
    def generation(self) -> int:
        """The group generation that counts, -1 before the first."""
        return self._generation

    def partitions(self) -> list[tuple[str, int]]:
        """The partitions of which something is finished."""
        with self._lock:
            return list(self._finished)

    def take(self, topic: str, partition: int) -> int | None:
        """The offset to commit for a partition, `None` if that is none or was committed already."""
        with self._lock:
            offset = self._finished.get((topic, partition))
            if offset is None or offset <= self._committed.get((topic, partition), -1):
                return None
            self._taken[topic, partition] = (offset, self._notes.get((topic, partition), str))
            return offset

    def note(self, topic: str, partition: int, offset: int) -> str:
        """The text to commit with an offset that was taken."""
        with self._lock:
            taken, note = self._taken.get((topic, partition), (-1, str))
        return note() if taken == offset else ""

    def commit(self, generation: int, offsets: Mapping[tuple[str, int], int]) -> None:
        """Note what the broker has taken, where it took it in that generation.

        Of a commit that a rebalance overtook nobody knows what it did: what is finished afterwards is committed again.
        """
        with self._lock:
            if generation == self._generation:
                self._committed.update(offsets)

    def forget(self, partitions: Iterable[tuple[str, int]]) -> None:
        """These partitions were revoked."""
        with self._lock:
            for topic, partition in partitions:
                self._finished.pop((topic, partition), None)
                self._given.pop((topic, partition), None)
                self._committed.pop((topic, partition), None)
                self._notes.pop((topic, partition), None)
