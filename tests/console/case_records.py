"""The records of the bundled case as its folder has them."""

from pathlib import Path
from typing import Any

import msgspec

from streams.core.enriched_topics import enriched_topic_named

__all__ = ["in_file"]


def in_file(folder: Path, topic: str) -> list[Any]:
    """What the file of a topic has."""
    decode = msgspec.json.Decoder(enriched_topic_named(topic).record).decode
    return [decode(line) for line in (folder / f"{topic}.ndjson").read_bytes().splitlines()]
