"""Who runs: each contestant is a file that says how to start it, how far it is, and whether it did the job.

A contestant that is not Antiphon has its program beside it (`*_program.py`), which runs in a process of its own.
"""

from collections.abc import Sequence

from bench.contestants.antiphon import ALL_AGENTS, Antiphon
from bench.contestants.bare_aiokafka import BareAiokafka
from bench.contestants.bare_confluent_kafka import BareConfluentKafka
from bench.contestants.bytewax import Bytewax
from bench.contestants.contestant import Contestant
from bench.contestants.kafka_streams import KafkaStreams
from bench.contestants.quix_streams import CONCATENATED, REKEYED, QuixStreams
from bench.contestants.stock_faust import StockFaust
from streams.errors import ConfigurationError

__all__ = ["Contestant", "chosen", "contestants"]


def contestants(*, stock_share: int, stock_seconds: float) -> Sequence[Contestant]:
    """All of them, in the order of a round. The slowest read that many events, for at least that many seconds."""
    return (
        BareAiokafka("orjson"),
        BareAiokafka("msgspec"),
        BareConfluentKafka(),
        Antiphon(),
        Antiphon(ALL_AGENTS),
        KafkaStreams(),
        StockFaust(share=stock_share, seconds=stock_seconds),
        QuixStreams(REKEYED),
        QuixStreams(CONCATENATED, share=stock_share, seconds=stock_seconds),
        Bytewax(),
    )


def chosen(everybody: Sequence[Contestant], names: str | None) -> Sequence[Contestant]:
    """Those named, separated by commas, in the order of a round; everybody without names.

    Raises `ConfigurationError` for a name that nobody has.
    """
    if names is None:
        return everybody
    wanted = [name.strip() for name in names.split(",")]
    known = [contestant.name for contestant in everybody]
    for name in wanted:
        if name not in known:
            raise ConfigurationError(f"there is no contestant {name!r}", remedy=f"Choose among {', '.join(known)}.")
    return [contestant for contestant in everybody if contestant.name in wanted]
