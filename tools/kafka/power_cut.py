"""A power cut: a broker that was killed comes back without the newest bytes of some logs, as after a lost page cache.

The `.log` file of the newest segment is cut at a byte; its indexes stay as they are, for the broker to mend.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from aiokafka.record import MemoryRecords
from msgspec import Struct

from tools.kafka.node import Kafka

__all__ = ["CutLog", "cut_back", "is_filled", "logs_of", "random_share"]


class CutLog(Struct, frozen=True):
    """What a cut took: the name of the partition's directory, the bytes before and after, and the offset at which the
    log ends from now on.
    """

    name: str
    before: int
    after: int
    end: int


def logs_of(kafka: Kafka, wanted: Callable[[str], object]) -> Iterator[Path]:
    """The directories of the partitions whose name (`TOPIC-N`) is wanted, in order."""
    for directory in sorted((kafka.directory / "data").iterdir()):
        name, _, number = directory.name.rpartition("-")
        # Without the cluster's own metadata there are no topics: that is another kind of loss.
        if name and name != "__cluster_metadata" and number.isdigit() and wanted(directory.name):
            yield directory


def is_filled(directory: Path) -> bool:
    """Whether the newest segment of a partition has anything."""
    newest = max(directory.glob("*.log"), default=None)
    return newest is not None and newest.stat().st_size > 0


def cut_back(directory: Path, share: float) -> CutLog | None:
    """Keep that share of the newest segment of a partition, while the broker is killed; `None` if it is empty."""
    newest = max(directory.glob("*.log"), default=None)
    before = 0 if newest is None else newest.stat().st_size
    if newest is None or before == 0:
        return None
    after = int(before * share)
    with newest.open("r+b") as log:
        log.truncate(after)
    return CutLog(directory.name, before, after, _end_of(newest))


def _end_of(segment: Path) -> int:
    """Behind the last whole record batch. A broker that is asked may have more: workers write canaries at once."""
    batches = MemoryRecords(segment.read_bytes())
    end = int(segment.stem)
    while batches.has_next():
        end = batches.next_batch().next_offset
    return end


def random_share(random: Random) -> float:
    """How much a power cut leaves: nearly all as often as nearly nothing."""
    return random.random() if random.random() < 0.5 else 1 - random.random() ** 4
