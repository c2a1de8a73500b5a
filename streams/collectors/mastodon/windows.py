"""What was last seen of each official, and what follows from the next page of his statuses. Pure.

A page is the newest statuses of an account. What was in the page before, is not older than this page and not in it, has
vanished: an un-boost, or a deletion.
"""

import zlib
from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec
from msgspec import Struct, field

__all__ = ["Known", "ListedStatus", "State", "decode_state", "encode_state", "is_newer", "vanished"]

_MOST_BYTES: Final = 600_000  # of a cursor: a Kafka record has a million at most


class ListedStatus(NamedTuple):
    """A status by the server's own id, and the id of its event; empty where it has none."""

    id: str
    event_id: str


class Known(Struct):
    """An account: the server's own id of it, its address, the newest status that was taken, and the last page."""

    account_id: str
    url: str
    newest: str = ""
    window: list[ListedStatus] = field(default_factory=list)


class State(Struct):
    """The cursor: accounts by `user@server`, when (Unix µs) each server was surely read, and since when and why it has
    not been.
    """

    accounts: dict[str, Known] = field(default_factory=dict)
    read_us: dict[str, int] = field(default_factory=dict)
    gaps: dict[str, tuple[int, str]] = field(default_factory=dict)


_state: Final = msgspec.json.Decoder(State)


def encode_state(state: State) -> bytes:
    """As the cursor, JSON. Where there are too many officials for their pages, only the newest statuses are kept: what
    vanishes while the collector is away is not noticed then.
    """
    packed = _packed(state)
    if len(packed) > _MOST_BYTES:
        bare = {name: Known(each.account_id, each.url, each.newest) for name, each in state.accounts.items()}
        packed = _packed(State(bare, state.read_us, state.gaps))
    return packed


def decode_state(cursor: bytes | None) -> State:
    """What a cursor says."""
    if cursor is None:
        return State()
    return _state.decode(zlib.decompress(b64decode(msgspec.json.decode(cursor, type=str))))


def is_newer(one: str, other: str) -> bool:
    """Whether one status is newer: ids are numbers, or texts of one length that sort as their times do."""
    return _order(one) > _order(other)


def vanished(before: Sequence[ListedStatus], page: Sequence[ListedStatus]) -> list[ListedStatus]:
    """What is not in the page, and would be if it were still there. An empty page says nothing."""
    if not page:
        return []
    oldest = min(_order(each.id) for each in page)
    present = {each.id for each in page}
    return [each for each in before if each.id not in present and _order(each.id) >= oldest]


def _order(status_id: str) -> tuple[int, str]:
    return len(status_id), status_id


def _packed(state: State) -> bytes:
    return msgspec.json.encode(b64encode(zlib.compress(msgspec.json.encode(state), 6)).decode())
