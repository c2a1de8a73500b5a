"""What the feed says of itself to the pages, beside the store: a small file, replaced as a whole.

It is a file of its own because the store that answers may be the old one, while another is being built.
"""

import os
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

__all__ = ["Building", "FeedStatus", "read_feed_status", "write_feed_status"]

_NAME: Final = "feed.json"


class Building(Struct, frozen=True, kw_only=True):
    """A store that is being built: records read so far, of how many, since when, and why."""

    read: int
    of: int
    began_ms: int
    why: str


class FeedStatus(Struct, frozen=True, kw_only=True):
    """`ends`: where each topic ended when it was last looked at, over its partitions. `problem` is for people."""

    origin: str = ""
    at_ms: int = 0
    ends: dict[str, int] = {}
    building: Building | None = None
    problem: str = ""


def read_feed_status(folder: Path) -> FeedStatus:
    """The last status; none yet where there is no file."""
    try:
        return msgspec.json.decode((folder / _NAME).read_bytes(), type=FeedStatus)
    except (OSError, msgspec.DecodeError):
        return FeedStatus()


def write_feed_status(folder: Path, status: FeedStatus) -> None:
    """Replace the status."""
    path = folder / _NAME
    fresh = path.with_suffix(".fresh")
    fresh.write_bytes(msgspec.json.encode(status))
    os.replace(fresh, path)
