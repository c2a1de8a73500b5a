"""The Faust app of a worker: agents on topics, and the one boundary at which an error ends the process."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

import faust

from streams.agents.roster_feed import RosterFeed
from streams.agents.screen import Screen
from streams.agents.track import Track
from streams.brokers.client import ssl_context
from streams.core.rules import RuleSet
from streams.events import RAW_TOPICS
from streams.metrics import Metrics
from streams.settings import Settings
from streams.transport.batches import Batch
from streams.transport.driver import BatchSchema, BatchTransport, DisklessApp

__all__ = ["build_app"]

_log: Final = logging.getLogger(__name__)
# Fetched batches that wait for an agent, per topic: enough to hide a fetch, little enough to bound memory.
_BUFFERED_BATCHES: Final = 4


def build_app(settings: Settings, rules: RuleSet, metrics: Metrics, on_fatal: Callable[[BaseException], None]) -> Any:
    """A Faust app that screens and tracks. `on_fatal` is called once, with the error that must end the process."""
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
        stream_buffer_maxsize=_BUFFERED_BATCHES,
        stream_wait_empty=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
        store="memory://",
    )
    app.transport = BatchTransport(app.conf.broker, app, app.loop)

    def finish(batch: Batch) -> bool:
        return bool(app.consumer.progress.finish(batch.topic, batch.partition, batch.generation, batch.next_offset))

    feed = RosterFeed(settings, metrics)
    screen = Screen(settings, metrics, feed, finish)
    track = Track(settings, metrics, rules, finish, lambda: int(app.consumer_generation_id))
    schema = BatchSchema(allow_empty=True)
    raw = app.topic(*(settings.topic(name) for name in RAW_TOPICS.values()), schema=schema)
    subject_events = app.topic(settings.topic("subject-events"), schema=schema)

    async def guarded(what: str, work: Awaitable[None]) -> None:
        """An agent that failed must neither be restarted by Faust nor have anything acknowledged: it never returns."""
        try:
            await work
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001  # the boundary: every error ends the process, loudly
            while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
                error = error.exceptions[0]  # a task group wraps what went wrong in one of its tasks
            _log.critical("%s failed", what, exc_info=error)
            on_fatal(error)
            await asyncio.Event().wait()

    @app.agent(raw, name="screen")  # type: ignore[untyped-decorator]
    async def screen_agent(stream: AsyncIterator[Batch]) -> None:
        await guarded("SCREEN", screen.run(stream))

    @app.agent(subject_events, name="track")  # type: ignore[untyped-decorator]
    async def track_agent(stream: AsyncIterator[Batch]) -> None:
        await guarded("TRACK", track.run(stream))

    @app.task  # type: ignore[untyped-decorator]
    async def follow_roster() -> None:
        await guarded("the roster feed", feed.follow())

    @app.on_partitions_assigned.connect  # type: ignore[untyped-decorator]
    async def drop_foreign_shards(_sender: Any, assigned: set[Any], **_kwargs: Any) -> None:
        topic = settings.topic("subject-events")
        await track.keep({tp.partition for tp in assigned if tp.topic == topic})

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
