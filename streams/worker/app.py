"""The Faust app of a worker: agents on topics, and the one boundary at which an error ends the process."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

import faust

from streams.agents.notify.agent import Notify
from streams.agents.screen.agent import Screen
from streams.agents.screen.raw_log_checks import RawLogChecks
from streams.agents.screen.roster_feed import RosterFeed
from streams.agents.screen.tracked_feed import TrackedFeed
from streams.agents.track.agent import Track
from streams.agents.watch.agent import Watch
from streams.core.rulebook.rules import RuleSet
from streams.errors import causes_of
from streams.events import RAW_TOPICS
from streams.faust_driver.batches import Batch
from streams.faust_driver.transport import BatchSchema, BatchTransport, DisklessApp
from streams.kafka.client import METADATA_MAX_AGE_MS, ssl_context
from streams.metrics import Metrics
from streams.probes.health import Health
from streams.settings import Settings
from streams.topic_names import COUNTRY_EVENTS, SUBJECT_EVENTS
from streams.worker.monitoring import Monitoring

__all__ = ["build_app"]

_log: Final = logging.getLogger(__name__)
# Fetched batches that wait for an agent, per topic: enough to hide a fetch, little enough to bound memory.
_BUFFERED_BATCHES: Final = 4


def build_app(
    settings: Settings,
    rules: RuleSet,
    metrics: Metrics,
    health: Health,
    *,
    on_fatal: Callable[[BaseException], None],
    on_stuck: Callable[[str], object],
    with_watch: bool = True,
) -> Any:
    """A Faust app with all agents, or without WATCH. `on_fatal` is called once, with the error that ends the process;
    `on_stuck` with a sentence, when there is work and none is done.
    """
    app = DisklessApp(
        settings.group,
        broker=[f"kafka://{address.strip()}" for address in settings.broker.split(",")],
        broker_credentials=_credentials(settings),
        broker_session_timeout=settings.session_timeout_seconds,
        broker_heartbeat_interval=settings.session_timeout_seconds / 4,
        broker_request_timeout=max(90.0, settings.session_timeout_seconds * 2),
        broker_commit_interval=settings.commit_interval_seconds,
        broker_max_poll_records=settings.fetch_max_records,
        broker_check_crcs=True,
        consumer_max_fetch_size=settings.fetch_max_bytes,
        consumer_auto_offset_reset="earliest",
        consumer_metadata_max_age_ms=METADATA_MAX_AGE_MS,
        stream_buffer_maxsize=_BUFFERED_BATCHES,
        stream_wait_empty=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
        store="memory://",
    )
    app.transport = BatchTransport(app.conf.broker, app, app.loop)
    app.transport.unpacked_max_bytes = settings.unpacked_max_bytes

    keeper = RawLogChecks(settings, metrics)
    app.transport.logs = keeper

    def finish(batch: Batch, note: Callable[[], str] = str) -> bool:
        progress = app.consumer.progress
        return bool(progress.finish(batch.topic, batch.partition, batch.generation, batch.next_offset, note))

    def generation() -> int:
        return int(app.consumer_generation_id)

    def hold_back(topic: str, partition: int, is_full: bool) -> None:
        (app.consumer.hold_back if is_full else app.consumer.let_go)(topic, partition)

    async def guarded(what: str, work: Awaitable[None]) -> None:
        """An agent that failed must neither be restarted by Faust nor have anything acknowledged: it never returns."""
        try:
            await work
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001  # the boundary: every error ends the process, loudly
            causes = list(causes_of(error))
            for cause in causes:
                _log.critical("%s failed", what, exc_info=cause)
            on_fatal(causes[0])
            await asyncio.Event().wait()

    schema = BatchSchema(allow_empty=True)

    def agent(name: str, run: Callable[[AsyncIterator[Batch]], Awaitable[None]], *topics: str) -> None:
        async def work(stream: AsyncIterator[Batch]) -> None:
            await guarded(name.upper(), run(stream))

        app.agent(app.topic(*map(settings.topic, topics), schema=schema), name=name)(work)

    def keep_what_is_assigned(topic: str, keep: Callable[[set[int]], Awaitable[None]]) -> None:
        async def drop_others(_sender: Any, assigned: set[Any], **_kwargs: Any) -> None:
            await keep({tp.partition for tp in assigned if tp.topic == settings.topic(topic)})

        app.on_partitions_assigned.connect(drop_others)

    vitals = Monitoring(app, settings, metrics, health, on_stuck)

    @app.task  # type: ignore[untyped-decorator]
    async def watch_transactions() -> None:
        await guarded("the watch over open transactions", keeper.watch())

    raw = RAW_TOPICS.values()
    feed, tracked = RosterFeed(settings, metrics), TrackedFeed(settings, metrics)
    screen = Screen(settings, metrics, feed, tracked, finish, keeper)
    agent("screen", screen.run, *raw)
    vitals.await_restart("screening", lambda: screen.stopped, raw)
    vitals.on_lags(screen.looking, screen.found)

    async def assigned(_sender: Any, _assigned: set[Any], **_kwargs: Any) -> None:
        screen.assigned()

    app.on_partitions_assigned.connect(assigned, weak=False)
    vitals.await_feed("roster", feed.ready, "where none is published, `antiphon roster publish FILE` does it", raw)
    vitals.await_feed("tracked accounts", tracked.ready, "the broker has them", raw)

    @app.task  # type: ignore[untyped-decorator]
    async def follow_roster() -> None:
        await guarded("the roster feed", feed.follow())

    @app.task  # type: ignore[untyped-decorator]
    async def follow_tracked_accounts() -> None:
        await guarded("the feed of tracked accounts", tracked.follow())

    track = Track(settings, metrics, rules, finish, generation, hold_back)
    agent("track", track.tasks.run, SUBJECT_EVENTS)
    keep_what_is_assigned(SUBJECT_EVENTS, track.tasks.keep)
    vitals.await_states(SUBJECT_EVENTS, lambda: track.tasks.recovering)
    if with_watch:
        watch = Watch(settings, metrics, rules, finish, generation, hold_back)
        agent("watch", watch.tasks.run, COUNTRY_EVENTS)
        keep_what_is_assigned(COUNTRY_EVENTS, watch.tasks.keep)
        vitals.await_states(COUNTRY_EVENTS, lambda: watch.tasks.recovering)
    if settings.alertmanager_addresses:
        notify = Notify(settings, rules, metrics)
        health.need("notify", notify.lack)

        @app.task  # type: ignore[untyped-decorator]
        async def run_notify() -> None:
            await guarded("NOTIFY", notify.run())

    @app.task  # type: ignore[untyped-decorator]
    async def follow_vital_signs() -> None:
        await guarded("the watch over vital signs", vitals.follow())

    return app


def _credentials(settings: Settings) -> Any:
    context = ssl_context(settings)
    if settings.security_protocol.startswith("SASL"):
        return faust.SASLCredentials(
            mechanism=settings.sasl_mechanism,
            username=settings.sasl_username,
            password=None if settings.sasl_password is None else str(settings.sasl_password),
            ssl_context=context,
        )
    return faust.SSLCredentials(context) if context is not None else None
