"""Every topic: name, key, payload, partitions, retention, who writes and who reads. The one place that knows.

`antiphon topics create`, the AsyncAPI document and the agents all read this list.
"""

from typing import Final, Literal, TypeAlias

from msgspec import Struct

__all__ = ["TOPICS", "Topic", "TopicRole", "topic_named"]

TopicRole: TypeAlias = Literal["raw", "internal", "enriched", "roster"]

_DAY_MS: Final = 86_400_000
# Kafka compacts only segments that are full, by default at a gigabyte: a worker that takes a partition over would have
# to read up to that much of what has long been replaced.
_COMPACTED_SEGMENT_BYTES: Final = 64 * 1_048_576


class Topic(Struct, frozen=True, kw_only=True):
    """One topic. `partitions` is a default; `retention_ms` is `None` where the topic is compacted and kept for ever.

    `schema` names the generated JSON Schema of the payload (`schemas/NAME.schema.json`), `None` for internal bytes.
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

    def config(self) -> dict[str, str]:
        """The broker-side settings of the topic, as Kafka names them."""
        settings = {"cleanup.policy": "compact" if self.compacted else "delete", "message.timestamp.type": "CreateTime"}
        if self.compacted:
            settings["segment.bytes"] = str(_COMPACTED_SEGMENT_BYTES)
        else:
            settings["retention.ms"] = str(self.retention_ms if self.retention_ms is not None else -1)
        return settings


def _raw(name: str, schema: str, key: str, meaning: str, partitions: int) -> Topic:
    return Topic(
        name=name,
        role="raw",
        meaning=meaning,
        key=key,
        schema=schema,
        partitions=partitions,
        retention_ms=30 * _DAY_MS,
        writers=("collectors", "antiphon ingest"),
        readers=("SCREEN",),
    )


TOPICS: Final[tuple[Topic, ...]] = (
    _raw("posts", "post", "platform:id of the author", "posts, answers and quotes", 12),
    _raw("retweets", "retweet", "platform:id of the subject", "posts passed on unchanged", 12),
    _raw("suspensions", "suspension", "platform:id of the account", "suspensions and their reversals", 4),
    _raw("deletions", "deletion", "platform:id of the author, or none", "posts that are gone", 12),
    _raw("follows", "follow", "platform:id of the subject", "who follows whom, and who stopped", 4),
    _raw("profiles", "profile", "platform:id of the account", "fresh account snapshots", 4),
    Topic(
        name="officials",
        role="roster",
        meaning="the roster in force: one record an account, and a manifest that completes a publication",
        key="VERSION/platform:id, VERSION/platform:@handle, or VERSION/roster for the manifest",
        schema="official",
        partitions=1,
        compacted=True,
        writers=("antiphon roster publish",),
        readers=("SCREEN",),
    ),
    Topic(
        name="subject-events",
        role="internal",
        meaning="what happened to each subject, re-keyed",
        key="platform:id of the subject",
        schema="subject-event",
        partitions=8,
        retention_ms=7 * _DAY_MS,
        writers=("SCREEN", "WATCH"),
        readers=("TRACK",),
    ),
    Topic(
        name="subject-states",
        role="internal",
        meaning="TRACK's changelog: the whole state of each subject, written in one transaction with its outputs",
        key="platform:id of the subject",
        schema=None,
        partitions=8,
        compacted=True,
        writers=("TRACK",),
        readers=("TRACK",),
    ),
    Topic(
        name="state-events",
        role="internal",
        meaning="what concerns the officials of each State: their posts and deletions, posts of tracked subjects",
        key="the State's code; none for ticks, which go to every partition",
        schema="state-event",
        partitions=8,
        retention_ms=7 * _DAY_MS,
        writers=("SCREEN", "TRACK"),
        readers=("WATCH",),
    ),
    Topic(
        name="state-ledger",
        role="internal",
        meaning="WATCH's changelog: every record of its ledger, written in one transaction with what it led to",
        key="kind and name of the record",
        schema=None,
        partitions=8,
        compacted=True,
        writers=("WATCH",),
        readers=("WATCH",),
    ),
    Topic(
        name="tracked-accounts",
        role="internal",
        meaning="accounts SCREEN lets through besides the roster's: subjects, and ids of officials known by handle",
        key="subject/platform:id or official/platform:id",
        schema="tracked-account",
        partitions=1,
        compacted=True,
        writers=("TRACK", "WATCH"),
        readers=("SCREEN",),
    ),
    Topic(
        name="amplifications",
        role="enriched",
        meaning="each retweet or quote of a subject by an official",
        key="platform:id of the subject",
        schema="amplification",
        partitions=8,
        retention_ms=90 * _DAY_MS,
        writers=("TRACK",),
        readers=("anybody",),
    ),
    Topic(
        name="dossiers",
        role="enriched",
        meaning="everything counted about each subject; the last record of a key is the valid one",
        key="platform:id of the subject",
        schema="dossier",
        partitions=8,
        compacted=True,
        writers=("TRACK",),
        readers=("anybody",),
    ),
    Topic(
        name="aftermaths",
        role="enriched",
        meaning="what a State's officials did after a subject they amplified was suspended; the last of an id is valid",
        key="id of the aftermath",
        schema="aftermath",
        partitions=8,
        compacted=True,
        writers=("WATCH",),
        readers=("anybody",),
    ),
    Topic(
        name="alerts",
        role="enriched",
        meaning="rules that held for a subject; the last record of an id is the valid one",
        key="id of the alert",
        schema="alert",
        partitions=8,
        compacted=True,
        writers=("TRACK", "WATCH"),
        readers=("NOTIFY", "anybody"),
    ),
    Topic(
        name="notifications",
        role="internal",
        meaning="what NOTIFY decided about each alert, and how far it came",
        key="id of the alert",
        schema=None,
        partitions=1,
        compacted=True,
        writers=("NOTIFY",),
        readers=("NOTIFY",),
    ),
    Topic(
        name="canaries",
        role="internal",
        meaning="canaries that came through: what workers send to see that the pipeline lets things through",
        key="none",
        schema=None,
        partitions=1,
        retention_ms=_DAY_MS,
        writers=("TRACK",),
        readers=("workers",),
    ),
    Topic(
        name="dead-letters",
        role="enriched",
        meaning="refused inputs: the original bytes as the value, why and whence in the headers",
        key="key of the refused record",
        schema="dead-letter",
        partitions=1,
        retention_ms=30 * _DAY_MS,
        writers=("SCREEN", "antiphon ingest"),
        readers=("operators",),
    ),
)


def topic_named(name: str) -> Topic:
    """The topic of that name. Raises `KeyError` for a name that is not in the list."""
    for topic in TOPICS:
        if topic.name == name:
            return topic
    raise KeyError(name)
