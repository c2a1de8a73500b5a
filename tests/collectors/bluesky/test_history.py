"""The history of an official, from a real broker's record of what is missing to what the engine makes of it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec import Struct
from msgspec.structs import replace

from streams.collectors.bluesky.history import History, HistoryPolicy
from streams.collectors.bluesky.history_gaps import BackFill, OpenGaps
from streams.collectors.http_client import ClientPolicy
from streams.collectors.source import Chunk
from streams.core.clock import to_us
from streams.core.rosters.roster import Roster, RosterEntry
from streams.events import Account, Coverage, Deletion, Event, Follow, Post, Profile, Retweet, Suspension, encode_event
from streams.formats.registry import readers_named
from streams.jobs.backtest import BacktestRun, backtest_files
from streams.kafka.administration import create_topics
from streams.kafka.client import started_producer
from streams.kafka.raw_record import raw_record
from streams.rules_loading import bundled_rules
from streams.settings import Settings
from tests.collectors.bluesky.enriching import settings_of
from tools.kafka.running_broker import RunningBroker
from tools.servers.bluesky_accounts import Accounts, LocalAccount, plc_did
from tools.servers.local_server import Fail, Throttle
from tools.servers.pds import PersonalDataServer
from tools.servers.plc import Directory

_NOW = datetime.now(UTC)
_SUBJECT = plc_did("subject")


def _official(name: str) -> LocalAccount:
    return LocalAccount(did=plc_did(name), handle=f"{name}.example")


def _us(days: float) -> int:
    return to_us(_NOW - timedelta(days=days))


class _Stage(Struct):
    settings: Settings
    servers: dict[str, PersonalDataServer]
    policy: HistoryPolicy


@asynccontextmanager
async def _stage(
    broker: RunningBroker, prefix: str, gaps: Sequence[Event], *officials: LocalAccount
) -> AsyncIterator[_Stage]:
    """Gaps on the topic, and a server for each official."""
    settings = settings_of(broker, prefix)
    await create_topics(settings)
    await _publish(settings, gaps)
    accounts = Accounts(*officials)
    async with Directory(accounts) as directory:
        servers = {each.did: PersonalDataServer(accounts) for each in officials}
        for official in officials:
            official.pds = (await servers[official.did].__aenter__()).url
        places = [directory.place, *(each.place for each in servers.values())]
        client = ClientPolicy(
            trusted=frozenset(places), first_wait_seconds=0.001, longest_wait_seconds=0.001, patience_seconds=0.0
        )
        yield _Stage(settings, servers, HistoryPolicy(directory=directory.url, retry_seconds=0.01, client=client))
        for server in servers.values():
            await server.__aexit__(None, None, None)


async def _publish(settings: Settings, events: Sequence[Event]) -> None:
    async with started_producer(settings) as client:
        for event in events:
            record = raw_record(event)
            await client.send_and_wait(settings.topic(record.topic), record.value, key=record.key)


def _gap(*dids: str) -> Coverage:
    return Coverage(
        platform="bluesky",
        id=f"jetstream:added:{dids[0]}",
        at=_NOW,
        source="jetstream",
        seen=False,
        until=_NOW,
        officials=dids,
        reason="added",
    )


async def _read(
    stage: _Stage, closed: int = 1, cursor: bytes | None = None, most: int = 10_000, officials: Sequence[str] = ()
) -> list[Chunk]:
    """The chunks until so many records of coverage have come, or so many chunks."""
    chunks: list[Chunk] = []
    history = History(stage.settings, stage.policy, lambda: frozenset(officials))
    async with aclosing(history.chunks(cursor)) as reading:
        async for chunk in reading:
            chunks.append(chunk)
            if len(chunks) >= most or sum(isinstance(each, Coverage) for each in _events(chunks)) >= closed:
                break
    return chunks


def _events(chunks: Sequence[Chunk]) -> list[Event]:
    return [event for chunk in chunks for event in chunk.events]


def _backtest(folder: Path, events: Sequence[Event], *officials: LocalAccount) -> BacktestRun:
    path = folder / "events.jsonl"
    path.write_bytes(b"\n".join(encode_event(event) for event in events))
    roster = Roster(
        RosterEntry(
            platform="bluesky",
            account_id=each.did,
            handle=each.handle,
            country="FR",
            category="diplomat",
            source_url="https://example.org",
        )
        for each in officials
    )
    return backtest_files([str(path)], readers_named("canonical"), roster, bundled_rules())


def test_all_reposts_and_follows_and_the_newer_posts_are_read_and_the_gap_is_closed(
    broker: RunningBroker, topic_prefix: str
) -> None:
    """More than two pages of each; the time is that of the record key, and not what the record says of itself."""
    official = _official("embassy")
    for day in range(250):
        official.repost(_us(day + 1), f"at://{_SUBJECT}/app.bsky.feed.post/3k{day}")
        official.post(_us(day + 1.5), "text")
    official.follow(_us(700), _SUBJECT)
    gap = _gap(official.did)

    async def run() -> list[Chunk]:
        async with _stage(broker, topic_prefix, [gap], official) as stage:
            return await _read(stage)

    chunks = asyncio.run(run())
    events = _events(chunks)
    retweets = [event for event in events if isinstance(event, Retweet)]
    posts = [event for event in events if isinstance(event, Post)]
    follows = [event for event in events if isinstance(event, Follow)]
    assert sorted(to_us(event.at) for event in retweets) == sorted(_us(day + 1) for day in range(250))
    assert {event.subject.id for event in retweets} == {_SUBJECT}
    assert len(posts) == 149
    assert [to_us(event.at) for event in follows] == [_us(700)]
    assert all(event.observed_at is not None and event.observed_at >= _NOW for event in retweets)
    assert events[-1] == replace(gap, closed_by="back_fill")
    assert not any(chunk.letters or chunk.skipped for chunk in chunks)


def test_a_restart_goes_on_with_the_page_after_the_last_one(broker: RunningBroker, topic_prefix: str) -> None:
    """Wherever it was stopped: both parts together are the whole, and the first page is not read again."""
    official = _official("embassy")
    for day in range(350):
        official.repost(_us(day + 1), f"at://{_SUBJECT}/app.bsky.feed.post/3k{day}")

    async def run() -> tuple[list[Chunk], list[Chunk]]:
        async with _stage(broker, topic_prefix, [_gap(official.did)], official) as stage:
            first = await _read(stage, most=2)
            return first, await _read(stage, cursor=first[-1].cursor)

    first, second = asyncio.run(run())
    ids = [event.id for event in _events([*first, *second]) if isinstance(event, Retweet)]
    assert len(ids) == len(set(ids)) == 350
    assert len(_events(first)) == 200


def test_a_server_that_is_away_holds_up_no_other_official(broker: RunningBroker, topic_prefix: str) -> None:
    """Its official is tried again, and his gap stays open until then."""
    away, there = _official("away"), _official("there")
    for official in (away, there):
        official.repost(_us(3), f"at://{_SUBJECT}/app.bsky.feed.post/3k")

    async def run() -> list[Event]:
        async with _stage(broker, topic_prefix, [_gap(away.did, there.did)], away, there) as stage:
            stage.servers[away.did].faults = [*[Fail(503)] * 4, Throttle(0)]
            return _events(await _read(stage, closed=2))

    events = asyncio.run(run())
    gaps = [event for event in events if isinstance(event, Coverage)]
    assert [(each.officials, each.closed_by) for each in gaps] == [
        ((away.did,), None),
        ((away.did,), "back_fill"),
    ]
    assert [event.actor.id for event in events if isinstance(event, Retweet)] == [there.did, away.did]


@pytest.mark.parametrize("key", ["self", "3zzzzzzzzzzzz", "2222222222222"])
def test_a_record_of_which_nobody_knows_when_it_was_written_is_no_news(
    broker: RunningBroker, topic_prefix: str, key: str
) -> None:
    """A key of somebody's own choosing, one from the future, one from 1970: skipped by name."""
    official = _official("embassy")
    official.repost(_us(3), f"at://{_SUBJECT}/app.bsky.feed.post/3k")
    reposts = official.records["app.bsky.feed.repost"]
    reposts[key] = next(iter(reposts.values()))

    async def run() -> list[Chunk]:
        async with _stage(broker, topic_prefix, [_gap(official.did)], official) as stage:
            return await _read(stage)

    chunks = asyncio.run(run())
    assert len([event for event in _events(chunks) if isinstance(event, Retweet)]) == 1
    assert sum(chunk.skipped["record_without_time"] for chunk in chunks) == 1


