"""Lines as long as a line may be: the pipeline and the backtest refuse the same ones, and name file and line."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from streams.cases import KHAMENEI_SITE
from streams.core.rosters.roster_file import parse_roster
from streams.deadletters import Reason
from streams.events import Account, Post, encode_event
from streams.formats.inputs.lines import MAX_LINE_BYTES
from streams.formats.registry import readers_named
from streams.jobs.backtest import backtest_files
from streams.jobs.ingestion import ingest
from streams.kafka.administration import create_topics
from streams.kafka.dead_letter_topic import read_dead_letters
from streams.kafka.reading import read_topic
from streams.rules_loading import bundled_rules
from streams.settings import Settings
from tools.kafka.running_broker import RunningBroker

_AT = datetime(2022, 2, 24, tzinfo=UTC)
_LINK_BYTES = 8_000


def _line(size: int) -> bytes:
    """A valid post that is encoded in so many bytes."""
    post = Post(platform="twitter", id="1", at=_AT, actor=Account(id="9" * 256), links=("x" * _LINK_BYTES,) * 130)
    missing = size - len(encode_event(post)) - len(b',""')
    return encode_event(Post(platform="twitter", id="1", at=_AT, actor=post.actor, links=(*post.links, "x" * missing)))


def test_a_valid_line_that_no_broker_takes_is_a_dead_letter_with_file_and_line(
    kafka: RunningBroker, topic_prefix: str, tmp_path: Path
) -> None:
    """From lines that a record holds to the longest there is; the run goes on behind each."""
    sizes = [*range(1_048_100, MAX_LINE_BYTES, 40), 1_048_569, MAX_LINE_BYTES]
    path = tmp_path / "large.ndjson"
    path.write_bytes(b"\n".join([*map(_line, sizes), _line(1_041_000)]))
    settings = Settings(broker=kafka.address, topic_prefix=topic_prefix)
    readers = readers_named("canonical")

    asyncio.run(create_topics(settings))
    done = asyncio.run(ingest([str(path)], readers, settings))
    letters = asyncio.run(read_dead_letters(settings, limit=100)).letters
    refused = [(stored.letter.topic, stored.letter.offset, stored.letter.reason) for stored in letters]

    async def posts() -> int:
        return len([record async for record in read_topic(settings, "posts")])

    taken = asyncio.run(posts())
    assert done.tally.lines == len(sizes) + 1 == taken + len(refused)
    assert (str(path)[-200:], len(sizes), Reason.TOO_LARGE) in refused
    assert 0 < len(refused) < len(sizes)
    assert all("Kafka takes 1,048,588 by default" in stored.letter.detail for stored in letters)

    roster = parse_roster(KHAMENEI_SITE.roster.read_bytes(), "roster.csv")
    run = backtest_files([str(path)], readers, roster, bundled_rules())
    sampled = [(letter.topic, letter.offset, letter.reason) for letter in run.letters]
    assert sampled == refused[: len(sampled)] != []
    assert run.refused == {Reason.TOO_LARGE: len(refused)}
