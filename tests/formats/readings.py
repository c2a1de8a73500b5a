"""What a reading is expected to be, taken out of it."""

from typing import TypeVar

from streams.deadletters import Rejection
from streams.events import Event
from streams.formats.reader import Reading

__all__ = ["E", "only_event", "rejected"]

E = TypeVar("E", bound=Event)


def only_event(kind: type[E], reading: Reading) -> E:
    """The one event that it is."""
    assert isinstance(reading, tuple), reading
    (event,) = reading
    assert isinstance(event, kind)
    return event


def rejected(reading: Reading) -> Rejection:
    assert isinstance(reading, Rejection), reading
    return reading
