"""An event as a record of its raw topic, and whether a broker takes it."""

from typing import Final, assert_never

from streams.core.subject_event import subject_key
from streams.deadletters import Reason, Rejection
from streams.events import (
    RAW_TOPICS,
    Coverage,
    Deletion,
    Event,
    EventKind,
    Follow,
    Post,
    Profile,
    Retweet,
    Suspension,
    encode_event,
)
from streams.kafka.outgoing_record import LARGEST_BATCH_BYTES, OutgoingRecord, encoded_bytes
from streams.refusal import rejection

__all__ = ["SURELY_SMALL_BYTES", "raw_record", "size_refusal"]

SURELY_SMALL_BYTES: Final = 1_000_000
"""Keys have at most 1,060 bytes: a value with fewer bytes than this need not be measured."""


def raw_record(event: Event) -> OutgoingRecord:
    """The record of an event for its raw topic, under the key that the topic catalogue names."""
    kind: EventKind
    account: str | None
    match event:
        case Post():
            kind, account = "post", event.actor.id
        case Retweet():
            kind, account = "retweet", event.subject.id
        case Suspension():
            kind, account = "suspension", event.actor.id
        case Deletion():
            kind, account = "deletion", None if event.actor is None else event.actor.id
        case Follow():
            kind, account = "follow", event.subject.id
        case Profile():
            kind, account = "profile", event.actor.id
        case Coverage():
            kind, account = "coverage", event.source
        case _:
            assert_never(event)
    key = None if account is None else subject_key(event.platform, account).encode()
    return OutgoingRecord(RAW_TOPICS[kind], key, encode_event(event))


def size_refusal(record: OutgoingRecord) -> Rejection | None:
    """Why a raw record would not reach its topic; `None` where a broker with Kafka's defaults takes it."""
    if len(record.value or b"") < SURELY_SMALL_BYTES or (size := encoded_bytes(record)) <= LARGEST_BATCH_BYTES:
        return None
    detail = f"a record of {size:,} bytes for {record.topic}; Kafka takes {LARGEST_BATCH_BYTES:,} by default"
    return rejection(Reason.TOO_LARGE, detail)
