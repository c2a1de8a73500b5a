"""A changelog of many subjects: states that the real core makes of one to three amplifications each, written to Kafka;
with their evidence where that is asked for.

Several processes make it, each a slice of the subjects.
"""

import asyncio
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import UTC, datetime, timedelta
from hashlib import shake_128
from itertools import pairwise
from multiprocessing import get_context
from random import Random
from typing import Final

from msgspec import Struct

from bench.writing import BulkWriter
from streams.core.clock import from_us, to_us
from streams.core.evidence_records import EvidenceRecord, event_evidence
from streams.core.officials import Official
from streams.core.subject_event import Coordinates, SubjectEvent
from streams.core.tracking.subject import TrackPolicy, encode_subject
from streams.core.tracking.tracker import Tracker
from streams.events import Account, Post, PostRef, Retweet, encode_event
from streams.kafka.partitioning import partition_of
from streams.rules_loading import bundled_rules
from streams.settings import Settings
from streams.topic_names import EVIDENCE, SUBJECT_STATES

__all__ = ["Layout", "Written", "amplifications_of", "evidence_of", "write_changelog"]

_PLATFORM: Final = "twitter"
_BEGIN: Final = datetime(2024, 3, 1, tzinfo=UTC)
_OFFICIALS: Final = 5_000
_DIGEST: Final = "5f" * 32
_SLICE: Final = 10_000
_BATCH: Final = 500  # subjects that one tracker holds, as if they had come in one batch
_SEED: Final = 1
_SYLLABLES: Final = tuple(
    f"{one}{other}" for one in "bdfgklmnprstvz" for other in ("a", "e", "i", "o", "u", "an", "or")
)
_PAIRS: Final = tuple(f"{one}{other}" for one in _SYLLABLES[:16] for other in _SYLLABLES[16:32])
_WORDS: Final = 17  # bytes: one more than words


class Layout(Struct, frozen=True, kw_only=True):
    """How it is written: by so many of the officials, number n to partition n modulo `partitions`; or, with `evidence`,
    each to the partition of its key, and the raw events to `evidence`.
    """

    partitions: int = 1
    officials: int = _OFFICIALS
    evidence: bool = False


class Written(Struct, frozen=True):
    """What was written: subjects, their amplifications, and the bytes of all keys and values."""

    subjects: int
    amplifications: int
    value_bytes: int
    key_bytes: int


def write_changelog(
    settings: Settings, subjects: int, progress: Callable[[int], None], layout: Layout | None = None
) -> Written:
    """Write the states of `subjects` subjects to the changelog."""
    slices = [(begin, min(begin + _SLICE, subjects)) for begin in range(0, subjects, _SLICE)]
    done = Written(0, 0, 0, 0)
    with ProcessPoolExecutor(max_workers=len(os.sched_getaffinity(0)), mp_context=get_context("spawn")) as pool:
        for future in as_completed([pool.submit(_write_slice, settings, *part, layout or Layout()) for part in slices]):
            part = future.result()
            done = Written(
                done.subjects + part.subjects,
                done.amplifications + part.amplifications,
                done.value_bytes + part.value_bytes,
                done.key_bytes + part.key_bytes,
            )
            if done.subjects % (10 * _SLICE) == 0:
                progress(done.subjects)
    return done


def _write_slice(settings: Settings, begin: int, end: int, layout: Layout) -> Written:
    return asyncio.run(_write(settings, begin, end, layout))


async def _write(settings: Settings, begin: int, end: int, layout: Layout) -> Written:
    amplifications = value_bytes = key_bytes = 0
    async with BulkWriter(settings) as writer:
        for first in range(begin, end, _BATCH):
            tracker = Tracker(bundled_rules(), TrackPolicy(), lambda _key: None)
            for number in range(first, min(first + _BATCH, end)):
                for event in amplifications_of(number, layout.officials):
                    amplifications += tracker.apply(event) is not None
                    if layout.evidence:
                        kept = evidence_of(event)
                        await writer.write(EVIDENCE, 0, kept.key, kept.value or b"", kept.headers)
            for number, flushed in enumerate(tracker.flush(), first):  # in the order in which they were touched
                key, state = flushed.key.encode(), encode_subject(flushed.subject)
                value_bytes += len(state)
                key_bytes += len(key)
                place = partition_of(key, layout.partitions) if layout.evidence else number % layout.partitions
                await writer.write(SUBJECT_STATES, place, key, state)
    return Written(end - begin, amplifications, value_bytes, key_bytes)


def evidence_of(amplification: SubjectEvent) -> EvidenceRecord:
    """The record of the raw event that led to it. No two posts have the same text."""
    official = amplification.official
    post_id = amplification.post_id or ""
    assert official is not None
    actor = Account(id=official.id, handle=official.handle)
    drawn = shake_128(post_id.encode()).digest(_WORDS)
    text = " ".join(_PAIRS[one] + _SYLLABLES[other % len(_SYLLABLES)] for one, other in pairwise(drawn))
    at, event_id, subject = from_us(amplification.at_us), amplification.event_id, amplification.subject
    event: Post | Retweet
    if amplification.kind == "retweet":
        event = Retweet(
            platform=_PLATFORM, id=event_id, at=at, actor=actor, subject=subject, post_id=post_id, text=text
        )
    else:
        quoted = PostRef(post_id=post_id, account=subject)
        event = Post(platform=_PLATFORM, id=event_id, at=at, actor=actor, text=text, quotes=quoted)
    return event_evidence(event, encode_event(event), amplification.source, amplification.at_us)


def amplifications_of(number: int, officials: int = _OFFICIALS) -> Iterator[SubjectEvent]:
    """One to three amplifications of one subject, by as many officials as chance has it; the same at every call."""
    random = Random(_SEED + number)
    created_at = _BEGIN - timedelta(days=random.randrange(1, 3_000))
    for count in range(random.randrange(1, 4)):
        official = random.randrange(officials)
        yield SubjectEvent(
            kind="retweet" if random.random() < 0.8 else "quote",
            platform=_PLATFORM,
            event_id=str(4 * 10**18 + 3 * number + count),
            at_us=to_us(_BEGIN + timedelta(seconds=random.randrange(30 * 86_400))),
            subject=Account(
                id=str(3 * 10**18 + number),
                handle=f"voice_{number}",
                name=f"voice no. {number}",
                created_at=created_at,
                created_at_source="reported",
                followers=random.randrange(100_000),
            ),
            source=Coordinates("retweets", number % 12, 3 * number + count),
            roster_digest=_DIGEST,
            official=Official(
                id=str(10**18 + official), handle=f"official_{official}", country="IR", category="diplomat"
            ),
            post_id=str(4 * 10**18 - number),
        )
