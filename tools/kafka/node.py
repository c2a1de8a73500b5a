"""A real Apache Kafka of one's own: one KRaft node on loopback, that can be stopped, killed, paused and restarted.

Knows nothing of the tests: fixtures, benchmarks and people use it alike. In the foreground:
`python -m tools.kafka.node --port 9092`.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from streams.kafka.child_process import ChildProcess, start_child, stop_child
from streams.kafka.loopback import LOOPBACK, free_port, port_is_free, wait_until_answers
from tools.kafka.jars import KafkaInstall, Unavailable, kafka_install

__all__ = ["FAST_START", "Kafka", "KafkaFailed", "tail_of"]

FAST_START: Final = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
"""JVM options that start the broker in 1.7 s instead of 2.1 s, at the price of its top speed: not for benchmarks."""

_CLUSTER: Final = "antiphontestsAAAAAAAAA"  # 16 bytes in base64, as Kafka wants a cluster's id
_START_TIMEOUT_SECONDS: Final = 240.0  # 2 s on an idle machine; on a busy one after a kill, logs are read for minutes
_STOP_TIMEOUT_SECONDS: Final = 20.0
_FORMAT_TIMEOUT_SECONDS: Final = 240.0
_LOG_TAIL_BYTES: Final = 6_000
_PAUSE_SECONDS: Final = 0.2

# Small and quick, where the defaults are made for clusters: one node, few partitions of internal topics, no wait for
# further members of a group. Topics exist because somebody created them.
_PROPERTIES: Final = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.num.partitions": "4",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",  # by default 6 s: as long would a killed worker's partitions lie idle
    # After a kill the controller waits this long before it takes the same broker back; by default 9 s.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    "auto.create.topics.enable": "false",
}

_LOGGING: Final = tuple(
    f"-Dorg.slf4j.simpleLogger.{name}={value}"
    for name, value in {
        "defaultLogLevel": "warn",
        "showDateTime": "true",
        "dateTimeFormat": "HH:mm:ss.SSS",
        "showShortLogName": "true",
    }.items()
)


_FREEZE_SECONDS: Final = 10.0


def tail_of(log: Path) -> str:
    """The last 6,000 bytes of a log; empty where there is none."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(max(file.seek(0, os.SEEK_END) - _LOG_TAIL_BYTES, 0))
        return file.read().decode("utf-8", "replace")


class KafkaFailed(Exception):  # noqa: N818 - reads as what happened
    """Kafka did not start, or ended by itself; the text ends with its log."""


def _is_stopped(stat: Path) -> bool:
    """Of a thread, by proc(5): the state stands behind the name in brackets. One that has ended is stopped, too."""
    try:
        return stat.read_text(encoding="utf-8", errors="replace").rpartition(") ")[2][0] in "TtZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


