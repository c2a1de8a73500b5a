"""Marks of a standing: by what, and at which times, a ledger finds the watches that a batch may have changed.

A store keeps them as an index. So the cost of a batch follows the watches it concerns, and not all that ever were.
"""

from typing import Final

from streams.core.watching.records import StandingRecord
from streams.core.watching.references import account_keys

__all__ = ["LAST", "OPENED", "REINSTATED", "amplifier_mark", "reference_mark", "standing_marks"]

OPENED: Final = "o"
"""A suspension, at its time."""
REINSTATED: Final = "r"
"""A reinstatement, at its time."""

LAST: Final = "l"
"""The newest thing that a standing tells of, at its time: by it what is over is found, to be forgotten."""


def reference_mark(platform: str, key: str) -> str:
    """A suspension of the account to which posts refer by this key, at its time."""
    return f"k/{platform}:{key}"


def amplifier_mark(platform: str, official: str) -> str:
    """A suspension of an account that this official had amplified, at its time."""
    return f"a/{platform}:{official}"


def standing_marks(standing_record: StandingRecord) -> list[tuple[str, int]]:
    """All marks of a standing with their times, each pair once. Of suspensions whose watches are forgotten none."""
    marks: dict[tuple[str, int], None] = {(LAST, standing_record.last_us): None}
    references = [reference_mark(standing_record.platform, key) for key in account_keys(standing_record.subject)]
    for period in standing_record.standing.periods:
        opened_us = period.opened_us
        if opened_us < standing_record.final_us:
            continue
        marks[OPENED, opened_us] = None
        if period.reinstated_us is not None:
            marks[REINSTATED, period.reinstated_us] = None
        marks.update(((reference, opened_us), None) for reference in references)
        for each in standing_record.standing.amplifiers:
            if each.first_us <= opened_us:
                marks[amplifier_mark(standing_record.platform, each.id), opened_us] = None
    return list(marks)