def test_history_raises_no_alert_as_new_fills_the_baseline_and_lets_an_un_repost_find_its_subject(
    broker: RunningBroker, topic_prefix: str, tmp_path: Path
) -> None:
    """1,500 reposts of a young account by five officials, all of them from before yesterday, read just now, as is its
    age; one of them is taken back a second later. Then the account is suspended: its watch has a baseline."""
    officials = [_official(f"official{n}") for n in range(5)]
    for number, official in enumerate(officials):
        for each in range(300):
            at_us = _us(2 + each / 5 + number / 10)
            official.repost(at_us, f"at://{_SUBJECT}/app.bsky.feed.post/3k{each}")

    async def run() -> list[Event]:
        async with _stage(broker, topic_prefix, [_gap(*(each.did for each in officials))], *officials) as stage:
            return _events(await _read(stage, closed=5))

    history = asyncio.run(run())
    later = datetime.now(UTC)
    created = Account(id=_SUBJECT, created_at=_NOW - timedelta(days=80), created_at_source="directory")
    history.append(Profile(platform="bluesky", id="directory", at=later, observed_at=later, actor=created))
    before = _backtest(tmp_path, history, *officials).results
    assert {alert.rule for alert in before.alerts.values()} >= {"new-account-burst", "new-account-sustained"}
    # What is published more than a day after its `as_of` is back-fill, and nobody is told.
    assert all(alert.as_of < _NOW - timedelta(days=1) for alert in before.alerts.values())
    (dossier,) = before.dossiers.values()
    assert (dossier.totals.retweet, dossier.withdrawn) == (1_500, 0)
    assert dossier.last_amplified_at is not None
    assert dossier.last_amplified_at < _NOW - timedelta(days=1)

    taken_back = next(event for event in history if isinstance(event, Retweet) and event.at > _NOW - timedelta(days=9))
    gone = Deletion(
        platform="bluesky", id=taken_back.id, at=later, observed_at=later, post_id=taken_back.id, actor=taken_back.actor
    )
    suspended = Suspension(
        platform="bluesky", id="s", at=later, actor=Account(id=_SUBJECT), status="suspended", precision="exact"
    )
    (dossier,) = _backtest(tmp_path, [*history, gone], *officials).results.dossiers.values()
    assert (dossier.totals.retweet, dossier.withdrawn) == (1_499, 1)
    (aftermath,) = _backtest(tmp_path, [*history, suspended], *officials).results.aftermaths.values()
    assert aftermath.references_before > 500


