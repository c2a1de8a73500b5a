"""Spells: the spans for which a subject was suspended, as the notices of it tell.

A spell begins with the first notice that the account is suspended or deleted and ends with the next that it is
reinstated; an account that its owner deactivated is not suspended.
"""

from collections.abc import Iterable
from typing import Final, Protocol

import msgspec

from streams.core.state_event import Spell
from streams.core.subject_event import Coordinates
from streams.events import SuspensionStatus

__all__ = ["MOST_SPELLS", "Notice", "fold_notice", "spells_of"]

MOST_SPELLS: Final = 32
"""Further ones are not told apart: one in five suspensions is reversed in real data, and twice is rare."""


class Notice(Protocol):
    """What is read of a suspension notice."""

    @property
    def at_us(self) -> int: ...
    @property
    def event_id(self) -> str: ...
    @property
    def status(self) -> SuspensionStatus: ...
    @property
    def source(self) -> Coordinates: ...


def fold_notice(spells: list[Spell], notice: Notice) -> None:
    """Take in the next notice, in place."""
    under_way = bool(spells) and spells[-1].reinstated_us is None
    if notice.status in ("suspended", "deleted"):
        if not under_way and len(spells) < MOST_SPELLS:
            spells.append(Spell(notice.at_us, notice.status, notice.event_id, notice.source))
    elif notice.status == "reinstated" and under_way:
        spells[-1] = msgspec.structs.replace(spells[-1], reinstated_us=notice.at_us)


def spells_of(settled: Iterable[Spell], notices: Iterable[Notice]) -> tuple[Spell, ...]:
    """All spells: those of earlier notices, and what the later ones, oldest first, make of them."""
    spells = list(settled)
    for notice in notices:
        fold_notice(spells, notice)
    return tuple(spells)
