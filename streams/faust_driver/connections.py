"""How often connections of a client to its brokers broke. A broker that lost records had to end first."""

from typing import Any, Final

from aiokafka.conn import CloseReason

__all__ = ["Disconnects", "count_disconnects"]

_ORDERLY: Final = frozenset({CloseReason.IDLE_DROP, CloseReason.SHUTDOWN})


class Disconnects:
    """`count` only rises; it is read and written by whatever thread runs the client's loop."""

    def __init__(self) -> None:
        self.count = 0


def count_disconnects(client: Any) -> Disconnects:
    """Count from now on what breaks of an aiokafka client (of a consumer or producer), which has not started yet."""
    disconnects = Disconnects()
    closed = client._on_connection_closed

    def count_and_close(connection: Any, reason: Any) -> None:
        if reason not in _ORDERLY:
            disconnects.count += 1
        closed(connection, reason)

    client._on_connection_closed = count_and_close
    return disconnects
