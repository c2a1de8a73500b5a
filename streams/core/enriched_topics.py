"""The enriched topics: the record of each, its key, and which records stand. A new kind is one more entry.

What collects results, writes them to files, clears them and describes them goes through this list.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from streams.core.enriched import Alert, Amplification, Dossier
from streams.core.subject_event import subject_key
from streams.core.watching.aftermath_records import Aftermath

__all__ = ["ENRICHED_TOPICS", "EnrichedTopic", "enriched_topic_named", "enriched_topic_of"]


class EnrichedTopic(Struct, frozen=True, kw_only=True):
    """`name` is that of the topic, of the output file and of the field of `Results`; `schema` that of the JSON Schema.

    Records with the same `identity` are versions of one thing: the last one is valid, where it `stands`. `order` sorts
    an output file. `time` is the event time by which a part of the topic is chosen, `None` where the record has none,
    and `countries` are the States whose officials it is about.
    """

    name: str
    schema: str
    record: type[Any]
    key: Callable[[Any], str]
    identity: Callable[[Any], object]
    order: Callable[[Any], Any]
    time: Callable[[Any], datetime | None]
    countries: Callable[[Any], tuple[str, ...]]
    stands: Callable[[Any], bool] = lambda _record: True


def _subject_key(record: Any) -> str:
    return subject_key(record.platform, record.subject.id)


ENRICHED_TOPICS: Final = (
    EnrichedTopic(
        name="amplifications",
        schema="amplification",
        record=Amplification,
        key=_subject_key,
        identity=lambda record: (_subject_key(record), record.id),
        order=lambda record: (record.at, record.platform, record.id, record.subject.id),
        time=lambda record: record.at,
        countries=lambda record: (record.official.country,),
    ),
    EnrichedTopic(
        name="dossiers",
        schema="dossier",
        record=Dossier,
        key=_subject_key,
        identity=_subject_key,
        order=_subject_key,
        time=lambda record: record.last_amplified_at,
        countries=lambda record: record.countries,
    ),
    EnrichedTopic(
        name="alerts",
        schema="alert",
        record=Alert,
        key=lambda record: str(record.id),
        identity=lambda record: record.id,
        order=lambda record: (record.fired_at, record.id),
        time=lambda record: record.fired_at,
        countries=lambda record: record.countries,
        stands=lambda record: record.status != "retracted",
    ),
    EnrichedTopic(
        name="aftermaths",
        schema="aftermath",
        record=Aftermath,
        key=lambda record: str(record.id),
        identity=lambda record: record.id,
        order=lambda record: (record.opened_at, record.id),
        time=lambda record: record.opened_at,
        countries=lambda record: (record.country,),
        stands=lambda record: record.status != "void",
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
