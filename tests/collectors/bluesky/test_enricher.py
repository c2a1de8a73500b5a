"""The enricher, against a real broker and servers that misbehave."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from streams.events import Event, Profile, Suspension
from tests.collectors.bluesky.enriching import (
    Hand,
    amplification,
    dossier,
    enriching,
    listening,
    policy_of,
    with_revisits,
    write,
)
from tools.kafka.running_broker import RunningBroker
from tools.servers.bluesky_accounts import Accounts, LocalAccount, plc_did

_CREATED = "2024-02-03T04:05:06.789Z"


def _account(name: str, **known: object) -> LocalAccount:
    return replace(
        LocalAccount(did=plc_did(name), handle=f"{name}.example", name=f"The {name}", created_at=_CREATED), **known
    )


def _profiles(events: Sequence[Event]) -> dict[str, Profile]:
    return {each.actor.id: each for each in events if isinstance(each, Profile) and each.id.startswith("appview:")}


def test_a_subject_that_the_pipeline_knows_already_is_not_looked_up_before_its_time(
    broker: RunningBroker, topic_prefix: str
) -> None:
    """After a restart the dossiers say what was learnt; what they lack is asked."""
    known, unknown = _account("known", followers=5), _account("unknown", followers=6)
    before = [
        dossier(known.did, followers_as_of=datetime.now(UTC), created_at_source="directory"),
        dossier(unknown.did),
    ]

    async def run() -> None:
        accounts = Accounts(known, unknown)
        async with enriching(broker, topic_prefix, accounts, before) as (settings, appview, directory):
            async with listening(settings, policy_of(appview, directory)) as listener:
                events = await listener.until(2)
            assert {event.actor.id for event in events if isinstance(event, Profile)} == {unknown.did}
            assert not [path for path in [*appview.asked, *directory.asked] if known.did in path]

    asyncio.run(run())


@pytest.mark.parametrize(
    ("changes", "status", "reason"),
    [
        ({"hidden": True}, "suspended", "AccountTakedown"),
        ({"status": "takendown"}, "suspended", "AccountTakedown"),
        ({"status": "deactivated"}, "deactivated", "AccountDeactivated"),
        ({"status": "deleted"}, "deleted", "Profile not found"),
    ],
)
def test_a_tracked_subject_that_is_gone_is_one_notice_and_its_return_another(
    broker: RunningBroker, topic_prefix: str, changes: dict[str, Any], status: str, reason: str
) -> None:
    """Also where only the AppView's moderation hides it, of which the protocol says nothing. When it happened nobody
    knows: it was noticed."""
    account = _account("tracked", followers=5)

    async def run() -> None:
        async with enriching(broker, topic_prefix, Accounts(account)) as (settings, appview, directory):
            policy = with_revisits(policy_of(appview, directory), 0.01)
            async with listening(settings, policy) as listener:
                await listener.warm(settings, account.did)
                for name, value in changes.items():
                    setattr(account, name, value)
                await listener.when(lambda: bool(_notices(listener.events)))
                asked = len(appview.asked)
                await appview.until_asked(asked + 20)
                assert len(_notices(listener.events)) == 1
                account.status, account.hidden = "active", False
                await listener.when(lambda: len(_notices(listener.events)) == 2)
                await appview.until_asked(len(appview.asked) + 20)
                gone, back = _notices(listener.events)
        assert (gone.status, gone.reason, gone.precision) == (status, reason, "noticed")
        assert (back.status, back.reason, back.precision) == ("reinstated", None, "noticed")

    asyncio.run(run())


def test_an_answer_that_lacks_an_account_is_no_suspension(broker: RunningBroker, topic_prefix: str) -> None:
    """The account is there when it is asked for alone; one that never was seen is unknown, and not deleted."""
    hidden_from_lists, never_there = _account("short", followers=7), plc_did("nobody")

    async def run() -> None:
        async with enriching(broker, topic_prefix, Accounts(hidden_from_lists)) as (settings, appview, directory):
            appview.left_out = {hidden_from_lists.did}
            policy = with_revisits(policy_of(appview, directory), 0.01)
            async with listening(settings, policy) as listener:
                await listener.warm(settings, hidden_from_lists.did)
                await write(settings, [amplification(never_there)])
                while sum(never_there in path for path in appview.asked) < 10:
                    await listener.until(len(listener.events) + 1)
                assert not _notices(listener.events)

    asyncio.run(run())


def test_a_profile_that_is_missing_for_a_moment_is_no_deletion(broker: RunningBroker, topic_prefix: str) -> None:
    """A server's own trouble: only what it says for the whole time of confirmation counts."""
    account = _account("moment", followers=7)

    async def run() -> None:
        async with enriching(broker, topic_prefix, Accounts(account)) as (settings, appview, directory):
            policy = with_revisits(policy_of(appview, directory), 0.01, confirm_seconds=0.05)
            clock = Hand()
            async with listening(settings, policy, clock) as listener:
                await listener.warm(settings, account.did)
                account.status = "deleted"
                clock.seconds += 0.01
                await appview.until_asked(len(appview.asked) + 2)
                account.status = "active"
                seen = len(listener.events)
                while len(listener.events) == seen:
                    clock.seconds += 0.05
                    await asyncio.sleep(0.01)
                assert not _notices(listener.events)

    asyncio.run(run())


def test_accounts_of_the_web_have_no_age(broker: RunningBroker, topic_prefix: str) -> None:
    """The directory knows nothing of them, and a profile's own word is not taken."""
    account = replace(_account("web", followers=7), did="did:web:ministry.example")

    async def run() -> None:
        async with enriching(broker, topic_prefix, Accounts(account)) as (settings, appview, directory):
            async with listening(settings, policy_of(appview, directory)) as listener:
                while not listener.events:
                    await write(settings, [amplification(account.did)])
                    await asyncio.sleep(0.2)
            assert not directory.asked
            assert [each.actor.created_at for each in listener.events if isinstance(each, Profile)] == [None]

    asyncio.run(run())


def _notices(events: Sequence[Event]) -> list[Suspension]:
    return [event for event in events if isinstance(event, Suspension)]
