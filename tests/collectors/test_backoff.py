"""How long a collector waits before it connects again."""

from random import Random

from streams.collectors.backoff import LONGEST_REQUEST_SECONDS, Backoff
from streams.collectors.source import SourceError

_CLOSED = SourceError("closed", "gone")


def test_pauses_double_to_the_longest_and_are_jittered_downwards() -> None:
    backoff = Backoff(1.0, 60.0, Random(1))
    pauses = [backoff.after(_CLOSED, lasted_seconds=0.0) for _ in range(9)]
    for pause, most in zip(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60], strict=True):
        assert most / 2 <= pause <= most
    assert len({Backoff(1.0, 60.0, Random(seed)).after(_CLOSED, 0.0) for seed in range(20)}) > 10


def test_a_connection_that_outlived_the_pause_before_it_begins_the_pauses_anew() -> None:
    backoff = Backoff(1.0, 60.0, Random(1))
    for _ in range(5):
        backoff.after(_CLOSED, lasted_seconds=0.0)
    assert backoff.after(_CLOSED, lasted_seconds=20.0) > 8, "it did not outlive 32 s"
    assert backoff.after(_CLOSED, lasted_seconds=61.0) <= 1.0


def test_what_a_server_asks_for_is_the_least_up_to_an_hour() -> None:
    backoff = Backoff(1.0, 60.0, Random(1))
    assert backoff.after(SourceError("throttled", "429", 300.0), lasted_seconds=5.0) == 300.0
    assert backoff.after(SourceError("throttled", "429", 1e9), lasted_seconds=5.0) == LONGEST_REQUEST_SECONDS
