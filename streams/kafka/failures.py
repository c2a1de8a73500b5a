"""What goes wrong with a broker, as sentences that people can act on. Knows aiokafka's errors, sends nothing."""

import asyncio
import logging
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from aiokafka import errors as kafka

from streams.errors import AntiphonError
from streams.settings import Settings

__all__ = ["BrokerError", "broker_error", "broker_errors", "no_transactions", "refusal"]

_START_ONE: Final = "start one, or name another with --broker HOST:PORT (ANTIPHON_BROKER)"
_TRUST_IT: Final = "set ssl_ca_file to who signed it; it must name the very host that `broker` names"
_ITS_PROTOCOL: Final = (
    "check that a broker listens at this port, and that it speaks there what security_protocol says "
    "(ANTIPHON_SECURITY_PROTOCOL)"
)
_HUNG_UP: Final = (ConnectionResetError, BrokenPipeError, ssl.SSLError, kafka.KafkaConnectionError, TimeoutError)
"""Why a connection fails where somebody listens, and does not speak the protocol."""
_UNREACHABLE: Final = (
    kafka.KafkaConnectionError,
    kafka.KafkaTimeoutError,
    kafka.NodeNotReadyError,
    kafka.NoBrokersAvailable,
    kafka.RequestTimedOutError,
    TimeoutError,
    OSError,
)
_CONNECTION: Final = re.compile(r"<AIOKafkaConnection [^<>]*>")  # which one failed: people know that already
_REMEDIES: Final[tuple[tuple[type[kafka.KafkaError], str], ...]] = (
    (
        kafka.InvalidSessionTimeoutError,
        "set session_timeout_seconds within the broker's group.min.session.timeout.ms and group.max.session.timeout.ms",
    ),
    (kafka.TopicAuthorizationFailedError, "give the user the rights to these topics"),
    (kafka.GroupAuthorizationFailedError, "give the user the right to read as the group (topic_prefix + app_id)"),
    (kafka.TransactionalIdAuthorizationFailed, "give the user the rights to transactional ids that begin as the group"),
    (kafka.ClusterAuthorizationFailedError, "give the user the right to do this on the cluster"),
    (kafka.SaslAuthenticationFailed, "check sasl_mechanism, sasl_username and sasl_password"),
    (kafka.AuthenticationFailedError, "check sasl_mechanism, sasl_username and sasl_password"),
    (kafka.UnsupportedSaslMechanismError, "set a sasl_mechanism that the broker offers"),
    (kafka.IllegalSaslStateError, _ITS_PROTOCOL),
    (kafka.InvalidReplicationFactorError, "ask for at most as many replicas as there are brokers: --replication N"),
    (kafka.UnknownTopicOrPartitionError, "see `antiphon topics list`"),
)


class BrokerError(AntiphonError):
    """The broker cannot be reached or refuses what was asked."""

    exit_code = 3


def broker_error(error: BaseException, address: str, *, reason: BaseException | None = None) -> BrokerError:
    """The error as people read it. `address` is the broker setting; `reason` is why a connection failed, if known."""
    if not isinstance(error, _UNREACHABLE):
        return refusal(f"the broker at {address} refuses", error)
    if isinstance(reason, kafka.KafkaError) and not isinstance(reason, _UNREACHABLE):
        return refusal(f"the broker at {address} refuses the connection", reason)
    why = "" if reason is None else f" ({_worded(reason)})"
    if isinstance(reason, ssl.SSLCertVerificationError):
        return BrokerError(f"the broker at {address} has a certificate that is not trusted{why}", remedy=_TRUST_IT)
    remedy = _ITS_PROTOCOL if isinstance(reason, _HUNG_UP) else _START_ONE
    return BrokerError(f"no Kafka broker answers at {address}{why}", remedy=remedy)


def refusal(what: str, error: BaseException) -> BrokerError:
    """`what` was refused, and by this answer."""
    remedies = (remedy for kind, remedy in _REMEDIES if isinstance(error, kind))
    return BrokerError(f"{what}: {_worded(error)}", remedy=next(remedies, "see the broker's log"))


def no_transactions(address: str) -> BrokerError:
    """The broker cannot do what keeps results from being lost or repeated."""
    return BrokerError(
        f"the broker at {address} has no transactions, with which Antiphon writes its results",
        remedy="use Apache Kafka; or, to try things out, set ANTIPHON_TRANSACTIONS=false: a crash may then repeat "
        "outputs",
    )


@contextmanager
def broker_errors(settings: Settings) -> Iterator[None]:
    """Inside the block, what aiokafka raises becomes a `BrokerError`."""
    listener = _Listener()
    log = logging.getLogger("aiokafka")
    log.addHandler(listener)
    try:
        yield
    except BrokenPipeError:  # of whoever reads what is printed (`| head`): aiokafka wraps what its sockets raise
        raise
    except (kafka.KafkaError, TimeoutError, ConnectionError, socket.gaierror) as error:
        raise broker_error(error, settings.broker, reason=listener.last_error) from error
    except asyncio.CancelledError as error:
        if _is_cancelled():
            raise
        # The client cancels what of its own still waits for a broker that has gone away.
        raise broker_error(ConnectionError("given up"), settings.broker, reason=listener.last_error) from error
    finally:
        log.removeHandler(listener)


def _is_cancelled() -> bool:
    """Whether somebody cancelled the task that runs now."""
    with suppress(RuntimeError):  # no loop runs
        task = asyncio.current_task()
        return task is not None and task.cancelling() > 0
    return False


class _Listener(logging.Handler):
    """Hears why a connection failed: aiokafka logs that, and raises only that none could be made."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)  # one who hangs up later than at first is a warning
        self.last_error: BaseException | None = None

    def emit(self, record: logging.LogRecord) -> None:
        last = record.args[-1] if isinstance(record.args, tuple) and record.args else None
        if isinstance(last, BaseException):
            self.last_error = last


def _worded(error: BaseException) -> str:
    match error:
        case ConnectionRefusedError():
            return "connection refused"
        case ConnectionResetError() | BrokenPipeError():
            return "it hangs up"
        case ssl.SSLError():
            return f"TLS: {getattr(error, 'reason', None) or error}"
        case TimeoutError():
            return "timed out"
        case OSError():
            return error.strerror or str(error)
        case kafka.KafkaConnectionError() if error.args:
            return " ".join(map(str, error.args))
        case kafka.BrokerResponseError():
            return _in_words(type(error), _CONNECTION.sub("", " ".join(map(str, error.args))) or error.description)
        case kafka.KafkaError():
            return _in_words(type(error), " ".join(map(str, error.args)))
        case _:
            return str(error) or type(error).__name__


def _in_words(kind: type[kafka.KafkaError], said: str) -> str:
    """`InvalidSessionTimeoutError` as `invalid session timeout`, and what was said."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind.__name__.removesuffix("Error")).lower()
    detail = " ".join(said.split()).rstrip(".")
    return f"{name} ({detail})" if detail else name
