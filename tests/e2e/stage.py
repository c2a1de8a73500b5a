"""The stage: a worker, Prometheus, two Alertmanagers and a webhook, on a Kafka that is there. Knows no plot.

All are the real programs with the project's own configuration, read 12 times as fast (`tests.e2e.hurry`) where it says
how long something must last before anybody is told.
"""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, TypeAlias

from msgspec import structs

from streams.core.rosters.roster import Roster
from streams.kafka.administration import create_topics
from streams.kafka.loopback import LOOPBACK, free_port
from streams.kafka.roster_topic import publish_roster
from streams.settings import Secret, Settings
from streams.topics import TOPICS
from tests.e2e.hurry import hurried_seconds, hurrying_prometheus
from tests.ops.alertmanager import quick_config, wait_until
from tests.ops.prometheus import Prometheus
from tests.ops.queries import OPS
from tests.worker.running_worker import Subject, working
from tools.alertmanager import Alertmanager, Receiver, with_webhook

__all__ = ["Firing", "Stage", "stage"]

Firing: TypeAlias = tuple[str, str]
ALWAYS_FIRING: Final = "AntiphonAlive"  # the dead man's switch
"""Name and severity of a rule."""

_IDLE_SECONDS: Final = 4.0  # what follows from silence comes when all partitions are idle
_YEAR_SECONDS: Final = 31_536_000.0


class Stage:
    """One worker at a time, on a port that it keeps. `duty` is the Alertmanager that NOTIFY and Prometheus know,
    `spare` one that Prometheus alone knows.
    """

    _present: Subject  # from the first `start_worker` on

    def __init__(
        self, settings: Settings, directory: Path, receiver: Receiver, duty: Alertmanager, spare: Alertmanager
    ) -> None:
        self.settings = settings
        self.receiver = receiver
        self.duty = duty
        self.spare = spare
        self._directory = directory
        self._worker = ExitStack()
        self._lives = 0
        self._prometheus: Prometheus | None = None

    @property
    def prometheus(self) -> Prometheus:
        """Raises `RuntimeError` before `watched`."""
        if self._prometheus is None:
            raise RuntimeError("nobody watches yet")
        return self._prometheus

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Prometheus scrapes the worker, and has done so at least once."""
        alertmanagers = [each.url for each in (self.duty, self.spare)]
        workers = [f"{LOOPBACK}:{self.settings.metrics_port}"]
        with hurrying_prometheus(self._directory, alertmanagers, workers=workers) as self._prometheus:
            wait_until("the worker is scraped", lambda: self.prometheus.query('up{job="antiphon"} == 1'))
            # Until its first scrape the worker is absent, and where that takes long a rule fires for it.
            wait_until("no rule fires", lambda: not self.firing())
            yield

    def start_worker(self, *, fault: str | None = None) -> None:
        """A real `antiphon worker`, with a fault of `tests.worker.stalling_worker` if one is named."""
        self._lives += 1
        log = self._directory / f"worker-{self._lives}.log"
        self._present = self._worker.enter_context(working(self.settings, log, fault=fault))

    def await_worker(self) -> None:
        """Raises `AssertionError`, with its log, if the present worker ends or does not become ready."""
        worker = self._present
        worker.wait_until("ready", lambda: worker.health("/readyz")[0] == 200)
        worker.wait_until("canaries pass", lambda: worker.value("antiphon_canary_seconds_count"))

    def kill_worker(self) -> None:
        """`kill -9`."""
        self._present.process.kill()
        self._present.process.wait()
        self._worker.close()

    def stop_worker(self) -> None:
        """Ask it to stop."""
        self._worker.close()

    def firing(self) -> set[Firing]:
        """The project's rules that fire in Prometheus."""
        return {
            (rule["name"], rule["labels"]["severity"])
            for rule in self.prometheus.rules()
            if rule.get("state") == "firing" and rule["name"] != ALWAYS_FIRING
        }

    def fired(self, seconds: float) -> set[Firing]:
        """Those that have fired at any time in the last seconds."""
        fired = self.prometheus.query(f'count_over_time(ALERTS{{alertstate="firing"}}[{seconds:.0f}s])')
        every = {(sample["metric"]["alertname"], sample["metric"]["severity"]) for sample in fired}
        return {each for each in every if each[0] != ALWAYS_FIRING}


@contextmanager
def stage(broker: str, topic_prefix: str, directory: Path, roster: Roster) -> Iterator[Stage]:
    """Everything set up, the roster published, a worker ready, and Prometheus watching it."""
    shipped = (OPS / "alertmanager" / "alertmanager.yml").read_text("utf-8")
    defaults = Settings()
    with (
        Receiver() as receiver,
        Receiver() as elsewhere,
        Alertmanager(with_webhook(shipped, receiver.url)) as duty,
        Alertmanager(quick_config(elsewhere.url)) as spare,
    ):
        settings = structs.replace(
            defaults,
            broker=broker,
            topic_prefix=topic_prefix,
            data_dir=str(directory / "ledgers"),
            session_timeout_seconds=4.0,
            commit_interval_seconds=0.3,
            metrics_port=free_port(),
            canary_interval_seconds=hurried_seconds(defaults.canary_interval_seconds),
            alertmanager_urls=Secret(duty.url),
            notify_resend_seconds=hurried_seconds(defaults.notify_resend_seconds),
            notify_max_age_seconds=_YEAR_SECONDS,
            idle_after_seconds=_IDLE_SECONDS,
        )
        asyncio.run(create_topics(settings, partitions={topic.name: min(topic.partitions, 2) for topic in TOPICS}))
        asyncio.run(publish_roster(settings, roster))
        made = Stage(settings, directory, receiver, duty, spare)
        try:
            made.start_worker()
            made.await_worker()
            with made.watched():
                yield made
        finally:
            made.stop_worker()
