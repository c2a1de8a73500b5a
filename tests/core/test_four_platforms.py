"""Officials of one State amplify an account on X, Bluesky, Mastodon and Telegram at once, in their own formats.

The four accounts have one name, and ids that look alike; on a fifth platform the very ids of X are those of others.
They are different subjects: nothing adds up across platforms.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from streams.collectors.source import Chunk
from streams.collectors.x.messages import Activities, Prices
from streams.core.backtest import Backtest, Results
from streams.core.rosters.roster import Roster, RosterEntry
from streams.core.rule_files.rule_file import parse_rules
from streams.core.subject_event import Coordinates
from streams.deadletters import Rejection
from streams.events import Account, Event, Retweet, encode_event
from streams.formats.bluesky.jetstream import JetstreamReader
from streams.formats.canonical import CanonicalReader
from streams.formats.mastodon.mastodon import MastodonReader
from streams.formats.reader import FormatReader
from streams.formats.telegram.telegram import TelegramReader
from streams.ledger.memory import MemoryLedger
from tests.formats.jetstream_frames import commit, ref, tid
from tests.formats.telegram_payloads import forward, telethon
from tools.servers.mastodon import Mastodon
from tools.servers.x_posts import XPosts

_BEGIN: Final = datetime(2026, 11, 20, 9, tzinfo=UTC)
_NAME: Final = "newvoice"
_NUMBER: Final = "7000000001"  # of the account on X and of the channel
_SUBJECTS: Final = {
    "twitter": _NUMBER,
    "bluesky": "did:plc:newvoicenewvoicenewvoice",
    "mastodon": f"https://social.example/@{_NAME}",
    "telegram": f"channel{_NUMBER}",
}
# When the third of three officials amplifies it, in minutes from the beginning: that is when the rule holds.
_THIRD: Final = {"twitter": 9, "bluesky": 14, "mastodon": 19, "telegram": 24}
_OFFICIALS: Final = {
    "twitter": ["501", "502", "503"],
    "bluesky": ["did:plc:" + f"officer{digit}" * 3 for digit in (2, 3, 4)],
    "mastodon": [f"https://state.example/@office{digit}" for digit in (1, 2, 3)],
    "telegram": ["channel501", "channel502", "channel503"],
}
_RULE: Final = """
[rules.together]
description = "Three officials amplified an account within a week."
severity = "warning"
quiet = "7d"

