"""The enriched records in a folder that `demo` or `backtest` wrote with `--out`, read as the topics are."""

from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Final

import msgspec

from streams.core.enriched_topics import enriched_topic_named
from streams.errors import InputError
from streams.kafka.enriched_log import StoredRecord
from streams.printable import printable

__all__ = ["EnrichedFolder"]

_TELL_EVERY: Final = 1_000


class EnrichedFolder:
    """`DIR/TOPIC.ndjson`, one record a line. Raises `InputError` for a folder that has no file of the topic."""

    def __init__(self, directory: str, progress: Callable[[int], None] = lambda _looked_at: None) -> None:
        self.directory = Path(directory)
        self._progress = progress
        self.looked_at = 0
        if not self.directory.is_dir():
            raise InputError(
                f"{printable(directory)} is no folder", remedy="name what `antiphon demo --out DIR` or `backtest` wrote"
            )

    async def read(self, topic: str, key: str | None = None) -> AsyncGenerator[StoredRecord, None]:
        """Every record of a topic in the order of the file; with `key` those that have it alone."""
        enriched = enriched_topic_named(topic)
        decode = msgspec.json.Decoder(enriched.record).decode
        path = self.directory / f"{topic}.ndjson"
        # A cheap look before a line is decoded: the id of the account, or of the record, stands in it as JSON.
        needle = b"" if key is None else msgspec.json.encode(key.partition(":")[2] or key)[1:-1]
        try:
            with path.open("rb") as file:
                for number, line in enumerate(file, 1):
                    self.looked_at += 1
                    if not number % _TELL_EVERY:
                        self._progress(self.looked_at)
                    value = line.rstrip(b"\n")
                    if needle not in value:
                        continue
                    stored = StoredRecord(topic, b"", value, 0, number)
                    if key is None:
                        yield stored
                        continue
                    try:
                        own = enriched.key(decode(value))
                    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                        own = key  # whoever asks for it counts it as unreadable
                    if own == key:
                        yield stored
        except OSError as error:
            raise InputError(
                f"{printable(str(path))}: {error.strerror}",
                remedy="name a folder that `antiphon demo --out DIR` or `antiphon backtest --out DIR` wrote",
            ) from error
