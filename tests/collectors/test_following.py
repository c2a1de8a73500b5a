"""A collector that has nobody to ask for says why, and what to do."""

import asyncio
from contextlib import suppress

import pytest

from streams.collectors.following import follow_rosters
from streams.core.rosters.roster import Roster, RosterEntry
from streams.kafka.roster_topic import publish_roster
from tests.collectors.collecting import settings_for, wait_until
from tools.kafka.running_broker import RunningBroker


def _roster(platform: str) -> Roster:
    entry = RosterEntry(
        platform=platform, account_id="111", country="FR", category="diplomat", source_url="https://example.org"
    )
    return Roster([entry])


def _digest(roster: Roster) -> str:
    return roster.digest


def test_without_a_roster_or_an_official_on_the_platform_it_is_said_once_and_what_to_do(
    kafka: RunningBroker, topic_prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings = settings_for(kafka.address, topic_prefix)
    used: list[Roster] = []

    def said() -> list[str]:
        return [each.message for each in caplog.records if getattr(each, "platform", "") == "mastodon"]

    async def until(most: int) -> None:
        await asyncio.to_thread(wait_until, "it is said", lambda: len(said()) + len({*map(_digest, used)}) >= most)

    async def run() -> None:
        following = asyncio.create_task(follow_rosters(settings, "mastodon", used.append))
        await until(1)
        await publish_roster(settings, _roster("twitter"))
        await until(3)
        await publish_roster(settings, _roster("mastodon"))
        await until(4)
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following

    asyncio.run(run())
    assert said() == ["no roster is published", "the roster in force has no official on this platform"]
    assert {getattr(each, "remedy", "") for each in caplog.records if each.message in said()} == {
        "antiphon roster publish FILE"
    }
