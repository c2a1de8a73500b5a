"""The enriched topics: the record of each, its key, and which records stand. A new kind is one more entry.

The catalogue of topics, collection, output files, the backtest's results, `antiphon states reset` and the schemas loop
over this list.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from streams.core.enriched import Alert, Amplification, Dossier
from streams.core.subject_event import subject_key
from streams.core.watching.aftermath_records import Aftermath
from streams.topic import DAY_MS, Topic
from streams.topic_names import AFTERMATHS, ALERTS, AMPLIFICATIONS, DOSSIERS

__all__ = ["ENRICHED_TOPICS", "EnrichedTopic", "enriched_topic_named", "enriched_topic_of"]


class EnrichedTopic(Struct, frozen=True, kw_only=True):
    """`name` is that of the topic and of the output file; `schema` that of the JSON Schema.

    Records with the same `identity` are versions of one thing: the last one is valid, where it `stands`. `order` sorts
    an output file. `time` is the event time by which a part of the topic is chosen, `None` where the record has none,
    and `countries` are the States whose officials it is about. Records with an `event_time` carry the headers of a
    CloudEvent of the type `antiphon.SCHEMA`.
    """

    topic: Topic
    record: type[Any]
    key: Callable[[Any], str]
    identity: Callable[[Any], object]
    order: Callable[[Any], Any]
    time: Callable[[Any], datetime | None]
    countries: Callable[[Any], tuple[str, ...]]
    stands: Callable[[Any], bool] = lambda _record: True
    event_time: Callable[[Any], datetime] | None = None

    @property
    def name(self) -> str:
        """The topic's name, without the prefix of a deployment."""
        return self.topic.name

    @property
    def schema(self) -> str:
        """The name of the record's JSON Schema, in the singular. Raises `ValueError` where the entry names none."""
        if self.topic.schema is None:
            raise ValueError(f"the enriched topic {self.topic.name} names no schema")
        return self.topic.schema


def _subject_key(record: Any) -> str:
    return subject_key(record.platform, record.subject.id)


ENRICHED_TOPICS: Final = (
    EnrichedTopic(
        topic=Topic(
            name=AMPLIFICATIONS,
            role="enriched",
            meaning="each retweet or quote of a subject by an official",
            key="platform:id of the subject",
            schema="amplification",
            partitions=8,
            retention_ms=90 * DAY_MS,
            writers=("TRACK",),
            readers=("anybody",),
        ),
        record=Amplification,
        key=_subject_key,
        identity=lambda record: (_subject_key(record), record.id),
        order=lambda record: (record.at, record.platform, record.id, record.subject.id),
        time=lambda record: record.at,
        countries=lambda record: (record.official.country,),
    ),
    EnrichedTopic(
        topic=Topic(
            name=DOSSIERS,
            role="enriched",
            meaning="everything counted about each subject; the last record of a key is the valid one",
            key="platform:id of the subject",
            schema="dossier",
            partitions=8,
            compacted=True,
            writers=("TRACK",),
            readers=("anybody",),
        ),
        record=Dossier,
        key=_subject_key,
        identity=_subject_key,
        order=_subject_key,
        time=lambda record: record.last_amplified_at,
        countries=lambda record: record.countries,
    ),
    EnrichedTopic(
        topic=Topic(
            name=ALERTS,
            role="enriched",
            meaning="rules that held for a subject; the last record of an id is the valid one",
            key="id of the alert",
            schema="alert",
            partitions=8,
            compacted=True,
            writers=("TRACK", "WATCH"),
            readers=("NOTIFY", "anybody"),
        ),
        record=Alert,
        key=lambda record: str(record.id),
        identity=lambda record: record.id,
        order=lambda record: (record.fired_at, record.id),
        time=lambda record: record.fired_at,
        countries=lambda record: record.countries,
        stands=lambda record: record.status != "retracted",
        event_time=lambda record: record.as_of,
    ),
    EnrichedTopic(
        topic=Topic(
            name=AFTERMATHS,
            role="enriched",
            meaning="what a State's officials did after a subject they amplified was suspended; the last of an id is "
            "valid",
            key="id of the aftermath",
            schema="aftermath",
            partitions=8,
            compacted=True,
            writers=("WATCH",),
            readers=("anybody",),
        ),
        record=Aftermath,
        key=lambda record: str(record.id),
        identity=lambda record: record.id,
        order=lambda record: (record.opened_at, record.id),
        time=lambda record: record.opened_at,
        countries=lambda record: (record.country,),
        stands=lambda record: record.status != "void",
        event_time=lambda record: record.closed_at or record.opened_at,
    ),
)

_BY_NAME: Final = {topic.name: topic for topic in ENRICHED_TOPICS}
_BY_RECORD: Final = {topic.record: topic for topic in ENRICHED_TOPICS}


def enriched_topic_named(name: str) -> EnrichedTopic:
    """The topic of that name. Raises `KeyError` where it carries no enriched records."""
    return _BY_NAME[name]


def enriched_topic_of(record: object) -> EnrichedTopic:
    """The topic that carries records of this type. Raises `KeyError` where none does."""
    return _BY_RECORD[type(record)]
