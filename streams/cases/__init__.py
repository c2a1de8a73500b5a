"""The cases that come with Antiphon: where their files are."""

from pathlib import Path
from typing import Final

from msgspec import Struct

__all__ = ["CASES", "KHAMENEI_SITE", "KHAMENEI_SITE_SUCCESSOR", "Case"]


class Case(Struct, frozen=True, kw_only=True):
    """A bundled history: canonical events as NDJSON, in the order of observation, and their roster as CSV."""

    name: str
    events: Path
    roster: Path


def _case(name: str) -> Case:
    folder = Path(__file__).parent / name
    return Case(name=name, events=folder / "events.ndjson", roster=folder / "roster.csv")


KHAMENEI_SITE: Final = _case("khamenei_site")
KHAMENEI_SITE_SUCCESSOR: Final = _case("khamenei_site_successor")
CASES: Final = {case.name.replace("_", "-"): case for case in (KHAMENEI_SITE, KHAMENEI_SITE_SUCCESSOR)}
"""Every case, by the name under which a person asks for it."""
