"""What a topic is: its name, key, payload, partitions and what binds them, retention, who writes and who reads."""

from typing import Final, Literal, TypeAlias

from msgspec import Struct

__all__ = ["DAY_MS", "TOMBSTONE_MS", "Topic", "TopicFault", "TopicRole"]

TopicRole: TypeAlias = Literal["raw", "internal", "enriched", "roster"]

DAY_MS: Final = 86_400_000
TOMBSTONE_MS: Final = DAY_MS
"""How long a compacted topic keeps the news that a record is gone (`delete.retention.ms`)."""

# What every broker, client and mirror takes by default: Kafka's own default, of which nobody has to be told.
_MOST_BYTES: Final = 1_048_588


class Topic(Struct, frozen=True, kw_only=True):
    """One topic. `partitions` is a default; `retention_ms` is `None` where the topic is compacted and kept for ever.
    `max_message_bytes` is the largest record batch that the topic takes; agents write less (`core/bounds.py`).

    `single` says why the topic must have exactly one partition, and is empty where it may have more. `copartitioned`
    names the topic that must have as many partitions as this one, `""` for none.
    `schema` names the generated JSON Schema of the payload (`schemas/NAME.schema.json`), `None` for internal bytes.
    With `as_received` it is that of the headers: the value is the bytes of others as they were. `packed` is the codec
    in which the broker keeps the records, `""` for that of the writers.
    """

    name: str
    role: TopicRole
    meaning: str
    key: str
    schema: str | None
    partitions: int
    compacted: bool = False
    retention_ms: int | None = None
    writers: tuple[str, ...]
    readers: tuple[str, ...]

    max_message_bytes: int = _MOST_BYTES
    tombstone_ms: int = TOMBSTONE_MS
    single: str = ""
    copartitioned: str = ""
    as_received: bool = False
    packed: str = ""


class TopicFault(Struct, frozen=True, kw_only=True):
    """Something of a topic that is not as it must be: `message` names place, value and what is wanted.

    With `unsafe` a worker refuses to start; without, it works, and warns. `topic` is the plain name.
    """

    topic: str
    key: str
    value: str
    wanted: str
    message: str
    remedy: str
    unsafe: bool
