"""The source `jetstream-accounts` keeps the notices that matter, and tells whether a host is alive."""

import asyncio
from typing import Any

import msgspec
import pytest

from streams.collectors.bluesky.jetstream_cursor import decode_cursor
from streams.events import Profile, Suspension
from tests.collectors.bluesky.jetstream_rig import (
    EMBASSY,
    NOW,
    SECOND,
    STRANGER,
    SUBJECT,
    Clocks,
    Taken,
    chatter,
    in_order,
    repost,
    rig_for,
    served,
    until,
)
from tools.servers.jetstream.log import EventLog, LogEvent, account, identity
from tools.servers.jetstream.server import JetstreamServer

_WIRES = pytest.mark.parametrize("wire", ["v1", "v2"])
_WRITTEN = "2026-03-01T11:59:58Z"


def _gone(did: str, at_us: int, status: str = "takendown") -> LogEvent:
    return account(did, time_us=at_us, active=False, status=status, time=_WRITTEN)


def _cursor(server: JetstreamServer, wire: str, at_us: int) -> bytes:
    return msgspec.json.encode({"host": server.url, "wire": wire, "time_us": at_us})


@_WIRES
def test_of_everybodys_notices_those_of_officials_and_of_amplified_accounts_are_kept(wire: str) -> None:
    log = in_order(
        chatter(NOW - 30 * SECOND, NOW),
        [_gone(SUBJECT, NOW - 3 * SECOND), identity(EMBASSY, time_us=NOW - 2 * SECOND, handle="e.gov", time=_WRITTEN)],
        [repost(NOW - SECOND, 1)],
    )

    async def use(server: JetstreamServer) -> Any:
        async with rig_for([server], wire) as rig:
            rig.shared.watched.subjects.add(SUBJECT)
            cursor = _cursor(server, wire, NOW - 10 * SECOND)
            return await rig.take(rig.accounts, lambda taken: len(taken.events) == 2, cursor=cursor)

    taken = served(log, use)
    assert [(type(event), event.actor.id) for event in taken.events] == [(Suspension, SUBJECT), (Profile, EMBASSY)]
    assert taken.resumed == [True]


@_WIRES
def test_a_takedown_that_comes_before_the_amplification_is_kept_when_that_comes_within_a_minute(wire: str) -> None:
    clocks = Clocks()
    log = in_order(chatter(NOW - 30 * SECOND, NOW), [_gone(SUBJECT, NOW - SECOND)])

    async def use(server: JetstreamServer) -> Any:
        async with rig_for([server], wire, clocks=clocks, silent=500.0) as rig:
            cursor, taken = _cursor(server, wire, NOW - 10 * SECOND), Taken()
            taking = asyncio.ensure_future(
                rig.take(rig.accounts, lambda taken: bool(taken.events), taken=taken, cursor=cursor)
            )
            await until(lambda: any(chunk.newest_us == NOW - SECOND for chunk in taken.chunks))
            held = decode_cursor(taken.cursor)
            rig.shared.watched.subjects.add(SUBJECT)
            clocks.us += 61 * SECOND
            return held, await taking

    held, taken = served(log, use, clocks=clocks)
    (event,) = taken.events
    assert (event.actor.id, event.status) == (SUBJECT, "suspended")
    assert held.time_us <= NOW - 10 * SECOND  # a restart meanwhile would have found the notice again
    assert decode_cursor(taken.cursor).time_us == NOW - SECOND  # type: ignore[union-attr]


def test_notices_of_nobody_are_counted_after_a_minute_and_not_held_any_more() -> None:
    clocks = Clocks()
    log = in_order(chatter(NOW - 30 * SECOND, NOW), [_gone(STRANGER, NOW - SECOND)])

    async def use(server: JetstreamServer) -> Any:
        async with rig_for([server], clocks=clocks, silent=500.0) as rig:
            taken = Taken()
            cursor = _cursor(server, "v2", NOW - 2 * SECOND)

            def is_counted(taken: Taken) -> bool:
                clocks.us += 5 * SECOND
                return any(chunk.skipped["account_of_nobody"] for chunk in taken.chunks)

            return await rig.take(rig.accounts, is_counted, taken=taken, cursor=cursor)

    taken = served(log, use, clocks=clocks)
    assert taken.events == []
    assert decode_cursor(taken.cursor).time_us == NOW - SECOND  # type: ignore[union-attr]


@_WIRES
def test_a_host_that_goes_silent_with_its_socket_open_is_left_by_both_sources(wire: str) -> None:
    clocks = Clocks()
    log = in_order(chatter(NOW - 30 * SECOND, NOW), [repost(NOW - SECOND, 1)])

    async def use(server: JetstreamServer) -> Any:
        second = JetstreamServer(log, now_us=clocks.now_us)
        async with second, rig_for([server, second], wire, clocks=clocks) as rig:
            cursor, commits, accounts = _cursor(server, wire, NOW - 5 * SECOND), Taken(), Taken()
            both = [
                asyncio.ensure_future(
                    rig.take(rig.commits, lambda taken: len(taken.ids) == 2, taken=commits, cursor=cursor)
                ),
                asyncio.ensure_future(
                    rig.take(rig.accounts, lambda taken: bool(taken.errors), taken=accounts, cursor=cursor)
                ),
            ]
            await until(lambda: len(commits.ids) == 1 and sum(chunk.received for chunk in accounts.chunks) > 1)
            server.faults.silent = True
            log.append(repost(NOW + SECOND, 2))
            clocks.us += 31 * SECOND
            await asyncio.gather(*both)
            return commits, accounts, second.asked

    commits, accounts, asked = served(log, use, clocks=clocks)
    assert [error.kind for error in accounts.errors] == ["silent"]
    assert [error.kind for error in commits.errors] == ["silent"]
    assert len(commits.ids) == 2
    assert asked
    assert False not in commits.resumed


def test_more_notices_than_may_be_held_move_the_cursor_on() -> None:
    log = EventLog(chatter(NOW - 60 * SECOND, NOW))

    async def use(server: JetstreamServer) -> Any:
        async with rig_for([server], most_held=10) as rig:
            cursor = _cursor(server, "v2", NOW - 50 * SECOND)
            return await rig.take(
                rig.accounts, lambda taken: sum(chunk.received for chunk in taken.chunks) >= 30, cursor=cursor
            )

    taken = served(log, use)
    assert decode_cursor(taken.cursor).time_us > NOW - 25 * SECOND  # type: ignore[union-attr]
