"""Where a connection begins: what the server makes of a cursor, which is a seq or a time."""

import re
from typing import Final

from msgspec import Struct

from tools.servers.jetstream.log import EventLog

__all__ = ["Begin", "CursorTooOld", "InvalidCursor", "resolve"]

_LEAST_TIME: Final = 10**15  # below it a cursor is a seq
_INT64: Final = 2**63
_NUMBER: Final = re.compile("[+-]?[0-9]+")


class InvalidCursor(Exception):  # noqa: N818 - the server's own word
    """No number, or a negative one."""


class CursorTooOld(Exception):  # noqa: N818 - the server's own word
    """A seq below what the server still has, on v2."""


class Begin(Struct, frozen=True):
    """The first seq; `outdated` where a time was moved up to what the server still has."""

    seq: int
    outdated: bool = False


def resolve(
    raw: str, log: EventLog, *, now_us: int, lookback_us: int, refuses_old: bool, early_us: int, only_times: bool
) -> Begin:
    """Where to begin. Raises `InvalidCursor`, and `CursorTooOld` where `refuses_old`.

    `early_us`: times are taken for so much earlier, as real servers do. `only_times`: the host knows no seqs.
    """
    live = Begin(log.next_seq)
    if not raw:
        return live
    if not _NUMBER.fullmatch(raw) or not -_INT64 <= int(raw) < _INT64:
        raise InvalidCursor(f'subscribe: invalid cursor: "{raw}"')
    asked = int(raw)
    if asked < 0:
        raise InvalidCursor(f"subscribe: invalid cursor: negative value {asked}")
    floor = log.first_seq_at(now_us - lookback_us)
    if asked < _LEAST_TIME and not only_times:
        if asked >= log.next_seq:
            return live
        if asked >= floor:
            return Begin(max(1, asked))
        if refuses_old:
            raise CursorTooOld(
                f"subscribe: cursor too old: cursor {asked} below lookback floor {floor}; "
                "re-backfill from your last seq"
            )
        return Begin(floor)
    if asked > now_us:
        return live
    found = log.first_seq_at(asked - early_us)
    return Begin(max(found, floor), found < floor or (bool(log.events) and asked <= log.events[0].time_us))
