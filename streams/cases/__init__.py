"""The cases that come with Antiphon: where their files are. Knows nothing of what is in them."""

from pathlib import Path
from typing import Final

from msgspec import Struct

__all__ = ["KHAMENEI_SITE", "Case"]


class Case(Struct, frozen=True, kw_only=True):
    """A bundled history: canonical events as NDJSON, in the order of observation, and their roster as CSV."""

    name: str
    events: Path
    roster: Path


def _case(name: str) -> Case:
    folder = Path(__file__).parent / name
    return Case(name=name, events=folder / "events.ndjson", roster=folder / "roster.csv")


KHAMENEI_SITE: Final = _case("khamenei_site")
