"""Who runs: each implementation is a file that says how to start it, how far it is, and whether it did the job.

An implementation that is not Antiphon has its program beside it (`*_program.py`), which runs in a process of its own.
"""

from collections.abc import Sequence

from bench.implementations.antiphon import Antiphon
from bench.implementations.bare_aiokafka import BareAiokafka
from bench.implementations.bare_confluent_kafka import BareConfluentKafka
from bench.implementations.bytewax import Bytewax
from bench.implementations.implementation import Implementation
from bench.implementations.kafka_streams import KafkaStreams
from bench.implementations.quix_streams import CONCATENATED, REKEYED, QuixStreams
from bench.implementations.stock_faust import StockFaust
from streams.errors import ConfigurationError

__all__ = ["Implementation", "chosen", "implementations"]


def implementations(*, stock_share: int, stock_seconds: float) -> Sequence[Implementation]:
    """All of them, in the order of a round. The slowest read that many events, for at least that many seconds."""
    return (
        BareAiokafka("orjson"),
        BareAiokafka("msgspec"),
        BareConfluentKafka(),
        Antiphon(),
        Antiphon(with_watch=True),
        KafkaStreams(),
        StockFaust(share=stock_share, seconds=stock_seconds),
        QuixStreams(REKEYED),
        QuixStreams(CONCATENATED, share=stock_share, seconds=stock_seconds),
        Bytewax(),
    )


def chosen(everybody: Sequence[Implementation], names: str | None) -> Sequence[Implementation]:
    """Those named, separated by commas, in the order of a round; everybody without names.

    Raises `ConfigurationError` for a name that nobody has.
    """
    if names is None:
        return everybody
    wanted = [name.strip() for name in names.split(",")]
    known = [implementation.name for implementation in everybody]
    for name in wanted:
        if name not in known:
            raise ConfigurationError(f"there is no implementation {name!r}", remedy=f"Choose among {', '.join(known)}.")
    return [implementation for implementation in everybody if implementation.name in wanted]
