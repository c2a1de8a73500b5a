"""A program in which one more kind of enriched record is in the registry. Prints where the record arrived, as JSON.

    python -m tests.core.added_record DIRECTORY

It is a process of its own because modules read the registry when they are imported.
"""

import sys
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

import streams.core.enriched_topics as registry
from streams.core.enriched_topics import EnrichedTopic
from streams.core.subject_event import subject_key
from streams.events import Account
from streams.topic import Topic


class Verdict(Struct, frozen=True, kw_only=True):
    """What an analyst found an account to be."""

    platform: str
    """The platform of the account."""
    subject: Account
    """The account."""
    at: datetime
    """When the analyst decided."""


VERDICTS = EnrichedTopic(
    topic=Topic(
        name="verdicts",
        role="enriched",
        meaning="what analysts found accounts to be",
        key="platform:id of the subject",
        schema="verdict",
        partitions=4,
        compacted=True,
        writers=("TRACK",),
        readers=("anybody",),
    ),
    record=Verdict,
    key=lambda record: subject_key(record.platform, record.subject.id),
    identity=lambda record: subject_key(record.platform, record.subject.id),
    order=lambda record: record.at,
    time=lambda record: record.at,
    countries=lambda _record: (),
    event_time=lambda record: record.at,
)


def _register() -> None:
    """As one more entry of the list does."""
    names = vars(registry)
    names["ENRICHED_TOPICS"] += (VERDICTS,)
    names["_BY_NAME"][VERDICTS.name] = VERDICTS
    names["_BY_RECORD"][VERDICTS.record] = VERDICTS


def _arrivals(directory: Path) -> dict[str, Any]:
    record = Verdict(platform="twitter", subject=Account(id="7"), at=datetime(2021, 1, 1, tzinfo=UTC))
    older = msgspec.structs.replace(record, at=datetime(2020, 1, 1, tzinfo=UTC))
    results = import_module("streams.core.backtest").Results()
    for each in (older, record):
        results.put(each)
    import_module("streams.sinks.ndjson").write_results(directory, results, [])
    read = import_module("streams.jobs.results_folder").read_results(directory)
    outgoing = import_module("streams.kafka.enriched_record").enriched_record(record)
    schemas = import_module("streams.schemas.generate").generate()
    return {
        "partitions": import_module("streams.topics").topic_named("verdicts").partitions,
        "file": (directory / "verdicts.ndjson").read_text(),
        "read again": [each == record for each, _ in read["verdicts"]],
        "sent": (outgoing.topic, outgoing.key.decode(), dict(outgoing.headers)["ce_type"].decode()),
        "cleared": "verdicts" in import_module("streams.kafka.state_reset").RESULTS,
        "exported": "verdicts" in import_module("streams.cli.export").export.params[0].type.choices,
        "schemas": sorted(name for name in schemas if "verdict" in name),
        "channels": sorted(msgspec.json.decode(schemas["asyncapi.json"])["channels"]),
    }


if __name__ == "__main__":
    _register()
    sys.stdout.buffer.write(msgspec.json.encode(_arrivals(Path(sys.argv[1]))))
