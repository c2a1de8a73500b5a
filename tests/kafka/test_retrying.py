"""A broker that is away is asked again; what will not change by asking is raised at once."""

import asyncio

import pytest
from aiokafka.errors import KafkaConnectionError, ProducerFenced

from streams.kafka.retrying import retry_while_away


def _asked(*answers: BaseException | str) -> tuple[str, int]:
    """The result, and how often it was asked for."""
    left = list(answers)

    async def work() -> str:
        answer = left.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    return asyncio.run(retry_while_away(work)), len(answers) - len(left)


def test_a_broker_that_is_away_is_asked_until_it_answers() -> None:
    assert _asked(KafkaConnectionError(), OSError(), TimeoutError(), "here", "never asked") == ("here", 4)


@pytest.mark.parametrize("error", [ProducerFenced(), ValueError("no broker's error")])
def test_what_another_attempt_would_not_change_is_raised_at_once(error: Exception) -> None:
    with pytest.raises(type(error)):
        _asked(KafkaConnectionError(), error, "never asked")
