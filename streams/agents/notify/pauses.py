"""How long NOTIFY waits before it tries again what failed."""

from typing import Final

__all__ = ["pause_seconds"]

_MOST_DOUBLINGS: Final = 10


def pause_seconds(failures: int, first: float, longest: float) -> float:
    """After so many failures in a row, at least one: `first`, doubled with each more, at most `longest`."""
    doublings = min(failures - 1, _MOST_DOUBLINGS)
    return min(first * 2.0**doublings, longest)
