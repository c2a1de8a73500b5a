"""Collecting what a run wrote to the enriched topics: each amplification once, the last of everything else."""

from typing import Any

from msgspec import json

from streams.core.backtest import Results
from streams.core.enriched_topics import ENRICHED_TOPICS
from streams.deadletters import DeadLetter, LetterSample
from streams.kafka.dead_letter_record import read_dead_letter
from streams.kafka.reading import read_topic
from streams.settings import Settings
from streams.topic_names import DEAD_LETTERS

__all__ = ["collect", "collect_results", "sample_letters"]


async def collect(settings: Settings) -> tuple[Results, list[DeadLetter]]:
    """The results and every dead letter, in memory: for runs whose input is known."""
    results = await collect_results(settings)
    return results, [read_dead_letter(r.value, r.headers) async for r in read_topic(settings, DEAD_LETTERS)]


async def sample_letters(settings: Settings) -> LetterSample:
    """The dead letters, counted and sampled."""
    sample = LetterSample()
    async for record in read_topic(settings, DEAD_LETTERS):
        letter = read_dead_letter(record.value, record.headers)
        sample.add_letter(letter)
    return sample


async def collect_results(settings: Settings) -> Results:
    """What the enriched topics hold now: of each thing the last record, where it stands."""
    results = Results()
    for topic in ENRICHED_TOPICS:
        decode = json.Decoder(topic.record).decode
        last: dict[object, Any] = {}
        async for record in read_topic(settings, topic.name):
            enriched = decode(record.value or b"")
            last[topic.identity(enriched)] = enriched
        for enriched in filter(topic.stands, last.values()):
            results.put(enriched)
    return results
