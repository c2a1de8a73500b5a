"""What goes wrong with a broker is said in words, with what to do about it."""

import asyncio
import logging
import socket
import ssl

import pytest
from aiokafka import errors as kafka
from aiokafka.errors import KafkaError

from streams.kafka.client import admin, consumer, producer
from streams.kafka.failures import BrokerError, broker_error, broker_errors, refusal
from streams.kafka.loopback import free_port
from streams.settings import Settings, load_settings
from tools.kafka.node import Kafka

_ERRORS = [kind for kind in vars(kafka).values() if isinstance(kind, type) and issubclass(kind, KafkaError)]


def test_every_error_of_the_client_becomes_one_line_without_the_name_of_a_class() -> None:
    assert len(_ERRORS) > 80
    for kind in _ERRORS:
        message = refusal("the broker refuses", kind()).message
        assert message.startswith("the broker refuses: ")
        assert "\n" not in message
        assert kind.__name__ not in message or kind.__name__.islower()
        assert message == message.strip()


@pytest.mark.parametrize(
    ("error", "message", "remedy"),
    [
        (kafka.InvalidSessionTimeoutError(), "invalid session timeout (", "session_timeout_seconds"),
        (kafka.GroupAuthorizationFailedError("g"), "group authorization failed (g)", "topic_prefix + app_id"),
        (kafka.UnknownTopicOrPartitionError("t"), "unknown topic or partition (t)", "antiphon topics list"),
        (kafka.CorruptRecordException(), "corrupt record exception (", "the broker's log"),
    ],
)
def test_a_refusal_names_its_remedy(error: KafkaError, message: str, remedy: str) -> None:
    raised = broker_error(error, "host:9092")
    assert raised.message.startswith(f"the broker at host:9092 refuses: {message}")
    assert remedy in raised.remedy
    assert raised.exit_code == 3


@pytest.mark.parametrize(
    ("reason", "why"),
    [
        (None, "no Kafka broker answers at host:9092"),
        (
            ConnectionRefusedError(111, "Connect call failed"),
            "no Kafka broker answers at host:9092 (connection refused)",
        ),
        (socket.gaierror(-2, "Name or service not known"), "answers at host:9092 (Name or service not known)"),
        (TimeoutError(), "answers at host:9092 (timed out)"),
        (ssl.SSLError(1, "wrong version"), "answers at host:9092 (TLS: "),
        (
            kafka.SaslAuthenticationFailed("bad password"),
            "refuses the connection: sasl authentication failed (bad password)",
        ),
    ],
)
def test_a_connection_that_fails_says_why(reason: BaseException | None, why: str) -> None:
    assert why in broker_error(kafka.KafkaConnectionError("x"), "host:9092", reason=reason).message


def _refused_by(settings: Settings) -> BrokerError:
    async def ask() -> None:
        async with admin(settings) as client:
            await client.list_topics()

    with pytest.raises(BrokerError) as raised:
        asyncio.run(ask())
    return raised.value


def test_where_nobody_listens_the_connection_is_refused() -> None:
    raised = _refused_by(Settings(broker=f"127.0.0.1:{free_port()}"))
    assert raised.message.endswith("(connection refused)")
    assert "--broker" in raised.remedy


def test_somebody_who_is_no_broker_is_none() -> None:
    """A web server, say: it hangs up on what it does not understand."""

    async def ask() -> BrokerError:
        async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            writer.close()

        server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(BrokerError) as raised:
                async with admin(Settings(broker=f"127.0.0.1:{port}")):
                    pass
            return raised.value

    assert asyncio.run(ask()).message.startswith("no Kafka broker answers at 127.0.0.1:")


def test_a_consumer_that_cannot_connect_is_reported_in_the_same_words() -> None:
    settings = load_settings({"broker": f"127.0.0.1:{free_port()}"}, environ={})

    async def start() -> None:
        with broker_errors(settings):
            client = consumer(settings)
            try:
                await client.start()
            finally:
                await client.stop()

    with pytest.raises(BrokerError) as raised:
        asyncio.run(start())
    assert raised.value.message == f"no Kafka broker answers at {settings.broker} (connection refused)"


def test_what_is_no_brokers_fault_passes_and_nobody_listens_afterwards() -> None:
    """Such as that the reader of standard output has ended (`antiphon show … | head`)."""
    log = logging.getLogger("aiokafka")
    before = list(log.handlers)
    for error in (ValueError("x"), FileNotFoundError("y"), KeyError("z"), BrokenPipeError()):
        with pytest.raises(type(error)), broker_errors(Settings()):
            raise error
    assert log.handlers == before


def test_a_topic_is_not_called_unknown_where_no_broker_answered(own_kafka: Kafka) -> None:
    """A broker that was frozen is away; one that knows no such topic says so."""
    settings = Settings(broker=own_kafka.address, delivery_timeout_seconds=2.0)

    async def run() -> None:
        client = producer(settings)
        await client.start()
        try:
            with pytest.raises(kafka.UnknownTopicOrPartitionError):
                await client.send_and_wait("no-such-topic", b"")
            own_kafka.pause()
            with pytest.raises(kafka.NodeNotReadyError) as caught:
                await client.send_and_wait("another-topic", b"")
        finally:
            own_kafka.resume()
            await client.stop()
        assert "no Kafka broker answers at" in broker_error(caught.value, settings.broker).message

    asyncio.run(run())


def test_what_the_client_cancels_of_its_own_says_that_no_broker_answers() -> None:
    """And who is cancelled from outside stays cancelled."""

    async def wait_in_vain(*, for_client: bool) -> None:
        answer = asyncio.get_running_loop().create_future()
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().call_soon(answer.cancel if for_client else task.cancel)
        with broker_errors(load_settings()):
            await answer

    with pytest.raises(BrokerError, match="no Kafka broker answers at"):
        asyncio.run(wait_in_vain(for_client=True))
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(wait_in_vain(for_client=False))
