"""The source `tap`, against a Tap on the loopback address: nothing is acknowledged before Kafka has it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta
from typing import Final

import aiohttp
import pytest

from streams.collectors.bluesky.tap_source import TapPolicy, TapSource
from streams.collectors.source import Chunk, SourceError
from streams.events import Retweet
from streams.setting_sources import Secret
from tests.formats.jetstream_frames import ARRIVED, SUBJECT, ref, tid
from tests.formats.payloads import Json
from tests.formats.tap_messages import record
from tools.servers.tap import Tap

_PATIENCE_SECONDS: Final = 20.0


def _repost(number: int, *, live: bool) -> Json:
    key = tid(ARRIVED - timedelta(minutes=number))
    return record("app.bsky.feed.repost", {"subject": ref(SUBJECT)}, live=live, key=key) | {"id": number}


@asynccontextmanager
async def _source(tap: Tap, password: str = "", officials: frozenset[str] = frozenset()) -> AsyncIterator[TapSource]:
    async with aiohttp.ClientSession() as session:
        yield TapSource(session, TapPolicy(url=tap.url, password=Secret(password)), lambda: officials)


async def _events(chunks: AsyncGenerator[Chunk, None], count: int, *, acknowledge: bool) -> list[str]:
    """The ids of so many events. Raises `TimeoutError` where they do not come: a source waits without end."""
    found: list[str] = []
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while len(found) < count:
            chunk = await anext(chunks)
            found += [event.id for event in chunk.events if isinstance(event, Retweet)]
            if acknowledge and chunk.acknowledge is not None:
                await chunk.acknowledge()
    return found


def test_what_was_not_acknowledged_comes_again_and_what_was_does_not() -> None:
    """A collector that was killed between the socket and Kafka loses nothing."""

    async def run() -> None:
        async with Tap() as tap, _source(tap) as source:
            await tap.say(*(_repost(number, live=False) for number in range(1, 301)))
            async with aclosing(source.chunks(None)) as chunks:
                first = await _events(chunks, 300, acknowledge=False)
            assert not tap.acknowledged
            async with aclosing(source.chunks(None)) as chunks:
                second = await _events(chunks, 300, acknowledge=True)
                await tap.until_acknowledged(300)
            assert sorted(first) == sorted(second)
            await tap.say(_repost(301, live=False))
            async with aclosing(source.chunks(None)) as chunks:
                third = await _events(chunks, 1, acknowledge=True)
            assert third[0] not in first

    asyncio.run(run())


def test_live_messages_come_one_by_one_as_they_are_acknowledged() -> None:
    """A Tap holds the next one back until then: their order is that of the repository."""

    async def run() -> None:
        async with Tap() as tap, _source(tap) as source:
            await tap.say(*(_repost(number, live=True) for number in range(1, 51)))
            async with aclosing(source.chunks(None)) as chunks:
                await _events(chunks, 50, acknowledge=True)
                await tap.until_acknowledged(50)
            assert tap.sent == tap.acknowledged == list(range(1, 51))

    asyncio.run(run())


def test_officials_are_added_as_they_come_onto_the_roster() -> None:
    """Each once, with what a Tap asks for as a password."""
    dids = [f"did:plc:{number:024d}".replace("0", "a").replace("1", "b") for number in (0, 1)]
    officials = {frozenset(dids[:1])}

    async def run() -> None:
        async with Tap("secret") as tap, aiohttp.ClientSession() as session:
            source = TapSource(
                session, TapPolicy(url=tap.url, password=Secret("secret")), lambda: next(iter(officials))
            )
            async with aclosing(source.chunks(None)) as chunks:
                await anext(chunks)
                assert tap.added == dids[:1]
                officials.clear()
                officials.add(frozenset(dids))
                await tap.say(_repost(1, live=True), _repost(2, live=True))
                await _events(chunks, 2, acknowledge=True)
                await tap.until_acknowledged(2)
            assert tap.added == dids

    asyncio.run(run())


@pytest.mark.parametrize(("password", "kind"), [("wrong", "key_refused"), ("", "key_refused")])
def test_a_wrong_password_is_said_to_be_one(password: str, kind: str) -> None:
    async def run() -> None:
        async with Tap("secret") as tap, _source(tap, password) as source:
            with pytest.raises(SourceError) as caught:
                await anext(source.chunks(None))
            assert caught.value.kind == kind
            assert "secret" not in str(caught.value)

    asyncio.run(run())


def test_a_connection_that_breaks_is_an_error_after_what_came_before_it() -> None:
    """Also one that nobody answers."""

    async def run() -> None:
        async with Tap() as tap, _source(tap) as source:
            await tap.say(_repost(1, live=True))
            chunks = source.chunks(None)
            assert len(await _events(chunks, 1, acknowledge=False)) == 1
            await tap.cut()
            with pytest.raises(SourceError) as caught:
                await anext(chunks)
            assert caught.value.kind == "closed"
        with pytest.raises(SourceError) as refused:
            async with _source(tap) as source:
                await anext(source.chunks(None))
        assert refused.value.kind == "closed"

    asyncio.run(run())


@pytest.mark.parametrize("raw", [b"[" * 100_000, b'{"id":9,"type":"weather"}', b"\x00binary", b'{"id":9' + b" " * 100])
def test_what_is_no_message_is_a_dead_letter_with_its_bytes_and_acknowledged_where_it_has_a_number(raw: bytes) -> None:
    async def run() -> None:
        async with Tap() as tap, _source(tap) as source:
            tap.raw = [raw]
            async with aclosing(source.chunks(None)) as chunks:
                chunk = await anext(chunks)
                while not chunk.letters:
                    chunk = await anext(chunks)
                (letter,) = chunk.letters
                assert letter.payload == raw
                if b"weather" in raw:
                    assert chunk.acknowledge is not None
                    await chunk.acknowledge()
                    await tap.until_acknowledged(1)
                    assert tap.acknowledged == [9]

    asyncio.run(run())
