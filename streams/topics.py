"""Every topic. Those of the enriched records stand in `streams.core.enriched_topics`.

`antiphon topics create`, a worker's start, the AsyncAPI document and the agents all read this list.
"""

from typing import Final

from streams.core.enriched_topics import ENRICHED_TOPICS
from streams.topic import DAY_MS, Topic
from streams.topic_names import (
    CANARIES,
    COLLECTOR_CURSORS,
    CORRECTIONS,
    COUNTRY_EVENTS,
    COUNTRY_LEDGER,
    COVERAGE,
    DEAD_LETTERS,
    DELETIONS,
    EVIDENCE,
    FOLLOWS,
    NOTIFICATIONS,
    OFFICIALS,
    POSTS,
    PROFILES,
    RETWEETS,
    SUBJECT_EVENTS,
    SUBJECT_STATES,
    SUSPENSIONS,
    TRACKED_ACCOUNTS,
)

__all__ = ["TOPICS", "topic_named"]

# Of what only our agents read: the state of a subject that meets all its bounds with the longest ids has 5.6 MB
# (tests/core/tracking/test_track_sizes.py). Some managed brokers allow no more than this.
_MOST_INTERNAL_BYTES: Final = 8_388_608
# A raw record that fills its batch, with the key and the headers of evidence.
_MOST_EVIDENCE_BYTES: Final = 2 * 1_048_588


def _raw(name: str, schema: str, key: str, meaning: str, partitions: int) -> Topic:
    return Topic(
        name=name,
        role="raw",
        meaning=meaning,
        key=key,
        schema=schema,
        partitions=partitions,
        retention_ms=30 * DAY_MS,
        writers=("collectors", "antiphon ingest"),
        readers=("SCREEN",),
    )


