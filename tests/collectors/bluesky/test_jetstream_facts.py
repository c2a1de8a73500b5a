"""What Jetstream sends and does not mean: repositories that are read again, and notices that are no suspensions.

From the server's frames through the sources to the dossiers and alerts of a backtest.
"""

from itertools import pairwise
from typing import Any

import msgspec
import pytest

from streams.core.backtest import Results
from streams.core.clock import from_us
from streams.core.rosters.roster import Roster, RosterEntry
from streams.events import Account, Event, Profile, Suspension
from tests.collectors.bluesky.jetstream_rig import (
    EMBASSY,
    HOUR,
    MINISTRY,
    NOW,
    REPOST,
    SECOND,
    STRANGER,
    SUBJECT,
    chatter,
    in_order,
    repost,
    rig_for,
    served,
)
from tests.core.stories import run_story
from tools.servers.jetstream.log import EventLog, LogEvent, account, commit, tid
from tools.servers.jetstream.server import JetstreamServer

_DAY = 24 * HOUR
_OFFICIALS = (EMBASSY, MINISTRY, "did:plc:consulateconsulateconsul")
_ROSTER = Roster(
    RosterEntry(
        platform="bluesky", account_id=did, country="FR", category="diplomat", source_url="https://example.org/"
    )
    for did in _OFFICIALS
)


def _iso(number: int) -> str:
    return f"2026-03-01T11:59:{30 + number}Z"


def _story(events: list[Event], *, age_us: int = 1_200 * _DAY) -> Results:
    created = Account(id=SUBJECT, created_at=from_us(NOW - age_us), created_at_source="directory")
    profile = Profile(platform="bluesky", id="p", at=from_us(NOW - 2 * HOUR), actor=created)
    return run_story(_ROSTER, [profile, *events], now_us=NOW + HOUR)


def _again(count: int, *, age_us: int) -> list[LogEvent]:
    """Reposts of the subject by turns, that the server sends as new, and whose keys are so much older."""
    events = []
    for number in range(count):
        key = tid(NOW - SECOND - age_us - number * 60 * SECOND)
        subject = {"cid": "c", "uri": f"at://{SUBJECT}/app.bsky.feed.post/k{number}"}
        record = {"createdAt": "2026-03-01T11:59:59Z", "subject": subject}
        did = _OFFICIALS[number % 3]
        events.append(commit(did, REPOST, key, record, time_us=NOW - SECOND + number, resync=True))
    return events


def _read(log: EventLog, count: int) -> list[Event]:
    async def use(server: JetstreamServer) -> Any:
        async with rig_for([server], "v2", officials=_OFFICIALS) as rig:
            cursor = msgspec.json.encode({"host": server.url, "wire": "v2", "time_us": NOW - 2 * HOUR})
            return await rig.take(rig.commits, lambda taken: len(taken.seen) >= count, cursor=cursor)

    seen: list[Event] = served(log, use).seen
    return seen


@pytest.mark.slow
def test_1500_old_reposts_that_are_sent_as_new_raise_no_alert_and_change_no_figure_of_today() -> None:
    live = [repost(NOW - HOUR, number, did=did) for number, did in enumerate(_OFFICIALS[:2])]
    quiet = in_order(chatter(NOW - 3 * HOUR, NOW, 60 * SECOND), live)
    before = _story(_read(quiet, 2))
    resynced = in_order(quiet.new_events(), _again(1_500, age_us=700 * _DAY))
    after = _story(_read(resynced, 1_502))
    assert before.alerts == after.alerts == {}
    (was,), (now,) = before.dossiers.values(), after.dossiers.values()
    assert now.totals.retweet + now.dropped_amplifications == was.totals.retweet + 1_500
    assert now.windows == was.windows
    assert now.last_amplified_at == was.last_amplified_at
    assert now.suspensions == was.suspensions

    # The test of the test: the same records with the keys of today, of a young account.
    fresh = in_order(quiet.new_events(), _again(1_500, age_us=0))
    news = _story(_read(fresh, 1_502), age_us=20 * _DAY)
    assert "new-account-burst" in {alert.rule for alert in news.alerts.values()}


def test_of_throttled_desynchronized_unknown_new_and_moved_accounts_none_is_suspended_and_one_is_back() -> None:
    notices: list[tuple[str, bool, str | None]] = [
        (SUBJECT, True, None),  # as an account is announced when it is made
        (SUBJECT, False, "throttled"),
        (SUBJECT, False, "desynchronized"),
        (SUBJECT, False, "under_review"),
        (SUBJECT, False, "deactivated"),  # it moves to another server
        (SUBJECT, True, None),
        (EMBASSY, True, None),
        (STRANGER, False, "takendown"),
    ]
    frames = [
        account(did, time_us=NOW - 20 * SECOND + number * SECOND, active=active, status=status, time=_iso(number))
        for number, (did, active, status) in enumerate(notices)
    ]
    log = in_order(chatter(NOW - 60 * SECOND, NOW), [repost(NOW - 40 * SECOND, 1)], frames)

    async def use(server: JetstreamServer) -> Any:
        async with rig_for([server], "v2", officials=_OFFICIALS) as rig:
            cursor = msgspec.json.encode({"host": server.url, "wire": "v2", "time_us": NOW - 50 * SECOND})
            commits = await rig.take(rig.commits, lambda taken: len(taken.seen) == 1, cursor=cursor)
            accounts = await rig.take(
                rig.accounts, lambda taken: taken.chunks[-1].newest_us >= NOW - SECOND, cursor=cursor
            )
            return commits.seen, accounts.seen

    commits, accounts = served(log, use)
    assert [(event.actor.id, event.status) for event in accounts if isinstance(event, Suspension)] == [
        (SUBJECT, "reinstated"),
        (SUBJECT, "deactivated"),
        (SUBJECT, "reinstated"),
        (EMBASSY, "reinstated"),
    ]
    found = _story([*commits, *accounts])
    (dossier,) = found.dossiers.values()
    statuses = [notice.status for notice in dossier.suspensions]
    # A notice that an account is there is a fact, and a return only behind one that it was not.
    assert statuses == ["reinstated", "deactivated", "reinstated"]
    assert sum(two == ("deactivated", "reinstated") for two in pairwise(statuses)) == 1
    assert not found.alerts
    assert not found.aftermaths
