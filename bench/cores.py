"""Which core whom: the implementation has one for itself, the broker and the onlooker share the others."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

__all__ = ["BROKER_CORES", "IMPLEMENTATION_CORES", "confined_to"]

_ALL: Final = sorted(os.sched_getaffinity(0))
IMPLEMENTATION_CORES: Final = frozenset(_ALL[-1:])
BROKER_CORES: Final = frozenset(_ALL[:-1] or _ALL)
"""With a single core in the machine everybody shares it, and absolute figures mean little."""


@contextmanager
def confined_to(cores: frozenset[int]) -> Iterator[None]:
    """Processes started inside the block run on these cores for as long as they live, with all their threads."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
