"""The feed in a process of its own: what it decodes and compresses must not make pages wait.

The console starts it, starts it again where it ends by itself, and ends it. Whatever happens to the console, it ends
with that.
"""

import asyncio
import fcntl
import gc
import logging
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

from streams.errors import ConfigurationError
from streams.jobs.workers import environment_of
from streams.kafka.child_process import ChildProcess, start_child, stop_child
from streams.settings import Settings

__all__ = ["FeedProcess", "run_feed"]

_log: Final = logging.getLogger(__name__)
_STOP_SECONDS: Final = 10.0
_PAUSE_SECONDS: Final = 5.0  # before it is started again
_OBJECTS_BEFORE_COLLECTION: Final = 100_000
_NICE: Final = 10
_LOCK: Final = "feed.lock"


class FeedProcess:
    """A context manager: from start to end a store is filled. Raises `ConfigurationError` where another process feeds
    it, or its folder cannot be written to. To be used by the main thread.
    """

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._settings = settings
        self._folder = folder
        self._process: ChildProcess | None = None
        self._lock = -1
        self._started = 0.0
        self.restarts = 0

    def __enter__(self) -> Self:
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = os.open(self._folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise ConfigurationError(
                f"store: {self._folder} is in use by another console", remedy="name another folder with --store"
            ) from None
        except OSError as error:
            raise ConfigurationError(
                f"store: {self._folder} cannot be written to: {error.strerror}",
                remedy="name a folder on a local disk with --store",
            ) from error
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            stop_child(self._process, timeout_seconds=_STOP_SECONDS)
        os.close(self._lock)

    @property
    def pid(self) -> int | None:
        """The id of the process."""
        return None if self._process is None else self._process.pid

    def keep_running(self) -> None:
        """Start it again where it has ended: it goes on where its store is. To be called now and then."""
        process = self._process
        if process is None or process.poll() is None or time.monotonic() - self._started < _PAUSE_SECONDS:
            return
        _log.warning("console feed ended with status %s, and is started again", process.returncode)
        self.restarts += 1
        self._start()

    def _start(self) -> None:
        # What SQLite sorts goes where the store has room, not to a /tmp that may be small.
        environment = environment_of(self._settings) | {"SQLITE_TMPDIR": str(self._folder)}
        command = [sys.executable, "-m", "streams.cli.main", "console", "feed", str(self._folder)]
        self._process = start_child(command, output=2, env=environment)
        self._started = time.monotonic()


def give_way() -> None:
    """Let others have the processor first: the store is a cache, and its builds must not slow a worker down that is on
    the same machine. Of a container its runtime decides.
    """
    os.nice(_NICE)
    # Where Linux shares the processor between sessions first, as on most desktops, the priority of the session counts.
    with suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(_NICE), encoding="ascii")


def run_feed(settings: Settings, folder: Path) -> None:
    """Feed the store until SIGTERM: what the process of its own does."""
    # Imported here: the process that serves needs no Kafka client, and is there half a second sooner without.
    from streams.console.feed.from_topics import TopicFeed

    give_way()
    # A batch is some hundred thousand objects without cycles: Python's collector would walk them over and over.
    gc.set_threshold(_OBJECTS_BEFORE_COLLECTION)

    async def run() -> None:
        feed = TopicFeed(settings, folder)
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, feed.stop)
        await feed.run()

    asyncio.run(run())
