"""Bare aiokafka: fetches and decodes, nothing else. What a Python consumer on aiokafka could reach at most."""

from typing import IO, Final, Literal

from bench.implementations.bare_client import BareClient
from bench.implementations.implementation import RunningImplementation
from bench.implementations.peer import start_program
from bench.workload import Workload

__all__ = ["BareAiokafka"]

_DESCRIPTIONS: Final = {"orjson": "orjson.loads", "msgspec": "msgspec, typed and validated in full"}


class BareAiokafka(BareClient):
    """One of two variants, by what decodes an event: orjson to dictionaries, or msgspec to our validated structs."""

    def __init__(self, decoder: Literal["orjson", "msgspec"]) -> None:
        self._decoder = decoder
        self.name = f"aiokafka-{decoder}"
        self.description = f"bare aiokafka, decode only: {_DESCRIPTIONS[decoder]}"

    def prepare(self, workload: Workload, trial: str) -> None:
        """Nothing: it writes nothing."""

    def start(self, workload: Workload, trial: str, log: IO[bytes]) -> RunningImplementation:
        """A consumer of a group of its own."""
        return start_program("bench.implementations.bare_aiokafka_program", workload, trial, log, variant=self._decoder)
