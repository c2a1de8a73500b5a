"""The program of Bytewax: a dataflow with a keyed state and a recovery store, by its guides."""

import signal
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson
from bytewax import operators as op
from bytewax.connectors.kafka import KafkaSink, KafkaSinkMessage, KafkaSource, KafkaSourceMessage
from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.run import cli_main
from msgspec import json

from bench.counter import SharedCounter
from bench.implementations.bytewax import INPUT_STEP, recovery_store
from bench.implementations.peer import Job, Result

# With recovery, `bytewax.run` asks for both and has no defaults. The first is what it takes without recovery.
_SNAPSHOT_INTERVAL: Final = timedelta(seconds=10)
_BACKUP_INTERVAL: Final = timedelta(0)


class Amplification(NamedTuple):
    """An official's event that concerns a subject."""

    event: str
    official: str
    subject: str


class Counted(NamedTuple):
    """The state of a subject."""

    amplifications: int
    officials: tuple[str, ...]


def build(job: Job) -> Dataflow:
    """The dataflow. It ends when every partition is at its end, as a source that does not tail does."""
    officials = frozenset(orjson.loads(Path(job.officials).read_bytes()))
    dealt_with = SharedCounter(Path(job.counter))
    acknowledged = SharedCounter(Path(job.acknowledged))

    def screen(messages: list[KafkaSourceMessage[Any, bytes]]) -> list[Amplification]:
        found = []
        for message in messages:
            event = orjson.loads(message.value)
            official = event["actor"]["id"]
            if official in officials:
                quoted = event.get("quotes")
                subject = event.get("subject") or (quoted and quoted["account"])
                if subject is not None:
                    found.append(Amplification(event["id"], official, subject["id"]))
        dealt_with.add(len(messages))
        return found

    def count(before: Counted | None, amplification: Amplification) -> tuple[Counted, Result]:
        event, official, subject = amplification
        seen, by = before or Counted(0, ())
        if official not in by:
            by = (*by, official)
        return Counted(seen + 1, by), Result(event, subject, official, seen + 1, len(by))

    def message(keyed: tuple[str, Result]) -> KafkaSinkMessage[bytes, bytes]:
        subject, result = keyed
        return KafkaSinkMessage(subject.encode(), json.encode(result))

    def delivered(error: object, _message: object) -> None:
        if error is not None:
            raise RuntimeError(f"a result was not delivered: {error}")
        acknowledged.add(1)

    flow = Dataflow("race")
    source = KafkaSource([job.broker], job.topics, tail=False)
    events = op.input(INPUT_STEP, flow, source)
    # By batches, as the guide has it where a call costs more than an item: 5 % cheaper than `filter_map`.
    found = op.flat_map_batch("screen", events, screen)
    by_subject = op.key_on("by_subject", found, lambda amplification: amplification.subject)
    counted = op.stateful_map("count", by_subject, count)
    messages = op.map("message", counted, message)
    op.output("results", messages, KafkaSink([job.broker], job.results, {"on_delivery": delivered}))
    return flow


def main() -> None:
    """Run to the end of the input, then stay until SIGTERM, as the onlooker may still be measuring."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # the clean end is the one that is recorded
    job = Job.of(sys.argv[1])
    store = recovery_store(job.scratch, job.group)
    store.mkdir()
    init_db_dir(store, 1)
    cli_main(build(job), epoch_interval=_SNAPSHOT_INTERVAL, recovery_config=RecoveryConfig(store, _BACKUP_INTERVAL))
    signal.sigwait({signal.SIGTERM})


if __name__ == "__main__":
    main()
