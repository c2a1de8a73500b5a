"""Bare aiokafka: fetches and decodes, nothing else. What a Python consumer on aiokafka could reach at most."""

from typing import IO, Final, Literal

from bench.contestants.bare_client import BareClient
from bench.contestants.contestant import Entrant
from bench.contestants.peer import start_program
from bench.course import Course

__all__ = ["BareAiokafka"]

_DESCRIPTIONS: Final = {"orjson": "orjson.loads", "msgspec": "msgspec, typed and validated in full"}


class BareAiokafka(BareClient):
    """One of two variants, by what decodes an event: orjson to dictionaries, or msgspec to our validated structs."""

    def __init__(self, decoder: Literal["orjson", "msgspec"]) -> None:
        self._decoder = decoder
        self.name = f"aiokafka-{decoder}"
        self.description = f"bare aiokafka, decode only: {_DESCRIPTIONS[decoder]}"

    def prepare(self, course: Course, lap: str) -> None:
        """Nothing: it writes nothing."""

    def start(self, course: Course, lap: str, log: IO[bytes]) -> Entrant:
        """A consumer of a group of its own."""
        return start_program("bench.contestants.bare_aiokafka_program", course, lap, log, variant=self._decoder)
