"""Real frames of Jetstream, in full: every line accounted for, and events by value."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from streams.deadletters import Reason
from streams.events import Account, Deletion, Event, Follow, Post, Profile, Retweet, Suspension, encode_event
from streams.formats.bluesky.jetstream import JetstreamReader
from streams.formats.canonical import CanonicalReader
from streams.formats.inputs.files import open_lines
from streams.formats.reader import Reading
from streams.formats.tally import Tally, read_lines

# What each file holds, counted by hand from `kind`, `collection` and `operation`: events, skipped frames, rejections.
_OF_THE_SIMULATOR: Final = {
    "Post": 1_050 + 238,  # created, and changed
    "Retweet": 101 + 21,
    "Follow": 171 + 48,
    "Deletion": 154 + 12,  # of posts, of reposts
    "Profile": 16,  # identities with a handle
    "identity_without_handle": 37,
    "follow_deleted": 31,
    "like": 351 + 81 + 63,
    "profile": 96 + 19 + 11,
}
SAMPLES: Final[dict[str, dict[str, int]]] = {
    "jetstream_v1_simulator_2500.jsonl": _OF_THE_SIMULATOR,
    "jetstream_v2_simulator_2500.jsonl": _OF_THE_SIMULATOR,
    "bluesky_jetstream_account_identity_frames.jsonl": {
        "like": 3,
        "profile": 2,
        "Suspension": 6,
        "Deletion": 1,
        "Profile": 1,
    },
    "bluesky_relay_account_deactivation.jsonl": {Reason.UNKNOWN_SHAPE: 2},  # the relay's own shape, no Jetstream
}


@pytest.fixture
def samples(shared_data: Path) -> Path:
    return shared_data.parent / "samples"


def readings_of(path: Path, tally: Tally) -> list[Reading]:
    with open_lines(str(path)) as lines:
        return [reading for _, reading in read_lines(lines, JetstreamReader(), tally)]


def events_of(path: Path) -> list[Event]:
    return [event for each in readings_of(path, Tally()) if isinstance(each, tuple) for event in each]


@pytest.mark.parametrize("name", SAMPLES)
def test_each_line_of_the_samples_is_what_it_is(name: str, samples: Path) -> None:
    tally = Tally()
    events = [event for each in readings_of(samples / name, tally) if isinstance(each, tuple) for event in each]
    assert Counter(type(event).__name__ for event in events) | tally.skipped | tally.rejected == SAMPLES[name]
    assert tally.lines == sum(SAMPLES[name].values())
    for event in events:
        assert CanonicalReader().read(encode_event(event)) == (event,)


def test_the_same_2500_events_are_read_from_both_wires(samples: Path) -> None:
    v1, v2 = (readings_of(samples / f"jetstream_{wire}_simulator_2500.jsonl", Tally()) for wire in ("v1", "v2"))
    assert len(v1) == 2_500
    assert v1 == v2


def test_the_first_events_of_the_simulator_are_those_that_stand_there(samples: Path) -> None:
    """Its record keys are of 1970, so that each record is back-fill."""
    events = events_of(samples / "jetstream_v2_simulator_2500.jsonl")
    post, _, follow, deletion = events[:4]
    retweet = next(event for event in events if isinstance(event, Retweet))
    assert post == Post(
        platform="bluesky",
        id="at://did:plc:aundg2bbjkngd7rfn2p64wkp/app.bsky.feed.post/22an4vudzonas",
        at=datetime(1970, 3, 25, 22, 43, 5, 839_251, tzinfo=UTC),
        observed_at=datetime(2026, 11, 27, 13, 8, 54, 77_462, tzinfo=UTC),
        actor=Account(id="did:plc:aundg2bbjkngd7rfn2p64wkp"),
        text="ktkkxpgjpklsbhnztesljbqapaiqxaqdcsa ireflloqzyhnhsdxu mxbboqqq h",
        lang="en",
    )
    assert isinstance(follow, Follow)
    assert (follow.actor.id, follow.subject.id) == (
        "did:plc:uo25pauytdi6nbxwazm2ozby",
        "did:plc:6eljfxgnlgzh4vhxindfdnvu",
    )
    assert isinstance(deletion, Deletion)
    assert deletion.post_id == "at://did:plc:on5ookwdhm2567nlsbjuijzz/app.bsky.feed.post/22bfevtueere7"
    assert deletion.at == datetime(2026, 11, 27, 13, 8, 54, 106_376, tzinfo=UTC)
    assert retweet.subject == Account(id="did:plc:ucpn5o7fnoama4y7vhv3fybi")
    assert retweet.post_id == "at://did:plc:ucpn5o7fnoama4y7vhv3fybi/app.bsky.feed.post/22apx745dgm3u"


def test_recorded_notices_of_accounts_say_who_did_it(samples: Path) -> None:
    events = events_of(samples / "bluesky_jetstream_account_identity_frames.jsonl")
    notices = [
        (event.status, event.reason, event.precision, event.actor.id[-4:], event.at.isoformat(timespec="seconds"))
        for event in events
        if isinstance(event, Suspension)
    ]
    assert notices == [
        ("deleted", "deleted", "exact", "odsw", "2025-01-09T19:42:19+00:00"),
        ("deactivated", "deactivated", "exact", "kiol", "2025-01-09T19:42:25+00:00"),
        ("reinstated", None, "exact", "wml2", "2025-01-09T19:42:27+00:00"),
        ("suspended", "takendown", "exact", "krja", "2025-05-07T23:33:04+00:00"),
        ("reinstated", None, "exact", "7fim", "2024-09-05T06:11:05+00:00"),
        ("suspended", "takendown", "exact", "uqsq", "2025-09-10T15:20:40+00:00"),
    ]
    [profile] = [event for event in events if isinstance(event, Profile)]
    assert profile.actor == Account(id="did:plc:g6ylltenitt4tp27bpwalh7b", handle="miyakotubaki.bsky.social")
