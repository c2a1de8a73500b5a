"""`antiphon dead-letters list`: the newest refused inputs, their totals, and nothing that a terminal obeys."""

import asyncio
import base64
import hashlib
import json
from typing import Any

import pytest

from streams.deadletters import Reason, Rejection
from streams.kafka.administration import create_topics
from streams.kafka.batch_writer import OutgoingRecord
from streams.kafka.client import producer
from streams.kafka.dead_letter_record import dead_letter_record, letter_of
from streams.settings import Settings
from tests.cli.conftest import Antiphon
from tests.cli.terminal import obeyed
from tools.kafka.running_broker import RunningBroker

_HOSTILE = b'{"text": "\x1b]0;owned\x07\xff\xfe \xe2\x80\xae"}'


def _letter(number: int, reason: Reason, payload: bytes) -> OutgoingRecord:
    rejection = Rejection(reason=reason, detail=f"detail \x1b[31m {number}")
    return dead_letter_record(letter_of(rejection, payload, "posts\x9b", 3, number))


def _write(settings: Settings, records: list[OutgoingRecord]) -> None:
    async def write() -> None:
        await create_topics(settings)
        client = producer(settings)
        await client.start()
        try:
            for record in records:
                topic = settings.topic("dead-letters")
                await client.send_and_wait(topic, record.value, key=record.key, headers=list(record.headers))
        finally:
            await client.stop()

    asyncio.run(write())


@pytest.fixture
def where(broker: RunningBroker, topic_prefix: str) -> tuple[str, ...]:
    """Options of a command: a broker with 30 letters of two reasons, and a record of somebody else's."""
    settings = Settings(broker=broker.address, topic_prefix=topic_prefix, transactions=broker.is_real_kafka)
    letters = [_letter(n, Reason.NOT_JSON if n % 3 else Reason.TOO_DEEP, _HOSTILE + b"%d" % n) for n in range(30)]
    _write(settings, [*letters[:15], OutgoingRecord("dead-letters", None, b"not a letter"), *letters[15:]])
    return ("--broker", broker.address, "--topic-prefix", topic_prefix)


def _json(antiphon: Antiphon, *arguments: str) -> dict[str, Any]:
    result = antiphon("dead-letters", "list", *arguments, "--json")
    assert result.exit_code == 0, result.stderr
    assert obeyed(result.stdout) == []
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def test_the_newest_are_listed_and_all_are_counted(antiphon: Antiphon, where: tuple[str, ...]) -> None:
    result = antiphon("dead-letters", "list", *where, "--limit", "4", COLUMNS="120")
    assert result.exit_code == 0, result.stderr
    assert obeyed(result.stdout) == []
    lines = result.stdout.splitlines()
    listed = [line.split() for line in lines if line.strip()[:1].isdigit() and "posts" in line]
    # One record of somebody else's stands among the letters: their offsets are one more than their numbers.
    assert [cells[0] for cells in listed] == ["27", "28", "29", "30"]
    assert [cells[1] for cells in listed] == ["not_json", "too_deep", "not_json", "not_json"]
    assert listed[0][2] == "posts\\x9b/3@26"
    assert "\\x1b]0;owned\\x07" in result.stdout
    assert any(line.startswith("4 of 30 dead letters") for line in lines)
    assert ["not_json", "20"] in [line.split() for line in lines]
    assert ["too_deep", "10"] in [line.split() for line in lines]
    assert any(line.startswith("1 record") and "somebody else" in line for line in lines)

    everything = _json(antiphon, *where, "--limit", "100")
    assert len(everything["letters"]) == 30
    assert everything["totals"] == {"not_json": 20, "too_deep": 10}
    assert everything["foreign"] == 1
    last = everything["letters"][-1]
    payload = _HOSTILE + b"29"
    assert base64.b64decode(last["payload"]) == payload
    assert last["sha256"] == hashlib.sha256(payload).hexdigest()
    assert (last["size"], last["payload_is_cut"]) == (len(payload), False)
    assert last["source"] == {"topic": "posts\x9b", "partition": 3, "offset": 29}
    assert last["detail"] == "detail \x1b[31m 29"
    assert (last["reason"], last["partition"], last["offset"]) == ("not_json", 0, 30)


def test_one_reason_alone(antiphon: Antiphon, where: tuple[str, ...]) -> None:
    found = _json(antiphon, *where, "--reason", "too_deep", "--limit", "3")
    assert [letter["source"]["offset"] for letter in found["letters"]] == [21, 24, 27]
    assert found["totals"] == {"not_json": 20, "too_deep": 10}
    result = antiphon("dead-letters", "list", *where, "--reason", "too_deep", "--limit", "3")
    assert "3 of 10 dead letters with reason too_deep" in result.stdout
    result = antiphon("dead-letters", "list", *where, "--reason", "no_subject")
    assert result.exit_code == 0
    assert "0 of 0 dead letters with reason no_subject" in result.stdout


def test_an_empty_topic_is_good_news(broker: RunningBroker, topic_prefix: str, antiphon: Antiphon) -> None:
    settings = Settings(broker=broker.address, topic_prefix=topic_prefix, transactions=broker.is_real_kafka)
    _write(settings, [])
    result = antiphon("dead-letters", "list", "--broker", broker.address, "--topic-prefix", topic_prefix)
    assert result.exit_code == 0
    assert result.stdout == f"There are no dead letters on {topic_prefix}dead-letters.\n"


def test_no_topic_is_an_error_with_a_remedy(broker: RunningBroker, topic_prefix: str, antiphon: Antiphon) -> None:
    result = antiphon("dead-letters", "list", "--broker", broker.address, "--topic-prefix", topic_prefix)
    assert result.exit_code == 3
    assert f"has no topic {topic_prefix}dead-letters" in result.stderr


def test_an_unknown_reason_is_answered_with_the_list(antiphon: Antiphon) -> None:
    result = antiphon("dead-letters", "list", "--reason", "bad")
    assert result.exit_code == 2
    assert all(str(reason) in result.stderr for reason in Reason)
