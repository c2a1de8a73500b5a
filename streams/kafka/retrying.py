"""Retries while a broker is away, with pauses that grow from a tenth of a second to a second, as long as it takes."""

import logging
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import stamina
from aiokafka.errors import KafkaError, ProducerFenced
from stamina.instrumentation import set_on_retry_hooks

from streams.kafka.failures import BrokerError

__all__ = ["AWAY", "retry_while_away"]

AWAY: Final = (KafkaError, BrokerError, OSError, TimeoutError)

_log: Final = logging.getLogger(__name__)
_T = TypeVar("_T")

set_on_retry_hooks(())  # each retry is logged below, with the error and nothing of the arguments


async def retry_while_away(work: Callable[[], Awaitable[_T]]) -> _T:
    """The result of `work`, tried again while the broker is away. Raises `ProducerFenced`, and what says something else
    than that the broker is away, at once.
    """
    async for attempt in stamina.retry_context(
        on=_is_away, attempts=None, timeout=None, wait_initial=0.1, wait_max=1.0, wait_jitter=0.2
    ):
        with attempt:
            return await work()
    raise AssertionError("a retry without a limit ends by a result or an error")


def _is_away(error: Exception) -> bool:
    if isinstance(error, ProducerFenced) or not isinstance(error, AWAY):
        return False
    _log.info("broker unavailable, retrying", extra={"error": repr(error)})
    return True
