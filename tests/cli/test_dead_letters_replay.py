"""`antiphon dead-letters replay`: what is selected, what is sent byte for byte, and what is kept back by name."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from msgspec.structs import replace

from streams.deadletters import DeadLetter, Reason, Rejection
from streams.events import Account, Post, Retweet, encode_event
from streams.kafka.administration import create_topics
from streams.kafka.client import producer
from streams.kafka.dead_letter_record import REPLAYS_HEADER, dead_letter_record, letter_of, replays_of
from streams.kafka.reading import read_topic
from streams.settings import Settings
from streams.topics import TOPICS
from tests.cli.conftest import Antiphon
from tests.cli.terminal import obeyed
from tests.kafka.traffic import create_topic
from tools.kafka.running_broker import RunningBroker, delete_topics

_AT = datetime(2022, 1, 2, tzinfo=UTC)
_ACTOR = Account(id="1", handle="a")


def _post(number: int) -> bytes:
    # Written by hand: the very bytes must arrive, spaces and unknown fields included.
    return (
        b' {"kind": "post", "unknown":%d,' % number
        + encode_event(Post(platform="twitter", id=str(number), at=_AT, actor=_ACTOR)).partition(b",")[2]
    )


def _retweet(number: int) -> bytes:
    subject = Account(id="2")
    return encode_event(Retweet(platform="twitter", id=str(number), at=_AT, actor=_ACTOR, subject=subject))


def _letter(
    payload: bytes, topic: str = "posts", reason: Reason = Reason.FUTURE_TIME, offset: int = 0, replays: int = 0
) -> DeadLetter:
    rejection = Rejection(reason=reason, detail="detail \x1b[31m")
    return letter_of(rejection, payload, topic, 3, offset, replays=replays)


# By offset in dead-letters; the times they are written at are 1,000 ms apart.
_LETTERS: list[tuple[DeadLetter, bytes | None]] = [
    (_letter(_post(1)), b"twitter:1"),
    (_letter(_retweet(2), "retweets"), None),
    (_letter(_post(1), replays=1), b"twitter:1"),  # the first, sent again and refused again
    (_letter(b"{}", reason=Reason.NOT_JSON), b"k"),
    (replace(_letter(_post(4)), size=1_000_000), b"k"),
    (replace(_letter(_post(5)), sha256="0" * 64), b"k"),
    (_letter(b"1,2", "path/of/file\x9b.csv", Reason.BAD_FILE), None),
    (_letter(_post(7), "path/of/file.ndjson", Reason.NOT_AN_EVENT), None),
    (_letter(_retweet(8), "retweets.ndjson", Reason.NOT_AN_EVENT), None),  # no raw topic, whatever it says
    (_letter(_post(9), replays=3), b"\xff\x00"),
    (_letter(_post(10), "posts", Reason.BAD_TIME), b"\xff\x00"),
    (_letter(_retweet(11), "subject-events", Reason.NOT_AN_EVENT), None),  # only agents write there
]
_BEGIN_MS = 1_640_995_200_000  # 2022-01-01T00:00:00Z
_OBSTACLES = {
    3: "still_refused",
    4: "cut",
    5: "damaged",
    6: "bad_file",
    7: "from_a_file",
    8: "from_a_file",
    9: "too_often",
    11: "internal",
}


@pytest.fixture
def settings(broker: RunningBroker, topic_prefix: str) -> Settings:
    """A broker with the letters above, to send them again."""
    return _with_letters(broker, topic_prefix)


@pytest.fixture(scope="module")
def looked_at(broker: RunningBroker) -> Iterator[Settings]:
    """A broker with the letters above, for tests that send nothing."""
    prefix = f"test-{uuid4().hex[:12]}-"
    yield _with_letters(broker, prefix)
    delete_topics(broker, prefix)


def _with_letters(broker: RunningBroker, prefix: str) -> Settings:
    made = Settings(broker=broker.address, topic_prefix=prefix, transactions=broker.is_real_kafka)

    # Topics of ours are dated by arrival; here the times are chosen.
    create_topic(broker.address, made.topic("dead-letters"), configs={"message.timestamp.type": "CreateTime"})

    async def write() -> None:
        await create_topics(made, partitions={topic.name: 1 for topic in TOPICS})
        client = producer(made)
        await client.start()
        try:
            for number, (letter, key) in enumerate(_LETTERS):
                record = dead_letter_record(letter, key)
                await client.send_and_wait(
                    made.topic(record.topic),
                    record.value,
                    key=record.key,
                    headers=list(record.headers),
                    timestamp_ms=_BEGIN_MS + number * 1_000,
                )
        finally:
            await client.stop()

    asyncio.run(write())
    return made


def _replay(antiphon: Antiphon, settings: Settings, *arguments: str) -> dict[str, Any]:
    where = ("--broker", settings.broker, "--topic-prefix", settings.topic_prefix)
    variables = {"ANTIPHON_TRANSACTIONS": str(settings.transactions).lower()}
    result = antiphon("dead-letters", "replay", *where, *arguments, "--json", **variables)
    assert result.exit_code == 0, result.stderr
    assert obeyed(result.stdout) == []
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def _sent(settings: Settings) -> list[tuple[str, bytes | None, bytes, int]]:
    """Topic, key, value and replays of every record on the raw topics that letters come from."""

    async def read() -> list[tuple[str, bytes | None, bytes, int]]:
        return [
            (topic, record.key, record.value, replays_of(record.headers))
            for topic in ("posts", "retweets")
            async for record in read_topic(settings, topic)
        ]

    return asyncio.run(read())


def test_bytes_and_key_go_back_to_where_they_came_from_and_the_rest_is_kept_back_by_name(
    antiphon: Antiphon, settings: Settings
) -> None:
    """Each input once, with the count of its replays; a dry run says the same and sends nothing."""
    dry = _replay(antiphon, settings, "--dry-run")
    assert _sent(settings) == []
    done = _replay(antiphon, settings)
    assert {**done, "dry_run": True} == dry
    assert sorted(_sent(settings)) == [
        ("posts", b"twitter:1", _post(1), 2),
        ("posts", b"\xff\x00", _post(10), 1),
        ("retweets", None, _retweet(2), 1),
    ]
    assert (done["read"], done["selected"], done["repeats"]) == (12, 12, 1)
    assert done["sent"] == {"letters": 3, "records": {"posts": 2, "retweets": 1}}
    assert {kept["offset"]: kept["obstacle"] for kept in done["kept_back"]["letters"]} == _OBSTACLES
    assert done["next_offsets"] == {"0": 12}


def test_letters_of_a_file_are_read_again_in_the_format_that_is_named(antiphon: Antiphon, settings: Settings) -> None:
    """What the format does not read is kept back with what it says."""
    done = _replay(antiphon, settings, "--offsets", "6-8", "--format", "canonical")
    assert done["sent"]["records"] == {"posts": 1, "retweets": 1}
    assert sorted((topic, key) for topic, key, _value, _replays in _sent(settings)) == [
        ("posts", b"twitter:1"),
        ("retweets", b"twitter:2"),
    ]
    other = _replay(antiphon, settings, "--offsets", "6-8", "--format", "twitter-v1")
    assert other["sent"]["letters"] == 0
    assert other["kept_back"]["totals"] == {"bad_file": 1, "still_refused": 2}


@pytest.mark.parametrize(
    ("arguments", "selected"),
    [
        (("--reason", "not_json"), {3}),
        (("--reason", "not_json", "--reason", "bad_time"), {3, 10}),
        (("--topic", "retweets"), {1}),
        (("--topic", "path/of/file.ndjson", "--topic", "retweets"), {1, 7}),
        (("--since", "2022-01-01T00:00:09Z"), {9, 10, 11}),
        (("--until", "2022-01-01T01:00:02+01:00"), {0, 1}),
        (("--since", "2022-01-01T00:00:03", "--until", "2022-01-01T00:00:05"), {3, 4}),
        (("--until", "2022-01-01"), set()),
        (("--offsets", "4"), {4}),
        (("--offsets", "8-"), {8, 9, 10, 11}),
        (("--offsets", "-1"), {0, 1}),
        (("--offsets", "3-5", "--reason", "future_time"), {4, 5}),
        (("--partition", "1"), set()),
    ],
)
def test_filters_select_what_they_say(
    antiphon: Antiphon, looked_at: Settings, arguments: tuple[str, ...], selected: set[int]
) -> None:
    """Seen by what a dry run keeps back and would send."""
    done = _replay(antiphon, looked_at, *arguments, "--dry-run")
    assert done["selected"] == len(selected)
    kept = {letter["offset"] for letter in done["kept_back"]["letters"]}
    assert kept == selected & _OBSTACLES.keys()
    assert done["sent"]["letters"] == len(selected - _OBSTACLES.keys())


def test_the_limit_says_where_the_rest_begins(antiphon: Antiphon, settings: Settings) -> None:
    done = _replay(antiphon, settings, "--limit", "2")
    assert (done["sent"]["letters"], done["left"], done["left_from"]) == (2, 9, {"0": 3})
    rest = _replay(antiphon, settings, "--offsets", f"{done['left_from']['0']}-")
    assert rest["sent"]["letters"] == 1
    assert len(_sent(settings)) == 3


def test_people_read_what_was_sent_what_was_kept_back_and_what_to_do(antiphon: Antiphon, looked_at: Settings) -> None:
    where = ("--broker", looked_at.broker, "--topic-prefix", looked_at.topic_prefix)
    result = antiphon("dead-letters", "replay", *where, "--dry-run", "--limit", "2", COLUMNS="160")
    assert result.exit_code == 0, result.stderr
    assert "12 of 12 dead letters selected" in result.stdout
    assert "Would send 2 letters again." in result.stdout
    assert "--offsets 3-" in result.stdout
    result = antiphon("dead-letters", "replay", *where, "--dry-run", COLUMNS="160")
    assert obeyed(result.stdout) == []
    for words in ("--format F", "--max-replays N", "--anyway", "path/of/file\\x9b.csv"):
        assert words in result.stdout


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--offsets", "5-3"), "5-3"),
        (("--offsets", "-"), "100-200"),
        (("--offsets", "1-x"), "1-x"),
        (("--offsets", "9" * 40), "100-200"),
        (("--since", "yesterday"), "yesterday"),
        (("--format", "twiter"), "twiter"),
        (("--reason", "bad"), "not_json"),
    ],
)
def test_what_is_typed_wrong_is_answered_before_anything_is_read(
    antiphon: Antiphon, arguments: tuple[str, ...], named: str
) -> None:
    result = antiphon("dead-letters", "replay", "--broker", "127.0.0.1:1", *arguments)
    assert result.exit_code == 2, result.stderr
    assert named in result.stderr


@pytest.mark.parametrize(
    ("headers", "replays"),
    [
        ([], 0),
        ([(REPLAYS_HEADER, b"2")], 2),
        ([(REPLAYS_HEADER, b"2"), (REPLAYS_HEADER, b"7"), ("other", b"9")], 7),
        ([(REPLAYS_HEADER, b"-1")], 0),
        ([(REPLAYS_HEADER, b"")], 0),
        ([(REPLAYS_HEADER, None)], 0),
        ([(REPLAYS_HEADER, "٣".encode())], 0),
        ([(REPLAYS_HEADER, b"9" * 5_000)], 0),
        ([(REPLAYS_HEADER, b"123456789")], 9_999),
    ],
)
def test_a_count_that_a_stranger_wrote_is_believed_within_reason(
    headers: list[tuple[str, bytes]], replays: int
) -> None:
    """Anybody may write raw records."""
    assert replays_of(headers) == replays
