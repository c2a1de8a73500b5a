"""Power cuts of a chaos run's broker: which logs come back shorter, and what the source has to write again."""

import time
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from random import Random
from typing import Any, Final, TypeVar

from aiokafka.errors import KafkaError

from streams.core.rosters.roster import Roster
from streams.events import RAW_TOPICS
from streams.kafka.administration import end_offsets
from streams.kafka.failures import BrokerError
from streams.kafka.roster_topic import keep_roster, publish_roster
from streams.settings import Settings
from streams.topic_names import EVIDENCE, SUBJECT_STATES
from tests.chaos.backstage import Backstage
from tests.chaos.source import Source
from tests.pipeline.crew import Crew
from tools.kafka.node import Kafka
from tools.kafka.power_cut import cut_back, is_filled, logs_of, random_share

__all__ = ["Power"]

_OPENED: Final = " subject store open "
_WRITTEN: Final = 200  # records of the states' changelog, so that there is something to lose
_LOOK_SECONDS: Final = 1.0
_RETRY_SECONDS: Final = 120.0
_HOLD_SECONDS: Final = 120.0  # what the source is writing comes to an end first

_T = TypeVar("_T")


class Power:
    """`cuts` counts the logs cut back, by topic. For the main thread; the source is in `backstage`."""

    def __init__(self, kafka: Kafka, settings: Settings, crew: Crew, source: Source, backstage: Backstage) -> None:
        self.cuts: Counter[str] = Counter()
        self._kafka = kafka
        self._settings = settings
        self._crew = crew
        self._source = source
        self._backstage = backstage
        self._looked_at = 0.0
        self._counted = (0, 0)  # states opened, and where their changelog ended, after the last power cut

    def has_counted(self) -> bool:
        """Whether workers have opened states, and written some, since the last power cut. Looks once a second."""
        if time.monotonic() - self._looked_at < _LOOK_SECONDS:
            return False
        self._looked_at = time.monotonic()
        opened, written = self._counted
        if self._opened() <= opened:
            return False
        return self._patiently(self._states_end) >= written + _WRITTEN

    def note_counted(self) -> None:
        """From here on it is to be counted."""
        self._counted = self._opened(), self._patiently(self._states_end)

    def cut(self, random: Random, rosters: Sequence[Roster]) -> Callable[[], None]:
        """The broker is gone at once, and some of its logs come back without their newest bytes, when what is returned
        is called. The source then writes again what raw topics lost; so does whoever published the rosters, of which
        the last is in force.
        """
        self._backstage.call(self._source.hold(), _HOLD_SECONDS)
        self._kafka.kill()
        filled = {path.name.rpartition("-")[0] for path in logs_of(self._kafka, lambda _name: True) if is_filled(path)}
        chosen = set(random.sample(sorted(filled), min(len(filled), random.randint(1, 4))))
        ends: dict[tuple[str, int], int] = {}
        for path in logs_of(self._kafka, lambda name: name.rpartition("-")[0] in chosen):
            if random.random() < 0.7 and (cut := cut_back(path, random_share(random))) is not None:
                topic, _, partition = path.name.rpartition("-")
                topic = topic.removeprefix(self._settings.topic_prefix)
                self.cuts[topic] += 1
                if topic in RAW_TOPICS.values():
                    ends[(topic, int(partition))] = cut.end

        def come_back() -> None:
            self._kafka.start()
            if self._settings.topic("officials") in chosen:
                self._patiently(lambda: publish_roster(self._settings, rosters[-1]))
            if self._settings.topic(EVIDENCE) in chosen:
                for each in rosters:
                    self._patiently(partial(keep_roster, self._settings, each))
            self._backstage.call(self._source.go_on(ends))
            self.note_counted()

        return come_back

    def _opened(self) -> int:
        return self._crew.logs(whole=True).count(_OPENED)

    def _patiently(self, ask: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        """What a broker answers that has just been started, on a machine that has much to do. Asked in the source's
        thread: the main thread may be draining, in an event loop of its own.
        """
        deadline = time.monotonic() + _RETRY_SECONDS
        while True:
            try:
                return self._backstage.call(ask(), _RETRY_SECONDS)
            except (BrokerError, KafkaError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(_LOOK_SECONDS)

    async def _states_end(self) -> int:
        return sum((await end_offsets(self._settings, SUBJECT_STATES)).values())
