"""A worker that is frozen while it asks where `alerts` ends must not take the answer for news when it wakes."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from prometheus_client import CollectorRegistry

from streams.agents.notify import agent
from streams.metrics import Metrics
from streams.rules_loading import bundled_rules
from streams.settings import Secret, Settings

_PLACE = TopicPartition("alerts", 0)


class _Broker:
    """Answers after so many seconds each; of the two consumers that NOTIFY has it is both. All is read already."""

    def __init__(self, answers_after: list[float]) -> None:
        self.now = 0.0
        self.asked = 0
        self._answers_after = answers_after

    async def end_offsets(self, _places: Any) -> dict[TopicPartition, int]:
        self.now += self._answers_after[min(self.asked, len(self._answers_after) - 1)]
        self.asked += 1
        return {_PLACE: 7}

    async def position(self, _place: Any) -> int:
        return 7


@pytest.mark.parametrize(
    ("answers_after", "asked"),
    [([0.1], 1), ([60.0, 0.1], 2), ([60.0], 3)],
    ids=["as ever", "frozen once", "a broker that is always late"],
)
def test_an_answer_from_before_a_freeze_is_asked_for_again(
    monkeypatch: pytest.MonkeyPatch, answers_after: list[float], asked: int
) -> None:
    broker = _Broker(answers_after)
    monkeypatch.setattr(agent, "time", SimpleNamespace(monotonic=lambda: broker.now))
    settings = Settings(broker="127.0.0.1:9", alertmanager_urls=Secret("http://127.0.0.1:9"))
    notify = agent.Notify(settings, bundled_rules(), Metrics(CollectorRegistry()))
    asking: Any = broker
    asyncio.run(notify._catch_up(asking, asking, [_PLACE]))
    assert broker.asked == asked
