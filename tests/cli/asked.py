"""The bundled case as two places to ask: the files of a backtest, and topics of a broker with the same records."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import msgspec
from aiokafka import AIOKafkaProducer
from click.testing import CliRunner

from streams.cases import CASES
from streams.cli.main import cli
from streams.core.enriched_topics import ENRICHED_TOPICS
from streams.core.rosters.roster_file import parse_roster
from streams.events import Coverage, encode_event
from streams.jobs.enriched_folder import EnrichedFolder
from streams.kafka.administration import create_topics
from streams.kafka.client import started_producer
from streams.kafka.enriched_record import enriched_record
from streams.kafka.roster_topic import publish_roster
from streams.settings import Settings
from tools.kafka.running_broker import RunningBroker, delete_topics

__all__ = ["case_files", "options_of", "own_topics", "write_case", "write_records"]

_CASE = CASES["khamenei-site"]


def case_files(directory: Path) -> Path:
    """A folder with the results of the case."""
    arguments = ["backtest", str(_CASE.events), "--roster", str(_CASE.roster), "--out", str(directory)]
    result = CliRunner().invoke(cli, arguments, prog_name="antiphon")
    assert result.exit_code == 0, result.stderr
    return directory


@contextmanager
def own_topics(broker: RunningBroker) -> Iterator[Settings]:
    """All topics under a prefix of their own, deleted at the end."""
    settings = Settings(
        broker=broker.address, topic_prefix=f"test-{uuid4().hex[:12]}-", transactions=broker.is_real_kafka
    )
    asyncio.run(create_topics(settings))
    try:
        yield settings
    finally:
        delete_topics(broker, settings.topic_prefix)


def write_records(settings: Settings, *records: object, headers: Sequence[tuple[str, bytes | None]] = ()) -> None:
    """Enriched records and coverage to their topics; a tuple is topic, key and value of a stranger's record, which
    deletes the key where the value is empty.
    """

    async def write() -> None:
        async with started_producer(settings) as client:
            for record in records:
                match record:
                    case Coverage():
                        topic, key, value = "coverage", b"c", encode_event(record)
                    case (str(topic), bytes(key), bytes(value)):
                        pass
                    case _:
                        made = enriched_record(record)
                        topic, key, value = made.topic, made.key or b"", made.value or b""
                await client.send_and_wait(settings.topic(topic), value or None, key=key, headers=list(headers))

    asyncio.run(write())


def options_of(settings: Settings) -> tuple[str, ...]:
    """How a command is told where the topics are."""
    return ("--broker", settings.broker, "--topic-prefix", settings.topic_prefix)


def write_case(settings: Settings, directory: Path) -> None:
    """The roster and the records of such a folder, in the order of its files."""

    async def write() -> None:
        await publish_roster(settings, parse_roster(_CASE.roster.read_bytes(), "roster.csv"))
        async with started_producer(settings) as client:
            await _send(client, settings, directory)

    asyncio.run(write())


async def _send(client: AIOKafkaProducer, settings: Settings, directory: Path) -> None:
    folder = EnrichedFolder(str(directory))
    for topic in ENRICHED_TOPICS:
        async for stored in folder.read(topic.name):
            key = topic.key(_decoded(topic.record, stored.value))
            await client.send(settings.topic(topic.name), stored.value, key=key.encode())
    await client.flush()


def _decoded(record: type, value: bytes | None) -> object:
    return msgspec.json.decode(value or b"", type=record)
