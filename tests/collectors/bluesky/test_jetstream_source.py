"""The source `jetstream` loses nothing and says what it could not see, whatever the server does."""

import asyncio
from collections.abc import Iterable
from random import Random
from typing import Any

import msgspec
import pytest

from streams.collectors.bluesky.jetstream_cursor import decode_cursor
from streams.core.clock import from_us
from tests.collectors.bluesky.jetstream_rig import (
    EMBASSY,
    HOUR,
    MINISTRY,
    NOW,
    POST,
    REPOST,
    SECOND,
    Clocks,
    Taken,
    chatter,
    in_order,
    repost,
    rig_for,
    served,
    until,
)
from tools.servers.jetstream.faults import Refusal
from tools.servers.jetstream.log import EventLog, LogEvent, commit, tid
from tools.servers.jetstream.server import JetstreamServer

_WIRES = pytest.mark.parametrize("wire", ["v1", "v2"])


def _uri(event: LogEvent) -> str:
    return f"at://{event.did}/{event.collection}/{event.body['rkey']}"


def _ids(events: Iterable[LogEvent], did: str = EMBASSY) -> set[str]:
    return {_uri(event) for event in events if event.did == did and event.kind == "commit"}


def _gaps(taken: Taken) -> list[tuple[str | None, Any, Any]]:
    """Gaps of all officials: reason, since, until (Unix µs)."""
    return [(gap.reason, gap.since, gap.until) for gap in taken.gaps if gap.officials is None]


@pytest.mark.parametrize(("wire", "legacy"), [("v1", False), ("v1", True), ("v2", False)])
def test_only_the_records_of_officials_come_and_only_those_that_become_events(wire: str, legacy: bool) -> None:
    log = in_order(
        chatter(NOW - 30 * SECOND, NOW),
        [repost(NOW - 5 * SECOND, 1), commit(EMBASSY, "app.bsky.feed.like", "k", {}, time_us=NOW - 4 * SECOND)],
        [repost(NOW - 3 * SECOND, 2)],
    )

    async def use(server: JetstreamServer) -> Any:
        async with rig_for([server], wire) as rig:
            cursor = msgspec.json.encode({"host": server.url, "wire": wire, "time_us": NOW - 10 * SECOND})
            return await rig.take(rig.commits, lambda taken: len(taken.ids) == 2, cursor=cursor), server.asked

    taken, asked = served(log, use, legacy=legacy)
    assert taken.ids == _ids(event for event in log.events if event.collection == REPOST)
    assert sum(chunk.received for chunk in taken.chunks) == 2
    assert taken.resumed == [True]
    assert not taken.letters
    assert [each.value("kinds") for each in asked][-1] == (None if wire == "v1" else "commit")


@_WIRES
def test_frames_come_packed_where_the_host_has_a_dictionary_and_plain_where_it_has_none(wire: str) -> None:
    log = in_order(chatter(NOW - 20 * SECOND, NOW), [repost(NOW, 1)])

    async def use(server: JetstreamServer) -> Any:
        async with rig_for([server], wire) as rig:
            cursor = msgspec.json.encode({"host": server.url, "wire": wire, "time_us": NOW - SECOND})
            taken = await rig.take(rig.commits, lambda taken: len(taken.ids) == 1, cursor=cursor)
            server.dictionary_id = 20_270_101  # the server has another one by now
            again = await rig.take(rig.commits, lambda taken: len(taken.ids) == 1, cursor=cursor)
            return taken, again, [each.value("zstdDictionary") for each in server.asked if "dids" in each.query]

    taken, again, named = served(log, use)
    assert taken.ids == again.ids == _ids(log.events)
    assert named == ([] if wire == "v1" else ["20260811", "20260811", "20260811", "20270101"])


@_WIRES
def test_a_crash_that_gives_500_seqs_anew_in_another_order_loses_nothing_and_leaves_no_gap(wire: str) -> None:
    old = [repost(NOW - (1_000 - number) * 2_000, number) for number in range(1_000)]
    log = in_order(chatter(NOW - 60 * SECOND, NOW - 3 * SECOND), old)
    clocks = Clocks()

    async def use(server: JetstreamServer) -> Any:
        async with rig_for([server], wire, clocks=clocks) as rig:
            cursor = msgspec.json.encode({"host": server.url, "wire": wire, "time_us": NOW - 3 * SECOND})
            taken = await rig.take(rig.commits, lambda taken: len(taken.ids) == 1_000, cursor=cursor)
            lost = list(log.events[-500:])
            unseen = [repost(NOW, 5_000 + number) for number in range(40)]
            again = [*lost, *unseen]
            Random(7).shuffle(again)
            clocks.us += 2 * SECOND
            again = [
                msgspec.structs.replace(event, time_us=NOW + SECOND + number * 100)
                for number, event in enumerate(again)
            ]
            # The first unseen ones lie below the seq that the client has.
            server.die(again, last=500)
            return await rig.take(rig.commits, lambda taken: len(taken.ids) == 1_040, taken=taken)

    taken = served(log, use, clocks=clocks)
    assert taken.ids == _ids(log.events)
    assert len(_ids(log.events)) == 1_040
    assert _gaps(taken) == []
    assert taken.resumed == [True, True]


