"""What a source may cost: a budget for each UTC day and UTC month, and what is spent of it. Pure: times are passed in.

Money is counted in micro-dollars (1 USD is 1,000,000). The account (`Spending`) stands in the cursor, so that it is in
one transaction with the events that it paid for, and no restart forgets it.
"""

from datetime import datetime, timedelta
from typing import Final

import msgspec
from msgspec import Struct

from streams.core.clock import from_us, to_us
from streams.refusal import DECODE_ERRORS

__all__ = ["Budget", "BudgetPolicy", "Spending", "micro_dollars", "spending_in"]

_DAY: Final = timedelta(days=1)


def micro_dollars(usd: float) -> int:
    """Dollars as micro-dollars."""
    return round(usd * 1_000_000)


class BudgetPolicy(Struct, frozen=True, kw_only=True):
    """Limits in micro-dollars. Of what may be spent in a day, `back_fill_share` may go to the past."""

    day: int
    month: int
    back_fill_share: float = 0.5


class Spending(Struct, kw_only=True):
    """What is spent in `day` (as 2026-11-28) and in `month` (as 2026-11), `past` of the day's for back-fills, and the
    limits that were in force: they stand here for whoever lists sources.
    """

    day: str = ""
    month: str = ""
    spent_day: int = 0
    spent_month: int = 0
    past: int = 0
    limit_day: int = 0
    limit_month: int = 0


class _Cursor(Struct):
    budget: Spending


_cursor: Final = msgspec.json.Decoder(_Cursor)


def spending_in(cursor: bytes | None) -> Spending | None:
    """The account in any source's cursor: the member `budget` of the object that it is. `None` where there is none."""
    try:
        return None if cursor is None else _cursor.decode(cursor).budget
    except DECODE_ERRORS:
        return None


class Budget:
    """Counts what is spent. `spending` is what a cursor says; it is changed here."""

    def __init__(self, policy: BudgetPolicy, spending: Spending) -> None:
        self._policy = policy
        self.spending = spending
        spending.limit_day, spending.limit_month = policy.day, policy.month

    def turn(self, now_us: int) -> None:
        """A new day and a new month begin with nothing spent. A clock that steps back makes none again."""
        now = from_us(now_us)
        day, month = f"{now:%Y-%m-%d}", f"{now:%Y-%m}"
        spending = self.spending
        if day > spending.day:
            spending.day, spending.spent_day, spending.past = day, 0, 0
        if month > spending.month:
            spending.month, spending.spent_month = month, 0

    def left(self, now_us: int, *, of_the_past: bool = False) -> int:
        """What may still be spent; of the past only its share."""
        self.turn(now_us)
        spending, policy = self.spending, self._policy
        left = min(policy.day - spending.spent_day, policy.month - spending.spent_month)
        if of_the_past:
            left = min(left, int(policy.day * policy.back_fill_share) - spending.past)
        return max(0, left)

    def spend(self, cost: int, now_us: int, *, of_the_past: bool = False) -> None:
        """So much was spent: it is counted even where it was more than was left."""
        self.turn(now_us)
        self.spending.spent_day += cost
        self.spending.spent_month += cost
        if of_the_past:
            self.spending.past += cost

    def opens_at_us(self, least: int, now_us: int) -> int:
        """When `least` may be spent: now, or when the next day or month begins (Unix µs)."""
        self.turn(now_us)
        now = from_us(now_us)
        if self._policy.month - self.spending.spent_month < least:
            year, month = (now.year + 1, 1) if now.month == 12 else (now.year, now.month + 1)
            return to_us(datetime(year, month, 1, tzinfo=now.tzinfo))
        if self._policy.day - self.spending.spent_day < least:
            midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
            return to_us(midnight + _DAY)
        return now_us
