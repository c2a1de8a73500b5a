"""A parliament at work: a roster and what its officials posted and passed on, real or generated.

The real one is not part of the project. Knows nothing of what is simulated on top of it.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final, TypeAlias

import msgspec
from msgspec import Struct

from streams.core.countries import COUNTRIES
from streams.core.rosters.roster import Roster, RosterEntry
from streams.core.rosters.roster_file import parse_roster
from streams.events import Account, Post, Retweet
from streams.formats.inputs.files import open_lines
from streams.formats.registry import reader_named
from tools.kafka.jars import Unavailable

__all__ = ["DATA", "Parliament", "Status", "divided", "french_parliament", "generated_parliament"]

DATA: Final = Path(__file__).parents[2] / ".." / "shared" / "data" / "fr_parliament"
_STATUSES: Final = "statuses_2015-2020.jsonl.xz"

_BEGIN: Final = datetime(2024, 3, 1, tzinfo=UTC)
_DAYS: Final = 400
_OFFICIALS: Final = 16
_ACCOUNTS: Final = 60
_STATUSES_A_DAY: Final = 8
_TEXT: Final = "la séance est ouverte ce matin merci à tous pour le débat sur notre projet de loi pour les communes"

Status: TypeAlias = Post | Retweet


class Parliament(Struct, frozen=True, kw_only=True):
    """Officials, and statuses in the order in which they were seen; `about` says in words what they are."""

    about: str
    roster: Roster
    statuses: tuple[Status, ...]


def french_parliament(folder: Path = DATA) -> Parliament:
    """The statuses of French members of parliament, mostly of 2015 to 2020. Raises `Unavailable` without the data."""
    path = folder / _STATUSES
    if not path.is_file():
        raise Unavailable(
            "false alarms are measured on the statuses of French members of parliament, which are not in ../shared/data"
        )
    roster = parse_roster((folder / "roster.csv").read_bytes(), "roster.csv")
    return Parliament(about="French members of parliament", roster=roster, statuses=tuple(_read(path)))


def generated_parliament(seed: int) -> Parliament:
    """A small one: 16 officials, 60 accounts that they retweet and name, some of them far more often, 400 days."""
    random = Random(seed)
    officials = [Account(id=str(1_000 + number), handle=f"deputy_{number}") for number in range(_OFFICIALS)]
    accounts = [
        Account(id=str(9_000 + number), handle=f"voice_{number}", created_at=_BEGIN - timedelta(days=900 - number))
        for number in range(_ACCOUNTS)
    ]
    often = [1 / (1 + number) for number in range(_ACCOUNTS)]
    statuses: list[Status] = []
    for number in range(_DAYS * _STATUSES_A_DAY):
        at = _BEGIN + timedelta(days=number / _STATUSES_A_DAY)
        official, [account] = random.choice(officials), random.choices(accounts, often)
        text = " ".join(random.choices(_TEXT.split(), k=12))
        if random.random() < 0.5:
            statuses.append(
                Retweet(
                    platform="twitter",
                    id=f"r{number}",
                    at=at,
                    actor=official,
                    subject=account,
                    post_id=f"o{number}",
                    text=text,
                )
            )
        else:
            mentions = (account,) if random.random() < 0.3 else ()
            statuses.append(
                Post(platform="twitter", id=f"p{number}", at=at, actor=official, text=text, mentions=mentions)
            )
    entries = (
        RosterEntry(
            platform="twitter",
            account_id=official.id,
            handle=official.handle,
            country="FR",
            category="parliament",
            source_url="https://example.org/roster",
        )
        for official in officials
    )
    return Parliament(about="a generated parliament", roster=Roster(entries), statuses=tuple(statuses))


def divided(roster: Roster, parts: int, seed: int) -> Roster:
    """The same officials, divided by chance among so many States: what rosters of few officials would see.

    The codes are the first in the alphabet, and mean nothing.
    """
    if parts == 1:
        return roster
    entries = sorted(roster.entries, key=lambda entry: entry.account_key)
    Random(f"{seed} parts").shuffle(entries)
    codes = sorted(COUNTRIES)[:parts]
    return Roster(msgspec.structs.replace(entry, country=codes[place % parts]) for place, entry in enumerate(entries))


def _read(path: Path) -> Iterator[Status]:
    read = reader_named("twitter-v1").read
    with open_lines(str(path)) as lines:
        for line in lines:
            reading = read(line.data) if line.refusal is None else line.refusal
            if isinstance(reading, tuple):
                yield from (event for event in reading if isinstance(event, Post | Retweet))
