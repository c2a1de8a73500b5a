"""Checkpoints: the record in which TRACK and WATCH write down how far a partition's state goes, and whose it is.

The last record of each transaction in a changelog. It names what must still be true when the state is opened again:
the owner, the number of partitions, the last record applied and the last records written.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import msgspec
from aiokafka import TopicPartition
from msgspec import Struct

from streams.errors import AntiphonError
from streams.kafka.client import consumer, start_client
from streams.kafka.log_marks import LogPlace, Mark
from streams.printable import printable
from streams.settings import Settings
from streams.topic_names import COUNTRY_EVENTS, COUNTRY_LEDGER, SUBJECT_EVENTS, SUBJECT_STATES

__all__ = [
    "CHANGELOGS",
    "CHECKPOINT_KEY",
    "RECOUNT",
    "BrokenChangelogError",
    "Checkpoint",
    "decode_checkpoint",
    "encode_checkpoint",
    "last_checkpoints",
    "reading_changelog",
]

RECOUNT: Final = (
    "stop all workers and run `antiphon states reset`: it recounts what the raw topics hold (docs/operations.md)"
)

CHECKPOINT_KEY: Final = b"\x00position"
"""No subject's key, and no ledger record's, begins with NUL."""
CHANGELOGS: Final = {SUBJECT_EVENTS: SUBJECT_STATES, COUNTRY_EVENTS: COUNTRY_LEDGER}
"""Each topic of events that makes states, and the changelog of these."""

_NEAR: Final = 16  # offsets before the end: a checkpoint, the mark of its transaction, and some that were undone
_FETCH_MS: Final = 1_000


class BrokenChangelogError(AntiphonError):
    """A changelog has a record that no subject store writes. Without the state that it stood for figures would be
    wrong.
    """

    exit_code = 3


@contextmanager
def reading_changelog(where: str) -> Iterator[None]:
    """Inside the block what a decoder raises is a `BrokenChangelogError` that names the record, `where` it stands."""
    try:
        yield
    except (ValueError, LookupError, RecursionError, OverflowError) as error:  # msgspec's errors are ValueErrors
        raise BrokenChangelogError(
            f"{where} is no record that a worker writes: {printable(str(error), 200)}", remedy=RECOUNT
        ) from error


class Checkpoint(Struct, frozen=True, array_like=True, kw_only=True):
    """`position` is the offset of the events from which nothing is applied, `applied` the mark of the last record that
    is. `written` has the last record written to each partition of the outputs, this transaction's included.

    `owner` is the app id, `partitions` the number that the events' topic had. `identity` is a random name of the
    changelog, given by its first owner, `opening` one of the stay of its owner, which began when the changelog ended at
    the offset `since`.
    """

    position: int
    owner: str
    partitions: int
    identity: bytes
    opening: bytes
    since: int
    applied: Mark | None
    written: list[tuple[str, int, Mark]]

    def outputs(self) -> dict[LogPlace, Mark]:
        """`written` by place."""
        return {(topic, partition): mark for topic, partition, mark in self.written}


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(Checkpoint)


def encode_checkpoint(checkpoint: Checkpoint) -> bytes:
    """The value of the changelog record."""
    return _encoder.encode(checkpoint)


def decode_checkpoint(value: bytes | None, changelog: str, partition: int) -> Checkpoint:
    """The checkpoint of a record of the changelog (its name on the broker). Raises `BrokenChangelogError`."""
    with reading_changelog(f"the last checkpoint in {changelog}, partition {partition},"):
        return _decoder.decode(value or b"")


async def last_checkpoints(settings: Settings, changelog: str) -> dict[int, Checkpoint]:
    """The last committed checkpoint of each partition of a changelog (plain name) that has one.

    Looks at the end of each log, and farther back only where none stands there. Raises aiokafka's errors.
    """
    found: dict[int, Checkpoint] = {}
    client = consumer(settings, max_partition_fetch_bytes=1_048_576, fetch_max_wait_ms=20)
    try:
        await start_client(client)
        topic = settings.topic(changelog)
        tps = [TopicPartition(topic, number) for number in sorted(await client._client._wait_on_metadata(topic))]
        client.assign(tps)
        starts, ends = await client.beginning_offsets(tps), await client.end_offsets(tps)
        near = _NEAR
        while tps := [tp for tp in tps if tp.partition not in found and starts[tp] < ends[tp]]:
            for tp in tps:
                client.seek(tp, max(starts[tp], ends[tp] - near))
            await _read_to_the_ends(client, tps, ends, found)
            tps = [tp for tp in tps if ends[tp] - near > starts[tp]]
            near *= 64
    finally:
        await client.stop()
    return found


async def _read_to_the_ends(
    client: Any, tps: list[TopicPartition], ends: dict[TopicPartition, int], found: dict[int, Checkpoint]
) -> None:
    while pending := [tp for tp in tps if await client.position(tp) < ends[tp]]:
        for tp, records in (await client.getmany(*pending, timeout_ms=_FETCH_MS)).items():
            for record in records:
                if record.key == CHECKPOINT_KEY:
                    found[tp.partition] = decode_checkpoint(record.value, tp.topic, tp.partition)
