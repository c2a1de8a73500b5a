"""What can be fuzzed: a check that any bytes must pass, what it begins with, and how its inputs are changed."""

import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Final, TypeAlias

from msgspec import Struct

__all__ = ["CORPUS", "MOST_SECONDS", "Change", "Mutate", "Target", "TooSlowError", "kept_inputs", "timed"]

MOST_SECONDS: Final = 1.0
"""Processor time that the whole check of one input may take; some checks read it ten times."""

CORPUS: Final = Path(__file__).with_name("corpus")

Change: TypeAlias = Callable[[bytes, int], bytes]
"""The fuzzer's own change of some bytes, to at most so many."""

Mutate: TypeAlias = Callable[[bytes, int, Random, Change], bytes]
"""A changed input of at most so many bytes, by the choices of the `Random`."""


class Target(Struct, frozen=True, kw_only=True):
    """`check` raises where the bytes make the product break a promise. `seeds` are inputs to begin with."""

    name: str
    check: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]
    mutate: Mutate | None = None


class TooSlowError(AssertionError):
    """An input took more than `MOST_SECONDS` of the processor."""


def timed(target: Target, data: bytes, most_seconds: float = MOST_SECONDS) -> None:
    """Check the input and the processor time that it takes. Raises what the check raises, or `TooSlowError`."""
    begun = time.thread_time()
    target.check(data)
    took = time.thread_time() - begun
    if took > most_seconds:
        raise TooSlowError(f"{len(data):,} bytes took {took:.1f} s")


def kept_inputs(name: str) -> list[bytes]:
    """The inputs of `tests/fuzz/corpus` for a target, in the order of their names."""
    return [path.read_bytes() for path in sorted((CORPUS / name).glob("*")) if path.is_file()]