@_WIRES
def test_40_operations_of_one_time_and_a_connection_cut_after_the_17th_come_all(wire: str) -> None:
    log = in_order(chatter(NOW - 30 * SECOND, NOW), [repost(NOW - SECOND, number) for number in range(40)])

    async def use(server: JetstreamServer) -> Any:
        async with rig_for([server], wire) as rig:
            cursor = msgspec.json.encode({"host": server.url, "wire": wire, "time_us": NOW - 5 * SECOND})
            server.faults.cut_after += [100, 17]  # the first connection only asks where the server begins
            taken = await rig.take(rig.commits, lambda taken: len(taken.ids) == 40, cursor=cursor)
            return taken, len({event.time_us for event in log.events if event.did == EMBASSY})

    taken, times = served(log, use)
    assert times == 1
    assert [error.kind for error in taken.errors] == ["closed"]
    assert taken.ids == _ids(log.events)
    assert _gaps(taken) == []
    assert taken.resumed == [True, True]


@_WIRES
@pytest.mark.parametrize("knows_its_own", [True, False])
def test_a_host_that_answers_a_cursor_with_the_live_tip_leaves_exactly_that_gap(wire: str, knows_its_own: bool) -> None:
    clocks = Clocks()
    log = in_order(chatter(NOW - 60 * SECOND, NOW), [repost(NOW - 2 * SECOND, 1)])
    other = in_order(chatter(NOW - 60 * SECOND, NOW), [repost(NOW + SECOND, 2), repost(NOW + 30 * SECOND, 3)])

    async def use(server: JetstreamServer) -> Any:
        second = JetstreamServer(other, now_us=clocks.now_us)
        async with second, rig_for([server, second], wire, clocks=clocks) as rig:
            cursor = msgspec.json.encode({"host": server.url, "wire": wire, "time_us": NOW - 5 * SECOND})
            taken = await rig.take(rig.commits, lambda taken: len(taken.ids) == 1, cursor=cursor)
            await server.stop()
            clocks.us += 40 * SECOND
            second.faults.live_tip = True

            async def go_on() -> None:
                for number in range(1_000):
                    other.append(repost(NOW + 40 * SECOND + number * 1_000, 10 + number))
                    second.faults.live_tip = not (knows_its_own and second.asked)
                    await asyncio.sleep(0.005)

            going = asyncio.ensure_future(go_on())
            taken = await rig.take(rig.commits, lambda taken: len(taken.ids) >= 100, taken=taken)
            going.cancel()
            return taken

    taken = served(log, use, clocks=clocks)
    late = next(chunk for chunk in taken.chunks if chunk.resumed is False)
    assert taken.resumed == [True, False]
    # The service makes the gap of it: from the last that was seen to where the host began, and not an event further.
    since = [event for event in other.events if event.collection == REPOST and event.time_us >= late.newest_us]
    before = [event for event in other.events if event.collection == REPOST and event.time_us < late.newest_us]
    assert {_uri(event) for event in since[:90]} <= taken.ids
    # A host that knows no cursor at all may give a bit more than can be promised of it.
    given = [event for event in before if _uri(event) in taken.ids]
    assert len(given) <= (0 if knows_its_own else 3)
    assert len(before) >= 3
    assert late.newest_us < NOW + 41 * SECOND


@_WIRES
def test_a_host_that_resumes_55_minutes_early_gives_repeats_and_no_gap(wire: str) -> None:
    log = in_order(chatter(NOW - HOUR, NOW, 10 * SECOND), [repost(NOW - k * 60 * SECOND, k) for k in range(1, 50)])

    async def use(server: JetstreamServer) -> Any:
        server.faults.early_us = 55 * 60 * SECOND
        async with rig_for([server], wire) as rig:
            cursor = msgspec.json.encode({"host": "elsewhere", "wire": wire, "time_us": NOW - 90 * SECOND})
            return await rig.take(rig.commits, lambda taken: len(taken.seen) == 49, cursor=cursor)

    taken = served(log, use)
    assert taken.ids == _ids(log.events)
    assert taken.resumed == [True]
    assert _gaps(taken) == []
    assert decode_cursor(taken.cursor).time_us == NOW - 60 * SECOND  # type: ignore[union-attr]


