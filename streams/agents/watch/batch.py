"""WATCH's work on one batch: State events in, a changed ledger and the records to write out. Synchronous.

The agent around it is `streams.agents.watch.agent`.
"""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from streams.core.clock import DAY_US
from streams.core.corrections.correction import corrections_of_country
from streams.core.countries import COUNTRIES
from streams.core.country_event import CountryEvent, decode_country_event
from streams.core.country_recounts import decode_country_recount
from streams.core.enriched import Alert
from streams.core.retractions import decode_retraction
from streams.core.subject_event import Coordinates, SubjectEvent, encode_subject_event, subject_key
from streams.core.tracked import encode_tracked, official_id_key, tracked_subject_key
from streams.core.watching.aftermath_records import Aftermath
from streams.core.watching.forgetting import forget_watches
from streams.core.watching.keys import country_time_key
from streams.core.watching.records import CountryTime
from streams.core.watching.watch_policy import WatchPolicy
from streams.core.watching.watcher import Watcher
from streams.events import Account
from streams.faust_driver.batches import Record
from streams.kafka.batch_writer import OutgoingRecord
from streams.kafka.enriched_record import correction_record, enriched_record
from streams.kafka.evidence_writing import alert_records
from streams.ledger.sqlite import SqliteLedger
from streams.partitions.set_aside import letter_for
from streams.refusal import DECODE_ERRORS
from streams.topic_names import COUNTRY_EVENTS, SUBJECT_EVENTS, TRACKED_ACCOUNTS

__all__ = ["SweepPace", "WatchedBatch", "forget_old", "subject_ticks", "watch_batch"]

# Faster than anything grows, and little enough beside the batch itself.
_FORGOTTEN_AN_EVENT: Final = 2
_FORGOTTEN_AT_LEAST: Final = 50
_RECOUNTS: Final = 128  # suspensions, some milliseconds each
# Of a batch: each opens watches, which are counted whole, some 20 ms each where much was deleted in their months.
_STANDINGS: Final = 64
# Records: with what they look up they stay well below what a ledger remembers.
_AHEAD: Final = 64
_RESTS: Final = 9.0  # as long as it took


class WatchedBatch(Struct, frozen=True):
    """What a batch led to, besides what the ledger holds now: `taken` records, up to the offset `position`.

    `countries` counts its events by State, without ticks; `newest_us` is the newest of their times. `new_day_us` is how
    far event time has come everywhere, where that is in another day (UTC) than before the batch. `set_aside` are the
    dead letters of records that no agent of ours wrote; they stand among the outputs, too. `seconds` is how long it
    took to say what changed.
    """

    outputs: list[OutgoingRecord]
    aftermaths: tuple[Aftermath, ...]
    alerts: tuple[Alert, ...]
    countries: dict[str, int]
    position: int
    newest_us: int | None
    new_day_us: int | None = None
    set_aside: Sequence[OutgoingRecord] = ()
    seconds: float = 0.0
    taken: int = 0


class SweepPace:
    """How many suspensions a ledger recounts, a batch, for deletions of their State: some, then for a while none, so
    that it takes a tenth of a processor at most, however many are watched and however much is taken back.
    """

    def __init__(self) -> None:
        self._rested_at = float("-inf")

    def recounts(self) -> int:
        """How many the next batch may count."""
        return _RECOUNTS if time.monotonic() >= self._rested_at else 0

    def took(self, recounts: int, seconds: float) -> None:
        """A batch that could count so many took so long."""
        if recounts:
            self._rested_at = time.monotonic() + seconds * _RESTS


