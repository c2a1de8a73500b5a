"""The program of Quix Streams: streaming dataframes that screen, re-key by subject and count in a state store."""

import sys
import time
from pathlib import Path
from typing import Any, Final, TypeAlias

import orjson
from quixstreams import Application, State
from quixstreams.dataframe import StreamingDataFrame
from quixstreams.models.topics.exceptions import TopicNotFoundError

from bench.counter import SharedCounter
from bench.implementations.peer import Job
from bench.implementations.quix_streams import CONCATENATED, rekeyed_topic

Json: TypeAlias = dict[str, Any]

_PATIENCE_SECONDS: Final = 30.0


def built(job: Job) -> Application:
    """`build`, until the broker knows the topics that it makes: Quix Streams asks for one as soon as it is created, and
    a busy broker does not list it yet.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return build(job)
        except TopicNotFoundError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def build(job: Job) -> Application:
    """The application, all settings default but where it starts to read and where it keeps its state."""
    officials = frozenset(orjson.loads(Path(job.officials).read_bytes()))
    dealt_with = SharedCounter(Path(job.counter))
    acknowledged = SharedCounter(Path(job.acknowledged))

    def is_by_official(event: Json) -> bool:
        dealt_with.add(1)
        return event["actor"]["id"] in officials

    app = Application(
        broker_address=job.broker,
        consumer_group=job.group,
        auto_offset_reset="earliest",
        state_dir=f"{job.scratch}/{job.group}",
        loglevel="WARNING",
    )
    frames = [app.dataframe(app.topic(name, value_deserializer="json")) for name in job.topics]
    if job.variant == CONCATENATED:
        first, second = frames
        by_subject = amplifications(first.concat(second), is_by_official).group_by("subject")
    else:
        rekeyed = app.topic(rekeyed_topic(job.group), key_serializer="string", key_deserializer="string")
        for frame in frames:
            amplifications(frame, is_by_official).to_topic(rekeyed, key=lambda found: found["subject"])
        by_subject = app.dataframe(rekeyed)
    written = by_subject.apply(count, stateful=True).to_topic(app.topic(job.results, key_serializer="string"))
    # Handed to librdkafka, which sends within its five milliseconds of lingering: Quix Streams tells no more.
    written.update(lambda _result: acknowledged.add(1))
    return app


def amplifications(events: StreamingDataFrame, is_by_official: Any) -> StreamingDataFrame:
    """What officials do to subjects."""
    return events.filter(is_by_official).apply(amplification).filter(lambda found: found is not None)


def amplification(event: Json) -> Json | None:
    """Who amplifies whom with an official's event; `None` if nobody."""
    quoted = event.get("quotes")
    subject = event.get("subject") or (quoted and quoted["account"])
    if subject is None:
        return None
    return {"event": event["id"], "subject": subject["id"], "official": event["actor"]["id"]}


def count(found: Json, subject: State) -> Json:
    """The figures after it."""
    seen = subject.get("amplifications", 0) + 1
    subject.set("amplifications", seen)
    by = subject.get("officials", [])
    if found["official"] not in by:
        by = [*by, found["official"]]
        subject.set("officials", by)
    return {**found, "amplifications": seen, "distinct_officials": len(by)}


if __name__ == "__main__":
    built(Job.of(sys.argv[1])).run()
