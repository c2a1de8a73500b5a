"""A target with a fault that chance finds once in 16 million inputs: what finds it is guided by coverage."""

from typing import Final

from tests.fuzz.target import Target

__all__ = ["PLANTED"]


def _check(data: bytes) -> None:
    # One comparison after the other: each that holds is a branch more.
    if len(data) < 3 or data[0] != 0x41:
        return
    if data[1] != 0x6E:
        return
    if data[2] == 0x74:
        raise RuntimeError("the planted fault")


PLANTED: Final = Target(name="planted", check=_check, seeds=lambda: [b"..."])
