"""The Python frameworks that Antiphon races against do the job: small laps for real, checked by the plain count."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest

from bench.contestants.bytewax import Bytewax, recovery_store
from bench.contestants.contestant import Progress
from bench.contestants.packages import require_package
from bench.contestants.peer import group_of
from bench.contestants.quix_streams import CONCATENATED, REKEYED, QuixStreams
from bench.course import Course, delete_topics_of, lay_out
from bench.world import World
from streams.settings import Settings
from tests.bench.laps import lap_of
from tools.kafka.jars import Unavailable
from tools.kafka.running_broker import RunningBroker

_EVENTS: Final = 6_000  # some 27 amplifications


@pytest.fixture(scope="module")
def course(kafka: RunningBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Course]:
    """A course of a few thousand events, for all tests here."""
    settings = Settings(broker=kafka.address, topic_prefix=f"test-{uuid4().hex[:12]}-")
    try:
        yield asyncio.run(lay_out(settings, World(_EVENTS, seed=7), tmp_path_factory.mktemp("race")))
    finally:
        asyncio.run(delete_topics_of(settings))


@pytest.mark.slow
def test_bytewax_reports_every_amplification_and_its_recovery_store_has_every_event(course: Course) -> None:
    """Its complaints say so, and they notice a store that is behind: a store that claims less must not pass."""
    contestant = Bytewax()
    assert lap_of(contestant, course).complaints == []
    store = recovery_store(str(course.scratch), group_of(course, "bytewax-1"))
    with closing(sqlite3.connect(store / "part-0.sqlite3")) as database, database:
        assert database.execute("DELETE FROM snaps WHERE state_key LIKE '0-%retweets'").rowcount > 0
    [complaint] = contestant.complaints(course, "bytewax-1", Progress(_EVENTS))
    assert "its recovery store has" in complaint


@pytest.mark.slow
def test_quix_streams_reports_every_amplification_of_all_events(course: Course) -> None:
    """It is finished when it has counted the last of them: its complaints ask for all offsets of both its stages."""
    assert lap_of(QuixStreams(REKEYED), course).complaints == []


@pytest.mark.slow
def test_quix_streams_by_concat_may_stop_after_a_share_with_amplifications_between_its_stages(course: Course) -> None:
    """Its complaints are about what it has committed; what it has re-keyed and not counted is no loss."""
    contestant = QuixStreams(CONCATENATED, share=_EVENTS // 3)
    assert lap_of(contestant, course).complaints == []


def test_a_contestant_whose_package_is_missing_says_what_installs_it() -> None:
    with pytest.raises(Unavailable, match="make bench"):
        require_package("no_such_framework")
    require_package(Path(__file__).parents[1].name)  # `tests` itself is there
