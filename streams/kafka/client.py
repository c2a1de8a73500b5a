"""Plain aiokafka clients, made from the settings: the one place that knows how Antiphon talks to a broker."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    IncompatibleBrokerVersion,
    NodeNotReadyError,
    UnknownError,
    UnknownTopicOrPartitionError,
    UnsupportedVersionError,
)

from streams.errors import ConfigurationError
from streams.faust_driver.unpacking import unfold_within
from streams.kafka.failures import BrokerError, broker_errors, no_transactions
from streams.settings import Settings

__all__ = [
    "METADATA_MAX_AGE_MS",
    "BrokerError",
    "admin",
    "client_options",
    "consumer",
    "producer",
    "ssl_context",
    "start_client",
    "started_producer",
    "transaction_seconds",
]

METADATA_MAX_AGE_MS: Final = 5_000
"""How soon whoever must know learns of new partitions. A question for a handful of topics costs a broker nothing."""

_START_SECONDS: Final = 2.0  # a broker that is there answers in milliseconds


def ssl_context(settings: Settings) -> ssl.SSLContext | None:
    """The TLS context for the broker, `None` where the protocol is plain."""
    if settings.security_protocol not in ("SSL", "SASL_SSL"):
        return None
    try:
        context = ssl.create_default_context(cafile=settings.ssl_ca_file)
        if settings.ssl_cert_file:
            context.load_cert_chain(settings.ssl_cert_file, settings.ssl_key_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            f"TLS: {error}", remedy="check ssl_ca_file, ssl_cert_file and ssl_key_file (ANTIPHON_SSL_CA_FILE and so on)"
        ) from error
    return context


def transaction_seconds(settings: Settings) -> float:
    """How long the broker lets a transaction of ours stay open: longer than its records may take."""
    return 1.5 * settings.delivery_timeout_seconds


def client_options(settings: Settings) -> dict[str, Any]:
    """Keyword arguments that every aiokafka client of ours takes."""
    options: dict[str, Any] = {
        "bootstrap_servers": [address.strip() for address in settings.broker.split(",")],
        "security_protocol": settings.security_protocol,
        "client_id": settings.group,
    }
    if (context := ssl_context(settings)) is not None:
        options["ssl_context"] = context
    if settings.security_protocol.startswith("SASL"):
        options |= {
            "sasl_mechanism": settings.sasl_mechanism,
            "sasl_plain_username": settings.sasl_username,
            "sasl_plain_password": None if settings.sasl_password is None else str(settings.sasl_password),
        }
    return options


class _Producer(AIOKafkaProducer):  # type: ignore[misc]  # aiokafka ships no types
    """Says what is the matter when it cannot learn of a topic's partitions: aiokafka calls the topic unknown also where
    no broker answered at all.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.client._wait_on_metadata = self._wait_on_metadata

    async def _wait_on_metadata(self, topic: str) -> Any:
        client = self.client
        refreshed_ms = client.cluster._last_successful_refresh_ms
        try:
            return await type(client)._wait_on_metadata(client, topic)
        except UnknownTopicOrPartitionError:
            if client.cluster._last_successful_refresh_ms == refreshed_ms:
                raise NodeNotReadyError(f"no broker answered when asked for the partitions of {topic}") from None
            raise


def producer(settings: Settings, *, transactional_id: str | None = None, **options: Any) -> AIOKafkaProducer:
    """A producer that waits for all replicas; idempotent where the broker can do that. Not started."""
    if settings.transactions:
        options["enable_idempotence"] = True
    return _Producer(
        **client_options(settings),
        transactional_id=transactional_id,
        acks="all",
        max_request_size=8_388_608,
        request_timeout_ms=int(settings.delivery_timeout_seconds * 1_000),
        **options,
    )


async def start_client(client: AIOKafkaConsumer | AIOKafkaProducer) -> None:
    """Start a client. Who is cancelled meanwhile is cancelled when the start is over: aiokafka loses sight of the
    connection that it is just opening. The client is to be stopped either way. Raises what `start` raises.
    """
    starting = asyncio.ensure_future(client.start())
    try:
        await asyncio.shield(starting)
    except asyncio.CancelledError:
        starting.add_done_callback(_ignore_late_errors)  # whatever comes of it, and whenever: nobody waits for it
        await asyncio.wait([starting], timeout=_START_SECONDS)
        starting.cancel()  # it takes too long, unless it is over
        raise


def _ignore_late_errors(starting: "asyncio.Future[None]") -> None:
    """A failure that nobody asks for must not be reported as never seen."""
    if not starting.cancelled():
        starting.exception()


@asynccontextmanager
async def started_producer(
    settings: Settings, *, transactional_id: str | None = None, **options: Any
) -> AsyncIterator[AIOKafkaProducer]:
    """A producer, started and stopped again. Inside the block errors are `BrokerError`s; also that of a broker which
    has neither idempotence nor transactions, though the settings want them.
    """
    client = producer(settings, transactional_id=transactional_id, **options)
    with broker_errors(settings):
        try:
            try:
                await client.start()
            except (UnknownError, UnsupportedVersionError, IncompatibleBrokerVersion) as error:
                if settings.transactions:
                    raise no_transactions(settings.broker) from error
                raise
            yield client
        finally:
            await client.stop()


def consumer(settings: Settings, *, committed_only: bool = True, **options: Any) -> AIOKafkaConsumer:
    """A consumer outside any group that sees only committed transactions, unless told otherwise. Not started; assign it
    partitions.

    A record batch beyond `unpacked_max_bytes` comes as one record with the batch's bytes, which is none of ours.
    """
    isolation = "read_committed" if committed_only else "read_uncommitted"
    client = _Consumer(**client_options(settings), isolation_level=isolation, enable_auto_commit=False, **options)
    client.unpacked_max_bytes = settings.unpacked_max_bytes
    return client


class _Consumer(AIOKafkaConsumer):  # type: ignore[misc]  # aiokafka is not typed
    unpacked_max_bytes: int

    async def start(self) -> None:
        """Start, and unpack within bounds what is then fetched."""
        await super().start()
        unfold_within(self._client, self._fetcher, self.unpacked_max_bytes)


@asynccontextmanager
async def admin(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    """An admin client, started and closed again. Inside the block errors are `BrokerError`s.

    Raises `BrokerError` when nobody answers within ten seconds.
    """
    client = AIOKafkaAdminClient(**client_options(settings), request_timeout_ms=10_000)
    with broker_errors(settings):
        try:
            await asyncio.wait_for(client.start(), 10)
            yield client
        finally:
            await client.close()