@_WIRES
def test_a_cursor_beyond_what_the_host_keeps_leaves_the_gap_up_to_where_it_begins(wire: str) -> None:
    log = in_order(chatter(NOW - 48 * HOUR, NOW, HOUR), [repost(NOW - SECOND, 1)])

    async def use(server: JetstreamServer) -> Any:
        async with rig_for([server], wire) as rig:
            cursor = msgspec.json.encode({"host": server.url, "wire": wire, "time_us": NOW - 44 * HOUR, "seq": 4})
            return await rig.take(rig.commits, lambda taken: len(taken.ids) == 1, cursor=cursor)

    taken = served(log, use)
    assert taken.resumed == [False]
    assert taken.chunks[0].newest_us == NOW - 36 * HOUR
    assert taken.ids == _ids(log.events)


@_WIRES
def test_a_new_official_is_read_at_once_and_what_was_before_him_is_a_gap_of_his(wire: str) -> None:
    log = in_order(chatter(NOW - 30 * SECOND, NOW), [repost(NOW - 2 * SECOND, 1)])

    async def use(server: JetstreamServer) -> Any:
        async with rig_for([server], wire) as rig:
            cursor = msgspec.json.encode({"host": server.url, "wire": wire, "time_us": NOW - 5 * SECOND})
            taken = await rig.take(rig.commits, lambda taken: len(taken.ids) == 1, cursor=cursor)
            changed = False

            def is_enough(taken: Taken) -> bool:
                nonlocal changed
                if taken.ids and not changed:
                    changed = True
                    rig.shared.watched.use([EMBASSY, MINISTRY])
                is_reported = any(gap.officials == (MINISTRY,) for gap in taken.gaps)
                is_in_effect = wire == "v2" or len(server.updates) == 3
                if is_reported and is_in_effect and log.events[-1].did != MINISTRY:
                    log.append(repost(NOW - SECOND, 7, did=MINISTRY))
                return len(taken.ids) == 2

            taken = await rig.take(rig.commits, is_enough, taken=taken)
            return taken, len(server.updates)

    taken, updates = served(log, use)
    assert taken.ids == _ids(log.events) | _ids(log.events, MINISTRY)
    added = {gap.officials: (gap.since, gap.until, gap.reason) for gap in taken.gaps}
    assert set(added) == {(EMBASSY,), (MINISTRY,)}
    assert added[(EMBASSY,)] == (None, from_us(NOW - 5 * SECOND), "added")
    since = from_us(NOW + 5 * SECOND if wire == "v1" else NOW - 2 * SECOND)
    assert added[(MINISTRY,)] == (None, since, "added")
    assert [error.kind for error in taken.errors] == []
    assert updates == (3 if wire == "v1" else 0)


@_WIRES
def test_more_than_the_most_of_a_connection_are_read_by_several(wire: str) -> None:
    dids = [f"did:plc:official{tid(number)}abc" for number in range(25)]
    log = in_order(
        chatter(NOW - 30 * SECOND, NOW), [repost(NOW - SECOND, number, did=did) for number, did in enumerate(dids)]
    )

    async def use(server: JetstreamServer) -> Any:
        async with rig_for([server], wire, officials=dids, dids_per_connection=10) as rig:
            cursor = msgspec.json.encode({"host": server.url, "wire": wire, "time_us": NOW - 5 * SECOND})

            def is_enough(taken: Taken) -> bool:
                return len(taken.ids) == 25 and server.open == 3

            return await rig.take(rig.commits, is_enough, cursor=cursor)

    taken = served(log, use)
    assert len(taken.ids) == 25
    assert len(taken.seen) == 25


@_WIRES
def test_without_officials_nothing_is_asked_for(wire: str) -> None:
    async def use(server: JetstreamServer) -> Any:
        async with rig_for([server], wire, officials=(), patience=0.05) as rig:
            taken = await rig.take(rig.commits, lambda taken: bool(taken.errors))
            return taken.errors, server.asked

    errors, asked = served(in_order(chatter(NOW - 5 * SECOND, NOW)), use)
    assert [error.kind for error in errors] == ["refused"]
    assert "antiphon roster publish" in errors[0].detail
    assert asked == []