TOPICS: Final[tuple[Topic, ...]] = (
    _raw(POSTS, "post", "platform:id of the author", "posts, answers and quotes", 12),
    _raw(RETWEETS, "retweet", "platform:id of the subject", "posts passed on unchanged", 12),
    _raw(SUSPENSIONS, "suspension", "platform:id of the account", "suspensions and their reversals", 4),
    _raw(DELETIONS, "deletion", "platform:id of the author, or none", "posts that are gone", 12),
    _raw(FOLLOWS, "follow", "platform:id of the subject", "who follows whom, and who stopped", 4),
    _raw(PROFILES, "profile", "platform:id of the account", "fresh account snapshots", 4),
    _raw(COVERAGE, "coverage", "platform:source", "what sources saw of the officials, and what they did not", 1),
    Topic(
        name=OFFICIALS,
        role="roster",
        meaning="the roster in force: one record an account, and a manifest that completes a publication",
        key="VERSION/platform:id, VERSION/platform:@handle, or VERSION/roster for the manifest",
        schema="official",
        partitions=1,
        compacted=True,
        writers=("antiphon roster publish",),
        readers=("SCREEN",),
        single="a roster is read in the order it was written",
    ),
    Topic(
        name=COLLECTOR_CURSORS,
        role="internal",
        meaning="how far each source was read, and what of it was seen: written in one transaction with its events",
        key="collector/source",
        schema=None,
        partitions=1,
        compacted=True,
        writers=("collectors",),
        readers=("collectors",),
        single="a collector reads how far it came from the end of one log",
    ),
    Topic(
        name=SUBJECT_EVENTS,
        role="internal",
        meaning="what happened to each subject, re-keyed",
        key="platform:id of the subject",
        schema="subject-event",
        partitions=8,
        retention_ms=7 * DAY_MS,
        writers=("SCREEN", "WATCH", "antiphon roster publish --correction", "antiphon alerts retract"),
        readers=("TRACK",),
        copartitioned=SUBJECT_STATES,
    ),
    Topic(
        name=SUBJECT_STATES,
        role="internal",
        meaning="TRACK's changelog: the whole state of each subject, written in one transaction with its outputs",
        key="platform:id of the subject",
        schema=None,
        partitions=8,
        compacted=True,
        writers=("TRACK",),
        readers=("TRACK",),
        max_message_bytes=_MOST_INTERNAL_BYTES,
    ),
    Topic(
        name=COUNTRY_EVENTS,
        role="internal",
        meaning="what concerns the officials of each State: their posts and deletions, posts of tracked subjects",
        key="the State's code; none for ticks, which go to every partition",
        schema="country-event",
        partitions=8,
        retention_ms=7 * DAY_MS,
        writers=("SCREEN", "TRACK", "antiphon roster publish --correction", "antiphon alerts retract"),
        readers=("WATCH",),
        max_message_bytes=_MOST_INTERNAL_BYTES,
        copartitioned=COUNTRY_LEDGER,
    ),
    Topic(
        name=COUNTRY_LEDGER,
        role="internal",
        meaning="WATCH's changelog: every record of its ledger, written in one transaction with what it led to",
        key="kind and name of the record",
        schema=None,
        partitions=8,
        compacted=True,
        writers=("WATCH",),
        readers=("WATCH",),
        max_message_bytes=_MOST_INTERNAL_BYTES,
    ),
    Topic(
        name=TRACKED_ACCOUNTS,
        role="internal",
        meaning="accounts SCREEN lets through besides the roster's: subjects, and ids of officials known by handle",
        key="subject/platform:id or official/platform:id",
        schema="tracked-account",
        partitions=1,
        compacted=True,
        writers=("TRACK", "WATCH"),
        readers=("SCREEN",),
        single="every worker reads one partition, which is all of it",
    ),
    *(enriched.topic for enriched in ENRICHED_TOPICS),
    Topic(
        name=NOTIFICATIONS,
        role="enriched",
        meaning="when an Alertmanager first took which state of an alert; that one is not here says nothing",
        key="id of the alert",
        schema="notification",
        partitions=1,
        compacted=True,
        writers=("NOTIFY",),
        readers=("NOTIFY", "anybody"),
    ),
    Topic(
        name=EVIDENCE,
        role="enriched",
        meaning="what was counted, as it was received: raw events that passed, rosters, rules, versions of alerts",
        key="event/PLATFORM/KIND/ID/SHA-256, roster/DIGEST/CHUNK, rules/DIGEST or alert/ID/SHA-256; or withheld/ "
        "and one of these",
        schema="evidence",
        partitions=1,
        compacted=True,
        writers=("SCREEN", "TRACK", "WATCH", "workers", "antiphon roster publish", "antiphon evidence"),
        readers=("antiphon evidence", "anybody"),
        max_message_bytes=_MOST_EVIDENCE_BYTES,
        tombstone_ms=30 * DAY_MS,
        as_received=True,
        packed="zstd",
    ),
    Topic(
        name=CORRECTIONS,
        role="enriched",
        meaning="rosters that were put right: what became of each subject, and of each alert that does not stand",
        key="id of the correction, /platform:id of the subject, /id of the alert: as far as there are any",
        schema="correction",
        partitions=1,
        compacted=True,
        writers=("TRACK", "WATCH", "antiphon roster publish --correction"),
        readers=("antiphon roster publish --correction", "anybody"),
    ),
    Topic(
        name=CANARIES,
        role="internal",
        meaning="canaries that came through: what workers send to see that the pipeline lets things through",
        key="none",
        schema=None,
        partitions=1,
        retention_ms=DAY_MS,
        writers=("TRACK",),
        readers=("workers",),
    ),
    Topic(
        name=DEAD_LETTERS,
        role="enriched",
        meaning="refused inputs: the original bytes as the value, why and whence in the headers",
        key="key of the refused record",
        schema="dead-letter",
        partitions=1,
        retention_ms=30 * DAY_MS,
        writers=("SCREEN", "TRACK", "WATCH", "collectors", "antiphon ingest"),
        readers=("operators",),
        as_received=True,
    ),
)


def topic_named(name: str) -> Topic:
    """The topic of that name. Raises `KeyError` for a name that is not in the list."""
    for topic in TOPICS:
        if topic.name == name:
            return topic
    raise KeyError(name)
