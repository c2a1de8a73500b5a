"""WATCH in batches: State events go in, and what each batch says to subjects comes out in the same order.

Owns what whoever runs a watcher promises, here or in another process.
"""

from collections import Counter, deque
from collections.abc import Sequence
from typing import Protocol

from streams.core.country_event import CountryEvent
from streams.core.subject_event import SubjectEvent
from streams.core.watching.watch_outcome import WatchOutcome
from streams.core.watching.watcher import WatchChanges, Watcher

__all__ = ["WatchQueue", "Watching"]


class Watching(Protocol):
    """Applies batches of State events in the order in which they are put. Each batch is answered once."""

    def put(self, events: Sequence[CountryEvent]) -> None:
        """Hand over a batch to be applied."""

    def take(self) -> Sequence[SubjectEvent]:
        """What the oldest batch that was not answered yet says to subjects; may wait for it."""

    def flush(self) -> WatchChanges:
        """What changed since the last call; every batch must have been answered."""

    def outcomes(self) -> Counter[WatchOutcome]:
        """What became of the events so far; every batch must have been answered."""


class WatchQueue:
    """`Watching` over a watcher in this process: a batch is applied when it is put."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher
        self._answers: deque[list[SubjectEvent]] = deque()

    def put(self, events: Sequence[CountryEvent]) -> None:
        """See `Watching`."""
        apply = self._watcher.apply
        self._answers.append([output for event in events for output in apply(event)])

    def take(self) -> Sequence[SubjectEvent]:
        """See `Watching`. Raises `IndexError` where no batch waits for its answer."""
        return self._answers.popleft()

    def flush(self) -> WatchChanges:
        """See `Watching`."""
        return self._watcher.flush()

    def outcomes(self) -> Counter[WatchOutcome]:
        """See `Watching`."""
        return self._watcher.outcomes
