"""`antiphon roster diff --broker`: the past from the topic `evidence`, and of added accounts from the raw topics."""

import asyncio
import json
from pathlib import Path
from typing import Any, Final

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from streams.cases import KHAMENEI_SITE
from streams.core.evidence_records import event_evidence
from streams.core.rosters.roster import Roster
from streams.core.rosters.roster_file import parse_roster
from streams.core.subject_event import Coordinates
from streams.events import Event, decode_event
from streams.kafka.administration import create_topics, end_offsets
from streams.kafka.client import started_producer
from streams.kafka.enriched_record import enriched_record
from streams.kafka.evidence_writing import send_evidence
from streams.kafka.raw_record import raw_record
from streams.kafka.roster_topic import publish_roster
from streams.settings import Settings, load_settings
from tests.cli.conftest import Antiphon
from tests.core.stories import run_story
from tools.kafka.running_broker import RunningBroker

_NOW_US: Final = 1_900_000_000_000_000
_LEADERS_PERSIAN: Final = "90000001009"


def _is_by_the_leader(event: Event) -> bool:
    actor = getattr(event, "actor", None)
    return actor is not None and actor.id == _LEADERS_PERSIAN


async def _tell(settings: Settings, roster: Roster, lines: list[bytes]) -> None:
    """The case as a pipeline has it in whose roster the leader's Persian account was not: what that did stands on the
    raw topics alone.
    """
    events = [decode_event(line) for line in lines]
    alerts = run_story(roster, [event for event in events if not _is_by_the_leader(event)], now_us=_NOW_US).alerts
    kept = [
        event_evidence(event, line, Coordinates(raw_record(event).topic, 0, number), 0)
        for number, (line, event) in enumerate(zip(lines, events, strict=True))
        if not _is_by_the_leader(event)
    ]
    async with started_producer(settings) as client:
        await send_evidence(client, settings, [*kept, *kept[:100]])  # a repetition, as after a crash
        raw = [raw_record(event) for event in events if _is_by_the_leader(event)]
        for record in (*raw, *map(enriched_record, alerts.values())):
            await client.send(settings.topic(record.topic), record.value, key=record.key)
        await client.flush()


async def _forget_raw_events(settings: Settings, *topics: str) -> None:
    client = AIOKafkaAdminClient(bootstrap_servers=settings.broker)
    await client.start()
    try:
        for topic in topics:
            ends = await end_offsets(settings, topic)
            gone = {
                TopicPartition(settings.topic(topic), partition): RecordsToDelete(end)
                for partition, end in ends.items()
            }
            await client.delete_records(gone)
    finally:
        await client.close()


@pytest.mark.slow
def test_what_evidence_and_raw_topics_have_gives_what_the_files_give_and_what_is_gone_cannot_be_known(
    kafka: RunningBroker, topic_prefix: str, antiphon: Antiphon, tmp_path: Path
) -> None:
    settings = load_settings({"broker": kafka.address, "topic_prefix": topic_prefix})
    whole, without = KHAMENEI_SITE.roster.read_text(), tmp_path / "without.csv"
    without.write_text("".join(line for line in whole.splitlines(keepends=True) if _LEADERS_PERSIAN not in line))
    asyncio.run(create_topics(settings))
    roster = parse_roster(without.read_bytes(), "without.csv")
    asyncio.run(publish_roster(settings, roster))
    asyncio.run(_tell(settings, roster, KHAMENEI_SITE.events.read_bytes().splitlines()))

    def diff(*arguments: str) -> dict[str, Any]:
        result = antiphon("roster", "diff", *arguments, str(KHAMENEI_SITE.roster), *more, "--json")
        assert result.exit_code == 1, result.stderr
        document: dict[str, Any] = json.loads(result.stdout)
        return document

    more: tuple[str, ...] = ("--events", str(KHAMENEI_SITE.events))
    files = diff(str(without))
    more = ("--broker", kafka.address, "--topic-prefix", topic_prefix)
    broker = diff("published")
    assert files["alerts"]["counts"]["would_have_fired_anew"] > 0
    assert broker["alerts"] == files["alerts"]
    assert broker["aftermaths"] == files["aftermaths"]
    assert (broker["looked_at"]["additions_since"], broker["looked_at"]["withheld"]) == (None, 0)
    assert broker["looked_at"]["raw"] > 0
    assert antiphon("evidence", "index", *more).exit_code == 0
    indexed = diff("published")
    for same in ("alerts", "aftermaths", "looked_at"):
        assert indexed[same] == broker[same]

    asyncio.run(_forget_raw_events(settings, "posts", "retweets"))
    later = diff("published")
    assert later["looked_at"]["additions_since"] is not None
    outcomes = later["alerts"]["outcomes"]
    assert {each["kind"] for each in outcomes} == {"cannot_be_known"}
    assert outcomes[0]["why"].startswith("what @Khamenei_fa did before ")
