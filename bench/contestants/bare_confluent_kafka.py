"""Bare confluent-kafka: fetches in C (librdkafka) and decodes, nothing else. What any Python consumer could reach."""

from typing import IO

from bench.contestants.bare_client import BareClient
from bench.contestants.contestant import Entrant
from bench.contestants.packages import require_package
from bench.contestants.peer import start_program
from bench.course import Course

__all__ = ["BareConfluentKafka"]


class BareConfluentKafka(BareClient):
    """Decodes with orjson to dictionaries; librdkafka's threads have the same core as Python."""

    name = "confluent-kafka"
    description = "bare confluent-kafka, decode only: orjson.loads"

    def prepare(self, course: Course, lap: str) -> None:
        """It writes nothing: only its package must be there."""
        require_package("confluent_kafka")

    def start(self, course: Course, lap: str, log: IO[bytes]) -> Entrant:
        """A consumer of a group of its own."""
        return start_program("bench.contestants.bare_confluent_kafka_program", course, lap, log)
