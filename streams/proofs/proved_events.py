"""The events in a proof: whether each line is what the index says, once and in order, and how they are read."""

from collections.abc import Iterator
from hashlib import sha256
from itertools import zip_longest
from typing import Final

import msgspec

from streams.cases import note_on
from streams.core.clock import to_us
from streams.events import decode_event
from streams.printable import printable
from streams.proofs import layout
from streams.proofs.answers import Answer, Check, failed
from streams.proofs.archive import Archive, NotAProofError
from streams.proofs.building import actor_key, coverage_of_events, source_of
from streams.proofs.layout import CoverageSummary, IndexedEvent, event_name
from streams.proofs.material import KeptEvent, value_of
from streams.proofs.recount import SourcedEvent
from streams.refusal import DECODE_ERRORS

__all__ = ["ProvedEvents"]

_MOST_INDEX_BYTES: Final = 16_384
_MOST_WRONG: Final = 1_000
_index: Final = msgspec.json.Decoder(IndexedEvent)


class ProvedEvents:
    """Reads the events once to check them; `readings` reads them again to count them.

    `names` are those of the events whose bytes are here, in their order. Raises `NotAProofError` where a file is
    missing or has a line that is too long.
    """

    def __init__(self, archive: Archive) -> None:
        for name in (layout.EVENTS, layout.INDEX, layout.COVERAGE):
            if name not in archive.entries:
                raise NotAProofError(f"there is no {name}")
        self._archive = archive
        self.names: list[str] = []
        self.withheld = 0
        self.redacted = 0
        self._actors: set[str] = set()
        self._wrong: list[str] = []
        self.readable = True
        self._look()

    def readings(self) -> Iterator[SourcedEvent]:
        """The events whose bytes are here, with where they stood."""
        for index, line in self._lines():
            if index is not None and line is not None and not index.withheld:
                yield decode_event(line), source_of(index)

    def checks(self) -> list[Check]:
        """What the first reading showed, and whether what was not seen is stated as the events say it."""
        checks = [self._events_check()]
        if note := note_on(self._actors):
            checks.append(Check(question="reconstruction", answer=Answer.STATED, detail=note))
        if self.redacted:
            detail = f"the texts of {self.redacted:,} events are left out; the hashes of their originals are as stated"
            checks.append(Check(question="texts", answer=Answer.STATED, detail=detail))
        if self.withheld:
            detail = f"{self.withheld:,} events are withheld; their hashes are as stated"
            checks.append(Check(question="withheld", answer=Answer.NOT_CHECKABLE, detail=detail))
        if self.readable:
            checks.append(self._coverage_check())
        return checks

    def _events_check(self) -> Check:
        if self._wrong:
            return failed("events", *self._wrong)
        return Check(question="events", answer=Answer.OK, detail=f"{len(self.names):,} events, each with its own hash")

    def _coverage_check(self) -> Check:
        try:
            told = msgspec.json.decode(self._archive.read(layout.COVERAGE), type=CoverageSummary)
        except DECODE_ERRORS as error:
            detail = f"{layout.COVERAGE} is not what it is in a proof: {printable(str(error), 200)}"
            return Check(question="coverage", answer=Answer.FAILED, detail=detail)
        found = coverage_of_events(told.platform, (event for event, _ in self.readings()))
        if found != told:
            detail = f"{layout.COVERAGE} does not say what the events say: {found.sentence}"
            return Check(question="coverage", answer=Answer.FAILED, detail=detail)
        return Check(question="coverage", answer=Answer.STATED, detail=printable(found.sentence))

    def _look(self) -> None:
        before: KeptEvent | None = None
        for number, (index, line) in enumerate(self._lines(), start=1):
            place = f"{layout.EVENTS}, line {number}"
            if index is None or line is None:
                self._broken(f"{place}: {layout.EVENTS} and {layout.INDEX} have not the same number of lines")
                return
            kept = KeptEvent(index=index, value=line)
            if len(self._wrong) >= _MOST_WRONG:
                self._broken(f"{place}: so much is wrong before it that nothing after it was looked at")
                return
            if before is not None and kept.order <= before.order:
                doubled = kept.order == before.order
                self._wrong.append(f"{place}: {'the same event twice' if doubled else 'not in the order of time'}")
            before = kept
            if index.withheld:
                self.withheld += 1
                if line:
                    self._wrong.append(f"{place}: a withheld event has bytes")
                continue
            self._look_at(place, index, line)

    def _look_at(self, place: str, index: IndexedEvent, line: bytes) -> None:
        digest = sha256(line).hexdigest()
        self.redacted += index.sha256_here is not None
        if digest != (index.sha256_here or index.sha256):
            self._wrong.append(f"{place}: its SHA-256 is {digest[:16]}…, and another one in {layout.INDEX}")
        try:
            event = decode_event(line)
        except DECODE_ERRORS as error:
            self._broken(f"{place} is no event: {printable(str(error), 200)}")
            return
        named = (index.platform, index.kind, index.id, None if index.at is None else to_us(index.at))
        if named != (event.platform, event.__struct_config__.tag, event.id, to_us(event.at)):
            self._wrong.append(f"{place}: {layout.INDEX} names another event")
        self.names.append(event_name(index))
        if (actor := actor_key(event)) is not None:
            self._actors.add(actor)

    def _broken(self, what: str) -> None:
        self._wrong.insert(0, what)
        self.readable = False

    def _lines(self) -> Iterator[tuple[IndexedEvent | None, bytes | None]]:
        events = self._archive.lines(layout.EVENTS, layout.MAX_EVENT_BYTES)
        index = self._archive.lines(layout.INDEX, _MOST_INDEX_BYTES)
        for number, (line, entry) in enumerate(zip_longest(events, index), start=1):
            if entry is None:
                yield None, line
                return
            try:
                named = _index.decode(entry)
                yield named, None if line is None else value_of(line, named)
            except (*DECODE_ERRORS, ValueError) as error:
                raise NotAProofError(f"{layout.INDEX}, line {number}: {printable(str(error), 200)}") from error
