"""A live run: a broker, the topics, a roster, a worker, collectors, and somebody who looks at what comes out.

On the embedded broker everything is gone at the end. On a broker of one's own nothing is deleted, and the next run goes
on where this one was.
"""

import asyncio
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.core.enriched import Alert, Amplification
from streams.core.rosters.roster import Roster
from streams.events import Profile, decode_event
from streams.jobs.live_figures import LiveFigures
from streams.jobs.scratch import scratch_folder
from streams.jobs.workers import Program, Programs
from streams.kafka.administration import create_topics
from streams.kafka.client import consumer, start_client
from streams.kafka.embedded import EMBEDDED_SESSION_TIMEOUT_SECONDS, EmbeddedBroker
from streams.kafka.failures import broker_errors
from streams.kafka.reading import require_topic
from streams.kafka.roster_topic import publish_roster
from streams.refusal import DECODE_ERRORS
from streams.settings import Settings

__all__ = ["Show", "live_broker", "prepare_topics", "run_live"]

_TOPICS: Final = ("amplifications", "alerts", "profiles")
_FETCH_MS: Final = 500
_SHOW_SECONDS: Final = 1.0

Show = Callable[[LiveFigures, Sequence[Alert]], None]
"""Is given the figures, about once a second, and the alerts that have begun to fire since."""

_amplification: Final = msgspec.json.Decoder(Amplification)
_alert: Final = msgspec.json.Decoder(Alert)


@contextmanager
def live_broker(broker: str, settings: Settings) -> Iterator[Settings]:
    """Settings for a live run: on the embedded broker (`embedded`), or on the one at HOST:PORT as they are."""
    if broker != "embedded":
        yield msgspec.structs.replace(settings, broker=broker)
        return
    with scratch_folder() as data_dir, EmbeddedBroker() as embedded:
        yield msgspec.structs.replace(
            settings,
            broker=embedded.address,
            data_dir=str(data_dir),
            transactions=False,
            session_timeout_seconds=EMBEDDED_SESSION_TIMEOUT_SECONDS,
            security_protocol="PLAINTEXT",
        )


def prepare_topics(settings: Settings, roster: Roster) -> None:
    """The topics that are missing, and the roster. Raises `BrokerError`."""

    async def prepare() -> None:
        await create_topics(settings)
        await publish_roster(settings, roster)

    asyncio.run(prepare())


def run_live(settings: Settings, programs: Sequence[Program], show: Show, *, seconds: float | None = None) -> None:
    """Run the programs until Ctrl-C or SIGTERM, or for so many seconds, and show what the pipeline publishes from now
    on. All are ended when it returns. Raises `WorkerDiedError` when one ends by itself, and `BrokerError`.
    """
    with Programs(settings, programs) as crew:
        asyncio.run(_look(settings, crew, show, seconds))


async def _look(settings: Settings, crew: Programs, show: Show, seconds: float | None) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    if seconds is not None:
        loop.call_later(seconds, stopping.set)
    figures, fresh, shown = LiveFigures(), list[Alert](), 0.0
    with broker_errors(settings):
        client = consumer(settings, max_partition_fetch_bytes=4_194_304, fetch_max_wait_ms=100)
        try:
            await start_client(client)
            await _assign(settings, client)
            while not stopping.is_set():
                fetched: dict[TopicPartition, list[Any]] = await client.getmany(timeout_ms=_FETCH_MS)
                for tp, records in fetched.items():
                    plain = tp.topic.removeprefix(settings.topic_prefix)
                    fresh += [alert for record in records if (alert := _take(figures, plain, record.value)) is not None]
                crew.check()
                if time.monotonic() - shown >= _SHOW_SECONDS or fresh:
                    show(figures, fresh)
                    fresh, shown = [], time.monotonic()
            show(figures, fresh)
        finally:
            await client.stop()


async def _assign(settings: Settings, client: AIOKafkaConsumer) -> None:
    """From the beginning where the broker began with this run, else from now on."""
    tps = [
        TopicPartition(settings.topic(name), number)
        for name in _TOPICS
        for number in range(await require_topic(settings, name))
    ]
    client.assign(tps)
    await (client.seek_to_end(*tps) if settings.transactions else client.seek_to_beginning(*tps))
    for tp in tps:
        await client.position(tp)


def _take(figures: LiveFigures, topic: str, value: bytes | None) -> Alert | None:
    """Note one record; an alert that has begun to fire is returned. What is none of ours is left to the pipeline."""
    with suppress(*DECODE_ERRORS):
        match topic:
            case "amplifications":
                figures.amplified(_amplification.decode(value or b""))
            case "alerts":
                alert = _alert.decode(value or b"")
                return alert if figures.alerted(alert) else None
            case "profiles":
                profile = decode_event(value or b"")
                if isinstance(profile, Profile):
                    figures.learned(profile)
    return None
