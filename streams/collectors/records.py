"""The records of chunks: events for their raw topics, dead letters, and coverage. Pure but for the sizes of Kafka."""

from collections import Counter
from collections.abc import Iterable

from msgspec import Struct, field

from streams.collectors.coverage import CoverageSpan, coverage_event
from streams.collectors.source import Chunk, Source
from streams.deadletters import DeadLetter, Reason
from streams.events import Coverage
from streams.kafka.batch_writer import OutgoingRecord
from streams.kafka.dead_letter_record import dead_letter_record, letter_of
from streams.kafka.raw_record import SURELY_SMALL_BYTES, raw_record, size_refusal

__all__ = ["Outgoing", "add_chunk", "add_spans"]


class Outgoing(Struct):
    """What one transaction writes, and what is counted once Kafka has it."""

    records: list[OutgoingRecord] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    letters: Counter[Reason] = field(default_factory=Counter)
    gaps: Counter[str] = field(default_factory=Counter)


def add_chunk(outgoing: Outgoing, chunk: Chunk, place: str) -> None:
    """Add what a chunk holds. An event that no broker takes becomes a dead letter, as whose topic `place` stands."""
    records, kinds = outgoing.records, outgoing.kinds
    for number, event in enumerate(chunk.events, start=1):
        record = raw_record(event)
        if record.value is not None and len(record.value) >= SURELY_SMALL_BYTES:
            refused = size_refusal(record)
            if refused is not None:
                _add_letter(outgoing, letter_of(refused, record.value, place, 0, number))
                continue
        records.append(record)
        kinds[record.topic] += 1
        if isinstance(event, Coverage):
            _count_gap(outgoing, event)
    for letter in chunk.letters:
        _add_letter(outgoing, letter)


def _add_letter(outgoing: Outgoing, letter: DeadLetter) -> None:
    outgoing.records.append(dead_letter_record(letter))
    outgoing.letters[letter.reason] += 1


def add_spans(outgoing: Outgoing, spans: Iterable[CoverageSpan], source: Source, now_us: int) -> None:
    """Add what the service knows of the coverage of a source: published if it covers officials, else only counted."""
    for span in spans:
        event = coverage_event(span, source.platform, source.name, now_us)
        if source.covers_officials:
            record = raw_record(event)
            outgoing.records.append(record)
            outgoing.kinds[record.topic] += 1
        _count_gap(outgoing, event)


def _count_gap(outgoing: Outgoing, event: Coverage) -> None:
    if not event.seen:
        outgoing.gaps["open" if event.until is None else event.closed_by or "none"] += 1