def test_an_un_repost_a_second_after_the_start_of_what_was_reposted_a_year_before_is_a_withdrawal(
    broker: RunningBroker, topic_prefix: str, tmp_path: Path
) -> None:
    """The deletion names no subject: the history does."""
    official = _official("embassy")
    for number in range(3):
        official.repost(_us(365 + number), f"at://{_SUBJECT}/app.bsky.feed.post/3k{number}")

    async def run() -> list[Event]:
        async with _stage(broker, topic_prefix, [_gap(official.did)], official) as stage:
            return _events(await _read(stage))

    history = asyncio.run(run())
    repost = next(event for event in history if isinstance(event, Retweet))
    at = datetime.now(UTC) + timedelta(seconds=1)
    gone = Deletion(platform="bluesky", id=repost.id, at=at, observed_at=at, post_id=repost.id, actor=repost.actor)
    (before,) = _backtest(tmp_path, history, official).results.dossiers.values()
    (after,) = _backtest(tmp_path, [*history, gone], official).results.dossiers.values()
    assert (before.totals.retweet, before.withdrawn) == (3, 0)
    assert (after.totals.retweet, after.withdrawn) == (2, 1)


def test_a_gap_of_everybody_is_closed_once_every_official_was_asked_for_what_he_did_since_it_began(
    broker: RunningBroker, topic_prefix: str
) -> None:
    """Few pages of each, however long his history. Who is gone holds up nobody; a server that is away is waited for."""
    busy, away, gone = _official("busy"), _official("away"), _official("gone")
    for day in range(300):
        busy.repost(_us(day + 0.5), f"at://{_SUBJECT}/app.bsky.feed.post/3k{day}")
    away.post(_us(1.5), "meanwhile")
    away.post(_us(40), "long before")
    gone.repost(_us(1.5), f"at://{_SUBJECT}/app.bsky.feed.post/3k")
    gone.status = "deactivated"
    since, until = _NOW - timedelta(days=2), _NOW - timedelta(days=1)
    gap = replace(_gap("nobody"), id="jetstream:gap", at=until, since=since, until=until, reason="clamped")
    gap = replace(gap, officials=None)
    open_ = replace(gap, id="jetstream:open", until=None)
    replayed = replace(gap, id="jetstream:replayed", closed_by="replay")

    async def run() -> tuple[list[Chunk], list[str]]:
        async with _stage(broker, topic_prefix, [open_, gap, replayed], busy, away, gone) as stage:
            stage.servers[away.did].faults = [*[Fail(503)] * 4]
            return await _read(stage, officials=[busy.did, away.did, gone.did]), stage.servers[busy.did].asked

    chunks, asked = asyncio.run(run())
    events = _events(chunks)
    assert events[-1] == replace(gap, closed_by="back_fill")
    read = [event for event in events if not isinstance(event, Coverage)]
    assert {(type(each), each.actor and each.actor.id) for each in read if not isinstance(each, Profile)} == {
        (Retweet, busy.did),
        (Post, away.did),
    }
    assert sorted(each.at for each in read) == sorted(_NOW - timedelta(days=days) for days in (0.5, 1.5, 1.5))
    assert len(asked) == 3, "one page of each collection"


