"""Lines of files whose events no topic takes: which may be such, and the dead letter of one. Knows no broker."""

from streams.deadletters import DeadLetter, Rejection
from streams.events import RAW_TOPICS
from streams.formats.inputs.lines import Line
from streams.kafka.dead_letter_record import letter_of
from streams.kafka.raw_record import SURELY_SMALL_BYTES

__all__ = ["is_large", "letter_of_line"]


def letter_of_line(line: Line, rejection: Rejection, path: str, *, payload: bytes | None = None) -> DeadLetter:
    """The dead letter for a line: the file stands for the topic, the line number for the offset.

    `payload` replaces the line where a later stage refused the event it held.
    """
    # A file that is called as a raw topic is must not pass for it: what came from a topic can be sent there again.
    source = f"./{path}" if path in RAW_TOPICS.values() else path[-200:]
    if payload is not None:
        return letter_of(rejection, payload, source, 0, line.number)
    whole = None if line.size is None or line.sha256 is None else (line.size, line.sha256)
    return letter_of(rejection, line.data, source, 0, line.number, whole=whole)


def is_large(line: Line) -> bool:
    """Whether an event of this line may be too large for its topic: no event is twice as long as its line."""
    return len(line.data) >= SURELY_SMALL_BYTES // 2
