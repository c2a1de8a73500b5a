"""The Python frameworks that Antiphon races against do the job: small trials for real, checked by the plain count."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest

from bench.implementations.bytewax import Bytewax, recovery_store
from bench.implementations.implementation import Progress
from bench.implementations.packages import require_package
from bench.implementations.peer import group_of
from bench.implementations.quix_streams import CONCATENATED, REKEYED, QuixStreams
from bench.workload import Workload, delete_topics_of, write_workload
from bench.world import World
from streams.settings import Settings
from tests.bench.trials import trial_of
from tools.kafka.jars import Unavailable
from tools.kafka.running_broker import RunningBroker

_EVENTS: Final = 6_000  # some 27 amplifications


@pytest.fixture(scope="module")
def workload(kafka: RunningBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workload]:
    """A workload of a few thousand events, for all tests here."""
    settings = Settings(broker=kafka.address, topic_prefix=f"test-{uuid4().hex[:12]}-")
    try:
        yield asyncio.run(write_workload(settings, World(_EVENTS, seed=7), tmp_path_factory.mktemp("race")))
    finally:
        asyncio.run(delete_topics_of(settings))


@pytest.mark.slow
def test_bytewax_reports_every_amplification_and_its_recovery_store_has_every_event(workload: Workload) -> None:
    """Its complaints say so, and they notice a store that is behind: a store that claims less must not pass."""
    implementation = Bytewax()
    assert trial_of(implementation, workload).complaints == []
    store = recovery_store(str(workload.scratch), group_of(workload, "bytewax-1"))
    with closing(sqlite3.connect(store / "part-0.sqlite3")) as database, database:
        assert database.execute("DELETE FROM snaps WHERE state_key LIKE '0-%retweets'").rowcount > 0
    [complaint] = implementation.complaints(workload, "bytewax-1", Progress(_EVENTS))
    assert "its recovery store has" in complaint


@pytest.mark.slow
def test_quix_streams_reports_every_amplification_of_all_events(workload: Workload) -> None:
    """It is finished when it has counted the last of them: its complaints ask for all offsets of both its stages."""
    assert trial_of(QuixStreams(REKEYED), workload).complaints == []


@pytest.mark.slow
def test_quix_streams_by_concat_may_stop_after_a_share_with_amplifications_between_its_stages(
    workload: Workload,
) -> None:
    """Its complaints are about what it has committed; what it has re-keyed and not counted is no loss."""
    implementation = QuixStreams(CONCATENATED, share=_EVENTS // 3)
    assert trial_of(implementation, workload).complaints == []


def test_a_implementation_whose_package_is_missing_says_what_installs_it() -> None:
    with pytest.raises(Unavailable, match="make bench"):
        require_package("no_such_framework")
    require_package(Path(__file__).parents[1].name)  # `tests` itself is there
