"""Zstandard dictionaries as the server has them, trained here on frames of its own."""

import struct
from collections.abc import Sequence
from functools import cache
from typing import Final

import zstandard

from tools.servers.jetstream.log import LogEvent, commit
from tools.servers.jetstream.wires import v1_frame, v2_frame

__all__ = ["V1_ID", "V2_ID", "trained", "v1_dictionary", "v2_dictionary"]

V1_ID: Final = 1_612_007_021
V2_ID: Final = 20_260_811
_SAMPLES: Final = 2_000
_SIZE: Final = 16_384


@cache
def v1_dictionary() -> bytes:
    """One that fits frames of v1, under the id of the real one."""
    return trained(V1_ID, [v1_frame(event) or b"" for event in _events()])


@cache
def v2_dictionary(number: int = V2_ID) -> bytes:
    """One that fits frames of v2."""
    return trained(number, [v2_frame(event) for event in _events()])


def trained(number: int, samples: Sequence[bytes]) -> bytes:
    """A dictionary with this id."""
    dictionary = zstandard.train_dictionary(_SIZE, list(samples), dict_id=number).as_bytes()
    assert struct.unpack("<I", dictionary[4:8]) == (number,)
    return dictionary


def _events() -> list[LogEvent]:
    return [
        commit(
            f"did:plc:{number * 2_654_435_761 % 2**64:024x}",
            ("app.bsky.feed.post", "app.bsky.feed.repost", "app.bsky.graph.follow")[number % 3],
            f"3k{number:011d}",
            {"createdAt": f"2026-03-01T12:00:{number % 60:02d}Z", "text": f"{number**3} and {number**2}"},
            time_us=1_772_000_000_000_000 + number,
        )
        for number in range(_SAMPLES)
    ]