def watch_batch(
    records: Sequence[Record], partition: int, position: int, watcher: Watcher, recounts: int | None = None
) -> WatchedBatch:
    """Apply a partition's records from `position` on; those before it were applied in an earlier life. `recounts` as in
    `Watcher.flush`.

    Ends behind the 64th standing, if there are so many: what it takes is bounded. What is left is the next batch's.
    """
    set_aside: list[OutgoingRecord] = []
    outputs: list[OutgoingRecord] = []
    countries: Counter[str] = Counter()
    newest_us: int | None = None
    before_us = watcher.watermark_everywhere_us()
    taken = standings = 0
    for event in _decoded_ahead(records, partition, position, watcher):
        if standings == _STANDINGS:
            break
        taken += 1
        if event is None:
            continue
        if isinstance(event, OutgoingRecord):
            set_aside.append(event)
            continue
        standings += event.kind == "standing"
        if event.kind != "tick":
            countries[event.country] += 1
        if event.kind not in ("tick", "retraction", "recount_open", "recount"):
            newest_us = event.at_us if newest_us is None else max(newest_us, event.at_us)
        for output in watcher.apply(event):
            key = subject_key(output.platform, output.subject.id).encode()
            outputs.append(OutgoingRecord(SUBJECT_EVENTS, key, encode_subject_event(output)))
    began = time.monotonic()
    changes = watcher.flush(recounts)
    seconds = time.monotonic() - began
    outputs += map(enriched_record, changes.records())
    outputs += alert_records(changes.alerts)
    outputs += [
        correction_record(correction) for answer in changes.answers for correction in corrections_of_country(answer)
    ]
    for account in changes.tracked:
        key_of = tracked_subject_key if account.handle is None else official_id_key
        outputs.append(OutgoingRecord(TRACKED_ACCOUNTS, key_of(account.platform, account.id), encode_tracked(account)))
    last = max(position, records[taken - 1].offset + 1)
    watermark_us = watcher.watermark_everywhere_us()
    new_day_us = watermark_us if watermark_us // DAY_US > before_us // DAY_US else None
    return WatchedBatch(
        outputs + set_aside,
        changes.aftermaths,
        changes.alerts,
        dict(countries),
        last,
        newest_us,
        new_day_us,
        set_aside,
        seconds,
        taken,
    )


def _decoded_ahead(
    records: Sequence[Record], partition: int, position: int, watcher: Watcher
) -> Iterator[CountryEvent | OutgoingRecord | None]:
    """Each record as its event, as a dead letter, or as nothing where it was applied in an earlier life. Some are
    decoded ahead of the one that is wanted, and what they will ask of the ledger is read together.
    """
    for begin in range(0, len(records), _AHEAD):
        decoded = [_decoded(record, partition, position) for record in records[begin : begin + _AHEAD]]
        watcher.read_ahead(event for event in decoded if isinstance(event, CountryEvent))
        yield from decoded


def _decoded(record: Record, partition: int, position: int) -> CountryEvent | OutgoingRecord | None:
    if record.offset < position:
        return None
    try:
        event = decode_country_event(record.value or b"")
        if event.kind == "retraction":
            decode_retraction(event.retraction)
        if event.kind == "recount":
            decode_country_recount(event.recount or b"")
    except DECODE_ERRORS as error:
        return letter_for(record, COUNTRY_EVENTS, partition, error)
    return event


def subject_ticks(at_us: int, partitions: int) -> Iterator[OutgoingRecord]:
    """How far event time has come, for each partition of `subject-events`: TRACK forgets nothing finer than by days."""
    event = SubjectEvent(
        kind="tick",
        platform="antiphon",
        event_id=f"tick-{at_us}",
        at_us=at_us,
        subject=Account(id="tick"),
        source=Coordinates("tick", 0, 0),
    )
    for partition in range(partitions):
        yield OutgoingRecord(SUBJECT_EVENTS, None, encode_subject_event(event), (), partition)


def forget_old(ledger: SqliteLedger, watched: WatchedBatch, policy: WatchPolicy, now_us: int) -> int:
    """Discard what no event to come can concern, a step for each State that there was news of, and for all States on a
    new day; returns how many.

    Old is a post, deletion or text further back from the newest event of its State than ledger and slack reach, and
    a watch that nothing can change any more when the watermark has come so far; and only if it has been here for longer
    than the grace by the clock `now_us` as well. Nothing else is decided by the clock.
    """
    past_grace = ledger.past_grace(now_us)
    if not past_grace:
        return 0
    everywhere = ledger.get(country_time_key(""))
    gone = 0
    # Of no State is what deletions that name nobody are matched by; with the watermark as its time.
    for country in watched.countries if watched.new_day_us is None else sorted({"", *COUNTRIES, *watched.countries}):
        country_time = ledger.get(country_time_key(country))
        if not isinstance(country_time, CountryTime):
            continue
        limit = max(_FORGOTTEN_AT_LEAST, _FORGOTTEN_AN_EVENT * watched.countries.get(country, 0))
        before_us = country_time.at_us - (policy.ledger_days + policy.slack_days) * DAY_US
        gone += ledger.forget(country, before_us, past_grace, limit)
        if isinstance(everywhere, CountryTime):
            gone += forget_watches(ledger, country, everywhere.at_us, past_grace, limit, policy)
    return gone
