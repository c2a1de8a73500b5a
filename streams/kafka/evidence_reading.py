"""Reads the topic `evidence`: what is committed, outside any group."""

from collections.abc import AsyncGenerator, Callable
from typing import Final

from msgspec.structs import replace

from streams.core.evidence import EvidenceEntry, EvidenceFold, EvidenceKey, EvidenceRecordError, read_evidence_record
from streams.kafka.reading import read_topic
from streams.settings import Settings
from streams.topic_names import EVIDENCE

__all__ = ["UNPACKED_BYTES", "kept_evidence", "read_evidence"]

_PROGRESS_EVERY: Final = 10_000
UNPACKED_BYTES: Final = 16_777_216
"""The broker packs each batch: one of a single large record must unpack, whatever agents are told to refuse."""


async def read_evidence(
    settings: Settings,
    wanted: Callable[[EvidenceKey], bool] | None = None,
    progress: Callable[[int], None] | None = None,
) -> AsyncGenerator[EvidenceEntry, None]:
    """Every entry of the topic as it was written, each partition in order: also tombstones, markers, and what was
    replaced later. `kept_evidence` has what is valid.

    `wanted` chooses by key. `progress` is told now and then how many records have been read. Records that are none of
    ours are passed over. Raises `BrokerError`.
    """
    seen = 0
    settings = replace(settings, unpacked_max_bytes=max(settings.unpacked_max_bytes, UNPACKED_BYTES))
    async for record in read_topic(settings, EVIDENCE):
        seen += 1
        if progress is not None and seen % _PROGRESS_EVERY == 0:
            progress(seen)
        try:
            entry = read_evidence_record(record.key, record.value, record.headers, record.timestamp)
        except EvidenceRecordError:
            continue
        if wanted is None or wanted(entry.key):
            yield entry


async def kept_evidence(
    settings: Settings,
    wanted: Callable[[EvidenceKey], bool] | None = None,
    progress: Callable[[int], None] | None = None,
) -> dict[EvidenceKey, EvidenceEntry]:
    """What the topic has now, by key: the last record of each, without what was deleted; of what is withheld only its
    hash. Held in memory: choose with `wanted`. Raises `BrokerError`.
    """
    fold = EvidenceFold()
    async for entry in read_evidence(settings, wanted, progress):
        fold.apply(entry)
    return fold.entries()
