"""The program of stock Faust: an agent on a topic, a table, results sent to a topic; every setting its default."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import faust
import orjson

from bench.counter import SharedCounter
from bench.implementations.peer import Job, Result
from bench.world import PARTITIONS


def build(job: Job) -> Any:
    """The app, as in Faust's tutorial."""
    app = faust.App(
        job.group,
        broker=f"kafka://{job.broker}",
        store="memory://",
        topic_partitions=PARTITIONS,
        datadir=f"{job.scratch}/{job.group}",
    )
    events = app.topic(*job.topics, value_serializer="raw")
    results = app.topic(job.results, value_serializer="json")
    amplified = app.Table("amplified", default=list)
    officials = frozenset(orjson.loads(Path(job.officials).read_bytes()))
    dealt_with = SharedCounter(Path(job.counter))

    @app.agent(events)  # type: ignore[untyped-decorator]
    async def count(stream: AsyncIterator[bytes]) -> None:
        async for payload in stream:
            event = orjson.loads(payload)
            official = event["actor"]["id"]
            if official in officials:
                quoted = event.get("quotes")
                subject = event.get("subject") or (quoted and quoted["account"])
                if subject is not None:
                    key = subject["id"]
                    seen, by = amplified[key] or (0, [])
                    if official not in by:
                        by = [*by, official]
                    amplified[key] = [seen + 1, by]
                    result = Result(event["id"], key, official, seen + 1, len(by))
                    await results.send(key=key, value=result_fields(result))
            dealt_with.add(1)

    return app


def result_fields(result: Result) -> dict[str, Any]:
    """A result as the dictionary that Faust's JSON codec takes."""
    return {field: getattr(result, field) for field in result.__struct_fields__}


if __name__ == "__main__":
    app = build(Job.of(sys.argv[1]))
    sys.argv[1:] = ["worker", "--without-web", "--loglevel", "warn"]
    app.main()
