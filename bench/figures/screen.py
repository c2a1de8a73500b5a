"""What SCREEN pays for an event of nobody it knows, by how many accounts it is told of besides the roster.

No broker: batches in memory through the agent's own function. Its peer is the look-up as it was when there was but the
roster: the same prefilter, then one dict by id and one by handle.
"""

import gc
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import msgspec
from msgspec import Struct

from bench.figures.core_track import StoredRecord
from bench.figures.environment import Environment
from streams.agents.screen.batch import screen_batch
from streams.core.rosters.roster import Roster, RosterEntry, handle_key
from streams.core.screening.account_index import AccountIndex
from streams.core.screening.screen import ScreenPolicy
from streams.core.tracked import TrackedAccount
from streams.events import Account, Deletion, Event, Post, Retweet, encode_event
from streams.faust_driver.batches import Batch

__all__ = ["ScreenFigure", "ScreenRow", "measure_screen"]

_OFFICIALS: Final = 5_000
_TRACKED: Final = (0, 5_000, 1_000_000)
_QUICK_TRACKED: Final = (0, 500)
_EVENTS: Final = 20_000  # distinct actors: more than what a core's nearest cache has room for
_QUICK_EVENTS: Final = 500
_ROUNDS: Final = 9
_BATCH: Final = 500
_AT: Final = datetime(2024, 3, 1, tzinfo=UTC)
_NOW_US: Final = 1_800_000_000_000_000


class ScreenRow(Struct, frozen=True, kw_only=True):
    """The best of several rounds: processor nanoseconds an event with so many tracked accounts, and of the peer."""

    kind: str
    tracked: int
    cpu_ns: float
    peer_cpu_ns: float


class ScreenFigure(Struct, frozen=True, kw_only=True):
    """All rows, of one run in which implementations and peer took turns."""

    officials: int
    events: int
    rows: list[ScreenRow]


class _Actor(Struct, gc=False):
    id: str
    handle: str | None = None


class _Prefilter(Struct, gc=False):
    kind: str
    platform: str
    id: str
    at: str
    actor: _Actor | None = None


def measure_screen(environment: Environment) -> ScreenFigure:
    """Posts, retweets and deletions by nobody that anybody knows."""
    count = _QUICK_EVENTS if environment.quick else _EVENTS
    roster = _roster()
    circles = {tracked: _circle(roster, tracked) for tracked in (_QUICK_TRACKED if environment.quick else _TRACKED)}
    rows: list[ScreenRow] = []
    for kind, make in _KINDS.items():
        environment.echo(f"{count:,} {kind}s by nobody")
        records = [StoredRecord(number, None, encode_event(make(number))) for number in range(count)]
        batches = [Batch("raw", 0, 1, records[start : start + _BATCH]) for start in range(0, count, _BATCH)]
        best: dict[int, float] = dict.fromkeys(circles, float("inf"))
        peer = float("inf")
        for _ in range(_ROUNDS):  # by turns: whatever else the machine does, it does to all of them
            peer = min(peer, _cpu_ns(lambda: _roster_alone(records, roster)))  # noqa: B023 - called at once
            for tracked, known in circles.items():
                best[tracked] = min(best[tracked], _cpu_ns(lambda: _screened(batches, known)))  # noqa: B023
        rows += [
            ScreenRow(kind=kind, tracked=tracked, cpu_ns=cpu_ns / count, peer_cpu_ns=peer / count)
            for tracked, cpu_ns in best.items()
        ]
    return ScreenFigure(officials=_OFFICIALS, events=count, rows=rows)


def _cpu_ns(work: Callable[[], object]) -> int:
    gc.collect()
    gc.disable()  # the worker collects so seldom that it does not show here
    try:
        began = time.process_time_ns()
        work()
        return time.process_time_ns() - began
    finally:
        gc.enable()


def _screened(batches: list[Batch], known: AccountIndex) -> None:
    for batch in batches:
        screened = screen_batch(batch, "raw", known, _NOW_US, ScreenPolicy(), 4)
        if screened.records:
            raise RuntimeError("somebody acted that SCREEN knows")


def _roster_alone(records: list[StoredRecord], roster: Roster) -> None:
    decode = msgspec.json.Decoder(_Prefilter).decode
    for record in records:
        prefilter = decode(record.value or b"")
        actor = prefilter.actor
        ids, handles = roster.ids_of(prefilter.platform), roster.handles_of(prefilter.platform)
        if actor is None or actor.id in ids or (handles and actor.handle and handle_key(actor.handle) in handles):
            raise RuntimeError("somebody acted that is on the roster")


def _circle(roster: Roster, tracked: int) -> AccountIndex:
    known = AccountIndex(roster)
    for number in range(tracked):
        known.add(TrackedAccount(platform="twitter", id=str(3 * 10**17 + number * 31), countries=("IR",)))
    return known


def _roster() -> Roster:
    return Roster(
        RosterEntry(
            platform="twitter",
            account_id=str(5 * 10**17 + number * 17),
            handle=f"official_{number}",
            country="IR",
            category="diplomat",
            source_url="https://example.org/roster",
        )
        for number in range(_OFFICIALS)
    )


def _nobody(number: int) -> Account:
    return Account(id=str(10**18 + number * 7_919), handle=f"user_{number}", name="Somebody", followers=number)


_KINDS: Final[dict[str, Callable[[int], Event]]] = {
    "post": lambda number: Post(
        platform="twitter",
        id=str(number),
        at=_AT,
        actor=_nobody(number),
        text="x" * 140,
        lang="en",
        mentions=(_nobody(number + 1),),
    ),
    "retweet": lambda number: Retweet(
        platform="twitter",
        id=str(number),
        at=_AT,
        actor=_nobody(number),
        subject=_nobody(number + 5),
        post_id=str(number),
        text="x" * 140,
    ),
    "deletion": lambda number: Deletion(
        platform="twitter", id=str(number), at=_AT, actor=Account(id=_nobody(number).id), post_id=str(number)
    ),
}
