"""The events that a comparison goes through: read once, refused as in a backtest, and held by time."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Final, Self

from streams.core.clock import to_us
from streams.core.screening.account_index import AccountIndex
from streams.core.screening.screen import ScreenPolicy, screen_event
from streams.core.subject_event import Coordinates
from streams.deadletters import LetterSample, Reason, Rejection
from streams.events import Event
from streams.formats.inputs.lines import Line
from streams.formats.reader import FormatReader
from streams.jobs.event_spool import EventSpool, Spooled
from streams.jobs.reading import FileAccount, Progress, read_events
from streams.jobs.refused_lines import is_large, letter_of_line
from streams.kafka.raw_record import raw_record, size_refusal

__all__ = ["EventsAtHand"]

_NOWHERE: Final = Coordinates("", 0, 0)


class EventsAtHand:
    """Iterate as often as needed, by time. A context manager.

    `files`, `letters` and `refused` say what became of the inputs, as after a backtest. `oldest_us` and `newest_us` are
    the times of the first and the last event, `now_us` is what future times were measured by. `known` events could have
    been taken in, more than are at hand where they were selected; of the subjects in `gone` not all is kept.
    """

    def __init__(self) -> None:
        self.files: list[FileAccount] = []
        self.letters = LetterSample()
        self.now_us = time.time_ns() // 1_000
        self.oldest_us: int | None = None
        self.newest_us: int | None = None
        self.gone: frozenset[str] = frozenset()
        self._known = 0
        self._spool = EventSpool()
        self._nobody = AccountIndex()
        self._policy = ScreenPolicy()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._spool.close()

    def __len__(self) -> int:
        return len(self._spool)

    def __iter__(self) -> Iterator[Spooled]:
        return iter(self._spool)

    @property
    def refused(self) -> Counter[Reason]:
        """Lines and events that were refused, by reason."""
        return self.letters.counts

    @property
    def known(self) -> int:
        """How many events there are, at hand or not."""
        return max(self._known, len(self))

    def selected_from(
        self, known: int, oldest_us: Iterable[int], newest_us: Iterable[int], gone: Iterable[str]
    ) -> None:
        """The events that were taken in were selected from so many, of these times."""
        self._known = known
        self.oldest_us = min(oldest_us, default=None)
        self.newest_us = max(newest_us, default=None)
        self.gone = frozenset(gone)

    def read_files(
        self, paths: Sequence[str], readers: Sequence[FormatReader], progress: Progress | None = None
    ) -> None:
        """Take in the events of files. Raises `InputError` for a file that cannot be opened."""

        def refuse(line: Line, refused: Rejection, path: str) -> None:
            self.letters.add(refused.reason, partial(letter_of_line, line, refused, path))

        for event, path, line in read_events(paths, readers, self.files, refuse, progress):
            refused = size_refusal(raw_record(event)) if is_large(line) else None
            refused = refused or self.add(event, path, line.number)
            if refused is not None:
                refuse(line, refused, path)

    def refuses(self, event: Event) -> Rejection | None:
        """Why an event is none that would be counted."""
        # Whoever acted, the look at an event's time is the same.
        screened = screen_event(event, _NOWHERE, self._nobody, self.now_us, self._policy)
        return screened if isinstance(screened, Rejection) else None

    def add(self, event: Event, path: str, line: int) -> Rejection | None:
        """Take in one event, or say why it is none that would be counted."""
        refused = self.refuses(event)
        if refused is not None:
            return refused
        at_us = to_us(event.at)
        self.oldest_us = at_us if self.oldest_us is None else min(self.oldest_us, at_us)
        self.newest_us = at_us if self.newest_us is None else max(self.newest_us, at_us)
        self._spool.add(event, path, line)
        return None
