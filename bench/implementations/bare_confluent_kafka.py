"""Bare confluent-kafka: fetches in C (librdkafka) and decodes, nothing else. What any Python consumer could reach."""

from typing import IO

from bench.implementations.bare_client import BareClient
from bench.implementations.implementation import RunningImplementation
from bench.implementations.packages import require_package
from bench.implementations.peer import start_program
from bench.workload import Workload

__all__ = ["BareConfluentKafka"]


class BareConfluentKafka(BareClient):
    """Decodes with orjson to dictionaries; librdkafka's threads have the same core as Python."""

    name = "confluent-kafka"
    description = "bare confluent-kafka, decode only: orjson.loads"

    def prepare(self, workload: Workload, trial: str) -> None:
        """It writes nothing: only its package must be there."""
        require_package("confluent_kafka")

    def start(self, workload: Workload, trial: str, log: IO[bytes]) -> RunningImplementation:
        """A consumer of a group of its own."""
        return start_program("bench.implementations.bare_confluent_kafka_program", workload, trial, log)
