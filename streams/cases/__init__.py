"""The cases that come with Antiphon: where their files are, and what is to be said where one, or a sample, is shown."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final

from msgspec import Struct

from streams.cases.sample import SAMPLE_ROSTER
from streams.core.rosters.roster_file import parse_roster

__all__ = ["CASES", "KHAMENEI_SITE", "KHAMENEI_SITE_SUCCESSOR", "Case", "note_on", "official_keys"]

_NOTE: Final = (
    "Reconstruction, not evidence: an example that comes with Antiphon. No single event in it happened; texts, ids and "
    "most accounts are made up. The README of its case says what is real, such as totals and dates."
)
_SAMPLE_NOTE: Final = "A sample, not evidence: made by `antiphon sample`. No account and no event in it exists."


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


@cache
def official_keys() -> frozenset[str]:
    """The officials of all cases and of samples, as `platform:id`. Their ids are made up, so whatever has one of them
    is of a case or a sample: by whichever way it came there, and whatever roster it is judged by.
    """
    return _of_cases() | _of_samples()


@cache
def _of_cases() -> frozenset[str]:
    return frozenset().union(*(_keys(case.roster.read_bytes(), str(case.roster)) for case in CASES.values()))


@cache
def _of_samples() -> frozenset[str]:
    return _keys(SAMPLE_ROSTER.encode(), "the sample's roster")


def _keys(roster: bytes, name: str) -> frozenset[str]:
    entries = parse_roster(roster, name).entries
    return frozenset(entry.account_key for entry in entries if entry.account_id is not None)


def note_on(accounts: Iterable[str]) -> str:
    """What has to be said of something that rests on what these accounts (`platform:id`) did; empty for nothing."""
    concerned = official_keys().intersection(accounts)
    if not concerned:
        return ""
    return _SAMPLE_NOTE if concerned <= _of_samples() else _NOTE