[rules.together.when]
distinct_officials_7d = { at_least = 3 }
"""


def _at(platform: str, number: int) -> datetime:
    """Of the first, second and third amplification: one platform begins while the others go on."""
    return _BEGIN + timedelta(minutes=_THIRD[platform] - 4 * (2 - number))


def _x() -> list[bytes]:
    posts = XPosts()
    for user in (*_OFFICIALS["twitter"], _NUMBER):
        posts.add_user(user, _NAME if user == _NUMBER else f"office{user}", "2026-11-01T00:00:00.000Z")
    original = posts.post(_NUMBER, "the same words everywhere", _BEGIN.timestamp())
    made = [
        posts.repost(user, original, _at("twitter", number).timestamp())
        for number, user in enumerate(_OFFICIALS["twitter"])
    ]
    return [json.dumps(posts.created(each)).encode() for each in made]


def _bluesky() -> list[bytes]:
    lines = []
    for number, did in enumerate(_OFFICIALS["bluesky"]):
        at = _at("bluesky", number)
        subject = {"subject": ref(_SUBJECTS["bluesky"], tid(_BEGIN))}
        _v1, v2 = commit("app.bsky.feed.repost", subject, did=did, key=tid(at), at=at)
        lines.append(json.dumps(v2).encode())
    return lines


def _mastodon() -> list[bytes]:
    theirs, ours = Mastodon("social.example"), Mastodon("state.example")
    theirs.add_user(_NAME)
    original = theirs.post(_NAME)
    lines = []
    for number, address in enumerate(_OFFICIALS["mastodon"]):
        name = address.rpartition("@")[2]
        ours.add_user(name)
        at = _at("mastodon", number).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        lines.append(json.dumps(ours.boost(name, original) | {"created_at": at}).encode())
    return lines


def _telegram() -> list[bytes]:
    lines = []
    for number, channel in enumerate(_OFFICIALS["telegram"]):
        source = {"_": "PeerChannel", "channel_id": int(_NUMBER)}
        message = telethon(
            100 + number,
            peer_id={"_": "PeerChannel", "channel_id": int(channel.removeprefix("channel"))},
            date=_at("telegram", number).isoformat(),
            message="the same words everywhere",
            fwd_from=forward(from_id=source, channel_post=1, date=_BEGIN.isoformat()),
        )
        lines.append(json.dumps(message).encode())
    return lines


def _read(reader: FormatReader, lines: list[bytes]) -> list[Event]:
    events: list[Event] = []
    for line in lines:
        reading = reader.read(line)
        assert isinstance(reading, tuple), (line, reading)
        events += reading
    return events


def _events() -> list[Event]:
    """In the order of their times: the platforms between each other."""
    chunk = Chunk()
    activities = Activities("x-activity", Prices(post=5_000, deletion=5_000))
    for number, line in enumerate(_x()):
        assert activities.add(chunk, line, number) is None
    # And somewhere else the same two numbers, of other people.
    elsewhere = Retweet(
        platform="vk",
        id="1",
        at=_BEGIN + timedelta(minutes=10),
        actor=Account(id=_OFFICIALS["twitter"][0]),
        subject=Account(id=_NUMBER, handle=_NAME),
        post_id="2",
    )
    events = [
        *_read(CanonicalReader(), [encode_event(elsewhere)]),
        *chunk.events,
        *_read(JetstreamReader(), _bluesky()),
        *_read(MastodonReader(), _mastodon()),
        *_read(TelegramReader(), _telegram()),
    ]
    return sorted(events, key=lambda event: event.at)


@pytest.fixture(scope="module")
def results() -> Results:
    common: dict[str, Any] = {"country": "FR", "category": "diplomat", "source_url": "https://example.org"}
    named = [(platform, each) for platform, ids in _OFFICIALS.items() for each in ids]
    named.append(("vk", _OFFICIALS["twitter"][0]))
    entries = [RosterEntry(platform=platform, account_id=each, **common) for platform, each in named]
    later_us = int((_BEGIN + timedelta(days=30)).timestamp() * 1_000_000)
    backtest = Backtest(Roster(entries), parse_rules(_RULE, "test"), MemoryLedger(), now_us=later_us)
    events = _events()
    for number, event in enumerate(events):
        assert not isinstance(backtest.feed(event, Coordinates("test", 0, number)), Rejection)
    if backtest.needs_second_reading():
        for number, event in enumerate(events):
            backtest.again(event, Coordinates("test", 0, number))
    return backtest.finish()


def test_each_platform_tells_what_happened_on_it() -> None:
    """The scenario itself: twelve amplifications, and no platform waits for another one to end."""
    events = _events()
    assert len(events) == 12 + 1
    assert all(isinstance(each, Retweet) for each in events)
    platforms = [each.platform for each in events if each.platform in _SUBJECTS]
    assert all(platforms.count(each) == 3 for each in _SUBJECTS)
    assert platforms != sorted(platforms, key=list(_SUBJECTS).index), "they overlap"


def test_there_are_four_subjects_each_with_its_own_officials(results: Results) -> None:
    dossiers = [each for each in results.dossiers.values() if each.platform != "vk"]
    (elsewhere,) = (each for each in results.dossiers.values() if each.platform == "vk")
    assert (elsewhere.subject.id, elsewhere.distinct_officials) == (_NUMBER, 1)
    assert {each.platform: each.subject.id for each in dossiers} == _SUBJECTS
    assert len(dossiers) == 4
    for each in dossiers:
        assert each.distinct_officials == 3
        assert {official.id for official in each.officials} == {*_OFFICIALS[each.platform]}
        assert each.countries == ("FR",)
        assert (each.first_amplified_at, each.last_amplified_at) == (_at(each.platform, 0), _at(each.platform, 2))
    assert len(results.amplifications) == 12 + 1


def test_each_has_its_alert_at_its_own_time_with_its_own_evidence(results: Results) -> None:
    alerts = {each.platform: each for each in results.alerts.values()}
    assert len(results.alerts) == len(alerts) == 4
    for platform, alert in alerts.items():
        assert alert.subject.id == _SUBJECTS[platform]
        assert alert.fired_at == _at(platform, 2)
        assert alert.evidence_total == len(alert.evidence) == 3
        assert {each.official for each in alert.evidence} == {*_OFFICIALS[platform]}
    assert [each.platform for each in sorted(alerts.values(), key=lambda each: each.fired_at)] == list(_THIRD)
    assert len({each.dedup_key for each in alerts.values()}) == 4
