"""Patience with a broker that is away: what is asked is asked again until it answers."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from math import inf
from typing import Final, TypeVar

from aiokafka.errors import KafkaError, ProducerFenced

from streams.kafka.failures import BrokerError

__all__ = ["AWAY", "retry_while_away"]

AWAY: Final = (KafkaError, BrokerError, OSError, TimeoutError)
_PAUSE_SECONDS: Final = 0.5

_log: Final = logging.getLogger(__name__)
_T = TypeVar("_T")


async def retry_while_away(work: Callable[[], Awaitable[_T]], seconds: float = inf) -> _T:
    """The result of `work`, tried again for so long while the broker is away. Raises its last error after that, and
    `ProducerFenced` at once.
    """
    until = time.monotonic() + seconds
    while True:
        try:
            return await work()
        except ProducerFenced:
            raise
        except AWAY as error:
            if time.monotonic() >= until:
                raise
            _log.info("broker unavailable, retrying", extra={"error": repr(error)})
            await asyncio.sleep(_PAUSE_SECONDS)
