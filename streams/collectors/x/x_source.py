"""A stream of X as a source: read while there is money, held as X asks, its gaps closed from timelines.

What is spent stands in the cursor, in one transaction with the events that were paid for.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from typing import Any, Final

import msgspec
from msgspec import Struct, field

from streams.collectors.budget import Budget, BudgetPolicy, Spending
from streams.collectors.metrics import SourceMetrics
from streams.collectors.source import Chunk, SourceError
from streams.collectors.x.messages import MessageStream, Posts
from streams.collectors.x.officials import PLATFORM, Officials
from streams.collectors.x.pauses import Pauses
from streams.collectors.x.reconciling import failure_of
from streams.collectors.x.stream_lines import KEEP_ALIVE_SECONDS, lines_of
from streams.collectors.x.timelines import NotWholeError, Timelines
from streams.collectors.x.x_api import XApi
from streams.refusal import DECODE_ERRORS

__all__ = ["StreamPolicy", "XCursor", "XStreamSource", "x_cursor_at"]

_LONGEST_PAUSE: Final = 900.0  # without money: then the clock is looked at again
_MICRO: Final = 1_000_000


class StreamPolicy(Struct, frozen=True, kw_only=True):
    """`late_seconds` is how long a post may be under way at X: what is younger does not count as seen."""

    route: str
    query: Mapping[str, str]
    budget: BudgetPolicy
    silence_seconds: float = KEEP_ALIVE_SECONDS
    late_seconds: float = 10.0
    patience_seconds: float = 60.0


class XCursor(Struct, omit_defaults=True):
    """Everything up to `until_us` (Unix µs) was shown. While a gap is being closed that stays where the gap begins."""

    until_us: int = 0
    budget: Spending = field(default_factory=Spending)


_cursor: Final = msgspec.json.Decoder(XCursor)


class XStreamSource:
    """Shows what the officials do whom `officials` keeps asking X for."""

    platform: Final = PLATFORM
    covers_officials: Final = True

    def __init__(
        self,
        api: XApi,
        messages: MessageStream,
        posts: Posts,
        officials: Officials,
        policy: StreamPolicy,
        series: SourceMetrics,
        clock: Callable[[], int] = lambda: time.time_ns() // 1_000,
    ) -> None:
        self.name: Final = messages.name
        self._api = api
        self._messages = messages
        self._officials = officials
        self._policy = policy
        self._series = series
        self._clock = clock
        self._timelines = Timelines(api, officials, posts, clock)
        self._pauses = Pauses()

    async def chunks(self, cursor: bytes | None) -> AsyncGenerator[Chunk, None]:
        """See `Source`."""
        state = _decoded(cursor)
        budget = Budget(self._policy.budget, state.budget)
        loop = asyncio.get_running_loop()
        opened_at: float | None = None
        try:
            self._require_money(budget)
            await self._roster()
            async with self._api.stream(
                self._policy.route, self._policy.query, self._policy.silence_seconds
            ) as content:
                opened_at = loop.time()
                async with aclosing(self._read(content, state, budget)) as chunks:
                    async for chunk in chunks:
                        yield chunk
        except SourceError as error:
            if error.kind == "budget":
                raise
            lasted = 0.0 if opened_at is None else loop.time() - opened_at
            pause = self._pauses.after(failure_of(error), lasted, error.retry_after_seconds or 0.0)
            raise SourceError(error.kind, error.detail, pause_seconds=pause) from None

    async def _roster(self) -> None:
        try:
            async with asyncio.timeout(self._policy.patience_seconds):
                await self._officials.until_reconciled()
        except TimeoutError:
            raise SourceError("refused", "no roster is published: `antiphon roster publish`") from None

    async def _read(self, content: Any, state: XCursor, budget: Budget) -> AsyncGenerator[Chunk, None]:
        """The stream, and beside it the timelines of a gap; each in its own order."""
        live = lines_of(content, self._policy.silence_seconds)
        past = self._timelines.chunks(state.until_us, budget) if state.until_us else None
        reading: dict[asyncio.Future[Any], AsyncGenerator[Any, None]] = {_next(live): live}
        if past is not None:
            reading[_next(past)] = past
        number = 0
        try:
            yield self._noted(Chunk(resumed=None if past else False), state, budget)
            while True:
                done, _ = await asyncio.wait(reading, return_when=asyncio.FIRST_COMPLETED)
                for each in done:
                    source = reading.pop(each)
                    if source is live:
                        number += 1
                        chunk, ending = self._taken(
                            each.result(), state, budget, number, is_behind=past in reading.values()
                        )
                        yield chunk
                        if ending is not None:
                            raise ending
                        reading[_next(live)] = live
                        continue
                    chunk = _of_the_past(each)
                    yield self._noted(chunk, state, budget)
                    if chunk.resumed is None:
                        reading[_next(source)] = source
        finally:
            for each in reading:
                each.cancel()
            await asyncio.gather(*reading, return_exceptions=True)
            await live.aclose()
            if past is not None:
                await past.aclose()

    def _taken(
        self, lines: list[bytes], state: XCursor, budget: Budget, number: int, *, is_behind: bool
    ) -> tuple[Chunk, SourceError | None]:
        """What was read together, as far as there is money; and how it ends, if it does."""
        chunk = Chunk(size=sum(map(len, lines)))
        ending: SourceError | None = None
        for line in lines:
            now_us, cost = self._clock(), self._messages.cost(line)
            if cost > budget.left(now_us):
                ending = self._without_money(budget, cost)
                break
            budget.spend(cost, now_us)
            name = self._messages.add(chunk, line, number)
            if name is not None:
                ending = SourceError(
                    "throttled" if name == "connection_refused" else "closed", f"X ends the stream: {name}"
                )
        if ending is None and budget.left(self._clock()) < self._messages.prices.post:
            ending = self._without_money(budget, self._messages.prices.post)
        chunk.newest_us = self._clock() - int(self._policy.late_seconds * _MICRO)
        if not is_behind:
            state.until_us = max(state.until_us, chunk.newest_us)
        noted = self._noted(chunk, state, budget)
        if ending is not None and ending.kind == "budget":
            self._series.budget_spent.set(1)
        return noted, ending

    def _noted(self, chunk: Chunk, state: XCursor, budget: Budget) -> Chunk:
        """With the cursor after it, and what is to be told of officials."""
        budget.turn(self._clock())
        chunk.events += self._officials.notices.take()
        chunk.cursor = msgspec.json.encode(state)
        self._note_money(budget, is_spent=False)
        return chunk

    def _note_money(self, budget: Budget, *, is_spent: bool) -> None:
        spending = budget.spending
        self._series.note_money("day", spending.spent_day / _MICRO, spending.limit_day / _MICRO)
        self._series.note_money("month", spending.spent_month / _MICRO, spending.limit_month / _MICRO)
        self._series.budget_spent.set(is_spent)

    def _require_money(self, budget: Budget) -> None:
        budget.turn(self._clock())
        if budget.left(self._clock()) < self._messages.prices.post:
            raise self._without_money(budget, self._messages.prices.post)
        self._note_money(budget, is_spent=False)

    def _without_money(self, budget: Budget, least: int) -> SourceError:
        self._note_money(budget, is_spent=True)
        now_us = self._clock()
        opens_us = budget.opens_at_us(least, now_us)
        spending = budget.spending
        detail = (
            f"the budget is spent: {spending.spent_day / _MICRO:.2f} USD of {spending.limit_day / _MICRO:.2f} today, "
            f"{spending.spent_month / _MICRO:.2f} of {spending.limit_month / _MICRO:.2f} this month"
        )
        pause = max(0.05, (opens_us - now_us) / _MICRO)
        return SourceError("budget", detail, pause_seconds=min(pause, _LONGEST_PAUSE))


def x_cursor_at(cursor: bytes | None, time_us: int) -> bytes:
    """The cursor of that time; what is spent stays. What lies behind it is read from timelines at the next start."""
    state = _decoded(cursor)
    state.until_us = time_us
    return msgspec.json.encode(state)


def _next(source: AsyncGenerator[Any, None]) -> "asyncio.Future[Any]":
    return asyncio.ensure_future(anext(source))


def _of_the_past(page: "asyncio.Future[Chunk]") -> Chunk:
    """A page of the past, or its end: all is there, or it would cost too much, or X does not show it."""
    try:
        return page.result()
    except StopAsyncIteration:
        return Chunk(resumed=True, resumed_by="back_fill")
    except NotWholeError:
        return Chunk(resumed=False)


def _decoded(cursor: bytes | None) -> XCursor:
    if cursor is None:
        return XCursor()
    try:
        return _cursor.decode(cursor)
    except DECODE_ERRORS as error:
        raise ValueError(f"no cursor of X: {error}") from None