@pytest.mark.parametrize(
    ("refusal", "kind", "wait"),
    [
        (Refusal(429, {"Retry-After": "17"}), "throttled", 17.0),
        (Refusal(503, {}), "refused", None),
        (Refusal(414, {}), "refused", None),
        (Refusal(400, {}, "what?"), "protocol", None),
    ],
)
def test_each_refusal_has_its_kind_and_the_next_host_is_taken(refusal: Refusal, kind: str, wait: float | None) -> None:
    log = in_order(chatter(NOW - 30 * SECOND, NOW), [repost(NOW - SECOND, 1)])

    async def use(server: JetstreamServer) -> Any:
        async with JetstreamServer(log, now_us=lambda: NOW) as second, rig_for([server, second]) as rig:
            server.faults.refusals += [refusal] * 2
            cursor = msgspec.json.encode({"host": server.url, "wire": "v2", "time_us": NOW - 5 * SECOND, "seq": 9})
            taken = await rig.take(rig.commits, lambda taken: len(taken.ids) == 1, cursor=cursor)
            return taken, second.asked[0].value("cursor")

    taken, asked = served(log, use)
    assert [(error.kind, error.retry_after_seconds) for error in taken.errors] == [(kind, wait)]
    assert taken.ids == _ids(log.events)
    assert asked == str(NOW - 15 * SECOND)  # on another host the seq means nothing: a time, ten seconds before


@_WIRES
def test_what_cannot_be_read_is_a_dead_letter_with_its_bytes_and_the_cursor_goes_on(wire: str) -> None:
    log = in_order(
        chatter(NOW - 30 * SECOND, NOW),
        [commit(EMBASSY, POST, tid(NOW - 3 * SECOND), {"text": 7}, time_us=NOW - 3 * SECOND)],
        [repost(NOW - SECOND, 1)],
    )

    async def use(server: JetstreamServer) -> Any:
        async with rig_for([server], wire) as rig:
            cursor = msgspec.json.encode({"host": server.url, "wire": wire, "time_us": NOW - 5 * SECOND})
            return await rig.take(rig.commits, lambda taken: len(taken.ids) == 1, cursor=cursor)

    taken = served(log, use)
    (letter,) = taken.letters
    assert b'"text":7' in letter.payload
    assert taken.ids == {_uri(log.events[-1])} or taken.ids == _ids(
        [event for event in log.events if event.collection == REPOST]
    )


@_WIRES
def test_a_frame_that_is_too_large_ends_one_connection_and_no_more(wire: str) -> None:
    huge = commit(EMBASSY, POST, tid(NOW - 3 * SECOND), {"text": "a" * 17_000_000}, time_us=NOW - 3 * SECOND)
    log = in_order(chatter(NOW - 30 * SECOND, NOW), [huge, repost(NOW - SECOND, 1)])

    async def use(server: JetstreamServer) -> Any:
        async with rig_for([server], wire, compress=False) as rig:
            cursor = msgspec.json.encode({"host": server.url, "wire": wire, "time_us": NOW - 2 * SECOND})
            return await rig.take(rig.commits, lambda taken: len(taken.ids) == 1, cursor=cursor)

    taken = served(log, use)
    assert [error.kind for error in taken.errors] == ["protocol"]
    assert "more than 16,777,216 bytes" in taken.errors[0].detail
    assert taken.ids == {_uri(event) for event in log.events if event.collection == REPOST}


def test_37_quiet_hours_and_a_restart_leave_no_gap_and_lose_nothing() -> None:
    clocks = Clocks(NOW - 40 * HOUR)
    log = EventLog(chatter(clocks.us - 60 * SECOND, clocks.us))
    log.append(repost(clocks.us, 1))

    async def use(server: JetstreamServer) -> Any:
        async with rig_for([server], clocks=clocks, silent=4_000.0, probe=5.0) as rig:
            cursor = msgspec.json.encode({"host": server.url, "wire": "v2", "time_us": clocks.us - 5 * SECOND})
            commits, accounts = Taken(), Taken()
            both = [
                asyncio.ensure_future(rig.take(rig.commits, lambda _: False, taken=commits, cursor=cursor)),
                asyncio.ensure_future(rig.take(rig.accounts, lambda _: False, taken=accounts, cursor=cursor)),
            ]
            for _ in range(37 * 2):
                clocks.us += HOUR // 2
                for event in chatter(clocks.us, clocks.us + 2 * SECOND):
                    log.append(event)
                await until(lambda: any(chunk.newest_us > clocks.us for chunk in accounts.chunks[-1:]))
                await asyncio.sleep(0.03)
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)
            log.append(repost(clocks.us + 3 * SECOND, 2))
            clocks.us += 10 * SECOND
        async with rig_for([server], clocks=clocks) as rig:
            again = await rig.take(rig.commits, lambda taken: len(taken.ids) == 1, cursor=commits.cursor)
            return commits, accounts, again

    commits, accounts, again = served(log, use, clocks=clocks)
    assert not commits.errors
    assert not accounts.errors
    assert commits.resumed == [True]
    assert again.resumed == [True]
    assert _gaps(commits) == _gaps(again) == []
    assert again.ids == {_uri(log.events[-1])}
    assert clocks.us - decode_cursor(commits.cursor).time_us < 6 * HOUR  # type: ignore[union-attr]
    assert clocks.us - max(chunk.newest_us for chunk in commits.chunks) < 2 * HOUR