def test_a_gap_of_everybody_waits_for_the_roster_and_asks_nobody_who_left_it() -> None:
    since, until = _NOW - timedelta(days=2), _NOW - timedelta(days=1)
    gap = replace(_gap("nobody"), id="g", at=until, since=since, until=until, reason="silent", officials=None)
    roster: set[str] = set()
    gaps = OpenGaps("bluesky", lambda: frozenset(roster))
    gaps.add(gap)
    assert gaps.next(0.0) is None
    roster |= {"did:plc:a", "did:plc:b", "did:plc:c"}
    first = gaps.next(0.0)
    assert first == BackFill("did:plc:a", since)
    gaps.put_off("did:plc:a", 5.0)
    gaps.add(_gap("did:plc:new"))
    new = gaps.next(0.0)
    assert new == BackFill("did:plc:new", None), "who is new comes first"
    assert [record.closed_by for record in gaps.done(new)] == ["back_fill"]
    assert gaps.next(0.0) == BackFill("did:plc:b", since)
    roster.remove("did:plc:c")
    assert gaps.done(BackFill("did:plc:b", since)) == []
    assert gaps.next(0.0) is None
    assert gaps.next(5.0) == first
    assert gaps.done(first) == [replace(gap, closed_by="back_fill")]
    assert gaps.next(9.0) is None