class Kafka:
    """One Kafka node with its data in a directory of its own, on a port it keeps over restarts.

    A context manager that starts it, and stops it and deletes what it made. Start it from the main thread; it dies with
    this process, however that ends. `properties` add to the broker's settings or replace them; `jvm` are JVM options;
    `format_arguments` go to the program that formats its storage.
    `directory` holds data and log and is kept; without it both live in a temporary directory until `close`. `log` puts
    the log elsewhere. Raises `Unavailable` where Java or the jars are missing, `KafkaFailed` with the log for the rest.
    """

    def __init__(
        self,
        *,
        port: int | None = None,
        directory: Path | None = None,
        log: Path | None = None,
        heap_mb: int = 512,
        jvm: Sequence[str] = FAST_START,
        properties: Mapping[str, str] | None = None,
        format_arguments: Sequence[str] = (),
        install: KafkaInstall | None = None,
    ) -> None:
        self._install = install or kafka_install()
        self._scratch = None if directory else tempfile.TemporaryDirectory(prefix="antiphon-kafka-")
        self.directory = directory or Path(self._scratch.name if self._scratch else "")
        self.log_path = log or self.directory / "kafka.log"
        self._port = free_port() if port is None else port
        self._controller_port = free_port()
        self._jvm = (f"-Xmx{heap_mb}m", f"-Xms{heap_mb}m", *jvm)
        self._extra = dict(properties or {})
        self._format_arguments = tuple(format_arguments)
        self._process: ChildProcess | None = None

    @property
    def version(self) -> str:
        """Kafka's version, as the jars have it."""
        return self._install.version

    @property
    def address(self) -> str:
        """`127.0.0.1:PORT`, the same whether it runs or not."""
        return f"{LOOPBACK}:{self._port}"

    @property
    def pid(self) -> int | None:
        """The JVM's process id, or `None` when it is not running."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def start(self) -> None:
        """Starts Kafka on the data it has, formatting an empty directory first, and returns when it answers."""
        if self.pid is not None:
            raise RuntimeError("Kafka is running already")
        if not port_is_free(self._port):
            raise KafkaFailed(f"port {self._port} on {LOOPBACK} is taken by another program")
        if self._starts():
            return
        if "Address already in use" in self.log_tail():  # somebody took the controller's port while the JVM started
            self._controller_port = free_port()
            if self._starts():
                return
        raise KafkaFailed(f"Kafka did not come up on {self.address}. The end of its log:\n{self.log_tail()}")

    def _starts(self) -> bool:
        settings = self._write_settings()
        if not (self._data / "meta.properties").exists():
            self._format(settings)
        with self.log_path.open("ab") as log:
            self._process = process = start_child(self._java("kafka.Kafka", str(settings)), output=log)
        answers = wait_until_answers(
            self.address, timeout_seconds=_START_TIMEOUT_SECONDS, is_running=lambda: process.poll() is None
        )
        if not answers:
            self.kill()
        return answers

    def stop(self) -> None:
        """Shuts Kafka down in order and keeps its data; kills it if it takes more than 20 s."""
        if self._process is not None:
            if self.pid is not None:
                self.resume()
            stop_child(self._process, timeout_seconds=_STOP_TIMEOUT_SECONDS)
            self._process = None

    def kill(self) -> None:
        """`kill -9`: no last words to clients, no flush. Its data stays as it is."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        """Stops it in order and starts it on the same port and data."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Freezes Kafka (SIGSTOP): connections stay open and nothing answers, as on a machine that swaps. Returns when
        every thread of it is stopped: on a busy machine some go on for a while.
        """
        self._signal(signal.SIGSTOP)
        until = time.monotonic() + _FREEZE_SECONDS
        while not all(map(_is_stopped, Path(f"/proc/{self.pid}/task").glob("*/stat"))):
            if time.monotonic() > until:
                raise KafkaFailed(f"it still ran {_FREEZE_SECONDS:.0f} s after SIGSTOP")
            time.sleep(0.001)

    def resume(self) -> None:
        """Lets a frozen Kafka go on (SIGCONT)."""
        self._signal(signal.SIGCONT)

    def log_tail(self) -> str:
        """The last 6,000 bytes of its log, all starts included; empty when it never wrote any."""
        return tail_of(self.log_path)

    def close(self) -> None:
        """Stops it and deletes the directory, if it was a temporary one."""
        self.stop()
        if self._scratch is not None:
            self._scratch.cleanup()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def _data(self) -> Path:
        return self.directory / "data"

    def _signal(self, number: int) -> None:
        if self.pid is None:
            raise RuntimeError("Kafka is not running")
        os.kill(self.pid, number)

    def _java(self, program: str, *arguments: str) -> list[str]:
        archive = self._install.archive
        jvm = (*self._jvm, *_LOGGING)
        if archive is not None and archive.exists():
            jvm += (f"-XX:SharedArchiveFile={archive}", "-Xlog:cds=off", "-Xlog:cds+dynamic=off")
        return [str(self._install.java), *jvm, "-cp", self._install.classpath, program, *arguments]

    def _write_settings(self) -> Path:
        own = {
            "listeners": f"PLAINTEXT://{self.address},CONTROLLER://{LOOPBACK}:{self._controller_port}",
            "advertised.listeners": f"PLAINTEXT://{self.address}",
            "controller.quorum.voters": f"1@{LOOPBACK}:{self._controller_port}",
            "log.dirs": str(self._data),
        }
        path = self.directory / "server.properties"
        self.directory.mkdir(parents=True, exist_ok=True)
        lines = [f"{name}={value}\n" for name, value in (_PROPERTIES | own | self._extra).items()]
        path.write_text("".join(lines), encoding="utf-8")
        return path

    def _format(self, settings: Path) -> None:
        wanted = ("-t", _CLUSTER, "-c", str(settings), *self._format_arguments)
        command = self._java("kafka.tools.StorageTool", "format", *wanted)
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_FORMAT_TIMEOUT_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            raise KafkaFailed(f"Kafka's storage could not be formatted:\n{done.stdout}{done.stderr}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one Kafka in the foreground until Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m tools.kafka.node", description=main.__doc__)
    parser.add_argument("--port", type=int, default=9092, help="loopback port (default: 9092)")
    parser.add_argument("--data", type=Path, help="keep the data in this directory (default: a temporary one)")
    wanted = parser.parse_args(arguments)
    if not 1 <= wanted.port <= 65_535:
        parser.error(f"{wanted.port} is not a port")
    asked_to_end: list[
        int
    ] = []  # not an Event: a handler that sets it can meet the lock of the wait that it interrupts
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda which, _frame: asked_to_end.append(which))
    try:
        with Kafka(port=wanted.port, directory=wanted.data) as kafka:
            sys.stdout.write(f"Apache Kafka {kafka.version} answers on {kafka.address}. Ctrl-C stops it.\n")
            sys.stdout.flush()
            while not asked_to_end:
                time.sleep(_PAUSE_SECONDS)
                if kafka.pid is None:
                    raise KafkaFailed(f"Kafka ended by itself. The end of its log:\n{kafka.log_tail()}")
    except (Unavailable, KafkaFailed) as reason:
        sys.stderr.write(f"{reason}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
