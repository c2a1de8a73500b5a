"""A correction of the roster on the broker: every subject that the changed accounts touched is recounted.

The roster is in force before. Whatever ends this on the way, a repetition of it leads to the same end.
"""

import asyncio
import gc
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import aclosing, contextmanager
from hashlib import blake2b
from itertools import islice
from typing import Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from msgspec import Struct, field
from msgspec.structs import replace

from streams.agents.watch.agent import watch_policy
from streams.core.clock import DAY_US, from_us, to_us
from streams.core.corrections.correction import Correction
from streams.core.country_event import CountryEvent, decode_country_event
from streams.core.country_recounts import CountryOrder, country_recount, country_recount_open
from streams.core.recounts import ORDER_BYTES, RecountOrder, encode_recount, recount_event, recount_open_event
from streams.core.rosters.roster import Roster
from streams.core.subject_event import SubjectEvent, subject_key_parts
from streams.events import RAW_TOPICS
from streams.jobs.aftermath_corrections import aftermath_corrections, read_aftermaths
from streams.jobs.country_orders import end_with_countries
from streams.jobs.drain import StalledError, wait_for_commits
from streams.jobs.evidence_index import EvidenceIndex, evidence_index
from streams.jobs.orders import send_orders
from streams.jobs.recount_orders import OrderHeading, RecountPlan
from streams.kafka.administration import end_offsets
from streams.kafka.client import client_options, consumer, start_client, started_producer
from streams.kafka.corrections_topic import read_corrections, send_correction
from streams.kafka.evidence_reading import read_evidence
from streams.kafka.failures import broker_errors
from streams.kafka.partitioning import partition_of
from streams.kafka.reading import require_topic
from streams.refusal import DECODE_ERRORS
from streams.settings import Settings
from streams.topic_names import COUNTRY_EVENTS, SUBJECT_EVENTS

__all__ = ["Corrected", "begin_correction", "carry_out_correction"]

_WORKERS_SECONDS: Final = 180.0  # without a word of a worker about a raw partition
_LOOK_BACK: Final = 2_000  # records of `country-events`: workers repeat themselves every half minute
_ON_THE_WAY: Final = 500  # orders before the commits of those before them are awaited
# Workers have the stream to do besides. TRACK takes a third of a millisecond for a subject, WATCH an eighth for an
# account or an event.
_SUBJECTS_A_SECOND: Final = 500.0
_OF_STATES_A_SECOND: Final = 2_000.0
_OBJECTS_BEFORE_COLLECTION: Final = 50_000  # as in workers

Stage = Callable[[str], None]
"""Is told what begins."""


class Corrected(Struct, kw_only=True):
    """What a correction came to: `answers` are of subjects and of the `countries` whose ledgers were put right,
    `alerts` and `aftermaths` of those that do not stand as they were; `outcomes` counts subjects and alerts. `missing`
    subjects and States did not answer: then the correction is not finished.
    """

    correction: Correction
    subjects: int = 0
    events: int = 0
    events_counted: int = 0
    withheld: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    countries: list[str] = field(default_factory=list)
    answers: list[Correction] = field(default_factory=list)
    aftermaths: list[Correction] = field(default_factory=list)
    alerts: list[Correction] = field(default_factory=list)
    missing: int = 0
    seconds: float = 0.0

    @property
    def unknown(self) -> list[Correction]:
        """The subjects of which nothing has changed, because it could not be recounted."""
        return [each for each in self.answers if each.outcome in ("cannot_be_known", "given_up")]


async def begin_correction(settings: Settings, old: Roster, new: Roster, reason: str) -> Correction:
    """Note that a correction begins: from then on a repetition knows what was wrong. Raises `BrokerError`."""
    at_us = time.time_ns() // 1_000
    name = blake2b(f"{old.digest} {new.digest} {at_us} {reason}".encode(), digest_size=16).hexdigest()
    begun = Correction(
        correction=name,
        about="roster",
        outcome="begun",
        cause="roster",
        reason=reason,
        old_digest=old.digest,
        new_digest=new.digest,
        at=from_us(at_us),
    )
    async with started_producer(settings) as client:
        await send_correction(client, settings, begun)
    return begun


async def carry_out_correction(
    settings: Settings, begun: Correction, old: Roster, new: Roster, stage: Stage = lambda _text: None
) -> Corrected:
    """Recount what the difference touched; the new roster is in force. Raises `BrokerError` and `StalledError`."""
    began = time.monotonic()
    found = Corrected(correction=begun)
    with _collected_seldom(), RecountPlan(old, new) as plan:
        if plan.counts and await _was_ever_screened(settings):
            stage("waiting until every worker screens by the new roster")
            await _wait_for_workers(settings, new.digest)
            ends = await _raw_ends(settings)
            await wait_for_commits(settings, ends, lambda _left: None)
            cut = {f"{topic}/{partition}": end for (topic, partition), end in ends.items() if end}
            async with evidence_index(settings) as evidence:
                await _recount(settings, found, plan, evidence, cut, stage)
    if not found.missing:
        async with started_producer(settings) as client:
            await send_correction(client, settings, replace(begun, outcome="finished", subjects=found.subjects))
    found.seconds = time.monotonic() - began
    return found


