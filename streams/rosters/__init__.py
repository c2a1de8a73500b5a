"""Rosters to begin with: where their files are. Each row has its source; nothing here was verified by hand.

The rule of `BLUESKY_GOVERNMENTS`: an account whose handle is a host name below a domain that only a parliament or a
government can give away. The protocol lets nobody have such a handle but whom the domain's owner names (a record in its
DNS or a file on its server), so `antiphon roster resolve` verifies it, both ways, whenever it is asked.
"""

from pathlib import Path
from typing import Final

__all__ = ["BLUESKY_GOVERNMENTS"]

BLUESKY_GOVERNMENTS: Final = Path(__file__).parent / "bluesky_governments.csv"