@contextmanager
def _collected_seldom() -> Iterator[None]:
    """A plan holds its events to the end: Python's collector would walk through them over and over, for a fifth of the
    time.
    """
    first, *others = gc.get_threshold()
    gc.set_threshold(max(first, _OBJECTS_BEFORE_COLLECTION), *others)
    try:
        yield
    finally:
        gc.set_threshold(first, *others)


async def _recount(
    settings: Settings,
    found: Corrected,
    plan: RecountPlan,
    evidence: EvidenceIndex,
    cut: dict[str, int],
    stage: Stage,
) -> None:
    """Announce the correction to subjects and States, send their orders, and take the answers."""
    begun, at_us = found.correction, time.time_ns() // 1_000
    stage("reading evidence")
    subjects = await _read(evidence, plan)
    found.subjects = len(subjects)
    countries = found.countries = plan.countries(subjects.keys())
    before = await read_aftermaths(settings, to_us(begun.at))
    stage(f"announcing the correction of {len(subjects):,} subjects")
    async with started_producer(settings) as client:
        opened = [recount_open_event(*subject_key_parts(key), begun.correction, at_us) for key in sorted(subjects)]
        sent = await send_orders(client, settings, opened)
        sent |= await send_orders(
            client, settings, [country_recount_open(each, begun.correction, at_us) for each in countries]
        )
        await wait_for_commits(settings, sent, lambda _left: None)
        # What was applied before stands in the raw topics before these ends, and then in the evidence.
        await wait_for_commits(settings, await _raw_ends(settings), lambda _left: None)
        await _read(evidence, plan)
        found.events, found.withheld = len(plan), evidence.store.withheld
        stage(f"counting {len(subjects):,} subjects")
        heading = OrderHeading(correction=begun.correction, at_us=time.time_ns() // 1_000, reason=begun.reason, cut=cut)
        # Before TRACK speaks of the subjects: from here on WATCH holds back what it makes of that.
        await _order_countries(client, settings, plan.country_orders(subjects.keys(), heading, at_us))
        by_partition = await _by_partition(client, settings, subjects)
        await _order_subjects(client, settings, plan.orders(by_partition, heading, at_us))
        found.events_counted = plan.events_counted
        stage(f"counting the aftermaths of {len(countries):,} States")
        await end_with_countries(client, settings, countries, plan.last_part(heading))
        after = await read_aftermaths(settings)
        remembered_us = watch_policy(settings).remembered_days * DAY_US
        forgotten_us = (evidence.store.newest_us - remembered_us) // DAY_US * DAY_US
        for each in aftermath_corrections(begun, before, after, plan.changes, plan.kept(), forgotten_us):
            await send_correction(client, settings, each)
    await _take_answers(settings, found, set(subjects), set(countries))


async def _order_countries(
    client: AIOKafkaProducer, settings: Settings, orders: Iterable[tuple[str, CountryOrder]]
) -> None:
    """Send the parts at a pace that leaves workers to the stream, and wait until WATCH has carried them out."""
    sent: dict[tuple[str, int], int] = {}
    began = time.monotonic()  # of a turn: to make a part takes its time, too
    for country, part in orders:
        sent |= await send_orders(client, settings, [country_recount(country, part, encode_recount(part))])
        await asyncio.sleep(began + (len(part.subjects) + len(part.events)) / _OF_STATES_A_SECOND - time.monotonic())
        began = time.monotonic()
    await wait_for_commits(settings, sent, lambda _left: None)


async def _order_subjects(
    client: AIOKafkaProducer, settings: Settings, orders: Iterable[tuple[str, RecountOrder]]
) -> None:
    """Send the orders at a pace that leaves workers to the stream, some at a time, and wait until TRACK has carried
    them out.
    """
    left = iter(orders)
    sent: dict[tuple[str, int], int] = {}
    began = time.monotonic()  # of a turn, as for States
    while some := [_record(key, order) for key, order in islice(left, _ON_THE_WAY)]:
        await wait_for_commits(settings, sent, lambda _left: None)  # those before are done: no more lie in the way
        sent = await send_orders(client, settings, some)
        await asyncio.sleep(began + len(some) / _SUBJECTS_A_SECOND - time.monotonic())
        began = time.monotonic()
    await wait_for_commits(settings, sent, lambda _left: None)


async def _by_partition(
    client: AIOKafkaProducer, settings: Settings, subjects: dict[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """The subjects, those of one partition together: TRACK has a transaction for each partition that something waits
    in, so spread over all of them the orders would take twelve times as many.
    """
    partitions = len(await client.partitions_for(settings.topic(SUBJECT_EVENTS)))
    return dict(sorted(subjects.items(), key=lambda each: partition_of(each[0].encode(), partitions)))


async def _read(evidence: EvidenceIndex, plan: RecountPlan) -> dict[str, tuple[str, ...]]:
    """Have the plan see all that concerns it, as far as it has not seen it. Returns the subjects, as the plan does, and
    those of which only others than the evidence say that a changed account engaged with them.
    """
    await evidence.catch_up()
    gone = plan.select(evidence.store)
    subjects = plan.subjects()
    return {key: tuple(sorted(accounts)) for key, accounts in gone.items() if key not in subjects} | subjects


async def _was_ever_screened(settings: Settings) -> bool:
    """Whether any worker has read a raw topic, or is about to: else nothing was counted. Each writes down its rules
    before it begins.
    """
    places = await _raw_ends(settings)
    client = AIOKafkaConsumer(**client_options(settings), group_id=settings.group, enable_auto_commit=False)
    with broker_errors(settings):
        await client.start()
        try:
            for topic, partition in places:
                if await client.committed(TopicPartition(settings.topic(topic), partition)) is not None:
                    return True
        finally:
            await client.stop()
    async with aclosing(read_evidence(settings, lambda key: key.kind == "rules")) as rules:
        async for _each in rules:
            return True
    return False


async def _wait_for_workers(settings: Settings, digest: str) -> None:
    """Until for each raw partition the newest word of a worker is that it screens by that roster."""
    topic = settings.topic(COUNTRY_EVENTS)
    counts = {name: await require_topic(settings, name) for name in RAW_TOPICS.values()}
    wanted = {(name, partition) for name, count in counts.items() for partition in range(count)}
    said: dict[tuple[str, int], str] = {}
    tp = TopicPartition(topic, 0)
    client = consumer(settings)
    with broker_errors(settings):
        try:
            await start_client(client)
            client.assign([tp])
            end = (await client.end_offsets([tp]))[tp]
            first = (await client.beginning_offsets([tp]))[tp]
            client.seek(tp, max(first, end - _LOOK_BACK))
            deadline = time.monotonic() + _WORKERS_SECONDS
            while True:
                for record in (await client.getmany(tp, timeout_ms=300)).get(tp, ()):
                    said |= _rosters_of(record.value)
                read = await client.position(tp) >= end
                if read and all(said.get(place) == digest for place in wanted):
                    return
                if time.monotonic() > deadline:
                    raise _no_word(min(place for place in wanted if said.get(place) != digest))
        finally:
            await client.stop()


def _rosters_of(value: bytes | None) -> dict[tuple[str, int], str]:
    try:
        event: CountryEvent = decode_country_event(value or b"")
    except DECODE_ERRORS:
        return {}
    if event.progress is None:
        return {}
    progress = event.progress
    return {(topic, each.partition): progress.roster for topic, read in progress.read.items() for each in read}


def _no_word(place: tuple[str, int]) -> StalledError:
    return StalledError(
        f"for {_WORKERS_SECONDS:.0f} s no worker has said that it screens {place[0]}, partition {place[1]}, by the new "
        "roster",
        remedy="see that workers of this version run and screen, and repeat the command: it goes on where it was",
    )


async def _raw_ends(settings: Settings) -> dict[tuple[str, int], int]:
    ends: dict[tuple[str, int], int] = {}
    for topic in RAW_TOPICS.values():
        ends |= {(topic, partition): end for partition, end in (await end_offsets(settings, topic)).items()}
    return ends


def _record(key: str, order: RecountOrder) -> SubjectEvent:
    packed = encode_recount(order)
    if len(packed) > ORDER_BYTES:
        why = f"its evidence has {len(order.events):,} events, more than fit into a message"
        order = replace(order, events=(), known=(), give_up=why)
        packed = encode_recount(order)
    return recount_event(*subject_key_parts(key), order, packed)


async def _take_answers(settings: Settings, found: Corrected, subjects: set[str], countries: set[str]) -> None:
    answered: set[str] = set()
    for each in await read_corrections(settings):
        if each.correction != found.correction.correction or each.about == "roster":
            continue
        match each.about:
            case "alert":
                found.alerts.append(each)
            case "aftermath":
                found.aftermaths.append(each)
            case "country":
                countries = countries - {each.country or ""}
                found.answers.append(each)
            case _:
                answered.add(f"{each.platform}:{each.subject_id}")
                found.answers.append(each)
        if each.about in ("alert", "subject"):
            found.outcomes[each.outcome] += 1
    found.missing = len(subjects - answered) + len(countries)
